"""Timers: a row in the caller's transaction says what is due when; `tasks.timer` fires it, once."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock, database, green
from webapp.extensions import db
from webapp.models import Timer
from webapp.tenancy import require_workspace_id
from webapp.upsert import put

MOVED = ("ticket_id", "params", "due_at", "fire_at", "attempts")

LOOK_SECONDS = 1.0
"""So often every process looks for what is due."""

waker = green.Waker()
"""Ends the wait of this process's timers, for what is due before they look again by themselves."""


def set_timer(
    kind: str,
    subject_id: uuid.UUID,
    due_at: datetime,
    *,
    ticket_id: uuid.UUID | None = None,
    params: dict[str, Any] | None = None,
    session: Any = None,
) -> None:
    """Lets `kind`'s handler be called at `due_at` (UTC); an earlier timer of that kind and subject is moved.

    `ticket_id`: the ticket that its handler changes. It is locked before the handler is called, so the caller
    must hold that ticket's lock here.
    """
    session = session or db.session()
    row = {
        "id": database.uuid7(),
        "workspace_id": require_workspace_id(),
        "kind": kind,
        "subject_id": subject_id,
        "ticket_id": ticket_id,
        "params": params or {},
        "due_at": due_at,
        "fire_at": due_at,
        "attempts": 0,
    }
    put(Timer, [row], keys=("kind", "subject_id"), moved=MOVED, session=session)
    if due_at <= clock.now() + timedelta(seconds=LOOK_SECONDS):
        database.after_commit(session, waker.wake)


def clear_timer(kind: str, subject_id: uuid.UUID, *, session: Any = None) -> None:
    """Takes a timer away; nothing happens if there is none."""
    session = session or db.session()
    mine = sa.and_(Timer.kind == kind, Timer.subject_id == subject_id)
    session.execute(sa.delete(Timer).where(mine).execution_options(synchronize_session=False))


def timer_due_at(kind: str, subject_id: uuid.UUID, *, session: Any = None) -> datetime | None:
    """When that timer is due, if it is set."""
    session = session or db.session()
    query = sa.select(Timer.due_at).where(Timer.kind == kind, Timer.subject_id == subject_id)
    found: datetime | None = session.scalar(query)
    return found
