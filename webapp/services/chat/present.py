"""A customer's message, answered."""

from typing import Any

from webapp.models import Comment, Ticket
from webapp.schemas.event import event_for_customer
from webapp.services.chat.state import customer_ticket
from webapp.services.event import created_event


def message_answer(comment: Comment, ticket: Ticket) -> dict[str, Any]:
    """`{event, ticket}`: the comment's event and the ticket it is on now."""
    event = created_event(comment)
    return {"event": event_for_customer(event), "ticket": customer_ticket(ticket)}
