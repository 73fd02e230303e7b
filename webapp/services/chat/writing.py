"""A customer's message: it joins the open chat, wakes a resting one, or begins another."""

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value

from webapp import clock
from webapp.auth import SYSTEM, Actor, current_actor
from webapp.errors import Forbidden, Unauthenticated
from webapp.extensions import db
from webapp.models import Comment, Customer, Inbox, Ticket, VisitorToken
from webapp.models.ticket import ENDED
from webapp.schemas.lifecycle import Lifecycle
from webapp.services import setting
from webapp.services.chat.prechat import take_address, take_answers
from webapp.services.chat.state import availability
from webapp.services.chat.visitor import visitor_token
from webapp.services.customer import is_address_blocked
from webapp.services.event import record
from webapp.services.ticket.access import ticket_for, visible_to
from webapp.services.ticket.comment import CommentDraft, clean, find_repeat, write_comment
from webapp.services.ticket.create import create_ticket
from webapp.services.ticket.link import link_tickets
from webapp.services.ticket.transitions import customer_writes

TITLE_CHARS = 80


def send_message(
    draft: CommentDraft,
    *,
    ticket_id: uuid.UUID | None = None,
    prechat: dict[str, Any] | None = None,
    consent: bool = False,
    session: Any = None,
    actor: Actor | None = None,
) -> tuple[Comment, Ticket]:
    """Writes a customer's message and returns it with the ticket it is on now.

    Without `ticket_id` it joins the open chat of the inbox or begins one, decided under a lock on the
    customer's row, so that two first messages make one chat. The same `client_id` again returns the first
    comment.
    Raises `Forbidden` "blocked", or "inbox_off" where it would begin a chat in an inbox that is off,
    `Invalid` at the pre-chat field at fault, `NotFound` for another's ticket.
    """
    session, actor = session or db.session(), actor or current_actor()
    customer = _locked_customer(actor, session)
    if (earlier := find_repeat(draft, session=session, actor=actor)) is not None:
        return earlier, earlier.ticket
    _refuse_blocked(customer, actor)
    customer.last_seen_at = clock.now()
    ticket = _destination(ticket_id, actor, session)
    if ticket is not None and not is_over(ticket):
        take_address(customer, prechat or {})
        if ticket.customer_id == customer.id:
            set_committed_value(ticket, "customer", customer)  # whoever asks for it later has it
        return _continue(ticket, draft, actor, session), ticket
    _ask(customer, prechat or {}, consent, session=session, actor=actor)
    begun = _begin(customer, draft, ticket, session=session, actor=actor)
    return _first_comment(begun, session), begun


def _locked_customer(actor: Actor, session: Any) -> Customer:
    query = sa.select(Customer).where(Customer.id == actor.id)
    # Not FOR UPDATE: rows of others that refer to this one are no reason to wait, and waiting could deadlock.
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found: Customer = session.scalars(locked).one()
    _refuse_ended(actor, session)
    return found


def _refuse_ended(actor: Actor, session: Any) -> None:
    """A token that ended while the lock was waited for opens nothing: its chats are somebody else's now."""
    query = sa.select(VisitorToken.revoked_at).where(VisitorToken.id == actor.session_id)
    if session.scalar(query) is not None:
        raise Unauthenticated("This visitor token opens nothing (any more)")


def _refuse_blocked(customer: Customer, actor: Actor) -> None:
    if customer.is_blocked or (actor.address and is_address_blocked(actor.address)):
        raise Forbidden("You cannot write here", code="blocked")


def begins_chat(ticket_id: uuid.UUID | None, *, actor: Actor | None = None) -> bool:
    """Whether a message would begin a chat rather than go on with one."""
    actor = actor or current_actor()
    if _open_chat(actor, db.session()) is not None:
        return False
    known = _known(ticket_id, actor, db.session())
    return known is None or is_over(ticket_for(known, "chat:write", actor=actor))


def _known(ticket_id: uuid.UUID | None, actor: Actor, session: Any) -> uuid.UUID | None:
    """The ticket that a customer names: what it was merged into; none for one that lies in the trash."""
    if ticket_id is None:
        return None
    named = sa.orm.aliased(Ticket)
    trashed = sa.and_(visible_to(actor), Ticket.deleted_at.is_not(None)).label("trashed")
    leads_to = Ticket.id == sa.func.coalesce(named.merged_into_id, named.id)
    query = sa.select(Ticket.id, trashed).join(named, leads_to).where(named.id == ticket_id)
    found = session.execute(query).one_or_none()
    if found is None:
        return ticket_id  # another's, or none at all: whoever locks it will say so
    return None if found.trashed else found.id


def _destination(ticket_id: uuid.UUID | None, actor: Actor, session: Any) -> Ticket | None:
    """The ticket named unless it is over; else the open chat; else the one that is over, to follow up."""
    named, known = None, _known(ticket_id, actor, session)
    if known is not None:
        named = ticket_for(known, "chat:write", session=session, actor=actor, lock=True)
        if not is_over(named):
            return named
    found = _open_chat(actor, session)
    return ticket_for(found, "chat:write", session=session, actor=actor, lock=True) if found else named


def _open_chat(actor: Actor, session: Any) -> uuid.UUID | None:
    query = sa.select(Ticket.id).where(
        visible_to(actor),
        Ticket.status.not_in(ENDED),
        Ticket.ended_at.is_(None),
        Ticket.deleted_at.is_(None),
    )
    found: uuid.UUID | None = session.scalar(query.order_by(Ticket.created_at.desc()).limit(1))
    return found


def is_over(ticket: Ticket) -> bool:
    """Whether a customer's message can no longer go on this ticket: closed, or resolved beyond the window."""
    if ticket.is_spam or ticket.status not in ENDED:
        return False
    window = timedelta(days=setting.read_section(Lifecycle).reopen_days)
    resolved_at = ticket.resolved_at or ticket.updated_at
    return ticket.status == "closed" or resolved_at + window < clock.now()


def _continue(ticket: Ticket, draft: CommentDraft, actor: Actor, session: Any) -> Comment:
    was_ended, ticket.ended_at = ticket.ended_at is not None, None
    seq = ticket.last_public_seq
    customer_writes(ticket, session=session, actor=actor)
    if was_ended and seq == ticket.last_public_seq:
        shown = {"status": ["ended", "open"]}
        record(
            "ticket.status_changed",
            session=session,
            actor=actor,
            ticket=ticket,
            public_changes=shown,
            is_public=True,
        )
    return write_comment(ticket, draft, session=session, actor=actor)


def _begin(
    customer: Customer, draft: CommentDraft, former: Ticket | None, *, session: Any, actor: Actor
) -> Ticket:
    token = visitor_token(actor)
    begun = create_ticket(
        _title(draft),
        channel="chat",
        inbox=session.get(Inbox, actor.inbox_id),
        customer=customer,
        metadata={"follow_up_of": str(former.id)} if former else None,
        page=token.page,
        client={**token.client, "address": token.address, "locale": customer.locale},
        first=draft,
        session=session,
        actor=replace(actor, name=customer.shown_name, email=customer.email or customer.claimed_email),
    )
    if former is not None:
        us = replace(SYSTEM, workspace_id=actor.workspace_id, door=actor.door)
        link_tickets(former.id, begun.id, "follow_up", session=session, actor=us)
    return begun


def _ask(customer: Customer, prechat: dict[str, Any], consent: bool, *, session: Any, actor: Actor) -> None:
    """What must be known before a chat begins."""
    inbox = session.get(Inbox, actor.inbox_id)
    if not inbox.is_active:
        raise Forbidden("This chat takes no new conversations", code="inbox_off")
    if inbox.identified_only and not actor.verified:
        raise Forbidden("Please sign in on our site to chat", code="identified_only")
    can_answer = bool(customer.email or customer.claimed_email)
    must_have_email = not can_answer and availability(inbox)["state"] != "online"
    take_answers(customer, inbox, prechat, consent=consent, must_have_email=must_have_email)


def _first_comment(ticket: Ticket, session: Any) -> Comment:
    query = sa.select(Comment).where(Comment.ticket_id == ticket.id).order_by(Comment.seq).limit(1)
    found: Comment = session.scalars(query).one()
    return found


def _title(draft: CommentDraft) -> str:
    first_line = clean(draft).split("\n", 1)[0].strip()
    if len(first_line) <= TITLE_CHARS:
        return first_line or "A file"
    return first_line[: TITLE_CHARS - 1].rstrip() + "…"
