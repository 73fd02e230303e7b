"""Service levels: clocks that move with the ledger, deadlines that fire once, and what follows from them."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from webapp import clock as app_clock
from webapp.auth import acting_as
from webapp.database import transaction
from webapp.models import Event, Notification, SlaClock, SlaPolicy, Ticket, Timer
from webapp.services import calendar as calendars
from webapp.services import escalation, sla
from webapp.services import ticket as tickets
from webapp.services.sla.clocks import read_history, rules_now
from webapp.services.sla.explain import DASH, explain
from webapp.services.sla.memory import load
from webapp.tasks import timer as timers
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

HOUR = timedelta(hours=1)
TIERS = ("free", "basic", "premium", "enterprise")
PRIORITIES = ("low", "medium", "high", "critical")


def every(seconds: int) -> dict[str, dict[str, int]]:
    return {priority: dict.fromkeys(TIERS, seconds) for priority in PRIORITIES}


@pytest.fixture
def desk(make: Any, session: Any, clock: Any) -> Iterator[Any]:
    """A workspace with an agent, a customer, and verbs that are a transaction each."""

    class Desk:
        workspace = make.workspace()
        ana = make.user(role="agent", name="Ana")
        boss = make.user(role="admin", name="Boss")
        maria = make.customer(name="Maria", email="maria@example.com")

        def open(self, priority: str = "medium") -> Ticket:
            with transaction():
                return tickets.create_ticket("Broken scanner", "", "maria@example.com", priority)

        def reply(self, ticket: Ticket) -> None:
            with transaction():
                tickets.add_comment(ticket.id, "We look into it", actor=make.actor(self.ana))

        def hear(self, ticket: Ticket) -> None:
            from webapp.services.ticket.comment import CommentDraft, write_comment

            actor = make.actor(self.ana)
            customer = type(actor)(
                kind="customer", id=self.maria.id, workspace_id=actor.workspace_id, name="M", role="customer"
            )
            with transaction() as own:
                locked = own.get(Ticket, ticket.id, with_for_update=True)
                write_comment(locked, CommentDraft("And now?"), session=own, actor=customer)

        def change(self, ticket: Ticket, **changes: Any) -> None:
            with transaction():
                tickets.update_ticket(ticket.id, actor=make.actor(self.boss), **changes)

        def take(self, ticket: Ticket, agent: Any = "ana") -> None:
            agent_id = self.ana.id if agent == "ana" else agent
            with transaction():
                tickets.assign_ticket(ticket.id, agent_id, actor=make.actor(self.boss))

        def policy(self, **fields: Any) -> SlaPolicy:
            fields = {"name": f"Policy {uuid.uuid4().hex[:6]}", "targets": [], **fields}
            with transaction() as own:
                made = SlaPolicy(**fields)
                own.add(made)
            return made

    with use_workspace(Desk.workspace.id):
        yield Desk()


def clocks(session: Any, ticket: Ticket) -> dict[tuple[str, int], SlaClock]:
    session.expire_all()
    rows = session.scalars(sa.select(SlaClock).where(SlaClock.ticket_id == ticket.id))
    return {(row.metric, row.instance): row for row in rows}


def fired(session: Any) -> int:
    """Lets what is due go off; how many alarms that were."""
    query = sa.select(sa.func.count(Event.id)).where(Event.name.in_(("sla.warned", "sla.breached")))
    before = session.scalar(query)
    timers.fire_due()
    return int(session.scalar(query) - before)


def names(session: Any, ticket: Ticket) -> list[str]:
    query = sa.select(Event.name).where(Event.ticket_id == ticket.id).order_by(Event.ticket_seq)
    return list(session.scalars(query))


def test_a_new_ticket_is_due_by_its_priority_before_its_transaction_ends(desk: Any, session: Any) -> None:
    with transaction():
        made = tickets.create_ticket("No power", "", "ann@example.com", "critical")
        assert made.next_due_at is not None
        assert abs(made.next_due_at - made.created_at - HOUR) < timedelta(seconds=1)
        assert made.sla["metric"] == "time_to_assignment"
    row = clocks(session, made)["time_to_assignment", 1]
    assert (row.state, row.target_seconds, row.due_at) == ("active", 3600, made.next_due_at)


@pytest.mark.parametrize("priority, hours", [("critical", 1), ("high", 4), ("medium", 24), ("low", 72)])
def test_the_standard_policy_gives_the_contracts_hours(desk: Any, priority: str, hours: int) -> None:
    assert sla.calculate_sla_hours(priority) == hours
    left = sla.calculate_sla_remaining(desk.open(priority))
    assert timedelta(hours=hours) - timedelta(seconds=5) < left <= timedelta(hours=hours)


def test_remaining_time_is_negative_once_it_is_over(desk: Any, clock: Any) -> None:
    ticket = desk.open("critical")
    clock.advance(minutes=90)
    assert -timedelta(minutes=31) < sla.calculate_sla_remaining(ticket) < -timedelta(minutes=29)


def test_a_ticket_with_an_older_date_counts_from_that(desk: Any, session: Any) -> None:
    ticket = desk.open("high")
    ticket.created_at -= timedelta(hours=5)
    session.flush()
    assert sla.find_sla_breaches() == [ticket]
    fresh = Ticket(priority="critical", created_at=app_clock.now() - timedelta(minutes=30))
    assert timedelta(minutes=29) < sla.calculate_sla_remaining(fresh) < timedelta(minutes=31)


def test_only_a_ticket_that_nobody_took_in_time_is_in_breach(desk: Any, clock: Any) -> None:
    late, taken, relaxed = desk.open("critical"), desk.open("critical"), desk.open("low")
    desk.take(taken)
    clock.advance(hours=2)
    assert [ticket.id for ticket in sla.find_sla_breaches()] == [late.id]
    desk.take(late)
    assert sla.find_sla_breaches() == []
    assert relaxed.next_due_at is not None


def test_overdue_tickets_go_up_one_priority_once(desk: Any, session: Any, clock: Any) -> None:
    low, critical = desk.open("low"), desk.open("critical")
    clock.advance(hours=73)
    with transaction():
        assert escalation.escalate_overdue_tickets() == 2
    assert (low.priority, low.escalated) == ("medium", True)
    assert (critical.priority, critical.escalated) == ("critical", True)
    with transaction():
        assert escalation.escalate_overdue_tickets() == 0
    assert fired(session) == 0
    assert low.priority == "medium"


def test_r12_a_deadline_fires_once_and_says_so(desk: Any, session: Any, clock: Any) -> None:
    ticket = desk.open("high")
    assert fired(session) == 0
    clock.advance(hours=4, seconds=1)
    assert fired(session) == 1
    assert fired(session) == 0
    heard = names(session, ticket)
    assert (heard.count("sla.breached"), heard.count("ticket.escalated")) == (1, 1)
    row = clocks(session, ticket)["time_to_assignment", 1]
    assert row.breached_at == row.due_at
    assert row.fired_at - row.due_at < timedelta(seconds=2)
    assert (ticket.priority, ticket.escalated) == ("critical", True)
    assert row.target_seconds == 4 * 3600, "a deadline that has passed does not move with the priority"


def test_a_ticket_taken_in_time_fires_nothing(desk: Any, session: Any, clock: Any) -> None:
    ticket = desk.open("critical")
    clock.advance(minutes=59)
    desk.take(ticket)
    clock.advance(hours=10)
    assert fired(session) == 0
    assert clocks(session, ticket)["time_to_assignment", 1].state == "met"
    assert session.scalar(sa.select(sa.func.count(Timer.id)).where(Timer.kind == "sla.ring")) == 0


REPLIES = [
    {"metric": "first_response", "clock": "calendar", "seconds": every(600)},
    {"metric": "next_response", "clock": "calendar", "seconds": every(300)},
]


def test_first_and_next_response_by_their_definitions(desk: Any, session: Any, clock: Any) -> None:
    desk.policy(targets=REPLIES)
    ticket = desk.open()
    clock.advance(minutes=4)
    desk.change(ticket, status="pending")
    desk.reply(ticket)
    assert clocks(session, ticket)["first_response", 1].state == "met"
    clock.advance(minutes=1)
    desk.hear(ticket)
    asked_at = session.get(Ticket, ticket.id).next_due_at - timedelta(seconds=300)
    clock.advance(minutes=2)
    desk.hear(ticket)
    assert session.get(Ticket, ticket.id).next_due_at == asked_at + timedelta(seconds=300), "the oldest one"
    clock.advance(minutes=4)
    desk.reply(ticket)
    rows = clocks(session, ticket)
    assert rows["next_response", 1].state == "breached"
    assert rows["next_response", 1].breached_at == rows["next_response", 1].due_at
    desk.hear(ticket)
    assert clocks(session, ticket)["next_response", 2].state == "active"


def test_resolution_clocks_pause_by_their_definitions(desk: Any, session: Any, clock: Any) -> None:
    desk.policy(
        targets=[
            {"metric": metric, "clock": "calendar", "seconds": every(3600)}
            for metric in ("requester_wait", "agent_work", "total")
        ]
    )
    ticket = desk.open()
    clock.advance(minutes=10)
    desk.change(ticket, status="pending")
    rows = clocks(session, ticket)
    states = {metric: row.state for (metric, _), row in rows.items()}
    assert states == {"requester_wait": "paused", "agent_work": "paused", "total": "active"}
    assert 2990 <= rows["agent_work", 1].remaining_seconds <= 3000
    assert rows["agent_work", 1].due_at is None
    clock.advance(hours=2)
    desk.change(ticket, status="in_progress")
    ticket = session.get(Ticket, ticket.id)
    clock.advance(minutes=49)
    desk.change(ticket, status="resolved")
    states = {metric: row.state for (metric, _), row in clocks(session, ticket).items()}
    assert states == {"requester_wait": "met", "agent_work": "met", "total": "breached"}


def test_warnings_and_the_ladder_go_off_in_their_order(
    desk: Any, session: Any, clock: Any, make: Any
) -> None:
    team = make.team(desk.ana, lead_id=desk.boss.id)
    desk.policy(
        targets=[{"metric": "first_response", "clock": "calendar", "seconds": every(3600)}],
        warnings=[{"percent": 50}, {"minutes": 10}],
        ladder=[
            {"on": "warning", "warning": 1, "delay_minutes": 0, "actions": [{"do": "tag", "tag": "hot"}]},
            {
                "on": "breach",
                "delay_minutes": 30,
                "actions": [
                    {"do": "raise_priority"},
                    {"do": "reassign", "agent_id": str(desk.ana.id), "team_id": str(team.id)},
                    {"do": "alert_team_lead"},
                    {"do": "notify", "user_ids": [str(desk.ana.id)]},
                ],
            },
        ],
    )
    ticket = desk.open()
    steps = []
    for minutes in (29, 2, 18, 2, 8, 2, 28, 2):
        clock.advance(minutes=minutes)
        timers.fire_due()
        steps.append([name for name in names(session, ticket) if name != "ticket.created"])
    assert steps[0] == []
    assert steps[1] == steps[2] == ["sla.warned"]
    assert steps[3] == steps[4] == ["sla.warned", "sla.warned", "ticket.escalated", "ticket.tagged"]
    assert steps[5] == steps[6] == [*steps[4], "sla.breached"]
    assert steps[7][5:7] == ["ticket.escalated", "ticket.assigned"]
    ticket = session.get(Ticket, ticket.id)
    assert (ticket.priority, ticket.assigned_agent_id, ticket.team_id) == ("high", desk.ana.id, team.id)
    assert ticket.tags == ["hot"]
    told = {tuple(row) for row in session.execute(sa.select(Notification.kind, Notification.user_id))}
    assert {("escalation", desk.boss.id), ("escalation", desk.ana.id), ("sla_breached", desk.boss.id)} <= told


def test_a_step_that_cannot_be_done_does_not_stop_the_others(desk: Any, session: Any, clock: Any) -> None:
    actions = [{"do": "reassign", "agent_id": str(uuid.uuid4())}, {"do": "tag", "tag": "late"}]
    desk.policy(
        targets=[{"metric": "first_response", "clock": "calendar", "seconds": every(60)}],
        ladder=[{"on": "breach", "delay_minutes": 0, "actions": actions}],
    )
    ticket = desk.open()
    clock.advance(minutes=2)
    assert fired(session) == 1
    assert session.get(Ticket, ticket.id).tags == ["late"]


def test_a_changed_policy_reaches_running_clocks_by_a_refresh(desk: Any, session: Any, clock: Any) -> None:
    policy = desk.policy(targets=[{"metric": "total", "clock": "calendar", "seconds": every(60)}])
    ticket = desk.open()
    clock.advance(minutes=2)
    assert fired(session) == 1
    with transaction():
        policy.targets = [{"metric": "total", "clock": "calendar", "seconds": every(600)}]
        session.flush()
        sla.refresh(ticket)
    row = clocks(session, ticket)["total", 1]
    assert (row.target_seconds, row.breached_at) == (600, None)
    clock.advance(minutes=9)
    assert fired(session) == 1, "a deadline that was put off comes again"
    assert names(session, ticket).count("sla.breached") == 2


def test_another_tier_reaches_the_customers_open_tickets(desk: Any, session: Any, make: Any) -> None:
    grid = {priority: {"basic": 7200, "enterprise": 3600} for priority in PRIORITIES}
    desk.policy(targets=[{"metric": "total", "clock": "calendar", "seconds": grid}])
    ticket = desk.open()
    assert clocks(session, ticket)["total", 1].target_seconds == 7200
    from webapp.services.event import record

    with transaction():
        ticket.customer.tier = "enterprise"
        changes = {"tier": ["basic", "enterprise"]}
        record("customer.updated", subject_id=ticket.customer_id, changes=changes)
    timers.fire_due()
    assert clocks(session, ticket)["total", 1].target_seconds == 3600
    assert names(session, ticket)[-1] == "ticket.tier_changed"


def test_a_ticket_in_the_trash_owes_nothing_until_it_is_restored(desk: Any, session: Any, make: Any) -> None:
    ticket = desk.open()
    with transaction(), acting_as(make.actor(desk.boss)):
        tickets.delete_ticket(ticket.id)
    assert clocks(session, ticket)["time_to_assignment", 1].state == "dropped"
    assert session.get(Ticket, ticket.id).next_due_at is None
    with transaction(), acting_as(make.actor(desk.boss)):
        tickets.restore_ticket(ticket.id)
    assert clocks(session, ticket)["time_to_assignment", 2].state == "active"


def test_tickets_older_than_service_levels_get_their_clocks_with_their_next_event(
    desk: Any, session: Any
) -> None:
    ticket = desk.open("high")
    due = ticket.next_due_at
    with transaction():
        session.execute(sa.delete(SlaClock))
        ticket.sla_state = ticket.next_due_at = ticket.sla = None
    desk.change(ticket, title="Older")
    assert session.get(Ticket, ticket.id).next_due_at == due
    assert clocks(session, ticket)["time_to_assignment", 1].due_at == due


def stored_as_folded(session: Any, ticket_id: uuid.UUID) -> None:
    """What is stored is what folding the whole ledger gives."""
    rules = rules_now()
    folded = sla.fold(read_history([ticket_id])[ticket_id], rules.policies, rules.hours)
    session.expire_all()
    ticket = session.get(Ticket, ticket_id)
    kept = load(ticket.sla_state).state.live
    assert {clock.metric: clock for clock in kept.values() if clock.verdict} == {
        clock.metric: clock for clock in folded
    }
    rows = clocks(session, ticket)
    seen = {(clock.metric, clock.instance): (clock.state, clock.verdict.due_at) for clock in folded}
    assert {key: (row.state, row.due_at) for key, row in rows.items()} == seen
    running = [clock.verdict.due_at for clock in folded if clock.ended_at is None and clock.verdict.due_at]
    assert ticket.next_due_at == min(running, default=None)


# --- explained ------------------------------------------------------------------------------------

BERLIN = "Europe/Berlin"
OFFICE = {"mon": [["09:00", "12:00"], ["13:00", "17:00"]], "tue": [["09:00", "12:00"], ["13:00", "17:00"]]}


def berlin(hour: int, minute: int = 0) -> datetime:
    """A time on Monday, 23 November 2026."""
    return datetime(2026, 11, 23, hour, minute, tzinfo=ZoneInfo(BERLIN))


@pytest.fixture
def office(desk: Any, make: Any) -> Any:
    """A desk whose resolution is promised in three hours of office time."""
    with transaction(), acting_as(make.actor(desk.boss)):
        calendar = calendars.create_calendar("Office", timezone=BERLIN, week=OFFICE)
    target = {"metric": "agent_work", "clock": "business", "seconds": every(3 * 3600)}
    desk.policy(name="Office", targets=[target], calendar_id=calendar.id)
    return desk


def told(desk: Any, make: Any, ticket: Ticket) -> dict[str, Any]:
    with acting_as(make.actor(desk.ana)):
        return explain(ticket.id, "agent_work", timezone=BERLIN)[0]


def test_a_clock_gives_an_account_of_itself(office: Any, session: Any, make: Any) -> None:
    with app_clock.moved(berlin(9, 2)):
        ticket = office.open()
    with app_clock.moved(berlin(10, 15)):
        office.change(ticket, status="pending")
    with app_clock.moved(berlin(11)):
        assert told(office, make, ticket)["sentence"] == (
            "Started 09:02, paused since 10:15 while pending, 1 h 47 min left"
        )
    with app_clock.moved(berlin(11, 30)):
        office.change(ticket, status="in_progress")
        account = told(office, make, ticket)
    assert account["sentence"] == (
        f"Started 09:02, paused 10:15{DASH}11:30 while pending, closed 12:00{DASH}13:00, due 14:17"
    )
    assert [step["kind"] for step in account["steps"]] == ["started", "paused", "closed", "due"]
    assert session.get(Ticket, ticket.id).next_due_at == berlin(14, 17)
    with app_clock.moved(berlin(15, 17)):
        assert told(office, make, ticket)["sentence"].endswith("due 14:17, 1 h over")
        office.change(ticket, status="resolved")
        account = told(office, make, ticket)
    assert account["sentence"].endswith("due 14:17, resolved 15:17, 1 h too late")
    assert (account["state"], account["over_seconds"]) == ("breached", 3600)


def test_an_account_names_the_day_where_it_is_another(office: Any, make: Any) -> None:
    with app_clock.moved(berlin(16)):
        account = told(office, make, office.open())
    assert account["sentence"] == f"Started 16:00, closed 17:00{DASH}Tue 24 Nov 09:00, due Tue 24 Nov 11:00"


def test_an_account_tells_what_was_promised_then(office: Any, session: Any, make: Any) -> None:
    with app_clock.moved(berlin(9)):
        ticket = office.open()
    with app_clock.moved(berlin(10)):
        office.change(ticket, status="resolved")
        with transaction() as own:
            policy = own.scalars(sa.select(SlaPolicy)).one()
            policy.targets = [{**policy.targets[0], "seconds": every(60)}]
        account = told(office, make, ticket)
    assert account["sentence"] == "Started 09:00, resolved 10:00, in time, due 12:00"


def test_accounts_are_served_in_the_readers_time_zone(app: Any, make: Any, visitor: Any, agent: Any) -> None:
    make.workspace()
    desk, ticket = agent(make.user()), visitor(make.inbox()).write("Hello")["ticket"]
    found = desk.get(f"tickets/{ticket['id']}/sla", timezone="Asia/Kathmandu").json["clocks"]
    assert [clock["metric"] for clock in found] == ["time_to_assignment"]
    assert found[0]["target"] == "1 d"
    assert found[0]["sentence"].startswith("Started ")
    assert desk.get(f"tickets/{ticket['number']}/sla", metric="total").json == {"clocks": []}
    for bad in ({"timezone": "Mars/Base"}, {"timezone": "../etc/passwd"}, {"metric": "luck"}):
        answer = desk.get(f"tickets/{ticket['id']}/sla", **bad)
        assert (answer.status_code, answer.json["detail"][0]["loc"][-1]) == (422, next(iter(bad)))
