"""The audit log is checked once a day, and whenever somebody asks."""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp.database import read_only, transaction
from webapp.models import Workspace
from webapp.services import audit
from webapp.services.audit import refusal
from webapp.services.audit.verifying import JOB
from webapp.tasks.worker import job, report_progress
from webapp.tenancy import use_workspace


def check_audit_logs() -> None:
    """Asks for a check of every workspace's audit log."""
    with read_only() as session:
        workspaces = list(session.scalars(sa.select(Workspace.id)))
    for workspace_id in workspaces:
        with transaction() as session:
            audit.enqueue_check(workspace_id, session=session)


@job(JOB)
def check(params: dict[str, Any], job_id: uuid.UUID) -> Any:
    """Walks a workspace's chain and keeps what it found."""

    def tell(seen: int, total: int) -> None:
        report_progress(job_id, 100 * seen / total, f"{seen:,} entries")

    with use_workspace(uuid.UUID(params["workspace_id"])):
        verdict = audit.verify(progress=tell)
        with transaction() as session:
            audit.keep_verdict(verdict, session=session)
    return {"entries": verdict.seq, "broken": verdict.broken_seq}


@job(refusal.JOB)
def note_refusal(params: dict[str, Any], _job_id: uuid.UUID) -> Any:
    """Enters a refused sign-in into the log of whoever's account it was meant for."""
    with read_only():
        found = audit.find_refused(params)
        about = (found.workspace_id, found.id, found.name) if found else None
    if about is None:
        return {"status": "nobody"}
    workspace_id, user_id, name = about
    with use_workspace(workspace_id), transaction():
        audit.keep_refusal(user_id, name, params)
    return {"status": "noted"}
