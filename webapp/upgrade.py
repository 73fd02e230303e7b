"""The schema at the start of a program: migrated after a copy was kept, or left as a newer one made it."""

import logging
import sqlite3
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa

from webapp import clock, migration
from webapp.backup import BackupError, sqlite
from webapp.config import VERSION, ConfigError, Settings

log = logging.getLogger("parley")

KEPT = 3


def bring_up_to_date(settings: Settings) -> None:
    """Migrates the database to this program's schema; a SQLite file is copied before.

    A newer schema is left as it is, so that old processes can be started again while new ones take over.
    Raises `ConfigError` where it needs a newer program, or where there is no room for the copy.
    """
    found = _revision(settings)
    if found and not migration.is_known(found):
        _check_may_serve(settings, found)
        return
    if settings.is_sqlite and found and found != migration.head_revision():
        keep_copy(settings, found)
    migration.upgrade(settings)


def keep_copy(settings: Settings, revision: str) -> Path:
    """Copies the SQLite file into the folder for backups, beside the last few; where the copy is."""
    folder = settings.instance_path / "backups"
    target = folder / f"before-migration-{clock.now():%Y%m%dT%H%M%S%f}-from-{revision}.db"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sqlite.copy(sqlite.database_file(settings.database_url), target)
    except (OSError, sqlite3.Error, BackupError) as error:
        with suppress(OSError):
            target.unlink()
        raise ConfigError([f"the database cannot be copied before it is migrated: {error}"]) from None
    for old in sorted(folder.glob("before-migration-*.db"))[:-KEPT]:
        old.unlink()
    log.info("the database is migrated from %s; as it was it lies in %s", revision, target)
    return target


def _revision(settings: Settings) -> str | None:
    if settings.is_sqlite and not sqlite.database_file(settings.database_url).exists():
        return None
    return migration.current_revision(settings)


def _check_may_serve(settings: Settings, revision: str) -> None:
    engine = migration.owner_engine(settings.database_url)
    with engine.connect() as connection:
        least = connection.execute(sa.text("SELECT least_program FROM installation")).scalar_one()
    engine.dispose()
    own = migration.head_revision()
    if least > own:
        needs = f"the database is at {revision} and needs a program that knows {least}"
        cure = "start the newer one, or restore a backup of before"
        raise ConfigError([f"{needs}; this one, {VERSION}, knows {own}: {cure}"])
    log.info("the database is at %s, newer than this program's %s, which may still serve it", revision, own)
