"""Pieces of the queries that count measurements, in both dialects."""

import uuid
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from webapp.database import UTCDateTime
from webapp.models import Measurement
from webapp.models.measurement import BACKLOG
from webapp.schemas.report import NOBODY

Keyed = tuple[datetime, datetime, int]
ROW: Any = Measurement.__table__.c
OUTCOMES = {"met": ("met",), "breached": ("breached",), "settled": ("met", "breached")}


# --- stretches as a table -------------------------------------------------------------------------


class Asked(NamedTuple):
    """A stretch of time, and the kind of the rows that are asked for in it; `key` comes back with them."""

    start: datetime
    end: datetime
    kind: str
    key: int


LISTED = (("start", UTCDateTime), ("end", UTCDateTime), ("kind", sa.String), ("key", sa.Integer))


def asked_one() -> Any:
    """What is asked, as parameters: SQLite is asked for one after the other, which costs it nothing."""
    return Asked(*(sa.bindparam(name, None, type_=kind) for name, kind in LISTED))  # type: ignore[arg-type]


def asked_all(asked: Sequence[Asked]) -> tuple[Any, Any]:
    """What is asked as a table, and its columns: PostgreSQL answers all in one go."""
    columns = [sa.column(name, kind) for name, kind in LISTED]
    types = (sa.DateTime(timezone=True), sa.DateTime(timezone=True), sa.String, sa.Integer)
    lists = zip(zip(*asked, strict=True), types, strict=True)
    made = sa.func.unnest(*(sa.cast(list(values), postgresql.ARRAY(kind)) for values, kind in lists))
    each = made.table_valued(*columns, name="asked").render_derived()
    return each, each.c


# --- pieces of queries ----------------------------------------------------------------------------


def grouped(query: Any, groups: Sequence[Any]) -> Any:
    """A query whose first columns are `groups`, by these."""
    # By their places: one with parameters in it, said twice, is two different ones to PostgreSQL.
    return query.group_by(*(written(place) for place in range(1, len(groups) + 1)))


def percentiles(value: Any, *, is_sqlite: bool) -> list[Any]:
    """The median and the 90th percentile of a group; on SQLite what `ranked` finds them in."""
    if is_sqlite:
        return [sa.null(), sa.func.group_concat(value)]
    ranks = (sa.literal_column(part) for part in ("0.5", "0.9"))
    return [sa.func.percentile_disc(rank).within_group(value) for rank in ranks]


def ranked(rows: list[Any]) -> list[Any]:
    """Rows whose last column lists values, with two percentiles of these in the stead of the last two.

    In a thread and in small steps: sorting a million numbers at once would stop everybody.
    """
    return [(*row[:-2], *_ranks(row[-1] or "")) for row in rows]


def _ranks(listed: str) -> tuple[int | None, int | None]:
    found: Counter[str] = Counter()
    at = 0
    while at < len(listed):
        end = listed.find(",", at + STEP)
        end = len(listed) if end < 0 else end
        found.update(listed[at:end].split(","))
        at = end + 1
    counts = {int(value): count for value, count in found.items()}  # the same number comes often
    values = sorted(counts)
    upto = list(accumulate(counts[value] for value in values))
    if not values:
        return None, None
    median, p90 = (values[bisect_left(upto, (upto[-1] * percent + 99) // 100)] for percent in (50, 90))
    return median, p90


STEP = 20_000
"""So many characters of a list at a time."""


def whole(number: Any, by: int) -> Any:
    """Division of whole numbers, which both databases round down where nothing is below zero."""
    return sa.type_coerce(number, sa.BigInteger) // written(by)


def bin_number(value: Any, bins: Sequence[int]) -> Any:
    """The number of the first bound that a value is below; so many as there are bounds if below none."""
    cases = [(value < written(bound), written(place)) for place, bound in enumerate(bins)]
    return sa.case(*cases, else_=written(len(bins)))


def written(number: int) -> Any:
    return sa.literal_column(str(number), sa.Integer)


def is_met() -> Any:
    return ROW.outcome == "met"


def of_kind(kinds: tuple[str, ...]) -> Any:
    if kinds == (BACKLOG,):
        # In so many letters: an index for these alone is only used where the planner can read it.
        return ROW.kind == sa.literal_column(f"'{BACKLOG}'")
    return ROW.kind == kinds[0] if len(kinds) == 1 else ROW.kind.in_(kinds)


def any_of(column: Any, chosen: Sequence[str]) -> Any:
    if not isinstance(column.type, sa.Uuid):
        return column.in_(chosen)
    ids = [uuid.UUID(value) for value in chosen if value != NOBODY]
    conditions = [column.in_(ids)] if ids else []
    return sa.or_(*conditions, *([column.is_(None)] if NOBODY in chosen else []))
