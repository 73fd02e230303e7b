"""Rate limits, shared through Redis where there is one, in memory otherwise and while it is down."""

import logging
import time
from functools import lru_cache

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from webapp.errors import RateLimited

log = logging.getLogger(__name__)


AWAY_SECONDS = 10


class RateLimiter:
    """Counts hits in moving windows. `hit("login:account", key, "10/15 minutes")`."""

    def __init__(self, redis_url: str | None = None) -> None:
        self._memory = MovingWindowRateLimiter(MemoryStorage())
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
        shared = self._shared if time.monotonic() > self._away_until else None
        for limiter in filter(None, (shared, self._memory)):
            try:
                reset = limiter.get_window_stats(item, name, key).reset_time
            except Exception:  # noqa: S112, BLE001 - the other store answers
                continue
            return max(1, round(reset - time.time()))
        return 60

    def reset(self) -> None:
        """Forgets every count (tests)."""
        self._memory.storage.reset()


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
