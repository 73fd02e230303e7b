"""From SQLite to an empty PostgreSQL database: every row of every table, compared before it is committed."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from webapp import migration
from webapp.backup import postgresql, sqlite
from webapp.backup.archive import BackupError
from webapp.backup.restore import Finish
from webapp.config import Settings
from webapp.database import Base

ROWS = 1000
Fill = Mapping[str, tuple[str, Callable[[Mapping[str, Any]], Any]]]
"""By table: a column that only PostgreSQL has a value in, and how to make it from a row."""


@dataclass
class Sum:
    """How many rows, and what is in them, whatever their order."""

    rows: int = 0
    content: int = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Counts one more row in."""
        text = json.dumps(_canonical(dict(row)), sort_keys=True, default=str)
        found = int.from_bytes(hashlib.sha256(text.encode()).digest())
        self.rows, self.content = self.rows + 1, (self.content + found) % 2**256


def move(settings: Settings, target: str, fill: Fill, finish: Finish) -> dict[str, int]:
    """Copies a SQLite database that nobody serves into an empty PostgreSQL one; the rows of each table.

    `target`: its URL. `finish`: what else has to be done there, in the same transaction. Raises
    `BackupError`; then the target is as empty as before. The SQLite file stays as it is.
    """
    _check(settings, target)
    there = replace(settings, database_url=target)
    with sqlite.left_alone(settings.database_url) as source, postgresql.empty_place(target) as connection:
        found, own = migration.current_revision_of(source), migration.head_revision()
        if found != own:
            raise BackupError(
                f"The SQLite database is at {found}: `wsgi.py migrate` brings it to {own} first"
            )
        migration.upgrade(there, connection=connection)
        postgresql.see_everything(connection)
        tables = Base.metadata.sorted_tables
        with postgresql.emptied(connection, [table.name for table in tables]):
            sums = {table.name: _copy(source, connection, table, fill) for table in tables}
        for table in tables:
            _compare(connection, table, sums[table.name], fill)
            _count_on(source, connection, table)
        finish(connection)
    return {name: found.rows for name, found in sums.items()}


def _check(settings: Settings, target: str) -> None:
    if not settings.is_sqlite:
        raise BackupError("DATABASE_URL must name the SQLite database to move")
    if not target.startswith("postgresql+"):
        raise BackupError("The target must begin with postgresql://")


def _copy(source: sa.Connection, target: sa.Connection, table: sa.Table, fill: Fill) -> Sum:
    counted = Sum()
    column, make = fill.get(table.name, ("", None))
    for part in _read(source, table):
        rows = [dict(row) for row in part]
        for row in rows:
            row.pop(column, None)
            counted.add(row)
            if make:
                row[column] = make(row)
        try:
            target.execute(table.insert(), rows)
        except sa.exc.DBAPIError as error:
            raise BackupError(f"{table.name}: {str(error.orig).strip().splitlines()[0]}") from None
    return counted


def _read(connection: sa.Connection, table: sa.Table) -> Iterator[Any]:
    found = connection.execute(sa.select(table), execution_options={"yield_per": ROWS})
    return found.mappings().partitions()


def _compare(connection: sa.Connection, table: sa.Table, expected: Sum, fill: Fill) -> None:
    found, column = Sum(), fill.get(table.name, ("",))[0]
    for part in _read(connection, table):
        for row in part:
            found.add({name: value for name, value in row.items() if name != column})
    if found != expected:
        raise BackupError(f"{table.name} has other rows than before: {found.rows:,} of {expected.rows:,}")


def _count_on(source: sa.Connection, target: sa.Connection, table: sa.Table) -> None:
    """Lets a sequence begin after every number that was ever given."""
    column = table.autoincrement_column
    if column is None or not isinstance(column.type, sa.Integer):
        return
    query = sa.text("SELECT pg_get_serial_sequence(:table, :column)")
    name = target.execute(query, {"table": table.name, "column": column.name}).scalar_one()
    if name is None:
        return
    last = source.execute(sa.select(sa.func.max(column))).scalar_one() or 0
    if source.execute(sa.text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")).scalar():
        kept = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :table")
        last = max(last, source.execute(kept, {"table": table.name}).scalar() or 0)
    if last:
        target.execute(sa.text("SELECT setval(:name, :last)"), {"name": name, "last": last})


def _canonical(value: Any) -> Any:
    """A value as JSON that is the same from both databases: JSONB gives 2.0 back as 2."""
    if isinstance(value, dict):
        return {name: _canonical(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
