"""Background work as the admin's page shows it."""

from typing import Any

from webapp import clock
from webapp.models import Job, Schedule
from webapp.schemas.text import Line, Strict


class ReplayForm(Strict):
    type: Line


def job_row(job: Job) -> dict[str, Any]:
    """A job in a list."""
    return {
        "id": str(job.id),
        "type": job.type,
        "status": job.status,
        "progress": job.progress,
        "note": job.note or "",
        "attempts": job.attempts,
        "max_attempts": job.max_attempts,
        "error": job.last_error or "",
        "created_at": clock.iso(job.created_at),
        "run_at": clock.iso(job.run_at),
        "finished_at": clock.iso(job.finished_at),
    }


def schedule_row(row: Schedule) -> dict[str, Any]:
    """A piece of periodic work in the list."""
    seconds = (
        (row.finished_at - row.started_at).total_seconds() if row.finished_at and row.started_at else None
    )
    return {
        "name": row.name,
        "next_at": clock.iso(row.next_at),
        "started_at": clock.iso(row.started_at),
        "seconds": seconds,
        "error": row.last_error,
    }
