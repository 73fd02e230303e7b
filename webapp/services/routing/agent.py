"""How routing treats each person: their capacity, whether they get tickets, and what they can do."""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp.auth import Actor, current_actor, require
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.models import RoutingAgent, Skill, User, UserSkill
from webapp.services.event import record
from webapp.services.permission import allows
from webapp.services.routing.pool import takes_usually
from webapp.services.user import user_for
from webapp.tenancy import require_workspace_id

MOST_POINTS = 1000
LEVELS = (1, 2, 3)


def list_agents(*, session: Any = None, actor: Actor | None = None) -> list[dict[str, Any]]:
    """Everybody who can answer: `[{id, name, role, capacity, takes_tickets, skills: {id: level}}]`."""
    session = session or db.session()
    require(actor or current_actor(), "settings:manage")
    people = (
        sa.select(User, RoutingAgent)
        .outerjoin(RoutingAgent, RoutingAgent.user_id == User.id)
        .where(User.workspace_id == require_workspace_id(), User.deactivated_at.is_(None))
        .order_by(User.name, User.id)
    )
    skills: dict[uuid.UUID, dict[str, int]] = {}
    for row in session.scalars(sa.select(UserSkill)):
        skills.setdefault(row.user_id, {})[str(row.skill_id)] = row.level
    return [
        {
            "id": str(user.id),
            "name": user.name,
            "role": user.role,
            "capacity": own.capacity if own else None,
            "takes_tickets": takes_usually(user)
            if own is None or own.takes_tickets is None
            else own.takes_tickets,
            "skills": skills.get(user.id, {}),
        }
        for user, own in session.execute(people)
        if allows(user.role, "ticket:reply", session=session)
    ]


def save_agent(
    user_id: uuid.UUID,
    *,
    capacity: int | None,
    takes_tickets: bool,
    skills: dict[uuid.UUID, int],
    session: Any = None,
    actor: Actor | None = None,
) -> None:
    """Sets somebody's capacity (None: the workspace's), whether they get tickets, and their skills by level.

    Raises `NotFound`, `Invalid` naming the field.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    user = user_for(user_id, session=session, lock=True)
    if capacity is not None and not 0 <= capacity <= MOST_POINTS:
        raise Invalid.field("capacity", f"A number from 0 to {MOST_POINTS}")
    own = session.get(RoutingAgent, user.id) or RoutingAgent(user_id=user.id, turn=0)
    usual = takes_usually(user)
    before = [own.capacity, usual if own.takes_tickets is None else own.takes_tickets]
    own.capacity, own.takes_tickets = capacity, takes_tickets
    session.add(own)
    changes = {
        name: [old, new]
        for name, old, new in zip(
            ("capacity", "takes_tickets"), before, (capacity, takes_tickets), strict=True
        )
        if old != new
    }
    changes |= _set_skills(user.id, skills, session)
    session.flush()
    if changes:
        record("routing_agent.updated", session=session, actor=actor, subject_id=user.id, changes=changes)


def _set_skills(user_id: uuid.UUID, wanted: dict[uuid.UUID, int], session: Any) -> dict[str, list[Any]]:
    names = {skill.id: skill.name for skill in session.scalars(sa.select(Skill))}
    if not set(wanted) <= set(names) or not set(wanted.values()) <= set(LEVELS):
        raise Invalid.field("skills", "There is no such skill or level")
    rows = {row.skill_id: row for row in session.scalars(_of_user(user_id))}
    old = {names[one]: row.level for one, row in rows.items()}
    for skill_id, row in rows.items():
        if skill_id not in wanted:
            session.delete(row)
        else:
            row.level = wanted[skill_id]
    fresh = set(wanted) - set(rows)
    session.add_all(UserSkill(user_id=user_id, skill_id=one, level=wanted[one]) for one in fresh)
    new = {names[one]: level for one, level in wanted.items()}
    return {"skills": [old, new]} if old != new else {}


def _of_user(user_id: uuid.UUID) -> Any:
    return sa.select(UserSkill).where(UserSkill.user_id == user_id)
