"""A ticket's fields and its way through the statuses (the table in the domain's contract)."""

import uuid
from typing import Any

from webapp import clock
from webapp.auth import Actor, current_actor
from webapp.errors import Conflict, Invalid
from webapp.extensions import db
from webapp.models import Ticket, TicketStatus
from webapp.models.ticket import ENDED
from webapp.services.email.customers import tell_status
from webapp.services.event import record
from webapp.services.field import refuse_incomplete
from webapp.services.ticket.access import ticket_for
from webapp.services.ticket.status import change_status, set_status
from webapp.services.ticket.update import set_fields
from webapp.services.ticket_status import usable_status

SETTABLE = ("in_progress", "pending", "resolved", "closed")


def update_ticket(
    ticket_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None, **changes: Any
) -> Ticket:
    """Sets fields (those of `set_fields`), status and `status_id`; those not named stay as they are.

    `status_id`: one of the workspace's own, which brings its code along. Raises `Invalid` naming the field,
    "fields_required" if a field is missing that resolving wants, `Conflict` for a status that cannot follow.
    """
    session, actor = session or db.session(), actor or current_actor()
    ticket = ticket_for(ticket_id, "ticket:update", session=session, actor=actor, lock=True)
    status, status_id = changes.pop("status", None), changes.pop("status_id", None)
    pending_on = changes.pop("pending_on", None)
    set_fields(ticket, changes, session=session, actor=actor)
    if pending_on is not None and status is None and status_id is None:
        status, status_id = "pending", ticket.status_id if ticket.status == "pending" else None
    own = usable_status(status_id, session=session) if status_id else None
    if own is not None and status not in (None, own.code):
        raise Invalid.field("status_id", f"This status lies inside {own.code}")
    before, code = ticket.status, own.code if own else status
    if pending_on is not None and code != "pending":
        raise Invalid.field("pending_on", "Only a pending ticket waits for somebody")
    if code is not None:
        _set_status(ticket, code, own, pending_on, session=session, actor=actor)
    if ticket.status != before:
        tell_status(ticket, session=session, actor=actor)
    session.flush()
    return ticket


def update_ticket_status(
    ticket_id: uuid.UUID, status: str, *, session: Any = None, actor: Actor | None = None
) -> Ticket:
    """Sets the status, by the contract's table; `open` or `assigned` reopens an ended ticket."""
    return update_ticket(ticket_id, session=session, actor=actor, status=status)


def _set_status(
    ticket: Ticket,
    status: str,
    own: TicketStatus | None = None,
    pending_on: str | None = None,
    *,
    session: Any,
    actor: Actor,
) -> None:
    refuse_merged(ticket)
    if status in ("open", "assigned"):
        if ticket.status in ENDED:
            reopen(ticket, session=session, actor=actor)
        elif status != ticket.status:
            raise Conflict("Assign or unassign the ticket instead", current={"status": ticket.status})
        if status == ticket.status:
            change_status(ticket, status, own, session=session, actor=actor)
        return
    if status not in SETTABLE:
        raise Invalid.field("status", f"Status is one of open, {', '.join(SETTABLE)}")
    if ticket.status == "closed" and status != "closed":
        raise Conflict("This ticket is closed; reopen it first", current={"status": "closed"})
    if status in ENDED and ticket.status not in ENDED and actor.kind == "user":
        refuse_incomplete(ticket, session=session)
    change_status(ticket, status, own, pending_on=pending_on, session=session, actor=actor)


def refuse_merged(ticket: Ticket) -> None:
    """Raises `Conflict` for a ticket that lies merged in another: nothing is worked on there."""
    if ticket.merged_into_id is not None:
        raise Conflict(
            f"This ticket was merged into #{ticket.merged_into_number}; undo that first",
            code="merged",
            current={"merged_into": ticket.merged_into_number},
        )


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
    refuse_merged(ticket)
    if ticket.is_spam == is_spam:
        return ticket
    ticket.is_spam = is_spam
    status = "closed" if is_spam else "assigned" if ticket.assigned_agent_id else "open"
    changes = {"spam": [not is_spam, is_spam], **set_status(ticket, status)[0]}
    name = "ticket.marked_as_spam" if is_spam else "ticket.unmarked_as_spam"
    record(name, session=session, actor=actor, ticket=ticket, changes=changes)
    session.flush()
    return ticket
