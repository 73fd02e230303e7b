"""Both dialects, and the promise that nothing leaves before the commit.

Entry points open `transaction()`; services flush. Work for after the commit waits in a list on the
session and runs once the *root* transaction has ended, however that was committed.
"""

import logging
import secrets
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import flask_sqlalchemy.session
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.orm import DeclarativeBase, SessionTransaction
from sqlalchemy.types import TypeDecorator

from webapp import clock, green

log = logging.getLogger(__name__)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Declarative base with a name for every constraint, so that both dialects can migrate it."""

    metadata = sa.MetaData(naming_convention=NAMING)


class UTCDateTime(TypeDecorator[datetime]):
    """Aware UTC in and out; a naive value is taken as UTC. SQLite keeps naive UTC text, which sorts."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


class Session(flask_sqlalchemy.session.Session):
    """The application's session class; tenancy.py and this module hang their events on it."""


# --- ids ------------------------------------------------------------------------------------------

_id_lock = threading.Lock()
_last_id = [0, 0]


def uuid7() -> uuid.UUID:
    """A time-ordered id (RFC 9562 version 7), monotonic within the process by a 12-bit counter."""
    with _id_lock:
        stamp = time.time_ns() // 1_000_000
        if stamp > _last_id[0]:
            _last_id[:] = stamp, secrets.randbits(10)
        elif _last_id[1] < 0xFFF:
            _last_id[1] += 1
        else:
            _last_id[:] = _last_id[0] + 1, 0
        stamp, count = _last_id
    return uuid.UUID(int=(stamp << 80) | (7 << 76) | (count << 64) | (2 << 62) | secrets.randbits(62))


# --- units of work --------------------------------------------------------------------------------

_begin_mode: ContextVar[str] = ContextVar("sqlite_begin", default="IMMEDIATE")


WAITING = ("before_commit", "after_commit", "recorded")
"""Lists on the session that a failed savepoint cuts back and the end of the root transaction clears."""


def _session() -> Any:
    from webapp.extensions import db

    return db.session()


@contextmanager
def transaction() -> Iterator[Session]:
    """One unit of work: commits at the end, rolls back on any error. The only door to a commit.

    Does not nest: entry points (request, command, job, CLI) open it, services never do.
    """
    session = _session()
    if session.info.get("open"):
        raise RuntimeError("transaction() does not nest: only entry points open it")
    session.rollback()  # ends a read begun earlier, so that SQLite begins this one as a writer
    session.info["open"] = True
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop("open", None)


@contextmanager
def savepoint() -> Iterator[Session]:
    """A part of a unit of work that may fail alone; it takes its announcements with it."""
    session = _session()
    marks = {name: len(session.info.get(name, ())) for name in WAITING}
    try:
        with session.begin_nested():
            yield session
    except BaseException:
        for name, mark in marks.items():
            del session.info.get(name, [])[mark:]
        raise


def find_or_make(find: Callable[[], Any], make: Callable[[], Any]) -> Any:
    """What `find()` finds, else what `make()` makes; where somebody else made it meanwhile, theirs."""
    if (found := find()) is not None:
        return found
    try:
        with savepoint():
            return make()
    except sa.exc.IntegrityError:
        if (found := find()) is None:
            raise
        return found


@contextmanager
def read_only() -> Iterator[Session]:
    """A reading unit of work: takes no write lock on SQLite, leaves no transaction open behind it."""
    session = _session()
    if session.info.get("open"):
        yield session
        return
    token = _begin_mode.set("DEFERRED")
    session.rollback()
    try:
        yield session
    finally:
        session.rollback()
        _begin_mode.reset(token)


def assert_no_transaction() -> None:
    """Guards functions that talk to the network: a transaction must never wait for one."""
    if _session().info.get("open"):
        raise RuntimeError("network access inside a transaction")


def before_commit(session: Any, call: Callable[[], None]) -> None:
    """Runs `call()` as the last thing before the root transaction commits."""
    session.info.setdefault("before_commit", []).append(call)


def after_commit(session: Any, call: Callable[[], None]) -> None:
    """Runs `call()` once the root transaction has committed; it must not use the database."""
    session.info.setdefault("after_commit", []).append(call)


@event.listens_for(Session, "before_commit")
def _run_before_commit(session: Session) -> None:
    if session.in_nested_transaction():  # the event also fires when a savepoint is released
        return
    waiting = session.info.get("before_commit", [])
    if waiting:
        session.flush()
    while waiting:
        waiting.pop(0)()


@event.listens_for(Session, "after_commit")
def _note_commit(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info["committed"] = True


@event.listens_for(Session, "after_transaction_end")
def _run_after_commit(session: Session, ended: SessionTransaction) -> None:
    if ended.parent is not None:
        return
    committed = session.info.pop("committed", False)
    waiting = session.info.get("after_commit", [])
    for name in (*WAITING, "scratch"):
        session.info.pop(name, None)
    for call in waiting if committed else ():
        try:
            call()
        except Exception:  # one deaf listener must not silence the rest
            log.exception("after-commit work failed")


def scratch(session: Any, name: str, default: Callable[[], Any]) -> Any:
    """A value that lives as long as the root transaction (touched tickets, recorded events)."""
    store = session.info.setdefault("scratch", {})
    if name not in store:
        store[name] = default()
    return store[name]


# --- engines --------------------------------------------------------------------------------------


def engine_options(url: str) -> dict[str, Any]:
    """Flask-SQLAlchemy's engine options for a database URL."""
    quiet = {"hide_parameters": True}  # an error's text goes to the log, what people wrote does not
    if url.startswith("sqlite"):
        return {
            **quiet,
            "connect_args": {"check_same_thread": False, "timeout": 0},
            "pool_size": 20,
            "max_overflow": 40,
        }
    return {
        **quiet,
        "pool_size": 20,
        "max_overflow": 10,
        "pool_timeout": 5,
        "pool_pre_ping": True,
        "pool_recycle": 1800,
        "connect_args": {"connect_timeout": 5},
    }


def wire_engine(engine: Engine, *, synchronous: str = "FULL", role: str | None = None) -> None:
    """Hangs the dialect's rules on an engine.

    `synchronous`: SQLite's setting. `role`: the unprivileged PostgreSQL role the app's connections take.
    """
    if engine.dialect.name == "sqlite":
        _wire_sqlite(engine, synchronous)
    else:
        _wire_postgresql(engine, role)


BUSY_WAIT_SECONDS = 10.0


def _wire_sqlite(engine: Engine, synchronous: str) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the sqlite3 module must never BEGIN by itself
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "temp_store=MEMORY",
        ):
            _patiently(lambda pragma=pragma: connection.execute(f"PRAGMA {pragma}"))
        # A busy wait in C would freeze every greenlet; `begin` below waits in a way that yields.
        connection.execute("PRAGMA busy_timeout=0")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        mode = connection.get_execution_options().get("sqlite_begin") or _begin_mode.get()
        raw = connection.connection.dbapi_connection
        _patiently(lambda: raw.execute(f"BEGIN {mode}"))  # type: ignore[union-attr]

    # The COMMIT alone goes to a real thread: its fsync takes milliseconds in which the loop can run.
    engine.dialect.do_commit = lambda raw: _patiently(lambda: green.run_in_thread(raw.commit))  # type: ignore[method-assign]


def _patiently(call: Callable[[], Any]) -> Any:
    give_up_at, delay = time.monotonic() + BUSY_WAIT_SECONDS, 0.001
    while True:
        try:
            return call()
        except sqlite3.OperationalError as error:
            if ("locked" not in str(error) and "busy" not in str(error)) or time.monotonic() > give_up_at:
                raise
        time.sleep(delay)
        delay = min(delay * 1.6, 0.05)


POSTGRESQL_SESSION = (
    "SET TIME ZONE 'UTC'; SET statement_timeout = '30s'; "
    "SET idle_in_transaction_session_timeout = '60s'; SET lock_timeout = '5s'"
)


def _wire_postgresql(engine: Engine, role: str | None) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(POSTGRESQL_SESSION)
            if role:
                cursor.execute(f'SET ROLE "{role}"')
        connection.commit()


class Connection:
    """A connection of the named kind, for callers that ask for one by its kind."""

    def __init__(self, engine: Engine) -> None:
        self._connection: sa.Connection | None = engine.connect()

    def is_connected(self) -> bool:
        """Whether the database still answers."""
        if self._connection is None or self._connection.closed:
            return False
        try:
            self._connection.exec_driver_sql("SELECT 1")
        except sa.exc.DBAPIError:
            return False
        return True

    def close(self) -> None:
        """Gives the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def get_connection(kind: str) -> Connection:
    """A connection to the configured database of that kind (`"sqlite"` or `"postgresql"`).

    Raises `ValueError` for another kind and `LookupError` where that kind is not configured.
    """
    from webapp.extensions import db

    if kind not in ("sqlite", "postgresql"):
        raise ValueError(f"kind must be 'sqlite' or 'postgresql', not {kind!r}")
    if db.engine.dialect.name != kind:
        raise LookupError(
            f"{kind} is not configured here: DATABASE_URL names a {db.engine.dialect.name} database"
        )
    return Connection(db.engine)


def utc_now() -> datetime:
    """Column default: the clock's now."""
    return clock.now()
