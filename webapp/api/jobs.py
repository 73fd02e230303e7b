"""Background work that staff wait for: exports, and any job's progress."""

from typing import Any

from flask_openapi3 import APIBlueprint

from webapp.api.doors import access, enter_staff, leave
from webapp.database import read_only, transaction
from webapp.schemas.export import ExportIn, JobPath, job_out
from webapp.services import export
from webapp.services import job as jobs

bp = APIBlueprint("jobs", __name__, url_prefix="/api/v1")
bp.before_request(enter_staff)
bp.teardown_request(leave)


@bp.post("/exports")
@access("ticket:export")
def create_export(body: ExportIn) -> Any:
    """Asks for an export of tickets; its job says when it is ready, and where."""
    with transaction():
        return {"job": job_out(export.request_export(body))}, 202


@bp.get("/jobs/<job_id>")
@access("staff")
def read_job(path: JobPath) -> Any:
    """A job, for whoever asked for it and for admins."""
    with read_only():
        return {"job": job_out(jobs.get_job(path.job_id))}


@bp.post("/jobs/<job_id>/cancel")
@access("staff")
def cancel_job(path: JobPath) -> Any:
    """Calls a job off."""
    with transaction():
        return {"job": job_out(jobs.cancel_job(path.job_id))}


@bp.post("/jobs/<job_id>/replay")
@access("job:manage")
def replay_job(path: JobPath) -> Any:
    """Starts a job that failed anew."""
    with transaction():
        return {"job": job_out(jobs.replay_job(path.job_id))}
