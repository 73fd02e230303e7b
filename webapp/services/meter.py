"""What the metrics say beyond what is counted as it goes: read from the database, once a look."""

import shutil
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Flask

from webapp import bus, clock, green, metrics
from webapp.database import read_only
from webapp.models import Job, Timer
from webapp.services.email.delivery import DeliveryMoved
from webapp.services.event import Recorded

PATIENCE_SECONDS = 2.0
STATES = ("due", "later", "running")


def read(app: Flask) -> None:
    """Brings the gauges up to date. A database that does not answer is told as one, and nobody waits long."""
    metrics.DISK_FREE.set(shutil.disk_usage(app.config["PARLEY"].instance_path).free)
    answered = green.Waker()

    def ask() -> None:
        try:
            with app.app_context(), read_only() as session:
                _look(session)
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is no
            green.log_rarely(f"no metrics of the database: {type(error).__name__}")
            return
        answered.wake()

    green.soon(ask)
    metrics.DATABASE_UP.set(answered.wait(PATIENCE_SECONDS))


def _look(session: Any) -> None:
    now = clock.now()
    pending = Job.status == "pending"
    states = {
        "due": sa.and_(pending, Job.run_at <= now),
        "later": sa.and_(pending, Job.run_at > now),
        "running": Job.status == "running",
    }
    counted = sa.select(*(sa.func.count().filter(states[name]) for name in STATES))
    live = Job.status.in_(("pending", "running"))
    for name, count in zip(STATES, session.execute(counted.where(live)).one(), strict=True):
        metrics.JOBS.labels(name).set(count)
    metrics.JOB_LAG.set(_age(session, sa.select(sa.func.min(Job.run_at)).where(states["due"]), now))
    metrics.TIMER_LAG.set(
        _age(session, sa.select(sa.func.min(Timer.fire_at)).where(Timer.fire_at <= now), now)
    )


def _age(session: Any, query: Any, now: Any) -> float:
    oldest = session.scalar(query)
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0


def _recorded(fact: Recorded) -> None:
    comment = fact.staff.get("comment")
    if fact.name == "comment.created" and comment:
        metrics.MESSAGES.labels(comment["kind"], comment["author"]["kind"]).inc()
    told(fact, "commit")


def told(fact: Recorded, by: str) -> None:
    """This process's sockets hear of an event now."""
    since = (clock.now() - datetime.fromisoformat(fact.staff["at"])).total_seconds()
    metrics.FEED_LAG.labels(by).observe(max(0.0, since))


def _delivery_moved(fact: DeliveryMoved) -> None:
    metrics.MAIL.labels(fact.delivery["status"]).inc()


def register() -> None:
    """Listens to what is committed here."""
    bus.subscribe(Recorded, _recorded)
    bus.subscribe(DeliveryMoved, _delivery_moved)
