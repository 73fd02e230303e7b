"""Who writes to SQLite next: in the order they came. It has one writer at a time, and no line of its own."""

import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

from webapp import green


class Writers:
    """Begins and ends transactions of this process, one that writes after the other.

    Who has waited for `seconds` tries its luck without a turn; other processes know of no line anyway.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._turn = threading.Lock()
        self._writer: Any = None

    def begin(self, raw: sqlite3.Connection, mode: str) -> None:
        """Begins a transaction, one that will write at its turn."""
        if mode == "IMMEDIATE" and self._turn.acquire(timeout=self.seconds):
            self._writer = raw
        self.patiently(lambda: raw.execute(f"BEGIN {mode}"))

    def commit(self, connection: Any) -> None:
        """Commits in a real thread: an fsync takes milliseconds in which the loop can run."""
        self.patiently(lambda: green.run_in_thread(connection.commit))
        self.leave(connection.dbapi_connection)

    def rollback(self, connection: Any) -> None:
        """Takes everything back; also what a connection does that is given back to the pool."""
        try:
            connection.rollback()
        finally:
            self.leave(connection.dbapi_connection)

    def leave(self, raw: sqlite3.Connection) -> None:
        """It is the next one's turn, if this was the writer."""
        if self._writer is raw:
            self._writer = None
            self._turn.release()

    def patiently(self, call: Callable[[], Any]) -> Any:
        """Calls again, in a way that yields, while another program holds the database."""
        give_up_at, delay = time.monotonic() + self.seconds, 0.001
        while True:
            try:
                return call()
            except sqlite3.OperationalError as error:
                if ("locked" not in str(error) and "busy" not in str(error)) or time.monotonic() > give_up_at:
                    raise
            time.sleep(delay)
            delay = min(delay * 1.6, 0.05)
