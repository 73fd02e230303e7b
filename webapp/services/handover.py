"""Taking somebody's access away, and who has what was theirs from then on."""

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp.auth import Actor, current_actor, require
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.models import (
    Draft,
    Follower,
    Job,
    ReportRecipient,
    SavedReport,
    SlaPolicy,
    Team,
    Ticket,
    User,
)
from webapp.models.ticket import ENDED
from webapp.services import team as teams
from webapp.services import user as users
from webapp.services.event import remember
from webapp.services.job import enqueue
from webapp.services.permission import allows
from webapp.services.ticket.assignment import give_to, hold, set_team
from webapp.tenancy import require_workspace_id

TYPE = "user.hand_over"
FEW = 20
"""So many tickets are handed over with the deactivation itself; more of them by a job."""


@dataclass(frozen=True)
class Heir:
    """Who gets the open tickets: a person, a team, or (neither) whoever routing finds."""

    agent: User | None = None
    team: Team | None = None


def holdings(user_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> dict[str, Any]:
    """What points to a person: `{tickets, leads: [name], policies: [{id, name}], drafts, follows, reports}`.

    Where it is no list, it is how many there are.
    """
    session = session or db.session()
    require(actor or current_actor(), "user:manage")
    users.user_for(user_id, session=session)

    def count(model: Any, *conditions: Any) -> int:
        return int(session.scalar(sa.select(sa.func.count()).select_from(model).where(*conditions)) or 0)

    return {
        "tickets": count_open(user_id, session=session),
        "leads": list(
            session.scalars(sa.select(Team.name).where(Team.lead_id == user_id).order_by(Team.name))
        ),
        "policies": _policies(str(user_id), session),
        "drafts": count(Draft, Draft.user_id == user_id),
        "follows": count(Follower, Follower.user_id == user_id),
        "reports": count(SavedReport, SavedReport.owner_id == user_id)
        + count(ReportRecipient, ReportRecipient.user_id == user_id),
    }


def _policies(user_id: str, session: Any) -> list[dict[str, str]]:
    """The policies whose ladder tells this person, or gives them tickets."""
    rows = session.execute(sa.select(SlaPolicy.id, SlaPolicy.name, SlaPolicy.ladder).order_by(SlaPolicy.name))
    return [{"id": str(one), "name": name} for one, name, ladder in rows if user_id in str(ladder)]


def _open_of(user_id: uuid.UUID) -> tuple[Any, ...]:
    return Ticket.assigned_agent_id == user_id, Ticket.deleted_at.is_(None), Ticket.status.not_in(ENDED)


def count_open(user_id: uuid.UUID, *, session: Any = None) -> int:
    """How many open tickets somebody has."""
    counted = sa.select(sa.func.count()).select_from(Ticket).where(*_open_of(user_id))
    return int((session or db.session()).scalar(counted) or 0)


def heir_or_routing(to: str, leaving_id: uuid.UUID, *, session: Any = None) -> Heir:
    """As `heir_for`; back to routing where whoever was chosen has gone, too, by now."""
    try:
        return heir_for(to, leaving_id, session=session)
    except Invalid:
        return Heir()


def heir_for(to: str, leaving_id: uuid.UUID, *, session: Any = None) -> Heir:
    """Who `user:<id>`, `team:<id>` or `routing` means. Raises `Invalid` at `to`."""
    session = session or db.session()
    kind, _, text = to.partition(":")
    if kind == "routing":
        return Heir()
    try:
        found_id = uuid.UUID(text)
    except ValueError:
        raise Invalid.field("to", "Choose who gets the tickets") from None
    if kind == "team" and (team := session.get(Team, found_id)) is not None:
        return Heir(team=team)
    person = hold(found_id, session) if kind == "user" and found_id != leaving_id else None
    is_here = person is not None and person.workspace_id == require_workspace_id()
    if not is_here or not allows(person.role, "ticket:reply", session=session):
        raise Invalid.field("to", "Choose somebody who can take tickets")
    return Heir(agent=person)


def deactivate(
    user_id: uuid.UUID, to: str = "routing", *, session: Any = None, actor: Actor | None = None
) -> int:
    """Takes somebody's access away and hands their open tickets over, as one act.

    `to`: `user:<id>`, `team:<id>` or `routing`. Of many tickets only the first go along; a job in the same
    transaction moves the others. Somebody gone already only hands over what they still have. Returns how many
    there were. Raises `Invalid` at `to`.
    """
    session, actor = session or db.session(), actor or current_actor()
    heir = heir_for(to, user_id, session=session)
    count = count_open(user_id, session=session)
    name = heir.agent.name if heir.agent else heir.team.name if heir.team else "routing"
    users.deactivate_user(user_id, handed_to=name if count else None, session=session, actor=actor)
    if count > FEW:
        params = {"user_id": str(user_id), "to": to}
        enqueue(TYPE, params, unique_key=_key(user_id), requested_by_id=actor.id, session=session)
    else:
        hand_over(user_id, heir, session=session, actor=actor)
    return count


def hand_over(
    user_id: uuid.UUID, heir: Heir, *, session: Any = None, actor: Actor | None = None, limit: int = FEW
) -> int:
    """Gives up to so many of somebody's open tickets to another; returns how many. 0: nothing is left."""
    session, actor = session or db.session(), actor or current_actor()
    mine = sa.select(Ticket).where(*_open_of(user_id)).order_by(Ticket.id).limit(limit)
    locked = mine.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = list(session.scalars(locked))
    for ticket in found:
        remember(ticket, session=session)
        moved = set_team(ticket, heir.team.id, session) if heir.team else {}
        give_to(ticket, heir.agent, moved, session=session, actor=actor)
    session.flush()
    return len(found)


def is_under_way(user_id: uuid.UUID, *, session: Any = None) -> bool:
    """Whether a job still hands somebody's tickets over: nobody else is to touch them meanwhile."""
    live = sa.and_(Job.unique_key == _key(user_id), Job.status.in_(("pending", "running")))
    return (session or db.session()).scalar(sa.select(Job.id).where(live).limit(1)) is not None


def _key(user_id: uuid.UUID) -> str:
    return f"{TYPE}:{user_id}"


def set_teams(
    user_id: uuid.UUID, team_ids: set[uuid.UUID], *, session: Any = None, actor: Actor | None = None
) -> None:
    """Puts somebody into these teams and no others. Raises `NotFound` for a team that isn't here."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "user:manage")
    users.user_for(user_id, session=session)
    for team_id in team_ids:
        teams.team_for(team_id, session=session)
    for one in teams.list_teams(session=session):
        members = {uuid.UUID(member) for member in one["member_ids"]}
        wanted = members | {user_id} if uuid.UUID(one["id"]) in team_ids else members - {user_id}
        if wanted != members:
            lead_id = uuid.UUID(one["lead_id"]) if one["lead_id"] else None
            teams.update_team(
                uuid.UUID(one["id"]),
                name=one["name"],
                member_ids=wanted,
                lead_id=lead_id,
                session=session,
                actor=actor,
            )
