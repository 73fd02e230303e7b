"""Skills: what there are, who has them, what a ticket needs."""

import uuid
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from webapp import database
from webapp.auth import Actor, current_actor, require
from webapp.errors import Invalid, NotFound
from webapp.extensions import db
from webapp.models import Skill, TicketSkill
from webapp.services.event import record
from webapp.services.naming import free_name
from webapp.services.routing import asking
from webapp.services.ticket.access import ticket_for

NAME_CHARS = 60


def list_skills(*, session: Any = None) -> list[Skill]:
    """The workspace's skills by name."""
    return list((session or db.session()).scalars(sa.select(Skill).order_by(Skill.name)))


def create_skill(name: str, *, session: Any = None, actor: Actor | None = None) -> Skill:
    """Makes a skill. Raises `Invalid` at `name`."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    made = Skill(
        id=database.uuid7(), name=free_name(Skill, "skill", name, None, session, most_chars=NAME_CHARS)
    )
    session.add(made)
    session.flush()
    record(
        "skill.created", session=session, actor=actor, subject_id=made.id, changes={"name": [None, made.name]}
    )
    return made


def rename_skill(skill_id: uuid.UUID, name: str, *, session: Any = None, actor: Actor | None = None) -> Skill:
    """Gives a skill another name. Raises `NotFound`, `Invalid` at `name`."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    found = skill_for(skill_id, session=session)
    old, found.name = found.name, free_name(Skill, "skill", name, skill_id, session, most_chars=NAME_CHARS)
    session.flush()
    if old != found.name:
        changes = {"name": [old, found.name]}
        record("skill.updated", session=session, actor=actor, subject_id=skill_id, changes=changes)
    return found


def delete_skill(skill_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """Takes a skill away, from people and tickets too. Raises `NotFound`."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    found = skill_for(skill_id, session=session)
    changes = {"name": [found.name, None]}
    session.delete(found)
    session.flush()
    record("skill.deleted", session=session, actor=actor, subject_id=skill_id, changes=changes)


def skill_for(skill_id: uuid.UUID, *, session: Any) -> Skill:
    """The workspace's skill with that id. Raises `NotFound`."""
    found: Skill | None = session.get(Skill, skill_id)
    if found is None:
        raise NotFound("There is no such skill")
    return found


# --- what a ticket needs --------------------------------------------------------------------------


def ticket_skills(ticket_id: uuid.UUID, *, session: Any = None) -> list[dict[str, Any]]:
    """What a ticket was said to need: `[{id, name, level}]`."""
    session = session or db.session()
    query = sa.select(Skill, TicketSkill.level).join(TicketSkill, TicketSkill.skill_id == Skill.id)
    found = session.execute(query.where(TicketSkill.ticket_id == ticket_id).order_by(Skill.name))
    return [{"id": str(skill.id), "name": skill.name, "level": level} for skill, level in found]


def set_ticket_skills(
    ticket_id: uuid.UUID,
    skill_ids: Iterable[uuid.UUID],
    *,
    session: Any = None,
    actor: Actor | None = None,
) -> None:
    """Says which skills a ticket needs. Raises `Invalid` for one that there isn't."""
    session, actor = session or db.session(), actor or current_actor()
    ticket = ticket_for(ticket_id, "ticket:update", session=session, actor=actor, lock=True)
    known = {skill.id: skill.name for skill in list_skills(session=session)}
    wanted = set(skill_ids)
    if not wanted <= set(known):
        raise Invalid.field("skill_ids", "There is no such skill")
    rows = {row.skill_id: row for row in session.scalars(_of_ticket(ticket.id))}
    if wanted == set(rows):
        return
    for skill_id in set(rows) - wanted:
        session.delete(rows[skill_id])
    session.add_all(TicketSkill(ticket_id=ticket.id, skill_id=one, level=1) for one in wanted - set(rows))
    changes = {"skills": [sorted(known[one] for one in rows), sorted(known[one] for one in wanted)]}
    record("ticket.updated", session=session, actor=actor, ticket=ticket, changes=changes)
    session.flush()
    asking.request(ticket.id, trigger="skills_changed", session=session)


def _of_ticket(ticket_id: uuid.UUID) -> Any:
    return sa.select(TicketSkill).where(TicketSkill.ticket_id == ticket_id)
