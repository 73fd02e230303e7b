"""Mail: queued in the caller's transaction, rendered and handed over by a job."""

from typing import Any

from webapp.auth import Actor
from webapp.config import settings
from webapp.integrations.mail import MailError
from webapp.models import Job
from webapp.services.email import catalogue
from webapp.services.email.delivery import (
    enqueue_delivery,
    queue,
    record_bounce,
    retry_delivery,
)
from webapp.services.email.providers import (
    hand_over,
    make_mail,
    outbox_send,
    send_by,
    send_email_with_fallback,
    sendgrid_send,
    ses_send,
    smtp_send,
)
from webapp.services.email.suppression import suppress, unsuppress
from webapp.services.email.template import Rendered, render
from webapp.services.job import enqueue
from webapp.tenancy import current_workspace_id


def send_email(
    to: str,
    template_name: str,
    template_data: dict[str, Any],
    *,
    session: Any = None,
    actor: Actor | None = None,  # noqa: ARG001 - every verb takes one
    **options: Any,
) -> Job | None:
    """Queues a mail to one address; the job that will send it, or None if it was queued before.

    `template_name`: of `services.email.catalogue`; `template_data`: what its placeholders stand for, nested
    as they are. `options` inside a workspace: `ticket` (locked), `comment`, `key` (the same one never queues
    twice), `send_at`, `language`.
    """
    if template_name not in catalogue.CATALOGUE:
        raise LookupError(f"no mail is called {template_name}")
    if current_workspace_id() is None:
        params = {"to": to, "template": template_name, "data": template_data}
        return enqueue("email.send", params, session=session)
    queued = queue(to, template_name, template_data, session=session, **options)
    return queued[1] if queued else None


def render_email(template_name: str, template_data: dict[str, Any], language: str = "en") -> Rendered:
    """(subject, text, HTML) of a mail; every link in it comes from the configured address."""
    words, language = catalogue.wording(template_name, language)
    return render(words, {**template_data, "base_url": settings().base_url}, language)


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

    def send_email(
        self,
        to: str,
        subject: str,
        body: str = "",
        *,
        template_name: str = "plain",
        template_data: dict[str, Any] | None = None,
        **options: Any,
    ) -> Job | None:
        """Queues a mail with this subject: of a template, else with this text."""
        data = {**(template_data or {}), "subject": subject, "subject_line": subject, "body": body}
        return send_email(to, template_name, data, session=self.session, **options)


__all__ = [
    "EmailService",
    "MailError",
    "deliver_template",
    "enqueue_delivery",
    "hand_over",
    "make_mail",
    "outbox_send",
    "queue",
    "record_bounce",
    "render_email",
    "retry_delivery",
    "send_by",
    "send_email",
    "send_email_with_fallback",
    "sendgrid_send",
    "ses_send",
    "smtp_send",
    "suppress",
    "unsuppress",
]
