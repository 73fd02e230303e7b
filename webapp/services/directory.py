"""Who and what there is in a workspace: staff, teams, inboxes, tags, fields, statuses, skills."""

from typing import Any

import sqlalchemy as sa

from webapp.auth import Actor, current_actor, require
from webapp.extensions import db
from webapp.models import Inbox, Team, User
from webapp.schemas.field import field_out
from webapp.schemas.tag import tag_out
from webapp.schemas.ticket_status import status_out
from webapp.services import presence
from webapp.services.field import list_fields
from webapp.services.permission import allows
from webapp.services.skill import list_skills
from webapp.services.tag import list_tags
from webapp.services.ticket_status import list_statuses


def read_directory(*, actor: Actor | None = None) -> dict[str, Any]:
    """`{users, teams, inboxes, tags, fields, statuses, skills}` by which pages turn ids into names."""
    actor = actor or current_actor()
    require(actor, "directory:read")
    inboxes = db.session.scalars(
        sa.select(Inbox).where(Inbox.workspace_id == actor.workspace_id).order_by(Inbox.name)
    )
    return {
        "users": list_people(actor=actor),
        "teams": [
            {"id": str(team.id), "name": team.name}
            for team in db.session.scalars(sa.select(Team).order_by(Team.name))
        ],
        "inboxes": [
            {"id": str(inbox.id), "name": inbox.name, "active": inbox.is_active} for inbox in inboxes
        ],
        "tags": [tag_out(tag) for tag in list_tags(actor=actor)],
        "fields": [field_out(field) for field in list_fields(actor=actor)],
        "statuses": [status_out(status) for status in list_statuses(actor=actor)],
        "skills": [{"id": str(skill.id), "name": skill.name} for skill in list_skills()],
    }


def list_people(*, actor: Actor | None = None) -> list[dict[str, Any]]:
    """Staff by name, those without access too: who they are, and whether they are here."""
    actor = actor or current_actor()
    require(actor, "directory:read")
    online = presence.online_ids("user", actor.workspace_id)  # type: ignore[arg-type]
    here = sa.select(User).where(User.workspace_id == actor.workspace_id)
    return [
        {
            "id": str(user.id),
            "name": user.name,
            "role": user.role,
            "availability": user.availability,
            "reason": user.availability_reason,
            "online": user.id in online,
            "active": user.is_active,
            "answers": user.is_active and allows(user.role, "ticket:reply"),
        }
        for user in db.session.scalars(here.order_by(User.name))
    ]
