"""Where files lie: on disk, under random names."""

import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

_KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{40}")


class DiskStorage:
    """Files in a folder outside the web root. A key is random and says nothing of the file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def new_key(self) -> str:
        """A key nobody has."""
        name = secrets.token_hex(20)
        return f"{name[:2]}/{name}"

    def write(self, key: str, data: bytes) -> None:
        """Writes a file whole or not at all, and on the disk before it returns."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        try:
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.rename(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise

    def read(self, key: str) -> bytes:
        """A file's bytes. Raises `FileNotFoundError`."""
        return self._path(key).read_bytes()

    def delete(self, key: str) -> None:
        """Removes a file, if it is there."""
        self._path(key).unlink(missing_ok=True)

    def list_keys(self, before: float) -> Iterator[list[str]]:
        """The keys of files that were written before a time (Unix seconds), a folder of them at a time.

        What was left half-written then is removed.
        """
        for folder in sorted(self.folder.glob("??")):
            keys = []
            for path in folder.iterdir():
                if path.stat().st_mtime >= before:
                    continue
                if path.suffix == ".part":
                    path.unlink(missing_ok=True)
                elif _KEY.fullmatch(key := f"{folder.name}/{path.name}"):
                    keys.append(key)
            if keys:
                yield keys

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError("not a storage key")
        return self.folder / key
