"""A ticket's fields and its way through the statuses (the table in the domain's contract)."""

import uuid
from typing import Any

from webapp import clock
from webapp.auth import Actor, current_actor
from webapp.errors import Conflict, Invalid
from webapp.extensions import db
from webapp.models import Ticket
from webapp.models.ticket import ENDED, PRIORITIES
from webapp.services.event import record
from webapp.services.ticket.access import ticket_for
from webapp.services.ticket.status import change_status, set_status
from webapp.validators import visible

SETTABLE = ("in_progress", "pending", "resolved", "closed")
FIELD_CHARS = {"title": 200, "category": 60}


def update_ticket(
    ticket_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None, **changes: Any
) -> Ticket:
    """Sets title, priority, category or status; fields not named stay as another's update left them.

    Raises `Invalid` naming the field, `Conflict` for a status that cannot follow the present one.
    """
    session, actor = session or db.session(), actor or current_actor()
    ticket = ticket_for(ticket_id, "ticket:update", session=session, actor=actor, lock=True)
    status = changes.pop("status", None)
    changed = {name: moved for name, value in changes.items() if (moved := _set_field(ticket, name, value))}
    if changed:
        record("ticket.updated", session=session, actor=actor, ticket=ticket, changes=changed)
    if status is not None:
        _set_status(ticket, status, session=session, actor=actor)
    session.flush()
    return ticket


def _set_field(ticket: Ticket, name: str, value: Any) -> list[Any] | None:
    if name not in ("title", "priority", "category"):
        raise Invalid.field(name, "This field cannot be set")
    if name == "priority" and value not in PRIORITIES:
        raise Invalid.field("priority", f"Priority is one of {', '.join(PRIORITIES)}")
    if name in FIELD_CHARS and value is not None:
        value = visible(value)[: FIELD_CHARS[name]]
    if name == "title" and not value:
        raise Invalid.field("title", "A ticket needs a title")
    old = getattr(ticket, name)
    if old == value:
        return None
    setattr(ticket, name, value)
    return [old, value]


def update_ticket_status(
    ticket_id: uuid.UUID, status: str, *, session: Any = None, actor: Actor | None = None
) -> Ticket:
    """Sets the status, by the contract's table; `open` or `assigned` reopens an ended ticket."""
    return update_ticket(ticket_id, session=session, actor=actor, status=status)


def _set_status(ticket: Ticket, status: str, *, session: Any, actor: Actor) -> None:
    if status in ("open", "assigned"):
        if ticket.status not in ENDED:
            if status == ticket.status:
                return
            raise Conflict("Assign or unassign the ticket instead", current={"status": ticket.status})
        reopen(ticket, session=session, actor=actor)
        return
    if status not in SETTABLE:
        raise Invalid.field("status", f"Status is one of open, {', '.join(SETTABLE)}")
    if ticket.status == "closed" and status != "closed":
        raise Conflict("This ticket is closed; reopen it first", current={"status": "closed"})
    change_status(ticket, status, session=session, actor=actor)


def reopen(ticket: Ticket, *, session: Any, actor: Actor) -> None:
    """Makes a locked, ended ticket work again: assigned if it has an agent, else open."""
    change_status(ticket, "assigned" if ticket.assigned_agent_id else "open", session=session, actor=actor)


def end_chat(ticket_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> Ticket:
    """The customer ends the chat: resolved if we answered, else it stays, to be answered by mail."""
    session, actor = session or db.session(), actor or current_actor()
    ticket = ticket_for(ticket_id, "chat:write", session=session, actor=actor, lock=True)
    if ticket.ended_at is not None:
        return ticket
    ticket.ended_at = clock.now()
    changes: dict[str, list[Any]] = {}
    if ticket.answered_at is not None and ticket.status not in ENDED:
        changes = set_status(ticket, "resolved")[0]
    record(
        "ticket.ended",
        session=session,
        actor=actor,
        ticket=ticket,
        changes=changes,
        public_changes={"status": ["open", "ended"]},
    )
    session.flush()
    return ticket


def mark_spam(
    ticket_id: uuid.UUID, is_spam: bool, *, session: Any = None, actor: Actor | None = None
) -> Ticket:
    """Puts a ticket away as spam (closed), or fetches it back (reopened). The customer isn't told."""
    session, actor = session or db.session(), actor or current_actor()
    ticket = ticket_for(ticket_id, "ticket:spam", session=session, actor=actor, lock=True)
    if ticket.is_spam == is_spam:
        return ticket
    ticket.is_spam = is_spam
    status = "closed" if is_spam else "assigned" if ticket.assigned_agent_id else "open"
    changes = {"spam": [not is_spam, is_spam], **set_status(ticket, status)[0]}
    name = "ticket.marked_as_spam" if is_spam else "ticket.unmarked_as_spam"
    record(name, session=session, actor=actor, ticket=ticket, changes=changes)
    session.flush()
    return ticket
