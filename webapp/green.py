"""Concurrency without saying which: greenlets where eventlet has patched the process, threads elsewhere.

The only module besides wsgi.py that imports eventlet, so that leaving it stays one change.
"""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from queue import Queue
from typing import Any, TypeVar

from webapp import metrics

log = logging.getLogger(__name__)

Item = TypeVar("Item")
TURN_SECONDS = 0.005
"""How long something may work before it gives the others a turn."""

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


def soon(call: Callable[..., Any], *args: Any) -> None:
    """Calls in the background, or at once where tests want it inline."""
    if inline:
        call(*args)
    else:
        spawn(call, *args)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raises `TimeoutError` inside the block once it has waited so long in all (eventlet only).

    Plain threads cannot be interrupted: there the block's own time-outs must do.
    """
    if not is_green():
        yield
        return
    from eventlet import Timeout

    with Timeout(seconds, TimeoutError("too slow")):
        yield


def wait_for_file(number: int, *, writing: bool, seconds: float | None) -> None:
    """Waits for a file that can be read or written (eventlet only); raises `TimeoutError` after `seconds`."""
    from eventlet.hubs import trampoline

    trampoline(number, read=not writing, write=writing, timeout=seconds, timeout_exc=TimeoutError)


def harden_sockets(engine: Any) -> None:
    """Gives an Engine.IO server websockets and send queues that one client cannot abuse (eventlet only)."""
    if is_green():
        from webapp import green_socket

        green_socket.harden(engine)


def pause() -> None:
    """Gives the others a turn."""
    time.sleep(0)


def unhurried(items: Iterable[Item]) -> Iterator[Item]:
    """The items one after the other; where that takes long, others get their turn in between."""
    since = time.perf_counter()
    for item in items:
        yield item
        if time.perf_counter() - since > TURN_SECONDS:
            pause()
            since = time.perf_counter()


def run_process(
    arguments: list[str], *, env: dict[str, str], meanwhile: Callable[[], None], seconds: float = 0.1
) -> int:
    """Runs a child process to its end, calling `meanwhile` now and then; returns its exit code.

    The child is ended if `meanwhile` raises. It is asked for, never waited on: that would stop everybody.
    """
    process = subprocess.Popen(arguments, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        while process.poll() is None:
            meanwhile()
            time.sleep(seconds)
    finally:
        if process.poll() is None:
            process.kill()
            while process.poll() is None:
                time.sleep(0.01)
    return process.returncode


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


_logged: dict[str, tuple[float, int]] = {}


def log_rarely(message: str, *, exc_info: bool = False) -> None:
    """A warning at most once in ten seconds: what clients do must fill no disk."""
    at, left_out = _logged.get(message, (float("-inf"), 0))
    now = time.monotonic()
    if now - at < 10:
        _logged[message] = at, left_out + 1
        return
    _logged[message] = now, 0
    log.warning("%s (%s more before)", message, left_out, exc_info=exc_info)


# --- loops ----------------------------------------------------------------------------------------

_loops_stopped = False
passing: tuple[type[Exception], ...] = ()
"""Failures that pass by themselves: a line in the log says enough."""


def every(seconds: float, call: Callable[[], Any], *, inside: Callable[[], Any] = nullcontext) -> None:
    """Calls again and again in the background until `stop_loops()`, also after a failure, which is logged.

    `inside` makes the context that each call is made in, such as `app.app_context`.
    """
    spawn(_repeat, seconds, call, inside)


def _repeat(seconds: float, call: Callable[[], Any], inside: Callable[[], Any]) -> None:
    failing = False
    while not _loops_stopped:
        try:
            with inside():
                call()
            failing = False
        except Exception as error:
            # The database may be away for an hour: one line says it all, where it is not that a traceback.
            log.log(
                logging.DEBUG if failing else logging.ERROR,
                "%s failed: %s",
                getattr(call, "__qualname__", "a loop"),
                type(error).__name__,
                exc_info=not failing and not isinstance(error, passing),
            )
            failing = True
        time.sleep(seconds)


def stop_loops() -> None:
    """Ends what `every` started, each at its next turn."""
    global _loops_stopped
    _loops_stopped = True


# --- the probe ------------------------------------------------------------------------------------

PROBE_SECONDS = 0.05
STALL_SECONDS = 0.1
_longest = 0.0


def longest_stall(*, reset: bool = False) -> float:
    """The longest time in seconds that something kept all others waiting, since the start or a reset."""
    global _longest
    found = _longest
    if reset:
        _longest = 0.0
    return found


def watch_for_stalls() -> None:
    """Measures in the background how late the loop is, and logs stalls of more than a tenth of a second."""
    spawn(_probe)


def _probe() -> None:
    worst, report_at = 0.0, 0.0
    while not _loops_stopped:
        before = time.monotonic()
        time.sleep(PROBE_SECONDS)
        now = time.monotonic()
        late = now - before - PROBE_SECONDS
        worst = max(worst, late)
        metrics.STALLS.observe(max(0.0, late))
        _note_stall(worst)
        if worst > STALL_SECONDS and now > report_at:
            log.warning("everybody waited %.0f ms", worst * 1000)
            worst, report_at = 0.0, now + 10


def _note_stall(seconds: float) -> None:
    global _longest
    _longest = max(_longest, seconds)
