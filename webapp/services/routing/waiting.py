"""The tickets that wait for somebody, in the order in which they are to be served."""

import uuid
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from webapp.models import Offer, Skill, Ticket, TicketSkill
from webapp.models.ticket import CHAT_SQL, ROUTING_ORDER, WAITING_SQL, shelf_of
from webapp.schemas.routing import RoutingSettings
from webapp.services.routing.strategy import Need

PAGE = 50
MOST_PAGES = 100
PLACE = tuple(getattr(Ticket, name) for name in ROUTING_ORDER)


def is_waiting(ticket: Ticket) -> bool:
    """Whether a ticket waits in the queue for anybody; an offer may be open all the same."""
    return ticket.assigned_agent_id is None and ticket.status == "open" and shelf_of(ticket) == "queue"


def waiting_chats(*columns: Any, limit: int, session: Any) -> list[Any]:
    """Those columns of the chats that wait, in the order in which they are to be served."""
    query = _ordered(*columns).where(sa.text(CHAT_SQL), Ticket.ended_at.is_(None))
    return list(session.execute(query.limit(limit)))


def pages(teams: set[uuid.UUID], *, session: Any) -> Iterator[list[Ticket]]:
    """Waiting tickets of no team or one of these, without an open offer, in order, page by page.

    By priority, then by when their next answer is due, then by age, along an index: what lies behind the last
    page that is wanted is never read.
    """
    query = _ordered(Ticket).where(sa.or_(Ticket.team_id.is_(None), Ticket.team_id.in_(teams)))
    after: Any = None
    for _ in range(MOST_PAGES):
        page = list(session.scalars(query.where(_beyond(after)).limit(PAGE)))
        if page:
            after = [getattr(page[-1], name) for name in ROUTING_ORDER]
            yield page
        if len(page) < PAGE:
            return


def _beyond(place: list[Any] | None) -> Any:
    if place is None:
        return sa.true()
    values = [
        sa.bindparam(None, value, type_=column.type) for value, column in zip(place, PLACE, strict=True)
    ]
    return sa.tuple_(*PLACE) > sa.tuple_(*values)


def _ordered(*wanted: Any) -> Any:
    offered = sa.exists().where(sa.text("offers.state = 'pending'"), Offer.ticket_id == Ticket.id)
    return sa.select(*wanted).where(sa.text(WAITING_SQL), ~offered).order_by(*PLACE)


def needs_of(tickets: list[Ticket], section: RoutingSettings, *, session: Any) -> dict[uuid.UUID, Need]:
    """What each ticket asks for, by its id: said of itself, or by the workspace's rules."""
    said: dict[uuid.UUID, dict[uuid.UUID, int]] = {}
    ids = [ticket.id for ticket in tickets]
    for row in session.scalars(sa.select(TicketSkill).where(TicketSkill.ticket_id.in_(ids))):
        said.setdefault(row.ticket_id, {})[row.skill_id] = row.level
    names = _names(session) if said or section.skill_rules else {}
    return {
        ticket.id: Need(
            priority=ticket.priority,
            cost=section.cost(ticket.channel, ticket.priority),
            team_id=ticket.team_id,
            skills=_skills(ticket, said.get(ticket.id, {}), section, names),
            names=names,
            tried=frozenset(ticket.tried_agent_ids or ()),
        )
        for ticket in tickets
    }


def _names(session: Any) -> dict[uuid.UUID, str]:
    return {skill.id: skill.name for skill in session.scalars(sa.select(Skill))}


def _skills(
    ticket: Ticket, said: dict[uuid.UUID, int], section: RoutingSettings, names: dict[uuid.UUID, str]
) -> dict[uuid.UUID, int]:
    needed = dict(said)
    holds = {
        "category": {ticket.category},
        "inbox": {str(ticket.inbox_id)},
        "team": {str(ticket.team_id)},
        "tag": set(ticket.tags or ()),
    }
    for rule in section.skill_rules:
        if rule.value in holds[rule.field] and rule.skill_id in names:
            needed[rule.skill_id] = max(rule.level, needed.get(rule.skill_id, 0))
    return needed
