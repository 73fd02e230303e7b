"""Mail: queued in the caller's transaction, rendered and handed over by a job."""

from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

from flask import render_template

from webapp import clock, database
from webapp.auth import Actor
from webapp.config import settings
from webapp.integrations import outbox
from webapp.models import Job
from webapp.services.job import enqueue

SENDER = "Parley"


def send_email(
    to: str,
    template_name: str,
    template_data: dict[str, Any],
    *,
    session: Any = None,
    actor: Actor | None = None,  # noqa: ARG001 - every verb takes one
) -> Job | None:
    """Queues a mail. `template_name`: of `templates/emails/<name>.txt`, whose first line is the subject."""
    params = {"to": to, "template": template_name, "data": template_data}
    return enqueue("email.send", params, session=session)


def render_email(template_name: str, template_data: dict[str, Any]) -> tuple[str, str, str]:
    """(subject, text, HTML) of a template pair; every link in them comes from the configured address."""
    data = {**template_data, "base_url": settings().base_url}
    subject, _, text = render_template(f"emails/{template_name}.txt", **data).strip().partition("\n")
    html = render_template(f"emails/{template_name}.html", subject=subject, **data)
    return subject.strip(), text.strip() + "\n", html


def send_email_with_fallback(
    to: str, subject: str, body: str, *, html: str | None = None, key: str | None = None
) -> dict[str, str]:
    """Hands a mail over now and says who took it: `{"status": "sent", "provider": …}`.

    Talks to the outside, so no transaction may be open. The same `key` again replaces the first mail.
    """
    database.assert_no_transaction()
    message = EmailMessage()
    message["From"] = Address(SENDER, "no-reply", urlsplit(settings().base_url).hostname or "localhost")
    message["To"] = to
    message["Subject"] = " ".join(subject.split())
    message["Date"] = clock.now()
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    if html:
        message.add_alternative(html, subtype="html")
    outbox.deliver(settings().instance_path / "outbox", message, key=key)
    return {"status": "sent", "provider": "outbox"}


def deliver_template(
    to: str, template_name: str, template_data: dict[str, Any], *, key: str
) -> dict[str, str]:
    """Renders a mail and hands it over now; for jobs whose data must not be stored: a link's token."""
    subject, text, html = render_email(template_name, template_data)
    return send_email_with_fallback(to, subject, text, html=html, key=key)


class EmailService:
    """The functions of this module, for callers that prefer an object."""

    def __init__(self, session: Any = None) -> None:
        self.session = session

    def send_email(self, to: str, subject: str, body: str = "", **data: Any) -> Job | None:
        """Queues a mail with this subject and plain text."""
        data = {**data, "subject_line": subject, "body": body}
        return send_email(to, "plain", data, session=self.session)
