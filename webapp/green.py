"""Concurrency without saying which: greenlets where eventlet has patched the process, threads elsewhere.

The only module besides wsgi.py that imports eventlet, so that leaving it stays one change.
"""

import sys
import threading
import time
from collections.abc import Callable
from queue import Queue
from typing import Any

inline = False
"""Tests set this: thread-pool work then runs where it is asked for."""


def is_green() -> bool:
    """Whether eventlet has patched this process."""
    if "eventlet" not in sys.modules:
        return False
    from eventlet import patcher

    return bool(patcher.is_monkey_patched("socket"))


def run_in_thread(call: Callable[..., Any], *args: Any) -> Any:
    """Runs a function that touches nothing patched in a real thread; the loop goes on meanwhile.

    Only for pure work (argon2, Pillow, a raw sqlite3 COMMIT): SQLAlchemy, psycopg2, logging or a Flask
    context in there deadlock, because their locks are patched ones.
    """
    if inline or not is_green():
        return call(*args)
    from eventlet import tpool

    return tpool.execute(call, *args)


def spawn(call: Callable[..., Any], *args: Any) -> None:
    """Starts a background greenlet (or daemon thread)."""
    if is_green():
        import eventlet

        eventlet.spawn(call, *args)
    else:
        threading.Thread(target=call, args=args, daemon=True).start()


def pause() -> None:
    """Gives the others a turn."""
    time.sleep(0)


class Waker:
    """A flag that a waiting loop sleeps on: `wait(seconds)` returns early once `wake()` was called."""

    def __init__(self) -> None:
        self._queue: Queue[None] = Queue()

    def wake(self) -> None:
        """Ends the current or the next wait."""
        if self._queue.empty():
            self._queue.put(None)

    def wait(self, seconds: float) -> bool:
        """Waits up to `seconds`; true if woken."""
        from queue import Empty

        try:
            self._queue.get(timeout=seconds)
        except Empty:
            return False
        return True
