"""What a role allows here: the built-in ones by the table of `webapp.auth`, the others by their rows.

Rows are read only for a role that the table does not hold, so who has none of them pays nothing.
"""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp import database
from webapp.auth import PERMISSIONS, ROLES, Actor
from webapp.errors import Forbidden
from webapp.extensions import db
from webapp.models import Role, User
from webapp.tenancy import require_workspace_id, use_workspace


def permissions_of(role: str, *, session: Any = None) -> frozenset[str]:
    """What that role of the current workspace allows; nothing where there is no such role."""
    if role in ROLES:
        return PERMISSIONS[role]
    return _own(session or db.session()).get(role, frozenset())


def permissions_in(workspace_id: uuid.UUID, role: str, *, session: Any = None) -> frozenset[str]:
    """As `permissions_of`, in that workspace; it is entered only where there are rows to read."""
    if role in ROLES:
        return PERMISSIONS[role]
    with use_workspace(workspace_id):
        return permissions_of(role, session=session)


def own_permissions(user: User) -> frozenset[str] | None:
    """For that person's `Actor`, in whatever workspace: None where their role is of the table."""
    if user.role in ROLES:
        return None
    return permissions_in(user.workspace_id, user.role)


def allows(role: str, action: str, *, session: Any = None) -> bool:
    """Whether that role of the current workspace allows the action."""
    return action in permissions_of(role, session=session)


def might(action: str) -> sa.ColumnElement[bool]:
    """Narrows a query of people to whose role might allow the action; `allows` says whether it does."""
    without = [role for role in ROLES if action not in PERMISSIONS[role]]
    return User.role.not_in(without)


def people_with(action: str, *, session: Any = None) -> list[User]:
    """The active people of the workspace whose role allows the action, by id."""
    session = session or db.session()
    here = sa.and_(User.workspace_id == require_workspace_id(), User.deactivated_at.is_(None))
    found = session.scalars(sa.select(User).where(here, might(action)).order_by(User.id))
    return [user for user in found if allows(user.role, action, session=session)]


def require_rights(actor: Actor, rights: frozenset[str]) -> None:
    """Raises `Forbidden` unless the actor has all of these: nobody gives or takes what isn't theirs."""
    if not rights <= actor.rights:
        raise Forbidden("This takes rights that your own role does not have")


def forget(session: Any) -> None:
    """Has the rows read again in this transaction."""
    _held(session).clear()


def _own(session: Any) -> dict[str, frozenset[str]]:
    held, here = _held(session), require_workspace_id()
    if here not in held:
        rows = session.execute(sa.select(Role.key, Role.permissions))
        held[here] = {key: frozenset(allowed) for key, allowed in rows}
    return held[here]


def _held(session: Any) -> dict[uuid.UUID, dict[str, frozenset[str]]]:
    return database.scratch(session, "roles", dict)  # type: ignore[no-any-return]
