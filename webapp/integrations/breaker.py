"""A circuit breaker per key (a host, an account): who failed too often in a row is left alone for a while.

Each process counts for itself: a breaker saves waiting, it decides nothing that must be remembered.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Literal

from webapp.config import settings

MOST_KEPT = 10_000

Position = Literal["closed", "open", "half_open"]


class Open(Exception):
    """Not asked: it failed too often just now. `retry_seconds` until the next try."""

    def __init__(self, key: str, retry_seconds: float) -> None:
        super().__init__(f"{key} is left alone for {retry_seconds:.0f} s")
        self.retry_seconds = retry_seconds


@dataclass(frozen=True)
class State:
    """What pages show: failures in a row, and seconds until somebody may try again (0 if at once)."""

    position: Position
    failures: int
    retry_seconds: float


@dataclass
class _Circuit:
    failures: int = 0
    opened_at: float = 0.0
    tried_at: float | None = None


_circuits: dict[str, _Circuit] = {}


@contextmanager
def guard(key: str, *failures: type[Exception]) -> Iterator[None]:
    """Around one call: `failures` raised inside count against `key`; any other answer counts for it.

    Raises `Open` without running the block while the circuit is open, or half open with a try under way.
    """
    check(key)
    try:
        yield
    except failures:
        record_failure(key)
        raise
    except Exception:
        record_success(key)  # it answers, be it what we don't want to hear
        raise
    record_success(key)


def check(key: str) -> None:
    """Raises `Open` if `key` is to be left alone. Half open: the first who asks is the one who tries."""
    circuit = _circuits.get(key)
    if circuit is None or circuit.failures < settings().breaker_failures:
        return
    if (wait := _wait(circuit)) > 0:
        raise Open(key, wait)
    circuit.tried_at = monotonic()


def record_failure(key: str) -> None:
    """One more in a row; from `BREAKER_FAILURES` on the circuit is open for `BREAKER_SECONDS`."""
    circuit = _circuits.pop(key, None) or _Circuit()
    _circuits[key] = circuit  # the latest last, so that the oldest is the one that is forgotten
    circuit.failures += 1
    circuit.opened_at, circuit.tried_at = monotonic(), None
    if len(_circuits) > MOST_KEPT:
        del _circuits[next(iter(_circuits))]


def record_success(key: str) -> None:
    """Closes the circuit."""
    _circuits.pop(key, None)


def state(key: str) -> State:
    """Where the circuit stands in this process."""
    circuit = _circuits.get(key)
    if circuit is None or circuit.failures < settings().breaker_failures:
        return State("closed", circuit.failures if circuit else 0, 0.0)
    is_cooling = _since(circuit.opened_at) < settings().breaker_seconds
    return State("open" if is_cooling else "half_open", circuit.failures, max(0.0, _wait(circuit)))


def forget() -> None:
    """Closes them all."""
    _circuits.clear()


def _wait(circuit: _Circuit) -> float:
    """Seconds left, of the pause or of somebody's try: one that never ended counts no longer than a pause."""
    since = circuit.opened_at if circuit.tried_at is None else circuit.tried_at
    return settings().breaker_seconds - _since(since)


def _since(moment: float) -> float:
    return monotonic() - moment
