"""Everything an agent's page needs to show a ticket, at one moment."""

import uuid
from typing import Any

from webapp import clock, database
from webapp.auth import Actor, current_actor
from webapp.extensions import db
from webapp.models import Comment, Ticket
from webapp.schemas.comment import comment_for_staff
from webapp.schemas.event import event_for_staff
from webapp.schemas.mail import delivery_out
from webapp.schemas.ticket import ticket_row
from webapp.services import presence, viewing
from webapp.services.draft import list_drafts
from webapp.services.email.delivery import list_deliveries
from webapp.services.event import created_event, list_ticket_events
from webapp.services.ticket.access import ticket_for
from webapp.services.ticket.follow import follower_ids
from webapp.services.ticket.queue import list_earlier
from webapp.services.ticket.reading import read_marks

PAGE = 50
MAX_GAP = 500


def ticket_snapshot(ticket_id: uuid.UUID, *, actor: Actor | None = None) -> dict[str, Any]:
    """`Snapshot` of docs/realtime.md: the ticket and its newest events."""
    actor = actor or current_actor()
    ticket = ticket_for(ticket_id, "ticket:read", actor=actor)
    # One that was committed since the ticket was read comes by itself; here it would be shown twice.
    events, has_more = list_ticket_events(ticket.id, before=ticket.last_seq + 1, limit=PAGE)
    return {
        "ticket": {**ticket_row(ticket), **_details(ticket, actor)},
        "events": [event_for_staff(event) for event in events],
        "has_more": has_more,
    }


def comment_answer(comment: Comment) -> dict[str, Any]:
    """`{comment, event}` of a comment; a new one gets its place in the feed at the commit, and here too."""
    event = created_event(comment)
    shown = event_for_staff(event)
    if event.workspace_seq is None:
        database.before_commit(db.session(), lambda: shown.update(workspace_seq=event.workspace_seq))
    return {"comment": comment_for_staff(comment), "event": shown}


def _details(ticket: Ticket, actor: Actor) -> dict[str, Any]:
    earlier = list_earlier(ticket.customer_id, besides=ticket.id)
    return {
        "description": ticket.description,
        "external_id": ticket.external_id,
        "metadata": ticket.metadata_ or {},
        "followers": [str(user_id) for user_id in follower_ids(ticket.id)],
        "page": ticket.page,
        "client": ticket.client or None,
        "read": read_marks(ticket.id),
        "drafts": list_drafts(ticket.id, actor=actor),
        "deliveries": [delivery_out(row) for row in reversed(list_deliveries(ticket_id=ticket.id))],
        "earlier": [
            {
                "id": str(other.id),
                "number": other.number,
                "title": other.title,
                "status": other.status,
                "created_at": clock.iso(other.created_at),
            }
            for other in earlier
        ],
        "customer_online": ticket.customer_id in presence.online_ids("customer", ticket.workspace_id),
        "viewers": viewing.viewers(ticket.id),
    }


def replay_ticket(
    ticket_id: uuid.UUID, *, after: int | None, before: int | None, limit: int, actor: Actor | None = None
) -> dict[str, Any]:
    """Events after a sequence, or the page before one; `reset` when the gap is too old or from the future."""
    ticket = ticket_for(ticket_id, "ticket:read", actor=actor or current_actor())
    if after is not None and not 0 <= ticket.last_seq - after <= MAX_GAP:
        return {"events": [], "has_more": False, "reset": True}
    events, has_more = list_ticket_events(ticket.id, after=after, before=before, limit=limit)
    return {"events": [event_for_staff(event) for event in events], "has_more": has_more, "reset": False}
