"""A backup's file: a zip of parts, and a manifest that names each with its size and SHA-256."""

import hashlib
import io
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

FORMAT = 1
MANIFEST = "manifest.json"
MANIFEST_BYTES = 64 * 1024 * 1024
FILES = "files/"
_NAME = re.compile(r"database\.sqlite|tables/[a-z0-9_]+|files/[0-9a-f]{2}/[0-9a-f]{40}")
_CHUNK = 1024 * 1024


class BackupError(Exception):
    """Why there is no backup, or why it cannot be restored; nothing was changed."""


class Writer:
    """Writes an archive under a temporary name, for its owner alone; it gets its own when it is whole.

    `with Writer(path) as archive: …; archive.finish(facts)`. Without `finish` nothing stays behind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.parts: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        if self.path.exists():
            raise BackupError(f"{self.path} is there already")
        try:
            handle, name = tempfile.mkstemp(".part", f".{self.path.name}.", self.path.parent)  # mode 0600
        except OSError as error:
            raise BackupError(f"{self.path.parent} cannot be written to: {error.strerror}") from None
        self.partial = Path(name)
        self.file = os.fdopen(handle, "w+b")
        self.zip = zipfile.ZipFile(self.file, "w", allowZip64=True)
        return self

    @contextmanager
    def part(self, name: str, *, packed: bool = True) -> Iterator["Hashing"]:
        """A file-like object for one part's bytes; `packed`: compressed."""
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        entry.external_attr = 0o600 << 16
        with self.zip.open(entry, "w", force_zip64=True) as raw:
            hashing = Hashing(raw)
            yield hashing
        self.parts[name] = hashing.summary()

    def add_file(self, name: str, path: Path, *, packed: bool = True) -> None:
        """One part from a file."""
        with path.open("rb") as source, self.part(name, packed=packed) as target:
            while chunk := source.read(_CHUNK):
                target.write(chunk)

    def finish(self, facts: dict[str, Any]) -> None:
        """Writes the manifest, sees to it that all is on the disk, and gives the archive its name."""
        manifest = {"format": FORMAT, **facts, "parts": self.parts}
        self.zip.writestr(MANIFEST, json.dumps(manifest, indent=1), zipfile.ZIP_DEFLATED)
        self.zip.close()
        self.file.flush()
        os.fsync(self.file.fileno())
        self.partial.rename(self.path)

    def __exit__(self, *_error: object) -> None:
        with suppress(OSError, ValueError):  # it ends the archive, for which there may be no room
            self.zip.close()
        self.file.close()
        self.partial.unlink(missing_ok=True)


class Hashing:
    """Bytes on their way in or out, counted and summed."""

    def __init__(self, raw: Any) -> None:
        self.raw, self.sum, self.bytes, self.lines = raw, hashlib.sha256(), 0, 0

    def write(self, data: bytes | str) -> int:
        """As a file's; text becomes UTF-8."""
        data = data.encode() if isinstance(data, str) else data
        self._count(data)
        self.raw.write(data)
        return len(data)

    def read(self, size: int = -1) -> bytes:
        """As a file's."""
        data: bytes = self.raw.read(size)
        self._count(data)
        return data

    def _count(self, data: bytes) -> None:
        self.sum.update(data)
        self.bytes += len(data)
        self.lines += data.count(b"\n")

    def summary(self) -> dict[str, Any]:
        """What the manifest says of it."""
        return {"bytes": self.bytes, "sha256": self.sum.hexdigest()}


class Reader:
    """Reads an archive, and trusts it no further than its sums."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        try:
            self.zip = zipfile.ZipFile(self.path)
        except (OSError, zipfile.BadZipFile) as error:
            raise BackupError(f"{self.path} is no backup: {error}") from None
        self.manifest = self._read_manifest()
        return self

    def _read_manifest(self) -> dict[str, Any]:
        try:
            with self.zip.open(MANIFEST) as file:
                manifest: dict[str, Any] = json.loads(file.read(MANIFEST_BYTES))
            parts = set(manifest["parts"])
        except (KeyError, TypeError, ValueError, zipfile.BadZipFile):
            raise BackupError(f"{self.path} is no backup: it has no manifest") from None
        if manifest.get("format") != FORMAT:
            raise BackupError(f"{self.path} has a format that this program doesn't know; use a newer one")
        if {*parts, MANIFEST} != set(self.zip.namelist()) or not all(map(_NAME.fullmatch, parts)):
            raise BackupError(f"{self.path} holds other parts than its manifest says")
        return manifest

    @property
    def files(self) -> list[str]:
        """The names of the parts that are stored files."""
        return [name for name in self.manifest["parts"] if name.startswith(FILES)]

    @contextmanager
    def part(self, name: str) -> Iterator[Hashing]:
        """One part's bytes. Raises `BackupError` at the end if they are not what the manifest says."""
        if name not in self.manifest["parts"]:
            raise BackupError(f"{self.path} lacks {name}")
        try:
            with self.zip.open(name) as raw:
                hashing = Hashing(raw)
                yield hashing
                while hashing.read(_CHUNK):
                    pass
        except zipfile.BadZipFile:
            raise BackupError(f"{self.path} is damaged: {name} is not as it was written") from None
        if hashing.summary() != self.manifest["parts"][name]:
            raise BackupError(f"{self.path} is damaged: {name} is not as it was written")

    def extract(self, name: str, path: Path) -> None:
        """One part as a file, for its owner alone, on the disk before it returns."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with io.open(handle, "wb") as target, self.part(name) as source:  # noqa: UP020
            while chunk := source.read(_CHUNK):
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())

    def __exit__(self, *_error: object) -> None:
        self.zip.close()
