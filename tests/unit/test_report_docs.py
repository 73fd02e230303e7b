"""The page that defines the metrics says what the registry says."""

from collections.abc import Iterator

import pytest

from tests.support import ROOT
from webapp.services.report import METRICS

pytestmark = pytest.mark.unit

PAGE = ROOT / "docs" / "reports.md"
BEGIN, END = "<!-- begin: the metrics, from the registry -->", "<!-- end of the metrics -->"


def lines() -> Iterator[str]:
    """The table, as the page must have it."""
    yield "| Metric | Is | Counted | Unit |"
    yield "|---|---|---|---|"
    for metric in METRICS.values():
        clocks = ", on either clock" if metric.has_business else ""
        yield f"| `{metric.name}` | {metric.formula} | {metric.attribution} | {metric.unit}{clocks} |"


def test_the_page_defines_each_metric_as_the_registry_does() -> None:
    shown = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
    assert shown.strip().splitlines() == list(lines())
