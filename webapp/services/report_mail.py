"""A saved report as a mail: its figures as tiles, in a table that every mail program shows, and as a file."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from flask import render_template

from webapp.config import settings
from webapp.errors import AppError
from webapp.extensions import db
from webapp.models import ReportPlan, SavedReport, User
from webapp.schemas.report import Scope
from webapp.services import email
from webapp.services.report import Figure, Frame, Metric, metric_named, open_report
from webapp.services.report.compute import find
from webapp.services.report.screen import Source, asks_of
from webapp.services.report.screen.extract import Extract, extract
from webapp.services.report.sheets import Sheet
from webapp.services.report.words import change, said
from webapp.services.report_plan import delivery_key, readers, unsubscribe_address
from webapp.services.saved_report import address_of, gone_filters, scope_of
from webapp.services.workspace import get_workspace

TITLES = {"sla": "SLA", "volume": "Volume", "speed": "Speed", "team": "Team"}
HEADINGS = ("metric", "value", "shown", "n", "previous", "unit", "definition", "counted")


@dataclass(frozen=True)
class Line:
    """A figure as it is mailed. `change`: against the time before, in words, where that is compared."""

    metric: Metric
    figure: Figure
    text: str
    change: str


@dataclass(frozen=True)
class MailedReport:
    """What a mail shows. `base`: before addresses. `gone`: filters whose team, tag … was deleted."""

    name: str
    screen: str
    base: str
    url: str
    frame: Frame
    scope: Scope
    lines: list[Line]
    chart: Extract
    gone: list[str]

    @property
    def days(self) -> str:
        """The range in words: whole days of the zone, the last one included."""
        first, last = self.frame.first, self.frame.after - timedelta(days=1)
        return f"{first:%d %b %Y}" + ("" if first == last else f" \N{EN DASH} {last:%d %b %Y}")

    @property
    def as_of(self) -> str:
        """When the figures were asked for."""
        return f"{self.frame.now.astimezone(self.frame.zone):%d %b %Y, %H:%M}"


def open_sheet(report: SavedReport, zone: str) -> MailedReport:
    """The figures now, found as a job finds a screen's: each read by itself, however long it takes.

    A report by its reader's zone goes by `zone`: its plan's. Raises `Invalid`.
    """
    scope = scope_of(report)
    if scope.zone == "mine":
        scope = scope.model_copy(update={"zone": zone})
    asked, build = open_report(scope), partial(extract, screen=report.screen, chosen=report.arguments)
    shown = build(Source(asked, find(asks_of(build, asked), asked)))
    lines = [_line(figure) for figure in shown.figures]
    base = settings().base_url
    address, gone = base + address_of(report), gone_filters(report)
    return MailedReport(report.name, report.screen, base, address, asked.frame, scope, lines, shown, gone)


def _line(figure: Figure) -> Line:
    metric = metric_named(figure.metric)
    return Line(metric, figure, said(figure.value, metric.unit), _change(metric, figure))


def _change(metric: Metric, figure: Figure) -> str:
    if figure.previous_n is None:
        return ""
    by = change(figure.value, figure.previous, metric.unit)
    if by is None or figure.value == figure.previous:
        return "as before" if figure.value == figure.previous else ""
    higher = (figure.value or 0) > (figure.previous or 0)
    return f"{'up' if higher else 'down'} {by} from {said(figure.previous, metric.unit)}"


def as_csv(sheet: MailedReport) -> str:
    """The figures as a file; exact: seconds, whole counts, shares of 1."""
    filters = {name: value for name, value in sheet.scope.arguments().items() if isinstance(value, list)}
    zone = sheet.frame.zone
    about = [
        ("report", sheet.name),
        ("from", sheet.frame.start.astimezone(zone).isoformat()),
        ("until", sheet.frame.end.astimezone(zone).isoformat()),
        ("time zone", zone.key),
        ("clock", "business hours" if sheet.scope.business else "every hour"),
        ("filters", "; ".join(f"{name}: {', '.join(value)}" for name, value in filters.items())),
        ("as of", sheet.frame.now.astimezone(zone).isoformat(timespec="seconds")),
    ]
    rows = [_cells(line) for line in sheet.lines]
    return "".join(Sheet(sheet.screen, about, list(HEADINGS), rows).lines(bom=True))


def _cells(line: Line) -> list[Any]:
    metric, figure = line.metric, line.figure
    exact = [figure.value, line.text, figure.n, figure.previous]
    return [metric.title, *exact, metric.unit, metric.formula, metric.attribution]


# --- to whom --------------------------------------------------------------------------------------


def prepare(plan: ReportPlan, report: SavedReport) -> MailedReport | str:
    """The figures for a plan now, or why they cannot be asked for. Reads only: it may take a while."""
    try:
        return open_sheet(report, plan.zone)
    except AppError as error:
        return f"It could not be asked for: {error.message}"


def queue_mails(
    plan: ReportPlan, report: SavedReport, due_at: datetime, sheet: MailedReport | str, *, session: Any = None
) -> int:
    """Writes a delivery for everybody who is to have it; how many are new. The same time twice adds none.

    What is wrong with the report as a whole is written down at its plan.
    """
    session = session or db.session()
    to = readers(plan, report, session=session)
    nobody = None if to else "Nobody who may read it is on its list any more"
    plan.due_at, plan.error = due_at, sheet if isinstance(sheet, str) else nobody
    session.flush()
    if isinstance(sheet, str):
        return 0
    return sum(_queue(plan, sheet, user, due_at, session) for user in to)


def _queue(plan: ReportPlan, sheet: MailedReport, user: User, due_at: datetime, session: Any) -> bool:
    unsubscribe = settings().base_url + unsubscribe_address(plan, user)
    workspace = get_workspace(session=session).name
    context = {
        "sheet": sheet,
        "title": TITLES[sheet.screen],
        "unsubscribe": unsubscribe,
        "workspace": workspace,
    }
    data = {
        "report": {
            "name": f"{sheet.name}: {sheet.days}",
            "text": render_template("emails/report.txt", **context),
        },
        "html": render_template("emails/report.html", **context),
        "unsubscribe": unsubscribe,
        "file": {"name": f"{sheet.screen}-{sheet.frame.first}.csv", "text": as_csv(sheet)},
    }
    key = delivery_key(plan, due_at, user.id)
    return email.queue(user.email, "report", data, session=session, key=key, language="en") is not None
