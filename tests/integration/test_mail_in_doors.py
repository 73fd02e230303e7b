"""The doors of mail: the command, the pages, two desks that write to each other."""

import io
import os
import sys
from email import message_from_bytes
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.factories import Factory
from tests.support.inbound import HOST, Desk, corpus, letter
from tests.support.mailbox import Mailbox
from tests.support.pages import submit
from webapp import cli, create_app
from webapp.database import read_only, transaction
from webapp.errors import NoSpace
from webapp.extensions import db
from webapp.models import InboundMail
from webapp.models import Mailbox as MailboxRow
from webapp.services import ticket as tickets
from webapp.services.mail_in import arrival, receiving
from webapp.tasks import sweep
from webapp.tenancy import use_workspace

HELD = "/settings/held-mail"
pytestmark = pytest.mark.integration


@pytest.fixture
def desk(app: Flask, make: Any) -> Desk:
    return Desk(app, make, address="support@desk.example", trusted_host=HOST)


# --- the command ----------------------------------------------------------------------------------


def piped(desk: Desk, raw: bytes, monkeypatch: Any, *arguments: str) -> int:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    monkeypatch.setattr("webapp.app.create_app", lambda _config: desk.app)
    return cli.main(["pipe", *(arguments or ("--inbox", desk.inbox.key))])


def test_a_mail_is_piped_in(desk: Desk, monkeypatch: Any) -> None:
    assert piped(desk, corpus("gmail_plain_and_html"), monkeypatch) == os.EX_OK
    assert [ticket.title for ticket in desk.tickets()] == ["Where is my order?"]


def test_what_the_mail_server_must_know_is_in_the_exit_code(desk: Desk, monkeypatch: Any) -> None:
    assert piped(desk, letter(), monkeypatch, "--inbox", "nobody") == os.EX_NOUSER
    assert piped(desk, b" \n", monkeypatch) == os.EX_DATAERR
    monkeypatch.setattr("webapp.cli.mail.MAX_MAIL_BYTES", 10)
    assert piped(desk, letter(), monkeypatch) == os.EX_DATAERR


def test_a_mail_that_cannot_be_taken_now_is_kept_by_the_mail_server(desk: Desk, monkeypatch: Any) -> None:
    def away(*_: Any) -> None:
        raise sa.exc.OperationalError("", {}, Exception())

    monkeypatch.setattr("webapp.cli.mail.mailbox.inbox_by_key", away)
    assert piped(desk, letter(), monkeypatch) == os.EX_TEMPFAIL


def test_a_mail_that_we_fail_at_is_held_with_its_bytes(
    desk: Desk, monkeypatch: Any, make: Any, sign_in: Any
) -> None:
    def failing(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("of this mail")

    monkeypatch.setattr(receiving, "find_route", failing)
    raw = letter()
    assert piped(desk, raw, monkeypatch) == os.EX_OK, "the mail server need not keep it"
    assert piped(desk, raw, monkeypatch) == os.EX_OK, "the same again is the same mail"
    page = sign_in(make.user(role="admin")).get(HELD).text
    assert page.count("a mistake of ours") == 1
    assert desk.tickets() == []


def test_a_mail_for_which_there_is_no_room_is_kept_by_the_mail_server(desk: Desk, monkeypatch: Any) -> None:
    def full(*_: Any) -> None:
        raise NoSpace("no room")

    monkeypatch.setattr(arrival, "keep_file", full)
    assert piped(desk, letter(), monkeypatch) == os.EX_TEMPFAIL


def test_a_chat_takes_no_mail(desk: Desk, make: Any, monkeypatch: Any) -> None:
    assert piped(desk, letter(), monkeypatch, "--inbox", make.inbox().key) == os.EX_NOUSER


# --- the pages ------------------------------------------------------------------------------------


def test_held_mail_is_decided_on_its_page(desk: Desk, make: Any, sign_in: Any) -> None:
    browser = sign_in(make.user(role="agent"))
    let_in, deleted, blocked = (
        desk.take(corpus(name)) for name in ("spam_marked", "mailing_list", "exchange_oof")
    )
    page = browser.get("/settings/held-mail")
    assert "Its server calls it spam" in page.text
    assert "Confidential" in page.text
    for path, data in (
        (f"{let_in.id}/accept", {}),
        (f"{deleted.id}/discard", {}),
        ("senders", {"address": blocked.from_address}),
    ):
        answer = submit(browser, f"/settings/held-mail/{path}", data, page=HELD)
        assert answer.status_code == 302, answer.text
    page = browser.get("/settings/held-mail")
    assert "Nothing waits" in page.text
    assert blocked.from_address in page.text
    assert len(desk.tickets()) == 1
    again = submit(browser, f"/settings/held-mail/{deleted.id}/accept", {}, page=HELD)
    assert again.status_code == 409
    wrong = submit(browser, "/settings/held-mail/senders", {"address": "nonsense"}, page=HELD)
    assert (wrong.status_code, "An address, or a domain" in wrong.text) == (422, True)


def test_a_mail_is_shown_whole_and_its_original_is_a_download(desk: Desk, make: Any, sign_in: Any) -> None:
    browser = sign_in(make.user(role="viewer"))
    row = desk.take(corpus("outlook_html_reply"))
    page = browser.get(f"/mail/{row.id}").text
    for said in ("Unverified sender", "Your invoice is attached.", "lena@firm.example", "image001.png"):
        assert said in page
    original = browser.get(f"/mail/{row.id}/original")
    assert original.data == corpus("outlook_html_reply")
    assert original.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in original.headers["Content-Security-Policy"]


def test_an_email_inbox_is_made_and_set_up(desk: Desk, make: Any, sign_in: Any) -> None:
    browser = sign_in(make.user(role="admin"))
    form = {"name": "Sales", "is_active": "1", "always_open": "1"}
    made = submit(browser, "/settings/inboxes/new?channel=email", form)
    assert made.location.endswith("/mail")
    page = browser.get(made.location)
    assert "python wsgi.py pipe --inbox" in page.text
    wanted = {"address": "Sales@Desk.example", "trusted_host": " MX.Us ", "strangers": "hold"}
    saved = submit(browser, made.location, wanted)
    assert saved.status_code == 302, saved.text
    taken = submit(browser, made.location, {"address": "support@desk.example", "strangers": "open"})
    assert (taken.status_code, "Another inbox has this address" in taken.text) == (422, True)
    for wrong in ({"address": "nonsense"}, {"trusted_host": "a b"}):
        assert submit(browser, made.location, {"strangers": "open", **wrong}).status_code == 422
    with desk.app.app_context(), use_workspace(desk.workspace_id), read_only() as session:
        row = session.scalars(sa.select(MailboxRow).where(MailboxRow.strangers == "hold")).one()
        assert (row.address, row.trusted_host) == ("sales@desk.example", "mx.us")


def test_only_email_inboxes_have_such_a_page(desk: Desk, make: Any, sign_in: Any) -> None:
    browser = sign_in(make.user(role="admin"))
    assert browser.get(f"/settings/inboxes/{make.inbox().id}/mail").status_code == 404


def test_what_nobody_decides_on_is_forgotten_after_thirty_days(desk: Desk, clock: Any) -> None:
    desk.take(corpus("spam_marked"))
    kept = desk.take(letter(is_proved=True))
    clock.advance(days=29)
    with desk.app.app_context():
        sweep.forget_held_mail()
        with use_workspace(desk.workspace_id), read_only() as session:
            assert session.scalar(sa.select(sa.func.count(InboundMail.id))) == 2
        clock.advance(days=2)
        sweep.forget_held_mail()
        with use_workspace(desk.workspace_id), read_only() as session:
            assert list(session.scalars(sa.select(InboundMail.id))) == [kept.id]


def test_what_a_mail_quotes_is_read_by_its_id_at_the_comment(
    app: Flask, desk: Desk, make: Any, sign_in: Any
) -> None:
    desk.take(corpus("gmail_reply"))
    (comment,) = desk.comments()
    assert comment.mail["is_folded"]
    browser = sign_in(make.user(role="viewer"))
    mail = browser.get(f"/api/v1/mails/{comment.mail['id']}").json["mail"]
    assert mail["text"] == comment.content
    assert "wrote:" in mail["folded"]
    assert (mail["comment_id"], mail["status"]) == (str(comment.id), "new")


def test_several_held_mails_are_decided_on_at_once(desk: Desk, make: Any, sign_in: Any) -> None:
    one, two, gone, last = (
        desk.take(letter(f"{name}@far.example", subject=name, X_Spam_Flag="YES"))
        for name in ("one", "two", "gone", "last")
    )
    browser = sign_in(make.user(role="agent"))
    submit(browser, f"{HELD}/{gone.id}/discard", {}, page=HELD)

    def several(verb: str, *mails: InboundMail) -> str:
        ticked = {f"mails.{mail.id}": "1" for mail in mails}
        return submit(browser, f"{HELD}/several", {"verb": verb, **ticked}, page=HELD).text

    several("accept", one, gone)
    assert "1 let in, 1 not: decided on already" in browser.get(HELD).text
    assert [ticket.title for ticket in desk.tickets()] == ["one"]
    several("discard", two, last)
    page = browser.get(HELD).text
    assert ("2 deleted" in page, "Nothing waits" in page) == (True, True)
    assert [ticket.title for ticket in desk.tickets()] == ["one"]
    desk.take(letter("three@far.example", X_Spam_Flag="YES"))
    assert "Tick at least one mail" in several("discard")


# --- answers, as mail programs see them -----------------------------------------------------------


def test_our_answers_belong_to_the_thread_of_the_customers_own_mail(desk: Desk, mailbox: Mailbox) -> None:
    desk.take(letter(is_proved=True, Message_ID="<first@shop.example>"))
    (told,) = mailbox.collect()
    assert told["References"] == "<first@shop.example>"
    assert told["In-Reply-To"] == "<first@shop.example>"


def test_an_agent_can_answer_a_notification_about_one_ticket(
    desk: Desk, make: Any, mailbox: Mailbox, clock: Any
) -> None:
    from webapp.services.notification.mail import ANSWER

    agent = make.user(role="agent", email="mei@desk.example")
    desk.take(letter(is_proved=True))
    (ticket,) = desk.tickets()
    with desk.app.app_context(), use_workspace(desk.workspace_id), transaction():
        tickets.assign_ticket(ticket.id, agent.id)
    clock.advance(hours=2)
    from webapp.tasks.timer import fire_due

    with desk.app.app_context():
        fire_due()
    mailed = [mail for mail in mailbox.collect() if mail["To"] == agent.email]
    (mail,) = mailed
    assert ANSWER in mail.get_body(("plain",)).get_content()
    answer = letter(agent.email, "On its way.", to=mail["Reply-To"], is_proved=True)
    assert desk.take(answer).ticket_id == ticket.id
    assert desk.comments(ticket.id)[-1].author_id == agent.id


# --- two desks ------------------------------------------------------------------------------------


def installation(database: Any, folder: Any, name: str) -> tuple[Desk, Mailbox]:
    """A desk of its own: own database, own secret, own address."""
    env = database.settings(database.fresh()) | {
        "SECRET_KEY": f"the secret of {name} that nobody else has, {name}",
        "MAIL_FROM": f"support@{name}.example",
        "INSTANCE_PATH": str(folder / name),
    }
    made = create_app(env)
    desk = Desk(made, Factory(made), address=f"support@{name}.example", trusted_host=HOST)
    return desk, Mailbox(made)


@pytest.mark.parametrize("is_proved", [True, False], ids=["proved", "unproved"])
def test_s53_two_desks_that_write_to_each_other_stop_after_two_mails(
    database: Any, tmp_path: Any, is_proved: bool
) -> None:
    (one, ours), (other, theirs) = (installation(database, tmp_path, name) for name in ("one", "other"))
    one.take(letter("support@other.example", "Hello?", is_proved=is_proved), verdict=is_proved or None)
    sent, seen = 0, set()
    for _ in range(10):
        for here, there in ((ours, other), (theirs, one)):
            fresh = [mail for mail in here.collect() if mail["Message-ID"] not in seen]
            seen |= {mail["Message-ID"] for mail in fresh}
            sent += len(fresh)
            for mail in fresh:
                there.take(message_from_bytes(mail.as_bytes()).as_bytes(), verdict=is_proved or None)
    assert 1 <= sent <= 2
    for desk in (one, other):
        with desk.app.app_context():
            db.engine.dispose()
