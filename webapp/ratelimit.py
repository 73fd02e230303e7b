"""Rate limits, shared through Redis where there is one, in memory otherwise and while it is down."""

import logging
import threading
import time
from collections import defaultdict, deque
from functools import lru_cache
from typing import NamedTuple

from limits import RateLimitItem, WindowStats, parse
from limits.storage import Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from webapp.errors import RateLimited

log = logging.getLogger(__name__)


AWAY_SECONDS = 10
SWEEP_SECONDS = 60


class Window(NamedTuple):
    """How a limit stands: how many there may be, how many are left, and the seconds until there are more."""

    limit: int
    remaining: int
    reset_seconds: int


class InMemory:
    """Moving windows in this process. The library's own store starts a thread at almost every hit."""

    def __init__(self) -> None:
        self._hits: dict[tuple[RateLimitItem, tuple[str, ...]], deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()
        self._sweep_at = 0.0

    def hit(self, item: RateLimitItem, *names: str) -> bool:
        """Counts one; False, and not counted, where there are as many already as there may be."""
        now = time.time()
        with self._lock:
            hits = self._current(item, names, now)
            if len(hits) >= item.amount:
                return False
            hits.append(now)
            self._sweep(now)
            return True

    def get_window_stats(self, item: RateLimitItem, *names: str) -> WindowStats:
        """When the oldest hit will count no more, and how many there may be until then."""
        now = time.time()
        with self._lock:
            hits = self._current(item, names, now)
            oldest = hits[0] if hits else now
            return WindowStats(oldest + item.get_expiry(), item.amount - len(hits))

    def reset(self) -> None:
        """Forgets every hit."""
        with self._lock:
            self._hits.clear()

    def _current(self, item: RateLimitItem, names: tuple[str, ...], now: float) -> deque[float]:
        hits = self._hits[item, names]
        while hits and hits[0] <= now - item.get_expiry():
            hits.popleft()
        return hits

    def _sweep(self, now: float) -> None:
        """Now and then, forgets whoever has not come for as long as their limit looks back."""
        if now < self._sweep_at:
            return
        self._sweep_at = now + SWEEP_SECONDS
        over = [key for key, hits in self._hits.items() if not hits or hits[-1] < now - key[0].get_expiry()]
        for key in over:
            del self._hits[key]


class RateLimiter:
    """Counts hits in moving windows. `hit("login:account", key, "10/15 minutes")`."""

    def __init__(self, redis_url: str | None = None) -> None:
        self._memory = InMemory()
        self._shared = MovingWindowRateLimiter(_redis(redis_url)) if redis_url else None
        self._away_until = 0.0

    def hit(self, name: str, key: str, limit: str, *, message: str | None = None) -> None:
        """Counts one; raises `RateLimited` (with the seconds to wait) when it is one too many.

        `limit`: such as `20/minute` or `10/15 minutes`.
        """
        item = _parse(limit)
        if not self._hit(item, name, key):
            wait_seconds = self._wait_seconds(item, name, key)
            raise RateLimited(
                message or f"Too many attempts; please wait {wait_seconds} s",
                retry_after_seconds=wait_seconds,
            )

    def window(self, name: str, key: str, limit: str) -> Window:
        """How the limit stands for this key, without counting."""
        item = _parse(limit)
        reset, remaining = self._stats(item, name, key)
        return Window(item.amount, max(0, remaining), max(1, round(reset - time.time())))

    def _hit(self, item: RateLimitItem, name: str, key: str) -> bool:
        if self._shared is not None and time.monotonic() > self._away_until:
            try:
                return self._shared.hit(item, name, key)
            except Exception as error:  # noqa: BLE001 - a dead store must not open the gate
                self._away_until = (
                    time.monotonic() + AWAY_SECONDS
                )  # it may hang: not a second for each request
                log.warning("rate limits fall back to memory: %s", type(error).__name__)
        return self._memory.hit(item, name, key)

    def _wait_seconds(self, item: RateLimitItem, name: str, key: str) -> int:
        return max(1, round(self._stats(item, name, key)[0] - time.time()))

    def _stats(self, item: RateLimitItem, name: str, key: str) -> tuple[float, int]:
        shared = self._shared if time.monotonic() > self._away_until else None
        for limiter in filter(None, (shared, self._memory)):
            try:
                stats = limiter.get_window_stats(item, name, key)
            except Exception:  # noqa: S112, BLE001 - the other store answers
                continue
            return stats.reset_time, stats.remaining
        return time.time() + item.get_expiry(), 0

    def reset(self) -> None:
        """Forgets every count (tests)."""
        self._memory.reset()


def _redis(url: str) -> Storage:
    return storage_from_string(url, socket_timeout=1, socket_connect_timeout=1)


@lru_cache
def _parse(limit: str) -> RateLimitItem:
    return parse(limit)


def limiter() -> RateLimiter:
    """The running app's limiter."""
    from flask import current_app

    found: RateLimiter = current_app.extensions["parley_limiter"]
    return found
