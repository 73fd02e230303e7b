"""Who and what there is in a workspace: staff, teams, inboxes."""

from typing import Any

import sqlalchemy as sa

from webapp.auth import Actor, current_actor, require
from webapp.extensions import db
from webapp.models import Inbox, Team, User
from webapp.services import presence


def read_directory(*, actor: Actor | None = None) -> dict[str, Any]:
    """`{users, teams, inboxes}` by which pages turn ids into names."""
    actor = actor or current_actor()
    require(actor, "directory:read")
    online = presence.online_ids("user", actor.workspace_id)  # type: ignore[arg-type]
    users = db.session.scalars(
        sa.select(User).where(User.workspace_id == actor.workspace_id).order_by(User.name)
    )
    inboxes = db.session.scalars(
        sa.select(Inbox).where(Inbox.workspace_id == actor.workspace_id).order_by(Inbox.name)
    )
    return {
        "users": [
            {
                "id": str(user.id),
                "name": user.name,
                "role": user.role,
                "availability": user.availability,
                "online": user.id in online,
                "active": user.is_active,
            }
            for user in users
        ],
        "teams": [
            {"id": str(team.id), "name": team.name}
            for team in db.session.scalars(sa.select(Team).order_by(Team.name))
        ],
        "inboxes": [{"id": str(inbox.id), "name": inbox.name} for inbox in inboxes],
    }
