"""Tags of one ticket."""

import uuid
from collections.abc import Iterable
from typing import Any

from webapp.auth import Actor, current_actor
from webapp.extensions import db
from webapp.models import Ticket
from webapp.services import tag as tags
from webapp.services.ticket.access import ticket_for


def update_tags(
    ticket_id: uuid.UUID,
    *,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    session: Any = None,
    actor: Actor | None = None,
) -> Ticket:
    """Puts tags on a ticket and takes others off, by name. As `services.tag.set_tags`."""
    session, actor = session or db.session(), actor or current_actor()
    ticket = ticket_for(ticket_id, "ticket:update", session=session, actor=actor, lock=True)
    tags.set_tags(ticket, add=add, remove=remove, session=session, actor=actor)
    return ticket


def add_tag(ticket_id: uuid.UUID, name: str, *, session: Any = None, actor: Actor | None = None) -> Ticket:
    """Puts one tag on a ticket."""
    return update_tags(ticket_id, add=[name], session=session, actor=actor)
