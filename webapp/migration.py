"""The schema's version: upgrading it, and refusing to run beside another one."""

import logging
import random
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, pool

from webapp.config import ROOT, Settings

log = logging.getLogger("parley")

TRIES = 100
IN_THE_WAY = {"55P03", "40P01"}
"""What PostgreSQL says when a lock is not free in time, and when two wait for each other."""


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


def upgrade(settings: Settings, revision: str = "head", *, connection: sa.Connection | None = None) -> None:
    """Brings the database to a revision; makes the SQLite file's folder if need be.

    `connection`: an open transaction of the tables' owner that this becomes a part of. Without one it makes
    way for people who work in the tables that it has to change, and begins again.
    """
    if settings.is_sqlite:
        Path(settings.instance_path).mkdir(parents=True, exist_ok=True)
    config = alembic_config(settings)
    config.attributes["connection"] = connection
    if connection is not None:
        command.upgrade(config, revision)
        return
    while not _upgraded(config, revision):
        time.sleep(random.uniform(0.1, 1))


def _upgraded(config: Config, revision: str) -> bool:
    """Whether a try went through; false if somebody's work was in the way, which goes on now."""
    tries = config.attributes["tries"] = config.attributes.get("tries", 0) + 1
    try:
        command.upgrade(config, revision)
    except sa.exc.OperationalError as error:
        if getattr(error.orig, "pgcode", None) not in IN_THE_WAY or tries == TRIES:
            raise
        log.warning("the migration made way for people at work; try %d", tries + 1)
        return False
    return True


def downgrade(settings: Settings, revision: str) -> None:
    """Takes the database back to a revision."""
    command.downgrade(alembic_config(settings), revision)


def head_revision() -> str:
    """The revision this program's models need."""
    return str(_scripts().get_current_head())


def current_revision(settings: Settings) -> str | None:
    """The revision the database is at; None before the first migration."""
    engine = owner_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            return current_revision_of(connection)
    finally:
        engine.dispose()


def current_revision_of(connection: sa.Connection) -> str | None:
    """The revision of the database behind a connection; None before the first migration."""
    return MigrationContext.configure(connection).get_current_revision()


def is_known(revision: str) -> bool:
    """Whether this program has that revision among its migrations."""
    return revision in {known.revision for known in _scripts().walk_revisions()}


def _scripts() -> ScriptDirectory:
    folder = str(ROOT / "migrations")
    if folder not in sys.path:  # migrations import what lies beside them, as `env.py` lets them
        sys.path.append(folder)
    return ScriptDirectory(folder)


SERVING_LOCK = 0x7061726C6579  # "parley"
"""The advisory lock that serving processes hold on a PostgreSQL database; the next one is for migrating."""

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
