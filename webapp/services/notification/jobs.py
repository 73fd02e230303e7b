"""Telling whoever asked for a long job that it has come to its end."""

from typing import Any

from webapp.models import Job
from webapp.services.notification.telling import notify
from webapp.tenancy import use_workspace

WORDS = {
    "export.tickets": ("Your export of tickets", "/settings/exports"),
    "report.rows": ("Your list from a report", "/settings/exports"),
    "report.compute": ("Your report", None),
    "sla.replay": ("Your replay of deadlines", None),
    "sla.recalculate": ("The recalculation of deadlines", None),
}
"""By type: what it is to people, and the page where it is found."""
WATCHED = ("email.test",)
"""Over in seconds, and its outcome shows on the page from which it was started."""


def tell_requester(job: Job, *, session: Any) -> None:
    """Tells the person who waits for a job, once it is done or has failed for good."""
    if job.requested_by_id is None or job.workspace_id is None or job.status not in ("completed", "failed"):
        return
    if job.type in WATCHED:
        return
    what, url = WORDS.get(job.type, ("Background work", None))
    end = "is ready" if job.status == "completed" else "failed"
    with use_workspace(job.workspace_id):
        notify(
            [job.requested_by_id],
            "job_done",
            title=f"{what} {end}",
            body=(job.note or "") if job.status == "completed" else "",
            data={"job_id": str(job.id), "status": job.status, **({"url": url} if url else {})},
            unique_key=f"job:{job.id}:{job.attempts}:{job.status}",
            session=session,
        )
