"""Firing what is due: each timer once, in a transaction that also takes its row away.

The ticket is locked first, then the timer's row is taken, then its handler is called: the order in which
whoever set the timer took the same locks. A second process finds the row gone. A handler that fails is tried
again, later each time; the others do not wait for it.
"""

import logging
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask

from webapp import clock, green
from webapp.auth import SYSTEM, acting_as
from webapp.database import read_only, transaction
from webapp.models import Ticket, Timer
from webapp.services.timer import LOOK_SECONDS, waker
from webapp.tenancy import use_workspace

log = logging.getLogger(__name__)

Handler = Callable[[uuid.UUID, dict[str, Any]], None]
BATCH = 100
LONGEST_BACKOFF_SECONDS = 3600

handlers: dict[str, Handler] = {}


def timer(kind: str) -> Callable[[Handler], Handler]:
    """Registers `handler(subject_id, params)`: called inside a transaction of the timer's workspace.

    It writes to the database only. Its effects and the timer's end are one commit, so they happen once.
    """

    def register(handler: Handler) -> Handler:
        handlers[kind] = handler
        return handler

    return register


def fire_due(now: datetime | None = None) -> int:
    """Fires everything due, earliest first, and what that makes due. How many timers it fired."""
    count = 0
    failed: set[uuid.UUID] = set()
    while due := [row for row in _due(now or clock.now()) if row.id not in failed]:
        for row in due:
            try:
                count += _fire(row)
            except Exception as error:  # noqa: BLE001 - a poisoned timer must not hold up the others
                failed.add(row.id)
                _postpone(row, error)
    return count


def _due(now: datetime) -> list[Any]:
    columns = (Timer.id, Timer.workspace_id, Timer.kind, Timer.subject_id, Timer.ticket_id, Timer.due_at)
    query = sa.select(*columns, Timer.attempts).where(Timer.fire_at <= now)
    with read_only() as session:
        return list(session.execute(query.order_by(Timer.fire_at, Timer.id).limit(BATCH)))


def _fire(row: Any) -> bool:
    acting = acting_as(replace(SYSTEM, door="job", workspace_id=row.workspace_id))
    with use_workspace(row.workspace_id), acting, transaction() as session:
        if row.ticket_id is not None:
            locking = sa.select(Ticket).where(Ticket.id == row.ticket_id).with_for_update(key_share=True)
            session.scalar(locking.execution_options(populate_existing=True))
        mine = sa.and_(Timer.id == row.id, Timer.due_at == row.due_at)
        taking = sa.delete(Timer).where(mine).returning(Timer.params)
        params = session.scalar(taking.execution_options(synchronize_session=False))
        if params is None:  # fired by another process, or moved meanwhile
            return False
        handlers[row.kind](row.subject_id, params)
    return True


def _postpone(row: Any, error: Exception) -> None:
    seconds = min(LONGEST_BACKOFF_SECONDS, 2.0**row.attempts)
    log.error("timer %s %s goes again in %.0f s: %s", row.kind, row.id, seconds, type(error).__name__)
    later = {"fire_at": clock.now() + timedelta(seconds=seconds), "attempts": Timer.attempts + 1}
    moving = sa.update(Timer).where(Timer.id == row.id, Timer.due_at == row.due_at).values(**later)
    with transaction() as session:
        session.execute(moving.execution_options(synchronize_session=False))


class Timers:
    """Fires in the background, at the second."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.stopping = False

    def start(self) -> None:
        """Begins to watch."""
        green.spawn(self.loop)

    def stop(self) -> None:
        """Fires no more."""
        self.stopping = True
        waker.wake()

    def loop(self) -> None:
        """Fires what is due, then sleeps until the next is, or until woken, a second at most."""
        while not self.stopping:
            try:
                with self.app.app_context():
                    fire_due()
                    pause = _seconds_to_next()
            except Exception as error:  # noqa: BLE001 - the database is away: look again later
                log.warning("timers cannot be read: %s", type(error).__name__)
                pause = LOOK_SECONDS
            waker.wait(pause)


def _seconds_to_next() -> float:
    with read_only() as session:
        next_at = session.scalar(sa.select(sa.func.min(Timer.fire_at)))
    if next_at is None:
        return LOOK_SECONDS
    return min(LOOK_SECONDS, max(0.01, (next_at - clock.now()).total_seconds()))
