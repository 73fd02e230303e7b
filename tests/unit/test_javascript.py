"""The tests of browser code that needs no browser, each file under node."""

import pytest

from tests.support import ROOT, node

FILES = sorted((ROOT / "tests" / "unit" / "js").rglob("*.test.js"))
pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "file", FILES, ids=lambda file: str(file.relative_to(ROOT / "tests" / "unit" / "js"))
)
def test_under_node(file):
    node.run_tests([file])
