"""Handing a mail over: SendGrid, then SES, then SMTP, or as the workspace wants; where none is set, the
outbox folder.

The functions are looked up in `webapp.services.email` at each call, so that a test can replace them there.
One that is not configured says so and is passed over.
"""

import logging
from collections.abc import Callable
from typing import Any

from webapp import clock, database
from webapp.config import settings
from webapp.integrations import outbox, sendgrid, ses, smtp
from webapp.integrations.mail import Mail, MailError, NotConfigured, Refused, provider_id
from webapp.services import email
from webapp.services.email import carriers
from webapp.validators import is_valid_email

log = logging.getLogger(__name__)

AUTOMATIC = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


def make_mail(to: str, subject: str, body: str, **rest: Any) -> Mail:
    """A mail from the configured sender. Raises `Refused` for what is no address."""
    if not is_valid_email(to):
        raise Refused("This is not an e-mail address")
    rest = {"sender": carriers.sender(), "headers": dict(AUTOMATIC), **rest}
    return Mail(to=to, subject=" ".join(subject.split()), text=body, date=clock.now(), **rest)


def own_id(key: str) -> str:
    """The Message-ID of a mail of no ticket: by it a reader's program knows one that was sent twice."""
    return f"<{key}@{settings().mail.sender.domain}>"


def sendgrid_send(to: str, subject: str, body: str, mail: Mail | None = None) -> str:
    """Hands a mail to SendGrid and returns its id. Raises `MailError`."""
    config = carriers.account("sendgrid")
    if not config.sendgrid_api_key:
        raise NotConfigured("SendGrid is not configured")
    return sendgrid.deliver(config, mail or make_mail(to, subject, body))


def ses_send(to: str, subject: str, body: str, mail: Mail | None = None) -> str:
    """Hands a mail to Amazon SES and returns its id. Raises `MailError`."""
    config = carriers.account("ses")
    if not config.ses_region:
        raise NotConfigured("SES is not configured")
    return ses.deliver(config, mail or make_mail(to, subject, body))


def smtp_send(to: str, subject: str, body: str, mail: Mail | None = None) -> str:
    """Hands a mail to the SMTP server. Raises `MailError`."""
    return smtp.deliver(carriers.account("smtp"), mail or make_mail(to, subject, body))


def outbox_send(to: str, subject: str, body: str, mail: Mail | None = None) -> str:
    """Puts a mail into the outbox folder; the same `key` again replaces it."""
    mail = mail or make_mail(to, subject, body)
    return outbox.deliver(settings().instance_path / "outbox", mail.message(), key=mail.key).name


def send_email_with_fallback(
    to: str,
    subject: str,
    body: str,
    *,
    html: str | None = None,
    key: str | None = None,
    mail: Mail | None = None,
) -> dict[str, str]:
    """Hands a mail over now and says who took it: `{"status": "sent", "provider": …}`, `provider_id` if it
    has one.

    Talks to the outside, so no transaction may be open. Raises `MailError` if every provider failed,
    `Refused` if that is the mail's own fault.
    """
    if mail is None and (html or key):
        mail = make_mail(to, subject, body, html=html, key=key, message_id=own_id(key) if key else None)
    taken = hand_over(to, subject, body, mail)
    taken.pop("passed_over", None)
    return taken


def hand_over(to: str, subject: str, body: str, mail: Mail | None) -> dict[str, str]:
    """As `send_email_with_fallback`, with `passed_over`: the providers that were asked before, by commas."""
    database.assert_no_transaction()
    failures: dict[str, Exception] = {}
    for provider in (*carriers.order(), "outbox"):
        if provider == "outbox" and failures:
            break  # a mail that a real provider did not take is not to vanish into a folder
        try:
            answer = _call(provider, to, subject, body, mail)
        except NotConfigured:
            continue
        except Exception as error:  # noqa: BLE001 - whatever one provider raises, the next is tried
            log.warning("mail: %s did not take it: %s", provider, said(error))
            failures[provider] = error
            continue
        known = provider_id(answer)
        more = {"provider_id": known, "passed_over": ",".join(failures)}
        return {"status": "sent", "provider": provider} | {name: one for name, one in more.items() if one}
    is_refused = all(isinstance(error, Refused | ValueError) for error in failures.values())
    kind = Refused if is_refused else MailError
    raise kind("; ".join(said(error) for error in failures.values()))


def send_by(provider: str, mail: Mail) -> str:
    """Hands a mail to one provider and no other. Raises `MailError`, `NotConfigured`."""
    database.assert_no_transaction()
    return str(_call(provider, mail.to, mail.subject, mail.text, mail))


def _call(provider: str, to: str, subject: str, body: str, mail: Mail | None) -> Any:
    send: Callable[..., Any] = getattr(email, f"{provider}_send")
    return send(to, subject, body) if mail is None else send(to, subject, body, mail=mail)


def said(error: Exception) -> str:
    """What went wrong, in our words: a library's may quote a customer."""
    return str(error) if isinstance(error, MailError) else type(error).__name__
