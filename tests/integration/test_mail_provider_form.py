"""Each workspace's own mail providers: the form, who carries a mail then, and where secrets never are."""

import logging
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import sqlalchemy as sa
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from tests.support.mail_servers import SmtpServer, sendgrid_server, smtp_server
from tests.support.pages import form_of
from webapp.database import transaction
from webapp.extensions import db
from webapp.integrations import safe_http, smtp
from webapp.integrations.mail import MailError
from webapp.models import Event, Job, MailDelivery, Workspace
from webapp.schemas.mail_provider import MailProviderSection
from webapp.services import email
from webapp.services.email import carriers, provider_setup
from webapp.services.setting import read_section
from webapp.tasks.worker import run_due
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

PAGE = "/settings/mail/providers"
KEY = "SG.a-very-secret-key-9f3c"
SECRETS = (KEY, "amazon-secret-77aa", "letmein-smtp-55bb")
USUAL = {"order": "sendgrid,ses,smtp", "sendgrid": "environment", "ses": "environment", "smtp": "environment"}
SMTP = {"smtp": "own", "smtp_tls": "off", "smtp_host": "127.0.0.1"}


@pytest.fixture
def admin(make: Any, agent: Any) -> Any:
    return agent(make.user(role="admin", email="nora@example.com"))


@pytest.fixture
def save(admin: Any) -> Any:
    """Opens the form, fills it in and sends it; `shown`: the form as it was opened earlier."""

    def saving(shown: dict[str, Any] | None = None, **fields: Any) -> Any:
        shown = shown or form_of(admin.http.get(PAGE).text, PAGE)
        guards = {name: shown[name] for name in ("csrf_token", "version", "seen")}
        return admin.http.post(PAGE, data={**guards, **USUAL, **fields})

    return saving


@pytest.fixture
def amazon() -> Iterator[Any]:
    """SES as moto plays it, with our sender verified; its list of what was sent."""
    with mock_aws():
        boto3.client("sesv2", region_name="eu-central-1").create_email_identity(
            EmailIdentity="help@harbour.example"
        )
        yield ses_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].sent_messages


def error_at(answer: Any, field: str) -> str:
    found = re.search(rf'id="f-{field}-error">([^<]*)<', answer.text)
    return found[1] if found else ""


def outcome(app: Any, workspace: Any) -> list[tuple[str, str | None]]:
    with app.app_context(), use_workspace(workspace):
        return [(row.status, row.provider) for row in db.session.scalars(sa.select(MailDelivery))]


def mail_somebody(app: Any, workspace: Any) -> None:
    with app.app_context():
        with use_workspace(workspace), transaction():
            email.send_email("maria@example.com", "plain", {"subject_line": "Hello", "body": "Text"})
        run_due()


def answers_of_the_test(admin: Any, app: Any, saved: Any) -> str:
    """What the page says once the test that a form asked for has run."""
    assert saved.status_code == 302, saved.text
    assert "data-note>waiting" in admin.http.get(saved.location).text
    with app.app_context():
        run_due()
    page: str = admin.http.get(saved.location).text
    found = re.search(r'role="status"><svg.*?<span>([^<]*)</span>', page, re.DOTALL)
    assert found, page
    return found[1]


# --- who carries a mail ---------------------------------------------------------------------------


def test_a_workspace_s_own_server_carries_its_mail_from_its_own_sender(
    admin: Any, save: Any, app: Any
) -> None:
    with smtp_server() as server:
        port = server.controller.port
        saved = save(**SMTP, smtp_port=port, sender_name="Harbour", sender_address="help@harbour.example")
        assert saved.status_code == 302, saved.text
        mail_somebody(app, admin.user.workspace_id)
        (envelope,) = server.envelopes
    assert envelope.mail_from == "help@harbour.example"
    assert b"From: Harbour <help@harbour.example>" in envelope.content
    assert outcome(app, admin.user.workspace_id) == [("sent", "smtp")]
    assert "<b>SMTP server</b>" in admin.http.get("/settings/mail").text


def test_another_workspace_keeps_to_the_installation_s(admin: Any, save: Any, app: Any, make: Any) -> None:
    other = make.workspace()
    with smtp_server() as server:
        assert save(**SMTP, smtp_port=server.controller.port).status_code == 302
        mail_somebody(app, other.id)
        assert server.envelopes == []
    assert outcome(app, other.id) == [("sent", "outbox")]


def test_an_invitation_goes_by_the_workspace_s_own_server(admin: Any, save: Any, app: Any) -> None:
    with smtp_server() as server:
        assert save(**SMTP, smtp_port=server.controller.port).status_code == 302
        who = {"csrf_token": admin.csrf, "name": "Mei", "email": "mei@example.com", "role": "agent"}
        assert admin.http.post("/settings/people", data=who).status_code == 302
        with app.app_context():
            run_due()
        assert [envelope.rcpt_tos for envelope in server.envelopes] == [["mei@example.com"]]


def test_they_are_tried_in_the_order_of_the_form(
    admin: Any, save: Any, app: Any, amazon: Any, monkeypatch: Any
) -> None:
    ses = {
        "ses": "own",
        "ses_region": "eu-central-1",
        "ses_access_key_id": "AKIA1",
        "ses_secret_access_key": SECRETS[1],
        "sender_address": "help@harbour.example",
    }
    with smtp_server() as server:
        own = {**SMTP, **ses, "smtp_port": server.controller.port}
        assert save(**own).status_code == 302
        mail_somebody(app, admin.user.workspace_id)
        assert (len(amazon), len(server.envelopes)) == (1, 0)
        assert save(**own, order="smtp,ses,sendgrid").status_code == 302
        mail_somebody(app, admin.user.workspace_id)
        assert (len(amazon), len(server.envelopes)) == (1, 1)
        server.answer = "451 later"
        mail_somebody(app, admin.user.workspace_id)
        assert len(amazon) == 2, "the next takes what the first does not"


def test_switched_off_the_installation_s_provider_is_not_asked(admin: Any, save: Any, app: Any) -> None:
    with use_workspace(admin.user.workspace_id), app.app_context():
        assert not carriers.is_in_use("smtp")
    assert save(sendgrid="off", ses="off", smtp="off").status_code == 302
    mail_somebody(app, admin.user.workspace_id)
    assert outcome(app, admin.user.workspace_id) == [("sent", "outbox")]


def test_a_secret_sealed_with_another_key_is_said_so_and_the_next_provider_is_asked(
    admin: Any, save: Any, app: Any
) -> None:
    with smtp_server() as server:
        assert save(**SMTP, smtp_port=server.controller.port).status_code == 302
        with app.app_context(), use_workspace(admin.user.workspace_id), transaction():
            broken = {"sendgrid": "own", "sendgrid_api_key_box": "not-a-seal"}
            own = read_section(MailProviderSection).model_copy(update=broken)
            stored = db.session.get(Workspace, admin.user.workspace_id)
            assert stored
            stored.settings = {**stored.settings, "mail_providers": own.model_dump()}
        assert "SECRET_KEY has changed" in admin.http.get(PAGE).text
        mail_somebody(app, admin.user.workspace_id)
        assert len(server.envelopes) == 1


# --- secrets --------------------------------------------------------------------------------------


def test_secrets_are_in_no_page_event_log_or_row(admin: Any, save: Any, app: Any, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    saved = save(
        sendgrid="own",
        sendgrid_api_key=SECRETS[0],
        ses="own",
        ses_region="eu-west-1",
        ses_access_key_id="AKIA1",
        ses_secret_access_key=SECRETS[1],
        smtp="own",
        smtp_host="mail.example.com",
        smtp_username="desk",
        smtp_password=SECRETS[2],
    )
    assert saved.status_code == 302, saved.text
    page = admin.http.get(PAGE).text
    assert "ends in …9f3c" in page
    failed = save(sendgrid="own", sendgrid_api_key="typed-in-vain-1234", sender_address="nonsense")
    assert failed.status_code == 422
    pages = page + failed.text + admin.http.get("/settings/mail").text + admin.http.get("/api/v1/events").text
    with app.app_context(), use_workspace(admin.user.workspace_id):
        events = str([event.changes for event in db.session.scalars(sa.select(Event))])
        rows = str([job.params for job in db.session.scalars(sa.select(Job))])
        kept = str(db.session.scalars(sa.select(Workspace)).one().settings)
    for secret in (*SECRETS, "typed-in-vain-1234"):
        assert secret not in pages + events + rows + kept + caplog.text
    assert "mail_providers.sendgrid_api_key_box': [False, True]" in events
    assert "gAAAA" not in pages + events, "not even sealed"


def test_a_secret_that_is_not_typed_stays_and_can_be_replaced_or_removed(
    admin: Any, save: Any, app: Any
) -> None:
    def key() -> str:
        with app.app_context(), use_workspace(admin.user.workspace_id):
            return carriers.account("sendgrid").sendgrid_api_key

    assert save(sendgrid="own", sendgrid_api_key=KEY).status_code == 302
    assert save(sendgrid="own").status_code == 302
    assert key() == KEY
    assert save(sendgrid="own", sendgrid_api_key="SG.another-0000").status_code == 302
    assert key() == "SG.another-0000"
    removed = save(sendgrid="own", remove_sendgrid_api_key="1")
    assert error_at(removed, "sendgrid_api_key") == "Type the key that SendGrid gave you"
    assert save(sendgrid="off", remove_sendgrid_api_key="1").status_code == 302
    assert save(sendgrid="own").status_code == 422


def test_a_stored_password_is_not_sent_to_another_server(save: Any) -> None:
    own = {"smtp": "own", "smtp_host": "mail.example.com", "smtp_username": "desk"}
    assert save(**own, smtp_password=SECRETS[2]).status_code == 302
    assert save(**own, smtp_timeout_seconds="5").status_code == 302
    moved = save(**{**own, "smtp_host": "evil.example.com"})
    assert "another server" in error_at(moved, "smtp_password")


def test_the_installation_s_password_is_never_given_to_a_server_of_a_workspace(app: Any) -> None:
    with app.app_context():
        own = MailProviderSection(smtp="own", smtp_host="evil.example.com")
        server = carriers._smtp(own, app.config["PARLEY"].mail).smtp
    assert server is not None
    assert (server.username, server.password) == ("", "")


# --- the form -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "field, fields",
    [
        ("sender_address", {"sender_address": "nonsense"}),
        ("sender_name", {"sender_name": "Eve\r\nBcc: all@example.com"}),
        ("reply_to", {"reply_to": "much-too-long-a-mailbox@example.com"}),
        ("order", {"order": "ses,ses,smtp"}),
        ("sendgrid", {"sendgrid": "somebody"}),
        ("sendgrid_api_key", {"sendgrid": "own"}),
        ("ses_region", {"ses": "own", "ses_region": "evil.example.com/"}),
        ("ses_access_key_id", {"ses": "own", "ses_region": "eu-west-1"}),
        ("ses_secret_access_key", {"ses": "own", "ses_region": "eu-west-1", "ses_access_key_id": "AKIA"}),
        ("smtp_host", {"smtp": "own", "smtp_host": "http://mail.example.com/x"}),
        ("smtp_host", {"smtp": "own", "smtp_host": ""}),
        ("smtp_port", {"smtp": "own", "smtp_host": "mail.example.com", "smtp_port": "70000"}),
        ("smtp_password", {"smtp": "own", "smtp_host": "mail.example.com", "smtp_username": "desk"}),
        ("smtp_username", {"smtp": "own", "smtp_host": "mail.example.com", "smtp_password": "x"}),
        ("smtp_timeout_seconds", {"smtp_timeout_seconds": "31"}),
        (
            "smtp_tls",
            {**SMTP, "smtp_host": "mail.example.com", "smtp_username": "a", "smtp_password": "b"},
        ),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_the_form_comes_back_filled(
    save: Any, field: str, fields: dict[str, str]
) -> None:
    answer = save(**{"sender_name": "Typed here", **fields})
    assert answer.status_code == 422
    assert error_at(answer, field), answer.text
    assert "sender_name" in fields or 'value="Typed here"' in answer.text


def test_two_who_save_at_the_same_time_the_second_is_told(admin: Any, save: Any) -> None:
    shown = form_of(admin.http.get(PAGE).text, PAGE)
    assert save(shown, sender_name="First", sendgrid_api_key=KEY).status_code == 302
    second = save(shown, sender_name="Second")
    assert second.status_code == 409
    assert "saved this while you had it open" in second.text
    assert "<ins>First</ins>" in second.text
    assert KEY not in second.text
    again = form_of(second.text, PAGE)
    assert again["sender_name"] == "Second"
    assert save(again, sender_name="Second").status_code == 302


# --- the test button ------------------------------------------------------------------------------


def test_a_test_says_that_the_provider_took_it(admin: Any, save: Any, app: Any) -> None:
    with smtp_server() as server:
        said = answers_of_the_test(admin, app, save(**SMTP, smtp_port=server.controller.port, test="smtp"))
        (envelope,) = server.envelopes
    assert said == "It took the mail for nora@example.com."
    assert envelope.rcpt_tos == ["nora@example.com"]


@pytest.mark.parametrize(
    "answer, said",
    [("554 no", "SMTP answered 554"), ("550 no", "SMTP answered 550. The server does not take mail from")],
)
def test_a_test_says_in_plain_words_what_the_provider_answered(
    admin: Any, save: Any, app: Any, answer: str, said: str
) -> None:
    with smtp_server() as server:
        server.answer = answer
        found = answers_of_the_test(admin, app, save(**SMTP, smtp_port=server.controller.port, test="smtp"))
    assert found.startswith(said)


def test_a_test_of_a_wrong_key_says_so(
    admin: Any, save: Any, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sendgrid_server() as grid:
        grid.status = 401
        account = carriers.account

        def here(provider: str) -> Any:
            from dataclasses import replace

            return replace(account(provider), sendgrid_url=grid.url)

        monkeypatch.setattr(carriers, "account", here)
        saved = save(sendgrid="own", sendgrid_api_key=KEY, test="sendgrid")
        found = answers_of_the_test(admin, app, saved)
        assert grid.keys == [f"Bearer {KEY}"]
    assert found == "SendGrid answered 401. The key or the password is wrong, or it was revoked."


def test_amazon_takes_a_test_and_an_unverified_sender_is_explained(
    admin: Any, save: Any, app: Any, amazon: Any
) -> None:
    own = {
        "ses": "own",
        "ses_region": "eu-central-1",
        "ses_access_key_id": "AKIA1",
        "ses_secret_access_key": SECRETS[1],
        "test": "ses",
    }
    taken = answers_of_the_test(admin, app, save(**own, sender_address="help@harbour.example"))
    assert (taken, len(amazon)) == ("It took the mail for nora@example.com.", 1)
    refused = answers_of_the_test(admin, app, save(**own, sender_address="stranger@example.com"))
    assert "wants the sender's address or domain verified" in refused.replace("&#39;", "'")


def test_a_provider_that_is_not_set_says_so(admin: Any, save: Any, app: Any) -> None:
    assert answers_of_the_test(admin, app, save(test="ses")) == "SES is not configured."


def test_a_test_is_seen_by_nobody_else(admin: Any, save: Any, app: Any, make: Any, agent: Any) -> None:
    place = save(test="ses").location
    foreign = agent(make.user(role="admin", workspace=make.workspace()))
    assert "data-job" not in foreign.http.get(place).text


# --- where a named server may be ------------------------------------------------------------------


@pytest.mark.parametrize("host", ["10.0.0.8", "169.254.169.254", "192.168.1.1", "0.0.0.0", "::ffff:10.0.0.8"])
@pytest.mark.parametrize("tls", ["off", "starttls", "tls"])
def test_a_server_in_a_private_network_is_never_connected_to(
    app: Any, monkeypatch: pytest.MonkeyPatch, host: str, tls: str
) -> None:
    def connected(*_: Any, **__: Any) -> Any:
        raise AssertionError("it connected")

    monkeypatch.setattr("socket.create_connection", connected)
    with app.app_context():
        own = MailProviderSection(smtp="own", smtp_host=host, smtp_tls=tls)  # type: ignore[arg-type]
        config = carriers._smtp(own, app.config["PARLEY"].mail)
        with pytest.raises(MailError, match="NotPublic") as refused:
            smtp.deliver(config, email.make_mail("a@example.com", "Hello", "Text"))
    assert "private network" in provider_setup.explain(str(refused.value))


def test_loopback_is_for_tests_alone() -> None:
    with pytest.raises(safe_http.Unreachable):
        safe_http.resolve("127.0.0.1", 25)
    assert safe_http.resolve("127.0.0.1", 25, allow_loopback=True) == "127.0.0.1"


def test_the_name_is_looked_up_once_and_the_address_that_was_checked_is_used(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def once(host: str, port: int, *, allow_loopback: bool) -> str:
        asked.append(host)
        return "127.0.0.1"

    monkeypatch.setattr(safe_http, "resolve", once)
    server: SmtpServer
    with smtp_server() as server, app.app_context():
        own = MailProviderSection(
            smtp="own", smtp_host="mail.example.com", smtp_tls="off", smtp_port=server.controller.port
        )
        config = carriers._smtp(own, app.config["PARLEY"].mail)
        smtp.deliver(config, email.make_mail("a@example.com", "Hello", "Text"))
        assert len(server.envelopes) == 1
    assert asked == ["mail.example.com"]
