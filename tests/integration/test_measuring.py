"""Reports come from the ledger: what is stored is what each ticket's events come to, however it got there."""

import dataclasses
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.test_sla_property import MOVES, World
from tests.support import slow_reports
from tests.support.slow_reports import Fact
from webapp import clock
from webapp.auth import acting_as
from webapp.database import transaction
from webapp.extensions import db
from webapp.models import Comment, Customer, Inbox, Measurement, Ticket
from webapp.services import inbox as inboxes
from webapp.services import report
from webapp.services import ticket as tickets
from webapp.services.customer import update_customer
from webapp.services.event import record
from webapp.tasks import timer as timers
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.fixture
def world(make: Any, session: Any) -> Any:
    with clock.moved(MONDAY):
        made = World(make)
        with use_workspace(made.workspace.id):
            made.begin(by_staff=False)
            yield made


def level() -> None:
    """Measures all there is to measure."""
    for _ in range(100):
        with transaction():
            if report.catch_up():
                return
    raise AssertionError("it never became level")


def rows(*kinds: str) -> list[Any]:
    query = sa.select(Measurement).order_by(Measurement.at, Measurement.kind, Measurement.instance)
    found = db.session.scalars(query.execution_options(populate_existing=True)).all()
    return [row for row in found if not kinds or row.kind in kinds]


def counted() -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows():
        found[row.kind] = found.get(row.kind, 0) + 1
    return found


def everything() -> list[tuple[Any, ...]]:
    columns = Measurement.__table__.columns.keys()
    return sorted(
        (tuple(getattr(row, name) for name in columns) for row in rows()), key=lambda row: str(row[1:4])
    )


def test_a_ticket_from_its_creation_to_its_resolution(world: World) -> None:
    began = clock.now()
    world.do("take", 10)
    world.do("reply", 5)
    world.do("resolve", 45)
    level()

    assert [row.at - began for row in rows("created", "assigned", "replied", "resolved")] == [
        timedelta(minutes=minutes) for minutes in (0, 10, 15, 60)
    ]
    durations = {row.kind: row.seconds for row in rows() if row.seconds is not None}
    resolution = dict.fromkeys(("requester_wait", "agent_work", "total"), 3600)
    assert durations == {"time_to_assignment": 600, "first_response": 900, **resolution}
    assert {row.agent_id for row in rows("replied", "resolved", "assigned")} == {world.ana.id}
    assert all(row.until is not None for row in rows("backlog"))


def as_facts() -> list[Any]:
    """What is stored, as the slow computation has it."""
    names = [field.name for field in dataclasses.fields(Fact)]
    found = []
    for row in rows():
        values = {name: getattr(row, name) for name in names}
        text = {name: str(value) for name, value in values.items() if isinstance(value, uuid.UUID)}
        found.append(Fact(**{**values, **text, "ticket_id": row.ticket_id}))
    return found


def in_order(found: list[Any]) -> list[str]:
    return sorted(repr(fact) for fact in found)


class Lives(World):
    """What else can happen to a ticket: it goes to a team, into another ticket and out of it again."""

    def begin(self, by_staff: bool) -> None:
        super().begin(by_staff)
        with transaction(), acting_as(self.make.actor(self.boss)):
            customer = db.session.get(Customer, self.customer_id)
            self.other_id = tickets.create_ticket("Other", customer=customer).id
        self.team = self.make.team(self.ana, workspace=self.workspace)

    def team_up(self, _session: Any) -> None:
        tickets.update_ticket(self.ticket_id, team_id=self.team.id)

    def merge(self, _session: Any) -> None:
        tickets.merge_ticket(self.ticket_id, self.other_id)

    def unmerge(self, _session: Any) -> None:
        tickets.unmerge_ticket(self.ticket_id)

    def boss_takes(self, _session: Any) -> None:
        tickets.assign_ticket(self.ticket_id, self.boss.id)

    def hold(self, _session: Any) -> None:
        tickets.update_ticket(self.ticket_id, status="pending", pending_on="third_party")

    def upgrade(self, _session: Any) -> None:
        update_customer(self.customer_id, tier="enterprise")

    def measure(self, _session: Any) -> None:
        report.catch_up()


LIFE = [*MOVES, *(name for name in vars(Lives) if not name.startswith("_") and name != "begin")]


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.booleans(),
    st.lists(
        st.tuples(st.sampled_from(LIFE), st.sampled_from((0.0, 0.5, 7.0, 29.0, 130.0, 700.0, 4000.0))),
        max_size=14,
    ),
)
def test_what_is_stored_of_any_random_history_is_what_a_slow_computation_finds_in_the_ledger(
    make: Any, session: Any, by_staff: bool, moves: list[tuple[str, float]]
) -> None:
    with clock.moved(MONDAY):
        world = Lives(make)
        with use_workspace(world.workspace.id):
            world.begin(by_staff)
            for name, minutes in moves:
                world.do(name, minutes)
                timers.fire_due()
            level()
            stored = everything()

            assert in_order(as_facts()) == in_order(slow_reports.facts())

            with transaction():
                db.session.execute(sa.delete(Measurement).execution_options(synchronize_session=False))
                assert report.rebuild().is_done
            assert everything() == stored


# --- the definitions, one by one ------------------------------------------------------------------


def minutes_of(found: list[Any]) -> list[int]:
    return [int((row.at - MONDAY).total_seconds() // 60) for row in found]


def test_what_is_reopened_has_no_resolution_time_until_it_is_resolved_again(world: World) -> None:
    world.do("resolve", 10)
    world.do("reopen", 20)
    level()
    assert [len(rows(kind)) for kind in ("resolved", "reopened", "total")] == [1, 1, 0]

    world.do("pend", 5)
    world.do("resolve", 60)
    level()

    assert minutes_of(rows("resolved")) == [10, 95]
    assert [row.seconds // 60 for row in rows("total", "requester_wait")] in ([95, 15], [15, 95])


def test_trash_and_spam_are_in_no_figure_and_come_back_with_the_ticket(world: World) -> None:
    world.do("reply", 10)
    level()
    before = counted()
    for away, back in (("spam", "unspam"), ("delete", "restore")):
        world.do(away, 5)
        level()
        assert rows() == []
        world.do(back, 5)
        level()
        assert {kind: number for kind, number in counted().items() if kind in ("created", "replied")} == {
            "created": 1,
            "replied": 1,
        }
    assert before["replied"] == 1
    assert rows("resolved", "reopened") == [], "nobody has solved it"
    stretches = [(row.at, row.until) for row in rows("backlog")]
    assert len(stretches) == 3
    assert stretches[-1][1] is None


def test_a_reply_that_is_taken_back_was_never_given(world: World) -> None:
    world.do("reply", 10)
    level()
    assert len(rows("replied", "first_response")) == 2

    with transaction() as session, acting_as(world.make.actor(world.ana)):
        comment = session.scalars(sa.select(Comment).where(Comment.author_id == world.ana.id)).one()
        ticket = world.locked(session)
        comment.withdrawn_at = clock.now()
        record("comment.withdrawn", ticket=ticket, changes={"comment_seq": [comment.seq, None]})
    level()

    assert rows("replied", "first_response") == []


def test_a_merged_ticket_is_measured_until_its_merging(make: Any, session: Any) -> None:
    with clock.moved(MONDAY):
        world = Lives(make)
        with use_workspace(world.workspace.id):
            world.begin(by_staff=False)
            world.do("merge", 30)
            level()
            mine = [row for row in rows() if row.ticket_id == world.ticket_id]
            assert {row.kind for row in mine} == {"created", "backlog"}
            assert [(row.until - row.at).total_seconds() for row in mine if row.until] == [1800]


def test_a_stretch_of_backlog_ends_with_what_it_can_be_filtered_by(world: World) -> None:
    world.do("take", 10)
    world.do("hurry", 10)
    world.do("note", 10)
    world.do("release", 10)
    world.do("resolve", 10)
    level()

    found = [(row.priority, row.agent_id is not None) for row in rows("backlog")]
    assert found == [("medium", False), ("medium", True), ("critical", True), ("critical", False)]
    moments = [(row.at, row.until) for row in rows("backlog")]
    assert [end for _, end in moments[:-1]] == [begin for begin, _ in moments[1:]]


def test_a_promise_is_a_breach_in_the_future_until_it_is_kept(world: World) -> None:
    level()
    (promise,) = rows("sla.first_response")
    assert (promise.outcome, promise.until) == ("breached", None)
    due = promise.at
    assert due > clock.now()

    world.do("reply", 10)
    level()

    (kept,) = rows("sla.first_response")
    assert (kept.outcome, kept.at, kept.agent_id) == ("met", clock.now(), world.ana.id)
    assert kept.until == due


def test_a_promise_that_was_kept_too_late_says_how_late(world: World) -> None:
    level()
    due = rows("sla.first_response")[0].at
    world.do("reply", (due - MONDAY).total_seconds() / 60 + 12)
    timers.fire_due()
    level()

    (late,) = rows("sla.first_response")
    assert (late.outcome, late.at, late.until, late.seconds) == ("breached", due, clock.now(), 12 * 60)


def test_business_seconds_go_by_the_hours_that_the_inbox_had_then(make: Any, session: Any) -> None:
    """Monday's office hours begin at ten; later they are changed, and the past stays as it was."""
    workspace = make.workspace()
    boss = make.user(role="admin", workspace=workspace)
    inbox = make.inbox(workspace=workspace, hours={"mon": [["10:00", "12:00"]]}, timezone="UTC")
    with clock.moved(MONDAY), use_workspace(workspace.id), acting_as(make.actor(boss)):
        with transaction() as open_session:
            house = open_session.get(Inbox, inbox.id)
            first, second = (
                tickets.create_ticket(title, "", "maria@example.com", inbox=house).id for title in "AB"
            )
        clock.advance(hours=2)
        with transaction():
            tickets.update_ticket(first, status="resolved")
        clock.advance(minutes=1)
        with transaction():
            inboxes.update_inbox(inbox.id, hours={"mon": [["09:00", "10:30"]]})
        clock.advance(minutes=1)
        with transaction():
            tickets.update_ticket(second, status="resolved")
        level()
        spent = {row.ticket_id: (row.seconds // 60, row.business_seconds // 60) for row in rows("total")}
        assert spent == {first: (120, 60), second: (122, 90)}
        assert in_order(as_facts()) == in_order(slow_reports.facts())


@pytest.mark.parametrize("events", ["none", "a beginning that says nothing", "a change"])
def test_a_ticket_that_came_without_its_ledger_is_measured_from_its_row(
    make: Any, session: Any, events: str
) -> None:
    workspace = make.workspace()
    customer = make.customer(workspace=workspace)
    with use_workspace(workspace.id), acting_as(make.actor(make.user(role="admin", workspace=workspace))):
        with transaction() as open_session:
            row = {"title": "Imported", "channel": "email", "status": "closed", "priority": "high"}
            ticket = Ticket(number=7, customer_id=customer.id, **row)
            open_session.add(ticket)
            open_session.flush()
            if events == "a beginning that says nothing":
                record("ticket.created", ticket=ticket, changes={"number": [None, 7]})
            if events == "a change":
                record("ticket.updated", ticket=ticket, changes={"priority": ["low", "high"]})
        with transaction():
            assert report.rebuild().is_done

        (created,) = rows("created")
        assert created.priority == ("low" if events == "a change" else "high")
        assert rows("backlog", "resolved") == []


def test_figures_say_until_when_they_go(world: World) -> None:
    world.do("reply", 10)
    began = clock.now()
    clock.advance(minutes=5)
    assert report.measured_until() < began
    level()
    assert report.measured_until() == clock.now()


def test_nothing_is_written_again_for_what_has_not_changed(world: World) -> None:
    level()
    world.do("note", 5)  # touches the ticket, and no figure
    with transaction() as session:
        statements: list[str] = []
        sa.event.listen(
            session.connection(), "before_cursor_execute", lambda *given: statements.append(given[2])
        )
        assert report.catch_up()

    assert statements
    assert not [text for text in statements if "measurements" in text and not text.startswith("SELECT")]
