"""Policies as settings; open tickets recalculated after a change; past ones replayed under a draft."""

import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa

from webapp import clock as app_clock
from webapp.auth import SYSTEM, acting_as
from webapp.database import read_only, transaction, uuid7
from webapp.errors import Conflict, Forbidden, Invalid
from webapp.extensions import db
from webapp.models import Event, Job, SlaPolicy, Ticket
from webapp.schemas.sla import PolicyIn
from webapp.services import calendar as calendars
from webapp.services import ticket as tickets
from webapp.services.calendar.business import WEEKDAYS
from webapp.services.sla import create_policy, recalculation, replay, update_policy
from webapp.services.sla.memory import load
from webapp.services.sla.policy import load_policies, policy_of
from webapp.tasks import worker
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

HOUR = 3600
TIERS = ("free", "basic", "premium", "enterprise")
PRIORITIES = ("low", "medium", "high", "critical")
OFFICE = {day: [["09:00", "17:00"]] for day in WEEKDAYS[:5]}


def target(seconds, metric="first_response", clock="calendar"):
    return {
        "metric": metric,
        "clock": clock,
        "seconds": {priority: dict.fromkeys(TIERS, seconds) for priority in PRIORITIES},
    }


@pytest.fixture
def desk(make, session, clock):
    """An admin at work, and tickets that are a transaction each."""

    class Desk:
        boss = make.user(role="admin", name="Boss")
        agent = make.user(role="senior_agent", name="Ana")

        def __init__(self):
            self.actor = make.actor(self.boss)

        def open(self, priority="medium", title="Broken scanner"):
            with transaction():
                return tickets.create_ticket(title, "", "maria@example.com", priority, actor=SYSTEM)

        def reply(self, ticket):
            with transaction():
                tickets.add_comment(ticket.id, "We look into it", actor=make.actor(self.agent))

        def policy(self, **fields):
            with transaction():
                return create_policy(PolicyIn(**{"name": "Gold", "targets": [target(4 * HOUR)], **fields}))

    made = Desk()
    with use_workspace(made.boss.workspace_id), acting_as(made.actor):
        yield made


def fields_of(error):
    return [".".join(str(part) for part in item["loc"][1:]) for item in error.value.detail]


def events_of(ticket, name):
    query = sa.select(Event).where(Event.ticket_id == ticket.id, Event.name == name)
    return list(db.session.scalars(query.order_by(Event.ticket_seq)))


def test_reviews_are_for_admins(desk, make):
    given = PolicyIn(name="x", targets=[target(HOUR)])
    with acting_as(make.actor(desk.agent)):
        for refused in (
            recalculation.preview,
            recalculation.request_recalculation,
            lambda: replay.request_replay(given, 7),
        ):
            with pytest.raises(Forbidden), transaction():
                refused()


# --- which tickets it is for ----------------------------------------------------------------------


def test_tells_which_open_tickets_a_draft_is_the_first_to_fit(desk):
    high, low = desk.open("high", "Fire"), desk.open("low", "Dust")
    vip = policy_of(desk.policy(name="VIP", conditions={"priorities": ["high"]}))
    rest = policy_of(desk.policy(name="Rest"))

    with read_only():
        found = recalculation.matching_tickets([vip, rest], rest)
        assert (found["count"], found["looked"]) == (1, 2)
        assert [one["number"] for one in found["tickets"]] == [low.number, high.number]
        assert recalculation.matching_tickets([vip, rest], vip)["count"] == 1
        assert recalculation.matching_tickets([rest, vip], vip)["count"] == 0


def test_tells_which_deadlines_a_draft_would_move_and_moves_none(desk):
    made = desk.policy(targets=[target(4 * HOUR)])
    ticket = desk.open("low", "Dust")
    due = ticket.next_due_at
    same = policy_of(made)
    sooner = replay.draft_of(PolicyIn(name="Sooner", targets=[target(HOUR)]), made.id)
    narrow = replay.draft_of(
        PolicyIn(name="Narrow", targets=[target(HOUR)], conditions={"priorities": ["high"]}), made.id
    )

    with read_only():
        unmoved = recalculation.matching_tickets([same], same)
        moved = recalculation.matching_tickets([sooner], sooner)
        lost = recalculation.matching_tickets([narrow], narrow)

    assert (unmoved["count"], unmoved["moved"], unmoved["tickets"][0]["changes"]) == (1, 0, {})
    assert (moved["count"], moved["moved"]) == (1, 1)
    [before, after] = moved["tickets"][0]["changes"]["first_response"]
    assert before == app_clock.iso(due)
    assert after == app_clock.iso(due - timedelta(hours=3))
    assert (lost["count"], lost["moved"]) == (0, 1)
    assert lost["tickets"][0]["changes"]["first_response"] == [app_clock.iso(due), None]
    with read_only():
        assert db.session.get(Ticket, ticket.id).next_due_at == due


# --- recalculation --------------------------------------------------------------------------------


def test_a_preview_shows_what_moves_and_writes_nothing(desk, clock):
    made = desk.policy()
    ticket = desk.open()
    due = ticket.next_due_at
    with transaction():
        update_policy(made.id, PolicyIn(name="Gold", targets=[target(HOUR)]))

    with read_only():
        found = recalculation.preview()
    assert (found.looked, found.moved, found.is_partial) == (1, 1, False)
    changes = found.rows[0]["changes"]["first_response"]
    assert [change[:16] for change in changes] == [
        due.isoformat()[:16],
        (due - timedelta(hours=3)).isoformat()[:16],
    ]
    with read_only():
        assert db.session.get(Ticket, ticket.id).next_due_at == due
        assert events_of(ticket, "sla.recalculated") == []


def test_applying_moves_open_tickets_once_with_an_event_each(desk, clock):
    made = desk.policy()
    opened = [desk.open(title=f"Ticket {number}") for number in range(12)]
    answered = desk.open(title="Answered")
    desk.reply(answered)
    before = {ticket.id: ticket.next_due_at for ticket in opened}
    with transaction():
        update_policy(made.id, PolicyIn(name="Gold", targets=[target(HOUR)]))
        recalculation.request_recalculation()
    with pytest.raises(Conflict), transaction():
        recalculation.request_recalculation()

    assert worker.run_due() >= 1
    job = db.session.scalar(sa.select(Job).where(Job.type == recalculation.TYPE))
    assert (job.status, job.progress) == ("completed", 100)
    assert job.result == {"row_count": 13, "moved": 12}
    for ticket in opened:
        moved = db.session.get(Ticket, ticket.id, populate_existing=True)
        assert moved.next_due_at == before[ticket.id] - timedelta(hours=3)
        (event,) = events_of(ticket, "sla.recalculated")
        assert list(event.changes) == ["first_response"]
        assert load(moved.sla_state).state.seq == moved.last_seq, "the clocks know of the event"
    assert events_of(answered, "sla.recalculated") == []

    with transaction():
        recalculation.request_recalculation()
    worker.run_due()
    assert all(len(events_of(ticket, "sla.recalculated")) == 1 for ticket in opened), "done twice, moved once"


def test_a_holiday_moves_what_is_due_on_business_time(desk, clock):
    with transaction():
        office = calendars.create_calendar("Office", week={day: [["00:00", "00:00"]] for day in WEEKDAYS})
    desk.policy(calendar_id=office.id, targets=[target(30 * HOUR, clock="business")])
    ticket = desk.open()
    due = ticket.next_due_at
    assert timedelta(hours=30) <= due - ticket.created_at < timedelta(hours=30, seconds=1)
    with transaction():
        tomorrow = (ticket.created_at + timedelta(days=1)).date()
        calendars.add_holidays(office.id, [{"name": "Feast", "first_day": tomorrow}])
        recalculation.request_recalculation()
    worker.run_due()

    assert db.session.get(Ticket, ticket.id, populate_existing=True).next_due_at == due + timedelta(days=1)


# --- replay ---------------------------------------------------------------------------------------


def draft(**fields):
    return PolicyIn(**{"name": "Stricter", "targets": [target(2 * HOUR)], **fields})


def replayed(days=30, policy_id=None, **fields):
    with transaction():
        replay.request_replay(draft(**fields), days, policy_id=policy_id)
    worker.run_due()
    query = sa.select(Job).where(Job.type == replay.TYPE).order_by(Job.id.desc())
    job = db.session.scalar(query.execution_options(populate_existing=True))
    assert job.status == "completed", job.last_error
    return job.result


def test_a_replay_tells_what_a_draft_would_have_made_of_the_last_days(desk, clock):
    made = desk.policy()
    quick, slow, never = (desk.open(title=title) for title in ("Quick", "Slow", "Never"))
    clock.advance(hours=1)
    desk.reply(quick)
    clock.advance(hours=2)
    desk.reply(slow)
    before = {row.id: row.sla_state for row in db.session.scalars(sa.select(Ticket))}
    count = db.session.scalar(sa.select(sa.func.count()).select_from(Event))

    result = replayed(policy_id=made.id)

    assert (result["tickets"], result["skipped"], result["changed_count"]) == (3, 0, 2)
    assert result["metrics"]["first_response"] == {
        "before": {"met": 2, "breached": 0, "open": 1},
        "after": {"met": 1, "breached": 2, "open": 0},
    }
    moved = {row["title"]: row["moved"] for row in result["changed"]}
    assert moved == {
        "Slow": [{"metric": "first_response", "before": "met", "after": "breached"}],
        "Never": [{"metric": "first_response", "before": "open", "after": "breached"}],
    }
    db.session.expire_all()
    assert {row.id: row.sla_state for row in db.session.scalars(sa.select(Ticket))} == before
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Event)) == count
    assert db.session.get(SlaPolicy, made.id).name == "Gold"
    assert never.number == 3


def test_a_replay_under_the_same_policy_changes_nothing(desk, clock):
    made = desk.policy()
    desk.open()
    clock.advance(hours=5)
    result = replayed(policy_id=made.id, targets=[target(4 * HOUR)])
    assert result["changed_count"] == 0
    assert result["metrics"]["first_response"]["before"] == result["metrics"]["first_response"]["after"]


def test_a_replay_looks_at_the_last_days_only(desk, clock, monkeypatch):
    monkeypatch.setattr(replay, "first_id", lambda _: uuid.UUID(int=0))  # ids go by the real time
    desk.policy()
    desk.open()
    clock.advance(days=8)
    desk.open()

    assert replayed(days=7)["tickets"] == 1
    assert replayed(days=365)["tickets"] == 2


def test_ids_of_a_time_begin_a_day_before_it(clock):
    assert replay.first_id(app_clock.now()) < uuid7() < replay.first_id(app_clock.now() + timedelta(days=2))


@pytest.mark.parametrize("days", [0, -1, 366])
def test_a_replay_is_of_one_to_365_days(desk, days):
    with pytest.raises(Invalid) as refused, transaction():
        replay.request_replay(draft(), days)
    assert fields_of(refused) == ["days"]


def test_a_draft_stands_in_for_its_policy_or_goes_first(desk):
    one, two = policy_of(desk.policy(name="One")), policy_of(desk.policy(name="Two"))
    new, instead = replay.draft_of(draft(), None), replay.draft_of(draft(), two.id)

    assert replay.with_draft([one, two], new) == [new, one, two]
    assert replay.with_draft([one, two], instead) == [one, instead]
    assert replay.with_draft([one, two], instead, is_active=False) == [one]
    assert load_policies()[0].name == "One"


def test_a_promise_that_another_policy_makes_the_same_is_told_too(desk, clock):
    made = desk.policy()
    ticket = desk.open()
    due = ticket.next_due_at
    with transaction():
        update_policy(made.id, PolicyIn(name="Gold", is_active=False, targets=[target(4 * HOUR)]))
    desk.policy(name="Silver")
    with transaction():
        assert recalculation.recalculate([ticket.id]) == 1
    (event,) = events_of(ticket, "sla.recalculated")
    assert event.changes["first_response"] == [app_clock.iso(due)] * 2
    with transaction():
        assert recalculation.recalculate([ticket.id]) == 0
