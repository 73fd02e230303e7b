"""Moving a ticket from one status to another, and what follows from it."""

from typing import Any

from webapp import clock
from webapp.auth import Actor
from webapp.models import Ticket, TicketStatus
from webapp.models.ticket import ENDED
from webapp.schemas.ticket import CUSTOMER_STATUS
from webapp.services.event import record, remember

Changes = dict[str, list[Any]]


def set_status(ticket: Ticket, status: str, own: TicketStatus | None = None) -> tuple[Changes, Changes]:
    """Sets the status of a locked ticket; returns the changes for staff and those the customer sees.

    `own`: the workspace's own status inside the code; without one it is the code's plain one.
    """
    remember(ticket)
    renamed = _set_own(ticket, own)
    old, ticket.status = ticket.status, status
    if status in ENDED:
        ticket.waiting_since = None
        ticket.resolved_at = ticket.resolved_at or clock.now()
    else:
        ticket.resolved_at = None
    if old == status:
        return renamed, {}
    shown = [CUSTOMER_STATUS[old], CUSTOMER_STATUS[status]]
    return {"status": [old, status], **renamed}, {"status": shown} if shown[0] != shown[1] else {}


def _set_own(ticket: Ticket, own: TicketStatus | None) -> Changes:
    old, ticket.status_id = ticket.status_id, own.id if own else None
    if old == ticket.status_id:
        return {}
    return {"status_id": [str(each) if each else None for each in (old, ticket.status_id)]}


def change_status(
    ticket: Ticket, status: str, own: TicketStatus | None = None, *, session: Any, actor: Actor
) -> None:
    """Sets the status of a locked ticket and records it, if it is another one."""
    changes, public = set_status(ticket, status, own)
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
