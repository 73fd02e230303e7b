"""A ticket as staff and as its customer see it."""

from typing import Any

from webapp import clock
from webapp.models import Customer, Ticket

CUSTOMER_STATUS = {
    "open": "open",
    "assigned": "open",
    "in_progress": "open",
    "pending": "waiting",
    "resolved": "ended",
    "closed": "ended",
}
"""A status in the customer's words."""


def customer_brief(customer: Customer) -> dict[str, Any]:
    """Who it is, as the queue shows it."""
    return {
        "id": str(customer.id),
        "name": customer.shown_name,
        "email": customer.email,
        "claimed_email": customer.claimed_email,
        "verified": customer.is_verified,
        "tier": customer.tier,
        "blocked": customer.is_blocked,
    }


def ticket_row(ticket: Ticket) -> dict[str, Any]:
    """The row in the queue, and the head of the thread."""
    return {
        "id": str(ticket.id),
        "number": ticket.number,
        "title": ticket.title,
        "status": ticket.status,
        "status_id": str(ticket.status_id) if ticket.status_id else None,
        "priority": ticket.priority,
        "channel": ticket.channel,
        "inbox_id": str(ticket.inbox_id) if ticket.inbox_id else None,
        "category": ticket.category,
        "tags": ticket.tags or [],
        "fields": ticket.fields or {},
        "spam": ticket.is_spam,
        "shelf": ticket.shelf,
        "pending_on": ticket.pending_on,
        "snoozed_until": clock.iso(ticket.snoozed_until),
        "merged_into": ticket.merged_into_number,
        "customer": customer_brief(ticket.customer),
        "assigned_agent_id": str(ticket.assigned_agent_id) if ticket.assigned_agent_id else None,
        "team_id": str(ticket.team_id) if ticket.team_id else None,
        "unread": ticket.unread,
        "waiting_since": clock.iso(ticket.waiting_since),
        "last_comment": ticket.last_comment,
        "created_at": clock.iso(ticket.created_at or clock.now()),
        "updated_at": clock.iso(ticket.updated_at or clock.now()),
        "seq": ticket.last_seq,
        "public_seq": ticket.last_public_seq,
        "escalated": ticket.escalated,
        "next_due_at": clock.iso(ticket.next_due_at),
        "sla": ticket.sla,
    }


def ticket_for_customer(ticket: Ticket, *, unread: int, can_reopen: bool) -> dict[str, Any]:
    """The customer's own view of it: their words for the status, the agent by name alone."""
    agent = ticket.assigned_agent
    # Whoever is taken for spam isn't told; to them their chat is simply open.
    status = "open" if ticket.is_spam else CUSTOMER_STATUS[ticket.status]
    return {
        "id": str(ticket.id),
        "number": ticket.number,
        "status": status,
        "agent": {"name": agent.name} if agent else None,
        "created_at": clock.iso(ticket.created_at),
        "seq": ticket.last_public_seq,
        "unread": unread,
        "can_reopen": can_reopen,
    }
