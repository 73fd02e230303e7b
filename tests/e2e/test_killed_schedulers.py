"""R-12 with real processes: three schedulers, killed one after the other, fire each deadline once."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.parallel import House
from tests.support.process import wait_until
from tests.support.server import Server
from webapp import clock
from webapp.database import read_only, transaction
from webapp.models import Event, SlaClock, SlaPolicy
from webapp.services import ticket as tickets
from webapp.tenancy import use_workspace

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TIERS = ("free", "basic", "premium", "enterprise")
PRIORITIES = ("low", "medium", "high", "critical")
TICKETS = 40
KILLS = 6
PATIENCE_SECONDS = 150
READY = "the worker is ready"


@pytest.fixture
def house(database: Any, tmp_path: Path) -> Iterator[House]:
    """A workspace on a database of its own."""
    made = House(database.settings(database.fresh()), tmp_path)
    with made.app.app_context(), use_workspace(made.workspace.id):
        yield made
    made.close()


class Scheduler(Server):
    """A worker; on SQLite, which has no processes beside its server, the server."""

    def begin(self) -> None:
        """Returns when it watches."""
        if "worker" not in self.command:
            self.start()
            return
        starts = self.log.count(READY)
        self.start(wait=False)
        wait_until(lambda: self.log.count(READY) > starts, "a scheduler", PATIENCE_SECONDS)


@pytest.fixture
def schedulers(database: Any, house: House, tmp_path: Path) -> Iterator[list[Scheduler]]:
    """Three of them, on SQLite one; not yet begun."""
    environment = {**database.settings(house.url), "INSTANCE_PATH": str(tmp_path), "LOG_LEVEL": "info"}
    arguments = [[]] if database.kind == "sqlite" else [["worker"]] * 3
    made = [Scheduler(environment, given) for given in arguments]
    yield made
    for server in made:
        server.kill()
        server.close()


def promise(seconds: int) -> None:
    """Tickets to be answered so soon, with a step of the ladder once they weren't."""
    grid = {priority: dict.fromkeys(TIERS, seconds) for priority in PRIORITIES}
    with transaction() as session:
        session.add(
            SlaPolicy(
                name="Soon",
                targets=[{"metric": "first_response", "clock": "calendar", "seconds": grid}],
                ladder=[{"on": "breach", "delay_minutes": 0, "actions": [{"do": "raise_priority"}]}],
            )
        )
    for number in range(TICKETS):
        with transaction():
            tickets.create_ticket(f"Ticket {number}", "", f"c{number}@example.com")


def told(name: str) -> Counter[Any]:
    """How often each ticket's history says it."""
    with read_only() as session:
        return Counter(session.scalars(sa.select(Event.ticket_id).where(Event.name == name)))


def lateness() -> list[timedelta]:
    with read_only() as session:
        rows = session.execute(sa.select(SlaClock.due_at, SlaClock.fired_at)).all()
    return [row.fired_at - row.due_at for row in rows if row.fired_at]


def all_fired() -> bool:
    return len(told("ticket.escalated")) == TICKETS


def assert_each_fired_once() -> None:
    for name in ("sla.breached", "ticket.escalated"):
        assert sorted(told(name).values()) == [1] * TICKETS, name


def test_r12_schedulers_that_are_killed_fire_each_deadline_once_and_go_on_meanwhile(
    house: House, schedulers: list[Scheduler]
) -> None:
    for server in schedulers:
        server.begin()
    promise(4)
    for victim, seen in zip(cycle(schedulers), range(0, TICKETS, TICKETS // KILLS), strict=False):
        wait_until(lambda seen=seen: len(told("sla.breached")) > seen, "a deadline", PATIENCE_SECONDS)
        victim.kill()
        if len(schedulers) > 1:
            more = min(len(told("sla.breached")) + 1, TICKETS)
            wait_until(lambda more=more: len(told("sla.breached")) >= more, "the others", PATIENCE_SECONDS)
        victim.begin()
    wait_until(all_fired, "every deadline", PATIENCE_SECONDS)
    assert_each_fired_once()
    assert min(lateness()) >= timedelta(), "none before its time; how soon after it is for the bench"


def test_r12_what_came_due_while_every_scheduler_was_dead_is_caught_up_once(
    house: House, schedulers: list[Scheduler]
) -> None:
    for server in schedulers:
        server.begin()
    for server in schedulers:
        server.kill()
    promise(1)
    wait_until(lambda: not due_later(), "the deadlines to pass", PATIENCE_SECONDS)
    assert told("sla.breached") == {}
    for server in schedulers:
        server.begin()
    wait_until(all_fired, "every deadline", PATIENCE_SECONDS)
    assert_each_fired_once()


def due_later() -> int:
    with read_only() as session:
        running = sa.select(sa.func.count()).where(SlaClock.due_at > clock.now())
        return int(session.scalar(running) or 0)
