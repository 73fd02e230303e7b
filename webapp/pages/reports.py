"""Reports: SLA, volume, speed, team, and the tickets behind every figure of theirs."""

import functools
from collections.abc import Callable
from typing import Any, Literal

from flask import Blueprint, Response, flash, redirect, request
from pydantic import BaseModel

from webapp.database import read_only, transaction
from webapp.errors import AppError, Invalid
from webapp.extensions import db
from webapp.models.customer import TIERS
from webapp.models.measurement import PROMISE
from webapp.pages.auth import staff_page
from webapp.pages.forms import form_page, handled
from webapp.pages.report_bar import address, bar
from webapp.pages.report_rows import columns_of, noun_of, part_of
from webapp.schemas.export import job_out
from webapp.schemas.report import Cell, Scope, read_arguments, read_scope
from webapp.schemas.text import Line, Strict
from webapp.services import report as reports
from webapp.services import saved_report
from webapp.services.report import METRICS, Frame, Metric, Report
from webapp.services.report import screen as screens
from webapp.services.report.rows import RowPage, rows
from webapp.services.report.screen import sla, speed, volume
from webapp.services.report.screen.times import moment
from webapp.services.report.sheets import AT_ONCE
from webapp.services.report.words import said

bp = Blueprint("report_pages", __name__, url_prefix="/admin/reports")

HERE = "/admin/reports"
PAGE = 50
ROW_SHEETS = "/api/v1/reports/rows.csv"
EXPORTS = "/settings/exports"
LIST = "reports/tickets.html"
CHOICES = {
    "times": list(screens.DURATIONS.items()),
    "mixes": list(screens.MIXES.items()),
    "weeks": list(volume.WEEKS.items()),
    "sla_by": [(name, name.capitalize()) for name in sla.DIMENSIONS],
    "speed_by": [(name, name.capitalize()) for name in speed.DIMENSIONS],
    "tiers": [tier.capitalize() for tier in TIERS],
    "columns": screens.COLUMNS,
}


class SlaPage(Strict):
    """`promise`: which one is looked at closer; `by`: what it is broken down by."""

    promise: Literal[tuple(screens.PROMISES)] = sla.ALL  # type: ignore[valid-type]
    by: Literal[sla.DIMENSIONS] = "team"  # type: ignore[valid-type]


class VolumePage(Strict):
    """`by`: what the mix is of; `week_of`: what the heat map shows."""

    by: Literal[tuple(screens.MIXES)] = "channel"  # type: ignore[valid-type]
    week_of: Literal[tuple(volume.WEEKS)] = "created"  # type: ignore[valid-type]


class SpeedPage(Strict):
    """`time`: which duration is looked at closer; `by`: what it is broken down by."""

    time: Literal[tuple(screens.DURATIONS)] = "first_response"  # type: ignore[valid-type]
    by: Literal[speed.DIMENSIONS] = "team"  # type: ignore[valid-type]


class TeamPage(Strict):
    """`sort`: a column; `order`: from the most or from the least."""

    sort: Literal[tuple(screens.COLUMNS)] = "resolved"  # type: ignore[valid-type]
    order: Literal["falling", "rising"] = "falling"


@bp.get("")
@staff_page("report:read")
def show_first() -> Any:
    """Reports begin with the saved one that was chosen, else with the SLA."""
    with read_only():
        chosen = saved_report.landing()
        if chosen is not None and not request.args:
            return redirect(saved_report.address_of(chosen))
    return redirect(address(f"{HERE}/sla", request.args.to_dict(flat=False)))


@bp.get("/sla")
@staff_page("report:read")
def show_sla() -> Response:
    """Which promises were kept."""
    return _page("sla", SlaPage, screens.sla_screen)


@bp.get("/volume")
@staff_page("report:read")
def show_volume() -> Response:
    """What came and what is left."""
    return _page("volume", VolumePage, screens.volume_screen)


@bp.get("/speed")
@staff_page("report:read")
def show_speed() -> Response:
    """How long things took."""
    return _page("speed", SpeedPage, screens.speed_screen)


@bp.get("/team")
@staff_page("report:read")
def show_team() -> Response:
    """Who did what."""
    return _page("team", TeamPage, _team)


def _team(source: Any, sort: str, order: str) -> dict[str, Any]:
    return screens.team_screen(source, sort=sort, is_falling=order == "falling")


def _page(name: str, own: type[BaseModel], build: Callable[..., dict[str, Any]]) -> Response:
    """A report; how far it is where its range is long; or its bar, with what is wrong with what was asked."""
    template = f"reports/{name}.html"
    with read_only():
        try:
            scope = read_scope(request.args)
            asked = read_arguments(own, request.args)
            report = reports.open_report(scope)
        except Invalid as error:
            usual = _frame(reports.open_report(Scope()), own())
            return form_page(template, error, screen=None, asked=own(), scope=Scope(), **usual)
        filled = functools.partial(build, **asked.model_dump())
        context = {**_frame(report, asked), "asked": asked, "scope": scope}
        source = screens.source_of(filled, report)
        if source is not None:
            return form_page(template, screen=filled(source), **context)
        asks = screens.asks_of(filled, report)
    with transaction():
        job = job_out(reports.request_answers(asks, scope))
    return form_page("reports/under_way.html", job=job, **context)


def _frame(report: Report, own: BaseModel) -> dict[str, Any]:
    """What every report page has around its screen. `link`: this page with other arguments."""
    scope, frame = report.scope, report.frame
    kept = own.model_dump(exclude_defaults=True)
    arguments = {**scope.arguments(), **kept}
    return {
        "bar": bar(scope, frame, kept, db.session()),
        "link": lambda **changes: address(request.path, {**arguments, **changes}),
        "choices": CHOICES,
        "csv": lambda metric, **how: reports.sheet_address(metric, scope, **how),
        "said": said,
        "moment": lambda at: moment(at, frame) if at else said(None, "count"),
    }


class TicketsPage(Cell):
    """The list behind a figure: of which metric, of which part of it, and from where on."""

    metric: Line
    cursor: Line | None = None


@bp.get("/tickets")
@staff_page("report:read")
def show_tickets() -> Response:
    """What a figure counts, one row each; as many as the figure says."""
    return handled(_tickets, _no_tickets)


def _no_tickets(error: AppError) -> Response:
    return form_page(LIST, error, page=None, scope=Scope(), back=f"{HERE}/sla", place="SLA")


def _tickets() -> Response:
    scope, asked = read_scope(request.args), read_arguments(TicketsPage, request.args)
    cell = read_arguments(Cell, request.args)
    with read_only():
        page = rows(asked.metric, scope, asked.cursor, cell=cell, limit=PAGE)
        metric, report = METRICS[asked.metric], reports.open_report(scope)
        listed = _list(page, metric, scope, report.frame, cell)
        return form_page(LIST, **_frame(report, asked), **listed)


@bp.post("/tickets")
@staff_page("ticket:export")
def export_tickets() -> Response:
    """Asks for the whole list as a file, where it is too long to be sent at once."""

    def act() -> Response:
        scope, asked = read_scope(request.args), read_arguments(TicketsPage, request.args)
        with transaction():
            reports.request_rows(asked.metric, scope, read_arguments(Cell, request.args))
        flash("The file is being written. You can leave this page.")
        return redirect(EXPORTS)  # type: ignore[return-value]

    return handled(act, _no_tickets)


def _list(page: RowPage, metric: Metric, scope: Scope, frame: Frame, cell: Cell) -> dict[str, Any]:
    columns = columns_of(metric, frame)
    name, place = _report_of(metric)
    kept = {**scope.arguments(), "metric": metric.name, **cell.arguments()}
    return {
        "page": page,
        "metric": metric,
        "scope": scope,
        "noun": noun_of(metric, page.total),
        "part": part_of(cell, metric, frame),
        "columns": list(columns),
        "listed": [(row, [tell(row) for tell in columns.values()]) for row in page.rows],
        "size": PAGE,
        "back": address(f"{HERE}/{name}", scope.arguments()),
        "place": place,
        "csv_rows": address(ROW_SHEETS, kept) if page.total <= AT_ONCE else None,
        "whole": address(request.path, kept),
        "more": address(request.path, {**kept, "cursor": page.cursor}),
    }


def _report_of(metric: Metric) -> tuple[str, str]:
    """The page a metric is at home on."""
    if metric.kinds[0].startswith(PROMISE) or metric.name in ("escalated", "escalated_saved", "paused_share"):
        return "sla", "SLA"
    if metric.unit == "seconds" or metric.name == "one_touch":
        return "speed", "Speed"
    return "volume", "Volume"
