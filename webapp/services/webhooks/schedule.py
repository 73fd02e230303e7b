"""When a message that did not get through is tried again. Pure."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Between one attempt and the next: 75 hours and 35 minutes in all, as Standard Webhooks 1.0 proposes."""
ATTEMPTS = len(DELAYS) + 1
JITTER = 0.1
LONGEST_REST = timedelta(hours=24)


def next_delay(attempts: int, retry_after: timedelta | None = None) -> timedelta | None:
    """How long to wait after so many attempts: the table's time and up to a tenth more, so that messages
    which failed together do not come back together; longer if the endpoint asks for it. None: no more.
    """
    if attempts >= ATTEMPTS:
        return None
    spread = DELAYS[attempts - 1] * random.uniform(1, 1 + JITTER)
    return max(spread, retry_after or timedelta())


def rest(failures: int) -> timedelta | None:
    """How long an endpoint is left alone after so many attempts in vain in a row; None: not yet."""
    if failures < 5:
        return None
    return min(timedelta(minutes=10), timedelta(seconds=30) * 2 ** min(failures - 5, 10))


def read_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """What a `Retry-After` header asks for, a day at most; None where it says nothing we understand."""
    if not value:
        return None
    if value.strip().isascii() and value.strip().isdecimal():
        return min(timedelta(seconds=int(value.strip()[:9])), LONGEST_REST)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return min(max(at - now, timedelta()), LONGEST_REST)
