"""One-time links by mail: password resets and invitations. Only the hash of a token is stored."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.auth import Actor, current_actor, hash_token, new_token
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.models import AccountToken, User, Workspace
from webapp.services import user as users
from webapp.services.job import enqueue
from webapp.services.safety import rules
from webapp.tenancy import require_workspace_id, use_workspace
from webapp.validators import fold_email, has_unstorable

LIFETIMES = {"reset": timedelta(hours=1), "invite": timedelta(days=7)}


@dataclass(frozen=True)
class Recipient:
    """Whom a link is mailed to."""

    user_id: uuid.UUID
    workspace_id: uuid.UUID
    workspace_name: str
    name: str
    email: str


def request_reset(email: str, *, session: Any = None, actor: Actor | None = None) -> None:  # noqa: ARG001
    """Asks for a reset link. Known or not, an address costs the same one job, which looks it up later."""
    enqueue("account.reset", {"email": fold_email(email)}, session=session)


def find_recipient(email: str) -> Recipient | None:
    """The active account behind an address, in any workspace."""
    email = fold_email(email)
    if not email or has_unstorable(email):
        return None
    return _recipient(User.email == email)


def recipient(user_id: uuid.UUID) -> Recipient | None:
    """That person, if their account is active."""
    return _recipient(User.id == user_id)


def _recipient(condition: Any) -> Recipient | None:
    query = sa.select(User, Workspace.name).join(Workspace, Workspace.id == User.workspace_id)
    found = db.session.execute(query.where(condition, User.deactivated_at.is_(None))).first()
    if found is None:
        return None
    user, workspace_name = found
    return Recipient(user.id, user.workspace_id, workspace_name, user.name, user.email)


def opens_something(known: Recipient) -> bool:
    """Whether a password would sign them in: not where all sign in with their provider."""
    with use_workspace(known.workspace_id):
        return rules.passwords_open()


def issue(user_id: uuid.UUID, purpose: str, *, session: Any = None, actor: Actor | None = None) -> str:  # noqa: ARG001
    """Makes a token for somebody of this workspace; earlier ones of theirs stop working."""
    session = session or db.session()
    users.revoke_links(user_id, session=session)
    token, token_hash = new_token()
    session.add(
        AccountToken(
            workspace_id=require_workspace_id(),
            user_id=user_id,
            purpose=purpose,
            token_hash=token_hash,
            expires_at=clock.now() + LIFETIMES[purpose],
        )
    )
    session.flush()
    return token


def path(token: str) -> str:
    """Where a token's link leads, below the configured address."""
    return f"/reset/{token}"


def find_token(token: str | None) -> AccountToken | None:
    """The row of a token that still opens something, with its user; None for every other text."""
    if not token:
        return None
    query = sa.select(AccountToken).where(_is_live(), AccountToken.token_hash == hash_token(token))
    found = db.session.scalar(query.options(sa.orm.joinedload(AccountToken.user)))
    return found if found is not None and found.user.is_active else None


def use_token(token: str, password_hash: str, *, session: Any = None, actor: Actor | None = None) -> User:
    """Sets the password, once, and ends every session of its owner. Raises `NotFound` for a dead token."""
    session = session or db.session()
    claim = (
        sa.update(AccountToken)
        .where(_is_live(), AccountToken.token_hash == hash_token(token))
        .values(used_at=clock.now())
        .returning(AccountToken.user_id)
    )
    user_id = session.execute(claim).scalar() if token else None
    if user_id is None:
        raise NotFound("This link no longer works")
    user = users.user_for(user_id, session=session, lock=True)
    if not user.is_active:
        raise NotFound("This link no longer works")
    owner = users.actor_of(user) if actor is None and current_actor().kind == "system" else actor
    users.set_password(user.id, password_hash, session=session, actor=owner)
    return user


def _is_live() -> sa.ColumnElement[bool]:
    return sa.and_(AccountToken.used_at.is_(None), AccountToken.expires_at > clock.now())
