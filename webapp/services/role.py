"""Roles of the workspace's own: making and changing them, in force at once everywhere.

Nobody gives, takes or touches rights that their own role does not have.
"""

import re
import secrets
import unicodedata
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp import bus, database
from webapp.auth import PERMISSIONS, Actor, current_actor, require
from webapp.errors import Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.models import Role, User
from webapp.schemas.role import NAMES, RoleIn, built_in, role_out
from webapp.services import permission
from webapp.services import user as users
from webapp.services.event import record
from webapp.services.naming import is_taken
from webapp.tenancy import require_workspace_id

MAX_ROLES = 50
KEY_CHARS = 30


@dataclass(frozen=True)
class RoleRevised:
    """Announced after the commit: what those with this role may do is another thing now."""

    workspace_id: uuid.UUID
    key: str


def list_roles(*, session: Any = None, actor: Actor | None = None) -> list[dict[str, Any]]:
    """All roles: `[{id (None: built in), key, name, permissions, people}]`, the built-in ones first."""
    session = session or db.session()
    require(actor or current_actor(), "user:manage")
    people = _people(session)
    own = session.scalars(sa.select(Role).order_by(sa.func.lower(Role.name)))
    return [*built_in(people), *(role_out(role, people.get(role.key, 0)) for role in own)]


def _people(session: Any) -> dict[str, int]:
    """How many with access there are by role."""
    here = sa.and_(User.workspace_id == require_workspace_id(), User.deactivated_at.is_(None))
    counted = sa.select(User.role, sa.func.count()).where(here).group_by(User.role)
    return dict(session.execute(counted).all())


def read_role(role_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> dict[str, Any]:
    """A role of the workspace's own as `list_roles` has it. Raises `NotFound`."""
    session = session or db.session()
    found = role_for(role_id, session=session, actor=actor)
    return role_out(found, _people(session).get(found.key, 0))


def names(*, session: Any = None) -> dict[str, str]:
    """Every role's name by its key, the built-in ones first."""
    own = (session or db.session()).execute(sa.select(Role.key, Role.name).order_by(sa.func.lower(Role.name)))
    return {**NAMES, **dict(own.all())}


def role_for(
    role_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None, lock: bool = False
) -> Role:
    """The workspace's own role with that id. Raises `NotFound`."""
    session = session or db.session()
    require(actor or current_actor(), "user:manage")
    query = sa.select(Role).where(Role.id == role_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found: Role | None = session.scalar(query)
    if found is None:
        raise NotFound("There is no such role")
    return found


def create_role(given: RoleIn, *, session: Any = None, actor: Actor | None = None) -> Role:
    """Makes a role. Raises `Invalid` at `name`, `Forbidden` for rights that the actor does not have."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "user:manage")
    permission.require_rights(actor, frozenset(given.permissions))
    if (session.scalar(sa.select(sa.func.count()).select_from(Role)) or 0) >= MAX_ROLES:
        raise Conflict(f"A workspace has at most {MAX_ROLES} roles of its own")
    _refuse_taken(given.name, None, session)
    key = _free_key(given.name, session)
    made = Role(id=database.uuid7(), key=key, name=given.name, permissions=given.permissions)
    session.add(made)
    session.flush()
    permission.forget(session)
    changes = {"name": [None, made.name], "permissions": [None, made.permissions]}
    record("role.created", session=session, actor=actor, subject_id=made.id, changes=changes)
    return made


def update_role(
    role_id: uuid.UUID, given: RoleIn, *, session: Any = None, actor: Actor | None = None
) -> Role:
    """Changes a role, for everybody who has it at once: their open pages begin again.

    Raises `NotFound`, `Invalid` at `name`, `Forbidden` where it gives or takes what the actor does not have.
    """
    session, actor = session or db.session(), actor or current_actor()
    found = role_for(role_id, session=session, actor=actor, lock=True)
    old, new = frozenset(found.permissions), frozenset(given.permissions)
    permission.require_rights(actor, old ^ new)
    _refuse_taken(given.name, found.id, session)
    changes: dict[str, list[Any]] = {}
    if found.name != given.name:
        changes["name"] = [found.name, given.name]
        found.name = given.name
    if old != new:
        changes["permissions"] = [sorted(old), sorted(new)]
        found.permissions = sorted(new)
        bus.announce(session, RoleRevised(found.workspace_id, found.key))
    if changes:
        session.flush()
        permission.forget(session)
        record("role.updated", session=session, actor=actor, subject_id=found.id, changes=changes)
    return found


def delete_role(
    role_id: uuid.UUID, replacement: str, *, session: Any = None, actor: Actor | None = None
) -> int:
    """Takes a role away; whoever had it, gone or not, has the other one now. Returns how many they were.

    Raises `NotFound`, `Invalid` at `replacement`, `Forbidden` for rights that the actor does not have.
    """
    session, actor = session or db.session(), actor or current_actor()
    found = role_for(role_id, session=session, actor=actor, lock=True)
    if replacement == found.key:
        raise Invalid.field("replacement", "Another role than this one")
    users.checked_role(replacement, "replacement", session)
    permission.require_rights(actor, frozenset(found.permissions))
    having = sa.select(User.id).where(User.workspace_id == require_workspace_id(), User.role == found.key)
    ids = list(session.scalars(having.order_by(User.id)))
    for user_id in ids:
        users.set_role(user_id, replacement, session=session, actor=actor, field="replacement")
    changes = {"name": [found.name, None], "replacement": [None, replacement]}
    session.delete(found)
    session.flush()
    permission.forget(session)
    record("role.deleted", session=session, actor=actor, subject_id=role_id, changes=changes)
    return len(ids)


def _refuse_taken(name: str, own_id: uuid.UUID | None, session: Any) -> None:
    if is_taken(Role, name, own_id, session):
        raise Invalid.field("name", "There is a role with this name already")


def _free_key(name: str, session: Any) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    key = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:KEY_CHARS] or "role"
    taken = key in PERMISSIONS or session.scalar(sa.select(Role.id).where(Role.key == key)) is not None
    return f"{key}_{secrets.token_hex(3)}" if taken else key
