"""What was read a moment ago, kept for at most five seconds.

A key's version is noted before the row is read, marked before a change commits and bumped after it: what was
read under an older version is never kept, and nothing is served while a change is being committed. Another
process's change arrives as a bump (Redis) or shows in SQLite's `data_version`; a lost bump heals by age.
"""

import sqlite3
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

from webapp import database
from webapp.extensions import db
from webapp.tenancy import require_workspace_id

LIFETIME_SECONDS = 5.0
MOST_ENTRIES = 10_000

Key = tuple[uuid.UUID, Any]


@dataclass(frozen=True)
class _Entry:
    value: str
    until: float


class Cache:
    """Texts (a serializer's JSON) by key; the workspace is part of every key."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._entries: dict[Key, _Entry] = {}
        self._versions: dict[Key, int] = {}
        self._marked: dict[Key, float] = {}
        self._wiped = 0

    def get(self, key: Any) -> str | None:
        """The text, if it is fresh."""
        place = _place(key)
        found = self._entries.get(place)
        if found is None or found.until < time.monotonic() or self._is_marked(place):
            return None
        return found.value

    def version(self, key: Any) -> tuple[int, int]:
        """To be asked for before the row is read, and given to `set`."""
        return self._wiped, self._versions.get(_place(key), 0)

    def set(self, key: Any, value: str, version: tuple[int, int] | None = None) -> None:
        """Keeps a text, unless its row has changed since `version`."""
        place = _place(key)
        stale = version is not None and version != self.version(key)
        if stale or self._is_marked(place):
            return
        if len(self._entries) >= MOST_ENTRIES:
            self._entries.clear()
        self._entries[place] = _Entry(value, time.monotonic() + LIFETIME_SECONDS)

    def clear(self, key: Any = None) -> None:
        """Forgets one key of the current workspace, or everything."""
        if key is None:
            self._wiped += 1
            self._entries.clear()
        else:
            self.bump(_place(key))

    def mark(self, place: Key) -> None:
        """A change of this row is about to commit."""
        self._versions[place] = self._versions.get(place, 0) + 1
        self._marked[place] = time.monotonic() + LIFETIME_SECONDS  # a rollback leaves it to age

    def bump(self, place: Key) -> None:
        """A change of this row has been committed, here or in another process."""
        if len(self._versions) >= MOST_ENTRIES:
            self._versions.clear()
            self._wiped += 1
        self._versions[place] = self._versions.get(place, 0) + 1
        self._marked.pop(place, None)
        self._entries.pop(place, None)

    def _is_marked(self, place: Key) -> bool:
        until = self._marked.get(place)
        if until is not None and until < time.monotonic():
            del self._marked[place]
            return False
        return until is not None


def _place(key: Any) -> Key:
    return require_workspace_id(), key if isinstance(key, uuid.UUID) else str(key)


ticket_cache = Cache("ticket")
customer_cache = Cache("customer")
agent_cache = Cache("agent")
CACHES = {cache.name: cache for cache in (ticket_cache, customer_cache, agent_cache)}

_watched: dict[type, Cache] = {}
_listeners: list[Callable[[str, Key], None]] = []


def watch(model: type, cache: Cache) -> None:
    """Bumps a row's key in the cache whenever a transaction changes it."""
    _watched[model] = cache


def on_bump(listener: Callable[[str, Key], None]) -> None:
    """Calls `listener(cache's name, key)` after each change committed here: to tell the other processes."""
    _listeners.append(listener)


def is_changing(model: type, key: uuid.UUID) -> bool:
    """Whether this transaction has changed the row: it then neither reads nor fills the cache."""
    session = db.session()
    pending = (*session.dirty, *session.new, *session.deleted)
    if any(isinstance(row, model) and getattr(row, "id", None) == key for row in pending):
        return True
    return (_watched[model].name, (require_workspace_id(), key)) in _touched(session).places


@dataclass
class _Touched:
    """The rows that one transaction has changed."""

    places: set[tuple[str, Key]] = field(default_factory=set)
    is_committing: bool = False


def _touched(session: Any) -> _Touched:
    found: _Touched = database.scratch(session, "cache", _Touched)
    return found


@event.listens_for(database.Session, "after_flush")
def _note(session: Any, _context: Any) -> None:
    for row in (*session.dirty, *session.new, *session.deleted):
        cache = _watched.get(type(row))
        if cache is None:
            continue
        touched = _touched(session)
        if not touched.places:
            database.before_commit(session, lambda touched=touched: _mark_all(session, touched))
        touched.places.add((cache.name, (row.workspace_id, row.id)))
        if touched.is_committing:  # something that runs just before the commit has changed it
            cache.mark((row.workspace_id, row.id))


def _mark_all(session: Any, touched: _Touched) -> None:
    touched.is_committing = True
    for name, place in touched.places:
        CACHES[name].mark(place)
    database.after_commit(session, lambda: _bump_all(touched.places))


def _bump_all(places: set[tuple[str, Key]]) -> None:
    for name, place in places:
        CACHES[name].bump(place)
        if name != "ticket":  # a ticket shows its customer's and its agent's name
            ticket_cache.clear()
        for listener in _listeners:
            listener(name, place)


# --- SQLite: what other processes wrote -----------------------------------------------------------

_probes: dict[str, tuple[sqlite3.Connection, int]] = {}


def forget_if_file_changed() -> None:
    """On SQLite: forgets everything once anybody else has committed to the file."""
    url = db.engine.engine.url
    if url.get_backend_name() != "sqlite" or not url.database:
        return
    if url.database not in _probes:
        probe = sqlite3.connect(f"file:{url.database}?mode=ro", uri=True, check_same_thread=False)
        _probes[url.database] = probe, -1
    probe, seen = _probes[url.database]
    version = probe.execute("PRAGMA data_version").fetchone()[0]
    if version != seen:
        _probes[url.database] = probe, version
        for cache in CACHES.values():
            cache.clear()
