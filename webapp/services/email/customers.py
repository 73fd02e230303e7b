"""Telling customers by mail: their ticket was opened, its status changed, somebody answered.

An address that nobody has verified gets no text of whoever typed it: neither the name nor the title.
"""

import hashlib
import uuid
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from webapp import clock
from webapp.auth import Actor
from webapp.database import UTCDateTime
from webapp.extensions import db
from webapp.models import Comment, Event, MailDelivery, Ticket
from webapp.schemas.mail import MailSection
from webapp.services import email
from webapp.services.email import catalogue
from webapp.services.email.delivery import announce, queue
from webapp.services.email.template import SUBJECT_CHARS, fill, flatten
from webapp.services.setting import read_section
from webapp.services.workspace import get_workspace
from webapp.validators import fold_email, visible

MAIL_CHANNELS = ("email", "form", "api")
"""Channels whose customers hear from us by mail; in a chat they see it."""
STATUS_PREFIX = "ticket_"
STATUS_TEMPLATES = tuple(f"{STATUS_PREFIX}{name}" for name in MailSection().status_mails)
ACKNOWLEDGED_FOR = timedelta(hours=24)
LOOP_WINDOW = timedelta(minutes=180)
LOOP_MAILS = 10
NAMELESS = {"en": "there", "de": "und guten Tag", "zh": "尊敬的客户", "ar": "بك"}
TITLELESS = {"en": "Your request", "de": "Ihre Anfrage", "zh": "您的请求", "ar": "طلبك"}


def can_be_mailed(ticket: Ticket) -> bool:
    """Whether its customer has an address and is not to be left alone."""
    customer = ticket.customer
    return bool(ticket.customer_email) and not ticket.is_spam and not customer.is_blocked


def language_for(ticket: Ticket, section: MailSection) -> str:
    """The language in which its customer is written to."""
    return catalogue.language_of(ticket.customer.locale, section.language)


def customer_data(ticket: Ticket, language: str, *, session: Any = None) -> dict[str, Any]:
    """What every mail to a ticket's customer may say."""
    customer, agent = ticket.customer, ticket.assigned_agent
    is_verified = customer.email is not None
    return {
        "workspace": {"name": get_workspace(session=session).name},
        "customer": {"name": (is_verified and customer.name) or NAMELESS[language]},
        "ticket": {"number": ticket.number, "title": ticket.title if is_verified else TITLELESS[language]},
        "ticket_id": ticket.id,
        "agent": {"name": agent.name if agent else ""},
    }


def tell_customer(
    ticket: Ticket, template: str, *, data: dict[str, Any] | None = None, session: Any = None, **options: Any
) -> MailDelivery | None:
    """Queues a mail to a locked ticket's customer, in their language; None if they cannot or must not have
    it.

    `data` is added to `customer_data`; `options` are those of `delivery.queue`.
    """
    session = session or db.session()
    if not can_be_mailed(ticket):
        return None
    language = language_for(ticket, read_section(MailSection, session=session))
    whole = {**customer_data(ticket, language, session=session), **(data or {})}
    address = ticket.customer_email or ""
    queued = queue(address, template, whole, session=session, ticket=ticket, language=language, **options)
    return queued[0] if queued else None


# --- a ticket was opened --------------------------------------------------------------------------


def tell_created(ticket: Ticket, *, session: Any) -> None:
    """Tells the customer that their ticket is here; not in a chat, where they see it."""
    section = read_section(MailSection, session=session)
    if ticket.channel not in MAIL_CHANNELS or not section.tell_created or not can_be_mailed(ticket):
        return
    address = fold_email(ticket.customer_email or "")
    if ticket.customer.email is None:
        _acknowledge(ticket, address, section, session=session)
        return
    if _is_loop(address, session):
        return
    language = language_for(ticket, section)
    data = customer_data(ticket, language, session=session)
    words, _ = catalogue.wording("ticket_received", language, session=session)
    email.EmailService(session).send_email(
        to=address,
        subject=visible(fill(words.subject, flatten(data)))[:SUBJECT_CHARS],
        template_name="ticket_received",
        template_data=data,
        ticket=ticket,
        language=language,
        key=f"received:{ticket.id}",
    )


def _acknowledge(ticket: Ticket, address: str, section: MailSection, *, session: Any) -> None:
    """Tells an unverified address once a day, in words that are all ours, and not too many of them."""
    now, template = clock.now(), "ticket_received_unverified"
    theirs = sa.and_(MailDelivery.to_address == address, MailDelivery.created_at > now - ACKNOWLEDGED_FOR)
    recent = MailDelivery.created_at > now - timedelta(hours=1)
    told = sa.select(sa.func.count(MailDelivery.id)).where(MailDelivery.template == template)
    if session.scalar(told.where(theirs)) or (
        session.scalar(told.where(recent)) >= section.acknowledgements_per_hour
    ):
        return
    # Two at the same moment find nothing of each other; the key's window lets only one of them in.
    window = int(now.timestamp() // ACKNOWLEDGED_FOR.total_seconds())
    key = f"acknowledged:{_short(address)}:{window}"
    language = language_for(ticket, section)
    data = {
        "workspace": {"name": get_workspace(session=session).name},
        "ticket": {"number": ticket.number},
        "ticket_id": ticket.id,
    }
    queue(address, template, data, session=session, ticket=ticket, language=language, key=key)


def _is_loop(address: str, session: Any) -> bool:
    """Whether an address has had so many mails from us that a machine must be answering."""
    given = {"address": address, "since": clock.now() - LOOP_WINDOW}
    return bool(session.scalar(_mails_since(), given) >= LOOP_MAILS)


@cache
def _mails_since() -> Any:
    theirs = MailDelivery.to_address == sa.bindparam("address", type_=sa.String)
    recent = MailDelivery.created_at > sa.bindparam("since", type_=UTCDateTime)
    return sa.select(sa.func.count(MailDelivery.id)).where(theirs, recent)


def _short(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()[:40]


# --- its status changed ---------------------------------------------------------------------------


def tell_status(ticket: Ticket, *, session: Any, actor: Actor) -> None:
    """Tells the customer what a ticket's status is now, where the workspace wants that.

    What a person sets waits as long as it can be undone, and takes the place of a status told within that
    time.
    """
    section = read_section(MailSection, session=session)
    if ticket.channel not in MAIL_CHANNELS or ticket.status not in section.status_mails:
        return
    if not can_be_mailed(ticket) or _is_loop(fold_email(ticket.customer_email or ""), session):
        return
    _cancel_untold(ticket, session)
    language = language_for(ticket, section)
    wait = timedelta(seconds=section.undo_seconds if actor.kind == "user" else 0)
    email.send_email(
        to=fold_email(ticket.customer_email or ""),
        template_name=f"{STATUS_PREFIX}{ticket.status}",
        template_data=customer_data(ticket, language, session=session),
        session=session,
        ticket=ticket,
        language=language,
        key=f"status:{ticket.id}:{ticket.last_seq}",
        send_at=clock.now() + wait,
    )


def _cancel_untold(ticket: Ticket, session: Any) -> None:
    untold = sa.select(MailDelivery).where(
        MailDelivery.ticket_id == ticket.id,
        MailDelivery.status == "queued",
        MailDelivery.template.in_(STATUS_TEMPLATES),
    )
    cancel(untold, session=session)


def cancel(which: Any, *, session: Any) -> int:
    """Cancels those of the deliveries that nobody is sending yet; how many."""
    waiting = which.where(MailDelivery.lease_until.is_(None)).with_for_update()
    rows = list(session.scalars(waiting.execution_options(populate_existing=True)))
    for row in rows:
        row.status, row.data = "cancelled", {}
        announce(row, session=session)
    session.flush()
    return len(rows)


# --- somebody answered ----------------------------------------------------------------------------


def mail_replies(session: Any, recorded: list[tuple[Event, Ticket | None]]) -> None:
    """A reaction: our replies on tickets that came by mail, form or API go out by mail; those in a chat,
    unseen.
    """
    from webapp.services.email import digest

    for event, ticket in recorded:
        comment = event.comment
        if event.name != "comment.created" or ticket is None or comment is None:
            continue
        if comment.kind != "reply" or comment.author_kind == "customer":
            continue
        if ticket.channel in MAIL_CHANNELS:
            _mail_reply(ticket, comment, session)
        else:
            digest.expect_digest(ticket, session=session)


def _mail_reply(ticket: Ticket, comment: Comment, session: Any) -> None:
    wait = read_section(MailSection, session=session).undo_seconds if comment.author_kind == "user" else 0
    tell_customer(
        ticket,
        "reply",
        data={"agent": {"name": comment.author_name}},
        session=session,
        comment=comment,
        key=reply_key(ticket.id, comment.id, ticket.customer_email or ""),
        send_at=clock.now() + timedelta(seconds=wait),
    )


def tell_warning(ticket: Ticket, comment: Comment, closes_at: datetime, *, session: Any) -> None:
    """Mails that a locked ticket is resolved for silence then, in the place of the comment that says so."""
    zone = ZoneInfo(ticket.inbox.timezone if ticket.inbox else "UTC")
    tell_customer(
        ticket,
        "resolve_warning",
        data={"closes_at": f"{closes_at.astimezone(zone):%Y-%m-%d %H:%M %Z}"},
        session=session,
        comment=comment,
        key=reply_key(ticket.id, comment.id, ticket.customer_email or ""),
    )


def reply_key(ticket_id: uuid.UUID, comment_id: uuid.UUID, address: str) -> str:
    """A reply's idempotency key: ticket, comment, recipient."""
    return f"{ticket_id.hex}:{comment_id.hex}:{_short(fold_email(address))}"
