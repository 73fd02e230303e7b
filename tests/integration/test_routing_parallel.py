"""Many at once, on databases that are committed to: nobody twice, nobody above their capacity."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.parallel import House, together
from webapp.database import read_only, transaction
from webapp.extensions import db
from webapp.models import Event, RoutingAgent, RoutingDecision, Ticket
from webapp.schemas.routing import RoutingSettings
from webapp.services import assignment, routing
from webapp.services import ticket as tickets
from webapp.services.setting import save_section
from webapp.tasks import timer as timers

pytestmark = pytest.mark.integration


@pytest.fixture
def house(database: Any, tmp_path: Path) -> Any:
    made = House(database.settings(database.fresh()), tmp_path)
    yield made
    made.close()


def open_tickets(house: House, admin: Any, count: int) -> list[Any]:
    with house.acting(admin):
        made = []
        for number in range(count):
            with transaction():
                made.append(tickets.create_ticket(f"Ticket {number}", "", f"c{number}@example.com").id)
    return made


def holders(house: House, admin: Any) -> Counter[Any]:
    with house.acting(admin), read_only():
        return Counter(db.session.scalars(sa.select(Ticket.assigned_agent_id)))


def assigned_events(house: House, admin: Any) -> list[Any]:
    with house.acting(admin), read_only():
        return list(db.session.scalars(sa.select(Event.ticket_id).where(Event.name == "ticket.assigned")))


def test_r11_fifty_parallel_assignments_never_give_a_ticket_twice_and_stay_even(house: House) -> None:
    admin = house.make.user(role="admin")
    agents = [house.make.user(role="agent") for _ in range(5)]
    made = open_tickets(house, admin, 25)

    def give(ticket_id: Any) -> None:
        with house.acting(admin), transaction():
            assignment.assign_ticket_round_robin(ticket_id)

    together([lambda one=one: give(one) for one in made * 2])
    assert holders(house, admin) == {agent.id: 5 for agent in agents}
    assert len(assigned_events(house, admin)) == 25


def test_r11_parallel_runs_of_the_router_never_pass_anybodys_capacity(house: House) -> None:
    admin = house.make.user(role="admin")
    agents = [house.make.user(role="agent") for _ in range(3)]
    with house.acting(admin), transaction() as session:
        session.add_all(RoutingAgent(user_id=agent.id, capacity=4) for agent in agents)
    made = open_tickets(house, admin, 20)
    with house.acting(admin), transaction():
        save_section(RoutingSettings(is_on=True))

    def run(ticket_id: Any) -> None:
        with house.acting(admin), transaction():
            routing.route_one(ticket_id, trigger="test")

    def sweep() -> None:
        with house.acting(admin), transaction():
            routing.route_waiting(trigger="test")

    def fire() -> None:
        with house.app.app_context():
            timers.fire_due()

    together([*(lambda one=one: run(one) for one in made), *[sweep] * 5, *[fire] * 3])
    fire()
    held = holders(house, admin)
    assert {held[agent.id] for agent in agents} == {4}
    assert held[None] == 8
    assert len(assigned_events(house, admin)) == 12
    with house.acting(admin), read_only():
        chosen = db.session.scalars(
            sa.select(RoutingDecision.ticket_id).where(RoutingDecision.agent_id.is_not(None))
        )
        assert max(Counter(chosen).values()) == 1


def test_a_run_neither_waits_for_a_ticket_that_somebody_holds_nor_forgets_it(house: House) -> None:
    admin = house.make.user(role="admin")
    house.make.user(role="agent")
    (ticket_id,) = open_tickets(house, admin, 1)
    with house.acting(admin), transaction():
        save_section(RoutingSettings(is_on=True))
    if house.url.startswith("postgresql"):
        with house.acting(admin), transaction():
            tickets.ticket_for(ticket_id, "ticket:update", lock=True)
            together([lambda: fire_in(house)])
            assert db.session.scalar(sa.select(Ticket.assigned_agent_id)) is None
    deadline = 50
    while None in holders(house, admin) and (deadline := deadline - 1):
        fire_in(house)
    assert None not in holders(house, admin)


def fire_in(house: House) -> None:
    with house.app.app_context():
        timers.fire_due()
