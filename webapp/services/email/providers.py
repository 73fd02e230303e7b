"""Handing a mail over: SendGrid, then SES, then SMTP; where none is configured, the outbox folder.

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
from webapp.mail_settings import MailSettings
from webapp.services import email
from webapp.validators import is_valid_email

log = logging.getLogger(__name__)

REAL = ("sendgrid", "ses", "smtp")
AUTOMATIC = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


def make_mail(to: str, subject: str, body: str, **rest: Any) -> Mail:
    """A mail from the configured sender. Raises `Refused` for what is no address."""
    if not is_valid_email(to):
        raise Refused("This is not an e-mail address")
    rest = {"sender": config().sender, "headers": dict(AUTOMATIC), **rest}
    return Mail(to=to, subject=" ".join(subject.split()), text=body, date=clock.now(), **rest)


def own_id(key: str) -> str:
    """The Message-ID of a mail of no ticket: by it a reader's program knows one that was sent twice."""
    return f"<{key}@{config().sender.domain}>"


def config() -> MailSettings:
    """The environment's mail settings."""
    return settings().mail


def sendgrid_send(to: str, subject: str, body: str, mail: Mail | None = None) -> str:
    """Hands a mail to SendGrid and returns its id. Raises `MailError`."""
    if not config().sendgrid_api_key:
        raise NotConfigured("SendGrid is not configured")
    return sendgrid.deliver(config(), mail or make_mail(to, subject, body))


def ses_send(to: str, subject: str, body: str, mail: Mail | None = None) -> str:
    """Hands a mail to Amazon SES and returns its id. Raises `MailError`."""
    if not config().ses_region:
        raise NotConfigured("SES is not configured")
    return ses.deliver(config(), mail or make_mail(to, subject, body))


def smtp_send(to: str, subject: str, body: str, mail: Mail | None = None) -> str:
    """Hands a mail to the SMTP server. Raises `MailError`."""
    return smtp.deliver(config(), mail or make_mail(to, subject, body))


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
    database.assert_no_transaction()
    if mail is None and (html or key):
        mail = make_mail(to, subject, body, html=html, key=key, message_id=own_id(key) if key else None)
    failures: list[Exception] = []
    for provider in (*REAL, "outbox"):
        if provider == "outbox" and failures:
            break  # a mail that a real provider did not take is not to vanish into a folder
        try:
            answer = _call(provider, to, subject, body, mail)
        except NotConfigured:
            continue
        except Exception as error:  # noqa: BLE001 - whatever one provider raises, the next is tried
            log.warning("mail: %s did not take it: %s", provider, _said(error))
            failures.append(error)
            continue
        known = provider_id(answer)
        return {"status": "sent", "provider": provider, **({"provider_id": known} if known else {})}
    kind = Refused if all(isinstance(error, Refused | ValueError) for error in failures) else MailError
    raise kind("; ".join(_said(error) for error in failures))


def _call(provider: str, to: str, subject: str, body: str, mail: Mail | None) -> Any:
    send: Callable[..., Any] = getattr(email, f"{provider}_send")
    return send(to, subject, body) if mail is None else send(to, subject, body, mail=mail)


def _said(error: Exception) -> str:
    """What went wrong, in our words: a library's may quote a customer."""
    return str(error) if isinstance(error, MailError) else type(error).__name__
