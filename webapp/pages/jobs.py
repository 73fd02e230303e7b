"""Background work: what runs, waits and failed, and what is done again and again."""

import uuid
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, flash, redirect

from webapp.database import read_only, transaction
from webapp.errors import AppError
from webapp.models import Schedule
from webapp.pages.auth import staff_page
from webapp.pages.forms import form_page, handled, read_form
from webapp.schemas.job import ReplayForm, job_row, schedule_row
from webapp.services import job as jobs

bp = Blueprint("jobs_pages", __name__, url_prefix="/settings/jobs")
HERE = "/settings/jobs"
SHOWN = {"failed": 50, "running": 50, "pending": 20}


@bp.get("")
@staff_page("job:manage")
def show() -> Any:
    """Everything on one page."""
    return _page()


def _page(error: AppError | None = None) -> Response:
    with read_only() as session:
        found = {
            status: [job_row(job) for job in jobs.list_jobs(status, limit=limit)]
            for status, limit in SHOWN.items()
        }
        schedules = [
            schedule_row(row) for row in session.scalars(sa.select(Schedule).order_by(Schedule.name))
        ]
        counts = jobs.count_jobs()
    failed_types = sorted({row["type"] for row in found["failed"]})
    context = {"jobs": found, "counts": counts, "schedules": schedules, "failed_types": failed_types}
    return form_page("jobs.html", error, **context)


@bp.post("/<uuid:job_id>/replay")
@staff_page("job:manage")
def replay(job_id: uuid.UUID) -> Response:
    """Starts a failed job anew."""
    return _change(lambda: jobs.replay_job(job_id), "It goes again now.")


@bp.post("/replay")
@staff_page("job:manage")
def replay_all() -> Response:
    """Starts all failed jobs of a type anew."""

    def act() -> Response:
        form = read_form(ReplayForm)
        with transaction():
            count = jobs.replay_failed(form.type)
        flash(f"{count} of them go again now.")
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, _page)


@bp.post("/<uuid:job_id>/cancel")
@staff_page("job:manage")
def cancel(job_id: uuid.UUID) -> Response:
    """Calls a job off."""
    return _change(lambda: jobs.cancel_job(job_id), "It was called off.")


def _change(change: Callable[[], Any], said: str) -> Response:
    def act() -> Response:
        with transaction():
            change()
        flash(said)
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, _page)
