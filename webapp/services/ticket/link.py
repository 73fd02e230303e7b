"""Links between tickets: related, parent and child, duplicate, follow-up."""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor
from webapp.errors import Invalid, NotFound
from webapp.extensions import db
from webapp.models import Link, Ticket, TicketNumber
from webapp.services.event import record
from webapp.services.ticket.access import ticket_for
from webapp.services.ticket.queue import kept

INVERSE = {"child": "parent", "duplicate": "original", "follow_up": "followed_up_by", "related": "related"}
"""What a link is called from its other end: my parent is who I am the child of."""

KINDS = ("related", "parent", "child", "duplicate", "original", "follow_up", "followed_up_by")
MOST_LINKS = 100
DEEPEST = 50


def list_links(
    ticket_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None
) -> list[tuple[str, Link, Ticket]]:
    """A ticket's links as `(what the other is to it, link, other)`, without those to the trash."""
    session, actor = session or db.session(), actor or current_actor()
    ticket = ticket_for(ticket_id, "ticket:read", session=session, actor=actor)
    mine = sa.or_(Link.ticket_id == ticket.id, Link.other_id == ticket.id)
    other = sa.or_(
        sa.and_(Link.ticket_id == ticket.id, Ticket.id == Link.other_id),
        sa.and_(Link.other_id == ticket.id, Ticket.id == Link.ticket_id),
    )
    query = sa.select(Link, Ticket).join(Ticket, other).where(mine, kept()).order_by(Link.created_at, Link.id)
    return [(_seen_from(ticket.id, link), link, each) for link, each in session.execute(query)]


def _seen_from(ticket_id: uuid.UUID, link: Link) -> str:
    """What the other ticket is to this one."""
    return INVERSE[link.kind] if link.ticket_id == ticket_id else link.kind


def link_tickets(
    ticket_id: uuid.UUID,
    other_id: uuid.UUID,
    kind: str,
    *,
    session: Any = None,
    actor: Actor | None = None,
) -> Link:
    """Links two tickets: the other one is the `kind` of this one (its parent, its child, its original …).

    Doing it again changes nothing. Raises `Invalid` naming the field: for a link to itself, a second parent,
    or a circle of parents.
    """
    session, actor = session or db.session(), actor or current_actor()
    if kind not in KINDS:
        raise Invalid.field("kind", f"Kind is one of {', '.join(KINDS)}")
    if ticket_id == other_id:
        raise Invalid.field("ticket", "A ticket cannot be linked to itself")
    ends = _opened(ticket_id, other_id, session, actor)
    source, target, stored = _direction(ends[ticket_id], ends[other_id], kind)
    if (found := _find(source, target, stored, session)) is not None:
        return found
    _refuse(source, target, stored, session)
    made = Link(
        id=database.uuid7(),
        ticket_id=source.id,
        other_id=target.id,
        kind=stored,
        created_at=clock.now(),
    )
    session.add(made)
    session.flush()
    _announce("ticket.linked", made, (source, target), session, actor)
    return made


def unlink_tickets(
    ticket_id: uuid.UUID, link_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None
) -> None:
    """Cuts a link of this ticket. Raises `NotFound`."""
    session, actor = session or db.session(), actor or current_actor()
    link = session.get(Link, link_id)
    if link is None or ticket_id not in (link.ticket_id, link.other_id):
        raise NotFound("There is no such link")
    ends = _opened(link.ticket_id, link.other_id, session, actor)
    gone = sa.delete(Link).where(Link.id == link_id).returning(Link.id)
    if session.scalar(gone.execution_options(synchronize_session=False)) is None:
        return  # somebody else was first
    _announce("ticket.unlinked", link, (ends[link.ticket_id], ends[link.other_id]), session, actor)
    session.expunge(link)


def _opened(ticket_id: uuid.UUID, other_id: uuid.UUID, session: Any, actor: Actor) -> dict[uuid.UUID, Ticket]:
    """Both, locked in the order of their ids. Raises `Invalid` at `ticket` if there is no such other one."""
    found = {}
    for each in sorted((ticket_id, other_id)):
        try:
            found[each] = ticket_for(each, "ticket:update", session=session, actor=actor, lock=True)
        except NotFound:
            if each == ticket_id:
                raise
            raise Invalid.field("ticket", "There is no such ticket") from None
    return found


def _direction(ticket: Ticket, other: Ticket, kind: str) -> tuple[Ticket, Ticket, str]:
    """`(from, to, kind)` as stored: "the other is my parent" makes me its child."""
    if kind == "related":
        first, second = sorted((ticket, other), key=lambda each: each.id)
        return first, second, kind
    if kind in INVERSE:  # the other one is my child, duplicate or follow-up
        return other, ticket, kind
    return ticket, other, next(stored for stored, seen in INVERSE.items() if seen == kind)


def _find(source: Ticket, target: Ticket, kind: str, session: Any) -> Link | None:
    query = sa.select(Link).where(Link.ticket_id == source.id, Link.other_id == target.id, Link.kind == kind)
    found: Link | None = session.scalar(query)
    return found


def _refuse(source: Ticket, target: Ticket, kind: str, session: Any) -> None:
    ends = (source.id, target.id)
    query = sa.select(sa.func.count(Link.id)).where(sa.or_(Link.ticket_id.in_(ends), Link.other_id.in_(ends)))
    if session.scalar(query) >= MOST_LINKS:
        raise Invalid.field("ticket", f"A ticket has at most {MOST_LINKS} links")
    if kind == "child":
        _refuse_circle(source, target, session)


def _refuse_circle(child: Ticket, parent: Ticket, session: Any) -> None:
    """One parent at most, and nobody is their own ancestor.

    Two links made at once, each harmless alone, could close a circle: the numbers' row lets one go first.
    """
    session.scalars(sa.select(TicketNumber).with_for_update()).one()
    above: uuid.UUID | None = parent.id
    for _ in range(DEEPEST):
        if above == child.id:
            raise Invalid.field("ticket", "This ticket is above that one already")
        if above is None:
            break
        above = _parent_id(above, session)
    else:
        raise Invalid.field("ticket", f"Tickets lie at most {DEEPEST} deep in each other")
    if _parent_id(child.id, session) is not None:
        raise Invalid.field("ticket", f"#{child.number} has a parent already")


def _parent_id(ticket_id: uuid.UUID, session: Any) -> uuid.UUID | None:
    query = sa.select(Link.other_id).where(Link.ticket_id == ticket_id, Link.kind == "child")
    found: uuid.UUID | None = session.scalar(query)
    return found


def _announce(name: str, link: Link, ends: tuple[Ticket, Ticket], session: Any, actor: Actor) -> None:
    """Each of the two says what the other is to it."""
    for ticket, other in sorted((ends, ends[::-1]), key=lambda pair: pair[0].id):
        body = {"id": str(other.id), "number": other.number, "kind": _seen_from(ticket.id, link)}
        changes = {"link": [None, body] if name == "ticket.linked" else [body, None]}
        record(name, session=session, actor=actor, ticket=ticket, changes=changes)
    session.flush()
