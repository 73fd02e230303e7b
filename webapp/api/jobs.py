"""Background work that staff wait for: exports, and any job's progress."""

from typing import Any

from flask import send_file

from webapp.api.doors import access, answers, staff_views
from webapp.database import read_only, transaction
from webapp.schemas.export import ExportIn, JobOut, JobPath, JobsQuery, job_out
from webapp.schemas.paging import NewestQuery, page_out
from webapp.services import export
from webapp.services import job as jobs

bp = staff_views("jobs", __name__)


@bp.post("/exports")
@access("ticket:export")
@answers(202, job=JobOut, may=(409,))
def create_export(body: ExportIn) -> Any:
    """Asks for an export of tickets; its job says when it is ready, and where."""
    with transaction():
        return {"job": job_out(export.request_export(body))}, 202


@bp.get("/exports")
@access("ticket:export")
@answers(data=list[JobOut], next_cursor=str | None)
def list_exports(query: NewestQuery) -> Any:
    """Exports, newest first: one's own, or everybody's for who manages jobs."""
    with read_only():
        return page_out(*export.list_exports(**query.model_dump()), job_out)


@bp.get("/exports/<job_id>")
@access("ticket:export")
@answers(job=JobOut)
def read_export(path: JobPath) -> Any:
    """An export; once its status is `completed`, its file can be fetched."""
    with read_only():
        return {"job": job_out(export.export_job(path.job_id))}


@bp.get("/exports/<job_id>/file")
@access("ticket:export")
@answers(file="application/octet-stream")
def read_export_file(path: JobPath) -> Any:
    """The file, which is kept for a day."""
    with transaction():
        found, name = export.take_export(path.job_id)
    answer = send_file(found, as_attachment=True, download_name=name, etag=False, max_age=0)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@bp.get("/jobs")
@access("staff")
@answers(data=list[JobOut], next_cursor=str | None)
def list_jobs(query: JobsQuery) -> Any:
    """Jobs, newest first: one's own, or everybody's for who manages jobs."""
    with read_only():
        asked = query.model_dump(exclude={"type"})
        types = [query.type] if query.type else []
        return page_out(*jobs.page_of_jobs(types=types, **asked), job_out)


@bp.get("/jobs/<job_id>")
@access("staff")
@answers(job=JobOut)
def read_job(path: JobPath) -> Any:
    """A job, for whoever asked for it and for admins."""
    with read_only():
        return {"job": job_out(jobs.get_job(path.job_id))}


@bp.post("/jobs/<job_id>/cancel")
@access("staff")
@answers(job=JobOut, may=(409,))
def cancel_job(path: JobPath) -> Any:
    """Calls a job off."""
    with transaction():
        return {"job": job_out(jobs.cancel_job(path.job_id))}


@bp.post("/jobs/<job_id>/replay")
@access("job:manage")
@answers(job=JobOut, may=(409,))
def replay_job(path: JobPath) -> Any:
    """Starts a job that failed anew."""
    with transaction():
        return {"job": job_out(jobs.replay_job(path.job_id))}
