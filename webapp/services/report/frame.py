"""The times a scope means: its range, the equal one before, and its buckets, by a zone's wall clock.

All stretches are half-open, [start, end), in UTC. A day is as long as the zone makes it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from webapp import clock
from webapp.auth import Actor, current_actor
from webapp.errors import Invalid
from webapp.schemas.report import Scope
from webapp.services.notification.preference import read_preferences
from webapp.services.workspace import time_zone

Span = tuple[datetime, datetime]
MOST_BUCKETS = 400
"""A chart shows no more, and nobody could read them."""
DAY = timedelta(days=1)
LENGTHS = {"hour": DAY / 24, "day": DAY, "week": 7 * DAY, "month": 28 * DAY}


@dataclass(frozen=True)
class Frame:
    """`first` and `after`: the first day, and the day after the last. `now`: nothing later is counted."""

    first: date
    after: date
    zone: ZoneInfo
    group: str
    now: datetime

    @property
    def start(self) -> datetime:
        return midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        return midnight(self.after, self.zone)

    @property
    def span(self) -> Span:
        return self.start, self.end

    @property
    def after_now(self) -> datetime:
        """What is before it has happened."""
        return self.now + timedelta(microseconds=1)

    @property
    def closes(self) -> datetime:
        """The range's end, or just after now where that comes first."""
        return min(self.end, self.after_now)

    @property
    def previous(self) -> Span:
        """As many days before; where the range is not over yet, up to the same time of its day."""
        days = self.after - self.first
        start = midnight(self.first - days, self.zone)
        if not self.start < self.now < self.end:
            return start, self.start
        wall = self.now.astimezone(self.zone).replace(tzinfo=None) - days
        return start, wall.replace(tzinfo=self.zone).astimezone(UTC)

    @property
    def before(self) -> "Frame":
        """The whole range before, cut in the same way."""
        return replace(self, first=self.first - (self.after - self.first), after=self.first)

    @cached_property
    def buckets(self) -> list[Span]:
        """The range, cut."""
        cuts = [*self._cuts(), self.end]
        return [(start, end) for start, end in pairwise(cuts) if start < end]

    def _cuts(self) -> Iterator[datetime]:
        if self.group == "hour":
            yield from _hours(self.start, self.end, self.zone)
            return
        day = self.first
        while day < self.after:
            yield midnight(day, self.zone)
            day = _next(day, self.group)

    @property
    def stretches(self) -> list[tuple[datetime, datetime, int]]:
        """The range by stretches of one UTC offset, which is the third, in seconds."""
        found = _by_offset(self.start, self.end, self.zone)
        return [(start, end, _offset(start, self.zone)) for start, end in found]


def frame_of(scope: Scope, zone_key: str) -> Frame:
    """The times a scope means now, in a zone. Raises `Invalid` where it makes too many buckets."""
    now, zone = clock.now(), ZoneInfo(zone_key)
    first, after = _days(scope, now.astimezone(zone).date())
    frame = Frame(first, after, zone, scope.group, now)
    if scope.group == "auto":
        return replace(frame, group=_fitting((after - first).days))
    if (after - first) / LENGTHS[scope.group] > MOST_BUCKETS:
        message = f"That makes more than {MOST_BUCKETS} points; choose longer ones"
        raise Invalid.field("group", message, where="query")
    return frame


def zone_name(scope: Scope, *, session: Any = None, actor: Actor | None = None) -> str:
    """The zone whose days a scope counts: the workspace's, the reader's own, or the named one."""
    if scope.zone == "mine":
        chosen = read_preferences(session=session, actor=actor or current_actor())
        if chosen is not None:
            return chosen.timezone
    if scope.zone in ("workspace", "mine"):
        return time_zone(session=session).key
    return scope.zone


def _days(scope: Scope, today: date) -> tuple[date, date]:
    if scope.range == "custom":
        assert scope.first and scope.last  # noqa: PT018 - the schema saw to both
        return scope.first, scope.last + DAY
    if scope.range == "this_month":
        return today.replace(day=1), today + DAY
    if scope.range == "last_month":
        after = today.replace(day=1)
        return (after - DAY).replace(day=1), after
    back = {"today": 0, "yesterday": 1, "7d": 6, "30d": 29, "90d": 89}[scope.range]
    return today - back * DAY, today if scope.range == "yesterday" else today + DAY


def _fitting(days: int) -> str:
    longest = {"hour": 2, "day": 92, "week": 366 * 2}
    return next((group for group, most in longest.items() if days <= most), "month")


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The moment a day begins, in UTC; where the clock leaps over it, the leap."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _next(day: date, group: str) -> date:
    if group == "month":
        return (day.replace(day=1) + 32 * DAY).replace(day=1)
    return day + (DAY if group == "day" else DAY * (7 - day.weekday()))


def _hours(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    at = start
    while at < end:
        yield at
        shown = at.astimezone(zone)
        at += timedelta(minutes=60 - shown.minute) - timedelta(seconds=shown.second)


def _offset(at: datetime, zone: ZoneInfo) -> int:
    return int((at.astimezone(zone).utcoffset() or timedelta()).total_seconds())


def _by_offset(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Span]:
    """Cuts where the offset changes: looked for day by day, then halved down to the second."""
    since, at = start, start
    while at < end:
        after = min(at + DAY, end)
        if _offset(after, zone) != _offset(at, zone) and (turn := _turn(at, after, zone)) < end:
            yield since, turn
            since = turn
        at = after
    yield since, end


def _turn(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        if _offset(middle, zone) == _offset(before, zone):
            before = middle
        else:
            after = middle
    return after
