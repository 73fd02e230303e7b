"""Signed-in sessions of staff."""

import sqlalchemy as sa

from webapp.auth import Actor, hash_token
from webapp.errors import Unauthenticated
from webapp.extensions import db
from webapp.models import UserSession


def actor_for_token(token: str | None, *, door: str) -> Actor:
    """Who a session cookie's token stands for. Raises `Unauthenticated` for any that opens nothing."""
    if not token:
        raise Unauthenticated("Please sign in")
    query = sa.select(UserSession).where(UserSession.token_hash == hash_token(token))
    found = db.session.scalar(query.options(sa.orm.joinedload(UserSession.user)))
    if found is None or not found.is_live:
        raise Unauthenticated("Please sign in")
    return actor_of(found, door=door)


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
        session_id=found.id,
    )
