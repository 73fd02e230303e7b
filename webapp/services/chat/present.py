"""A customer's message, answered."""

from typing import Any

import sqlalchemy as sa

from webapp.extensions import db
from webapp.models import Comment, Event, Ticket
from webapp.schemas.event import event_for_customer
from webapp.services.chat.state import customer_ticket


def message_answer(comment: Comment, ticket: Ticket) -> dict[str, Any]:
    """`{event, ticket}`: the comment's event and the ticket it is on now."""
    event = db.session.scalars(sa.select(Event).where(Event.comment_id == comment.id)).one()
    return {"event": event_for_customer(event), "ticket": customer_ticket(ticket)}
