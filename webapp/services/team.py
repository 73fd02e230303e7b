"""Teams of staff."""

import uuid
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from webapp import database
from webapp.auth import Actor, current_actor, require
from webapp.errors import Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.models import Team, TeamMember, Ticket, User
from webapp.services.event import record
from webapp.services.naming import free_name
from webapp.tenancy import require_workspace_id


def create_team(
    name: str,
    member_ids: Iterable[uuid.UUID] = (),
    *,
    lead_id: uuid.UUID | None = None,
    session: Any = None,
    actor: Actor | None = None,
) -> Team:
    """Makes a team. Raises `Invalid` at `name`, and for who is not here at `member_ids`, `lead_id`."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "user:manage")
    shown = free_name(Team, "team", name, None, session)
    members = _known(member_ids, "member_ids", session)
    _known([lead_id] if lead_id else [], "lead_id", session)
    made = Team(id=database.uuid7(), name=shown, lead_id=lead_id)
    session.add(made)
    session.flush()
    session.add_all(TeamMember(team_id=made.id, user_id=member) for member in members)
    session.flush()
    changes = {"name": [None, shown], "members": [None, [str(member) for member in members]]}
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
    """Sets a team's name, members and lead. Raises `NotFound`, `Invalid` as `create_team` does."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "user:manage")
    found = team_for(team_id, session=session)
    wanted = set(_known(member_ids, "member_ids", session))
    _known([lead_id] if lead_id else [], "lead_id", session)
    before = _state(found, session)
    found.name, found.lead_id = free_name(Team, "team", name, team_id, session), lead_id
    _set_members(team_id, wanted, session)
    session.flush()
    after = _state(found, session)
    changes = {key: [before[key], after[key]] for key in after if before[key] != after[key]}
    if changes:
        record("team.updated", session=session, actor=actor, subject_id=team_id, changes=changes)
    return found


def change_team(
    team_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None, **fields: Any
) -> Team:
    """Sets what is named of name, member_ids and lead_id; the rest stays. Raises as `update_team`."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "user:manage")
    known = read_team(team_id, session=session)
    lead = uuid.UUID(known["lead_id"]) if known["lead_id"] else None
    now = {"name": known["name"], "lead_id": lead, "member_ids": map(uuid.UUID, known["member_ids"])}
    given = {name: value for name, value in fields.items() if value is not None or name == "lead_id"}
    return update_team(team_id, **{**now, **given}, session=session, actor=actor)


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
    teams = session.scalars(sa.select(Team).order_by(Team.name))
    return [_row(team, sorted(members.get(team.id, []))) for team in teams]


def read_team(team_id: uuid.UUID, *, session: Any = None) -> dict[str, Any]:
    """A team as `list_teams` has it. Raises `NotFound`."""
    session = session or db.session()
    team = team_for(team_id, session=session)
    return _row(team, sorted(str(row.user_id) for row in session.scalars(_members(team.id))))


def _row(team: Team, member_ids: list[str]) -> dict[str, Any]:
    lead = str(team.lead_id) if team.lead_id else ""
    return {"id": str(team.id), "name": team.name, "lead_id": lead, "member_ids": member_ids}


def _state(team: Team, session: Any) -> dict[str, Any]:
    members = session.scalars(_members(team.id))
    return {
        "name": team.name,
        "lead_id": str(team.lead_id) if team.lead_id else None,
        "members": sorted(str(row.user_id) for row in members),
    }


def _known(user_ids: Iterable[uuid.UUID], field: str, session: Any) -> list[uuid.UUID]:
    wanted = list(dict.fromkeys(user_ids))
    here = sa.select(User.id).where(User.id.in_(wanted), User.workspace_id == require_workspace_id())
    if len(wanted) != len(session.scalars(here).all()):
        raise Invalid.field(field, "There is nobody with this id")
    return wanted


def _set_members(team_id: uuid.UUID, wanted: set[uuid.UUID], session: Any) -> None:
    rows = {row.user_id: row for row in session.scalars(_members(team_id))}
    for user_id in set(rows) - wanted:
        session.delete(rows[user_id])
    session.add_all(TeamMember(team_id=team_id, user_id=one) for one in wanted - set(rows))
    session.flush()


def _members(team_id: uuid.UUID) -> Any:
    return sa.select(TeamMember).where(TeamMember.team_id == team_id)
