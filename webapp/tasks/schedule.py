"""All periodic work, on one page. Each piece is done by one process at a time, and must not mind twice."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.dialects import postgresql, sqlite

from webapp import clock, green
from webapp.database import read_only, transaction
from webapp.models import Job, Schedule
from webapp.tasks.audit import check_audit_logs
from webapp.tasks.crm import ask_for_changes
from webapp.tasks.export import forget_exports
from webapp.tasks.importing import forget_import_files
from webapp.tasks.mail_poll import poll_mailboxes
from webapp.tasks.notification import forget_notifications
from webapp.tasks.sweep import (
    fail_orphaned_mail,
    forget_held_mail,
    forget_idempotent_answers,
    forget_lost_files,
    forget_unused_uploads,
)
from webapp.tasks.webhook import forget_webhook_deliveries

log = logging.getLogger(__name__)

KEPT_DAYS = 14
MINUTE = 60.0
HOUR = 3600.0
QUARTER = HOUR / 4
DAY = HOUR * 24
LOOK_SECONDS = 5.0


class Periodic(NamedTuple):
    """A piece of work and how often it is done."""

    seconds: float
    call: Callable[[], None]

    @property
    def name(self) -> str:
        """By which its runs are kept."""
        return self.call.__name__

    @property
    def says(self) -> str:
        """What it does, in a sentence."""
        return (self.call.__doc__ or "").strip().split("\n")[0]


def forget_finished_jobs() -> None:
    """Removes jobs that ended two weeks ago."""
    old = sa.delete(Job).where(Job.finished_at < clock.now() - timedelta(days=KEPT_DAYS))
    with transaction() as session:
        session.execute(old.execution_options(synchronize_session=False))


PERIODIC = (
    Periodic(HOUR, forget_finished_jobs),
    Periodic(HOUR, forget_notifications),
    Periodic(HOUR, forget_exports),
    Periodic(DAY, forget_import_files),
    Periodic(HOUR, forget_webhook_deliveries),
    Periodic(QUARTER, fail_orphaned_mail),
    Periodic(HOUR, forget_unused_uploads),
    Periodic(HOUR, forget_idempotent_answers),
    Periodic(QUARTER, ask_for_changes),
    Periodic(DAY, forget_lost_files),
    Periodic(DAY, check_audit_logs),
    Periodic(DAY, forget_held_mail),
    Periodic(MINUTE, poll_mailboxes),
)


def start(app: Flask) -> None:
    """Begins all of it."""
    green.every(LOOK_SECONDS, run_due_schedules, inside=app.app_context)


def run_due_schedules() -> int:
    """Does what is due and was taken by no other process. How many pieces it did."""
    now = clock.now()
    with read_only() as session:
        planned = {row.name: row.next_at for row in session.scalars(sa.select(Schedule))}
    due = [work for work in PERIODIC if planned.get(work.name, now) <= now]
    return sum(_run(work) for work in due if _take(work, now))


def _take(work: Periodic, now: datetime) -> bool:
    """Moves the next run on, if nobody else has: whoever does has this run."""
    later = now + timedelta(seconds=work.seconds)
    with transaction() as session:
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        adding = dialect.insert(Schedule).values(name=work.name, next_at=now)
        session.execute(adding.on_conflict_do_nothing())
        mine = sa.and_(Schedule.name == work.name, Schedule.next_at <= now)
        taking = sa.update(Schedule).where(mine).values(next_at=later, started_at=now, finished_at=None)
        taken = session.execute(taking.execution_options(synchronize_session=False))
    return bool(taken.rowcount)


def _run(work: Periodic) -> bool:
    error = None
    try:
        work.call()
    except Exception as problem:
        error = type(problem).__name__
        log.exception("%s failed", work.name)
    ended = sa.update(Schedule).where(Schedule.name == work.name)
    with transaction() as session:
        session.execute(
            ended.values(finished_at=clock.now(), last_error=error),
            execution_options={"synchronize_session": False},
        )
    return True
