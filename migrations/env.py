"""Alembic's environment: both dialects, as the owner of the tables and never as the app's own role."""

import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import context

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

import full_text  # noqa: E402

import webapp.models  # noqa: E402, F401 - fills the metadata
from webapp.database import Base  # noqa: E402
from webapp.migration import owner_engine  # noqa: E402

LOCK_SECONDS = 2


def render_item(kind: str, item: Any, autogen: Any) -> str | bool:
    """Custom types as plain SQLAlchemy, so that migrations never import the app."""
    if kind != "type":
        return False
    if type(item).__name__ == "UTCDateTime":
        return "sa.DateTime(timezone=True)"
    if type(item).__name__ == "JSON" and getattr(item, "_variant_mapping", None):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return "sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql')"
    return False


def run(connection: sa.Connection) -> None:
    """Runs the migrations in one transaction; SQLite's foreign keys are off around batch mode."""
    sqlite = connection.dialect.name == "sqlite"
    raw = connection.connection.dbapi_connection
    if sqlite:  # batch mode drops and makes tables again: with keys on, the drop cascades into their children
        raw.execute("PRAGMA foreign_keys=OFF")
    # Asked past SQLAlchemy, which would begin a transaction that Alembic then leaves to us.
    virtual = full_text.virtual_tables(raw) if sqlite else frozenset()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        transactional_ddl=True,
        render_item=render_item,
        include_name=lambda name, kind, _parents: kind != "table" or name not in virtual,
    )
    with context.begin_transaction():
        if not sqlite:  # who waits for a table makes everybody behind wait: rather give up and come again
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        before = context.get_context().get_current_heads()
        context.run_migrations()
        if context.get_context().get_current_heads() != before:
            full_text.check(connection)
        if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
            raise RuntimeError(f"foreign keys broken by the migration: {broken[:5]!r}")
    if sqlite:
        raw.execute("PRAGMA foreign_keys=ON")


def main() -> None:
    """Uses the connection given in the configuration's attributes, or opens one to its URL."""
    given = context.config.attributes.get("connection")
    if given is not None:
        run(given)
        return
    engine = owner_engine(context.config.get_main_option("sqlalchemy.url"))
    with engine.connect() as connection:
        run(connection)
    engine.dispose()


main()
