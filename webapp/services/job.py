"""Enqueueing work: a row in the caller's transaction, so that rolled-back work leaves no job."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from webapp import clock, database, green
from webapp.extensions import db
from webapp.models import Job
from webapp.tenancy import current_workspace_id

waker = green.Waker()
"""Ends the wait of this process's worker; the workers of other processes find the row at their next look."""


def enqueue(
    type: str,  # noqa: A002 - the column's name
    params: dict[str, Any],
    *,
    session: Any = None,
    workspace_id: uuid.UUID | None = None,
    unique_key: str | None = None,
    run_at: datetime | None = None,
    max_attempts: int = 8,
    priority: int = 100,
) -> Job | None:
    """Adds a job, done at least once after the caller's commit; its id is the idempotency key.

    `workspace_id`: defaults to the current one. `unique_key`: nothing is added and None returned while
    another job with that key is pending or running. A lower `priority` goes first.
    """
    session = session or db.session()
    values = {
        "id": database.uuid7(),
        "type": type,
        "params": params,
        "workspace_id": workspace_id or current_workspace_id(),
        "unique_key": unique_key,
        "run_at": run_at or clock.now(),
        "max_attempts": max_attempts,
        "priority": priority,
    }
    job = _insert(session, values)
    if job is not None:
        database.after_commit(session, waker.wake)
    return job


def _insert(session: Any, values: dict[str, Any]) -> Job | None:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    adding = dialect.insert(Job).values(values).on_conflict_do_nothing().returning(Job)
    found: Job | None = session.scalar(adding)
    return found
