"""Moving a ticket from one status to another, and what follows from it."""

from typing import Any

from webapp import clock
from webapp.auth import Actor
from webapp.models import Ticket, TicketStatus
from webapp.models.ticket import ENDED
from webapp.schemas.ticket import CUSTOMER_STATUS
from webapp.services.event import record, remember

Changes = dict[str, list[Any]]


def set_status(
    ticket: Ticket, status: str, own: TicketStatus | None = None, pending_on: str | None = None
) -> tuple[Changes, Changes]:
    """Sets the status of a locked ticket; returns the changes for staff and those the customer sees.

    `own`: the workspace's own status inside the code; without one it is the code's plain one.
    `pending_on`: whom a pending ticket waits for; the customer, unless somebody else was named.
    """
    remember(ticket)
    renamed = _set_own(ticket, own)
    old, ticket.status = ticket.status, status
    changes: Changes = {} if old == status else {"status": [old, status]}
    if changes:
        ticket.status_changed_at = clock.now()
    changes |= _set_pending_on(ticket, pending_on or (own.pending_on if own else None))
    if status in ENDED:
        ticket.waiting_since = None
        ticket.resolved_at = ticket.resolved_at or clock.now()
        changes |= unset_snooze(ticket)
    else:
        ticket.resolved_at = None
    shown = [CUSTOMER_STATUS[old], CUSTOMER_STATUS[status]]
    return changes | renamed, {"status": shown} if shown[0] != shown[1] else {}


def _set_own(ticket: Ticket, own: TicketStatus | None) -> Changes:
    old, ticket.status_id = ticket.status_id, own.id if own else None
    if old == ticket.status_id:
        return {}
    return {"status_id": [str(each) if each else None for each in (old, ticket.status_id)]}


def _set_pending_on(ticket: Ticket, pending_on: str | None) -> Changes:
    old = ticket.pending_on
    wanted = pending_on or old or "customer"
    ticket.pending_on = wanted if ticket.status == "pending" else None
    return {"pending_on": [old, ticket.pending_on]} if old != ticket.pending_on else {}


def unset_snooze(ticket: Ticket) -> Changes:
    """Puts a locked ticket off no longer; returns the changes."""
    if ticket.snoozed_until is None:
        return {}
    old, ticket.snoozed_until = ticket.snoozed_until, None
    ticket.wakes_on_reply = True
    return {"snoozed_until": [clock.iso(old), None]}


def change_status(
    ticket: Ticket,
    status: str,
    own: TicketStatus | None = None,
    *,
    pending_on: str | None = None,
    session: Any,
    actor: Actor,
) -> None:
    """Sets the status of a locked ticket and records it, if anything is another."""
    changes, public = set_status(ticket, status, own, pending_on)
    if changes:
        record(
            "ticket.status_changed",
            session=session,
            actor=actor,
            ticket=ticket,
            changes=changes,
            public_changes=public or None,
            is_public=bool(public),
        )
