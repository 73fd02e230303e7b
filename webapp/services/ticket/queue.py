"""The queue's views, sorted in several ways, paged by cursor, counted in one query.

Every view is a range of one of the indexes `ix_tickets_by_…`: the shelf, perhaps an agent, then the order.
"""

import base64
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from webapp import clock
from webapp.auth import Actor, current_actor, require
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.models import Ticket

VIEWS = ("mine", "unassigned", "all", "waiting", "risk", "breached", "snoozed", "done", "trash")
COUNTED = ("mine", "unassigned", "all", "waiting", "risk", "breached", "snoozed", "trash")
RISK = timedelta(minutes=30)
MOST_COUNTED = 1_000
"""A view is counted this far, so that counting costs the same however full it is."""


class Sort(NamedTuple):
    """An order: its columns, all in one direction, the last of them the number."""

    columns: tuple[Any, ...]
    is_descending: bool = False


SORTS = {
    "due": Sort((Ticket.due_rank, Ticket.wait_rank, Ticket.number)),
    "waiting": Sort((Ticket.wait_rank, Ticket.number)),
    "priority": Sort((Ticket.priority_rank, Ticket.wait_rank, Ticket.number)),
    "newest_activity": Sort((Ticket.updated_at, Ticket.number), is_descending=True),
    "oldest_activity": Sort((Ticket.updated_at, Ticket.number)),
    "newest": Sort((Ticket.number,), is_descending=True),
    "oldest": Sort((Ticket.number,)),
    "snooze": Sort((Ticket.snoozed_until, Ticket.number)),
}
DEFAULT_SORT = {"done": "newest", "trash": "newest", "snoozed": "snooze"}


def kept() -> sa.ColumnElement[bool]:
    """Tickets that are not in the trash: the only ones that lists, queues and search know."""
    return Ticket.deleted_at.is_(None)


def _members(view: str, actor: Actor) -> list[sa.ColumnElement[bool]]:
    shelf = view if view in ("done", "snoozed", "trash") else "queue"
    found = [Ticket.workspace_id == actor.workspace_id, Ticket.shelf == shelf]
    if view == "mine":
        found.append(Ticket.assigned_agent_id == actor.id)
    elif view == "unassigned":
        found.append(Ticket.assigned_agent_id.is_(None))
    elif view == "waiting":
        found.append(Ticket.pending_on == "customer")
    elif view == "risk":
        found += [Ticket.due_rank > clock.now(), Ticket.due_rank <= clock.now() + RISK]
    elif view == "breached":
        found.append(Ticket.due_rank <= clock.now())
    return found


def _require(view: str, actor: Actor) -> None:
    require(actor, "ticket:restore" if view == "trash" else "ticket:read")


def chosen_sort(view: str, wanted: Any) -> str:
    """The order a person wants, for the views that have none of their own."""
    own = DEFAULT_SORT.get(view)
    return own or (wanted if wanted in SORTS and wanted != "snooze" else "due")


def list_tickets(
    view: str,
    *,
    sort: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
    actor: Actor | None = None,
) -> tuple[list[Ticket], str | None]:
    """A page of a view and the cursor of the next.

    Without a sort: the next deadline first (those that have passed before all), then who waits longest;
    `snoozed` by the time they wake, `done` and `trash` newest first. Raises `Invalid` for a cursor that is
    not of this order, `Forbidden` for a view that the actor may not see.
    """
    actor = actor or current_actor()
    _require(view, actor)
    name = sort or DEFAULT_SORT.get(view, "due")
    if name == "snooze" and view != "snoozed":
        raise Invalid.field("sort", "Only snoozed tickets have a time to wake", where="query")
    return page_of(_members(view, actor), sort=name, cursor=cursor, limit=limit)


def list_every_ticket(
    *, sort: str = "newest", cursor: str | None = None, limit: int = 50, actor: Actor | None = None
) -> tuple[list[Ticket], str | None]:
    """A page of all tickets but those in the trash, on whatever shelf, and the cursor of the next."""
    actor = actor or current_actor()
    require(actor, "ticket:read")
    if sort == "snooze":
        raise Invalid.field("sort", "Only snoozed tickets have a time to wake", where="query")
    return page_of([Ticket.workspace_id == actor.workspace_id, kept()], sort=sort, cursor=cursor, limit=limit)


def page_of(
    conditions: list[sa.ColumnElement[bool]], *, sort: str, cursor: str | None = None, limit: int = 50
) -> tuple[list[Ticket], str | None]:
    """A page of the tickets that fulfil conditions, and the cursor of the next.

    Raises `Invalid` for a cursor that is not of this order.
    """
    order = SORTS[sort]
    query = sa.select(Ticket).where(*conditions).options(sa.orm.joinedload(Ticket.customer))
    query = query.order_by(*(column.desc() if order.is_descending else column for column in order.columns))
    if cursor:
        here, place = sa.tuple_(*order.columns), _open_cursor(cursor, sort, order)
        query = query.where(here < place if order.is_descending else here > place)
    found = list(db.session.scalars(query.limit(limit + 1)))
    page = found[:limit]
    return page, _cursor(sort, order, page[-1]) if len(found) > limit else None


def _cursor(name: str, order: Sort, ticket: Ticket) -> str:
    values = [getattr(ticket, column.key) for column in order.columns]
    place = [name, *(value.isoformat() if isinstance(value, datetime) else value for value in values)]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _open_cursor(cursor: str, name: str, order: Sort) -> Any:
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(place, list) or place[0] != name or len(place) != len(order.columns) + 1:
            raise ValueError
        pairs = zip(order.columns, place[1:], strict=True)
        return sa.tuple_(*(_value(column, value) for column, value in pairs))
    except (ValueError, TypeError, LookupError, OverflowError):
        raise Invalid.field("cursor", "This is no cursor of ours", where="query") from None


def _value(column: Any, value: Any) -> Any:
    if isinstance(column.type, sa.Integer):
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
            raise ValueError
        return value
    moment = datetime.fromisoformat(value)
    return sa.bindparam(None, moment.replace(tzinfo=moment.tzinfo or UTC), type_=column.type)


def count_views(*, actor: Actor | None = None) -> dict[str, int]:
    """How many tickets lie in each view but `done`, counted up to a thousand."""
    actor = actor or current_actor()
    views = [view for view in COUNTED if view != "trash" or actor.may("ticket:restore")]
    counts = db.session.execute(sa.select(*(_count(view, actor) for view in views))).one()
    return dict.fromkeys(COUNTED, 0) | dict(zip(views, counts, strict=True))


def _count(view: str, actor: Actor) -> Any:
    some = sa.select(Ticket.id).where(*_members(view, actor)).limit(MOST_COUNTED).subquery()
    return sa.select(sa.func.count()).select_from(some).scalar_subquery().label(view)


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
