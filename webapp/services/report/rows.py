"""Behind a figure: the measured rows it counts, a page at a time. Their total is the figure's n."""

import base64
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from webapp.auth import Actor
from webapp.errors import Invalid
from webapp.models import Measurement, Ticket
from webapp.models.ticket import FAR
from webapp.schemas.report import Cell, Scope
from webapp.services.report.engine import population_of
from webapp.services.report.figures import Report, metric_named, open_report
from webapp.services.report.sql import ROW

PAGE = 50
BATCH = 1000
EVERYTHING = Cell()


@dataclass(frozen=True)
class MeasuredRow:
    """One row that a figure counts.

    `value`: in seconds, what was timed; of a broken promise how late it is (up to now while it is not kept);
    of the backlog its age. `is_counted`: of a share, whether it is part of it. `agent`, `team`, …: names.
    """

    at: datetime | None
    ticket_id: uuid.UUID
    kind: str
    instance: int
    number: int
    title: str
    until: datetime | None
    value: int | None
    is_counted: bool | None
    outcome: str | None
    target_seconds: int | None
    agent_id: uuid.UUID | None
    team_id: uuid.UUID | None
    inbox_id: uuid.UUID | None
    policy_id: uuid.UUID | None
    channel: str
    priority: str
    tier: str
    agent: str | None = None
    team: str | None = None
    inbox: str | None = None
    policy: str | None = None


@dataclass(frozen=True)
class RowPage:
    """Some of the rows, the newest first; `total`: all there are; `cursor`: asks for those after these."""

    rows: list[MeasuredRow]
    total: int
    cursor: str | None


def rows(
    metric: str,
    scope: Scope,
    cursor: str | None = None,
    *,
    cell: Cell = EVERYTHING,
    limit: int = PAGE,
    session: Any = None,
    actor: Actor | None = None,
) -> RowPage:
    """The rows behind a figure, or behind a cell of it. Raises `Invalid` for a cursor not made here."""
    behind = Behind(metric, open_report(scope, session=session, actor=actor), cell)
    found = behind.page(open_cursor(cursor) if cursor else None, limit + 1)
    more = write_cursor(found[limit - 1]) if len(found) > limit else None
    return RowPage(found[:limit], behind.total(), more)


class Behind:
    """The rows of a metric in a report, or in a cell of one of its figures."""

    def __init__(self, metric: str, report: Report, cell: Cell = EVERYTHING) -> None:
        self.metric, self.report, self.cell = metric_named(metric), report, cell
        if cell.bin is not None and cell.bin not in range(len(self.metric.bins) + bool(self.metric.bins)):
            raise Invalid.field("bin", "There is no such bar", where="query")
        self.engine, self.frame = report.engine, report.frame
        self.population = population_of(self.metric, report.scope)
        self.closes = min(cell.bucket_end or self.frame.end, self.frame.after_now)
        self.is_level = self.metric.aggregate == "level"
        self.about = [self._when(), *self._in_cell()]
        # What still runs may have no deadline: a paused promise goes last in time, so first in the list.
        is_open = self.metric.aggregate == "now"
        self.at = sa.func.coalesce(ROW.at, self.engine.moment(FAR)) if is_open else ROW.at

    def _when(self) -> Any:
        if self.metric.aggregate == "now":
            return sa.or_(*self.engine.running())
        if self.metric.aggregate == "level":
            return sa.or_(*self.engine.lasting(self.closes))
        start = self.cell.bucket_start or self.frame.start
        return sa.and_(ROW.at >= self.engine.moment(start), ROW.at < self.engine.moment(self.closes))

    def _in_cell(self) -> Iterator[Any]:
        if self.cell.bin is not None:
            yield self._bin() == self.cell.bin
        if self.cell.weekday is not None and self.cell.hour is not None:
            yield self.engine.hour_of_week() == self.cell.weekday * 24 + self.cell.hour

    def _bin(self) -> Any:
        if self.metric.aggregate == "level":
            return self.engine.age_bin(self.closes, self.metric.bins)
        return self.engine.bin_of(self.population, self.metric.bins)

    def total(self) -> int:
        """How many there are."""
        table = Measurement.__table__
        query = sa.select(sa.func.count()).select_from(table)
        query = query.where(*self.engine.of(self.population), *self.about)
        return int(self.engine.fetch(query, by_index=self.is_level)[0][0])

    def page(self, after: tuple[Any, ...] | None, limit: int) -> list[MeasuredRow]:
        """So many of them, the newest first, beginning after a place."""
        kinds = [self._newest(kind, after, limit) for kind in self.population.kinds]
        several = sa.union_all(*(sa.select(one.subquery()) for one in kinds)).subquery("several").c
        newest = kinds[0]
        if len(kinds) > 1:
            newest = sa.select(several).order_by(several.place.desc(), *_falling(several)).limit(limit)
        taken = newest.subquery("taken").c
        ticket = Ticket.__table__.c
        columns = [ticket[n] if n in ("number", "title") else taken[n] for n in NAMES]
        its = sa.and_(ticket.workspace_id == self.engine.here, ticket.id == taken.ticket_id)
        query = sa.select(*columns).join_from(taken.ticket_id.table, ticket.id.table, its)
        query = query.order_by(taken.place.desc(), *_falling(taken))
        return [self._named(row) for row in self.engine.fetch(query, by_index=self.is_level)]

    def _newest(self, kind: str, after: tuple[Any, ...] | None, limit: int) -> Any:
        """Those of one kind: an index has them in order, which it has not of several."""
        query = sa.select(*self._columns()).where(
            *self.engine.of(self.population._replace(kinds=(kind,))), *self.about
        )
        if after is not None:
            place = sa.tuple_(self.at, ROW.ticket_id, ROW.kind, ROW.instance)
            query = query.where(place < sa.tuple_(*after, types=[c.type for c in PLACE]))
        return query.order_by(self.at.desc(), *_falling(ROW)).limit(limit)

    def _columns(self) -> Iterator[Any]:
        yield self.at.label("place")
        for name in NAMES:
            if name == "value":
                yield self._value().label(name)
            elif name == "is_counted":
                yield self.engine.counts(self.population.counted).label(name)
            elif name not in ("number", "title"):
                yield ROW[name]

    def _value(self) -> Any:
        if self.population.column:
            return ROW[self.population.column]
        if self.metric.aggregate == "level":
            return self.engine.since(ROW.at, self.engine.moment(self.closes))
        if self.population.which in ("breached", "settled") and self.metric.name != "escalated_saved":
            return sa.case((ROW.outcome == "breached", self.engine.lateness()))
        return sa.null()

    def _named(self, row: tuple[Any, ...]) -> MeasuredRow:
        found = dict(zip(NAMES, row, strict=True))
        found["is_counted"] = bool(found["is_counted"]) if self.population.counted else None
        for name in NAMED:
            key = found[f"{name}_id"]
            found[name] = self.report.labels(name).get(str(key), "Removed") if key else None
        return MeasuredRow(**found)


def open_cursor(cursor: str) -> tuple[Any, ...]:
    """The place that a cursor says. Raises `Invalid` for one that is none of ours."""
    try:
        at, ticket, kind, instance = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return datetime.fromisoformat(at).astimezone(UTC), uuid.UUID(ticket), str(kind), int(instance)
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise Invalid.field("cursor", "This is no place in the list", where="query") from None


def place_of(row: MeasuredRow) -> tuple[Any, ...]:
    """Where in the list a row stands."""
    return row.at or FAR, row.ticket_id, row.kind, row.instance


def write_cursor(row: MeasuredRow) -> str:
    """The place of a row, as it goes into a URL."""
    at, ticket_id, *rest = place_of(row)
    place = [at.isoformat(), ticket_id.hex, *rest]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _falling(columns: Any) -> Iterator[Any]:
    """What orders rows of one moment."""
    return (columns[c.name].desc() for c in PLACE[1:])


NAMED = ("agent", "team", "inbox", "policy")
NAMES = [field.name for field in fields(MeasuredRow) if field.name not in NAMED]
PLACE = (ROW.at, ROW.ticket_id, ROW.kind, ROW.instance)
"""What orders rows: where a page ended."""
