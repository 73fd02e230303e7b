"""Whatever happens to a ticket, in whatever order: what is stored is what its ledger folds to."""

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webapp import clock
from webapp.auth import Actor, acting_as
from webapp.database import transaction, uuid7
from webapp.errors import AppError
from webapp.extensions import db
from webapp.models import Comment, SlaClock, SlaPolicy, Ticket, Timer
from webapp.services import calendar as calendars
from webapp.services import sla
from webapp.services import ticket as tickets
from webapp.services.sla.clocks import read_history, rules_now
from webapp.services.sla.memory import load
from webapp.services.ticket.comment import CommentDraft, write_comment
from webapp.services.ticket.withdraw import withdraw_comment
from webapp.tasks import timer as timers
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

TIERS = ("free", "basic", "premium", "enterprise")
METRICS = (
    "time_to_assignment",
    "first_response",
    "next_response",
    "periodic_update",
    "pausable_update",
    "requester_wait",
    "agent_work",
    "total",
)
OFFICE = {day: [["08:00", "12:00"], ["13:00", "01:00"]] for day in ("mon", "tue", "wed", "thu", "sat")}


def targets(minutes: int, kind: str) -> list[dict[str, Any]]:
    grid = {
        priority: dict.fromkeys(TIERS, 60 * minutes // share)
        for share, priority in enumerate(("low", "medium", "high", "critical"), start=1)
    }
    return [{"metric": metric, "clock": kind, "seconds": grid} for metric in METRICS]


class World:
    """A workspace with policies of every kind, and one ticket to which things happen."""

    def __init__(self, make: Any) -> None:
        self.workspace = make.workspace()
        self.make = make
        self.boss = make.user(role="admin", workspace=self.workspace)
        self.ana = make.user(role="agent", workspace=self.workspace)

    def begin(self, by_staff: bool) -> None:
        with transaction() as session, acting_as(self.make.actor(self.boss)):
            name = f"Office {uuid7().hex[-8:]}"
            office = calendars.create_calendar(name, timezone="Europe/Berlin", week=OFFICE)
            session.add(
                SlaPolicy(
                    name="Hurried",
                    position=1,
                    conditions={"tags": ["hot"]},
                    targets=targets(30, "calendar"),
                    warnings=[{"percent": 50}],
                )
            )
            session.add(
                SlaPolicy(
                    name="Office",
                    position=2,
                    targets=targets(240, "business"),
                    calendar_id=office.id,
                    warnings=[{"minutes": 10}],
                    ladder=[
                        {"on": "breach", "delay_minutes": 5, "actions": [{"do": "raise_priority"}]},
                        {"on": "breach", "delay_minutes": 9, "actions": [{"do": "tag", "tag": "hot"}]},
                    ],
                )
            )
            session.flush()
            actor = self.make.actor(self.boss) if by_staff else acting_system()
            made = tickets.create_ticket(
                "Random", "", f"{uuid7().hex}@example.com", first=CommentDraft("Hello"), actor=actor
            )
            self.ticket_id, self.customer_id = made.id, made.customer_id

    def withdraw(self, order: Any) -> None:
        mine = (Comment.author_id == self.ana.id, Comment.kind == "reply", Comment.withdrawn_at.is_(None))
        query = sa.select(Comment.id).where(Comment.ticket_id == self.ticket_id, *mine).order_by(order)
        if found := db.session.scalar(query.limit(1)):
            withdraw_comment(self.ticket_id, found, actor=self.make.actor(self.ana))

    def do(self, name: str, minutes: float) -> None:
        clock.advance(minutes=minutes)
        try:
            with transaction() as session, acting_as(self.make.actor(self.boss)):
                getattr(self, name)(session)
        except AppError:
            pass  # not everything can follow everything: a refusal changes nothing

    def locked(self, session: Any) -> Ticket:
        query = sa.select(Ticket).where(Ticket.id == self.ticket_id).with_for_update()
        return session.scalars(query.execution_options(populate_existing=True)).one()

    def reply(self, _session: Any) -> None:
        tickets.add_comment(self.ticket_id, "Answer", actor=self.make.actor(self.ana))

    def undo(self, _session: Any) -> None:
        self.withdraw(Comment.seq.desc())

    def undo_first(self, _session: Any) -> None:
        self.withdraw(Comment.seq.asc())

    def note(self, _session: Any) -> None:
        tickets.add_comment(self.ticket_id, "Between us", kind="note")

    def ask(self, session: Any) -> None:
        actor = Actor(
            "customer", self.customer_id, self.workspace.id, "Maria", "customer", door="socket", inbox_id=None
        )
        write_comment(self.locked(session), CommentDraft("And?"), session=session, actor=actor)

    def pend(self, _session: Any) -> None:
        tickets.update_ticket(self.ticket_id, status="pending")

    def work(self, _session: Any) -> None:
        tickets.update_ticket(self.ticket_id, status="in_progress")

    def resolve(self, _session: Any) -> None:
        tickets.update_ticket(self.ticket_id, status="resolved")

    def reopen(self, _session: Any) -> None:
        tickets.update_ticket(self.ticket_id, status="open")

    def take(self, _session: Any) -> None:
        tickets.assign_ticket(self.ticket_id, self.ana.id)

    def release(self, _session: Any) -> None:
        tickets.assign_ticket(self.ticket_id, None)

    def hurry(self, _session: Any) -> None:
        tickets.update_ticket(self.ticket_id, priority="critical")

    def relax(self, _session: Any) -> None:
        tickets.update_ticket(self.ticket_id, priority="low")

    def heat(self, _session: Any) -> None:
        tickets.add_tag(self.ticket_id, "hot")

    def cool(self, _session: Any) -> None:
        tickets.update_tags(self.ticket_id, remove=["hot"])

    def spam(self, _session: Any) -> None:
        tickets.mark_spam(self.ticket_id, True)

    def unspam(self, _session: Any) -> None:
        tickets.mark_spam(self.ticket_id, False)

    def delete(self, _session: Any) -> None:
        tickets.delete_ticket(self.ticket_id)

    def restore(self, _session: Any) -> None:
        tickets.restore_ticket(self.ticket_id)

    def wait(self, _session: Any) -> None:
        """Nothing but time."""


def acting_system() -> Actor:
    return Actor("system", None, None, "Parley", "system")


MOVES = [
    name
    for name in vars(World)
    if not name.startswith("_") and name not in ("begin", "do", "locked", "withdraw")
]


def check(world: World) -> None:
    db.session.expire_all()
    rules = rules_now()
    folded = sla.fold(read_history([world.ticket_id])[world.ticket_id], rules.policies, rules.hours)
    ticket = db.session.get(Ticket, world.ticket_id)
    live = load(ticket.sla_state).state.live
    latest = {clock.metric: clock for clock in folded}
    assert {metric: clock for metric, clock in live.items() if clock.verdict} == latest
    rows = {
        (row.metric, row.instance): (row.state, row.started_at, row.due_at, row.ended_at)
        for row in db.session.scalars(sa.select(SlaClock).where(SlaClock.ticket_id == world.ticket_id))
    }
    assert rows == {
        (one.metric, one.instance): (one.state, one.started_at, one.verdict.due_at, one.ended_at)
        for one in folded
    }
    running = [one.verdict.due_at for one in folded if one.ended_at is None and one.verdict.due_at]
    assert ticket.next_due_at == min(running, default=None)
    timer = sa.select(Timer.due_at).where(Timer.subject_id == world.ticket_id, Timer.kind == "sla.ring")
    due = db.session.scalar(timer)
    assert due is None or due > clock.now(), "nothing that was due is left"
    for row in db.session.scalars(sa.select(SlaClock).where(SlaClock.ticket_id == world.ticket_id)):
        if row.state == "active" and row.due_at <= clock.now():
            assert row.fired_at is not None, "every deadline that passed was announced"


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.booleans(),
    st.lists(
        st.tuples(st.sampled_from(MOVES), st.sampled_from((0.0, 0.5, 7.0, 29.0, 130.0, 700.0, 4000.0))),
        max_size=12,
    ),
)
def test_folding_any_random_history_gives_the_stored_deadlines(
    make: Any, session: Any, by_staff: bool, moves: list[tuple[str, float]]
) -> None:
    with clock.moved():
        world = World(make)
        with use_workspace(world.workspace.id):
            world.begin(by_staff)
            for name, minutes in moves:
                world.do(name, minutes)
                timers.fire_due()
            clock.advance(minutes=1)
            timers.fire_due()
            check(world)
