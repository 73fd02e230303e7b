"""Links that show the live board, read-only, on a screen nobody is signed in at."""

import uuid
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp import bus, clock
from webapp.auth import Actor, current_actor, hash_token, new_token, require
from webapp.config import settings
from webapp.errors import Conflict, NotFound, Unauthenticated
from webapp.extensions import db
from webapp.models import WallboardLink
from webapp.services.event import record
from webapp.services.session import SessionsEnded
from webapp.tenancy import require_workspace_id

MOST_LINKS = 50
TOUCH = timedelta(minutes=1)


def list_links(*, session: Any = None, actor: Actor | None = None) -> list[WallboardLink]:
    """The workspace's links that still open, by name."""
    session = session or db.session()
    require(actor or current_actor(), "settings:manage")
    return list(session.scalars(_live().order_by(WallboardLink.name, WallboardLink.id)))


def create_link(
    name: str, *, shows_titles: bool = False, session: Any = None, actor: Actor | None = None
) -> tuple[WallboardLink, str]:
    """Makes a link; the row and its token, the only time that anybody sees that.

    Raises `Conflict` where there are too many already.
    """
    session, actor = session or db.session(), actor or current_actor()
    if len(list_links(session=session, actor=actor)) >= MOST_LINKS:
        raise Conflict(f"There are {MOST_LINKS} links already: revoke one that no screen uses")
    token, token_hash = new_token()
    made = WallboardLink(
        workspace_id=require_workspace_id(), name=name, shows_titles=shows_titles, token_hash=token_hash
    )
    session.add(made)
    session.flush()
    changes = {"name": [None, name], "shows_titles": [None, shows_titles]}
    record("wallboard_link.created", session=session, actor=actor, subject_id=made.id, changes=changes)
    return made, token


def url_of(token: str) -> str:
    """The address that a screen opens."""
    return f"{settings().base_url.rstrip('/')}/tv/{token}"


def revoke_link(link_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """Ends a link and the screens that it opened. Raises `NotFound` if there is no such link any more."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    found = session.scalar(_live().where(WallboardLink.id == link_id).with_for_update())
    if found is None:
        raise NotFound("There is no such link any more")
    found.revoked_at = clock.now()
    session.flush()
    changes = {"name": [found.name, None]}
    record("wallboard_link.revoked", session=session, actor=actor, subject_id=found.id, changes=changes)
    bus.announce(session, SessionsEnded((found.id,), "revoked"))


def actor_for_link(token: str | None, *, door: str) -> Actor:
    """Who a link's token stands for: a screen that may see the board and nothing else.

    Raises `Unauthenticated` for a token that opens nothing (any more).
    """
    if not token:
        raise Unauthenticated("This link opens nothing")
    query = sa.select(WallboardLink).where(
        WallboardLink.token_hash == hash_token(token), WallboardLink.revoked_at.is_(None)
    )
    found = db.session.scalar(query)
    if found is None:
        raise Unauthenticated("This link opens nothing any more")
    return Actor(
        kind="wallboard",
        id=found.id,
        workspace_id=found.workspace_id,
        name=found.name,
        role="wallboard_titles" if found.shows_titles else "wallboard",
        door=door,
        session_id=found.id,
    )


def note_opening(link_id: uuid.UUID, *, session: Any = None) -> None:
    """Notes that a screen shows the board by this link, at most once a minute."""
    session = session or db.session()
    now = clock.now()
    stale = sa.or_(WallboardLink.opened_at.is_(None), WallboardLink.opened_at < now - TOUCH)
    session.execute(sa.update(WallboardLink).where(WallboardLink.id == link_id, stale).values(opened_at=now))


def _live() -> Any:
    return sa.select(WallboardLink).where(
        WallboardLink.workspace_id == require_workspace_id(), WallboardLink.revoked_at.is_(None)
    )
