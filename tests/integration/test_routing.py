"""Routing: who gets which ticket, at once on each trigger, never too much, and why."""

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from webapp.auth import acting_as
from webapp.database import transaction
from webapp.errors import Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.models import Notification, RoutingAgent, Skill, Ticket, User, UserSkill
from webapp.schemas.routing import RoutingSettings
from webapp.services import assignment, presence, routing
from webapp.services import ticket as tickets
from webapp.services import user as users
from webapp.services.routing import offer as offers
from webapp.services.routing import place
from webapp.services.routing.router import MOST_AT_ONCE
from webapp.services.setting import save_section
from webapp.tasks import timer as timers
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


class House:
    """A workspace with routing on, in the test's own session."""

    def __init__(self, make: Any) -> None:
        self.make = make
        self.workspace = make.workspace()
        self.admin = make.user(role="admin", name="Zoe")
        self.inbox = make.inbox()

    def settings(self, **wanted: Any) -> None:
        with transaction():
            save_section(RoutingSettings(**{"is_on": True, **wanted}))
        timers.fire_due()

    def agent(self, name: str, role: str = "agent", capacity: int | None = None) -> User:
        made = self.make.user(role=role, name=name)
        if capacity is not None:
            with transaction() as session:
                session.add(RoutingAgent(user_id=made.id, capacity=capacity))
        return made

    def skill(self, name: str, *people: tuple[User, int]) -> Skill:
        with transaction() as session:
            made = Skill(name=name)
            session.add(made)
            session.flush()
            session.add_all(UserSkill(user_id=one.id, skill_id=made.id, level=level) for one, level in people)
        return made

    def ticket(self, priority: str = "medium", *, email: str | None = None, **more: Any) -> Any:
        """A customer's ticket that waits for an answer, after whatever routing does at once."""
        with transaction() as session:
            address = email or f"{uuid.uuid4().hex[:8]}@example.com"
            made = tickets.create_ticket("Help", "", address, priority, **more)
            made.waiting_since = made.created_at
            made_id = made.id
            session.flush()
        timers.fire_due()
        return made_id

    def arrive(self, *people: User) -> None:
        """They open the agent's page."""
        for person in people:
            with transaction():
                presence.opened("user", person.id, self.workspace.id)
                routing.agent_came(person.id)
        timers.fire_due()

    def leave(self, person: User) -> None:
        """Their last page has gone for good."""
        with transaction():
            presence.closed("user", person.id)
            routing.agent_left(person.id)
        timers.fire_due()

    def resolve(self, ticket_id: uuid.UUID) -> None:
        with transaction():
            tickets.update_ticket_status(ticket_id, "resolved")
        timers.fire_due()

    def holder(self, ticket_id: uuid.UUID) -> str | None:
        db.session.expire_all()
        ticket = db.session.get(Ticket, ticket_id)
        return ticket.assigned_agent.name if ticket.assigned_agent else None

    def why(self, ticket_id: uuid.UUID) -> Any:
        return routing.list_decisions(ticket_id)[0]


@pytest.fixture
def house(make: Any, session: Any) -> Iterator[House]:
    made = House(make)
    with use_workspace(made.workspace.id):
        yield made


# --- the contract's functions ---------------------------------------------------------------------


def test_nine_tickets_and_three_agents_are_three_each(house: House) -> None:
    for name in ("Ana", "Ben", "Cleo"):
        house.agent(name)
    made = [house.ticket() for _ in range(9)]
    with transaction():
        for ticket_id in made:
            assignment.assign_ticket_round_robin(ticket_id)
    assert Counter(house.holder(one) for one in made) == {"Ana": 3, "Ben": 3, "Cleo": 3}


def test_a_critical_ticket_goes_to_a_senior_agent(house: House) -> None:
    house.agent("Ana"), house.agent("Sam", role="senior_agent")
    with transaction():
        ticket = tickets.create_ticket("Down", "", "x@example.com", "critical")
        given = assignment.assign_ticket_by_priority(ticket)
        assert given.assigned_agent.role == "senior_agent"
        assert given.status == "assigned"
        assert given.assigned_at is not None


@pytest.mark.parametrize("priority", ["low", "medium", "high", "critical"])
@pytest.mark.parametrize("auto_assign, status", [(True, "assigned"), (False, "open")])
def test_a_new_ticket_comes_back_assigned_only_if_asked(
    house: House, priority: str, auto_assign: bool, status: str
) -> None:
    house.agent("Ana")
    with transaction():
        assert assignment.process_new_ticket(priority, auto_assign).status == status


def test_a_ticket_that_somebody_has_stays_with_them(house: House) -> None:
    ana = house.agent("Ana")
    house.agent("Ben")
    made = house.ticket()
    with transaction():
        tickets.assign_ticket(made, ana.id)
        assignment.assign_ticket_round_robin(made)
    assert house.holder(made) == "Ana"


def test_nobody_free_leaves_it_open_and_says_why(house: House) -> None:
    house.agent("Ana", capacity=0)
    made = house.ticket()
    with transaction():
        assert assignment.assign_ticket_round_robin(made).status == "open"
    assert house.why(made).reason == "Nobody is free: 1 full"
    assert house.why(made).candidates[0]["excluded"] == "full: 0 of 0 points"


def test_who_was_never_seen_counts_as_here_until_anybody_was(house: House) -> None:
    ana, ben = house.agent("Ana"), house.agent("Ben")
    with transaction():
        presence.opened("user", ben.id, house.workspace.id)
    for _ in range(2):
        made = house.ticket()
        with transaction():
            assignment.assign_ticket_round_robin(made)
        assert house.holder(made) == "Ben"
    assert {one["id"]: one["excluded"] for one in house.why(made).candidates}[str(ana.id)] == "not here"


# --- triggers -------------------------------------------------------------------------------------


def test_nothing_is_routed_where_routing_is_off(house: House) -> None:
    house.agent("Ana")
    made = house.ticket()
    house.arrive(house.agent("Ben"))
    assert house.holder(made) is None


def test_a_new_ticket_is_given_at_once(house: House) -> None:
    house.settings()
    house.agent("Ana")
    made = house.ticket()
    assert house.holder(made) == "Ana"
    assert house.why(made).trigger == "created"
    assert house.why(made).reason == "Ana was the only one free (0 of 20 points used)"


def test_waiting_tickets_are_given_when_an_agent_comes_online(house: House) -> None:
    house.settings()
    ana = house.agent("Ana")
    with transaction() as session:
        session.execute(sa.update(User).where(User.id == ana.id).values(availability="away"))
    made = house.ticket()
    assert house.holder(made) is None
    with acting_as(house.make.actor(ana)), transaction():
        users.set_availability("online")
    timers.fire_due()
    assert house.holder(made) == "Ana"


def test_a_run_hands_out_twenty_and_the_next_ones_go_on(house: House, mocker: Any) -> None:
    people = [house.agent(name, capacity=100) for name in ("Ana", "Ben", "Cleo")]
    house.settings()
    house.arrive(*people)
    with transaction():
        for person in people:
            users.set_availability("away", actor=house.make.actor(person))
    waiting = [house.ticket() for _ in range(45)]
    assert {house.holder(one) for one in waiting} == {None}
    runs = mocker.spy(routing, "route_waiting")
    with transaction():
        for person in people:
            users.set_availability("online", actor=house.make.actor(person))
    timers.fire_due()
    assert Counter(house.holder(one) for one in waiting) == {"Ana": 15, "Ben": 15, "Cleo": 15}
    assert max(runs.spy_return_list) == MOST_AT_ONCE


def test_a_slot_that_frees_is_filled_with_the_most_urgent(house: House) -> None:
    house.settings()
    house.agent("Ana", capacity=1)
    first, low, high = house.ticket(), house.ticket("low"), house.ticket("high")
    assert [house.holder(one) for one in (first, low, high)] == ["Ana", None, None]
    house.resolve(first)
    assert [house.holder(one) for one in (low, high)] == [None, "Ana"]


def test_turning_routing_on_serves_those_who_wait(house: House) -> None:
    house.agent("Ana")
    made = house.ticket()
    house.settings()
    assert house.holder(made) == "Ana"


def test_nobody_gets_more_than_their_capacity(house: House) -> None:
    house.settings(channel_weights={"chat": 4, "email": 1, "form": 1, "api": 2})
    house.agent("Ana", capacity=5), house.agent("Ben", capacity=3)
    made = [house.ticket() for _ in range(6)]
    assert Counter(house.holder(one) for one in made) == {"Ana": 2, "Ben": 1, None: 3}


def test_a_pending_ticket_takes_no_room(house: House) -> None:
    house.settings()
    house.agent("Ana", capacity=1)
    first, second = house.ticket(), house.ticket()
    with transaction():
        tickets.update_ticket_status(first, "pending")
    timers.fire_due()
    assert house.holder(second) == "Ana"


# --- strategies -----------------------------------------------------------------------------------


def test_only_those_with_the_skill_and_in_the_team_are_asked(house: House) -> None:
    ana, ben, cleo = house.agent("Ana"), house.agent("Ben"), house.agent("Cleo")
    german = house.skill("German", (ben, 3), (cleo, 1))
    rule = {"field": "category", "value": "de", "skill_id": german.id, "level": 2}
    house.settings(skill_rules=[rule], strategy="skills")
    with transaction():
        made = tickets.create_ticket("Hallo", "", "x@example.com").id
        tickets.update_ticket(made, category="de")
    timers.fire_due()
    assert house.holder(made) == "Ben"
    excluded = {one["name"]: one["excluded"] for one in house.why(made).candidates}
    assert excluded == {"Ana": "lacks the skill German", "Ben": None, "Cleo": "lacks the skill German"}
    assert ana.name in excluded


def test_what_an_inbox_takes_goes_to_its_team(house: House) -> None:
    house.agent("Ana")
    team = house.make.team(house.agent("Ben"))
    house.settings(team_rules=[{"inbox_id": house.inbox.id, "team_id": team.id}])
    made = house.ticket(inbox=house.inbox, channel="chat")
    assert house.holder(made) == "Ben"
    assert db.session.get(Ticket, made).team_id == team.id


def test_a_returning_customer_gets_their_last_agent_if_free(house: House) -> None:
    house.settings()
    ana = house.agent("Ana", capacity=2)
    first = house.ticket(email="maria@example.com")
    house.agent("Ben")
    house.resolve(first)
    with transaction() as session:
        session.execute(sa.update(RoutingAgent).where(RoutingAgent.user_id == ana.id).values(turn=99))
    again = house.ticket(email="maria@example.com")
    assert house.holder(again) == "Ana"
    assert "helped this customer last time" in house.why(again).reason
    third = house.ticket(email="maria@example.com")
    fourth = house.ticket(email="maria@example.com")
    assert [house.holder(one) for one in (third, fourth)] == ["Ana", "Ben"]


# --- agents who leave or say nothing --------------------------------------------------------------


def test_what_an_absent_agent_has_goes_back_after_the_grace_only(house: House, clock: Any) -> None:
    house.settings(grace_seconds=60)
    ana, ben = house.agent("Ana"), house.agent("Ben", capacity=0)
    house.arrive(ana)
    made = house.ticket()
    house.leave(ana)
    clock.advance(seconds=59)
    timers.fire_due()
    assert house.holder(made) == "Ana"
    house.arrive(ana)
    clock.advance(seconds=30)
    timers.fire_due()
    assert house.holder(made) == "Ana"
    house.leave(ana)
    with transaction() as session:
        session.execute(sa.update(RoutingAgent).where(RoutingAgent.user_id == ben.id).values(capacity=9))
    house.arrive(ben)
    clock.advance(seconds=61)
    with transaction():
        presence.renew()
    timers.fire_due()
    assert house.holder(made) == "Ben"


def test_a_silent_agent_loses_it_to_the_next_and_never_gets_it_back(house: House, clock: Any) -> None:
    house.settings(watchdog_channels=["api"], hops=2)
    names = {"Ana", "Ben"}
    for name in names:
        house.agent(name)
    made = house.ticket("high")
    first = house.holder(made)
    clock.advance(seconds=121)
    timers.fire_due()
    second = house.holder(made)
    assert {first, second} == names
    assert db.session.scalar(sa.select(sa.func.count(Notification.id)).where(alert())) == 0
    clock.advance(seconds=121)
    timers.fire_due()
    assert house.holder(made) is None
    assert house.why(made).reason == "Nobody is free: 2 had it and did not answer"
    told = db.session.scalars(sa.select(Notification).where(alert())).one()
    assert told.user_id == house.admin.id


def alert() -> Any:
    return Notification.kind == "routing_alert"


def test_an_agent_who_answers_is_not_watched_any_more(house: House, clock: Any) -> None:
    house.settings(watchdog_channels=["api"])
    ana = house.agent("Ana")
    house.agent("Ben", capacity=0)
    made = house.ticket()
    with acting_as(house.make.actor(ana)), transaction():
        tickets.add_comment(made, "On it")
    clock.advance(hours=1)
    timers.fire_due()
    assert house.holder(made) == "Ana"


def test_a_chat_whose_customer_went_silent_takes_no_room(house: House, clock: Any) -> None:
    house.settings(idle_minutes=10)
    ana = house.agent("Ana", capacity=4)
    first = house.ticket(channel="chat", inbox=house.inbox)
    second = house.ticket(channel="chat", inbox=house.inbox)
    with acting_as(house.make.actor(ana)), transaction():
        tickets.add_comment(first, "Anything else?")
    clock.advance(minutes=9)
    timers.fire_due()
    assert house.holder(second) is None
    clock.advance(minutes=2)
    timers.fire_due()
    assert house.holder(second) == "Ana"
    assert house.holder(first) == "Ana"


def test_nobody_is_gone_in_the_first_minute_after_a_start(
    house: House, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.settings(grace_seconds=10)
    ana = house.agent("Ana")
    house.arrive(ana)
    made = house.ticket()
    house.leave(ana)
    monkeypatch.setattr(presence, "just_started", lambda: True)
    clock.advance(seconds=11)
    timers.fire_due()
    assert house.holder(made) == "Ana"
    monkeypatch.setattr(presence, "just_started", lambda: False)
    clock.advance(seconds=11)
    timers.fire_due()
    assert house.holder(made) is None


def test_somebody_without_access_loses_their_work_at_once(house: House) -> None:
    house.settings()
    ana = house.agent("Ana")
    made = house.ticket()
    house.agent("Ben")
    with transaction():
        users.deactivate_user(ana.id)
    timers.fire_due()
    assert house.holder(made) == "Ben"


def test_a_ticket_in_the_trash_or_snoozed_is_not_routed(house: House, clock: Any) -> None:
    house.settings()
    house.agent("Ana", capacity=0)
    made = house.ticket()
    with transaction() as session:
        session.get(Ticket, made).snoozed_until = clock.now() + timedelta(hours=1)
    house.agent("Ben")
    with transaction():
        routing.request_sweep(trigger="test")
        routing.request(made)
    timers.fire_due()
    assert house.holder(made) is None


# --- offers ---------------------------------------------------------------------------------------


def held_out(house: House, person: User) -> Any:
    with acting_as(house.make.actor(person)):
        return offers.list_offers()


def test_an_offer_waits_for_its_answer_and_a_yes_gives_the_ticket(house: House) -> None:
    house.settings(offers=True)
    ana = house.agent("Ana")
    made = house.ticket()
    (one,) = held_out(house, ana)
    assert (house.holder(made), one["state"], one["ticket"]["id"]) == (None, "pending", str(made))
    with acting_as(house.make.actor(ana)), transaction():
        offers.answer_offer(uuid.UUID(one["id"]), accept=True)
    timers.fire_due()
    assert (house.holder(made), held_out(house, ana)) == ("Ana", [])


def test_a_declined_offer_or_one_that_ran_out_goes_to_the_next(house: House, clock: Any) -> None:
    house.settings(offers=True, offer_seconds=30, strategy="round_robin")
    people = [house.agent(name) for name in ("Ana", "Ben", "Cleo")]
    house.ticket()
    ana, ben, cleo = people
    (one,) = held_out(house, ana)
    with acting_as(house.make.actor(ana)), transaction():
        offers.answer_offer(uuid.UUID(one["id"]), accept=False)
    timers.fire_due()
    assert [len(held_out(house, person)) for person in people] == [0, 1, 0]
    clock.advance(seconds=31)
    timers.fire_due()
    assert [len(held_out(house, person)) for person in people] == [0, 0, 1]
    clock.advance(seconds=31)
    timers.fire_due()
    assert [len(held_out(house, person)) for person in people] == [0, 0, 0]
    assert ben.name != cleo.name


def test_what_is_over_cannot_be_accepted_nor_what_was_offered_to_another(house: House, clock: Any) -> None:
    house.settings(offers=True)
    ana, ben = house.agent("Ana"), house.agent("Ben", capacity=0)
    made = house.ticket()
    (one,) = held_out(house, ana)
    with acting_as(house.make.actor(ben)), transaction(), pytest.raises(NotFound):
        offers.answer_offer(uuid.UUID(one["id"]), accept=True)
    with acting_as(house.make.actor(ben)), transaction():
        tickets.assign_ticket(made, ben.id)
    with acting_as(house.make.actor(ana)), transaction(), pytest.raises(Conflict):
        offers.answer_offer(uuid.UUID(one["id"]), accept=True)
    assert house.holder(made) == "Ben"


def test_a_colleague_is_asked_and_the_ticket_stays_until_they_accept(house: House, clock: Any) -> None:
    ana, ben = house.agent("Ana"), house.agent("Ben")
    made = house.ticket()
    with acting_as(house.make.actor(ana)), transaction():
        tickets.assign_ticket(made, ana.id)
        offers.offer_ticket(made, ben.id)
        with pytest.raises(Conflict):
            offers.offer_ticket(made, house.admin.id)
        with pytest.raises(Invalid):
            offers.offer_ticket(made, ana.id)
    assert house.holder(made) == "Ana"
    clock.advance(minutes=2)
    timers.fire_due()
    assert (house.holder(made), held_out(house, ben)) == ("Ana", [])
    with acting_as(house.make.actor(ana)), transaction():
        again = offers.offer_ticket(made, ben.id).id
    with acting_as(house.make.actor(ben)), transaction():
        offers.answer_offer(again, accept=True)
    assert house.holder(made) == "Ben"


# --- what customers are told ----------------------------------------------------------------------


def test_the_range_of_the_wait_grows_with_the_place() -> None:
    assert place.wait_range(1, 30) == [1, 2]
    assert place.wait_range(3, 300) == [9, 24]


def test_waiting_chats_know_their_place_and_a_range_and_hear_when_it_moves(
    make: Any, app: Any, visitor: Any, agent: Any, clock: Any
) -> None:
    make.workspace()
    ana = make.user(role="agent", name="Ana")
    inbox, desk = make.inbox(), agent(ana)
    past = [visitor(inbox) for _ in range(5)]
    for one in past:
        ticket_id = one.write("Hello")["ticket"]["id"]
        desk.post(f"tickets/{ticket_id}/assign", {"agent_id": str(ana.id)})
        clock.advance(minutes=10)
        assert desk.send("PATCH", f"tickets/{ticket_id}", {"status": "resolved"}).status_code == 200
    with app.app_context(), use_workspace(ana.workspace_id):
        with transaction():
            save_section(RoutingSettings(is_on=True, capacity=4))
        timers.fire_due()
    served, maria, oskar = (visitor(inbox) for _ in range(3))
    first = served.write("One")["ticket"]["id"]
    fire(app)
    maria.write("Two"), oskar.write("Three")
    fire(app)
    assert served.get("state").json["place"] is None
    told = oskar.get("state").json["place"]
    assert (told["position"], told["wait"]) == (2, [12, 32])
    sockets = maria.connect(), oskar.connect()
    for socket in sockets:
        socket.heard()
    desk.send("PATCH", f"tickets/{first}", {"status": "resolved"})
    fire(app)
    assert [socket.heard("queue.updated") for socket in sockets] == [
        [],
        [{"ticket_id": told["ticket_id"], "position": 1, "wait": [6, 16]}],
    ]


def fire(app: Any) -> None:
    with app.app_context():
        timers.fire_due()
