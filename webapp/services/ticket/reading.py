"""Read marks: how far each side has received and seen a ticket, in `public_seq`."""

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp import bus
from webapp.auth import Actor, current_actor
from webapp.extensions import db
from webapp.models import Event, ReadMark, Ticket
from webapp.services.event import inboxes_of
from webapp.services.ticket.access import ticket_for


@dataclass(frozen=True)
class MarkMoved:
    """A side's read mark moved on: shown, counted, but no event."""

    workspace_id: uuid.UUID
    ticket_id: uuid.UUID
    customer_id: uuid.UUID
    inbox_ids: tuple[uuid.UUID, ...]
    side: str
    delivered: int
    seen: int
    unread: int


def mark_read(
    ticket_id: uuid.UUID,
    *,
    seen: int = 0,
    delivered: int = 0,
    session: Any = None,
    actor: Actor | None = None,
) -> ReadMark | None:
    """Moves the actor's side's mark forward, never back nor beyond what there is; None for a mere viewer."""
    session, actor = session or db.session(), actor or current_actor()
    side = "customer" if actor.kind == "customer" else "staff"
    ticket = ticket_for(
        ticket_id,
        "chat:read" if side == "customer" else "ticket:read",
        session=session,
        actor=actor,
        lock=True,
    )
    if side == "staff" and not actor.may("ticket:reply"):
        return None
    return advance_mark(ticket, side, seen=seen, delivered=delivered, session=session)


def advance_mark(ticket: Ticket, side: str, *, seen: int = 0, delivered: int = 0, session: Any) -> ReadMark:
    """Moves a side's mark on a locked ticket and announces it if it moved."""
    mark = session.get(ReadMark, (ticket.id, side))
    if mark is None:
        mark = ReadMark(ticket_id=ticket.id, side=side, delivered=0, seen=0)
        session.add(mark)
    before = mark.delivered, mark.seen
    mark.seen = max(mark.seen, min(seen, ticket.last_public_seq))
    mark.delivered = max(mark.delivered, mark.seen, min(delivered, ticket.last_public_seq))
    if side == "staff" and mark.seen > before[1]:
        ticket.unread = _unread(ticket, mark.seen, session)
    session.flush()
    if (mark.delivered, mark.seen) != before:
        _announce(ticket, mark, session)
    return mark


def _unread(ticket: Ticket, seen: int, session: Any) -> int:
    if seen >= ticket.last_customer_seq:
        return 0
    query = sa.select(sa.func.count(Event.id)).where(
        Event.ticket_id == ticket.id,
        Event.name == "comment.created",
        Event.public_seq > seen,
        Event.actor_kind == "customer",
    )
    return int(session.scalar(query))


def _announce(ticket: Ticket, mark: ReadMark, session: Any) -> None:
    moved = MarkMoved(
        workspace_id=ticket.workspace_id,
        ticket_id=ticket.id,
        customer_id=ticket.customer_id,
        inbox_ids=inboxes_of(ticket),
        side=mark.side,
        delivered=mark.delivered,
        seen=mark.seen,
        unread=ticket.unread,
    )
    bus.announce(session, moved)


def read_marks(ticket_id: uuid.UUID, *, session: Any = None) -> dict[str, dict[str, int]]:
    """Both sides' marks: `{customer: {delivered, seen}, staff: {delivered, seen}}`."""
    session = session or db.session()
    marks = {side: {"delivered": 0, "seen": 0} for side in ("customer", "staff")}
    for mark in session.scalars(sa.select(ReadMark).where(ReadMark.ticket_id == ticket_id)):
        marks[mark.side] = {"delivered": mark.delivered, "seen": mark.seen}
    return marks


def unread_for_customer(ticket: Ticket, seen: int, *, session: Any = None) -> int:
    """How many replies of ours lie after the customer's mark."""
    if seen >= ticket.last_public_seq:
        return 0  # as right after they wrote
    session = session or db.session()
    query = sa.select(sa.func.count(Event.id)).where(
        Event.ticket_id == ticket.id,
        Event.name == "comment.created",
        Event.public_seq > seen,
        Event.actor_kind != "customer",
    )
    return int(session.scalar(query))
