"""What a customer sees of their chat: the state to start from, and what came after."""

import statistics
import uuid
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.auth import Actor, current_actor
from webapp.extensions import db
from webapp.models import Customer, Inbox, Ticket
from webapp.models.ticket import ENDED
from webapp.schemas.event import event_for_customer
from webapp.schemas.lifecycle import Lifecycle
from webapp.schemas.ticket import ticket_for_customer
from webapp.services import inbox as inboxes
from webapp.services import presence, setting
from webapp.services.chat.prechat import known_fields, needs_prechat
from webapp.services.event import list_ticket_events
from webapp.services.installation import epoch
from webapp.services.routing.place import place_of
from webapp.services.ticket.access import ticket_for, visible_to
from webapp.services.ticket.reading import read_marks, unread_for_customer

PAGE = 50
MAX_GAP = 500
PROMISE_DAYS = 7
PROMISE_CHATS = 5


def availability(inbox: Inbox) -> dict[str, Any]:
    """`{state: online|nobody|closed, back_at, reply_minutes}`: whether, and when, somebody answers."""
    now = clock.now()
    if not inbox.is_active:
        return {"state": "closed", "back_at": None, "reply_minutes": None}
    if not inboxes.is_open(inbox, now):
        return {"state": "closed", "back_at": clock.iso(inboxes.opens_at(inbox, now)), "reply_minutes": None}
    state = "online" if presence.anyone_available(inbox.workspace_id) else "nobody"
    return {"state": state, "back_at": None, "reply_minutes": _reply_minutes(inbox)}


def _reply_minutes(inbox: Inbox) -> int | None:
    """The median time to a first answer over a week, in minutes; None below five chats."""
    query = (
        sa.select(Ticket.created_at, Ticket.answered_at)
        .where(
            Ticket.inbox_id == inbox.id,
            Ticket.answered_at.is_not(None),
            Ticket.created_at > clock.now() - timedelta(days=PROMISE_DAYS),
        )
        .order_by(Ticket.created_at.desc())
        .limit(200)
    )
    waits = [(answered - created).total_seconds() for created, answered in db.session.execute(query)]
    if len(waits) < PROMISE_CHATS:
        return None
    return max(1, round(statistics.median(waits) / 60))


def current_ticket(actor: Actor | None = None) -> Ticket | None:
    """The chat to show: the newest that the customer has not ended and that is active or can be reopened."""
    actor = actor or current_actor()
    since = clock.now() - timedelta(days=setting.read_section(Lifecycle).reopen_days)
    query = (
        sa.select(Ticket)
        .where(
            visible_to(actor),
            Ticket.merged_into_id.is_(None),
            Ticket.ended_at.is_(None),
            Ticket.deleted_at.is_(None),
            sa.or_(Ticket.status.not_in(ENDED), Ticket.resolved_at > since),
        )
        .order_by(Ticket.created_at.desc())
        .limit(1)
    )
    found: Ticket | None = db.session.scalar(query)
    return found


def chat_state(actor: Actor | None = None) -> dict[str, Any]:
    """`ChatState` of docs/realtime.md."""
    actor = actor or current_actor()
    customer = db.session.scalars(sa.select(Customer).where(Customer.id == actor.id)).one()
    inbox = db.session.get(Inbox, actor.inbox_id)
    ticket = current_ticket(actor)
    events, has_more = list_ticket_events(ticket.id, limit=PAGE, public=True) if ticket else ([], False)
    return {
        "visitor": {
            "name": customer.name,
            "email": customer.email or customer.claimed_email,
            "verified": customer.is_verified,
        },
        "ticket": customer_ticket(ticket) if ticket else None,
        "events": [event_for_customer(event) for event in events],
        "has_more": has_more,
        "epoch": epoch(),
        "read": read_marks(ticket.id) if ticket else None,
        "availability": availability(inbox),
        "known": known_fields(customer, inbox),
        "needs_prechat": needs_prechat(customer, inbox),
        "place": place_of(ticket) if ticket else None,
    }


def customer_ticket(ticket: Ticket) -> dict[str, Any]:
    """The customer's form of a ticket, with their unread count."""
    from webapp.services.chat.writing import is_over

    seen = read_marks(ticket.id)["customer"]["seen"]
    body = ticket_for_customer(
        ticket, unread=unread_for_customer(ticket, seen), can_reopen=not is_over(ticket)
    )
    if ticket.ended_at is not None:
        body["status"] = "ended"
    return body


def replay(
    ticket_id: uuid.UUID, *, after: int | None, before: int | None, limit: int, actor: Actor | None = None
) -> dict[str, Any]:
    """Events after a sequence, or the page before one; `reset` when the gap is too old or from the future."""
    actor = actor or current_actor()
    ticket = ticket_for(ticket_id, "chat:read", actor=actor)
    body: dict[str, Any] = {
        "ticket": customer_ticket(ticket),
        "read": read_marks(ticket.id),
        "epoch": epoch(),
    }
    if after is not None and not 0 <= ticket.last_public_seq - after <= MAX_GAP:
        return {**body, "events": [], "has_more": False, "reset": True}
    events, has_more = list_ticket_events(ticket.id, after=after, before=before, limit=limit, public=True)
    shown = [event_for_customer(event) for event in events]
    return {**body, "events": shown, "has_more": has_more, "reset": False}


def unread_state(actor: Actor | None = None) -> dict[str, Any]:
    """What the loader asks for a returning visitor: `{unread, open}`."""
    ticket = current_ticket(actor or current_actor())
    if ticket is None:
        return {"unread": 0, "open": False}
    return {"unread": customer_ticket(ticket)["unread"], "open": ticket.status not in ENDED}
