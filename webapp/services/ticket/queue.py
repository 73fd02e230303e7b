"""The queue's views: mine, unassigned, all, done; paged by cursor, counted in one query."""

import base64
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from webapp.auth import Actor, current_actor, require
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.models import Ticket
from webapp.models.ticket import ENDED

VIEWS = ("mine", "unassigned", "all", "done")


def _active() -> sa.ColumnElement[bool]:
    return sa.and_(kept(), Ticket.is_spam.is_(False), Ticket.status.not_in(ENDED))


def kept() -> sa.ColumnElement[bool]:
    """Tickets that are not in the trash: the only ones that lists, queues and search know."""
    return Ticket.deleted_at.is_(None)


def _members(view: str, actor: Actor) -> sa.ColumnElement[bool]:
    if view == "mine":
        return sa.and_(_active(), Ticket.assigned_agent_id == actor.id)
    if view == "unassigned":
        return sa.and_(_active(), Ticket.assigned_agent_id.is_(None))
    if view == "all":
        return _active()
    return sa.and_(kept(), sa.or_(Ticket.is_spam.is_(True), Ticket.status.in_(ENDED)))


def list_tickets(
    view: str, *, cursor: str | None = None, limit: int = 50, actor: Actor | None = None
) -> tuple[list[Ticket], str | None]:
    """A page of a view and the cursor of the next: waiting longest first, `done` newest first.

    Raises `Invalid` for a cursor that is not ours.
    """
    actor = actor or current_actor()
    require(actor, "ticket:read")
    # A ticket nobody waits on sorts behind all that wait, by its age.
    idle = sa.case((Ticket.waiting_since.is_(None), 1), else_=0)
    since = sa.func.coalesce(Ticket.waiting_since, Ticket.created_at)
    query = sa.select(Ticket).where(_members(view, actor)).options(sa.orm.joinedload(Ticket.customer))
    if view == "done":
        query = query.order_by(Ticket.number.desc())
        if cursor:
            query = query.where(Ticket.number < _open_cursor(cursor, _number))
    else:
        query = query.order_by(idle, since, Ticket.number)
        if cursor:
            query = query.where(sa.tuple_(idle, since, Ticket.number) > _open_cursor(cursor, _position))
    found = list(db.session.scalars(query.limit(limit + 1)))
    page = found[:limit]
    return page, _cursor(view, page[-1]) if len(found) > limit else None


def _cursor(view: str, ticket: Ticket) -> str:
    since = ticket.waiting_since or ticket.created_at
    place: Any = ticket.number
    if view != "done":
        place = [0 if ticket.waiting_since else 1, since.isoformat(), ticket.number]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _open_cursor(cursor: str, read: Callable[[Any], Any]) -> Any:
    try:
        return read(json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))))
    except (ValueError, TypeError, LookupError, OverflowError):
        raise Invalid.field("cursor", "This is no cursor of ours", where="query") from None


def _number(place: Any) -> int:
    if not isinstance(place, int) or not 0 <= place < 2**31:
        raise ValueError
    return place


def _position(place: Any) -> Any:
    since = datetime.fromisoformat(place[1]).astimezone(UTC)
    return sa.tuple_(
        _number(place[0]), sa.bindparam(None, since, type_=Ticket.created_at.type), _number(place[2])
    )


def count_views(*, actor: Actor | None = None) -> dict[str, int]:
    """How many tickets lie in mine, unassigned and all."""
    actor = actor or current_actor()
    columns = [
        sa.func.count(sa.case((_members(view, actor), 1))).label(view)
        for view in ("mine", "unassigned", "all")
    ]
    row = db.session.execute(sa.select(*columns).select_from(Ticket).where(_active())).one()
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name


def list_earlier(customer_id: uuid.UUID, *, besides: uuid.UUID | None = None, limit: int = 5) -> list[Ticket]:
    """A customer's newest tickets, without the one in hand."""
    query = (
        sa.select(Ticket)
        .where(Ticket.customer_id == customer_id, kept())
        .order_by(Ticket.created_at.desc(), Ticket.number.desc())
    )
    if besides is not None:
        query = query.where(Ticket.id != besides)
    return list(db.session.scalars(query.limit(limit)))
