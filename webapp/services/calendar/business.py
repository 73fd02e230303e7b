"""The arithmetic of business time: pure functions of instants and of `Hours`; `None` for hours is 24/7.

The rules, each with a test:

* An interval belongs to the weekday it begins on; one whose end is not after its start ends on the next day.
* A holiday closes its own calendar day in the calendar's zone, from midnight to midnight, whatever day an
  interval began on: a night shift of the eve stops at midnight, and one that begins on the holiday goes on
  from the midnight that ends it. (Zendesk's holidays close whole calendar days in the same way.)
* In spring a time that the clocks leave out is read with the offset before the gap (RFC 5545, 3.3.5).
* In autumn a time shown twice counts twice: an interval begins at the first and ends at the last of two.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_DAYS = 366 * 20
"""How far `add` looks for open time before it calls a target one that can never be met."""
MAX_CACHED_DAYS = 4000
_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)

Span = tuple[datetime, datetime]


class NeverOpen(ValueError):
    """So much open time does not come: the week has none, or too little of it."""


@dataclass(frozen=True)
class Closure:
    """A part of one day on which nobody works, by the wall clock; `ends` of 00:00 is the day's end."""

    day: date
    starts: str
    ends: str


@dataclass(frozen=True)
class Hours:
    """When a team works: intervals by weekday (`mon` … `sun`), and what is closed all the same.

    `week`: `{"mon": [["09:00", "12:00"], ["13:00", "17:00"]], …}`; a day that is missing is closed.
    `holidays`: a `date` closes its whole day, a `Closure` part of one.
    """

    timezone: str
    week: Mapping[str, Sequence[Sequence[str]]] = field(hash=False)
    holidays: frozenset[date | Closure] = frozenset()

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone that its wall clock shows."""
        return ZoneInfo(self.timezone)

    @cached_property
    def is_ever_open(self) -> bool:
        """Whether the week has any interval at all."""
        return any(self._week)

    @cached_property
    def _week(self) -> list[list[tuple[time, time]]]:
        return [
            sorted(
                (time.fromisoformat(opens), time.fromisoformat(closes))
                for opens, closes in self.week.get(name, ())
            )
            for name in WEEKDAYS
        ]

    @cached_property
    def _closures(self) -> dict[date, list[Closure | None]]:
        found: dict[date, list[Closure | None]] = {}
        for holiday in self.holidays:
            if isinstance(holiday, Closure):
                found.setdefault(holiday.day, []).append(holiday)
            else:
                found.setdefault(holiday, []).append(None)
        return found

    @cached_property
    def _days(self) -> dict[date, tuple[Span, ...]]:
        return {}

    def spans_of(self, day: date) -> tuple[Span, ...]:
        """What is open by the intervals that begin on that day, in UTC and in order."""
        if (known := self._days.get(day)) is not None:
            return known
        found = [
            span for opens, closes in self._week[day.weekday()] if (span := self._span(day, opens, closes))
        ]
        for closed in (*self._closed_on(day), *self._closed_on(day + _DAY)):
            found = [rest for span in found for rest in _without(span, closed)]
        if len(self._days) >= MAX_CACHED_DAYS:
            self._days.clear()
        self._days[day] = tuple(sorted(found))
        return self._days[day]

    def _span(self, day: date, opens: time, closes: time) -> Span | None:
        start = _first(day, opens, self.zone)
        end = _last(day if closes > opens else day + _DAY, closes, self.zone)
        shown = start.astimezone(self.zone).replace(tzinfo=None)
        is_lost = shown - datetime.combine(day, opens) >= _DAY  # Samoa had no 30 December 2011
        return None if is_lost or start >= end else (start, end)

    def _closed_on(self, day: date) -> Iterator[Span]:
        for closure in self._closures.get(day, ()):
            if closure is None:
                yield _first(day, time(), self.zone), _first(day + _DAY, time(), self.zone)
            elif span := self._span(
                day, time.fromisoformat(closure.starts), time.fromisoformat(closure.ends)
            ):
                yield span


# --- what is asked of them ------------------------------------------------------------------------


def spans(start: datetime, end: datetime, hours: Hours | None) -> list[Span]:
    """The open time from `start` to `end`, in UTC: in order, without overlap, neighbours as one."""
    if start >= end:
        return []
    if hours is None:
        return [(start.astimezone(UTC), end.astimezone(UTC))]
    found: list[Span] = []
    for opens, closes in _forward(start, hours):
        if opens >= end:
            break
        begins = found.pop()[0] if found and found[-1][1] == opens else opens
        found.append((begins, min(closes, end).astimezone(UTC)))
    return found


def between(start: datetime, end: datetime, hours: Hours | None) -> float:
    """The seconds of open time from `start` to `end`; negative if `end` comes first."""
    if end < start:
        return -between(end, start, hours)
    if hours is None:
        return (end - start).total_seconds()
    return sum((closes - opens for opens, closes in spans(start, end, hours)), timedelta()).total_seconds()


def add(start: datetime, seconds: float, hours: Hours | None) -> datetime:
    """The first instant by which so many seconds of open time have passed since `start`, in UTC.

    Nothing to add gives `start` itself, even in a closed hour; negative seconds look back in the same way.
    Raises `NeverOpen` if that does not come within 20 years.
    """
    left = timedelta(seconds=seconds)
    if hours is None or not left:
        return start.astimezone(UTC) + left
    return _ahead(start, left, hours) if left > timedelta() else _back(start, -left, hours)


def is_open(at: datetime, hours: Hours | None) -> bool:
    """Whether that instant is open time."""
    return bool(spans(at, at + _TICK, hours))


def opens_at(at: datetime, hours: Hours | None, *, days: int = 14) -> datetime | None:
    """When it opens next; None if it is open, or stays closed for so many days."""
    if hours is None or is_open(at, hours):
        return None
    last = at.astimezone(hours.zone).date() + timedelta(days=days)
    opens = next((opens for opens, _ in _forward(at, hours, days=days + 3)), None)
    return opens if opens and opens.astimezone(hours.zone).date() <= last else None


# --- walking the days -----------------------------------------------------------------------------


def _ahead(start: datetime, left: timedelta, hours: Hours) -> datetime:
    for opens, closes in _forward(start, hours):
        if closes - opens >= left:
            return opens + left
        left -= closes - opens
    raise NeverOpen("That much open time does not come within 20 years")


def _back(start: datetime, left: timedelta, hours: Hours) -> datetime:
    for opens, closes in _backward(start, hours):
        if closes - opens >= left:
            return closes - left
        left -= closes - opens
    raise NeverOpen("There has not been that much open time in 20 years")


def _forward(start: datetime, hours: Hours, *, days: int = MAX_DAYS) -> Iterator[Span]:
    """Open spans from `start` on, each beginning where the one before has ended, or later."""
    done = start.astimezone(UTC)
    first = done.astimezone(hours.zone).date() - 2 * _DAY
    for offset in range(days if hours.is_ever_open else 0):
        for opens, closes in hours.spans_of(first + timedelta(days=offset)):
            if closes > done:
                yield max(opens, done), closes
                done = closes


def _backward(end: datetime, hours: Hours) -> Iterator[Span]:
    """Open spans back from `end`, the latest first, without overlap."""
    for _ in range(MAX_DAYS // 7 if hours.is_ever_open else 0):
        start = end - 7 * _DAY
        yield from reversed(spans(start, end, hours))
        end = start


# --- wall clocks ----------------------------------------------------------------------------------


def _first(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A wall clock's time as an instant: the first of two, and past a gap as far as it is into it."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def _last(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The same, but the second of two, unless the clock was never before it in between."""
    wall = datetime.combine(day, at, tzinfo=zone)
    is_second = _is_twice(wall) and _is_twice(wall - _TICK)
    return wall.replace(fold=int(is_second)).astimezone(UTC)


def _is_twice(wall: datetime) -> bool:
    return wall.replace(fold=0).utcoffset() > wall.replace(fold=1).utcoffset()  # type: ignore[operator]


def _without(span: Span, closed: Span) -> Iterator[Span]:
    """What is left of a span when another is taken out."""
    for rest in ((span[0], min(span[1], closed[0])), (max(span[0], closed[1]), span[1])):
        if rest[0] < rest[1]:
            yield rest
