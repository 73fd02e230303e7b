"""Each decision, kept with what it was made from."""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor, require
from webapp.extensions import db
from webapp.models import RoutingDecision, Ticket
from webapp.services.paging import newest_first
from webapp.services.routing.pool import Seat
from webapp.services.routing.strategy import Choice
from webapp.services.ticket.access import ticket_for

SHOWN = 20
CANDIDATES = 50
REASON_CHARS = 300


def keep(
    ticket: Ticket, choice: Choice, seats: list[Seat], *, trigger: str, strategy: str, session: Any
) -> RoutingDecision:
    """Stores a decision. One for nobody takes the place of the last, if that was for nobody too."""
    last = _last(ticket.id, session) if choice.seat is None else None
    row = last if last is not None and last.agent_id is None else _new(ticket, session)
    row.at = clock.now()
    row.trigger, row.strategy = trigger, strategy
    row.agent_id = choice.seat.id if choice.seat else None
    row.reason = choice.reason[:REASON_CHARS]
    row.candidates = [
        {
            "id": str(seat.id),
            "name": seat.user.name,
            "load": seat.load,
            "capacity": seat.capacity,
            "excluded": choice.excluded[seat.id],
        }
        for seat in seats[:CANDIDATES]
    ]
    session.flush()
    return row


def note(ticket: Ticket, reason: str, *, trigger: str, session: Any) -> None:
    """Stores why a ticket was taken back, without candidates."""
    row = _new(ticket, session)
    row.at, row.trigger, row.strategy = clock.now(), trigger, "none"
    row.agent_id, row.candidates, row.reason = None, [], reason[:REASON_CHARS]
    session.flush()


def _new(ticket: Ticket, session: Any) -> RoutingDecision:
    row = RoutingDecision(id=database.uuid7(), ticket_id=ticket.id)
    session.add(row)
    return row


def _last(ticket_id: uuid.UUID, session: Any) -> RoutingDecision | None:
    query = sa.select(RoutingDecision).where(RoutingDecision.ticket_id == ticket_id)
    order = RoutingDecision.at.desc(), RoutingDecision.id.desc()
    found: RoutingDecision | None
    with session.no_autoflush:
        found = session.scalar(query.where(RoutingDecision.strategy != "none").order_by(*order).limit(1))
    return found


def list_decisions(ticket_id: uuid.UUID, *, actor: Actor | None = None) -> list[RoutingDecision]:
    """A ticket's decisions, newest first. Raises `NotFound`."""
    ticket = ticket_for(ticket_id, "ticket:read", actor=actor or current_actor())
    query = sa.select(RoutingDecision).where(RoutingDecision.ticket_id == ticket.id)
    order = RoutingDecision.at.desc(), RoutingDecision.id.desc()
    return list(db.session.scalars(query.order_by(*order).limit(SHOWN)))


def page_of_decisions(
    *,
    agent_id: uuid.UUID | None = None,
    cursor: uuid.UUID | None = None,
    limit: int = 50,
    actor: Actor | None = None,
) -> tuple[list[RoutingDecision], str | None]:
    """A page of the workspace's decisions, newest first, and the next cursor; perhaps those for one agent."""
    require(actor or current_actor(), "ticket:read")
    kept = Ticket.deleted_at.is_(None)
    query = sa.select(RoutingDecision).join(Ticket, Ticket.id == RoutingDecision.ticket_id).where(kept)
    if agent_id is not None:
        query = query.where(RoutingDecision.agent_id == agent_id)
    return newest_first(query, RoutingDecision, cursor, limit)
