"""The one clock: aware UTC now, which tests move instead of sleeping."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_offset = timedelta()
_frozen: datetime | None = None


def now() -> datetime:
    """The time, timezone-aware, in UTC."""
    return (_frozen or datetime.now(UTC)) + _offset


def advance(**amount: float) -> None:
    """Moves the clock forward by a `timedelta`'s keyword arguments (tests only)."""
    global _offset
    _offset += timedelta(**amount)


@contextmanager
def moved(frozen_at: datetime | None = None) -> Iterator[None]:
    """Lets a block move the clock (`frozen_at`: stop it there) and puts it back."""
    global _offset, _frozen
    before = _offset, _frozen
    _offset, _frozen = timedelta(), frozen_at
    try:
        yield
    finally:
        _offset, _frozen = before


def iso(value: datetime | None) -> str | None:
    """ISO 8601 with `Z` and milliseconds, as every body carries times."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
