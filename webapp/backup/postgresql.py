"""PostgreSQL's half: every table by COPY inside one snapshot, and back into a schema made by the migrations.

Why not pg_dump: docs/adr/0011-backups-by-copy.md.
"""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg2
import sqlalchemy as sa

from webapp.backup.archive import BackupError, Reader, Writer
from webapp.migration import SERVING_LOCK, current_revision_of, owner_engine

VERSION_TABLE = "alembic_version"
_FOREIGN_KEYS = sa.text(
    "SELECT conrelid::regclass::text AS name, conname, pg_get_constraintdef(oid) AS definition "
    "FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
)
_ALONE = f"SELECT pg_try_advisory_xact_lock({SERVING_LOCK})"
_SEQUENCES = sa.text(
    "SELECT sequencename, last_value FROM pg_sequences "
    "WHERE schemaname = current_schema() AND last_value IS NOT NULL"
)


@contextlib.contextmanager
def as_owner(url: str) -> Iterator[sa.Connection]:
    """One transaction of the tables' owner. What PostgreSQL refuses becomes a `BackupError`."""
    engine = owner_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    except (sa.exc.DBAPIError, psycopg2.Error) as error:
        said = str(getattr(error, "orig", error)).strip() or type(error).__name__
        raise BackupError(f"PostgreSQL refuses: {said.splitlines()[0]}") from None
    finally:
        engine.dispose()


def dump(connection: sa.Connection, archive: Writer) -> dict[str, Any]:
    """Puts every table into an archive, all as of one moment; what the manifest says of them."""
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    see_everything(connection)
    columns = _columns(connection)
    if VERSION_TABLE not in columns:
        raise BackupError("There is no Parley in this database")
    rows = {}
    for name in sorted(columns.keys() - {VERSION_TABLE}):
        with archive.part(f"tables/{name}") as target, _cursor(connection) as cursor:
            cursor.copy_expert(f"COPY {_quoted(name, columns[name])} TO STDOUT", target)
        rows[name] = target.lines  # a line break inside a value is written as \n
    return {
        "revision": current_revision_of(connection),
        "tables": rows,
        "columns": {name: columns[name] for name in rows},
        # Last: sequences stand outside the snapshot, and may only be too far ahead.
        "sequences": {row.sequencename: row.last_value for row in connection.execute(_SEQUENCES)},
    }


def load(connection: sa.Connection, archive: Reader) -> None:
    """Fills the tables that the migrations have made. Raises `BackupError` if they are others."""
    see_everything(connection)
    manifest, columns = archive.manifest, _columns(connection)
    for name, kept in manifest["columns"].items():
        if set(kept) != set(columns.get(name, ())):
            raise BackupError(
                f"The backup's table {name} has other columns than revision {manifest['revision']}"
            )
    with emptied(connection, manifest["columns"]):
        for name, kept in manifest["columns"].items():
            with archive.part(f"tables/{name}") as source, _cursor(connection) as cursor:
                cursor.copy_expert(f"COPY {_quoted(name, kept)} FROM STDIN", source)
    for name, last in manifest["sequences"].items():
        connection.execute(sa.text("SELECT setval(:name, :last)"), {"name": f'"{name}"', "last": last})


@contextlib.contextmanager
def emptied(connection: sa.Connection, names: Iterable[str]) -> Iterator[None]:
    """Tables without the rows that migrations make, to be filled in any order.

    Foreign keys are made again afterwards, which checks every row.
    """
    keys = connection.execute(_FOREIGN_KEYS).all()
    for key in keys:
        connection.exec_driver_sql(f'ALTER TABLE {key.name} DROP CONSTRAINT "{key.conname}"')
    connection.exec_driver_sql(f"TRUNCATE {', '.join(f'{chr(34)}{name}{chr(34)}' for name in names)}")
    yield
    for key in keys:
        connection.exec_driver_sql(f'ALTER TABLE {key.name} ADD CONSTRAINT "{key.conname}" {key.definition}')


@contextlib.contextmanager
def empty_place(url: str) -> Iterator[sa.Connection]:
    """One transaction in a database that has no table and that nobody serves; else `BackupError`."""
    with as_owner(url) as connection:
        if not connection.exec_driver_sql(_ALONE).scalar_one():
            raise BackupError("Parley serves this database: stop it first")
        if sa.inspect(connection).get_table_names():
            raise BackupError("The database is not empty: rows go into an empty one only")
        yield connection


def counts(connection: sa.Connection, names: Iterable[str]) -> dict[str, int]:
    """How many rows these tables have."""
    return {
        name: int(connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one())  # noqa: S608
        for name in names
    }


def see_everything(connection: sa.Connection) -> None:
    """Lets this transaction read every row, or nothing at all."""
    # The trap: whoever is not the owner reads only what a policy shows, and gets an empty backup without an
    # error. With this off PostgreSQL refuses instead.
    connection.exec_driver_sql("SET LOCAL row_security = off")
    for setting in ("statement_timeout = 0", "client_encoding = 'UTF8'", "datestyle = 'ISO'"):
        connection.exec_driver_sql(f"SET LOCAL {setting}")


def _columns(connection: sa.Connection) -> dict[str, list[str]]:
    """The stored columns of each table; those that are computed are computed again."""
    inspector = sa.inspect(connection)
    tables = inspector.get_multi_columns()
    return {
        name: [column["name"] for column in columns if "computed" not in column]
        for (_, name), columns in tables.items()
    }


@contextlib.contextmanager
def _cursor(connection: sa.Connection) -> Iterator[Any]:
    with contextlib.closing(connection.connection.cursor()) as cursor:
        yield cursor


def _quoted(name: str, columns: Iterable[str]) -> str:
    return f'"{name}" ({", ".join(f"{chr(34)}{column}{chr(34)}" for column in columns)})'
