"""All periodic work, on one page. Every process does it; each piece must not mind being done twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import sqlalchemy as sa
from flask import Flask

from webapp import clock, green
from webapp.database import transaction
from webapp.models import Job

KEPT_DAYS = 14
HOUR = 3600.0


class Periodic(NamedTuple):
    """A piece of work and how often it is done."""

    seconds: float
    call: Callable[[], None]


def forget_finished_jobs() -> None:
    """Removes jobs that ended two weeks ago."""
    old = sa.delete(Job).where(Job.finished_at < clock.now() - timedelta(days=KEPT_DAYS))
    with transaction() as session:
        session.execute(old.execution_options(synchronize_session=False))


PERIODIC = (Periodic(HOUR, forget_finished_jobs),)


def start(app: Flask) -> None:
    """Begins all of it."""
    for work in PERIODIC:
        green.every(work.seconds, work.call, inside=app.app_context)
