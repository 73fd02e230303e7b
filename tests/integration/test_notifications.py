"""What staff are told: once, in the channels they wish, and never what they did themselves."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
import sqlalchemy as sa

from webapp import clock as app_clock
from webapp.auth import Actor, acting_as
from webapp.database import transaction
from webapp.errors import Invalid
from webapp.models import Customer, Notification, NotificationPreference, Ticket
from webapp.schemas.notification import Preferences
from webapp.services import notification
from webapp.services import ticket as tickets
from webapp.services.job import enqueue
from webapp.services.notification import preference
from webapp.services.notification.recipients import mentioned_ids
from webapp.services.ticket.comment import CommentDraft, write_comment
from webapp.services.timer import timer_due_at
from webapp.tasks import timer as timers
from webapp.tasks import worker
from webapp.tasks.notification import forget_notifications
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(make: Any, session: Any) -> Iterator[Any]:
    """A workspace with an admin, two agents and a ticket."""

    class Desk:
        workspace = make.workspace()
        boss = make.user(role="admin", name="Bea Boss")
        ana = make.user(role="agent", name="Ana Agent")
        ben = make.user(role="agent", name="Ben Berg")

        def ticket(self, title: str = "Broken scanner", **fields: Any) -> Any:
            with transaction():
                return tickets.create_ticket(title, "", "ann@example.com", **fields)

        def told(self, user: Any | None = None) -> list[Notification]:
            query = sa.select(Notification).order_by(Notification.id)
            return list(session.scalars(query.where(Notification.user_id == user.id) if user else query))

        def alerted(self) -> list[Any]:
            return [row.user_id for row in self.told() if row.kind == "routing_alert"]

        def kinds(self, user: Any) -> list[str]:
            return [row.kind for row in self.told(user)]

        def assign(self, ticket: Any, user: Any | None) -> None:
            with transaction():
                tickets.assign_ticket(ticket.id, user.id if user else None)

        def note(self, ticket: Any, content: str, author: Any, kind: str = "note") -> None:
            with acting_as(make.actor(author)), transaction():
                tickets.add_comment(ticket.id, content, kind=kind)

        def hear(self, ticket: Any, content: str = "Are you there?") -> None:
            """A message of the ticket's customer."""
            with transaction():
                row = session.get(Ticket, ticket.id)
                write_comment(row, CommentDraft(content), session=session, actor=customer_of(session, row))

        def wish(self, user: Any, inbox_id: Any = None, **wanted: Any) -> None:
            """That person's own choices."""
            with acting_as(make.actor(user)), transaction():
                preference.save_preferences(Preferences.model_validate(wanted), inbox_id=inbox_id)

    scene = Desk()
    with use_workspace(scene.workspace.id):
        yield scene


def letters(mailbox: Any, user: Any) -> list[Any]:
    """The mail that somebody got."""
    return [message for message in mailbox.collect() if message["To"] == user.email]


def customer_of(session: Any, ticket: Any) -> Actor:
    customer = session.get(Customer, ticket.customer_id)
    return Actor("customer", customer.id, ticket.workspace_id, customer.shown_name, "customer", "socket")


def as_(make: Any, user: Any) -> Any:
    return acting_as(make.actor(user))


def test_an_assigned_ticket_is_told_to_its_agent(desk: Any) -> None:
    ticket = desk.ticket()
    with transaction():
        tickets.assign_ticket(ticket.id, desk.ana.id)
    told = desk.told(desk.ana)
    assert [row.kind for row in told] == ["assigned_to_me"]
    assert told[0].ticket_id == ticket.id
    assert "Broken scanner" in told[0].title
    assert desk.told(desk.ben) == []


def test_assigning_calls_notify_agent_by_the_contracts_name(desk: Any) -> None:
    ticket = desk.ticket()
    with patch("webapp.services.notification.notify_agent") as called, transaction():
        tickets.assign_ticket(ticket.id, desk.ana.id)
    called.assert_called_once()
    assert called.call_args.args[0] == desk.ana.id
    assert "Broken scanner" in called.call_args.args[1]


def test_nobody_is_told_of_what_they_did_themselves(desk: Any, make: Any) -> None:
    ticket = desk.ticket()
    with as_(make, desk.ana), transaction():
        tickets.assign_ticket(ticket.id, desk.ana.id)
    assert desk.told() == []


def test_the_same_fact_is_told_once_whoever_tells_it(desk: Any) -> None:
    with transaction():
        for _ in range(3):
            notification.notify([desk.ana.id, desk.ben.id], "job_done", title="Ready", unique_key="job:1")
    assert len(desk.told()) == 2


def test_notify_agent_says_what_became_of_each_channel(desk: Any) -> None:
    with transaction():
        said = notification.notify_agent(desk.ana.id, "Look here")
    assert said == {"in_app": "queued", "sound": "off", "push": "off", "email": "queued"}
    with transaction():
        service = notification.NotificationService()
        assert service.notify_agent(desk.ana.id, "Look again")["in_app"] == "queued"


# --- what follows from events ---------------------------------------------------------------------


def test_a_customers_message_is_told_to_its_agent_and_a_colleagues_reply_is_not(desk: Any) -> None:
    ticket = desk.ticket()
    desk.assign(ticket, desk.ana)
    desk.hear(ticket, "It still beeps")
    desk.note(ticket, "Let me look", desk.ben, kind="reply")
    told = desk.told(desk.ana)
    assert [row.kind for row in told] == ["assigned_to_me", "message_in_mine"]
    assert told[1].body == "It still beeps"


def test_a_mention_tells_whoever_is_named_and_makes_them_follow(desk: Any, make: Any) -> None:
    team = make.team(desk.boss, name="Returns Desk")
    ticket = desk.ticket()
    desk.note(ticket, "@Ben Berg and @returns desk: please look. Mail ann@ana.example", desk.ana)
    assert desk.kinds(desk.ben) == desk.kinds(desk.boss) == ["mention"]
    assert desk.told(desk.ana) == []
    assert set(tickets.follower_ids(ticket.id)) == {desk.ben.id, desk.boss.id}
    assert team.name == "Returns Desk"


@pytest.mark.parametrize(
    "text, named",
    [
        ("@Ana", {"ana"}),
        ("(@ana)", {"ana"}),
        ("hello @Ana Agent!", {"ana"}),
        ("@Anabel", set()),
        ("ana@ana", set()),
        ("@Ben Berger", {"ben"}),
        ("@ben @ana", {"ana", "ben"}),
        ("no one", set()),
    ],
)
def test_names_in_a_note_are_whole_words(desk: Any, text: str, named: set[str]) -> None:
    known = {desk.ana.id: "ana", desk.ben.id: "ben", desk.boss.id: "boss"}
    assert {known[user_id] for user_id in mentioned_ids(text)} == named


def test_a_reply_is_told_to_followers_once_each(desk: Any, make: Any) -> None:
    ticket = desk.ticket()
    desk.assign(ticket, desk.ana)
    for user in (desk.ana, desk.ben):
        with as_(make, user), transaction():
            tickets.follow(ticket.id)
    desk.hear(ticket)
    assert desk.kinds(desk.ana) == ["assigned_to_me", "message_in_mine"]
    assert desk.kinds(desk.ben) == ["reply_on_followed"]


def test_a_new_unassigned_ticket_is_told_to_those_who_wish_it(desk: Any) -> None:
    desk.wish(desk.ben, matrix={**everything(), "new_unassigned": {"in_app": True}})
    desk.ticket()
    assert [(row.user_id, row.kind) for row in desk.told()] == [(desk.ben.id, "new_unassigned")]


def test_spam_is_told_to_nobody(desk: Any) -> None:
    ticket = desk.ticket()
    desk.assign(ticket, desk.ana)
    with transaction():
        tickets.mark_spam(ticket.id, True)
    desk.hear(ticket)
    assert desk.kinds(desk.ana) == ["assigned_to_me"]


# --- the rules that the document states by name ---------------------------------------------------


def test_a_high_priority_ticket_reaches_its_agent_at_once(desk: Any, mailbox: Any) -> None:
    nothing = {kind: {} for kind in preference.DEFAULTS}
    desk.wish(desk.ana, matrix={**nothing, "assigned_to_me": {"email": True}})
    ticket = desk.ticket(priority="high")
    desk.assign(ticket, desk.ana)
    (told,) = desk.told(desk.ana)
    assert told.in_app, "it is in the centre whatever the matrix says"
    assert told.title.startswith("High priority")
    timers.fire_due()
    assert len(letters(mailbox, desk.ana)) == 1


def test_a_ticket_that_becomes_urgent_reaches_its_agent_at_once(desk: Any) -> None:
    ticket = desk.ticket()
    desk.assign(ticket, desk.ana)
    for priority in ("high", "critical", "low"):
        with transaction():
            tickets.update_ticket(ticket.id, priority=priority)
    assert [row.title[:8] for row in desk.told(desk.ana)[1:]] == ["High pri", "Critical"]


def test_a_critical_ticket_unassigned_for_an_hour_reaches_the_team_lead_once(
    desk: Any, make: Any, clock: Any
) -> None:
    team = make.team(desk.ben, name="Returns", lead_id=desk.ben.id)
    ticket = desk.ticket(priority="critical")
    with transaction():
        tickets.assign_ticket(ticket.id, None, team_id=team.id)
    clock.advance(minutes=59, seconds=58)
    timers.fire_due()
    assert desk.alerted() == []
    clock.advance(seconds=3)
    timers.fire_due()
    assert desk.alerted() == [desk.ben.id]
    with transaction():
        tickets.update_ticket(ticket.id, title="Still broken")
    clock.advance(hours=5)
    timers.fire_due()
    assert desk.alerted() == [desk.ben.id]


def test_without_a_team_the_admins_hear_of_it(desk: Any, clock: Any) -> None:
    ticket = desk.ticket(priority="critical")
    clock.advance(hours=1, seconds=1)
    timers.fire_due()
    assert desk.alerted() == [desk.boss.id]
    assert ticket.id in {row.ticket_id for row in desk.told(desk.boss)}


@pytest.mark.parametrize("end", ["assigned", "calmed", "resolved", "spam"])
def test_the_hour_ends_when_the_ticket_is_taken_or_no_longer_critical(
    desk: Any, clock: Any, end: str
) -> None:
    ticket = desk.ticket(priority="critical")
    clock.advance(minutes=30)
    with transaction():
        {
            "assigned": lambda: tickets.assign_ticket(ticket.id, desk.ana.id),
            "calmed": lambda: tickets.update_ticket(ticket.id, priority="low"),
            "resolved": lambda: tickets.update_ticket_status(ticket.id, "resolved"),
            "spam": lambda: tickets.mark_spam(ticket.id, True),
        }[end]()
    assert timer_due_at("notification.critical", ticket.id) is None
    clock.advance(hours=2)
    timers.fire_due()
    assert desk.alerted() == []


def test_a_ticket_given_back_begins_its_hour_anew(desk: Any, clock: Any) -> None:
    ticket = desk.ticket(priority="critical")
    clock.advance(minutes=30)
    desk.assign(ticket, desk.ana)
    clock.advance(minutes=10)
    desk.assign(ticket, None)
    due = timer_due_at("notification.critical", ticket.id)
    assert abs(due - app_clock.now() - timedelta(hours=1)) < timedelta(seconds=5)


# --- wishes ---------------------------------------------------------------------------------------


def everything() -> dict[str, dict[str, bool]]:
    """The matrix as it is by default, with every box said."""
    channels = ("in_app", "sound", "push", "email")
    return {
        kind: {channel: channel in on for channel in channels} for kind, on in preference.DEFAULTS.items()
    }


def test_an_inbox_of_its_own_matrix_goes_before_the_general_one(desk: Any, make: Any, session: Any) -> None:
    shop, press = make.inbox(name="Shop"), make.inbox(name="Press")
    desk.wish(desk.ana, matrix={**everything(), "assigned_to_me": {}}, inbox_id=press.id)
    for inbox in (shop, press):
        desk.assign(desk.ticket(inbox=inbox), desk.ana)
    assert [row.ticket.inbox_id for row in desk.told(desk.ana)] == [shop.id]


def test_only_what_differs_from_the_defaults_is_kept(desk: Any, session: Any) -> None:
    desk.wish(desk.ana, matrix={**everything(), "mention": {"in_app": True}})
    kept = session.get(NotificationPreference, desk.ana.id)
    assert kept.choices == {"": {"mention": {"sound": False, "push": False, "email": False}}}


QUIET = {"quiet": True, "quiet_from": "22:00", "quiet_to": "07:00", "timezone": "Europe/Berlin"}


@pytest.mark.parametrize(
    "now, until",
    [
        ("2026-01-10T20:59:00+00:00", None),
        ("2026-01-10T21:00:00+00:00", "2026-01-11T06:00:00+00:00"),
        ("2026-01-11T05:59:00+00:00", "2026-01-11T06:00:00+00:00"),
        ("2026-01-11T06:00:00+00:00", None),
        ("2026-03-28T22:00:00+00:00", "2026-03-29T05:00:00+00:00"),  # the clocks go forward that night
        ("2026-10-24T21:00:00+00:00", "2026-10-25T06:00:00+00:00"),  # and back
    ],
)
def test_quiet_hours_go_by_the_clock_on_the_wall(now: str, until: str | None) -> None:
    kept = NotificationPreference(quiet_from="22:00", quiet_to="07:00", timezone="Europe/Berlin", choices={})
    found = preference.quiet_until(kept, datetime.fromisoformat(now))
    assert found == (datetime.fromisoformat(until) if until else None)


def test_in_quiet_hours_there_is_no_sound_no_push_and_the_mail_waits(desk: Any, mailbox: Any) -> None:
    desk.wish(desk.ana, matrix=everything(), **QUIET)
    with app_clock.moved(datetime(2026, 1, 10, 23, 0, tzinfo=UTC)):
        desk.assign(desk.ticket(), desk.ana)
        (told,) = desk.told(desk.ana)
        assert (told.in_app, told.sound, told.push, told.email) == (True, False, False, True)
        app_clock.advance(hours=6, minutes=59)
        timers.fire_due()
        assert letters(mailbox, desk.ana) == []
        app_clock.advance(minutes=2)
        timers.fire_due()
        assert len(letters(mailbox, desk.ana)) == 1


def test_whoever_wants_it_only_while_online_is_left_in_peace_otherwise(
    desk: Any, make: Any, session: Any
) -> None:
    eve = make.user(name="Eve", availability="away")
    desk.wish(eve, matrix=everything(), only_online=True)
    desk.assign(desk.ticket(), eve)
    (told,) = desk.told(eve)
    assert (told.in_app, told.sound, told.push, told.email) == (True, False, False, False)


@pytest.mark.parametrize(
    "wanted",
    [
        {"quiet": True, "quiet_from": "25:00"},
        {"timezone": "Mars/Olympus"},
        {"quiet": True, "quiet_from": "08:00", "quiet_to": "08:00"},
        {"matrix": {"no_such_event": {}}},
        {"matrix": {"mention": {"pigeon": True}}},
    ],
)
def test_wishes_that_make_no_sense_are_refused(wanted: Any) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Preferences.model_validate(wanted)


# --- mail for what stayed unseen ------------------------------------------------------------------


def test_what_stays_unseen_for_two_minutes_is_mailed_in_one_letter(
    desk: Any, mailbox: Any, clock: Any
) -> None:
    ticket = desk.ticket()
    desk.assign(ticket, desk.ana)
    clock.advance(minutes=1)
    desk.hear(ticket, "Anybody?")
    clock.advance(seconds=59)
    timers.fire_due()
    assert letters(mailbox, desk.ana) == []
    clock.advance(seconds=2)
    timers.fire_due()
    clock.advance(minutes=5)
    timers.fire_due()
    (message,) = letters(mailbox, desk.ana)
    text = message.get_body(("plain",)).get_content()
    assert "2 notifications" in message["Subject"]
    assert "Broken scanner" in text
    assert "Anybody?" in text
    assert f"/t/{ticket.number}" in text


def test_what_was_read_meanwhile_is_not_mailed(desk: Any, make: Any, mailbox: Any, clock: Any) -> None:
    desk.assign(desk.ticket(), desk.ana)
    with as_(make, desk.ana), transaction():
        notification.mark_notifications_read(ids=[row.id for row in desk.told(desk.ana)])
    clock.advance(minutes=10)
    timers.fire_due()
    assert letters(mailbox, desk.ana) == []


def test_whoever_lost_access_gets_no_mail(desk: Any, mailbox: Any, clock: Any, session: Any) -> None:
    desk.assign(desk.ticket(), desk.ana)
    with transaction():
        session.merge(desk.ana).deactivated_at = app_clock.now()
    clock.advance(minutes=10)
    timers.fire_due()
    assert letters(mailbox, desk.ana) == []


# --- reading --------------------------------------------------------------------------------------


def test_reading_needs_one_choice_and_touches_ones_own_alone(desk: Any, make: Any) -> None:
    for user in (desk.ana, desk.ben):
        with transaction():
            notification.notify([user.id], "job_done", title="Ready")
    everybody = [row.id for row in desk.told()]
    with as_(make, desk.ana), transaction():
        assert notification.mark_notifications_read(ids=everybody) == [desk.told(desk.ana)[0].id]
        assert notification.mark_notifications_read(ids=everybody) == []
        with pytest.raises(Invalid):
            notification.mark_notifications_read(ids=everybody, up_to=everybody[0])
        with pytest.raises(Invalid):
            notification.mark_notifications_read()
    with as_(make, desk.ben):
        assert notification.count_unread() == 1


# --- jobs, and what is old ------------------------------------------------------------------------


@pytest.mark.parametrize("fails", [False, True])
def test_whoever_waits_for_a_job_is_told_of_its_end(desk: Any, fails: bool) -> None:
    def handler(_params: Any, _job_id: Any) -> None:
        if fails:
            raise worker.GiveUp("no use")

    worker.kinds["test.long"] = worker.Kind(handler, 1)
    try:
        with transaction():
            enqueue("test.long", {}, requested_by_id=desk.ana.id)
            enqueue("test.long", {})
        worker.run_due()
    finally:
        del worker.kinds["test.long"]
    (told,) = desk.told()
    assert (told.user_id, told.kind) == (desk.ana.id, "job_done")
    assert told.title.endswith("failed" if fails else "is ready")


def test_what_is_three_months_old_is_forgotten(desk: Any, clock: Any) -> None:
    with transaction():
        notification.notify([desk.ana.id], "job_done", title="Old")
    clock.advance(days=89)
    with transaction():
        notification.notify([desk.ana.id], "job_done", title="New")
    clock.advance(days=2)
    forget_notifications()
    assert [row.title for row in desk.told()] == ["New"]
