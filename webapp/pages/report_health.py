"""Whether the desk itself works: jobs, mail, timers, database."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, request

from webapp import clock
from webapp.auth import current_actor
from webapp.config import settings
from webapp.database import read_only
from webapp.errors import AppError, Invalid
from webapp.pages.auth import staff_page
from webapp.pages.forms import form_page
from webapp.schemas.mail_provider import PROVIDERS
from webapp.schemas.report import Scope, read_scope
from webapp.services import health, stored
from webapp.services.report import charts, frame_of, zone_name
from webapp.services.report.charts import Point
from webapp.services.report.words import percent, said

bp = Blueprint("report_health", __name__, url_prefix="/admin/reports/health")

RANGES = {"today": "Today", "7d": "7 days", "30d": "30 days", "90d": "90 days"}
NAMES = {**PROVIDERS, "outbox": "Outbox folder"}
SIZES = ("B", "KB", "MB", "GB", "TB")


@bp.get("")
@staff_page("report:read")
def show() -> Response:
    """Jobs, timers and database now; mail over a range."""
    try:
        return _page(read_scope(request.args))
    except Invalid as error:
        return _page(Scope(), error)


def _page(scope: Scope, error: AppError | None = None) -> Response:
    with read_only():
        frame = frame_of(scope, zone_name(scope))
        jobs = health.job_health()
        glance = health.read_glance().shown
        context: dict[str, Any] = {
            "jobs": jobs,
            "done": _done(jobs, frame.zone),
            "mail": health.mail_health(*frame.span),
            "hooks": health.webhook_health(*frame.span),
            "timers": health.timer_health(),
            "files": stored.used_bytes(),
            "lag": health.measuring_lag(),
            "installation": health.installation_health() if current_actor().may("job:manage") else None,
        }
    return form_page(
        "reports/health.html",
        error,
        scope=scope,
        frame=frame,
        ranges=RANGES,
        names=NAMES,
        now=clock.now(),
        boot={"board": _seen(glance), "now": clock.iso(clock.now())},
        said=said,
        percent=percent,
        size=size,
        room=settings().upkeep.workspace_bytes,
        **context,
    )


def _seen(glance: dict[str, Any]) -> dict[str, Any]:
    return glance if health.sees_installation(current_actor()) else health.without_installation(glance)


def _done(jobs: health.JobHealth, zone: Any) -> charts.Chart:
    """Jobs done in each of the last hours, as bars."""
    points = []
    for start, count in jobs.done_by_hour:
        wall, end = start.astimezone(zone), (start + timedelta(hours=1)).astimezone(zone)
        points.append(Point(f"{end:%H:%M}", f"{wall:%H:%M} to {end:%H:%M}", count, count))
    return charts.bars(points, "count", "jobs", corner="Hour")


def size(count: float) -> str:
    """Bytes for people: `3.4 MB`."""
    for unit in SIZES[:-1]:
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} {SIZES[-1]}"
