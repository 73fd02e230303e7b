"""What is shown and never stored: typing."""

import uuid
from dataclasses import dataclass
from typing import Any

from webapp import bus
from webapp.auth import Actor, current_actor
from webapp.services.event import inboxes_of
from webapp.services.ticket.access import ticket_for


@dataclass(frozen=True)
class Typing:
    """Somebody types, or stopped. `kind` note never reaches the customer."""

    workspace_id: uuid.UUID
    ticket_id: uuid.UUID
    customer_id: uuid.UUID
    inbox_ids: tuple[uuid.UUID, ...]
    actor: Actor
    kind: str
    typing: bool


def show_typing(
    ticket_id: uuid.UUID,
    *,
    typing: bool,
    kind: str = "reply",
    session: Any = None,
    actor: Actor | None = None,
) -> None:
    """Shows the others on the ticket that the actor types (a note's typing to staff alone)."""
    actor = actor or current_actor()
    permission = "chat:write" if actor.kind == "customer" else f"ticket:{kind}"
    ticket = ticket_for(ticket_id, permission, session=session, actor=actor)
    bus.publish(
        Typing(
            workspace_id=ticket.workspace_id,
            ticket_id=ticket.id,
            customer_id=ticket.customer_id,
            inbox_ids=inboxes_of(ticket),
            actor=actor,
            kind=kind if actor.kind == "user" else "reply",
            typing=typing,
        )
    )
