"""Every secret that is sealed in the database, when SECRET_KEY changes.

A sealed column is called `…_box`, and so is what is sealed in a workspace's settings: so they are found.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import sqlalchemy as sa

from webapp.database import Base
from webapp.models import IdempotentAnswer, Workspace
from webapp.signing import reseal

BATCH = 100
Begin = Callable[[], AbstractContextManager[sa.Connection]]


class Count:
    """How many secrets there are, and how many no known key opens."""

    def __init__(self) -> None:
        self.sealed = self.lost = 0

    def again(self, box: str) -> str:
        """The secret sealed by today's key; one that no key opens stays as it is."""
        self.sealed += 1
        try:
            return reseal(box)
        except ValueError:
            self.lost += 1
            return box


def boxes() -> Iterator[tuple[Any, Any]]:
    """Each table and column that holds sealed secrets."""
    for table in Base.metadata.sorted_tables:
        yield from ((table, column) for column in table.columns if column.name.endswith("_box"))
    answers: Any = IdempotentAnswer.__table__
    yield answers, answers.c.body


def reseal_all(begin: Begin) -> Count:
    """Seals every secret by today's key, a few rows in each transaction that `begin()` opens as the owner."""
    count = Count()
    for table, column in boxes():
        identity = next(iter(table.primary_key.columns))
        last = None
        while (last := _reseal_some(begin, identity, column, last, count)) is not None:
            pass
    with begin() as connection:
        for row in connection.execute(sa.select(Workspace.id, Workspace.settings).with_for_update()):
            changed = sa.update(Workspace).where(Workspace.id == row.id)
            connection.execute(changed.values(settings=_within(row.settings, count)))
    return count


def _reseal_some(begin: Begin, identity: Any, column: Any, after: Any, count: Count) -> Any:
    """Some rows from the one after the last; the last of them, None where there are no more."""
    full = (
        sa.select(identity, column).where(column.is_not(None), column != "").order_by(identity).limit(BATCH)
    )
    with begin() as connection:
        rows = connection.execute(full.where(identity > after) if after is not None else full).all()
        for key, box in rows:
            mine = sa.update(column.table).where(
                identity == key, column == box
            )  # unless it is another one now
            if (again := count.again(box)) != box:
                connection.execute(mine.values({column.name: again}))
    return rows[-1][0] if rows else None


def _within(value: Any, count: Count) -> Any:
    """A workspace's settings with what is sealed in them sealed anew."""
    if not isinstance(value, dict):
        return value
    return {
        name: count.again(one)
        if name.endswith("_box") and one and isinstance(one, str)
        else _within(one, count)
        for name, one in value.items()
    }
