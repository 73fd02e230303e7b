"""S-23, S-54: what people write is text in every mail, and no mail has a second recipient."""

import email.policy
import re
from dataclasses import replace
from email import message_from_bytes
from typing import Any

import pytest

from tests.support.mail_servers import smtp_server
from webapp.config import settings
from webapp.database import transaction
from webapp.errors import Invalid
from webapp.integrations import smtp
from webapp.mail_settings import SmtpServer
from webapp.services.email import catalogue, providers, wording
from webapp.services.email.catalogue import CATALOGUE, LANGUAGES
from webapp.services.email.template import Wording, placeholders, render
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

EVERY = [(name, language) for name in CATALOGUE for language in LANGUAGES]
LITERAL = (
    "{{7*7}}",
    "{{config}}",
    "${7*7}",
    "{% raw %}",
    "{{ticket.number}}",
    "{{customer.name}}",
    "<b>x</b>",
)
HOSTILE = (
    "Eve\r\nBcc: all@example.com",
    "Eve\nTo: all@example.com",
    'Eve" <eve@example.com>, "Bob',
    "a@example.com, b@example.com",
    "Eve <eve@example.com>",
    "\u2028Bcc: all@example.com\x00",
)


def filled(name: str, value: str) -> dict[str, Any]:
    return dict.fromkeys(CATALOGUE[name].sample, value)


@pytest.mark.parametrize("name, language", EVERY)
def test_every_template_says_only_what_its_mail_knows(name: str, language: str) -> None:
    words, _ = catalogue.built_in(name, language)
    assert placeholders(words) <= set(CATALOGUE[name].sample)
    seen = render(words, catalogue.sample_data(name), language)
    assert "{{" not in seen.subject + seen.text + seen.html
    assert seen.subject
    assert seen.text.strip()


@pytest.mark.parametrize("typed", LITERAL)
@pytest.mark.parametrize("name", CATALOGUE)
def test_s23_what_people_write_stays_literal_everywhere(name: str, typed: str) -> None:
    words, _ = catalogue.built_in(name, "en")
    seen = render(words, filled(name, typed))
    for part in (seen.subject, seen.text):
        assert "49" not in part
    if placeholders(Wording(words.subject, "")):
        assert typed in seen.subject
    assert typed in seen.text
    assert "<b>x</b>" not in seen.html


def test_s23_html_of_ones_own_gets_its_values_escaped() -> None:
    words = Wording("Hi {{customer.name}}", "Hi", "<p title='{{customer.name}}'>{{customer.name}}</p>")
    seen = render(words, {"customer": {"name": "'><script>alert(1)</script>"}})
    assert "<script>" not in seen.html
    assert seen.html.count("&lt;script&gt;") == 3, "in the title, the attribute and the text"


def test_a_buttons_address_is_a_web_address_or_none() -> None:
    words = Wording("x", "[Open]({{link}})")
    for bad in ("javascript:alert(1)", "data:text/html,x", '" onclick="x'):
        assert re.search(r'href="#"', render(words, {"link": bad}).html)
    assert (
        'href="https://desk.example/?a=1&amp;b=2"'
        in render(words, {"link": "https://desk.example/?a=1&b=2"}).html
    )


@pytest.fixture(scope="module")
def server() -> Any:
    with smtp_server() as running:
        yield running


@pytest.mark.parametrize("name", CATALOGUE)
def test_s54_every_template_has_one_recipient_in_the_smtp_transcript(
    app: Any, server: Any, name: str
) -> None:
    config = replace(settings_of(app), smtp=SmtpServer("127.0.0.1", server.controller.port, "", "", "off"))
    with app.app_context():
        for typed in HOSTILE:
            server.envelopes.clear()
            words, _ = catalogue.built_in(name, "en")
            seen = render(words, filled(name, typed))
            mail = providers.make_mail("maria@example.com", seen.subject, seen.text, html=seen.html)
            sender = type(mail.sender)(wording_name(typed), mail.sender.username, mail.sender.domain)
            smtp.deliver(config, replace(mail, sender=sender))
            (envelope,) = server.envelopes
            assert envelope.rcpt_tos == ["maria@example.com"]
            message: Any = message_from_bytes(envelope.content, policy=email.policy.default)
            assert [address.addr_spec for address in message["To"].addresses] == ["maria@example.com"]
            assert [address.addr_spec for address in message["From"].addresses] == [mail.sender.addr_spec]
            assert message["Cc"] is None
            assert message["Bcc"] is None
            assert len(message.get_all("Subject")) == len(message.get_all("From")) == 1


def settings_of(app: Any) -> Any:
    with app.app_context():
        return settings().mail


def wording_name(typed: str) -> str:
    from webapp.validators import visible

    return visible(typed)[:100]


@pytest.mark.parametrize("address", [*HOSTILE, "maria@example.com\r\nBcc: x@example.com", "no address", ""])
def test_s54_what_is_no_single_address_gets_nothing(app: Any, session: Any, address: str) -> None:
    with pytest.raises(providers.Refused):
        providers.make_mail(address, "Hi", "Hi")


def test_words_of_ones_own_are_used_and_ours_come_back(app: Any, session: Any, make: Any) -> None:
    with use_workspace(make.workspace()):
        with transaction():
            wording.save_template("reply", "en", Wording("Ahoy {{ticket.number}}", "{{reply.text}}"))
        assert catalogue.wording("reply", "en")[0].subject == "Ahoy {{ticket.number}}"
        assert catalogue.wording("reply", "de")[0] == catalogue.built_in("reply", "de")[0]
        with transaction():
            wording.reset_template("reply", "en")
        assert catalogue.wording("reply", "en") == (catalogue.built_in("reply", "en")[0], "en")


@pytest.mark.parametrize(
    "field, words",
    [
        ("subject", Wording("{{config.secret}}", "x")),
        ("text", Wording("x", "{{reply.text}} {{user.password}}")),
        ("html", Wording("x", "x", "{{nothing}}")),
    ],
    ids=["subject", "text", "html"],
)
def test_a_placeholder_that_the_mail_does_not_know_is_refused_at_its_field(
    app: Any, session: Any, make: Any, field: str, words: Wording
) -> None:
    with use_workspace(make.workspace()), transaction(), pytest.raises(Invalid) as refused:
        wording.save_template("reply", "en", words)
    assert refused.value.detail[0]["loc"] == ["body", field]


def test_the_pages_save_preview_and_mail_a_template(
    sign_in: Any, make: Any, agent: Any, mailbox: Any
) -> None:
    admin = agent(make.user(role="admin", email="nora@example.com"))
    path = "/settings/mail/templates/ticket_received/en"

    def post(place: str, **fields: str) -> Any:
        return admin.http.post(place, data={"csrf_token": admin.csrf, **fields})

    assert post(path, subject="Hi {{7*7}}", text="Dear {{customer.name}}\r\n\r\nBye").status_code == 302
    shown = admin.http.get(path).text
    assert "Hi {{7*7}}" in shown
    assert "Dear Maria Silva" in shown
    seen = post(path, subject="Draft", text="Not saved {{ticket.title}}", do="preview").text
    assert "Not saved A jacket" in seen
    assert "not saved yet" in seen
    wrong = post(path, subject="Draft", text="{{what.ever}}")
    assert wrong.status_code == 422
    assert "This mail knows no {{what.ever}}" in wrong.text
    assert post(f"{path}/test").status_code == 302
    (message,) = mailbox.collect()
    assert (message["To"], message["Subject"]) == ("nora@example.com", "Hi {{7*7}}")
    preview = admin.http.get(f"{path}/preview")
    assert preview.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert post(f"{path}/reset").status_code == 302
    assert "Our words" in admin.http.get(path).text


def test_the_behaviour_is_saved_and_wrong_values_come_back_at_their_field(make: Any, agent: Any) -> None:
    admin = agent(make.user(role="admin"))

    def post(**fields: str) -> Any:
        return admin.http.post("/settings/mail", data={"csrf_token": admin.csrf, **fields})

    wrong = post(undo_seconds="31", digest_minutes="x")
    assert wrong.status_code == 422
    assert 'id="f-undo_seconds-error">Input should be' in wrong.text or "undo_seconds" in wrong.text
    saved = post(undo_seconds="5", **{"status_mails.resolved": "1", "language": "de"})
    assert saved.status_code == 302
    shown = admin.http.get("/settings/mail").text
    assert 'value="5"' in shown
    assert shown.count("checked") == 1, "what is not ticked is off"
