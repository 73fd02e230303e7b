"""Teams of staff."""

import uuid
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from webapp import database
from webapp.auth import Actor, current_actor, require
from webapp.errors import Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.models import Team, TeamMember, Ticket
from webapp.services.event import record
from webapp.services.user import user_for
from webapp.validators import has_unstorable, visible

NAME_CHARS = 100


def create_team(
    name: str,
    member_ids: Iterable[uuid.UUID] = (),
    *,
    lead_id: uuid.UUID | None = None,
    session: Any = None,
    actor: Actor | None = None,
) -> Team:
    """Makes a team. Raises `NotFound` for members of another workspace, `Invalid` at `name`."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "user:manage")
    shown = _free_name(name, None, session)
    members = [user_for(member_id, session=session) for member_id in member_ids]
    if lead_id is not None:
        user_for(lead_id, session=session)
    made = Team(id=database.uuid7(), name=shown, lead_id=lead_id)
    session.add(made)
    session.flush()
    session.add_all(TeamMember(team_id=made.id, user_id=member.id) for member in members)
    session.flush()
    changes = {"name": [None, shown], "members": [None, [str(member.id) for member in members]]}
    record("team.created", session=session, actor=actor, subject_id=made.id, changes=changes)
    return made


def update_team(
    team_id: uuid.UUID,
    *,
    name: str,
    member_ids: Iterable[uuid.UUID],
    lead_id: uuid.UUID | None,
    session: Any = None,
    actor: Actor | None = None,
) -> Team:
    """Sets a team's name, members and lead. Raises `NotFound`, `Invalid` at `name`."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "user:manage")
    found = team_for(team_id, session=session)
    wanted = {user_for(one, session=session).id for one in member_ids}
    if lead_id is not None:
        user_for(lead_id, session=session)
    before = _state(found, session)
    found.name, found.lead_id = _free_name(name, team_id, session), lead_id
    _set_members(team_id, wanted, session)
    session.flush()
    after = _state(found, session)
    changes = {key: [before[key], after[key]] for key in after if before[key] != after[key]}
    if changes:
        record("team.updated", session=session, actor=actor, subject_id=team_id, changes=changes)
    return found


def delete_team(team_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """Takes a team away. Raises `NotFound`, `Conflict` while tickets are with it."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "user:manage")
    found = team_for(team_id, session=session)
    if session.scalar(sa.select(Ticket.id).where(Ticket.team_id == team_id).limit(1)) is not None:
        raise Conflict("Tickets are with this team; move them to another one first")
    changes = {"name": [found.name, None]}
    _set_members(team_id, set(), session)
    session.delete(found)
    session.flush()
    record("team.deleted", session=session, actor=actor, subject_id=team_id, changes=changes)


def team_for(team_id: uuid.UUID, *, session: Any = None) -> Team:
    """The workspace's team with that id. Raises `NotFound`."""
    found: Team | None = (session or db.session()).get(Team, team_id)
    if found is None:
        raise NotFound("There is no such team")
    return found


def list_teams(*, session: Any = None) -> list[dict[str, Any]]:
    """The workspace's teams by name: `[{id, name, lead_id, member_ids}]`."""
    session = session or db.session()
    members: dict[uuid.UUID, list[str]] = {}
    for row in session.scalars(sa.select(TeamMember)):
        members.setdefault(row.team_id, []).append(str(row.user_id))
    return [
        {
            "id": str(team.id),
            "name": team.name,
            "lead_id": str(team.lead_id) if team.lead_id else "",
            "member_ids": members.get(team.id, []),
        }
        for team in session.scalars(sa.select(Team).order_by(Team.name))
    ]


def _state(team: Team, session: Any) -> dict[str, Any]:
    members = session.scalars(_members(team.id))
    return {
        "name": team.name,
        "lead_id": str(team.lead_id) if team.lead_id else None,
        "members": sorted(str(row.user_id) for row in members),
    }


def _set_members(team_id: uuid.UUID, wanted: set[uuid.UUID], session: Any) -> None:
    rows = {row.user_id: row for row in session.scalars(_members(team_id))}
    for user_id in set(rows) - wanted:
        session.delete(rows[user_id])
    session.add_all(TeamMember(team_id=team_id, user_id=one) for one in wanted - set(rows))
    session.flush()


def _members(team_id: uuid.UUID) -> Any:
    return sa.select(TeamMember).where(TeamMember.team_id == team_id)


def _free_name(name: str, own_id: uuid.UUID | None, session: Any) -> str:
    shown = "" if has_unstorable(name) else visible(name)
    if not shown:
        raise Invalid.field("name", "Please fill this in")
    if len(shown) > NAME_CHARS:
        raise Invalid.field("name", f"At most {NAME_CHARS} characters")
    taken = session.scalar(sa.select(Team.id).where(sa.func.lower(Team.name) == shown.lower()))
    if taken is not None and taken != own_id:
        raise Invalid.field("name", "There is a team with this name already")
    return shown
