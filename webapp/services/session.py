"""Signed-in sessions of staff: made at sign-in, listed on the profile, ended one by one or all at once."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp import bus, clock
from webapp.auth import Actor, hash_token, new_token
from webapp.config import settings
from webapp.errors import Forbidden, NotFound, Unauthenticated
from webapp.extensions import db
from webapp.models import User, UserSession
from webapp.services import permission
from webapp.services.event import record
from webapp.services.safety import rules
from webapp.validators import fold_email, has_unstorable

TOUCH_SECONDS = 60


@dataclass(frozen=True)
class SessionsEnded:
    """Announced after the commit that ended sessions; `reason` is for people's pages and their sockets."""

    session_ids: tuple[uuid.UUID, ...]
    reason: str


class MustSetUp(Forbidden):
    """A session that opens nothing yet: its owner's role wants a second factor."""

    code = "second_factor_required"


class NeedsCode(Unauthenticated):
    """The first step is right, and a second one is asked for."""


@dataclass(frozen=True)
class Credentials:
    """What a sign-in is checked against."""

    user_id: uuid.UUID
    workspace_id: uuid.UUID
    password_hash: str | None


def find_credentials(email: str) -> Credentials | None:
    """The active account behind an address, in any workspace."""
    email = fold_email(email)
    if not email or has_unstorable(email):
        return None
    return _credentials(User.email == email)


def credentials_of(user_id: uuid.UUID) -> Credentials | None:
    """The active account with that id, in any workspace."""
    return _credentials(User.id == user_id)


def _credentials(condition: Any) -> Credentials | None:
    user = db.session.scalar(sa.select(User).where(condition))
    if user is None or not user.is_active:
        return None
    return Credentials(user.id, user.workspace_id, user.password_hash)


def sign_in(
    known: Credentials,
    *,
    method: str = rules.PASSWORD,
    browser: str = "",
    address: str = "",
    session: Any = None,
    actor: Actor | None = None,
) -> str:
    """Starts a session and returns its token, the only time that anybody sees it.

    `method`: how they proved who they are, of `safety.rules`. Raises `Unauthenticated` if the account was
    changed since `known` was read or `method` opens nothing here; `NeedsCode` if it takes a second step.
    """
    session = session or db.session()
    user = session.scalar(sa.select(User).where(User.id == known.user_id).with_for_update())
    if user is None or not user.is_active or user.password_hash != known.password_hash:
        raise Unauthenticated("Please sign in again")
    rules.check_open(method, session=session)
    if rules.asks_code(user, method, session=session):
        raise NeedsCode("Give your code")
    token, token_hash = new_token()
    made = UserSession(
        workspace_id=user.workspace_id,
        user_id=user.id,
        token_hash=token_hash,
        csrf_token=secrets.token_urlsafe(32),
        browser=browser[:200],
        address=address[:64],
        expires_at=clock.now() + timedelta(days=settings().session_days),
        method=method,
        must_set_up=rules.must_set_up(user, method, session=session),
        user=user,
    )
    session.add(made)
    session.flush()
    actor = actor or actor_of(made, door="page")
    changes = {"method": [None, method]}
    record("session.created", session=session, actor=actor, subject_id=made.id, changes=changes)
    return token


def actor_for_token(token: str | None, *, door: str) -> Actor:
    """Who a session cookie's token stands for. Raises `Unauthenticated` for any that opens nothing."""
    return actor_of(live_session(token), door=door)


def live_session(token: str | None, *, unfinished: bool = False) -> UserSession:
    """The session behind a cookie's token, with its user. Raises `Unauthenticated` if it opens nothing.

    Raises `MustSetUp` for somebody who has to set up a second factor first, unless `unfinished` will do.
    """
    if not token:
        raise Unauthenticated("Please sign in")
    query = sa.select(UserSession).where(UserSession.token_hash == hash_token(token))
    found = db.session.scalar(query.options(sa.orm.joinedload(UserSession.user)))
    if found is None or not found.is_live:
        raise Unauthenticated("Please sign in")
    if found.must_set_up and not unfinished:
        raise MustSetUp("Set up your second factor first")
    return found


def actor_of(found: UserSession, *, door: str) -> Actor:
    """The actor behind a session."""
    user = found.user
    return Actor(
        kind="user",
        id=user.id,
        workspace_id=user.workspace_id,
        name=user.name,
        role=user.role,
        door=door,
        email=user.email,
        permissions=permission.own_permissions(user),
        session_id=found.id,
        address=found.address,
        browser=found.browser,
    )


def wants_touch(found: UserSession) -> bool:
    """Whether the time it was last seen is old enough to be written again."""
    return found.last_seen_at < clock.now() - timedelta(seconds=TOUCH_SECONDS)


def touch(session_id: uuid.UUID, *, address: str = "", session: Any = None) -> None:
    """Notes that a session is in use, at most once a minute. Says nothing to the ledger."""
    session = session or db.session()
    now = clock.now()
    stale = UserSession.last_seen_at < now - timedelta(seconds=TOUCH_SECONDS)
    values = {"last_seen_at": now, **({"address": address[:64]} if address else {})}
    session.execute(sa.update(UserSession).where(UserSession.id == session_id, stale).values(values))


def list_sessions(user_id: uuid.UUID) -> list[UserSession]:
    """A person's live sessions, last used first."""
    query = sa.select(UserSession).where(_live_of(user_id)).order_by(UserSession.last_seen_at.desc())
    return list(db.session.scalars(query))


def lift(user_id: uuid.UUID, *, session: Any = None) -> None:
    """Opens somebody's sessions that waited for their second factor."""
    session = session or db.session()
    waiting = sa.and_(UserSession.user_id == user_id, UserSession.must_set_up)
    session.execute(sa.update(UserSession).where(waiting).values(must_set_up=False))


def revoke(
    session_id: uuid.UUID,
    *,
    user_id: uuid.UUID,
    reason: str = "revoked",
    session: Any = None,
    actor: Actor | None = None,
) -> None:
    """Ends one session of that person. Raises `NotFound` if they have no such live session."""
    session = session or db.session()
    query = sa.select(UserSession).where(_live_of(user_id), UserSession.id == session_id)
    found = session.scalar(query.with_for_update())
    if found is None:
        raise NotFound("This device is not signed in any more")
    _end([found], reason, session, actor)


def revoke_all(
    user_id: uuid.UUID,
    *,
    keep: uuid.UUID | None = None,
    reason: str = "revoked",
    session: Any = None,
    actor: Actor | None = None,
) -> int:
    """Ends all sessions of a person, but for the one to `keep`; returns how many."""
    session = session or db.session()
    query = sa.select(UserSession).where(_live_of(user_id)).order_by(UserSession.id)
    if keep is not None:
        query = query.where(UserSession.id != keep)
    found = list(session.scalars(query.with_for_update()))
    _end(found, reason, session, actor)
    return len(found)


def _live_of(user_id: uuid.UUID) -> sa.ColumnElement[bool]:
    return sa.and_(
        UserSession.user_id == user_id,
        UserSession.revoked_at.is_(None),
        UserSession.expires_at > clock.now(),
    )


def _end(found: list[UserSession], reason: str, session: Any, actor: Actor | None) -> None:
    for ended in found:
        ended.revoked_at, ended.ended_for = clock.now(), reason
        record(
            "session.revoked",
            session=session,
            actor=actor,
            subject_id=ended.id,
            changes={"reason": [None, reason]},
        )
    session.flush()
    if found:
        bus.announce(session, SessionsEnded(tuple(ended.id for ended in found), reason))
