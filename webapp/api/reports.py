"""Reports: what metrics there are, their figures, and the rows behind them."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import Response

from webapp import clock
from webapp.api.doors import access, answers, staff_views
from webapp.database import read_only, transaction
from webapp.errors import Conflict
from webapp.schemas.export import JobOut, job_out
from webapp.schemas.report import (
    BreakdownQuery,
    Cell,
    FigureQuery,
    FigureSheetQuery,
    RowsExport,
    RowsQuery,
    RowsSheetQuery,
    Scope,
    part_of,
)
from webapp.schemas.text import Strict
from webapp.services import report
from webapp.services.report.compute import SHAPES
from webapp.services.report.sheets import AT_ONCE


class RangeOut(Strict):
    """From `start` to before `end`, by days of the zone, in groups."""

    start: datetime
    end: datetime
    zone: str
    group: str


class ReportOut(Strict):
    """The figure, and the one part that was asked for."""

    figure: report.Figure | None = None
    series: report.Series | None = None
    breakdown: list[report.Part] | None = None
    heatmap: list[report.HeatCell] | None = None
    histogram: list[report.Bar] | None = None
    range: RangeOut
    as_of: datetime


bp = staff_views("reports", __name__, "/api/v1/reports")

SPREAD = {"heatmap": report.heatmap_sheet, "histogram": report.histogram_sheet}


@bp.get("/metrics")
@access("report:read")
@answers(data=list[report.Metric], by=list[str])
def list_metrics() -> Any:
    """All metrics: what each counts, when, in which unit."""
    return {"data": [asdict(metric) for metric in report.METRICS.values()], "by": report.BREAKDOWNS}


@bp.get("/figures")
@access("report:read")
@answers(200, ReportOut)
@answers(202, job=JobOut)
def read_figure(query: FigureQuery) -> Any:
    """A metric over a range, and over time; 202 with a job where it takes long: ask again after it."""
    asks = [report.Ask("figure", query.metric)]
    if report.metric_named(query.metric).has_series:
        asks.append(report.Ask("series", query.metric))
    return _answered(asks, part_of(query, Scope))


@bp.get("/breakdown")
@access("report:read")
@answers(200, ReportOut)
@answers(202, job=JobOut)
def read_breakdown(query: BreakdownQuery) -> Any:
    """A metric by a dimension, or by `priority,tier`."""
    asks = [report.Ask("figure", query.metric), report.Ask("breakdown", query.metric, query.by)]
    return _answered(asks, part_of(query, Scope))


@bp.get("/heatmap")
@access("report:read")
@answers(200, ReportOut)
@answers(202, job=JobOut)
def read_heatmap(query: FigureQuery) -> Any:
    """A metric by weekday and hour."""
    return _answered([report.Ask("heatmap", query.metric)], part_of(query, Scope))


@bp.get("/histogram")
@access("report:read")
@answers(200, ReportOut)
@answers(202, job=JobOut)
def read_histogram(query: FigureQuery) -> Any:
    """How a metric's rows are spread over its bins."""
    return _answered([report.Ask("histogram", query.metric)], part_of(query, Scope))


def _answered(asks: list[report.Ask], scope: Scope) -> Any:
    with read_only():
        answers = report.answer(asks, scope)
        if answers is not None:
            found = {ask.what: SHAPES[ask.what].dump_python(ask.of(answers), mode="json") for ask in asks}
            frame = report.open_report(scope).frame
            return {**found, "range": _range(frame), "as_of": clock.iso(answers.as_of)}
    with transaction():
        return {"job": job_out(report.request_answers(asks, scope))}, 202


def _range(frame: report.Frame) -> dict[str, Any]:
    start, end = (clock.iso(at) for at in frame.span)
    return {"start": start, "end": end, "zone": frame.zone.key, "group": frame.group}


@bp.get("/rows")
@access("report:read")
@answers(data=list[report.MeasuredRow], total=int, cursor=str | None)
def list_rows(query: RowsQuery) -> Any:
    """The rows that a figure counts, or a part of it; `total` is its n."""
    scope, cell = part_of(query, Scope), part_of(query, Cell)
    with read_only():
        found = report.rows(query.metric, scope, query.cursor, cell=cell, limit=query.limit)
    data = [{**asdict(row), "at": clock.iso(row.at), "until": clock.iso(row.until)} for row in found.rows]
    return {"data": data, "total": found.total, "cursor": found.cursor}


# --- as files -------------------------------------------------------------------------------------


@bp.get("/figures.csv")
@access("report:read")
@answers(file="text/csv", may=(409,))
def read_figure_sheet(query: FigureSheetQuery) -> Any:
    """A figure as CSV: over time, by weekday and hour, by how its times are spread, or by a dimension."""
    scope, name = part_of(query, Scope), query.metric
    part = report.Ask("breakdown", name, query.by) if query.by else report.Ask(query.shape, name)
    asks = [part] if part.what in SPREAD else [report.Ask("figure", name), part]
    with read_only():
        answers = report.answer(asks, scope)
        if answers is None:
            raise Conflict("This takes long: ask for the figures first, and again once their job is done")
        return _file(_sheet(part, answers, report.open_report(scope)), bom=query.bom)


def _sheet(part: report.Ask, answers: report.Answers, opened: report.Report) -> report.Sheet:
    found, name = part.of(answers), part.metric
    if part.what in SPREAD:
        return SPREAD[part.what](name, found, opened)
    if part.what == "breakdown":
        return report.breakdown_sheet(answers.figure(name), found, part.by, opened)
    return report.series_sheet(answers.figure(name), found, opened)


@bp.get("/rows.csv")
@access("ticket:export")
@answers(file="text/csv", may=(409,))
def read_rows_sheet(query: RowsSheetQuery) -> Any:
    """The rows behind a figure as CSV; 409 where they are so many that a job must write them."""
    sheet, total = report.rows_sheet(query.metric, part_of(query, Scope), part_of(query, Cell))
    if total > AT_ONCE:
        raise Conflict(f"More than {AT_ONCE:,} rows: ask for a file", current={"total": total})
    return _file(sheet, bom=query.bom)


@bp.post("/exports")
@access("ticket:export")
@answers(202, job=JobOut, may=(409,))
def create_rows_export(body: RowsExport) -> Any:
    """Asks for the rows behind a figure as a file; its job says when it is ready, and where."""
    scope, cell = part_of(body, Scope), part_of(body, Cell)
    with transaction():
        return {"job": job_out(report.request_rows(body.metric, scope, cell))}, 202


def _file(sheet: report.Sheet, *, bom: bool) -> Response:
    # Read to the end here, at most a few thousand rows: what a response streams runs outside the workspace.
    answer = Response("".join(sheet.lines(bom=bom)), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{sheet.name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
