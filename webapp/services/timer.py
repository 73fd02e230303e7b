"""Timers: a row in the caller's transaction says what is due when; `tasks.timer` fires it, once."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from webapp import database, green
from webapp.extensions import db
from webapp.models import Timer
from webapp.tenancy import require_workspace_id

waker = green.Waker()
"""Ends the wait of this process's timers; those of other processes look every second."""


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
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    adding = dialect.insert(Timer).values(
        id=database.uuid7(),
        workspace_id=require_workspace_id(),
        kind=kind,
        subject_id=subject_id,
        ticket_id=ticket_id,
        params=params or {},
        due_at=due_at,
        fire_at=due_at,
        attempts=0,
    )
    moved = {name: adding.excluded[name] for name in ("ticket_id", "params", "due_at", "fire_at", "attempts")}
    session.execute(adding.on_conflict_do_update(index_elements=["kind", "subject_id"], set_=moved))
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
