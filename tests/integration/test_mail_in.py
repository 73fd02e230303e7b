"""S-50 to S-53: mail that comes in lands where a person would expect, and nobody gets in by writing one."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.support.inbound import HOST, Desk, corpus, letter
from webapp.auth import SYSTEM, acting_as
from webapp.clock import now
from webapp.database import read_only, transaction
from webapp.errors import Conflict, Forbidden
from webapp.extensions import db
from webapp.models import Customer, Event, InboundMail, MailDelivery, MailSuppression
from webapp.services import mail_in
from webapp.services import ticket as tickets
from webapp.services.email.thread import message_id, reply_token
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

MARIA = "maria@shop.example"


@pytest.fixture(autouse=True)
def _inside(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def desk(app: Flask, make: Any) -> Desk:
    return Desk(app, make, address="support@desk.example", trusted_host=HOST)


def within(desk: Desk) -> Any:
    return use_workspace(desk.workspace_id)


def opened(desk: Desk, sender: str = MARIA, **options: Any) -> Any:
    """A ticket of that sender, proved."""
    row = desk.take(letter(sender, is_proved=True, **options))
    assert row.status == "new"
    return desk.tickets()[-1]


def to_ticket(ticket: Any, recipient: str = MARIA, purpose: str = "customer") -> str:
    return f"support+{reply_token(ticket.id, recipient, purpose)}@desk.example"


# --- a new ticket ---------------------------------------------------------------------------------


def test_a_mail_opens_a_ticket_of_its_sender_who_hears_that_it_came(desk: Desk, mailbox: Any) -> None:
    row = desk.take(corpus("gmail_plain_and_html"))
    (ticket,) = desk.tickets()
    (comment,) = desk.comments()
    assert (row.status, row.ticket_id, row.comment_id) == ("new", ticket.id, comment.id)
    assert (ticket.title, ticket.channel) == ("Where is my order?", "email")
    assert (comment.author_kind, comment.author_name) == ("customer", "Maria Silva")
    assert comment.content.startswith("Hello,")
    assert comment.mail["is_verified"] is True
    (told,) = mailbox.collect()
    assert (told["To"], told["Auto-Submitted"]) == (MARIA, "auto-replied")


def test_the_same_mail_is_taken_once_by_whichever_door_it_comes(desk: Desk) -> None:
    raw = letter()
    first = desk.take(raw)
    again = desk.take(b"Received: from elsewhere\r\n" + raw, door="sendgrid")
    assert again.id == first.id
    assert len(desk.comments()) == 1


def test_s51_a_sender_is_known_only_if_the_trusted_host_proves_it(desk: Desk, make: Any) -> None:
    known = make.customer(email=MARIA, name="Maria")
    desk.take(letter(is_proved=True))
    desk.take(letter())
    forged = letter(Authentication_Results="mx.evil.example; dmarc=pass header.from=shop.example")
    desk.take(forged)
    proved, claimed, lied = desk.tickets()
    assert proved.customer_id == known.id
    assert claimed.customer_id != known.id
    assert lied.customer_id == claimed.customer_id
    assert [one.mail["is_verified"] for one in desk.comments()] == [True, False, False]


def test_what_the_carrier_found_of_the_sender_counts(desk: Desk) -> None:
    assert desk.take(letter(), verdict=True).is_verified
    assert not desk.take(letter(is_proved=True), verdict=False).is_verified


def test_files_and_pictures_come_along_and_what_may_not_is_named(desk: Desk) -> None:
    desk.take(corpus("calendar_invitation"))
    (comment,) = desk.comments()
    assert [file.name for file in comment.attachments] == ["Übersicht.pdf"]
    assert comment.mail["left"] == ["file.ics", "setup.exe"]


def test_a_long_mail_is_cut_and_an_empty_one_says_so(desk: Desk) -> None:
    desk.take(letter(text="word " * 10_000))
    desk.take(letter(text="", subject="Re: "))
    long, empty = desk.comments()
    assert len(long.content) <= 10_000
    assert long.content.endswith("[…]")
    assert long.mail["is_folded"]
    assert empty.content == "(no text)"
    assert desk.tickets()[1].title == "(no subject)"


def test_who_is_in_copy_is_kept_and_gets_nothing(desk: Desk, mailbox: Any) -> None:
    desk.take(letter(is_proved=True, Cc="Lena <lena@firm.example>"))
    assert desk.comments()[0].mail["cc"] == ["lena@firm.example"]
    assert {mail["To"] for mail in mailbox.collect()} == {MARIA}


def test_each_mail_is_a_fact_of_the_ledger(desk: Desk) -> None:
    row = desk.take(letter())
    with within(desk), read_only() as session:
        event = session.scalars(sa.select(Event).where(Event.name == "mail.received")).one()
        assert (event.subject_id, event.door) == (row.id, "mail")
        assert event.changes["status"] == [None, "new"]


# --- on its ticket --------------------------------------------------------------------------------


def test_an_answer_to_our_mail_joins_its_ticket(desk: Desk) -> None:
    ticket = opened(desk)
    row = desk.take(letter(text="It came!", to=to_ticket(ticket)))
    assert (row.status, row.ticket_id, row.is_verified) == ("threaded", ticket.id, True)
    assert [one.content for one in desk.comments(ticket.id)][-1] == "It came!"


def test_the_envelope_names_the_ticket_too(desk: Desk) -> None:
    ticket = opened(desk)
    row = desk.take(letter(), recipients=(to_ticket(ticket).upper(),))
    assert row.ticket_id == ticket.id


@pytest.mark.parametrize("header", ["In_Reply_To", "References"])
def test_an_answer_joins_by_the_mails_that_it_answers(desk: Desk, header: str) -> None:
    first = letter(is_proved=True, Message_ID="<first@shop.example>")
    desk.take(first)
    (ticket,) = desk.tickets()
    ours = message_id(ticket.id, "0")
    for answered in (ours, "<first@shop.example>"):
        assert desk.take(letter(**{header: f"<x@y> {answered}"})).ticket_id == ticket.id
    assert len(desk.tickets()) == 1


def test_s50_a_number_alone_threads_nothing_but_a_proved_owners_does(desk: Desk) -> None:
    ticket = opened(desk)
    subject = f"Re: [#{ticket.number}] My order"
    assert desk.take(letter(subject=subject)).status == "new"
    assert desk.take(letter("eve@evil.example", subject=subject, is_proved=True)).status == "new"
    assert desk.take(letter(subject=subject, is_proved=True)).ticket_id == ticket.id


def test_s50_a_forged_token_or_id_threads_nothing(desk: Desk) -> None:
    ticket = opened(desk)
    good = to_ticket(ticket)
    forged = good.replace("+a", "+b") if "+a" in good else good[:8] + "a" + good[9:]
    assert desk.take(letter(to=forged)).ticket_id != ticket.id
    ours = message_id(ticket.id, "0")
    mark = ours.rpartition(".")[0][-15:]
    assert desk.take(letter(In_Reply_To=ours.replace(mark[:3], "aaa"))).ticket_id != ticket.id


def test_s51_a_stranger_who_answers_a_thread_gets_a_ticket_of_their_own_that_is_tied_to_it(
    desk: Desk,
) -> None:
    ticket = opened(desk)
    row = desk.take(letter("eve@evil.example", In_Reply_To=message_id(ticket.id, "0")))
    assert row.status == "new"
    assert row.ticket_id != ticket.id
    with within(desk), read_only(), acting_as(SYSTEM):
        assert [kind for kind, _, _ in tickets.list_links(ticket.id)] == ["related"]
    assert len(desk.comments(ticket.id)) == 1


def test_s51_a_stranger_with_the_token_is_marked_as_somebody_else(desk: Desk) -> None:
    ticket = opened(desk)
    row = desk.take(letter("lena@firm.example", to=to_ticket(ticket)))
    assert row.ticket_id == ticket.id
    said = desk.comments(ticket.id)[-1]
    assert (said.mail["is_other"], said.mail["is_verified"]) == (True, False)
    assert said.author_id != ticket.customer_id
    assert said.author_name == "lena@firm.example"


def test_s51_a_token_proves_nothing_where_the_server_denies_the_sender(desk: Desk) -> None:
    ticket = opened(desk)
    denied = f"{HOST}; dmarc=fail header.from=shop.example"
    row = desk.take(letter(to=to_ticket(ticket), Authentication_Results=denied))
    assert (row.ticket_id, row.is_verified) == (ticket.id, False)


def test_a_customer_who_writes_reopens_and_after_the_window_follows_up(desk: Desk, clock: Any) -> None:
    ticket = opened(desk)

    def set_status(status: str) -> None:
        with within(desk), transaction():
            tickets.update_ticket_status(ticket.id, status, actor=SYSTEM)

    set_status("resolved")
    desk.take(letter(to=to_ticket(ticket)))
    assert desk.tickets()[0].status == "open"
    set_status("closed")
    row = desk.take(letter(to=to_ticket(ticket)))
    assert row.status == "new"
    assert row.ticket_id != ticket.id
    with within(desk), read_only(), acting_as(SYSTEM):
        assert [kind for kind, _, _ in tickets.list_links(ticket.id)] == ["follow_up"]


def test_a_mail_to_a_merged_ticket_lands_on_what_it_was_merged_into(desk: Desk, make: Any) -> None:
    one = opened(desk)
    other = opened(desk)
    agent = make.user(role="agent")
    with within(desk), transaction():
        tickets.merge_ticket(one.id, other.id, actor=make.actor(agent))
    assert desk.take(letter(to=to_ticket(one))).ticket_id == other.id


def test_a_mail_to_a_ticket_in_the_trash_opens_another(desk: Desk) -> None:
    ticket = opened(desk)
    with within(desk), transaction():
        tickets.delete_ticket(ticket.id, actor=SYSTEM)
    assert desk.take(letter(to=to_ticket(ticket))).status == "new"


# --- agents ---------------------------------------------------------------------------------------


@pytest.fixture
def mei(desk: Desk, make: Any) -> Any:
    return make.user(role="agent", name="Mei", email="mei@desk.example")


def replies(mailbox: Any) -> list[str]:
    """The bodies of what went to Maria beyond the acknowledgment."""
    return [
        str(mail.get_body(("plain",)).get_content())
        for mail in mailbox.collect()
        if mail["To"] == MARIA and not mail["Auto-Submitted"]
    ]


def test_s50_an_agent_answers_by_mail(desk: Desk, mei: Any, mailbox: Any, clock: Any) -> None:
    ticket = opened(desk)
    there = to_ticket(ticket, mei.email, "staff")
    row = desk.take(letter(f"Mei <{mei.email}>", "It leaves today.", to=there, is_proved=True))
    assert (row.status, row.ticket_id) == ("threaded", ticket.id)
    said = desk.comments(ticket.id)[-1]
    assert (said.author_kind, said.author_id, said.kind) == ("user", mei.id, "reply")
    clock.advance(minutes=1)
    (mailed,) = replies(mailbox)
    assert "It leaves today." in mailed


BAD_ANSWERS = {
    "from another address": {"sender": "eve@evil.example"},
    "not proved": {"is_proved": False},
    "denied": {"is_proved": False, "Authentication_Results": f"{HOST}; dmarc=fail"},
    "a customer's token": {"purpose": "customer"},
    "somebody else's token": {"owner": "tom@desk.example"},
    "an absence": {"Auto_Submitted": "auto-replied"},
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_s50_nothing_goes_out_in_an_agents_name_that_is_not_provably_theirs(
    desk: Desk, mei: Any, mailbox: Any, clock: Any, name: str
) -> None:
    options = {"sender": mei.email, "is_proved": True, "owner": mei.email, "purpose": "staff"}
    options |= BAD_ANSWERS[name]
    ticket = opened(desk)
    there = to_ticket(ticket, options.pop("owner"), options.pop("purpose"))
    desk.take(letter(options.pop("sender"), "I was never here.", to=there, **options))
    assert all(one.author_kind != "user" for one in desk.comments())
    clock.advance(minutes=1)
    assert replies(mailbox) == []


@pytest.mark.parametrize("lost", ["deactivated", "viewer", "gone"])
def test_s50_who_lost_access_answers_no_more(desk: Desk, mei: Any, lost: str) -> None:
    ticket = opened(desk)
    there = to_ticket(ticket, mei.email, "staff")
    change = {
        "deactivated": {"deactivated_at": now()},
        "viewer": {"role": "viewer"},
        "gone": {"email": "x@y.z"},
    }
    with within(desk), transaction() as session:
        found = session.merge(mei)
        for field, value in change[lost].items():
            setattr(found, field, value)
    row = desk.take(letter("mei@desk.example", to=there, is_proved=True))
    assert (row.status, row.reason) == ("suspended", "agent_token")


def test_s50_an_answer_to_a_closed_ticket_waits_for_a_person(desk: Desk, mei: Any) -> None:
    ticket = opened(desk)
    with within(desk), transaction():
        tickets.update_ticket_status(ticket.id, "closed", actor=SYSTEM)
    row = desk.take(letter(mei.email, to=to_ticket(ticket, mei.email, "staff"), is_proved=True))
    assert (row.status, row.reason) == ("suspended", "closed")


def test_s50_staff_without_a_token_are_customers_like_any(desk: Desk, mei: Any) -> None:
    desk.take(letter(mei.email, is_proved=True))
    assert desk.comments()[0].author_kind == "customer"


# --- machines -------------------------------------------------------------------------------------

HELD = {
    "exchange_oof": "automatic",
    "gmail_vacation": "automatic",
    "zendesk_ack": "automatic",
    "german_absence_unmarked": "automatic",
    "mailing_list": "list",
    "newsletter_html_only": "list",
    "spam_marked": "spam",
    "no_headers": "no_sender",
}


@pytest.mark.parametrize("name", HELD)
def test_s53_what_machines_write_to_nobody_waits_for_a_person_and_hears_nothing(
    desk: Desk, mailbox: Any, name: str
) -> None:
    row = desk.take(corpus(name))
    assert (row.status, row.reason) == ("suspended", HELD[name])
    assert desk.tickets() == []
    assert mailbox.collect() == []


OPENED = [
    "apple_mail_reply",
    "attached_mail",
    "broken_charset",
    "calendar_invitation",
    "encoded_words",
    "gmail_forward",
    "gmail_inline_answers",
    "gmail_reply",
    "header_tricks",
    "html_only_reply",
    "iphone_photo",
    "missing_most",
    "outlook_german_forward",
    "outlook_html_reply",
    "thunderbird_reply",
    "utf7_html",
]


@pytest.mark.parametrize("name", OPENED)
def test_what_people_write_opens_a_ticket(desk: Desk, name: str) -> None:
    row = desk.take(corpus(name))
    assert row.status == "new", row.reason
    assert desk.comments()[0].content


def test_s53_an_absence_on_a_ticket_is_told_to_staff_and_moves_nothing(desk: Desk, mailbox: Any) -> None:
    ticket = opened(desk)
    with within(desk), transaction():
        tickets.update_ticket_status(ticket.id, "resolved", actor=SYSTEM)
    mailbox.collect()
    mailbox.clear()
    row = desk.take(letter(to=to_ticket(ticket), Auto_Submitted="auto-replied", text="Back on Monday"))
    said = desk.comments(ticket.id)[-1]
    assert (row.status, said.kind) == ("threaded", "note")
    assert "Back on Monday" in said.content
    assert desk.tickets()[0].status == "resolved"
    assert mailbox.collect() == []


def test_s53_a_machine_that_goes_on_is_not_listened_to(desk: Desk) -> None:
    ticket = opened(desk)
    said = [desk.take(letter(to=to_ticket(ticket), Auto_Submitted="auto-replied")).reason for _ in range(7)]
    assert said == [None] * 5 + ["loop"] * 2
    assert len(desk.comments(ticket.id)) == 6


def test_s53_a_mail_of_our_own_that_comes_back_is_dropped(desk: Desk, mailbox: Any) -> None:
    opened(desk)
    (ours,) = mailbox.collect()
    row = desk.take(ours.as_bytes())
    assert (row.status, row.reason) == ("dropped", "own")
    assert desk.take(letter("support@desk.example")).reason == "own_address"


def test_s53_who_writes_without_end_waits_after_twenty(desk: Desk) -> None:
    states = [desk.take(letter(is_proved=True)).status for _ in range(22)]
    assert states == ["new"] * 20 + ["suspended"] * 2


def test_s52_an_unproved_address_is_told_once_a_day_and_in_our_words(desk: Desk, mailbox: Any) -> None:
    for number in range(5):
        desk.take(letter(subject=f"Buy now {number}", text="cheap pills"))
    (told,) = mailbox.collect()
    assert "Buy" not in told["Subject"]
    assert "pills" not in str(told)


def test_a_website_that_writes_for_somebody_is_answered_to_them(desk: Desk) -> None:
    desk.take(letter("no-reply@site.example", Reply_To=MARIA, is_proved=True))
    with within(desk), read_only() as session:
        assert session.scalar(sa.select(Customer.claimed_email)) == MARIA
    assert desk.comments()[0].mail["is_verified"] is False


def test_nobody_is_told_who_says_that_nobody_reads_it(desk: Desk, mailbox: Any) -> None:
    assert desk.take(letter("no-reply@site.example", is_proved=True)).status == "new"
    assert mailbox.collect() == []


def test_a_list_that_is_our_own_address_opens_tickets(desk: Desk) -> None:
    marks = {"List_Id": "<support.desk.example>", "List_Post": "<mailto:support@desk.example>"}
    assert desk.take(letter(is_proved=True, **marks)).status == "new"


def test_strangers_wait_where_the_inbox_says_so(app: Flask, make: Any) -> None:
    desk = Desk(app, make, trusted_host=HOST, strangers="hold")
    assert desk.take(letter()).reason == "stranger"
    assert desk.take(letter(is_proved=True)).status == "new"


# --- what comes back ------------------------------------------------------------------------------


def sent_mail(desk: Desk, mailbox: Any) -> Any:
    opened(desk)
    mailbox.collect()
    with within(desk), read_only() as session:
        found = session.scalars(sa.select(MailDelivery)).one()
        session.expunge(found)
    return found


def suppressed(desk: Desk) -> list[str]:
    with within(desk), read_only() as session:
        return list(session.scalars(sa.select(MailSuppression.address)))


def test_a_bounce_of_ours_is_noted_at_its_mail(desk: Desk, mailbox: Any) -> None:
    sent = sent_mail(desk, mailbox)
    row = desk.take(corpus("dsn_postfix", OURS=sent.message_id))
    assert (row.status, row.reason, row.ticket_id) == ("bounce", "reported", sent.ticket_id)
    assert suppressed(desk) == [MARIA]
    with within(desk), read_only() as session:
        assert session.scalar(sa.select(MailDelivery.status)) == "bounced"


def test_a_full_mailbox_is_noted_and_may_have_mail_again(desk: Desk, mailbox: Any) -> None:
    sent = sent_mail(desk, mailbox)
    assert desk.take(corpus("dsn_exchange_headers_only", OURS=sent.message_id)).reason == "reported"
    assert suppressed(desk) == []


@pytest.mark.parametrize("name", ["dsn_postfix", "dsn_exchange_headers_only", "dsn_delayed"])
def test_a_report_on_what_we_never_sent_does_nothing(desk: Desk, mailbox: Any, name: str) -> None:
    row = desk.take(corpus(name, OURS="<made-up@desk.example>"))
    assert (row.status, row.reason) == ("bounce", "unknown")
    assert suppressed(desk) == []
    assert mailbox.collect() == []


# --- what waits for a person ----------------------------------------------------------------------


def decide(desk: Desk, row: InboundMail, actor: Any, raw: bytes) -> InboundMail:
    with within(desk), acting_as(actor):
        arrival = mail_in.Arrival("pipe")
        with mail_in.prepared(raw, desk.inbox, arrival, accepted=True) as mail, transaction() as session:
            found = mail_in.accept_mail(row.id, mail, desk.inbox)
            session.refresh(found)
            session.expunge(found)
    return found


def test_a_held_mail_that_is_let_in_opens_a_ticket_and_nobody_is_told(
    desk: Desk, make: Any, mailbox: Any
) -> None:
    raw = corpus("newsletter_html_only")
    row = desk.take(raw)
    agent = make.actor(make.user(role="agent"))
    with within(desk), acting_as(agent), read_only():
        assert [one.id for one in mail_in.list_held()] == [row.id]
    found = decide(desk, row, agent, raw)
    assert (found.status, found.decided_by_id) == ("new", agent.id)
    assert desk.comments()[0].content.startswith("Sale")
    assert mailbox.collect() == []
    with pytest.raises(Conflict):
        decide(desk, row, agent, raw)


def test_a_held_answer_that_is_let_in_joins_its_ticket(desk: Desk, make: Any) -> None:
    ticket = opened(desk)
    raw = b"X-Spam-Flag: YES\n" + letter(to=to_ticket(ticket))
    row = desk.take(raw)
    assert row.reason == "spam"
    assert decide(desk, row, make.actor(make.user(role="agent")), raw).ticket_id == ticket.id


def test_a_blocked_sender_is_not_heard_and_what_is_held_of_them_is_gone(desk: Desk, make: Any) -> None:
    row = desk.take(corpus("spam_marked"))
    with within(desk), acting_as(make.actor(make.user(role="agent"))):
        with transaction():
            mail_in.block_sender("@far.example")
            mail_in.block_sender("@FAR.example")
        with read_only():
            assert mail_in.list_held() == []
            (blocked,) = mail_in.list_blocked_senders()
        assert desk.take(letter("other@far.example")).reason == "blocked"
        with transaction():
            mail_in.unblock_sender(blocked.id)
        assert desk.take(letter("third@far.example")).status == "new"
    assert desk.take(corpus("spam_marked")).id == row.id


def test_a_blocked_customer_is_not_heard(desk: Desk) -> None:
    ticket = opened(desk)
    with within(desk), transaction() as session:
        from webapp.services.customer import create_block

        create_block(customer_id=ticket.customer_id, actor=SYSTEM)
        session.flush()
    assert desk.take(letter(to=to_ticket(ticket))).reason == "blocked"
    assert desk.take(letter(is_proved=True)).reason == "blocked"


def test_viewers_decide_nothing(desk: Desk, make: Any) -> None:
    row = desk.take(corpus("spam_marked"))
    viewer = make.actor(make.user(role="viewer"))
    with within(desk), acting_as(viewer), read_only(), pytest.raises(Forbidden):
        mail_in.get_mail(row.id)


def test_mail_of_one_workspace_is_nothing_to_another(desk: Desk, app: Flask, make: Any) -> None:
    ticket = opened(desk)
    elsewhere = make.workspace("Elsewhere")
    other = Desk.__new__(Desk)
    other.app, other.workspace_id = app, elsewhere.id
    other.inbox = make.inbox(workspace=elsewhere, channel="email")
    assert other.take(letter(to=to_ticket(ticket))).status == "new"
    assert len(desk.comments(ticket.id)) == 1
    with within(other), read_only():
        assert db.session.scalar(sa.select(sa.func.count(Customer.id))) == 1
