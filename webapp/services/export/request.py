"""Asking for an export, and finding its file."""

import uuid
from pathlib import Path
from typing import Any

from webapp.auth import Actor, current_actor, require
from webapp.config import settings
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.models import Job
from webapp.schemas.export import ExportIn
from webapp.services import audit
from webapp.services.event import record
from webapp.services.job import enqueue, get_job, page_of_jobs

TYPE = "export.tickets"
FILES = (TYPE, "report.rows")
"""The types of jobs that leave a file to be fetched."""


def request_export(spec: ExportIn, *, session: Any = None, actor: Actor | None = None) -> Job:
    """Queues an export for the actor, who may fetch it once it is written."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "ticket:export")
    params = spec.model_dump(mode="json")
    job = enqueue(TYPE, params, session=session, max_attempts=3, requested_by_id=actor.id)
    assert job is not None  # without a unique key there is always one
    changes = {"format": [None, spec.format], "filters": [None, params["filters"]]}
    record("export.created", session=session, actor=actor, subject_id=job.id, changes=changes)
    return job


def export_path(job_id: uuid.UUID, format: str) -> Path:  # noqa: A002
    """Where an export's file lies."""
    return settings().instance_path / "exports" / f"{job_id.hex}.{format}"


def list_exports(**page: Any) -> tuple[list[Job], str | None]:
    """A page of the jobs that write files, as `page_of_jobs` pages them."""
    require(current_actor(), "ticket:export")
    return page_of_jobs(types=FILES, **page)


def export_job(job_id: uuid.UUID) -> Job:
    """The job of an export. Raises `NotFound`."""
    require(current_actor(), "ticket:export")
    job = get_job(job_id)
    if job.type not in FILES:
        raise NotFound("There is no such export")
    return job


def take_export(job_id: uuid.UUID) -> tuple[Path, str]:
    """As `find_export`, for whoever takes the file with them: the audit log says so."""
    path, name = find_export(job_id)
    audit.note_access("export.downloaded", job_id, subject=name, once=False)
    return path, name


def find_export(job_id: uuid.UUID, *, actor: Actor | None = None) -> tuple[Path, str]:
    """(path, name for people) of a finished export. Raises `NotFound` also once the file was removed."""
    actor = actor or current_actor()
    require(actor, "ticket:export")
    job = get_job(job_id, actor=actor)
    path = export_path(job.id, job.params.get("format", "csv"))
    if job.type not in FILES or job.status != "completed" or not path.exists():
        raise NotFound("There is no such export, or it was removed")
    return path, str((job.result or {}).get("file_name", path.name))
