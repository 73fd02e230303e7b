"""One mail for what a customer who left the chat has not seen."""

import uuid
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from webapp import clock
from webapp.config import settings
from webapp.extensions import db
from webapp.models import Comment, MailDelivery, ReadMark, Ticket
from webapp.schemas.mail import MailSection
from webapp.services import presence
from webapp.services.email.customers import can_be_mailed, tell_customer
from webapp.services.setting import read_section
from webapp.services.timer import set_timer, timer_due_at
from webapp.signing import continue_token

KIND = "mail.digest"


def expect_digest(ticket: Ticket, *, session: Any) -> None:
    """A reply in a locked chat: looks after a while whether it was seen. The first unseen one sets the
    time.
    """
    minutes = read_section(MailSection, session=session).digest_minutes
    if not minutes or not can_be_mailed(ticket):
        return
    due_at = clock.now() + timedelta(minutes=minutes)
    _look_at(ticket, min(due_at, timer_due_at(KIND, ticket.id, session=session) or due_at), session)


def _look_at(ticket: Ticket, at: datetime, session: Any) -> None:
    set_timer(KIND, ticket.id, at, ticket_id=ticket.id, session=session)


def send_digest(ticket_id: uuid.UUID, *, session: Any = None) -> MailDelivery | None:
    """Mails a locked ticket's unseen replies, unless the customer is here or had such a mail a moment ago."""
    session = session or db.session()
    ticket: Ticket = session.scalars(sa.select(Ticket).where(Ticket.id == ticket_id)).one()
    section = read_section(MailSection, session=session)
    told = _last_digest(ticket, session)
    unseen = _unseen(ticket, told.upto_seq or 0 if told else 0, session)
    if not unseen or not can_be_mailed(ticket):
        return None
    now = clock.now()
    earliest = told.created_at + timedelta(minutes=section.digest_gap_minutes) if told else now
    if presence.is_online("customer", ticket.customer_id):
        earliest = max(earliest, now + timedelta(minutes=section.digest_minutes or 1))
    if earliest > now:
        _look_at(ticket, earliest, session)
        return None
    last = unseen[-1].public_seq or 0
    data = {"messages": _told(unseen, section.digest_messages, _zone(ticket)), "link": continue_link(ticket)}
    key = f"digest:{ticket.id}:{last}"
    return tell_customer(ticket, "digest", data=data, session=session, key=key, upto_seq=last)


def _last_digest(ticket: Ticket, session: Any) -> MailDelivery | None:
    query = sa.select(MailDelivery).where(
        MailDelivery.ticket_id == ticket.id, MailDelivery.template == "digest"
    )
    found: MailDelivery | None = session.scalar(query.order_by(MailDelivery.created_at.desc()).limit(1))
    return found


def _unseen(ticket: Ticket, told_to: int, session: Any) -> list[Comment]:
    mark = session.get(ReadMark, (ticket.id, "customer"))
    after = max(told_to, mark.seen if mark else 0)
    query = sa.select(Comment).where(
        Comment.ticket_id == ticket.id,
        Comment.kind == "reply",
        Comment.author_kind != "customer",
        Comment.withdrawn_at.is_(None),
        Comment.public_seq > after,
    )
    return list(session.scalars(query.order_by(Comment.seq)))


def _told(comments: list[Comment], most: int, zone: ZoneInfo) -> str:
    shown = [told_comment(comment, zone) for comment in comments[:most]]
    left = len(comments) - most
    return "\n\n".join([*shown, f"+ {left}"] if left > 0 else shown)


def told_comment(comment: Comment, zone: ZoneInfo) -> str:
    """A comment as mails show it: who, when, what, and the names of its files."""
    at = comment.created_at.astimezone(zone)
    files = [f"[{file.name}]" for file in comment.attachments]
    said = "\n".join(filter(None, (comment.content, *files)))
    return f"{comment.author_name}, {at:%Y-%m-%d %H:%M}\n{said}"


def _zone(ticket: Ticket) -> ZoneInfo:
    return ZoneInfo(ticket.inbox.timezone if ticket.inbox else "UTC")


def continue_link(ticket: Ticket) -> str:
    """The address at which the customer goes on with this chat, in whatever browser, for a week."""
    base = settings().base_url
    if ticket.inbox is None:
        return base
    token = continue_token(ticket.workspace_id, ticket.id, ticket.customer_id)
    return f"{base}/chat/{ticket.inbox.key}#continue={token}"
