"""Providers by their real protocols: who takes a mail, who is next, and a worker killed in the middle."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import boto3
import pytest
import sqlalchemy as sa
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from tests.factories import Factory
from tests.support import ROOT, process
from tests.support.mail_servers import sendgrid_server, smtp_server
from webapp import create_app
from webapp.database import transaction
from webapp.extensions import db
from webapp.integrations.mail import MailError, Refused
from webapp.models import Job, MailDelivery
from webapp.services import email
from webapp.services import ticket as tickets
from webapp.tasks import worker
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return {
        "TESTING": "1",
        "SECRET_KEY": "x" * 40,
        "INSTANCE_PATH": str(tmp_path),
        "MAIL_FROM": "Harbour <support@harbour.example>",
        "MAIL_TIMEOUT_SECONDS": "1",
    }


@pytest.fixture
def amazon() -> Iterator[Any]:
    """SES, as moto plays it below boto3, with our sender verified; its list of what was sent."""
    with mock_aws():
        boto3.client("sesv2", region_name="eu-west-1").create_email_identity(
            EmailIdentity="support@harbour.example"
        )
        yield ses_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].sent_messages


SES = {"SES_REGION": "eu-west-1", "SES_ACCESS_KEY_ID": "key", "SES_SECRET_ACCESS_KEY": "secret"}


def hand_over(settings: dict[str, str], to: str = "maria@example.com") -> dict[str, str]:
    app = create_app(settings)
    with app.app_context():
        return email.send_email_with_fallback(to, "Hello", "Text", html="<p>Text</p>", key="delivery-1")


def test_sendgrid_takes_a_mail_and_says_its_id(settings: dict[str, str]) -> None:
    with sendgrid_server() as grid:
        taken = hand_over({**settings, "SENDGRID_API_KEY": "SG.key", "SENDGRID_URL": grid.url})
        (mail,), keys = grid.mails, grid.keys
    assert taken == {"status": "sent", "provider": "sendgrid", "provider_id": "sg-1"}
    assert keys == ["Bearer SG.key"]
    assert mail["personalizations"] == [{"to": [{"email": "maria@example.com"}]}]
    assert mail["from"] == {"email": "support@harbour.example", "name": "Harbour"}
    assert [part["type"] for part in mail["content"]] == ["text/plain", "text/html"]
    assert mail["custom_args"] == {"delivery": "delivery-1"}


@pytest.mark.parametrize("trouble", ["answers 500", "answers 401", "is too slow", "is away"])
def test_sendgrid_down_ses_delivers(settings: dict[str, str], amazon: Any, trouble: str) -> None:
    with sendgrid_server() as grid:
        grid.status = {"answers 500": 500, "answers 401": 401}.get(trouble, 202)
        grid.slow = 3 if trouble == "is too slow" else 0
        url = f"http://127.0.0.1:{process.free_port()}" if trouble == "is away" else grid.url
        configured = {**settings, "SENDGRID_API_KEY": "SG.key", "SENDGRID_URL": url, **SES}
        taken = hand_over(configured)
    assert taken["provider"] == "ses"
    (sent,) = amazon
    assert taken["provider_id"] == sent.id
    assert set(sent.destinations) == {"maria@example.com"}
    message: Any = message_from_bytes(sent.raw_data.encode(), policy=policy.default)
    assert (message["Subject"], message["From"]) == ("Hello", "Harbour <support@harbour.example>")


def test_both_down_nobody_has_it_and_the_outbox_is_no_hiding_place(
    settings: dict[str, str], tmp_path: Path
) -> None:
    away = f"http://127.0.0.1:{process.free_port()}"
    with pytest.raises(MailError, match=r"SendGrid: \w+; SES: \w+"):
        hand_over({**settings, "SENDGRID_API_KEY": "SG.key", "SENDGRID_URL": away, **SES, "SES_URL": away})
    assert not (tmp_path / "outbox").exists()


def test_a_mail_that_every_provider_refuses_is_not_tried_again(settings: dict[str, str]) -> None:
    with sendgrid_server() as grid:
        grid.status = 400
        with pytest.raises(Refused, match="SendGrid answered 400"):
            hand_over({**settings, "SENDGRID_API_KEY": "SG.key", "SENDGRID_URL": grid.url})


def test_smtp_takes_a_mail_whole(settings: dict[str, str]) -> None:
    with smtp_server() as server:
        assert hand_over({**settings, "SMTP_URL": server.url})["provider"] == "smtp"
        (envelope,) = server.envelopes
    message: Any = message_from_bytes(envelope.content, policy=policy.default)
    assert (envelope.mail_from, envelope.rcpt_tos) == ("support@harbour.example", ["maria@example.com"])
    assert message["From"] == "Harbour <support@harbour.example>"
    assert message.get_body(("html",)).get_content().strip() == "<p>Text</p>"


@pytest.mark.parametrize("answer, error", [("554 no", Refused), ("451 later", MailError)])
def test_what_smtp_answers_says_whether_to_try_again(
    settings: dict[str, str], answer: str, error: type[MailError]
) -> None:
    with smtp_server() as server:
        server.answer = answer
        with pytest.raises(MailError) as raised:
            hand_over({**settings, "SMTP_URL": server.url})
    assert type(raised.value) is error


def test_a_server_without_tls_gets_nothing_unless_that_is_wanted(settings: dict[str, str]) -> None:
    with smtp_server() as server:
        with pytest.raises(MailError):
            hand_over({**settings, "SMTP_URL": server.url.replace("?tls=off", "")})
        assert server.envelopes == []


PATIENCE = 90

# --- kill -9 --------------------------------------------------------------------------------------


@contextmanager
def desk(database: Any, tmp_path: Path, **more: str) -> Iterator[Any]:
    """An app on a database of its own, with one mail of a ticket that is due."""
    settings = {
        **database.settings(database.fresh()),
        "JOB_LEASE_SECONDS": "2",
        "INSTANCE_PATH": str(tmp_path),
        "MAIL_FROM": "support@harbour.example",
        **more,
    }
    app = create_app(settings)
    with app.app_context():
        workspace = Factory(app).workspace()
        with use_workspace(workspace), transaction():
            tickets.create_ticket("Jacket", "Too small", "maria@example.com")
        app.config["ENVIRON"] = {**os.environ, **settings}
        try:
            yield app, workspace
        finally:
            db.session.remove()
            db.engine.dispose()


def start(app: Any) -> Any:
    command = [sys.executable, "-W", "ignore", "-m", "tests.support.mail_program"]
    return process.start(command, cwd=ROOT, env=app.config["ENVIRON"])


def outcome(workspace: Any) -> tuple[str, int]:
    db.session.rollback()
    with use_workspace(workspace):
        row = db.session.scalars(sa.select(MailDelivery)).one()
        return row.status, row.attempts


def kill_once(app: Any, is_under_way: Any) -> None:
    """Starts a worker and kills it in the middle of its mail."""
    first = start(app)
    try:
        process.wait_until(is_under_way, "the first try", PATIENCE)
    finally:
        process.stop(first, signal.SIGKILL)


def until_sent(app: Any, workspace: Any) -> None:
    second = start(app)
    try:
        process.wait_until(lambda: outcome(workspace)[0] == "sent", "the second try", PATIENCE)
        process.wait_until(_all_done, "its job to end", PATIENCE)
    finally:
        process.stop(second, signal.SIGKILL)


def _all_done() -> bool:
    db.session.rollback()
    return set(db.session.scalars(sa.select(Job.status))) == {"completed"}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_between_acceptance_and_record_sends_one_duplicate_with_the_same_id(
    database: Any, tmp_path: Path
) -> None:
    with smtp_server() as server, desk(database, tmp_path, SMTP_URL=server.url) as (app, workspace):
        server.slow = 30
        kill_once(app, lambda: server.envelopes)
        server.slow = 0
        until_sent(app, workspace)
        ids = {_message_id(envelope) for envelope in server.envelopes}
        assert len(server.envelopes) == 2
        assert len(ids) == 1, "a reader's mail program can tell that it is the same"
        assert outcome(workspace) == ("sent", 2)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_before_acceptance_or_after_the_record_sends_one(database: Any, tmp_path: Path) -> None:
    with sendgrid_server() as grid:
        more = {"SENDGRID_API_KEY": "SG.key", "SENDGRID_URL": grid.url, "MAIL_TIMEOUT_SECONDS": "30"}
        with desk(database, tmp_path, **more) as (app, workspace):
            grid.status, grid.slow = 503, 30  # it has been asked and has not taken it
            kill_once(app, lambda: grid.keys)
            grid.status, grid.slow = 202, 0
            until_sent(app, workspace)
            assert len(grid.mails) == 1


def _message_id(envelope: Any) -> str:
    found = message_from_bytes(envelope.content)["Message-ID"]
    assert found is not None
    return str(found)


def test_a_worker_that_only_was_slow_sends_no_second_mail(session: Any, make: Any, mailbox: Any) -> None:
    with use_workspace(make.workspace()):
        with transaction():
            tickets.create_ticket("Jacket", "Too small", "maria@example.com")
        (slow,) = worker.claim_due(5)
        worker.perform(slow)
        worker.perform(slow)
    assert len(mailbox.messages) == 1
