"""An event as staff and as its customer see it. The thread of a ticket is its list of events."""

from typing import Any

from webapp import clock
from webapp.models import Event
from webapp.schemas.comment import comment_for_customer, comment_for_staff

FROM_ANOTHER = ("comment.carried", "ticket.released")
"""Events about what came from another ticket, their subject."""


def event_for_staff(event: Event) -> dict[str, Any]:
    """The whole event; `comment` only where there is one."""
    body: dict[str, Any] = {
        "id": str(event.id),
        "name": event.name,
        "ticket_id": str(event.ticket_id) if event.ticket_id else None,
        "workspace_seq": event.workspace_seq,
        "seq": event.ticket_seq,
        "public_seq": event.public_seq,
        "at": clock.iso(event.at or clock.now()),
        "actor": {
            "kind": event.actor_kind,
            "id": str(event.actor_id) if event.actor_id else None,
            "name": event.actor_name,
        },
        "door": event.door,
        "changes": event.changes,
    }
    if event.subject_id:
        body["subject_id"] = str(event.subject_id)
    if event.comment is not None:
        body["comment"] = comment_for_staff(event.comment)
    return body


def event_for_customer(event: Event) -> dict[str, Any]:
    """What the customer may know of it: no ids of staff, no internal fields, `seq` counting public events."""
    body: dict[str, Any] = {
        "name": event.name,
        "ticket_id": str(event.ticket_id),
        "seq": event.public_seq,
        "at": clock.iso(event.at or clock.now()),
        "actor": {"kind": event.actor_kind, "name": event.actor_name},
    }
    if event.comment is not None:
        body["comment"] = comment_for_customer(event.comment)
    if event.public_changes:
        body["changes"] = event.public_changes
    if event.name in FROM_ANOTHER:
        body["source_id"] = str(event.subject_id)
    return body
