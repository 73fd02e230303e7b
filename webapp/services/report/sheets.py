"""A figure, or its rows, as CSV: first what it is, by whose clock and calendar, then the table.

Times are ISO with the zone's offset; what lasted stands there in seconds and, beside it, as people say it.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from webapp.auth import Actor, current_actor, require
from webapp.database import read_only
from webapp.extensions import db
from webapp.models import Job
from webapp.schemas.report import Cell, Scope
from webapp.services.export.cells import guard
from webapp.services.job import enqueue
from webapp.services.report.figures import (
    Bar,
    Figure,
    HeatCell,
    Part,
    Report,
    Series,
    metric_named,
    open_report,
)
from webapp.services.report.frame import Frame
from webapp.services.report.registry import Metric
from webapp.services.report.rows import BATCH, EVERYTHING, Behind, MeasuredRow, place_of
from webapp.services.sla.words import duration

ROWS = "report.rows"
FIGURES = "/api/v1/reports/figures.csv"
"""Where figures are as a file."""
AT_ONCE = 5000
"""So many rows are sent as they are asked for; more are written to a file by a job."""
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""By which some spreadsheets know UTF-8."""
LISTED = (
    *("number", "title", "at", "until", "value", "duration", "outcome", "target_seconds", "is_counted"),
    *("agent", "team", "inbox", "policy", "channel", "priority", "tier", "kind", "ticket_id"),
)


@dataclass(frozen=True)
class Sheet:
    """`about`: pairs of a name and what it is; then the table."""

    name: str
    about: list[tuple[str, Any]]
    headings: list[str]
    rows: Iterable[list[Any]]

    def lines(self, *, bom: bool = False) -> Iterator[str]:
        """Its lines, each with its end; no cell is a formula."""
        yield (BOM if bom else "") + _line(self.about[0])
        for row in chain(self.about[1:], [(), self.headings], self.rows):
            yield _line(row)


def _line(row: Iterable[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(["" if value is None else guard(value) for value in row])
    return text.getvalue()


def sheet_address(metric: str, scope: Scope, **how: str) -> str:
    """Where a metric is as a file. `how`: `by` a dimension, or in which `shape`, instead of over time."""
    return f"{FIGURES}?{urlencode({**scope.arguments(), 'metric': metric, **how}, doseq=True)}"


# --- figures --------------------------------------------------------------------------------------


def series_sheet(figure: Figure, series: Series, report: Report) -> Sheet:
    """A metric over time; beside it as long before, where that is compared."""
    metric, frame = metric_named(series.metric), report.frame
    headings = ["start", "end", *_value_headings(metric, ""), "n"]
    rows = [
        [_iso(one.start, frame), _iso(one.end, frame), *_value_cells(metric, one.value), one.n]
        for one in series.buckets
    ]
    if series.previous:
        headings += [*_value_headings(metric, "previous_"), "previous_n"]
        for row, one in zip(rows, series.previous, strict=False):
            row += [*_value_cells(metric, one.value), one.n]
    return Sheet(f"{metric.name}.csv", [*about(metric, report), *_whole(figure)], headings, rows)


def breakdown_sheet(figure: Figure, parts: list[Part], by: str, report: Report) -> Sheet:
    """A metric by one dimension or two."""
    metric, names = metric_named(figure.metric), by.split(",")
    headings = [*names, *_value_headings(metric, ""), "n", *(f"{name}_id" for name in names)]
    rows = [[*part.labels, *_value_cells(metric, part.value), part.n, *part.keys] for part in parts]
    head = [*about(metric, report), *_whole(figure)]
    return Sheet(f"{metric.name}-by-{'-'.join(names)}.csv", head, headings, rows)


def heatmap_sheet(name: str, cells: list[HeatCell], report: Report) -> Sheet:
    """A metric by weekday (1 is Monday) and hour of the zone's clock."""
    metric = metric_named(name)
    headings = ["weekday", "hour", *_value_headings(metric, ""), "n"]
    rows = [[one.weekday + 1, one.hour, *_value_cells(metric, one.value), one.n] for one in cells]
    head = [*about(metric, report), ("n", sum(one.n for one in cells))]
    return Sheet(f"{metric.name}-by-hour.csv", head, headings, rows)


def histogram_sheet(name: str, bars: list[Bar], report: Report) -> Sheet:
    """How many of a metric's rows lie between two times, the second of which is the first of the next."""
    metric = metric_named(name)
    headings = ["from_seconds", "to_seconds", "from", "to", "n"]
    rows = [[one.low, one.high, _said(one.low), _said(one.high), one.n] for one in bars]
    head = [*about(metric, report), ("n", sum(one.n for one in bars))]
    return Sheet(f"{metric.name}-spread.csv", head, headings, rows)


def about(metric: Metric, report: Report) -> list[tuple[str, Any]]:
    """What a figure is: definition, range, zone, clock, filters."""
    frame, scope = report.frame, report.scope
    is_business = metric.has_business and scope.business
    filters = {name: value for name, value in scope.arguments().items() if isinstance(value, list)}
    return [
        ("metric", metric.title),
        ("definition", metric.formula),
        ("counted", metric.attribution),
        ("from", _iso(frame.start, frame)),
        ("until", _iso(frame.end, frame)),
        ("time zone", frame.zone.key),
        ("clock", "business hours" if is_business else "every hour"),
        ("filters", "; ".join(f"{name}: {', '.join(value)}" for name, value in filters.items())),
        ("as of", _iso(frame.now, frame)),
    ]


def _whole(figure: Figure) -> list[tuple[str, Any]]:
    return [("value", figure.value), ("n", figure.n)]


def _value_headings(metric: Metric, prefix: str) -> list[str]:
    names = ("seconds", "duration") if metric.unit == "seconds" else (metric.unit,)
    return [f"{prefix}{name}" for name in names]


def _value_cells(metric: Metric, value: Any) -> list[Any]:
    return [value, _said(value)] if metric.unit == "seconds" else [value]


def _said(seconds: int | None) -> str | None:
    return None if seconds is None else duration(timedelta(seconds=seconds))


def _iso(at: datetime | None, frame: Frame) -> str | None:
    return at.astimezone(frame.zone).isoformat(timespec="seconds") if at else None


# --- rows -----------------------------------------------------------------------------------------


def rows_sheet(
    metric: str, scope: Scope, cell: Cell = EVERYTHING, *, actor: Actor | None = None
) -> tuple[Sheet, int]:
    """The rows behind a figure or a cell of it, and how many; they are read as they are written."""
    require(actor or current_actor(), "ticket:export")
    with read_only():
        report = open_report(scope, actor=actor)
        behind = Behind(metric, report, cell)
        total = behind.total()
    head = [*about(behind.metric, report), ("n", total)]
    cells = (_cells(row, report.frame) for row in _every_row(behind))
    return Sheet(f"{metric}-rows.csv", head, list(LISTED), cells), total


def _every_row(behind: Behind) -> Iterator[MeasuredRow]:
    after = None
    while True:
        with read_only():
            batch = behind.page(after, BATCH)
        yield from batch
        if len(batch) < BATCH:
            return
        after = place_of(batch[-1])


def _cells(row: MeasuredRow, frame: Frame) -> list[Any]:
    special = {
        "at": _iso(row.at, frame),
        "until": _iso(row.until, frame),
        "duration": _said(row.value),
        "is_counted": None if row.is_counted is None else int(row.is_counted),
        "ticket_id": str(row.ticket_id),
    }
    return [special[name] if name in special else getattr(row, name) for name in LISTED]


def request_rows(
    metric: str, scope: Scope, cell: Cell = EVERYTHING, *, session: Any = None, actor: Actor | None = None
) -> Job:
    """Queues the writing of a figure's rows to a file, which the actor may fetch as any export."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "ticket:export")
    zone = open_report(scope, session=session, actor=actor).frame.zone.key
    params = {"metric": metric_named(metric).name, "scope": {**scope.arguments(), "zone": zone}}
    params |= {"cell": cell.arguments(), "format": "csv"}
    job = enqueue(ROWS, params, session=session, max_attempts=3, requested_by_id=actor.id)
    assert job is not None  # without a unique key there is always one
    return job


def write_rows(params: dict[str, Any], path: Path, progress: Any) -> int:
    """Writes what `request_rows` queued; `progress(done, total)` is called now and then. How many rows."""
    scope = Scope.model_validate(params["scope"])
    sheet, total = rows_sheet(params["metric"], scope, Cell.model_validate(params["cell"]))
    head = len(sheet.about) + 2
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        for count, line in enumerate(sheet.lines(bom=True), 1):
            file.write(line)
            if count % BATCH == 0:
                progress(count - head, total)
    return count - head
