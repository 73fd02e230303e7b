"""The one door to a ticket: "not yours" looks like "not there"."""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp.auth import Actor, current_actor, require
from webapp.errors import Invalid, NotFound
from webapp.extensions import db
from webapp.models import Ticket
from webapp.services.event import remember


def ticket_for(
    ticket_id: uuid.UUID,
    permission: str,
    *,
    session: Any = None,
    actor: Actor | None = None,
    lock: bool = False,
    trashed: bool = False,
) -> Ticket:
    """The ticket, if the actor may do `permission` to it. `lock`: hold its row until the commit.

    Raises `NotFound` for a ticket of another workspace or customer and for one in the trash (`trashed`: for
    one that is not), `Forbidden` where the role falls short.
    """
    session, actor = session or db.session(), actor or current_actor()
    in_trash = Ticket.deleted_at.is_not(None) if trashed else Ticket.deleted_at.is_(None)
    query = sa.select(Ticket).where(Ticket.id == ticket_id, in_trash)
    if actor.kind == "customer":
        query = query.where(visible_to(actor))
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NotFound("There is no such ticket")
    require(actor, permission)
    if lock:
        remember(found, session=session)
    return found


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """The tickets that a customer sees in their inbox: those of the inbox, and what they were merged into."""
    merged = sa.orm.aliased(Ticket)
    targets = sa.select(merged.merged_into_id).where(
        merged.workspace_id == actor.workspace_id,
        merged.customer_id == actor.id,
        merged.inbox_id == actor.inbox_id,
        merged.merged_into_id.is_not(None),
    )
    here = sa.or_(Ticket.inbox_id == actor.inbox_id, Ticket.id.in_(targets))
    return sa.and_(Ticket.customer_id == actor.id, here)


def merged_into(ticket_id: uuid.UUID, *, session: Any = None) -> uuid.UUID | None:
    """The ticket that one lies merged in, if any; read before its row is locked."""
    session = session or db.session()
    found: uuid.UUID | None = session.scalar(sa.select(Ticket.merged_into_id).where(Ticket.id == ticket_id))
    return found


def find_ticket(reference: str, *, field: str | None = None) -> uuid.UUID:
    """A ticket's id from an id or a number, as addresses hold either.

    Raises `NotFound`, or `Invalid` naming `field` where one is given.
    """
    if reference.isdecimal() and len(reference) < 10:
        found = db.session.scalar(sa.select(Ticket.id).where(Ticket.number == int(reference)))
    else:
        found = _as_uuid(reference)
    if found is None:
        problem = "There is no such ticket"
        raise Invalid.field(field, problem) if field else NotFound(problem)
    return found


def _as_uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
