"""Reading the log: filtered, newest first, by keyset."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from webapp.auth import Actor, current_actor, require
from webapp.database import read_only
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.models import AuditEntry
from webapp.schemas.audit import AREAS, DOORS, AuditQuery, names

BATCH = 500
MOST_PEOPLE = 200


def list_entries(query: AuditQuery, *, actor: Actor | None = None) -> tuple[list[AuditEntry], int | None]:
    """A page of the log, newest first, and the cursor of the next one. Raises `Invalid` for its filters."""
    require(actor or current_actor(), "audit:read")
    wanted = _matching(query)
    if query.cursor is not None:
        wanted = wanted.where(AuditEntry.seq < query.cursor)
    found = list(db.session.scalars(wanted.order_by(AuditEntry.seq.desc()).limit(query.limit + 1)))
    page = found[: query.limit]
    return page, page[-1].seq if len(found) > query.limit else None


def count_entries(query: AuditQuery, *, actor: Actor | None = None) -> int:
    """How many entries fit."""
    require(actor or current_actor(), "audit:read")
    return int(db.session.scalar(sa.select(sa.func.count()).select_from(_matching(query).subquery())) or 0)


def stream_entries(query: AuditQuery, *, actor: Actor | None = None) -> Iterator[AuditEntry]:
    """Everything that fits, oldest first, in short readings: an entry point of its own."""
    require(actor or current_actor(), "audit:read")
    wanted, last = _matching(query), 0
    while True:
        with read_only() as session:
            batch = wanted.where(AuditEntry.seq > last).order_by(AuditEntry.seq).limit(BATCH)
            rows = list(session.scalars(batch))
            session.expunge_all()
        yield from rows
        if len(rows) < BATCH:
            return
        last = rows[-1].seq


def who_acted(*, actor: Actor | None = None) -> list[tuple[uuid.UUID, str]]:
    """The people whom the log names, by name, as it last called them."""
    require(actor or current_actor(), "audit:read")
    query = (
        sa.select(AuditEntry.actor_id, sa.func.max(AuditEntry.actor_name))
        .where(AuditEntry.actor_id.is_not(None), AuditEntry.actor_kind == "user")
        .group_by(AuditEntry.actor_id)
        .order_by(sa.func.max(AuditEntry.actor_name))
        .limit(MOST_PEOPLE)
    )
    return [(row[0], row[1]) for row in db.session.execute(query)]


def _matching(query: AuditQuery) -> Any:
    wanted = sa.select(AuditEntry)
    for column, value in (
        (AuditEntry.actor_id, query.actor),
        (AuditEntry.subject_id, query.subject),
        (AuditEntry.door, _one_of("door", query.door, DOORS)),
        (AuditEntry.name, _one_of("name", query.name, names())),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    if query.area is not None:
        wanted = wanted.where(_in_area(_one_of("area", query.area, AREAS) or ""))
    if query.first is not None:
        wanted = wanted.where(AuditEntry.at >= datetime.combine(query.first, time(), tzinfo=UTC))
    if query.last is not None:
        after = datetime.combine(query.last, time(), tzinfo=UTC) + timedelta(days=1)
        wanted = wanted.where(AuditEntry.at < after)
    return wanted.where(_says(query.text)) if query.text else wanted


def _one_of(field: str, value: str | None, known: Any) -> str | None:
    if value is not None and value not in known:
        raise Invalid.field(field, "There is no such choice", where="query")
    return value


def _in_area(area: str) -> Any:
    begins = AREAS[area][1]
    if not begins:
        return sa.not_(sa.or_(*(_in_area(other) for other, (_, named) in AREAS.items() if named)))
    return sa.or_(
        *(AuditEntry.name == name for name in begins if "." in name),
        *(AuditEntry.name.like(f"{noun}.%") for noun in begins if "." not in noun),
    )


def _says(text: str) -> Any:
    columns = (AuditEntry.actor_name, AuditEntry.subject, AuditEntry.changes, AuditEntry.address)
    return sa.or_(*(column.icontains(text.strip(), autoescape=True) for column in columns))
