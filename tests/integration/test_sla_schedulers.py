"""Several schedulers at once, and one that is replaced: each deadline fires once, and at its second."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.parallel import House, together
from tests.support.process import wait_until
from webapp import clock as app_clock
from webapp import create_app
from webapp.database import read_only, transaction
from webapp.extensions import db
from webapp.models import Event, SlaClock, SlaPolicy, Ticket
from webapp.services import ticket as tickets
from webapp.tasks import timer as timers
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

TIERS = ("free", "basic", "premium", "enterprise")
COUNT = 12
PATIENCE_SECONDS = 120


@pytest.fixture
def house(database: Any, tmp_path: Path) -> Iterator[House]:
    """A workspace on a database of its own."""
    made = House(database.settings(database.fresh()), tmp_path)
    yield made
    made.close()


@pytest.fixture
def schedulers(database: Any, house: House, tmp_path: Path) -> Iterator[list[Any]]:
    """Four apps on that database, each as a process of its own would have it."""
    settings = {**database.settings(house.url), "INSTANCE_PATH": str(tmp_path)}
    made = [create_app(settings) for _ in range(4)]
    yield made
    for app in made:
        with app.app_context():
            db.engine.dispose()


def promise(house: House, seconds: int) -> None:
    """Tickets that are all to be answered so soon, with a warning and a step of the ladder."""
    grid = {priority: dict.fromkeys(TIERS, seconds) for priority in ("low", "medium", "high", "critical")}
    with house.app.app_context(), use_workspace(house.workspace.id):
        with transaction() as session:
            session.add(
                SlaPolicy(
                    name="Soon",
                    targets=[{"metric": "first_response", "clock": "calendar", "seconds": grid}],
                    warnings=[{"percent": 50}],
                    ladder=[{"on": "breach", "delay_minutes": 0, "actions": [{"do": "raise_priority"}]}],
                )
            )
        for number in range(COUNT):
            with transaction():
                tickets.create_ticket(f"Ticket {number}", "", f"c{number}@example.com")


def fire(app: Any) -> int:
    with app.app_context():
        return timers.fire_due()


def heard(house: House) -> Counter[str]:
    with house.app.app_context(), use_workspace(house.workspace.id), read_only() as session:
        wanted = ("sla.warned", "sla.breached", "ticket.escalated")
        return Counter(session.scalars(sa.select(Event.name).where(Event.name.in_(wanted))))


def test_r12_three_schedulers_and_a_restart_fire_each_deadline_once(
    house: House, schedulers: list[Any], clock: Any
) -> None:
    promise(house, 600)
    clock.advance(minutes=6)
    together([partial(fire, app) for app in schedulers[:3]])
    assert heard(house) == {"sla.warned": COUNT}
    clock.advance(minutes=5)
    together([partial(fire, app) for app in schedulers[:3]])
    once = {"sla.warned": COUNT, "sla.breached": COUNT, "ticket.escalated": COUNT}
    assert heard(house) == once
    clock.advance(hours=9)
    fire(schedulers[3])
    assert heard(house) == once
    with house.app.app_context(), use_workspace(house.workspace.id), read_only() as session:
        assert set(session.scalars(sa.select(Ticket.priority))) == {"high"}


def test_r12_what_came_due_while_nobody_watched_is_caught_up(
    house: House, schedulers: list[Any], clock: Any
) -> None:
    promise(house, 600)
    clock.advance(hours=5)
    together([partial(fire, app) for app in schedulers[:3]])
    assert heard(house) == {"sla.breached": COUNT, "ticket.escalated": COUNT}, "no warning of what is over"


def test_r12_a_deadline_fires_by_itself_and_not_before_its_time_while_schedulers_come_and_go(
    house: House, schedulers: list[Any]
) -> None:
    watching = [timers.Timers(app) for app in schedulers[:2]]
    for one in watching:
        one.start()
    promise(house, 3)
    watching.pop(0).stop()
    watching.append(timers.Timers(schedulers[2]))
    watching[-1].start()
    wait_until(lambda: heard(house)["sla.breached"] == COUNT, "every deadline", PATIENCE_SECONDS, 0.1)
    for one in watching:
        one.stop()
    with house.app.app_context(), use_workspace(house.workspace.id), read_only() as session:
        rows = session.execute(sa.select(SlaClock.due_at, SlaClock.fired_at)).all()
    late = [row.fired_at - row.due_at for row in rows]
    assert min(late) >= timedelta(), "none before its time; how soon after it is for the bench"
    assert app_clock.now() > max(row.fired_at for row in rows)
