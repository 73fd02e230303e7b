"""What a dry run has seen of a file: a table on disk, so that it takes no more memory for a million rows."""

import sqlite3
import tempfile
from types import TracebackType


class Seen:
    """Ids by subject. A context manager; gone with it."""

    def __enter__(self) -> "Seen":
        self._folder = tempfile.TemporaryDirectory(prefix="parley-import-")
        self._base = sqlite3.connect(f"{self._folder.name}/seen.db", isolation_level=None)
        self._base.execute("PRAGMA journal_mode = OFF")
        self._base.execute("PRAGMA synchronous = OFF")
        self._base.execute(
            "CREATE TABLE seen (subject TEXT, id TEXT, PRIMARY KEY (subject, id)) WITHOUT ROWID"
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._base.close()
        self._folder.cleanup()

    def add(self, subject: str, external_id: str) -> bool:
        """Notes an id; whether it is new."""
        adding = "INSERT OR IGNORE INTO seen VALUES (?, ?)"
        return self._base.execute(adding, (subject, external_id)).rowcount == 1

    def has(self, subject: str, external_id: str) -> bool:
        """Whether the file had it so far."""
        query = "SELECT 1 FROM seen WHERE subject = ? AND id = ?"
        return self._base.execute(query, (subject, external_id)).fetchone() is not None
