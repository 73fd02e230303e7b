"""The trash: where a deleted ticket lies until somebody restores it."""

import uuid
from typing import Any

from webapp import clock
from webapp.auth import Actor, current_actor
from webapp.extensions import db
from webapp.models import Ticket
from webapp.services.event import record
from webapp.services.ticket.access import ticket_for


def delete_ticket(ticket_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> Ticket:
    """Puts a ticket in the trash: no list, queue, search or clock knows it any more. Nothing is lost."""
    session, actor = session or db.session(), actor or current_actor()
    ticket = ticket_for(ticket_id, "ticket:delete", session=session, actor=actor, lock=True)
    ticket.deleted_at = clock.now()
    changes = {"deleted_at": [None, clock.iso(ticket.deleted_at)]}
    record("ticket.deleted", session=session, actor=actor, ticket=ticket, changes=changes)
    session.flush()
    return ticket


def restore_ticket(ticket_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> Ticket:
    """Takes a ticket out of the trash, as it was. Raises `NotFound` for one that isn't in it."""
    session, actor = session or db.session(), actor or current_actor()
    ticket = ticket_for(ticket_id, "ticket:restore", session=session, actor=actor, lock=True, trashed=True)
    changes = {"deleted_at": [clock.iso(ticket.deleted_at), None]}
    ticket.deleted_at = None
    record("ticket.restored", session=session, actor=actor, ticket=ticket, changes=changes)
    session.flush()
    return ticket
