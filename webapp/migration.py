"""The schema's version: upgrading it, and refusing to run beside another one."""

import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, pool

from webapp.config import ROOT, Settings


def owner_engine(url: str) -> sa.Engine:
    """An engine as the login itself, which owns the tables; one connection at a time."""
    engine = sa.create_engine(url, poolclass=pool.NullPool)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _connect(connection: sqlite3.Connection, _record: Any) -> None:
            connection.isolation_level = None
            connection.execute("PRAGMA busy_timeout=10000")

        @event.listens_for(engine, "begin")
        def _begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def alembic_config(settings: Settings) -> Config:
    """Alembic's configuration for these settings."""
    config = Config(str(ROOT / "migrations" / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("sqlalchemy.url", settings.database_url.replace("%", "%%"))
    config.attributes["database_role"] = settings.database_role
    return config


def upgrade(settings: Settings, revision: str = "head") -> None:
    """Brings the database to a revision; makes the SQLite file's folder if need be."""
    if settings.is_sqlite:
        Path(settings.instance_path).mkdir(parents=True, exist_ok=True)
    command.upgrade(alembic_config(settings), revision)


def downgrade(settings: Settings, revision: str) -> None:
    """Takes the database back to a revision."""
    command.downgrade(alembic_config(settings), revision)


def head_revision() -> str:
    """The revision this program's models need."""
    script = ScriptDirectory(str(ROOT / "migrations"))
    return str(script.get_current_head())


def current_revision(settings: Settings) -> str | None:
    """The revision the database is at; None before the first migration."""
    engine = owner_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


_ROLE = """
SELECT rolsuper OR rolbypassrls OR EXISTS (
  SELECT 1 FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user
) FROM pg_roles WHERE rolname = current_user
"""


def role_problem(engine: sa.Engine, settings: Settings) -> str | None:
    """Why row-level security would not hold for the app's connections, and what to run; None if it does."""
    if settings.is_sqlite:
        return None
    role = settings.database_role or "parley_app"
    login = sa.engine.make_url(settings.database_url).username or "<the login of DATABASE_URL>"
    cure = (
        f'As an administrator of the database run\n  CREATE ROLE "{role}" NOLOGIN;\n'
        f'  GRANT "{role}" TO "{login}";\nand start again.'
    )
    try:
        with engine.connect() as connection:
            bypasses = connection.exec_driver_sql(_ROLE).scalar()
    except sa.exc.ProgrammingError:
        return f"The login of DATABASE_URL may not take the role {role}. {cure}"
    if bypasses and not settings.allow_rls_bypass:
        return (
            "The app's database role would see every workspace: it owns the tables, is a superuser or has "
            f"BYPASSRLS. {cure} (ALLOW_RLS_BYPASS=1 starts anyway.)"
        )
    return None
