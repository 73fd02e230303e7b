"""Mailboxes are read by IMAP: each mail once, whatever happens; what goes wrong is explained."""

import os
import re
import signal
import ssl
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask

from tests.factories import Factory
from tests.support import ROOT, process
from tests.support.imap_server import ImapServer, imap_server
from tests.support.inbound import HOST, Desk, letter
from tests.support.pages import submit
from webapp import create_app
from webapp.database import read_only, transaction
from webapp.extensions import db
from webapp.integrations import imap
from webapp.integrations.imap import Account, ImapError
from webapp.models import Event, InboundMail, Job
from webapp.models import Mailbox as MailboxRow
from webapp.services.mail_in import arrival, polling, receiving
from webapp.signing import seal, unseal
from webapp.tasks import mail_poll, worker
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

PASSWORD = 'pass "word"'


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with imap_server() as made:
        yield made


@pytest.fixture
def desk(app: Flask, make: Any, server: ImapServer) -> Desk:
    with app.app_context():
        box = seal(PASSWORD)
    return Desk(
        app,
        make,
        address="support@desk.example",
        trusted_host=HOST,
        is_polling=True,
        imap_host="127.0.0.1",
        imap_port=server.port,
        imap_tls="off",
        imap_username="support",
        imap_password_box=box,
    )


def box_of(desk: Desk) -> MailboxRow:
    with desk.app.app_context(), use_workspace(desk.workspace_id), read_only() as session:
        row = session.scalars(sa.select(MailboxRow)).one()
        session.expunge(row)
        return row


def look(desk: Desk) -> Any:
    """Has the mailboxes read that are due; the result of the newest job."""
    with desk.app.app_context():
        mail_poll.poll_mailboxes()
        worker.run_due()
        with read_only() as session:
            query = sa.select(Job.result).where(Job.type == polling.POLL).order_by(Job.id.desc())
            return session.scalars(query.limit(1)).first()


def ids(desk: Desk) -> list[str]:
    with desk.app.app_context(), use_workspace(desk.workspace_id), read_only() as session:
        return [row.message_id for row in session.scalars(sa.select(InboundMail).order_by(InboundMail.id))]


def numbered(number: int) -> bytes:
    return letter(Message_ID=f"<{number}@mails.example>", subject=f"Mail {number}")


def named(*numbers: int) -> list[str]:
    return [f"<{number}@mails.example>" for number in numbers]


# --- what comes ------------------------------------------------------------------------------------


def test_what_comes_into_the_mailbox_is_taken_and_what_was_there_stays(
    desk: Desk, server: ImapServer, clock: Any
) -> None:
    server.add(numbered(1))
    assert look(desk) == {"ok": True, "said": "0 taken"}
    for number in (2, 3):
        server.add(numbered(number))
    clock.advance(seconds=61)
    assert look(desk) == {"ok": True, "said": "2 taken"}
    clock.advance(seconds=61)
    assert look(desk) == {"ok": True, "said": "0 taken"}
    assert ids(desk) == named(2, 3)
    assert [ticket.title for ticket in desk.tickets()] == ["Mail 2", "Mail 3"]
    assert not any(line.startswith(("SELECT", "STORE", "UID STORE", "EXPUNGE")) for line in server.said)


def test_a_mailbox_whose_reading_took_a_while_is_due_at_the_next_look(
    desk: Desk, server: ImapServer, clock: Any
) -> None:
    look(desk)
    server.add(numbered(1))
    clock.advance(seconds=52)  # a minute after that look, which took eight seconds
    assert look(desk) == {"ok": True, "said": "1 taken"}


def test_it_is_looked_at_once_a_minute_and_after_trouble_less_often(
    desk: Desk, server: ImapServer, clock: Any
) -> None:
    look(desk)
    looks = server.said.count("LOGIN")
    look(desk)
    assert server.said.count("LOGIN") == looks
    server.password = "another"
    clock.advance(seconds=61)
    assert look(desk)["ok"] is False
    assert "app password" in (box_of(desk).last_error or "")
    clock.advance(minutes=5)
    look(desk)
    assert server.said.count("LOGIN") == looks + 1
    server.password = PASSWORD
    clock.advance(minutes=6)
    assert look(desk)["ok"] is True
    assert box_of(desk).last_error is None


def test_a_folder_that_was_made_anew_brings_nothing_twice(desk: Desk, server: ImapServer, clock: Any) -> None:
    look(desk)
    server.add(numbered(1))
    clock.advance(seconds=61)
    look(desk)
    server.validity, server.mails, server.next_uid = 8, {}, 1
    clock.advance(seconds=61)
    assert look(desk)["said"] == "0 taken"
    server.validity = 9
    for number in (1, 2):
        server.add(numbered(number))
    clock.advance(seconds=61)
    assert look(desk)["said"] == "2 taken"
    assert ids(desk) == named(1, 2)
    assert (box_of(desk).uid_validity, box_of(desk).last_uid) == (9, 2)


def test_many_mails_are_taken_in_turns(desk: Desk, server: ImapServer, clock: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(mail_poll, "MOST", 2)
    look(desk)
    for number in range(1, 4):
        server.add(numbered(number))
    for _ in range(2):
        clock.advance(seconds=61)
        look(desk)
    assert ids(desk) == named(1, 2, 3)


def test_a_mail_that_is_gone_or_too_big_holds_nothing_up(desk: Desk, server: ImapServer, clock: Any) -> None:
    look(desk)
    for number in range(1, 5):
        server.add(numbered(number))
    server.sizes[1] = imap.MAX_BYTES + 1
    server.before_fetch = lambda uid: server.mails.pop(3, None) if uid == 2 else None
    clock.advance(seconds=61)
    look(desk)
    assert ids(desk) == named(2, 4)


@pytest.mark.parametrize("place", ["find_route", "_note_shown"], ids=["before", "within"])
def test_a_mail_that_we_fail_at_is_held_and_those_behind_it_come_in(
    *, desk: Desk, server: ImapServer, clock: Any, monkeypatch: Any, sign_in: Any, make: Any, place: str
) -> None:
    look(desk)
    started = clock.now()
    for number in (1, 2, 3):
        server.add(numbered(number))
    module = arrival if place == "find_route" else receiving
    usual = getattr(module, place)

    def failing(*args: Any, **named: Any) -> Any:
        if getattr(args[0], "subject", None) == "Mail 2":
            raise ZeroDivisionError("of Mail 2")
        return usual(*args, **named)

    monkeypatch.setattr(module, place, failing)
    clock.advance(seconds=61)
    assert look(desk) == {"ok": True, "said": "3 taken"}
    assert [ticket.title for ticket in desk.tickets()] == ["Mail 1", "Mail 3"]
    box = box_of(desk)
    assert (box.last_uid, box.last_error) == (3, None)
    assert box.polled_at
    assert box.polled_at > started
    browser = sign_in(make.user(role="admin"))
    page = browser.get("/settings/held-mail").text
    assert page.count("a mistake of ours") == 1
    original = browser.get(re.search(r'href="(/mail/[^"]+)"', page)[1] + "/original")  # type: ignore[index]
    assert original.data == server.mails[2]
    clock.advance(seconds=61)
    assert look(desk) == {"ok": True, "said": "0 taken"}


def test_while_the_database_or_the_disk_is_away_no_mail_is_held_for_it(
    desk: Desk, server: ImapServer, clock: Any, monkeypatch: Any
) -> None:
    look(desk)
    server.add(numbered(1))

    def full(*_: Any) -> None:
        raise OSError("no space")

    with monkeypatch.context() as away:
        away.setattr(arrival, "keep_file", full)
        clock.advance(seconds=61)
        look(desk)
        assert ids(desk) == []
    clock.advance(seconds=61)
    look(desk)
    assert ids(desk) == named(1)
    assert len(desk.tickets()) == 1


def test_a_server_that_hangs_up_in_between_is_asked_again(desk: Desk, server: ImapServer, clock: Any) -> None:
    look(desk)
    for number in (1, 2):
        server.add(numbered(number))

    def hang_up(uid: int) -> None:
        if uid == 2:
            raise ConnectionResetError

    server.server.handle_error = lambda *_: None  # type: ignore[method-assign]
    server.before_fetch = hang_up
    clock.advance(seconds=61)
    assert look(desk)["ok"] is False
    assert ids(desk) == named(1)
    server.before_fetch = lambda _uid: None
    clock.advance(minutes=11)
    assert look(desk)["ok"] is True
    assert ids(desk) == named(1, 2)


def test_an_inbox_that_is_switched_off_is_not_read(desk: Desk, server: ImapServer) -> None:
    with desk.app.app_context(), use_workspace(desk.workspace_id), transaction() as session:
        session.get(type(desk.inbox), desk.inbox.id).is_active = False
    look(desk)
    assert server.said == []


# --- kill -9 ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_killed_between_two_mails_neither_loses_nor_doubles_one(database: Any, tmp_path: Path) -> None:
    settings = {
        **database.settings(database.fresh()),
        "JOB_LEASE_SECONDS": "2",
        "INSTANCE_PATH": str(tmp_path),
    }
    app = create_app(settings)
    with imap_server() as server, app.app_context():
        try:
            make = Factory(app)
            desk = Desk(
                app,
                make,
                is_polling=True,
                imap_host="127.0.0.1",
                imap_port=server.port,
                imap_tls="off",
                imap_username="support",
                imap_password_box=seal(PASSWORD),
                uid_validity=7,
                last_uid=0,
            )
            for number in range(1, 6):
                server.add(numbered(number))
            started: list[Any] = []
            server.before_fetch = lambda uid: started[0].kill() if uid == 3 and len(started) == 1 else None
            _request(desk)
            started.append(_worker({**os.environ, **settings}))
            assert started[0].wait(120) == -signal.SIGKILL
            assert ids(desk) == named(1, 2)
            _request(desk)
            started.append(_worker({**os.environ, **settings}))
            process.wait_until(lambda: len(ids(desk)) == 5, "the rest", 120)
            process.stop(started[1], signal.SIGKILL)
            assert ids(desk) == named(1, 2, 3, 4, 5)
            assert len(desk.tickets()) == 5
        finally:
            db.session.remove()
            db.engine.dispose()


def _request(desk: Desk) -> None:
    with use_workspace(desk.workspace_id), transaction() as session:
        session.execute(sa.delete(Job))
        polling.request_poll(session.scalars(sa.select(MailboxRow.id)).one())


def _worker(environ: dict[str, str]) -> Any:
    command = [sys.executable, "-W", "ignore", "-m", "tests.support.mail_program"]
    return process.start(command, cwd=ROOT, env=environ)


# --- what goes wrong is explained --------------------------------------------------------------------


def certificate(tmp_path: Path) -> ssl.SSLContext:
    """Of a server that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    no_password = serialization.NoEncryption()
    pem, traditional = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    path.write_bytes(key.private_bytes(pem, traditional, no_password) + made.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def account(server: ImapServer, **changes: Any) -> Account:
    usual = {
        "host": "127.0.0.1",
        "port": server.port,
        "tls": "off",
        "username": "support",
        "password": PASSWORD,
        "reach": "public_or_loopback",
    }
    return Account(**{**usual, **changes})


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"password": "wrong"}, "The user or the password is wrong"),
        ({"folder": "Nowhere"}, "no folder of this name"),
        ({"reach": "public"}, "private network"),
        ({"host": "no-such-host.invalid"}, "No server has this name"),
        ({"tls": "starttls"}, "offers no STARTTLS"),
        ({"tls": "tls"}, "try STARTTLS"),
        ({"port": 1}, "Nothing listens"),
    ],
    ids=["password", "folder", "inside", "name", "no-starttls", "no-tls", "port"],
)
def test_what_is_wrong_with_a_mailbox_is_said_plainly(
    server: ImapServer, changes: dict[str, Any], words: str
) -> None:
    server.server.handle_error = lambda *_: None  # type: ignore[method-assign]
    with pytest.raises(ImapError) as raised, imap.opened(account(server, **changes)):
        pass
    assert words in polling.explain(raised.value)


def test_a_certificate_that_nobody_vouches_for_is_refused_and_one_that_is_trusted_opens(
    tmp_path: Path, monkeypatch: Any
) -> None:
    with imap_server(context=certificate(tmp_path)) as server:
        server.server.handle_error = lambda *_: None  # type: ignore[method-assign]
        wanted = account(server, tls="tls", host="localhost")
        with pytest.raises(ImapError) as raised, imap.opened(wanted):
            pass
        assert "certificate is not valid" in polling.explain(raised.value)
        trusting = ssl.create_default_context(cafile=str(tmp_path / "server.pem"))
        monkeypatch.setattr(imap, "_context", lambda: trusting)
        with imap.opened(wanted) as folder:
            assert folder.count == 0


def test_what_no_imap_server_says_is_not_understood(server: ImapServer) -> None:
    server.server.handle_error = lambda *_: None  # type: ignore[method-assign]
    server.validity = "none"  # type: ignore[assignment]
    with pytest.raises(ImapError), imap.opened(account(server)):
        pass
    assert polling.explain(ImapError("IMAP: OddError")) == "IMAP: OddError."


def test_a_server_that_promises_too_much_is_not_believed(server: ImapServer, monkeypatch: Any) -> None:
    uid = server.add(b"x" * 200_000)
    server.sizes[uid] = 10
    monkeypatch.setattr(imap, "MAX_BYTES", 1000)
    with pytest.raises(ImapError), imap.opened(account(server)) as folder:
        folder.fetch(uid)


# --- setting it up -----------------------------------------------------------------------------------


@pytest.fixture
def save(app: Flask, make: Any, sign_in: Any) -> Callable[..., Any]:
    """`save(field=…)` fills in the page; `.desk`, `.page()`."""
    desk = Desk(app, make)
    browser = sign_in(make.user(role="admin"))
    place = f"/settings/inboxes/{desk.inbox.id}/mail"

    def saved(**fields: str) -> Any:
        return submit(browser, place, fields)

    saved.desk, saved.browser, saved.place = desk, browser, place  # type: ignore[attr-defined]
    return saved


def filled(server: ImapServer, **changes: str) -> dict[str, str]:
    usual = {
        "is_polling": "1",
        "imap_host": "127.0.0.1",
        "imap_port": str(server.port),
        "imap_tls": "tls",
        "imap_username": "support",
        "imap_password": PASSWORD,
        "imap_folder": "INBOX",
    }
    return {**usual, **changes}


def test_a_mailbox_is_set_up_and_tried_and_its_password_is_sealed(save: Any, server: ImapServer) -> None:
    server.server.handle_error = lambda *_: None  # type: ignore[method-assign]
    answer = save(**filled(server), test="imap")
    assert answer.status_code == 302
    assert "waiting for its answer" in save.browser.get(answer.location).text
    with save.desk.app.app_context():
        worker.run_due()
    shown = save.browser.get(answer.location).text
    assert "try STARTTLS" in shown
    row = box_of(save.desk)
    with save.desk.app.app_context():
        assert unseal(row.imap_password_box) == PASSWORD
    assert PASSWORD not in shown
    with save.desk.app.app_context(), use_workspace(save.desk.workspace_id), read_only() as session:
        query = sa.select(Event).where(Event.name == "mailbox.updated")
        changes = session.scalars(query).one().changes
    assert changes["imap_password"] == [None, "set"]
    assert PASSWORD not in str(changes)


def test_a_look_that_works_says_what_is_there(desk: Desk, server: ImapServer) -> None:
    server.add(numbered(1))
    with desk.app.app_context(), use_workspace(desk.workspace_id):
        answer = mail_poll.test({"mailbox_id": str(box_of(desk).id)}, box_of(desk).id)
    assert answer == {"ok": True, "said": "It works: INBOX holds 1 mails."}


def test_a_password_that_cannot_be_opened_is_to_be_typed_again(desk: Desk) -> None:
    with desk.app.app_context(), use_workspace(desk.workspace_id), transaction() as session:
        session.scalars(sa.select(MailboxRow)).one().imap_password_box = "nonsense"
    assert look(desk) == {"ok": False, "said": "Type it again and save."}


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"imap_host": ""}, "imap_host"),
        ({"imap_host": "http://x"}, "imap_host"),
        ({"imap_username": ""}, "imap_username"),
        ({"imap_folder": ""}, "imap_folder"),
        ({"imap_password": ""}, "imap_password"),
        ({"imap_port": "0"}, "imap_port"),
        ({"ses_topic": "mail"}, "ses_topic"),
        ({"sendgrid_public_key": "abc"}, "sendgrid_public_key"),
        ({"sendgrid_public_key": "§"}, "sendgrid_public_key"),
    ],
    ids=["host", "address", "user", "folder", "password", "port", "topic", "key", "no-key"],
)
def test_what_is_missing_is_said_at_its_field(
    save: Any, server: ImapServer, changes: dict[str, str], field: str
) -> None:
    answer = save(**filled(server, **changes))
    assert answer.status_code == 422
    assert re.search(rf'id="f-{field}-error">[^<]', answer.text)
    assert PASSWORD not in answer.text


def test_a_password_goes_to_no_other_server_than_it_was_typed_for(save: Any, server: ImapServer) -> None:
    assert save(**filled(server)).status_code == 302
    assert save(**filled(server, imap_password="", imap_username="sales")).status_code == 302
    assert box_of(save.desk).imap_username == "sales"
    answer = save(**filled(server, imap_password="", imap_host="other.example"))
    assert answer.status_code == 422
    assert box_of(save.desk).imap_host == "127.0.0.1"
    assert save(**filled(server, imap_host="other.example")).status_code == 302


def test_another_folder_is_read_from_its_own_beginning(save: Any, server: ImapServer) -> None:
    save(**filled(server))
    with save.desk.app.app_context(), use_workspace(save.desk.workspace_id), transaction() as session:
        session.execute(sa.update(MailboxRow).values(uid_validity=7, last_uid=9))
    save(**filled(server, imap_password=""))
    assert box_of(save.desk).last_uid == 9
    save(**filled(server, imap_password="", imap_folder="Support"))
    assert box_of(save.desk).last_uid is None


def test_a_test_of_somebody_elses_is_nothing_here(save: Any, server: ImapServer) -> None:
    for wanted in ("nonsense", str(save.desk.inbox.id)):
        assert save.browser.get(f"{save.place}?test={wanted}").status_code == 200
