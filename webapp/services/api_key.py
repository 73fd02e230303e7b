"""Keys by which programs come in through REST: a person's own, and the workspace's for its services.

A key may do what it was given and its role allows at that moment, never more. Nobody gives rights that are
not their own, and only its owner gets the token of a personal key.
"""

import secrets
import uuid
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.auth import WORDS, Actor, current_actor, hash_token, require, same
from webapp.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from webapp.extensions import db
from webapp.models import ApiKey, User
from webapp.schemas.api_key import KeyIn, ServiceKeyIn
from webapp.services import permission
from webapp.services.event import record
from webapp.tenancy import require_workspace_id

BEGINNING = "pk_"
SHOWN_CHARS = 9
KEPT_FOR = timedelta(hours=24)
TOUCH = timedelta(minutes=1)
MOST_PERSONAL = 20
MOST_OF_SERVICES = 100
PERSONAL = frozenset(
    {
        "profile:update",
        "notification:read",
        "draft:write",
        "presence:share",
        "escalation:accept",
        "ticket:take_critical",
    }
)
"""What only a person can do."""


# --- managing -------------------------------------------------------------------------------------


def list_keys(*, session: Any = None, actor: Actor | None = None) -> list[ApiKey]:
    """The keys that the actor may end, by name: one's own; with `key:manage` all of services and people."""
    session, actor = session or db.session(), actor or current_actor()
    return _by_name(_within_reach(actor), session)


def list_own_keys(*, session: Any = None, actor: Actor | None = None) -> list[ApiKey]:
    """The acting person's own keys that are not revoked, by name."""
    session, actor = session or db.session(), actor or current_actor()
    return _by_name(ApiKey.user_id == actor.id, session)


def read_key(key_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> ApiKey:
    """A key that the actor may end. Raises `NotFound`."""
    return _manageable(key_id, session or db.session(), actor or current_actor())


def create_key(given: KeyIn, *, session: Any = None, actor: Actor | None = None) -> tuple[ApiKey, str]:
    """Makes a personal key of whoever acts; the row and its token, the only time that anybody sees that.

    Raises `Invalid` at `scopes` or `expires_in_days`, `Conflict` where there are too many.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "profile:update")
    _check_room(ApiKey.user_id == actor.id, MOST_PERSONAL, session)
    return _create(given, {"user_id": actor.id}, actor, session)


def create_service_key(
    given: ServiceKeyIn, *, session: Any = None, actor: Actor | None = None
) -> tuple[ApiKey, str]:
    """Makes a key of the workspace's own, as `create_key` does; also raises `Invalid` at `role`."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "key:manage")
    _check_room(ApiKey.user_id.is_(None), MOST_OF_SERVICES, session)
    allowed = permission.permissions_of(given.role, session=session)
    if not allowed:
        raise Invalid.field("role", "Choose a role of the list")
    _check_scopes(given, allowed - PERSONAL, "This role does not allow")
    return _create(given, {"role": given.role}, actor, session)


def rotate_key(key_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> tuple[ApiKey, str]:
    """Gives a key another token and returns both; the token before opens for 24 hours more.

    Raises `NotFound` for one that is not there or somebody else's, `Conflict` for one that has expired,
    `Forbidden` where it may do what the actor may not, or lives longer than the key that asks.
    """
    session, actor = session or db.session(), actor or current_actor()
    found = _manageable(key_id, session, actor, takes_token=True, lock=True)
    if found.has_expired:
        raise Conflict("This key has expired: make another one")
    permission.require_rights(actor, frozenset(found.scopes) & _rights_of(found, session))
    if not _has_time_for(found.expires_at, actor, session):
        raise Forbidden("This key lives longer than the one you come with")
    token, found.previous_hash = _new_token(), found.token_hash
    found.previous_until = clock.now() + KEPT_FOR
    found.prefix, found.token_hash = token[:SHOWN_CHARS], hash_token(token)
    session.flush()
    changes = {"name": [found.name, found.name]}
    record("apikey.rotated", session=session, actor=actor, subject_id=found.id, changes=changes)
    return found, token


def end_previous(key_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> ApiKey:
    """Ends the token before the last one ahead of its time; where none opens, nothing changes.

    Raises `NotFound` for a key that the actor could not revoke either.
    """
    session, actor = session or db.session(), actor or current_actor()
    found = _manageable(key_id, session, actor, lock=True)
    if found.has_previous:
        found.previous_until = (
            clock.now()
        )  # its hash stays: whoever comes with it is told why it opens nothing
        session.flush()
        changes = {"name": [found.name, found.name]}
        record("apikey.previous_ended", session=session, actor=actor, subject_id=found.id, changes=changes)
    return found


def revoke_key(key_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> str:
    """Ends a key, both its tokens, at once; returns its name. Raises `NotFound`."""
    session, actor = session or db.session(), actor or current_actor()
    found = _manageable(key_id, session, actor, lock=True)
    _revoke(found, actor, session)
    return found.name


def revoke_all(user_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> int:
    """Ends every personal key of somebody whose access is taken away; returns how many."""
    session, actor = session or db.session(), actor or current_actor()
    theirs = _unrevoked().where(ApiKey.user_id == user_id).order_by(ApiKey.id)
    found = list(session.scalars(theirs.with_for_update()))
    for key in found:
        _revoke(key, actor, session)
    return len(found)


def _unrevoked() -> Any:
    return sa.select(ApiKey).where(ApiKey.workspace_id == require_workspace_id(), ApiKey.revoked_at.is_(None))


def _check_room(condition: Any, most: int, session: Any) -> None:
    counted = sa.select(sa.func.count()).select_from(_unrevoked().where(condition).subquery())
    if (session.scalar(counted) or 0) >= most:
        raise Conflict(f"There are {most} keys already: revoke one that nothing uses")


def _create(given: KeyIn, owner: dict[str, Any], actor: Actor, session: Any) -> tuple[ApiKey, str]:
    _check_scopes(given, actor.rights, "This takes rights that you do not have yourself")
    expires_at = clock.now() + timedelta(days=given.expires_in_days) if given.expires_in_days else None
    if not _has_time_for(expires_at, actor, session):
        raise Invalid.field("expires_in_days", "A key makes none that lives longer than itself")
    token = _new_token()
    made = ApiKey(
        workspace_id=require_workspace_id(),
        name=given.name,
        prefix=token[:SHOWN_CHARS],
        token_hash=hash_token(token),
        scopes=given.scopes,
        expires_at=expires_at,
        created_by_id=actor.id if actor.kind == "user" else None,
        **owner,
    )
    session.add(made)
    session.flush()
    changes: dict[str, list[Any]] = {"name": [None, made.name], "scopes": [None, made.scopes]}
    changes["kind"] = [None, "service" if made.user_id is None else "personal"]
    record("apikey.created", session=session, actor=actor, subject_id=made.id, changes=changes)
    return made, token


def _check_scopes(given: KeyIn, allowed: frozenset[str], message: str) -> None:
    beyond = [WORDS[one] for one in given.scopes if one not in allowed]
    if beyond:
        raise Invalid.field("scopes", f"{message}: {', '.join(beyond)}")


def _has_time_for(expires_at: datetime | None, actor: Actor, session: Any) -> bool:
    """Whether a key may live that long by the will of the actor, who may have come with one that ends."""
    used = session.get(ApiKey, actor.key_id) if actor.key_id else None
    most = used.expires_at if used else None
    return most is None or (expires_at is not None and expires_at <= most)


def _new_token() -> str:
    return BEGINNING + secrets.token_urlsafe(32)


def _by_name(condition: Any, session: Any) -> list[ApiKey]:
    query = _unrevoked().where(condition).options(sa.orm.joinedload(ApiKey.user))
    return list(session.scalars(query.order_by(sa.func.lower(ApiKey.name), ApiKey.id)))


def _within_reach(actor: Actor, *, takes_token: bool = False) -> Any:
    """One's own keys, or with `key:manage` any; but nobody else gets the token of a personal one."""
    mine = ApiKey.user_id == actor.id
    if actor.may("key:manage"):
        return sa.or_(mine, ApiKey.user_id.is_(None)) if takes_token else sa.true()
    require(actor, "profile:update")  # a key that was not given it manages no keys
    return mine


def _manageable(
    key_id: uuid.UUID, session: Any, actor: Actor, *, takes_token: bool = False, lock: bool = False
) -> ApiKey:
    query = _unrevoked().where(ApiKey.id == key_id, _within_reach(actor, takes_token=takes_token))
    found: ApiKey | None = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound("There is no such key any more")
    return found


def _revoke(found: ApiKey, actor: Actor, session: Any) -> None:
    found.revoked_at = clock.now()
    session.flush()
    changes = {"name": [found.name, None]}
    record("apikey.revoked", session=session, actor=actor, subject_id=found.id, changes=changes)


# --- coming in ------------------------------------------------------------------------------------


def find_by_token(token: str | None, *, session: Any = None) -> ApiKey:
    """The live key, in any workspace, that a token opens. Raises `Unauthenticated`, which says why."""
    session = session or db.session()
    if not token or not token.startswith(BEGINNING):
        raise Unauthenticated("There is no such key")
    hashed = hash_token(token)
    found: ApiKey | None = session.scalar(_by_hash(), {"hash": hashed})
    if found is None:
        raise Unauthenticated("There is no such key")
    if reason := _refusal(found, hashed):
        raise Unauthenticated(reason)
    return found


@cache
def _by_hash() -> Any:
    """Built once, as other statements of every request are: that takes as long as to ask."""
    given = sa.bindparam("hash", type_=sa.String)
    query = sa.select(ApiKey).options(sa.orm.joinedload(ApiKey.user))
    return query.where(sa.or_(ApiKey.token_hash == given, ApiKey.previous_hash == given))


def _refusal(found: ApiKey, hashed: str) -> str | None:
    """Why a token opens nothing any more, for the one who has it; None where it does."""
    if found.revoked_at is not None:
        return "This key was revoked"
    if found.user is not None and not found.user.is_active:
        return "This key's owner has no access any more"
    if found.has_expired:
        return f"This key expired on {found.expires_at:%Y-%m-%d}"
    return None if _opens(found, hashed) else "This key has another token since"


def _opens(found: ApiKey, hashed: str) -> bool:
    if same(found.token_hash, hashed):
        return True
    return found.has_previous and same(found.previous_hash or "", hashed)


def actor_of(found: ApiKey, *, door: str, session: Any = None) -> Actor:
    """Who a key acts as: its person, or itself; with what it was given and the role allows now."""
    session = session or db.session()
    user = found.user
    rights = frozenset(found.scopes) & _rights_of(found, session)
    return Actor(
        kind="user" if user else "system",
        id=user.id if user else found.id,
        workspace_id=found.workspace_id,
        name=user.name if user else found.name,
        role=user.role if user else found.role or "",
        door=door,
        email=user.email if user else None,
        permissions=rights,
        key_id=found.id,
    )


def _rights_of(found: ApiKey, session: Any) -> frozenset[str]:
    user: User | None = found.user
    if user is not None:
        return permission.permissions_in(found.workspace_id, user.role, session=session)
    return permission.permissions_in(found.workspace_id, found.role or "", session=session) - PERSONAL


def wants_note(found: ApiKey) -> bool:
    """Whether the time it was last used is old enough to be written again."""
    return found.last_used_at is None or found.last_used_at < clock.now() - TOUCH


def note_use(key_id: uuid.UUID, *, session: Any = None) -> None:
    """Notes that a key is in use, at most once a minute. Says nothing to the ledger."""
    session = session or db.session()
    now = clock.now()
    stale = sa.or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now - TOUCH)
    session.execute(sa.update(ApiKey).where(ApiKey.id == key_id, stale).values(last_used_at=now))
