"""One's own notifications: the list, how many are unread, and reading them."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp import bus, clock
from webapp.auth import Actor, current_actor, require
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.models import Notification


@dataclass(frozen=True)
class NotificationsRead:
    """These were read; for their owner's other pages."""

    user_id: uuid.UUID
    ids: tuple[uuid.UUID, ...]
    up_to: uuid.UUID | None
    read_at: datetime


def list_notifications(
    *,
    cursor: uuid.UUID | None = None,
    limit: int = 30,
    unread: bool = False,
    session: Any = None,
    actor: Actor | None = None,
) -> tuple[list[Notification], uuid.UUID | None]:
    """A page of one's own, newest first, and where the next one begins."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "notification:read")
    query = sa.select(Notification).where(_shown(actor)).order_by(Notification.id.desc())
    if cursor is not None:
        query = query.where(Notification.id < cursor)
    if unread:
        query = query.where(Notification.read_at.is_(None))
    query = query.options(sa.orm.selectinload(Notification.ticket)).limit(limit + 1)
    found = list(session.scalars(query))
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def _shown(actor: Actor) -> Any:
    return sa.and_(Notification.user_id == actor.id, Notification.in_app.is_(True))


def count_unread(*, session: Any = None, actor: Actor | None = None) -> int:
    """How many of one's own are unread."""
    session, actor = session or db.session(), actor or current_actor()
    query = sa.select(sa.func.count(Notification.id)).where(_shown(actor), Notification.read_at.is_(None))
    return int(session.scalar(query))


def mark_notifications_read(
    *,
    ids: list[uuid.UUID] | None = None,
    ticket_id: uuid.UUID | None = None,
    up_to: uuid.UUID | None = None,
    session: Any = None,
    actor: Actor | None = None,
) -> list[uuid.UUID]:
    """Marks one's own as read: these, those of a ticket, or all up to one; which ones it changed.

    Raises `Invalid` unless exactly one of the three is given. Ids of others are passed over.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "notification:read")
    if sum(given is not None for given in (ids, ticket_id, up_to)) != 1:
        raise Invalid.field("ids", "Give ids, ticket_id or up_to, and one of them only")
    wanted: Any = Notification.ticket_id == ticket_id
    if ids is not None:
        wanted = Notification.id.in_(ids)
    elif up_to is not None:
        wanted = Notification.id <= up_to
    now = clock.now()
    reading = (
        sa.update(Notification)
        .where(Notification.user_id == actor.id, Notification.read_at.is_(None), wanted)
        .values(read_at=now)
        .returning(Notification.id)
        .execution_options(synchronize_session=False)
    )
    changed = list(session.scalars(reading))
    if changed:
        shown = () if up_to else tuple(changed)
        bus.announce(session, NotificationsRead(actor.id, shown, up_to, now))  # type: ignore[arg-type]
    return changed
