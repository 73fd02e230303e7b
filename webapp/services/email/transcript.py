"""A conversation's transcript: replies alone, never a note; times in a zone that it names."""

import html
import uuid
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor
from webapp.errors import Conflict, Invalid, RateLimited
from webapp.extensions import db
from webapp.models import Comment, MailDelivery, Ticket
from webapp.services.email.customers import tell_customer
from webapp.services.email.digest import told_comment
from webapp.services.workspace import get_workspace

DAY = timedelta(hours=24)
A_DAY = {True: 5, False: 1}
"""How many transcripts of a ticket a customer may have in a day, by whether their address is verified."""
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>{about}</p>
{messages}
</body></html>
"""


def transcript_zone(ticket: Ticket) -> str:
    """The zone whose times a transcript shows."""
    return ticket.inbox.timezone if ticket.inbox else "UTC"


def transcript_text(ticket: Ticket, *, session: Any = None) -> str:
    """The conversation as plain text, without a head."""
    zone = ZoneInfo(transcript_zone(ticket))
    return "\n\n".join(told_comment(comment, zone) for comment in _replies(ticket, session))


def transcript_file(ticket: Ticket, form: str, *, session: Any = None) -> str:
    """The conversation as a file to keep: `txt` or `html`."""
    title = f"#{ticket.number} {ticket.title}"
    about = f"{get_workspace(session=session).name}. Times are in {transcript_zone(ticket)}."
    if form == "txt":
        return f"{title}\n{about}\n\n{transcript_text(ticket, session=session)}\n"
    zone = ZoneInfo(transcript_zone(ticket))
    told = [told_comment(comment, zone).partition("\n") for comment in _replies(ticket, session)]
    messages = "\n".join(
        f"<h2>{html.escape(head)}</h2>\n<p>{html.escape(said).replace(chr(10), '<br>')}</p>"
        for head, _, said in told
    )
    return PAGE.format(title=html.escape(title), about=html.escape(about), messages=messages)


def _replies(ticket: Ticket, session: Any) -> list[Comment]:
    query = sa.select(Comment).where(
        Comment.ticket_id == ticket.id, Comment.kind == "reply", Comment.withdrawn_at.is_(None)
    )
    loaded = query.options(sa.orm.selectinload(Comment.attachments))
    return list((session or db.session()).scalars(loaded.order_by(Comment.seq)))


def mail_transcript(ticket_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> MailDelivery:
    """Mails a ticket's transcript to its customer, as they or staff ask.

    Raises `Invalid` where there is no address, `Conflict` before anybody has answered an address that nobody
    has verified, and `RateLimited` for too many in a day.
    """
    from webapp.services.ticket.access import ticket_for

    session, actor = session or db.session(), actor or current_actor()
    permission = "chat:read" if actor.kind == "customer" else "ticket:reply"
    ticket = ticket_for(ticket_id, permission, session=session, actor=actor, lock=True)
    if not ticket.customer_email:
        raise Invalid.field("ticket_id", "There is no e-mail address to send it to")
    if actor.kind == "customer":
        _refuse_too_many(ticket, session)
    data = {
        "transcript": transcript_text(ticket, session=session),
        "timezone": transcript_zone(ticket),
    }
    key = f"transcript:{ticket.id}:{database.uuid7()}" if actor.kind == "customer" else None
    sent = tell_customer(ticket, "transcript", data=data, session=session, key=key)
    if sent is None:
        raise Conflict("This customer gets no mail")
    return sent


def _refuse_too_many(ticket: Ticket, session: Any) -> None:
    is_verified = ticket.customer.email is not None
    if not is_verified and ticket.answered_at is None:
        raise Conflict("You can have it once we have answered")
    query = sa.select(sa.func.count(MailDelivery.id)).where(
        MailDelivery.ticket_id == ticket.id,
        MailDelivery.template == "transcript",
        MailDelivery.key.is_not(None),  # one that staff sent is not counted
        MailDelivery.created_at > clock.now() - DAY,
    )
    if session.scalar(query) >= A_DAY[is_verified]:
        raise RateLimited("It was mailed to you already; ask again tomorrow", retry_after_seconds=86400)
