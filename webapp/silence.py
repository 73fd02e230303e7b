"""A PostgreSQL that says nothing any more is given up after a while, so that whoever waits for it is told.

Its own time-outs do not help there: it is the server that counts them. Nor does psycopg2's for connecting,
which libpq leaves out where somebody else does the waiting, as the greenlets do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2 import extensions

from webapp import green

CONNECT_SECONDS = 5
SLACK_SECONDS = 5
"""So much later than the server should have given up by itself."""
KEEPALIVES = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}


class Connection(extensions.connection):
    """A connection that knows for how many seconds its server may say nothing."""

    silence_seconds: float = CONNECT_SECONDS


def connect_args() -> dict[str, Any]:
    """psycopg2's arguments for such connections."""
    return {"connect_timeout": CONNECT_SECONDS, "connection_factory": Connection, **KEEPALIVES}


def watch() -> None:
    """Waits for PostgreSQL with an end to it, where greenlets do; threads wait by their system's means."""
    if green.is_green():
        extensions.set_wait_callback(_wait)


@contextmanager
def longer(connection: Any, seconds: float) -> Iterator[None]:
    """Lets the statements in the block take so long."""
    before, connection.silence_seconds = connection.silence_seconds, seconds + SLACK_SECONDS
    try:
        yield
    finally:
        connection.silence_seconds = before


def _wait(connection: Any) -> None:
    """Returns once the statement (or the connecting) is done; raises, and so ends the connection, if not."""
    patience = getattr(connection, "silence_seconds", None)
    while (state := connection.poll()) != extensions.POLL_OK:
        try:
            green.wait_for_file(connection.fileno(), writing=state == extensions.POLL_WRITE, seconds=patience)
        except TimeoutError:
            raise psycopg2.OperationalError(f"the database said nothing for {patience:g} s") from None
