"""Who is to be told."""

import re
import uuid
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from webapp.extensions import db
from webapp.models import NotificationPreference, Team, TeamMember, Ticket, User
from webapp.services.permission import allows, might, people_with
from webapp.tenancy import require_workspace_id

WORD = re.compile(r"\w")


class Person(NamedTuple):
    """Of somebody of staff what telling them takes: there may be many."""

    id: uuid.UUID
    availability: str


def people(
    user_ids: Iterable[uuid.UUID] | None, *, team_id: uuid.UUID | None = None, session: Any
) -> list[tuple[Person, Any]]:
    """Active staff by id (None: all who answer customers, of that team), each with their preferences."""
    query = _staff().where(User.workspace_id == require_workspace_id())
    wanted = might("ticket:reply") if user_ids is None else User.id.in_(list(user_ids))
    if team_id is not None:
        members = sa.select(TeamMember.user_id).where(TeamMember.team_id == team_id)
        wanted = sa.and_(wanted, User.id.in_(members))
    return [
        (Person(user_id, availability), preference)
        for user_id, role, availability, preference in session.execute(query.where(wanted))
        if user_ids is not None or allows(role, "ticket:reply", session=session)
    ]


@cache
def _staff() -> Any:
    theirs = sa.and_(
        NotificationPreference.user_id == User.id, NotificationPreference.workspace_id == User.workspace_id
    )
    query = sa.select(User.id, User.role, User.availability, NotificationPreference)
    return (
        query.outerjoin(NotificationPreference, theirs).where(User.deactivated_at.is_(None)).order_by(User.id)
    )


def team_lead_ids(ticket: Ticket, *, session: Any = None) -> list[uuid.UUID]:
    """The lead of the ticket's team; without a team, a lead or their access, all who run the desk."""
    session = session or db.session()
    active = sa.and_(User.workspace_id == ticket.workspace_id, User.deactivated_at.is_(None))
    if ticket.team_id is not None:
        lead = sa.select(User.id).join(Team, Team.lead_id == User.id)
        found = session.scalar(lead.where(Team.id == ticket.team_id, active))
        if found is not None:
            return [found]
    return [user.id for user in people_with("settings:manage", session=session)]


def mentioned_ids(text: str, *, session: Any = None) -> set[uuid.UUID]:
    """Whom `@name` in a note means: staff and teams by name, or a first name that is one person's alone."""
    if "@" not in text:
        return set()
    session = session or db.session()
    names = _names(session)
    found: set[uuid.UUID] = set()
    folded = text.casefold()
    for at in (match.end() for match in re.finditer(r"(?<!\w)@", folded)):
        name = next((name for name in names if _starts(folded, at, name)), None)
        found |= names[name] if name else set()
    return found


def _starts(text: str, at: int, name: str) -> bool:
    return text.startswith(name, at) and not WORD.match(text[at + len(name) : at + len(name) + 1])


def _names(session: Any) -> dict[str, set[uuid.UUID]]:
    """Every name that can be mentioned, longest first, and whom it means."""
    users = sa.select(User.id, User.name).where(
        User.workspace_id == require_workspace_id(), User.deactivated_at.is_(None)
    )
    staff = [(user_id, name.casefold()) for user_id, name in session.execute(users)]
    members: dict[str, set[uuid.UUID]] = {}
    joined = sa.select(Team.name, TeamMember.user_id).join(TeamMember, TeamMember.team_id == Team.id)
    for team, user_id in session.execute(joined):
        members.setdefault(team.casefold(), set()).add(user_id)
    firsts = [name.split()[0] for _, name in staff if name.split()]
    named = {name.split()[0]: {user_id} for user_id, name in staff if firsts.count(name.split()[0]) == 1}
    for user_id, name in staff:
        if name.split()[0] != name or name not in named:
            named.setdefault(name, set()).add(user_id)
    named |= members
    return dict(sorted(named.items(), key=lambda entry: -len(entry[0])))
