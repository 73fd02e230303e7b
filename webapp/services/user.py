"""Staff: who belongs to a workspace, in which role, and how they are doing."""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import (
    ADMIN,
    MAX_PASSWORD_CHARS,
    MIN_PASSWORD_CHARS,
    ROLES,
    Actor,
    current_actor,
    hash_password,
    require,
    require_person,
)
from webapp.errors import Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.models import AccountToken, Role, User
from webapp.services import api_key as api_keys
from webapp.services import availability as availabilities
from webapp.services import permission
from webapp.services import session as sessions
from webapp.services.event import record
from webapp.services.job import enqueue
from webapp.tenancy import require_workspace_id
from webapp.validators import fold_email, has_unstorable, is_valid_email, visible

NAME_CHARS = 100
KEY_CHARS = 40
KNOWN = "Somebody with this address is here already"
SETTINGS = {
    **dict.fromkeys(("enter_sends", "shortcuts", "sound", "narrow_nav"), bool),
    **dict.fromkeys(("theme", "density", "sort"), str),
}
"""The preferences a person can set, and what each holds."""


# --- reading --------------------------------------------------------------------------------------


def user_for(user_id: uuid.UUID, *, session: Any = None, lock: bool = False) -> User:
    """The member of staff with that id in this workspace. Raises `NotFound`."""
    session = session or db.session()
    query = sa.select(User).where(User.id == user_id, User.workspace_id == require_workspace_id())
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found: User | None = session.scalar(query)
    if found is None:
        raise NotFound("There is nobody with this id")
    return found


def current_user(*, actor: Actor | None = None) -> User:
    """The row of the person who acts. Raises `Forbidden` where it is a program."""
    return user_for(require_person(actor or current_actor()))


def find_by_email(email: str) -> User | None:
    """The member of staff with that address, in any workspace."""
    found: User | None = db.session.scalar(sa.select(User).where(User.email == fold_email(email)))
    return found


def list_users(*, actor: Actor | None = None) -> list[User]:
    """Everybody of the workspace by name, those without access last."""
    require(actor or current_actor(), "user:manage")
    query = sa.select(User).where(User.workspace_id == require_workspace_id())
    return list(db.session.scalars(query.order_by(User.deactivated_at.is_not(None), User.name, User.id)))


def actor_of(user: User, *, door: str = "page") -> Actor:
    """That person as an actor, where no session says who acts."""
    return Actor(
        kind="user",
        id=user.id,
        workspace_id=user.workspace_id,
        name=user.name,
        role=user.role,
        door=door,
        email=user.email,
        permissions=permission.own_permissions(user),
    )


# --- making and changing --------------------------------------------------------------------------


def new_password_hash(password: str, field: str = "password") -> str:
    """Checks a new password and hashes it; slow on purpose, so never inside a transaction."""
    if len(password) < MIN_PASSWORD_CHARS:
        raise Invalid.field(field, f"At least {MIN_PASSWORD_CHARS} characters")
    if len(password) > MAX_PASSWORD_CHARS:
        raise Invalid.field(field, f"At most {MAX_PASSWORD_CHARS} characters")
    database.assert_no_transaction()
    return hash_password(password)


def create_user(
    email: str,
    name: str,
    role: str,
    *,
    password_hash: str | None = None,
    mail_link: bool = True,
    session: Any = None,
    actor: Actor | None = None,
) -> User:
    """Adds a member of staff. Without a password they are mailed a link to set one, unless told not to.

    Raises `Invalid` naming the field.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "user:manage")
    given = checked_role(role, "role", session)
    permission.require_rights(actor, permission.permissions_of(given, session=session))
    made = User(
        id=database.uuid7(),
        workspace_id=require_workspace_id(),
        email=_checked_email(email),
        name=_checked_name(name),
        role=given,
        password_hash=password_hash,
    )
    try:
        with database.savepoint():
            session.add(made)
            session.flush()
    except sa.exc.IntegrityError:
        raise Invalid.field("email", KNOWN) from None
    changes = {field: [None, getattr(made, field)] for field in ("email", "name", "role")}
    record("user.created", session=session, actor=actor, subject_id=made.id, changes=changes)
    if password_hash is None and mail_link:
        _mail_invitation(made.id, session)
    return made


def invite(user_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """Mails somebody a link by which they set their first password; a new one ends the one before."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "user:manage")
    invited = user_for(user_id, session=session)
    if invited.has_joined or not invited.is_active:
        raise Conflict("This person needs no invitation")
    record("user.invited", session=session, actor=actor, subject_id=invited.id)
    _mail_invitation(invited.id, session)


def _mail_invitation(user_id: uuid.UUID, session: Any) -> None:
    enqueue("account.invite", {"user_id": str(user_id)}, session=session)


def deactivate_user(
    user_id: uuid.UUID,
    *,
    handed_to: str | None = None,
    session: Any = None,
    actor: Actor | None = None,
) -> User:
    """Takes somebody's access away and ends their sessions, keys and links at once.

    `handed_to`: who gets their tickets, for the record; `services.handover.deactivate` does that.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "user:manage")
    found = user_for(user_id, session=session, lock=True)
    if not found.is_active:
        return found
    require_rights_over(found, session=session, actor=actor)
    _keep_an_admin(found, session)
    found.deactivated_at = clock.now()
    changes = {"tickets_to": [None, handed_to]} if handed_to else {}
    record("user.deactivated", session=session, actor=actor, subject_id=found.id, changes=changes)
    sessions.revoke_all(found.id, reason="deactivated", session=session, actor=actor)
    api_keys.revoke_all(found.id, session=session, actor=actor)
    revoke_links(found.id, session=session)
    return found


def activate_user(user_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> User:
    """Gives somebody access again."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "user:manage")
    found = user_for(user_id, session=session, lock=True)
    if found.is_active:
        return found
    require_rights_over(found, session=session, actor=actor)
    found.deactivated_at = None
    session.flush()
    record("user.reactivated", session=session, actor=actor, subject_id=found.id)
    return found


def set_role(
    user_id: uuid.UUID, role: str, *, field: str = "role", session: Any = None, actor: Actor | None = None
) -> User:
    """Changes somebody's role. Their sessions end: what they may see has changed.

    Raises `Invalid` at `field` for a role that there isn't, `Forbidden` for rights that the actor lacks.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "user:manage")
    found = user_for(user_id, session=session, lock=True)
    old, new = found.role, checked_role(role, field, session)
    if new == old:
        return found
    require_rights_over(found, session=session, actor=actor)
    permission.require_rights(actor, permission.permissions_of(new, session=session))
    if old == ADMIN:
        _keep_an_admin(found, session)
    found.role = new
    session.flush()
    record("user.updated", session=session, actor=actor, subject_id=found.id, changes={"role": [old, new]})
    sessions.revoke_all(found.id, reason="role_changed", session=session, actor=actor)
    return found


def set_password(
    user_id: uuid.UUID,
    password_hash: str,
    *,
    keep_session: uuid.UUID | None = None,
    session: Any = None,
    actor: Actor | None = None,
) -> User:
    """Sets somebody's password; ends their links, and their sessions but for the one to keep."""
    session, actor = session or db.session(), actor or current_actor()
    found = user_for(user_id, session=session, lock=True)
    if actor.id != user_id:
        require(actor, "user:manage")
        require_rights_over(found, session=session, actor=actor)
    found.password_hash = password_hash
    session.flush()
    record("user.password_changed", session=session, actor=actor, subject_id=found.id)
    sessions.revoke_all(found.id, keep=keep_session, reason="password_changed", session=session, actor=actor)
    revoke_links(found.id, session=session)
    return found


def require_rights_over(user: User, *, session: Any = None, actor: Actor | None = None) -> None:
    """Raises `Forbidden` unless the actor has every right that this person has, or is that person."""
    actor = actor or current_actor()
    if actor.id != user.id:
        permission.require_rights(actor, permission.permissions_of(user.role, session=session))


def update_person(
    user_id: uuid.UUID, *, name: str, email: str, session: Any = None, actor: Actor | None = None
) -> User:
    """Changes a colleague's name, and the address they sign in with; another address ends their links.

    Somebody who has not set a password yet is invited again at the new address. Raises `Invalid`.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "user:manage")
    found = user_for(user_id, session=session, lock=True)
    require_rights_over(found, session=session, actor=actor)
    wanted = {"name": _checked_name(name), "email": _checked_email(email)}
    changes = {key: [getattr(found, key), new] for key, new in wanted.items() if getattr(found, key) != new}
    if not changes:
        return found
    _refuse_known(wanted["email"], found.id, session)
    found.name, found.email = wanted["name"], wanted["email"]
    session.flush()
    record("user.updated", session=session, actor=actor, subject_id=found.id, changes=changes)
    if "email" in changes:
        revoke_links(found.id, session=session)
        if not found.has_joined and found.is_active:
            invite(found.id, session=session, actor=actor)
    return found


def update_profile(
    *,
    name: str | None = None,
    availability: str | None = None,
    reason: str | None = None,
    settings: dict[str, Any] | None = None,
    session: Any = None,
    actor: Actor | None = None,
) -> User:
    """Changes one's own name, availability or preferences; what is not given stays.

    `reason`: why one is not available; it says what that counts as, and goes with the availability.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "profile:update")
    found = user_for(actor.id, session=session, lock=True)  # type: ignore[arg-type]
    wanted: dict[str, Any] = {}
    if name is not None:
        wanted["name"] = _checked_name(name)
    wanted.update(availabilities.chosen(found, availability, reason, session=session))
    if settings is not None:
        wanted["settings"] = {**found.settings, **_checked_settings(settings)}
    changes = {key: [getattr(found, key), new] for key, new in wanted.items() if getattr(found, key) != new}
    for key, (_, new) in changes.items():
        setattr(found, key, new)
    if changes:
        session.flush()
        record("user.updated", session=session, actor=actor, subject_id=found.id, changes=changes)
    return found


def set_availability(
    availability: str | None, reason: str | None = None, *, session: Any = None, actor: Actor | None = None
) -> User:
    """Says whether one is there for customers, and why not."""
    return update_profile(availability=availability, reason=reason, session=session, actor=actor)


def revoke_links(user_id: uuid.UUID, *, session: Any = None) -> None:
    """Ends every mailed link of a person that is still open."""
    session = session or db.session()
    still_open = sa.and_(AccountToken.user_id == user_id, AccountToken.used_at.is_(None))
    ending = sa.update(AccountToken).where(still_open).values(used_at=clock.now())
    session.execute(ending.execution_options(synchronize_session=False))


# --- checks ---------------------------------------------------------------------------------------


def _keep_an_admin(leaving: User, session: Any) -> None:
    """An installation nobody can manage could not be mended from its pages."""
    if leaving.role != ADMIN:
        return
    others = sa.select(User.id).where(
        User.workspace_id == leaving.workspace_id,
        User.role == ADMIN,
        User.deactivated_at.is_(None),
        User.id != leaving.id,
    )
    if not session.scalars(others.with_for_update()).all():
        raise Conflict("This is the only admin; make somebody else one first", code="last_admin")


def _refuse_known(email: str, own_id: uuid.UUID, session: Any) -> None:
    if session.scalar(sa.select(User.id).where(User.email == email, User.id != own_id)) is not None:
        raise Invalid.field("email", KNOWN)


def _checked_email(email: str) -> str:
    folded = fold_email(email)
    if has_unstorable(email) or not is_valid_email(folded) or len(folded) > 254:
        raise invalid_email()
    return folded


def invalid_email() -> Invalid:
    """What is said of a text that is no address."""
    return Invalid.field("email", "This is not an e-mail address")


def _checked_name(name: str) -> str:
    shown = "" if has_unstorable(name) else visible(name)
    if not shown:
        raise Invalid.field("name", "Please fill this in")
    if len(shown) > NAME_CHARS:
        raise Invalid.field("name", f"At most {NAME_CHARS} characters")
    return shown


def checked_role(role: str, field: str, session: Any) -> str:
    """A built-in role's key, or that of a role of the workspace's own, which stays until the commit."""
    if role not in ROLES:
        own = sa.select(Role.id).where(Role.key == role[:KEY_CHARS]).with_for_update(read=True)
        if has_unstorable(role) or session.scalar(own) is None:
            raise Invalid.field(field, "There is no such role")
    return role


def _checked_settings(settings: dict[str, Any]) -> dict[str, Any]:
    for name, value in settings.items():
        kind = SETTINGS.get(name)
        if kind is None or not isinstance(value, kind) or (isinstance(value, str) and len(value) > 20):
            raise Invalid.field("settings", "There is no such preference, or not with that value")
    return settings
