"""Customers are told by mail: their ticket is here, its status, our answers; in one thread, and each thing
once.
"""

import uuid
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from webapp.auth import SYSTEM, acting_as
from webapp.database import transaction
from webapp.extensions import db
from webapp.models import MailDelivery
from webapp.schemas.lifecycle import Lifecycle
from webapp.services import email, setting
from webapp.services import ticket as tickets
from webapp.services.customer import create_customer
from webapp.services.email import suppression, thread
from webapp.tasks.email import process_ticket_notifications
from webapp.tasks.timer import fire_due
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

STATUSES = ("in_progress", "pending", "resolved", "closed")


@pytest.fixture
def inside(session: Any, make: Any) -> Any:
    """In a workspace, with the system acting."""
    with use_workspace(make.workspace()) as workspace:
        yield workspace


def open_ticket(
    title: str = "The printer is on fire", to: str = "maria@example.com", **fields: Any
) -> uuid.UUID:
    with transaction():
        return tickets.create_ticket(title, "It smokes.", to, **fields).id


def open_form_ticket(address: str, title: str = "Hi", channel: str = "form") -> uuid.UUID:
    with transaction():
        customer = create_customer(name="Buy gold now", claimed_email=address)
        return tickets.create_ticket(title, "It smokes.", customer=customer, channel=channel).id


def test_a_new_ticket_is_told_to_its_customer_with_its_title(inside: Any, mailbox: Any) -> None:
    ticket_id = open_ticket()

    (message,) = mailbox.collect()
    assert message["To"] == "maria@example.com"
    assert "The printer is on fire" in message["Subject"]
    assert message["From"] == "Harbour <no-reply@localhost>"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert thread.read_message_id(message["Message-ID"]) == ticket_id


def test_a_rolled_back_ticket_tells_nobody(inside: Any, mailbox: Any) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        tickets.create_ticket("Lost", "", "maria@example.com")
        raise ZeroDivisionError

    assert mailbox.collect() == []
    assert db.session.scalar(sa.select(sa.func.count(MailDelivery.id))) == 0


def test_creating_goes_through_the_services_own_name(inside: Any, mocker: Any) -> None:
    queued = mocker.patch("webapp.services.email.EmailService.send_email")
    open_ticket("Cannot login")
    assert queued.call_args.kwargs["to"] == "maria@example.com"
    assert "Cannot login" in queued.call_args.kwargs["subject"]


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_is_told_by_the_template_that_has_its_name(inside: Any, mocker: Any, status: str) -> None:
    ticket_id = open_ticket()
    queued = mocker.patch("webapp.services.email.send_email")
    with transaction():
        tickets.update_ticket_status(ticket_id, status)
    (call,) = queued.call_args_list
    assert call.kwargs["to"] == "maria@example.com"
    assert status in call.kwargs["template_name"]
    assert call.kwargs["template_data"]["ticket_id"] == ticket_id


def test_the_same_status_again_tells_nothing(inside: Any, mailbox: Any) -> None:
    ticket_id = open_ticket()
    for _ in range(2):
        with transaction():
            tickets.update_ticket_status(ticket_id, "pending")
    assert len(mailbox.collect()) == 2


def test_process_ticket_notifications_sends_what_is_due_once(inside: Any, mailbox: Any) -> None:
    ticket_id = open_ticket()
    with transaction():
        tickets.update_ticket_status(ticket_id, "resolved")
    assert process_ticket_notifications(ticket_id) == 2
    assert process_ticket_notifications(ticket_id) == 0
    mailbox.collect()
    assert len(mailbox.messages) == 2


def test_the_mails_of_a_ticket_are_one_thread_and_answers_find_it(
    inside: Any, mailbox: Any, make: Any, clock: Any
) -> None:
    mei = make.user(name="Mei Tanaka")
    ticket_id = open_ticket()
    with transaction(), acting_as(make.actor(mei)):
        comment = tickets.add_comment(ticket_id, "Unplug it, please.").id
    assert len(mailbox.collect()) == 1, "a reply waits as long as it can be undone"
    clock.advance(seconds=10)

    first, reply = sorted(mailbox.collect(), key=lambda message: "In-Reply-To" in message)
    assert reply["In-Reply-To"] == reply["References"] == first["Message-ID"]
    assert comment.hex in reply["Message-ID"]
    assert "Auto-Submitted" not in reply, "a person wrote it"
    assert reply["From"] == '"Mei Tanaka (Harbour)" <no-reply@localhost>'
    assert reply["Subject"].removeprefix("Re: ") == first["Subject"]
    assert "Unplug it, please." in reply.get_body(("plain",)).get_content()
    token = reply["Reply-To"].split("+")[1].split("@")[0]
    claim = thread.open_reply_token(token)
    assert (claim.ticket_id, claim.purpose) == (ticket_id, "customer")
    assert claim.is_from("Maria@Example.com")
    assert not claim.is_from("mallory@example.com")
    assert len(reply["Reply-To"].split("@")[0]) <= 64


def test_s50_a_token_that_was_touched_or_is_old_opens_nothing(inside: Any, clock: Any) -> None:
    token = thread.reply_token(uuid.uuid4(), "maria@example.com")
    assert thread.open_reply_token(token.upper()) is not None, "some systems change the case"
    for place in range(len(token)):
        other = "a" if token[place] != "a" else "b"
        assert thread.open_reply_token(token[:place] + other + token[place + 1 :]) is None
    for wrong in ("", "x", token + "aa", token[:-2], "reply", "7"):
        assert thread.open_reply_token(wrong) is None
    clock.advance(days=92)
    assert thread.open_reply_token(token) is None


def test_a_note_is_never_mailed(inside: Any, mailbox: Any, make: Any, clock: Any) -> None:
    ticket_id = open_ticket()
    agent = make.actor(make.user())
    with transaction(), acting_as(agent):
        tickets.add_comment(ticket_id, "He sounds nervous.", kind="note")
    clock.advance(minutes=5)
    assert [message for message in mailbox.collect() if "nervous" in message.as_string()] == []
    assert len(mailbox.messages) == 1


def test_a_chat_is_not_acknowledged_by_mail(inside: Any, mailbox: Any) -> None:
    open_form_ticket("maria@example.com", channel="chat")
    assert mailbox.collect() == []


def test_s52_a_thousand_posts_with_one_victim_make_one_mail_without_their_words(
    inside: Any, mailbox: Any, clock: Any
) -> None:
    for number in range(50):
        open_form_ticket("Victim@Example.com" if number % 2 else "victim@example.com", f"BUY GOLD {number}")
        clock.advance(minutes=20)

    (message,) = mailbox.collect()
    assert "GOLD" not in message.as_string().upper()
    assert message["Subject"] == "We received your request #1"
    clock.advance(hours=24)
    open_form_ticket("victim@example.com")
    assert len(mailbox.collect()) == 2


def test_s52_many_victims_are_capped_together(inside: Any, mailbox: Any, monkeypatch: Any) -> None:
    from webapp.schemas.mail import MailSection

    monkeypatch.setattr(
        "webapp.services.email.customers.read_section",
        lambda *_, **__: MailSection(acknowledgements_per_hour=3),
    )
    for number in range(8):
        open_form_ticket(f"victim{number}@example.com")
    assert len(mailbox.collect()) == 3


def test_s53_a_machine_that_answers_is_not_answered_for_ever(inside: Any, mailbox: Any) -> None:
    for number in range(20):
        open_ticket(f"Out of office {number}")
    assert len(mailbox.collect()) == 10


@pytest.mark.parametrize(
    "locale, says",
    [
        ("de-AT", "danke für Ihre Nachricht"),
        ("zh_CN", "感谢您联系"),
        ("ar", "شكرًا لتواصلك"),
        ("fr-FR", "thank you for writing"),
        (None, "thank you for writing"),
    ],
)
def test_the_customers_language_is_spoken(inside: Any, mailbox: Any, locale: str | None, says: str) -> None:
    with transaction():
        customer = create_customer(name="Jonas", email="jonas@example.com", locale=locale)
        tickets.create_ticket("Kaputt", customer=customer)
    (message,) = mailbox.collect()
    assert says in message.get_body(("plain",)).get_content()
    assert ('dir="rtl"' in message.get_body(("html",)).get_content()) == (locale == "ar")


def test_a_bounced_address_gets_no_more_until_staff_say_so(inside: Any, mailbox: Any, make: Any) -> None:
    from webapp.services.email import delivery

    open_ticket()
    mailbox.collect()
    sent = delivery.list_deliveries()[0]
    assert (sent.status, sent.provider, sent.data) == ("sent", "outbox", {})
    with transaction():
        found = email.record_bounce("Maria@example.com", message_id=sent.message_id, detail="no such user")
        assert found.id == sent.id
    open_ticket("Again")
    assert len(mailbox.collect()) == 1
    assert [row.status for row in delivery.list_deliveries()] == ["suppressed", "bounced"]
    with transaction():
        email.unsuppress(suppression.list_suppressions()[0].id)
    open_ticket("At last")
    assert len(mailbox.collect()) == 2


def test_a_bounce_of_another_recipient_changes_nothing_of_this_one(inside: Any, mailbox: Any) -> None:
    from webapp.services.email import delivery

    open_ticket()
    mailbox.collect()
    sent = delivery.list_deliveries()[0]
    with transaction():
        assert email.record_bounce("m%@example.com", message_id=sent.message_id) is None
    assert delivery.list_deliveries()[0].status == "sent"


@pytest.mark.parametrize("channel", ["form", "chat"])
def test_who_hears_from_us_by_mail_is_warned_by_mail_before_silence_resolves(
    inside: Any, mailbox: Any, clock: Any, make: Any, channel: str
) -> None:
    ana = make.user(role="agent")
    with transaction():
        rules = Lifecycle(auto_resolve=True, auto_resolve_minutes=120, warn_minutes=30)
        setting.save_section(rules, actor=SYSTEM)
    ticket_id = open_ticket(channel=channel)
    with transaction():
        tickets.add_comment(ticket_id, "Try again", actor=make.actor(ana))
    clock.advance(minutes=5)
    mailbox.collect()
    mailbox.clear()
    clock.advance(minutes=86)
    fire_due()
    warnings = [one for one in mailbox.collect() if "Do you still need us" in one["Subject"]]
    assert len(warnings) == (channel == "form")
    assert channel == "chat" or len(mailbox.messages) == 1, "not the comment that says so as well"
    if warnings:
        resolves_at = clock.now() + timedelta(minutes=30)
        assert f"{resolves_at:%Y-%m-%d %H:%M}" in warnings[0].get_body(("plain",)).get_content()
