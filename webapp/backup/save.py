"""Making a backup, while Parley runs."""

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webapp import clock
from webapp.backup import postgresql, sqlite
from webapp.backup.archive import FILES, BackupError, Writer
from webapp.config import VERSION, Settings


@dataclass(frozen=True)
class Saved:
    """A backup that was made: where, and how much is in it."""

    path: Path
    revision: str
    rows: int
    files: int


def save(settings: Settings, path: Path | None = None) -> Saved:
    """Backs up the database and the files into one archive, by default in `INSTANCE_PATH/backups`.

    Raises `BackupError`; then there is no archive.
    """
    path = path or default_path(settings)
    with Writer(path) as archive:
        # A file is written before the row that names it is committed, and removed after that is gone:
        # whatever the database knows at its moment was there before, or is there after.
        _add_files(settings, archive)
        facts = _dump(settings, archive)
        _add_files(settings, archive)
        archive.finish(
            {
                "program": VERSION,
                "made_at": clock.iso(clock.now()),
                "database": "sqlite" if settings.is_sqlite else "postgresql",
                "key": key_mark(settings),
                **facts,
            }
        )
    files = sum(name.startswith(FILES) for name in archive.parts)
    return Saved(path, facts["revision"], sum(facts["tables"].values()), files)


def default_path(settings: Settings) -> Path:
    """A name of its own in the instance's folder for backups, which is made for its owner alone."""
    folder = settings.instance_path / "backups"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"parley-{clock.now():%Y%m%dT%H%M%SZ}.zip"


def key_mark(settings: Settings) -> str:
    """Tells one SECRET_KEY from another, and nothing about it."""
    return hmac.new(settings.secret_key.encode(), b"parley.backup", hashlib.sha256).hexdigest()[:16]


def _dump(settings: Settings, archive: Writer) -> dict[str, Any]:
    if settings.is_sqlite:
        facts = sqlite.dump(settings.database_url, archive)
    else:
        with postgresql.as_owner(settings.database_url) as connection:
            facts = postgresql.dump(connection, archive)
    if not facts["revision"]:
        raise BackupError("There is no Parley in this database")
    return facts


def _add_files(settings: Settings, archive: Writer) -> None:
    """Adds every stored file that isn't in the archive yet."""
    for path in sorted((settings.instance_path / "files").glob("??/*")):
        name = f"{FILES}{path.parent.name}/{path.name}"
        if path.suffix or name in archive.parts:  # `.part`: somebody is still writing it
            continue
        try:
            archive.add_file(name, path, packed=False)
        except FileNotFoundError:  # removed meanwhile, so its row was, too
            continue
