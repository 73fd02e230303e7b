"""Routing's promises, whatever happens in whatever order: a desk with a moved clock."""

import uuid
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webapp import clock as app_clock
from webapp.auth import acting_as
from webapp.database import transaction
from webapp.extensions import db
from webapp.models import Offer, RoutingAgent, Ticket
from webapp.schemas.routing import RoutingSettings
from webapp.services import presence, routing
from webapp.services import ticket as tickets
from webapp.services import user as users
from webapp.services.routing import offer as offers
from webapp.services.setting import save_section
from webapp.tasks import timer as timers
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

GRACE, CAPACITY = 60, 3
AGENTS = range(3)
STEPS = st.one_of(
    st.tuples(st.just("open"), st.sampled_from(["low", "medium", "high", "critical"])),
    st.tuples(st.sampled_from(["resolve", "pend", "reply", "take", "drop"]), st.integers(0, 9)),
    st.tuples(st.sampled_from(["come", "leave", "online", "away", "offline"]), st.sampled_from(AGENTS)),
    st.tuples(st.sampled_from(["accept", "decline"]), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.sampled_from([20, 61, 200])),
)


class Desk:
    """Three agents, one of them senior, one in a team of their own; what they do is modelled beside it."""

    def __init__(self, make: Any, *, offering: bool, strategy: str) -> None:
        make._first = None
        self.make, self.workspace = make, make.workspace()
        roles = ("agent", "agent", "senior_agent")
        self.agents = [make.user(role=role, name=f"Agent {n}") for n, role in enumerate(roles)]
        self.admin = make.user(role="admin")
        self.team = make.team(self.agents[1])
        self.section = RoutingSettings(
            is_on=True,
            offers=offering,
            strategy=strategy,
            grace_seconds=GRACE,
            capacity=CAPACITY,
            watchdog_channels=["api"],
            channel_weights={"chat": 1, "email": 1, "form": 1, "api": 1},
        )
        self.absent_since: dict[uuid.UUID, datetime] = {}
        self.by_hand: set[uuid.UUID] = set()

    def begin(self) -> None:
        with transaction() as session:
            save_section(self.section)
            session.add_all(RoutingAgent(user_id=agent.id) for agent in self.agents)
        for number in AGENTS:
            self.step("come", number)

    def step(self, act: str, what: Any) -> None:
        getattr(self, act)(what)
        timers.fire_due()
        db.session.expire_all()
        self.check()

    # --- what happens -----------------------------------------------------------------------------

    def open(self, priority: str) -> None:
        with transaction() as session:
            made = tickets.create_ticket("Help", "", f"{uuid.uuid4().hex[:9]}@example.com", priority)
            made.waiting_since = made.created_at
            if priority == "low":
                made.team_id = self.team.id
            session.flush()

    def resolve(self, index: int) -> None:
        self._on(index, lambda one: tickets.update_ticket_status(one, "resolved"))

    def pend(self, index: int) -> None:
        self._on(index, lambda one: tickets.update_ticket_status(one, "pending"))

    def reply(self, index: int) -> None:
        ticket = self._any(index)
        if ticket is not None and ticket.assigned_agent_id:
            agent = next(one for one in (*self.agents, self.admin) if one.id == ticket.assigned_agent_id)
            with acting_as(self.make.actor(agent)), transaction():
                tickets.add_comment(ticket.id, "On it")

    def take(self, index: int) -> None:
        self._on(index, lambda one: tickets.assign_ticket(one, self.admin.id))

    def drop(self, index: int) -> None:
        self._on(index, lambda one: tickets.assign_ticket(one, None))

    def come(self, number: int) -> None:
        agent = self.agents[number]
        with transaction():
            presence.opened("user", agent.id, self.workspace.id)
            routing.agent_came(agent.id)
        if db.session.get(type(agent), agent.id).availability != "offline":
            self.absent_since.pop(agent.id, None)

    def leave(self, number: int) -> None:
        agent = self.agents[number]
        with transaction():
            presence.closed("user", agent.id)
            routing.agent_left(agent.id)
        self.absent_since.setdefault(agent.id, app_clock.now())

    def online(self, number: int) -> None:
        self._say(number, "online")

    def away(self, number: int) -> None:
        self._say(number, "away")

    def offline(self, number: int) -> None:
        self._say(number, "offline")
        self.absent_since.setdefault(self.agents[number].id, app_clock.now())

    def _say(self, number: int, state: str) -> None:
        agent = self.agents[number]
        with acting_as(self.make.actor(agent)), transaction():
            users.set_availability(state)
        if state != "offline" and presence.is_online("user", agent.id):
            self.absent_since.pop(agent.id, None)

    def accept(self, index: int) -> None:
        self._answer(index, accept=True)

    def decline(self, index: int) -> None:
        self._answer(index, accept=False)

    def _answer(self, index: int, *, accept: bool) -> None:
        held_out = list(db.session.scalars(sa.select(Offer).where(Offer.state == "pending")))
        if held_out:
            row = held_out[index % len(held_out)]
            agent = next(one for one in self.agents if one.id == row.agent_id)
            with acting_as(self.make.actor(agent)), transaction():
                offers.answer_offer(row.id, accept=accept)

    def wait(self, seconds: int) -> None:
        app_clock.advance(seconds=seconds)
        with transaction():
            presence.renew()

    def _any(self, index: int) -> Ticket | None:
        found = list(db.session.scalars(sa.select(Ticket).where(Ticket.shelf == "queue")))
        return found[index % len(found)] if found else None

    def _on(self, index: int, act: Any) -> None:
        ticket = self._any(index)
        if ticket is not None:
            with transaction():
                act(ticket.id)

    # --- what always holds ------------------------------------------------------------------------

    def check(self) -> None:
        everything = list(db.session.scalars(sa.select(Ticket).where(Ticket.shelf == "queue")))
        pending = {
            row.ticket_id: row for row in db.session.scalars(sa.select(Offer).where(Offer.state == "pending"))
        }
        loads = self._loads(everything, pending)
        here = {agent.id for agent in self.agents if self._is_available(agent)}
        for agent in self.agents:
            assert loads[agent.id] <= CAPACITY, "above capacity"
        for ticket in everything:
            if ticket.status == "open" and ticket.assigned_agent_id is None and ticket.id not in pending:
                free = [one for one in self._fitting(ticket) if one in here]
                room = [one for one in free if loads[one] + self._cost(ticket) <= CAPACITY]
                assert room == [], "waits while a slot is free"
            since = self.absent_since.get(ticket.assigned_agent_id)
            if since is not None and ticket.status in ("assigned", "in_progress"):
                assert app_clock.now() - since <= timedelta(seconds=GRACE), "held by somebody who is gone"

    def _loads(self, everything: list[Ticket], pending: dict[uuid.UUID, Offer]) -> dict[uuid.UUID, int]:
        loads: dict[uuid.UUID, int] = defaultdict(int)
        for ticket in everything:
            if ticket.assigned_agent_id and ticket.status in ("assigned", "in_progress"):
                loads[ticket.assigned_agent_id] += self._cost(ticket)
            if ticket.id in pending:
                loads[pending[ticket.id].agent_id] += self._cost(ticket)
        return loads

    def _cost(self, ticket: Ticket) -> int:
        return 2 if ticket.priority == "critical" else 1

    def _is_available(self, agent: Any) -> bool:
        known = db.session.get(type(agent), agent.id)
        return known.availability == "online" and presence.is_online("user", agent.id)

    def _fitting(self, ticket: Ticket) -> list[uuid.UUID]:
        fitting = [self.agents[1]] if ticket.team_id else self.agents
        if ticket.priority == "critical" and self.section.strategy == "seniority":
            fitting = [self.agents[2]]
        return [one.id for one in fitting if str(one.id) not in (ticket.tried_agent_ids or ())]


@pytest.mark.slow
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=st.lists(STEPS, min_size=5, max_size=22),
    offering=st.booleans(),
    strategy=st.sampled_from(["round_robin", "least_busy", "seniority", "skills"]),
)
def test_nobody_waits_while_there_is_room_nobody_has_too_much_and_nobody_gone_keeps_anything(
    make: Any, session: Any, steps: Any, offering: bool, strategy: str
) -> None:
    with app_clock.moved():
        desk = Desk(make, offering=offering, strategy=strategy)
        with use_workspace(desk.workspace.id):
            desk.begin()
            for act, what in steps:
                desk.step(act, what)
