"""Restoring a backup into an empty place: all of it or nothing."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from webapp import migration
from webapp.backup import postgresql, sqlite
from webapp.backup.archive import FILES, BackupError, Reader
from webapp.backup.save import key_mark
from webapp.config import Settings

Finish = Callable[[sa.Connection], Any]


@dataclass(frozen=True)
class Restored:
    """What is there now."""

    revision: str
    rows: int
    files: int
    made_at: str
    same_key: bool


def restore(settings: Settings, path: Path, finish: Finish) -> Restored:
    """Restores an archive, checks its sums, revision and counts, and brings it to this program's schema.

    `finish`: what else has to be done, by the tables' owner in the same unit of work. Raises `BackupError`
    and leaves the place as it was.
    """
    with Reader(path) as archive:
        _check_fits(settings, archive)
        with _files(settings, archive) as put_in_place:
            if settings.is_sqlite:
                _restore_sqlite(settings, archive, finish, put_in_place)
            else:
                _restore_postgresql(settings, archive, finish, put_in_place)
        manifest = archive.manifest
        rows = sum(manifest["tables"].values())
        same_key = manifest["key"] == key_mark(settings)
        return Restored(migration.head_revision(), rows, len(archive.files), manifest["made_at"], same_key)


def _check_fits(settings: Settings, archive: Reader) -> None:
    kind, revision = archive.manifest["database"], archive.manifest["revision"]
    if kind != ("sqlite" if settings.is_sqlite else "postgresql"):
        raise BackupError(f"This is a backup of {kind}; DATABASE_URL names another kind")
    if not migration.is_known(revision):
        program = archive.manifest["program"]
        raise BackupError(
            f"This backup was made by a newer program, {program} at {revision}: restore it with that"
        )


# --- files ----------------------------------------------------------------------------------------


@contextmanager
def _files(settings: Settings, archive: Reader) -> Iterator[Callable[[], None]]:
    """The files beside their place; the call that is given puts them there."""
    place = settings.instance_path / "files"
    if place.exists() and any(place.rglob("*")):
        raise BackupError(f"{place} is not empty: a backup is restored into an empty place only")
    settings.instance_path.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".restore-", dir=settings.instance_path))
    try:
        for name in archive.files:
            target = aside / name.removeprefix(FILES)
            target.parent.mkdir(exist_ok=True)
            archive.extract(name, target)
        yield lambda: _move(aside, place)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _move(aside: Path, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    aside.rename(place)


# --- SQLite ---------------------------------------------------------------------------------------


def _restore_sqlite(
    settings: Settings, archive: Reader, finish: Finish, put_files: Callable[[], None]
) -> None:
    place = sqlite.database_file(settings.database_url)
    if place.exists():
        raise BackupError(f"{place} is there already: a backup is restored into an empty place only")
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=place.parent) as folder:
        aside = Path(folder) / place.name
        sqlite.load(archive, aside)
        _check_counts(archive, sqlite.counts(aside))
        beside = replace(settings, database_url=f"sqlite:///{aside}")
        migration.upgrade(beside)
        engine = migration.owner_engine(beside.database_url)
        with engine.begin() as connection:
            finish(connection)
        engine.dispose()
        put_files()
        aside.rename(place)


def _check_counts(archive: Reader, found: dict[str, int]) -> None:
    for name, rows in archive.manifest["tables"].items():
        if found.get(name) != rows:
            raise BackupError(f"{name} has {found.get(name)} rows, not the {rows} of the backup")


# --- PostgreSQL -----------------------------------------------------------------------------------


def _restore_postgresql(
    settings: Settings, archive: Reader, finish: Finish, put_files: Callable[[], None]
) -> None:
    with postgresql.empty_place(settings.database_url) as connection:
        migration.upgrade(settings, archive.manifest["revision"], connection=connection)
        postgresql.load(connection, archive)
        _check_counts(archive, postgresql.counts(connection, archive.manifest["tables"]))
        migration.upgrade(settings, connection=connection)
        finish(connection)
        put_files()
