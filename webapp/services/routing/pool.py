"""Who could take a ticket now: everybody's room, presence, teams and skills, read in one go."""

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from webapp.models import Offer, RoutingAgent, TeamMember, Ticket, User, UserSkill
from webapp.models.ticket import LOAD_SQL
from webapp.schemas.routing import RoutingSettings
from webapp.services import availability, permission, presence
from webapp.tenancy import require_workspace_id


@dataclass
class Seat:
    """Somebody who takes tickets; `load` and `turn` move as a run hands them out.

    `is_open`: they say that they take some now.
    """

    user: User
    is_here: bool
    is_open: bool
    capacity: int
    turn: int
    load: int = 0
    teams: frozenset[uuid.UUID] = frozenset()
    skills: dict[uuid.UUID, int] = field(default_factory=dict)

    @property
    def id(self) -> uuid.UUID:
        """The person's id."""
        return self.user.id

    @property
    def is_available(self) -> bool:
        """Whether they are there and say so."""
        return self.is_here and self.is_open

    @property
    def runs_the_desk(self) -> bool:
        """Whether they have other things to do than answering."""
        return permission.allows(self.user.role, "settings:manage")

    @property
    def is_senior(self) -> bool:
        """Whether they may receive critical tickets by seniority."""
        return permission.allows(self.user.role, "ticket:take_critical")


def read_pool(section: RoutingSettings, *, session: Any) -> list[Seat]:
    """Everybody who takes tickets, with what they hold at this moment."""
    seats = read_seats(section, session=session)
    teams, skills = _teams(session), _skills(session)
    for seat in seats:
        seat.teams, seat.skills = frozenset(teams[seat.id]), skills[seat.id]
    return seats


def read_seats(section: RoutingSettings, *, session: Any) -> list[Seat]:
    """The same by name, without what teams and skills they have."""
    people = _people(session)
    here = _here(people)
    loads = _loads(section, session)
    return [
        Seat(
            user=user,
            is_here=here is None or user.id in here,
            is_open=availability.takes_tickets(user, session=session),
            capacity=section.capacity if own is None or own.capacity is None else own.capacity,
            turn=own.turn if own else 0,
            load=loads[user.id],
        )
        for user, own in _takers(people)
    ]


def _people(session: Any) -> list[tuple[User, RoutingAgent | None]]:
    query = (
        sa.select(User, RoutingAgent)
        .outerjoin(RoutingAgent, RoutingAgent.user_id == User.id)
        .where(User.workspace_id == require_workspace_id(), User.deactivated_at.is_(None))
        .order_by(User.name, User.id)
        .execution_options(populate_existing=True)
    )
    return [(user, own) for user, own in session.execute(query)]


def _takers(people: list[tuple[User, RoutingAgent | None]]) -> list[tuple[User, RoutingAgent | None]]:
    """Those who answer, but admins only if they are told to, or nobody else does."""
    able = [(user, own) for user, own in people if permission.allows(user.role, "ticket:reply")]
    willing = [
        (user, own)
        for user, own in able
        if (takes_usually(user) if own is None or own.takes_tickets is None else own.takes_tickets)
    ]
    return willing or [pair for pair in able if pair[1] is None or pair[1].takes_tickets is None]


def takes_usually(user: User) -> bool:
    """Whether somebody gets tickets of whom nobody has said so: all but those who run the desk."""
    return not permission.allows(user.role, "settings:manage")


def _here(people: list[tuple[User, RoutingAgent | None]]) -> set[uuid.UUID] | None:
    """Who is here; None while presence was never used: everybody counts as here then."""
    if not any(user.last_seen_at for user, _ in people):
        return None
    return presence.online_ids("user", require_workspace_id())


def _loads(section: RoutingSettings, session: Any) -> dict[uuid.UUID, int]:
    loads: dict[uuid.UUID, int] = defaultdict(int)
    held = sa.select(Ticket.assigned_agent_id, Ticket.channel, Ticket.priority, sa.func.count()).where(
        sa.text(LOAD_SQL),
        Ticket.slot_freed_at.is_(None),
    )
    offered = (
        sa.select(Offer.agent_id, Ticket.channel, Ticket.priority, sa.func.count())
        .join(Ticket, Ticket.id == Offer.ticket_id)
        .where(sa.text("offers.state = 'pending'"))
    )
    columns = (
        (held, Ticket.assigned_agent_id),
        (offered, Offer.agent_id),
    )
    for query, person in columns:
        for agent_id, channel, priority, count in session.execute(
            query.group_by(person, Ticket.channel, Ticket.priority)
        ):
            loads[agent_id] += section.cost(channel, priority) * count
    return loads


def _teams(session: Any) -> dict[uuid.UUID, set[uuid.UUID]]:
    teams: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for member in session.scalars(sa.select(TeamMember)):
        teams[member.user_id].add(member.team_id)
    return teams


def _skills(session: Any) -> dict[uuid.UUID, dict[uuid.UUID, int]]:
    skills: dict[uuid.UUID, dict[uuid.UUID, int]] = defaultdict(dict)
    for row in session.scalars(sa.select(UserSkill)):
        skills[row.user_id][row.skill_id] = row.level
    return skills
