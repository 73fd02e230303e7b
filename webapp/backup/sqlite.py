"""SQLite's half: a copy by `VACUUM INTO`, which sees one moment and hinders no writer."""

import fcntl
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from webapp.backup.archive import BackupError, Reader, Writer
from webapp.migration import owner_engine

PART = "database.sqlite"


def database_file(url: str) -> Path:
    """The file of a SQLite URL. Raises `BackupError` for a database that is none."""
    name = sa.engine.make_url(url).database
    if not name or name == ":memory:":
        raise BackupError("A database in memory cannot be backed up")
    return Path(name)


def copy(source: Path, target: Path) -> None:
    """A whole copy of the database as it is now, while it is in use; `target` must not exist."""
    target.touch(mode=0o600, exist_ok=False)  # else it is as open as the umask lets it be
    with closing(sqlite3.connect(f"file:{source}?mode=rw", uri=True, timeout=30)) as connection:
        connection.isolation_level = None
        connection.execute("VACUUM INTO ?", (str(target),))


@contextmanager
def left_alone(url: str) -> Iterator[sa.Connection]:
    """One transaction on a file that nobody serves or writes to meanwhile; else `BackupError`."""
    path = database_file(url)
    if not path.exists():
        raise BackupError(f"There is no database at {path}")
    with Path(f"{path}.lock").open("a+") as lock:  # what a serving process holds
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BackupError(f"Parley serves {path}: stop it first") from None
        engine = owner_engine(url)
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()


def dump(url: str, archive: Writer) -> dict[str, Any]:
    """Puts the database into an archive; what the manifest says of it."""
    source = database_file(url)
    if not source.exists():
        raise BackupError(f"There is no database at {source}")
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=archive.path.parent) as folder:
        copied = Path(folder) / PART
        copy(source, copied)
        facts = {"revision": revision(copied), "tables": counts(copied)}
        archive.add_file(PART, copied)
    return facts


def load(archive: Reader, target: Path) -> None:
    """Takes the database out of an archive into a new file, and checks it. Raises `BackupError`."""
    archive.extract(PART, target)
    with closing(sqlite3.connect(target)) as connection:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
        broken = connection.execute("PRAGMA foreign_key_check").fetchmany(5)
    if found != ["ok"] or broken:
        raise BackupError(f"The restored database is damaged: {'; '.join(found)} {broken or ''}")
    if revision(target) != archive.manifest["revision"]:
        raise BackupError(f"The restored database is at {revision(target)}, not as its manifest says")


def revision(path: Path) -> str | None:
    """The schema's revision."""
    with closing(sqlite3.connect(path)) as connection:
        try:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            return None
    return str(found[0]) if found else None


def counts(path: Path) -> dict[str, int]:
    """How many rows each table has."""
    query = "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main'"
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute(query) if not name.startswith("sqlite_")]
        return {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608
            for name in sorted(names)
        }
