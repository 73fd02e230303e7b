"""The rows of an export: read in batches by ticket number, so that a million take no more memory than one."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from webapp import clock
from webapp.database import read_only
from webapp.models import Customer, Field, Inbox, Organization, Team, Ticket, User
from webapp.schemas.export import ExportIn

BATCH = 1000


class Column(NamedTuple):
    """A column: its heading and what stands in it."""

    heading: str
    source: Any


COLUMNS = (
    Column("number", Ticket.number),
    Column("id", Ticket.id),
    Column("title", Ticket.title),
    Column("status", Ticket.status),
    Column("priority", Ticket.priority),
    Column("channel", Ticket.channel),
    Column("category", Ticket.category),
    Column("tags", Ticket.tags),
    Column("customer_name", Customer.name),
    Column("customer_email", Customer.email),
    Column("customer_claimed_email", Customer.claimed_email),
    Column("customer_tier", Customer.tier),
    Column("company", Customer.company),
    Column("organization", Organization.name),
    Column("agent", User.name),
    Column("team", Team.name),
    Column("inbox", Inbox.name),
    Column("comments", Ticket.comment_count),
    Column("escalated", Ticket.escalated),
    Column("external_id", Ticket.external_id),
    Column("created_at", Ticket.created_at),
    Column("assigned_at", Ticket.assigned_at),
    Column("first_answer_at", Ticket.answered_at),
    Column("resolved_at", Ticket.resolved_at),
    Column("next_due_at", Ticket.next_due_at),
    Column("updated_at", Ticket.updated_at),
)


def field_keys() -> list[str]:
    """The keys of the workspace's own fields of tickets, in their order."""
    own = sa.select(Field.key).where(Field.target == "ticket", Field.archived_at.is_(None))
    with read_only() as session:
        return list(session.scalars(own.order_by(Field.position, Field.key)))


def headings(keys: list[str]) -> list[str]:
    """What stands above the columns: ours, then a `field.<key>` for each of the workspace's own."""
    return [*(column.heading for column in COLUMNS), *(f"field.{key}" for key in keys)]


def iter_rows(spec: ExportIn, keys: list[str] | None = None) -> Iterator[list[Any]]:
    """One list of plain values a ticket, in the order of `headings(keys)`; each batch is its own read."""
    query = _chosen(sa.select(*(column.source for column in COLUMNS), Ticket.fields), spec)
    query = (
        query.outerjoin(Customer, Customer.id == Ticket.customer_id)
        .outerjoin(Organization, Organization.id == Customer.organization_id)
        .outerjoin(User, User.id == Ticket.assigned_agent_id)
        .outerjoin(Team, Team.id == Ticket.team_id)
        .outerjoin(Inbox, Inbox.id == Ticket.inbox_id)
        .order_by(Ticket.number)
        .limit(BATCH)
    )
    last = 0
    while True:
        with read_only() as session:
            batch = [list(row) for row in session.execute(query.where(Ticket.number > last))]
        for *row, fields in batch:
            yield [_plain(value) for value in (*row, *(fields.get(key) for key in keys or ()))]
        if len(batch) < BATCH:
            return
        last = batch[-1][0]


def count_rows(spec: ExportIn) -> int:
    """How many tickets there are to write."""
    with read_only() as session:
        return int(session.scalar(_chosen(sa.select(sa.func.count(Ticket.id)), spec)) or 0)


def _chosen(query: Any, spec: ExportIn) -> Any:
    wanted = spec.filters
    query = query.select_from(Ticket)
    for column, chosen in (
        (Ticket.status, wanted.status),
        (Ticket.priority, wanted.priority),
        (Ticket.channel, wanted.channel),
    ):
        if chosen:
            query = query.where(column.in_(chosen))
    for column, one in (
        (Ticket.team_id, wanted.team_id),
        (Ticket.inbox_id, wanted.inbox_id),
        (Ticket.assigned_agent_id, wanted.assigned_agent_id),
    ):
        if one is not None:
            query = query.where(column == one)
    if spec.date_range.first:
        query = query.where(Ticket.created_at >= _midnight(spec.date_range.first))
    if spec.date_range.last:
        query = query.where(Ticket.created_at < _midnight(spec.date_range.last + timedelta(days=1)))
    return query


def _midnight(day: Any) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.iso(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)
