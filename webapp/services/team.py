"""Teams of staff."""

import uuid
from collections.abc import Iterable
from typing import Any

from webapp import database
from webapp.auth import Actor, current_actor, require
from webapp.extensions import db
from webapp.models import Team, TeamMember
from webapp.services.event import record
from webapp.services.user import user_for


def create_team(
    name: str,
    member_ids: Iterable[uuid.UUID] = (),
    *,
    lead_id: uuid.UUID | None = None,
    session: Any = None,
    actor: Actor | None = None,
) -> Team:
    """Makes a team. Raises `NotFound` for members of another workspace."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "user:manage")
    members = [user_for(member_id, session=session) for member_id in member_ids]
    made = Team(id=database.uuid7(), name=name, lead_id=lead_id)
    session.add(made)
    session.flush()
    session.add_all(TeamMember(team_id=made.id, user_id=member.id) for member in members)
    session.flush()
    changes = {"name": [None, name], "members": [None, [str(member.id) for member in members]]}
    record("team.created", session=session, actor=actor, subject_id=made.id, changes=changes)
    return made
