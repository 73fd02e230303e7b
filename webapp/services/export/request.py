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
from webapp.services.event import record
from webapp.services.job import enqueue, get_job

TYPE = "export.tickets"


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


def find_export(job_id: uuid.UUID, *, actor: Actor | None = None) -> tuple[Path, str]:
    """(path, name for people) of a finished export. Raises `NotFound` also once the file was removed."""
    actor = actor or current_actor()
    require(actor, "ticket:export")
    job = get_job(job_id, actor=actor)
    path = export_path(job.id, job.params.get("format", "csv"))
    if job.type != TYPE or job.status != "completed" or not path.exists():
        raise NotFound("There is no such export, or it was removed")
    return path, str((job.result or {}).get("file_name", path.name))
