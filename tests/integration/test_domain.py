"""The domain's contract, row by row, by the names that it gives. What belongs to later doors is not here."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from webapp import models
from webapp.auth import acting_as, check_permission
from webapp.cache import agent_cache, customer_cache, ticket_cache
from webapp.database import transaction
from webapp.models import Job, SlaClock, Ticket
from webapp.services import assignment, email, escalation, notification, sla
from webapp.services import ticket as tickets
from webapp.services.notification import NotificationService
from webapp.services.ticket import TicketService
from webapp.tasks.email import process_ticket_notifications
from webapp.tenancy import NoWorkspace, use_workspace
from webapp.validators import is_valid_email, validate_email_detailed

pytestmark = pytest.mark.integration

MODELS = [
    "Workspace",
    "User",
    "UserSession",
    "Team",
    "Inbox",
    "Organization",
    "Customer",
    "Ticket",
    "Comment",
    "Attachment",
    "Event",
    "SlaPolicy",
    "SlaClock",
    "Calendar",
    "Job",
]
TICKET_FIELDS = [
    "number",
    "title",
    "description",
    "channel",
    "inbox",
    "priority",
    "status",
    "category",
    "customer",
    "customer_id",
    "customer_email",
    "team_id",
    "assigned_agent_id",
    "assigned_at",
    "escalated",
    "snoozed_until",
    "external_id",
    "metadata_",
    "comments",
    "comment_count",
    "created_at",
    "updated_at",
    "is_urgent",
    "to_dict",
]


@pytest.fixture
def workspace(make: Any, session: Any) -> Iterator[Any]:
    """A workspace, entered."""
    made = make.workspace()
    with use_workspace(made.id):
        yield made


@pytest.fixture
def agents(make: Any, workspace: Any) -> list[Any]:
    return [make.user(role="agent", workspace=workspace) for _ in range(3)]


def new(title: str = "Cannot login", **fields: Any) -> Ticket:
    with transaction() as session:
        return TicketService(session).create_ticket(title, "It says no", "ann@example.com", **fields)


def fresh(session: Any, ticket: Ticket) -> Ticket:
    found = session.get(Ticket, ticket.id, populate_existing=True)
    assert found is not None
    return found


@pytest.mark.parametrize("name", MODELS)
def test_the_model_is_there(name: str) -> None:
    assert hasattr(models, name)


@pytest.mark.parametrize("field", TICKET_FIELDS)
def test_a_ticket_has_the_field(field: str) -> None:
    assert hasattr(Ticket, field)


def test_touching_a_tenants_model_outside_a_workspace_is_refused(session: Any) -> None:
    with pytest.raises(NoWorkspace):
        session.scalars(sa.select(Ticket)).all()


def test_naive_times_are_utc_and_come_back_aware(session: Any, workspace: Any) -> None:
    ticket = new()
    with transaction():
        fresh(session, ticket).snoozed_until = datetime(2026, 5, 1, 12)  # noqa: DTZ001 - that is the point
    assert fresh(session, ticket).snoozed_until == datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_a_new_ticket_has_its_customer_its_clocks_its_event_and_tells_the_customer(
    session: Any, workspace: Any
) -> None:
    ticket = new("Printer on fire")
    assert ticket.customer.email == "ann@example.com"
    assert session.scalars(sa.select(SlaClock).where(SlaClock.ticket_id == ticket.id)).all()
    names = session.scalars(sa.select(models.Event.name).where(models.Event.ticket_id == ticket.id)).all()
    assert "ticket.created" in names
    subjects = [str(job.params) for job in session.scalars(sa.select(Job).where(Job.type.like("email%")))]
    assert any("Printer on fire" in subject for subject in subjects) or process_ticket_notifications(
        ticket.id
    )


def test_clocks_start_before_the_commit(session: Any, workspace: Any) -> None:
    with transaction():
        made = tickets.create_ticket("Soon", "", "ann@example.com", "critical")
        assert session.scalars(sa.select(SlaClock).where(SlaClock.ticket_id == made.id)).all()


def test_several_updates_at_once_all_take_effect(session: Any, workspace: Any) -> None:
    ticket = new()
    with transaction():
        tickets.update_ticket(ticket.id, priority="high")
        tickets.update_ticket(ticket.id, category="Billing")
        tickets.add_comment(ticket.id, "On it", kind="note")
    found = fresh(session, ticket)
    assert (found.priority, found.category, found.comment_count) == ("high", "Billing", 1)


def test_a_status_change_queues_a_mail_by_that_statuss_template(
    session: Any, workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket, sent = new(), []

    def keep(to: str, template_name: str, template_data: dict[str, Any], **_: Any) -> None:
        sent.append((to, template_name, template_data))

    monkeypatch.setattr(email, "send_email", keep)
    with transaction():
        tickets.update_ticket_status(ticket.id, "resolved")
    told = [(to, name, data) for to, name, data in sent if "resolved" in name]
    assert told, sent
    assert told[0][0] == "ann@example.com"
    assert str(told[0][2]["ticket_id"]) == str(ticket.id)


def test_assigning_sets_the_status_the_time_and_tells_the_agent(
    session: Any, workspace: Any, agents: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket, told = new(), []
    monkeypatch.setattr(
        notification, "notify_agent", lambda agent_id, message, **_: told.append((agent_id, message))
    )
    with transaction():
        tickets.assign_ticket(ticket.id, agents[0].id)
    found = fresh(session, ticket)
    assert found.status == "assigned"
    assert found.assigned_at is not None
    assert told[0][0] == agents[0].id
    assert isinstance(told[0][1], str)


def test_round_robin_gives_nine_tickets_to_three_agents_three_each(
    session: Any, workspace: Any, agents: list[Any]
) -> None:
    held = []
    for _ in range(9):
        ticket = new()
        with transaction():
            held.append(assignment.assign_ticket_round_robin(fresh(session, ticket)).assigned_agent_id)
    assert sorted(held.count(agent.id) for agent in agents) == [3, 3, 3]


def test_critical_tickets_go_to_senior_agents(
    session: Any, workspace: Any, agents: list[Any], make: Any
) -> None:
    senior = make.user(role="senior_agent", workspace=workspace)
    ticket = new(priority="critical")
    with transaction():
        assert assignment.assign_ticket_by_priority(fresh(session, ticket)).assigned_agent_id == senior.id


@pytest.mark.parametrize("auto, status", [(True, "assigned"), (False, "open")])
def test_a_new_ticket_is_assigned_if_that_is_asked_for(
    session: Any, workspace: Any, agents: list[Any], auto: bool, status: str
) -> None:
    with transaction():
        assert assignment.process_new_ticket(priority="high", auto_assign=auto).status == status


@pytest.mark.parametrize("priority, hours", [("critical", 1), ("high", 4), ("medium", 24), ("low", 72)])
def test_the_default_policys_hours(
    session: Any, workspace: Any, clock: Any, priority: str, hours: int
) -> None:
    assert sla.calculate_sla_hours(priority) == hours
    ticket = new(priority=priority)
    left = sla.calculate_sla_remaining(fresh(session, ticket))
    assert timedelta(hours=hours) - timedelta(minutes=1) < left <= timedelta(hours=hours)
    clock.advance(hours=hours, minutes=1)
    assert sla.calculate_sla_remaining(fresh(session, ticket)) < timedelta(0)


def test_a_ticket_nobody_took_in_time_is_in_breach_until_it_is_assigned(
    session: Any, workspace: Any, agents: list[Any], clock: Any
) -> None:
    ticket = new(priority="high")
    assert sla.find_sla_breaches() == []
    clock.advance(hours=4, seconds=1)
    assert [found.id for found in sla.find_sla_breaches()] == [ticket.id]
    with transaction():
        tickets.assign_ticket(ticket.id, agents[0].id)
    assert sla.find_sla_breaches() == []


def test_an_overdue_ticket_goes_up_one_priority_once(session: Any, workspace: Any, clock: Any) -> None:
    medium, critical = new(priority="medium"), new(priority="critical")
    clock.advance(hours=25)
    with transaction():
        assert escalation.escalate_overdue_tickets() == 2
    assert (fresh(session, medium).priority, fresh(session, medium).escalated) == ("high", True)
    assert (fresh(session, critical).priority, fresh(session, critical).escalated) == ("critical", True)
    clock.advance(hours=100)
    with transaction():
        assert escalation.escalate_overdue_tickets() == 0
    assert fresh(session, medium).priority == "high"


def test_mail_falls_back_to_the_next_provider(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_args: Any, **_options: Any) -> None:
        raise ConnectionError("away")

    monkeypatch.setattr(email, "sendgrid_send", down)
    monkeypatch.setattr(email, "ses_send", lambda *_args, **_options: "ses-1")
    answer = email.send_email_with_fallback("ann@example.com", "Hello", "There")
    assert (answer["status"], answer["provider"]) == ("sent", "ses")


def test_an_agent_is_told_by_channel(session: Any, workspace: Any, agents: list[Any]) -> None:
    with transaction():
        answer = notification.notify_agent(agents[0].id, "Look here")
    assert answer
    assert set(answer.values()) <= {"queued", "live", "off"}
    assert hasattr(NotificationService(session), "notify_agent")


def test_a_critical_ticket_unassigned_for_an_hour_reaches_the_team_lead(
    session: Any, workspace: Any, make: Any, clock: Any
) -> None:
    from webapp.tasks.timer import fire_due

    lead = make.user(role="agent", workspace=workspace)
    team = make.team(lead, workspace=workspace, lead_id=lead.id)
    ticket = new(priority="critical")
    with transaction():
        tickets.assign_ticket(ticket.id, None, team_id=team.id)
    clock.advance(hours=1, seconds=1)
    fire_due()
    told = session.scalars(sa.select(models.Notification).where(models.Notification.user_id == lead.id)).all()
    assert told


def test_reading_a_ticket_again_asks_the_database_nothing_and_changes_show_at_once(
    session: Any, workspace: Any, queries: Any
) -> None:
    ticket = new()
    ticket_cache.clear()
    assert tickets.get_ticket(ticket.id).title == "Cannot login"
    with queries() as asked:
        assert tickets.get_ticket(ticket.id).title == "Cannot login"
    assert not [sql for sql in asked.statements if "FROM tickets" in sql]
    with transaction():
        tickets.update_ticket(ticket.id, title="Cannot log in")
    assert tickets.get_ticket(ticket.id).title == "Cannot log in"


@pytest.mark.parametrize(
    "cache", [ticket_cache, customer_cache, agent_cache], ids=["ticket", "customer", "agent"]
)
def test_a_cache_gets_sets_and_clears(session: Any, workspace: Any, cache: Any) -> None:
    key = uuid.uuid4()
    cache.set(key, {"a": 1})
    assert cache.get(key) == {"a": 1}
    cache.clear()
    assert cache.get(key) is None


@pytest.mark.parametrize("text", ["user@localhost", "a+b@example.com"])
def test_addresses_that_are_valid(text: str) -> None:
    assert is_valid_email(text)


@pytest.mark.parametrize(
    "text, code",
    [
        ("nobody", "missing-at"),
        ("@example.com", "no-user"),
        ("a@", "missing-domain"),
        ("a@-x-", "invalid-domain"),
    ],
)
def test_what_is_wrong_with_an_address(text: str, code: str) -> None:
    assert validate_email_detailed(text).error_code == code


def test_the_documents_words_for_permissions_hold() -> None:
    assert check_permission("admin", "delete_ticket")
    assert not check_permission("agent", "delete_ticket")
    assert check_permission("agent", "reassign_ticket")


def test_full_text_search_finds_words_wherever_they_stand(session: Any, workspace: Any, make: Any) -> None:
    from webapp.services.search import search_tickets

    with transaction():
        tickets.create_ticket("Cannot login", "The Password reset does nothing", "ann@example.com")
        tickets.create_ticket("Printer", "Out of paper", "ann@example.com")
    with acting_as(make.actor(make.user(role="viewer", workspace=workspace))):
        found = search_tickets("login password")
    assert [hit.ticket.title for hit in found.hits] == ["Cannot login"]


def test_metadata_is_asked_by_what_it_contains(session: Any, workspace: Any, make: Any) -> None:
    from webapp.services.search.conditions import json_contains

    with transaction():
        tickets.create_ticket("Urgent", "", "ann@example.com", metadata={"tags": ["urgent", "vip"]})
        tickets.create_ticket("Calm", "", "ann@example.com", metadata={"tags": ["calm"]})
    query = sa.select(Ticket.title).where(json_contains(Ticket.metadata_, "tags", "urgent"))
    assert session.scalars(query).all() == ["Urgent"]


def test_a_duplicate_external_id_leaves_nothing_behind(session: Any, workspace: Any) -> None:
    new(external_id="X-1")
    with pytest.raises(Exception, match=r"(?i)external|unique"):
        new(external_id="X-1")
    assert session.scalar(sa.select(sa.func.count()).select_from(Ticket)) == 1
    new(external_id="X-2")
