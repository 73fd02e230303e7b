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

from webapp import clock, green, silence, validators
from webapp.writers import Writers

log = logging.getLogger(__name__)

AWAY = (
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.TimeoutError,
    sqlite3.OperationalError,
)
"""What is raised while the database cannot be reached, or is too busy: the same again may work later."""
green.passing = AWAY

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

    Does not nest: entry points (request, command, job, CLI) open it, services never do. Inside `joinable` it
    is a part of the surrounding one.
    """
    session = _session()
    if session.info.get("joinable"):
        with savepoint():
            yield session
        return
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
def joinable(session: Session) -> Iterator[None]:
    """An entry point around entry points: a `transaction()` in here commits with the open one, not alone."""
    session.info["joinable"] = True
    try:
        yield
    finally:
        session.info.pop("joinable", None)


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


WAIT_SECONDS = 10.0
"""How long a statement waits for a connection, or for what another transaction holds."""
ANSWER_SECONDS = 30.0
"""How long a statement may take."""


def engine_options(url: str, *, wait_seconds: float = WAIT_SECONDS) -> dict[str, Any]:
    """Flask-SQLAlchemy's engine options for a database URL."""
    quiet = {"hide_parameters": True}  # an error's text goes to the log, what people wrote does not
    if url.startswith("sqlite"):
        return {
            **quiet,
            "connect_args": {"check_same_thread": False, "timeout": 0},
            "pool_size": 20,
            "max_overflow": 40,
            "pool_timeout": wait_seconds,
        }
    return {
        **quiet,
        "pool_size": 20,
        "max_overflow": 10,
        "pool_timeout": wait_seconds,
        "pool_pre_ping": True,
        "pool_recycle": 1800,
        "connect_args": silence.connect_args(),
    }


def wire_engine(
    engine: Engine,
    *,
    synchronous: str = "FULL",
    role: str | None = None,
    wait_seconds: float = WAIT_SECONDS,
    answer_seconds: float = ANSWER_SECONDS,
) -> None:
    """Hangs the dialect's rules on an engine.

    `synchronous`: SQLite's setting. `role`: the unprivileged PostgreSQL role the app's connections take.
    `wait_seconds`: how long a statement waits for what another transaction holds. `answer_seconds`: how long
    it may take on PostgreSQL.
    """
    if engine.dialect.name == "sqlite":
        _wire_sqlite(engine, synchronous, wait_seconds)
    else:
        _wire_postgresql(engine, role, wait_seconds, answer_seconds)


def _wire_sqlite(engine: Engine, synchronous: str, wait_seconds: float) -> None:
    writers = Writers(wait_seconds)

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the sqlite3 module must never BEGIN by itself
        connection.create_function("fold_name", 1, validators.fold_name, deterministic=True)
        wanted = f"journal_mode=WAL synchronous={synchronous} foreign_keys=ON temp_store=MEMORY"
        for pragma in wanted.split():
            writers.patiently(lambda pragma=pragma: connection.execute(f"PRAGMA {pragma}"))
        # A busy wait in C would freeze every greenlet; `begin` below waits in a way that yields.
        connection.execute("PRAGMA busy_timeout=0")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        mode = connection.get_execution_options().get("sqlite_begin") or _begin_mode.get()
        writers.begin(connection.connection.dbapi_connection, mode)

    engine.dialect.do_commit, engine.dialect.do_rollback = writers.commit, writers.rollback  # type: ignore[method-assign]
    event.listen(engine.pool, "close", lambda raw, _record: writers.leave(raw))


POSTGRESQL_SESSION = "SET TIME ZONE 'UTC'; SET idle_in_transaction_session_timeout = '60s'"


def _wire_postgresql(engine: Engine, role: str | None, wait_seconds: float, answer_seconds: float) -> None:
    silence.watch()
    limits = {"lock_timeout": wait_seconds, "statement_timeout": answer_seconds}
    setting = "; ".join(f"SET {name} = {int(seconds * 1000)}" for name, seconds in limits.items())

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"{POSTGRESQL_SESSION}; {setting}")
            if role:
                cursor.execute(f'SET ROLE "{role}"')
        connection.commit()
        connection.silence_seconds = answer_seconds + silence.SLACK_SECONDS


@contextmanager
def patient(session: Any, seconds: int) -> Iterator[None]:
    """Lets this transaction's statements take so long in the block; on SQLite they always may."""
    if session.get_bind().dialect.name != "postgresql":
        yield
        return
    setting = sa.text(f"SET LOCAL statement_timeout = '{int(seconds)}s'")
    session.execute(setting.execution_options(unscoped=True))
    with silence.longer(session.connection().connection.dbapi_connection, seconds):
        yield


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
