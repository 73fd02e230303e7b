"""The clocks of all tickets, for whoever watches over them."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp.auth import Actor, current_actor, require
from webapp.models import SlaClock, Ticket
from webapp.services.paging import newest_first


def page_of_clocks(
    *,
    cursor: uuid.UUID | None = None,
    limit: int = 50,
    due_before: datetime | None = None,
    actor: Actor | None = None,
    **wanted: Any,
) -> tuple[list[SlaClock], str | None]:
    """A page of clocks, newest first, and the next cursor. `wanted`: values of `state`, `metric`."""
    require(actor or current_actor(), "ticket:read")
    query = (
        sa.select(SlaClock).join(Ticket, Ticket.id == SlaClock.ticket_id).where(Ticket.deleted_at.is_(None))
    )
    for name, value in wanted.items():
        if value is not None:
            query = query.where(getattr(SlaClock, name) == value)
    if due_before is not None:
        query = query.where(SlaClock.due_at < due_before)
    return newest_first(query, SlaClock, cursor, limit)
