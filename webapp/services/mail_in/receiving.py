"""Taking a mail: one row each, and in the same transaction what it becomes: a comment, a ticket, a report."""

import uuid
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import SYSTEM, Actor
from webapp.errors import AppError
from webapp.extensions import db
from webapp.models import Comment, Customer, InboundMail, Inbox, MailDelivery, Ticket, User
from webapp.services.attachment import add_attachment
from webapp.services.chat.writing import is_over
from webapp.services.customer import claiming_customer, customer_by_email
from webapp.services.email.delivery import record_bounce
from webapp.services.event import record
from webapp.services.mail_in.arrival import Prepared
from webapp.services.mail_in.headers import Person
from webapp.services.mail_in.sorting import Route, find_known, find_route
from webapp.services.ticket.access import ticket_for
from webapp.services.ticket.comment import MAX_CHARS, CommentDraft, add_comment, write_comment
from webapp.services.ticket.create import create_ticket
from webapp.services.ticket.link import link_tickets
from webapp.services.ticket.transitions import customer_writes
from webapp.services.user import actor_of
from webapp.tenancy import require_workspace_id
from webapp.upsert import add_unless_there

PREVIEW_CHARS = 500
CUT = "\n\n[…]"
NO_TEXT = "(no text)"
NO_SUBJECT = "(no subject)"
NOBODY = Person("", "")


def receive(mail: Prepared, inbox: Inbox, *, session: Any = None) -> InboundMail:
    """Takes a mail; the same one again, through whichever door, changes nothing. Returns its row.

    Nothing that a mail says makes this raise: what cannot go where it belongs is held for a person.
    """
    session = session or db.session()
    row = _enter(mail, inbox, session)
    if row is None:
        known = find_known(mail.parsed.fingerprint, session=session)
        assert known is not None, "another mail holds this fingerprint"
        return known
    route = find_route(mail.parsed, mail.arrival, inbox, session=session)
    follow(row, mail, route, inbox, session=session)
    return row


def set_aside(mail: Prepared, inbox: Inbox, *, session: Any = None) -> None:
    """Holds a mail that we failed to take, from `prepared_unread`, with its bytes alone."""
    session = session or db.session()
    row = _enter(mail, inbox, session)
    if row is not None:
        follow(row, mail, Route("suspended", "broken"), inbox, session=session)


def _enter(mail: Prepared, inbox: Inbox, session: Any) -> InboundMail | None:
    """Writes the row down as held; None if the same mail has one."""
    parsed = mail.parsed
    author = parsed.author or NOBODY
    values = {
        "id": database.uuid7(),
        "workspace_id": require_workspace_id(),
        "inbox_id": inbox.id,
        "fingerprint": parsed.fingerprint,
        "message_id": parsed.message_id,
        "door": mail.arrival.door,
        "status": "suspended",
        "from_address": author.address,
        "from_name": author.name,
        "cc": [{"address": one.address, "name": one.name} for one in parsed.cc],
        "subject": parsed.subject,
        "preview": parsed.text[:PREVIEW_CHARS],
        "is_verified": False,
        "is_automatic": False,
        "size_bytes": mail.size_bytes,
        "storage_key": mail.storage_key,
        "received_at": clock.now(),
    }
    found: InboundMail | None = add_unless_there(InboundMail, values, session=session)
    return found


def follow(row: InboundMail, mail: Prepared, route: Route, inbox: Inbox, *, session: Any) -> None:
    """Does with a mail what was decided, and records it."""
    row.status, row.reason, row.is_verified = route.status, route.reason, route.is_verified
    if route.status == "bounce":
        row.reason = _report(mail, row, session)
    elif route.shows:
        show(row, mail, route, inbox, session)
        # Counted against loops only now: the mail itself is not one of those before it.
        row.is_automatic = mail.parsed.is_automatic
    else:
        row.is_automatic, row.ticket_id = mail.parsed.is_automatic, route.ticket_id
    session.flush()
    changes = {
        "from": [None, row.from_address],
        "subject": [None, row.subject],
        "status": [None, row.status],
        "reason": [None, row.reason],
        "door": [None, row.door],
        "ticket_id": [None, str(row.ticket_id) if row.ticket_id else None],
    }
    record("mail.received", session=session, actor=_us(), subject_id=row.id, changes=changes)


def _us() -> Actor:
    return replace(SYSTEM, workspace_id=require_workspace_id(), door="mail")


def _report(mail: Prepared, row: InboundMail, session: Any) -> str:
    """Notes what came back, if it was a mail of ours: anybody can write a report about anybody."""
    bounce = mail.parsed.bounce
    if bounce is None or not bounce.message_id:
        return "unknown"
    query = sa.select(MailDelivery).where(MailDelivery.message_id == bounce.message_id).limit(1)
    sent = session.scalar(query)
    if sent is None:
        return "unknown"
    row.ticket_id = sent.ticket_id
    for one in bounce.recipients[:1]:
        record_bounce(
            sent.to_address,
            message_id=bounce.message_id,
            is_permanent=one.is_permanent,
            detail=one.said,
            session=session,
        )
    return "reported"


# --- as a comment ---------------------------------------------------------------------------------


def show(
    row: InboundMail, mail: Prepared, route: Route, inbox: Inbox, session: Any, *, tell: bool = True
) -> None:
    """Makes the mail a comment, where `route` says. `tell`: its author may hear that it has come."""
    if route.user_id is not None:
        _answer(row, mail, route, session)
        return
    if route.status == "new" or route.ticket_id is None:
        _open(row, mail, route, inbox, session, tell=tell)
        return
    ticket = ticket_for(route.ticket_id, "ticket:read", session=session, actor=_us(), lock=True)
    if route.is_note:
        _tell_staff(row, mail, route, ticket, session)
    elif is_over(ticket):
        _open(row, mail, replace(route, is_other=False), inbox, session, tell=tell, former=ticket)
    else:
        _join(row, mail, route, ticket, session)


def _join(row: InboundMail, mail: Prepared, route: Route, ticket: Ticket, session: Any) -> None:
    """The mail as a message of its author on a locked ticket."""
    customer = _author(mail, route, session) if route.is_other else ticket.customer
    if customer.is_blocked:
        row.status, row.reason = "dropped", "blocked"
        return
    actor = _actor(customer, ticket.inbox_id, mail)
    draft = _draft(row, mail, route, session, actor)
    customer.last_seen_at = clock.now()
    ticket.ended_at = None
    customer_writes(ticket, session=session, actor=actor)
    _note_shown(row, write_comment(ticket, draft, session=session, actor=actor), ticket)


def _open(
    row: InboundMail,
    mail: Prepared,
    route: Route,
    inbox: Inbox,
    session: Any,
    *,
    tell: bool,
    former: Ticket | None = None,
) -> None:
    """The mail as a new ticket's first message; tied to the one it names, if it names one."""
    customer = _author(mail, route, session)
    if customer.is_blocked:
        row.status, row.reason = "dropped", "blocked"
        return
    actor = _actor(customer, inbox.id, mail)
    parsed = mail.parsed
    ticket = create_ticket(
        parsed.title or NO_SUBJECT,
        customer=customer,
        channel="email",
        inbox=inbox,
        metadata={"follow_up_of": str(former.id)} if former else None,
        first=_draft(row, mail, route, session, actor),
        tell=tell and not (parsed.is_automatic or parsed.is_mute or parsed.lists),
        session=session,
        actor=actor,
    )
    row.status = "new"
    if (tied := former.id if former else route.ticket_id) is not None:
        kind = "follow_up" if former else "related"
        link_tickets(tied, ticket.id, kind, session=session, actor=_us())
    query = sa.select(Comment).where(Comment.ticket_id == ticket.id).order_by(Comment.seq).limit(1)
    _note_shown(row, session.scalars(query).one(), ticket)


def _answer(row: InboundMail, mail: Prepared, route: Route, session: Any) -> None:
    """An agent's reply. What the ticket refuses now is held: nothing goes to the customer unseen."""
    actor = actor_of(session.get(User, route.user_id), door="mail")
    try:
        with database.savepoint():
            draft = _draft(row, mail, route, session, actor)
            comment = add_comment(
                route.ticket_id,  # type: ignore[arg-type]
                draft.content,
                attachment_ids=draft.attachment_ids,
                session=session,
                actor=actor,
            )
            comment.mail = draft.mail
    except AppError:
        row.status, row.reason = "suspended", "closed"
        return
    _note_shown(row, comment, comment.ticket)


def _tell_staff(row: InboundMail, mail: Prepared, route: Route, ticket: Ticket, session: Any) -> None:
    """What a machine wrote, as a note: it wakes, reopens and answers nothing."""
    actor = _us()
    said = _content(mail, MAX_CHARS - 200)
    draft = CommentDraft(
        f"Automatic reply from {row.from_address}:\n\n{said}", kind="note", mail=_marks(row, mail, route)
    )
    _note_shown(row, write_comment(ticket, draft, session=session, actor=actor), ticket)


def _note_shown(row: InboundMail, comment: Comment, ticket: Ticket) -> None:
    row.ticket_id, row.comment_id = ticket.id, comment.id


def _author(mail: Prepared, route: Route, session: Any) -> Customer:
    """The customer with the author's address: the known one only if it was proved."""
    author = mail.parsed.author or NOBODY
    if route.is_verified:
        return customer_by_email(author.address, name=author.name, session=session, actor=_us())
    return claiming_customer(author.address, name=author.name or None, session=session, actor=_us())


def _actor(customer: Customer, inbox_id: uuid.UUID | None, mail: Prepared) -> Actor:
    author = mail.parsed.author or NOBODY
    return Actor(
        kind="customer",
        id=customer.id,
        workspace_id=customer.workspace_id,
        name=customer.shown_name,
        role="customer",
        door="mail",
        email=author.address or None,
        inbox_id=inbox_id,
    )


def _draft(row: InboundMail, mail: Prepared, route: Route, session: Any, actor: Actor) -> CommentDraft:
    files = [add_attachment(checked, key, session=session, actor=actor) for checked, key in mail.files]
    mail.is_taken = True
    return CommentDraft(
        _content(mail, MAX_CHARS),
        attachment_ids=tuple(file.id for file in files),
        mail=_marks(row, mail, route),
    )


def _content(mail: Prepared, most: int) -> str:
    text = mail.parsed.text.strip()
    if len(text) > most:
        text = text[: most - len(CUT)].rstrip() + CUT
    return text or NO_TEXT


def _marks(row: InboundMail, mail: Prepared, route: Route) -> dict[str, Any]:
    """What the thread says of a mail beside its text; all of it is at `/mail/<id>`."""
    return {
        "id": str(row.id),
        "sender": row.from_address,
        "is_verified": route.is_verified,
        "is_other": route.is_other,
        "cc": [one["address"] for one in row.cc],
        "is_folded": bool(mail.parsed.folded) or len(mail.parsed.text) > MAX_CHARS,
        "left": mail.left[:20],
    }
