"""Making the mail of a delivery: its words, its place in the ticket's thread, its files."""

import uuid
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from webapp.config import settings
from webapp.extensions import db
from webapp.integrations.mail import Mail
from webapp.models import Comment, InboundMail, MailDelivery
from webapp.services import attachment as attachments
from webapp.services.email import carriers, catalogue, providers, thread
from webapp.services.email.template import render
from webapp.services.workspace import get_workspace
from webapp.validators import fold_email, visible

DEFAULT_NAME = "Parley"
OWN_HTML = "report"
"""The mail whose HTML and file were made, by us, when it was queued."""


@dataclass(frozen=True)
class Draft:
    """A mail but for its files, which are read when no transaction is open: (name, content type, where)."""

    mail: Mail
    files: list[tuple[str, str, str]] = field(default_factory=list)


def compose(row: MailDelivery, *, session: Any = None) -> Draft:
    """The mail of a delivery, from the words and the comment as they are now."""
    session = session or db.session()
    comment = _comment(row, session)
    data: dict[str, Any] = {**row.data, "base_url": settings().base_url}
    if comment is not None:
        data["reply"] = {"text": comment.content}
    words, language = catalogue.wording(row.template, row.language, session=session)
    subject, text, html = render(words, data, language)
    html = row.data.get("html", html) if row.template == OWN_HTML else html
    headers = _headers(row, _last_mail(row, session))
    mail = providers.make_mail(row.to_address, subject, text, html=html, key=str(row.id), **headers)
    sender = _sender_name(comment, session)
    mail = replace(mail, sender=_named(mail.sender, sender))
    files = (
        [(file.name, file.content_type, file.storage_key) for file in comment.attachments] if comment else []
    )
    return Draft(replace(mail, attachments=_attached(row)), files)


def finish(draft: Draft) -> Mail:
    """The whole mail, its files read. No transaction is open here."""
    read = tuple((name, kind, attachments.read_file(key)) for name, kind, key in draft.files)
    return replace(draft.mail, attachments=(*draft.mail.attachments, *read))


def _attached(row: MailDelivery) -> tuple[tuple[str, str, bytes], ...]:
    file = row.data.get("file") if row.template == OWN_HTML else None
    return ((file["name"], "text/csv; charset=utf-8", file["text"].encode()),) if file else ()


def _comment(row: MailDelivery, session: Any) -> Comment | None:
    if row.comment_id is None:
        return None
    found: Comment = session.scalars(sa.select(Comment).where(Comment.id == row.comment_id)).one()
    if found.kind != "reply":
        raise ValueError("an internal note is never mailed to a customer")
    return found


def _last_mail(row: MailDelivery, session: Any) -> str | None:
    """The id of the last mail that its recipient wrote on the ticket: it is what we go on from."""
    query = sa.select(InboundMail.message_id).where(
        InboundMail.ticket_id == row.ticket_id, InboundMail.from_address == fold_email(row.to_address)
    )
    newest = query.order_by(InboundMail.received_at.desc(), InboundMail.id.desc()).limit(1)
    found: str | None = session.scalar(newest) if row.ticket_id else None
    return found


def _headers(row: MailDelivery, answered: str | None) -> dict[str, Any]:
    """Message-ID, thread and reply address; the marks of a mail that nobody wrote by hand."""
    headers = dict(providers.AUTOMATIC) if catalogue.CATALOGUE[row.template].is_automatic else {}
    if row.template.startswith("ticket_received"):
        headers["Auto-Submitted"] = "auto-replied"
    if unsubscribe := row.data.get("unsubscribe"):
        headers |= {
            "List-Unsubscribe": f"<{unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    if row.ticket_id is None:
        own = {"headers": headers, "message_id": providers.own_id(row.id.hex)}
        if answers := row.data.get("answers_ticket_id"):
            own["reply_to"] = thread.reply_address(uuid.UUID(answers), row.to_address, "staff")
        return own
    opens = row.template.startswith("ticket_received")
    part = "0" if opens else (row.comment_id or row.id).hex
    own_id = thread.message_id(row.ticket_id, part)
    return {
        "headers": {**headers, **thread.thread_headers(row.ticket_id, own_id, answered)},
        "message_id": own_id,
        "reply_to": thread.reply_address(row.ticket_id, row.to_address),
    }


def _sender_name(comment: Comment | None, session: Any) -> str:
    configured = carriers.sender().display_name
    desk = configured if configured not in ("", DEFAULT_NAME) else get_workspace(session=session).name
    return f"{comment.author_name} ({desk})" if comment and comment.author_kind == "user" else desk


def _named(sender: Any, name: str) -> Any:
    return type(sender)(visible(name)[:100], sender.username, sender.domain)
