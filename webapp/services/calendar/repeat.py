"""The repetition of an iCalendar event, by the day: own code, as a hostile rule keeps a library busy.

Every step is paid from a budget, so that no file takes longer than we grant it.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")
MAX_YEAR, MAX_DAYS = 9000, 2_000_000
"""Where looking ends: no date beyond can be stored."""


class TooMuch(ValueError):
    """A rule that asks for more work than the budget holds."""


class NotUnderstood(ValueError):
    """A rule with parts that a holiday has no use for."""


@dataclass
class Budget:
    """How many days may still be looked at, over all rules of a file."""

    left: int = 300_000

    def pay(self, days: int) -> None:
        """Takes that many days out. Raises `TooMuch` when they are spent."""
        self.left -= days
        if self.left < 0:
            raise TooMuch("the repetitions never end")


@dataclass(frozen=True)
class Rule:
    """The parts of an RRULE that holidays are made of (RFC 5545, 3.3.10)."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: date | None = None
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    week_days: tuple[tuple[int, int], ...] = ()
    """(nth, weekday); an nth of 0 is every one."""
    positions: tuple[int, ...] = field(default=())


def occurrences(rule: Rule, start: date, last: date, budget: Budget) -> Iterator[date]:
    """The days on which something that begins on `start` happens, in order, up to `last`."""
    count = 0
    for days in _periods(rule, start, last, budget):
        matching = [day for day in days if _matches(rule, start, day)]
        if rule.positions:
            chosen = {
                position - 1 if position > 0 else len(matching) + position for position in rule.positions
            }
            matching = [day for place, day in enumerate(matching) if place in chosen]
        for day in matching:
            if day < start:
                continue
            count += 1
            if day > last or (rule.until and day > rule.until) or (rule.count and count > rule.count):
                return
            yield day


def _periods(rule: Rule, start: date, last: date, budget: Budget) -> Iterator[list[date]]:
    """The years, months, weeks or days that the interval picks, as lists of days."""
    number = 0
    while True:
        first, length = _period(rule, start, number)
        if first is None or first > last:
            return
        budget.pay(length)
        yield [first + timedelta(days=offset) for offset in range(length)]
        number += rule.interval


def _period(rule: Rule, start: date, number: int) -> tuple[date | None, int]:
    if rule.frequency == "YEARLY":
        year = start.year + number
        return (date(year, 1, 1), 366 if calendar.isleap(year) else 365) if year <= MAX_YEAR else (None, 0)
    if rule.frequency == "MONTHLY":
        year, month = divmod(start.year * 12 + start.month - 1 + number, 12)
        return (
            (date(year, month + 1, 1), calendar.monthrange(year, month + 1)[1])
            if year <= MAX_YEAR
            else (None, 0)
        )
    step, begins = (7, start - timedelta(days=start.weekday())) if rule.frequency == "WEEKLY" else (1, start)
    return (begins + timedelta(days=number * step), step) if number * step < MAX_DAYS else (None, 0)


def _matches(rule: Rule, start: date, day: date) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    return _right_day_of_month(rule, start, day) and _right_weekday(rule, start, day)


def _right_day_of_month(rule: Rule, start: date, day: date) -> bool:
    if rule.month_days:
        backwards = day.day - calendar.monthrange(day.year, day.month)[1] - 1
        return day.day in rule.month_days or backwards in rule.month_days
    if rule.week_days or rule.frequency in ("WEEKLY", "DAILY"):
        return True
    in_month = rule.frequency == "MONTHLY" or bool(rule.months) or day.month == start.month
    return in_month and day.day == start.day


def _right_weekday(rule: Rule, start: date, day: date) -> bool:
    if not rule.week_days:
        return rule.frequency != "WEEKLY" or day.weekday() == start.weekday()
    return any(day.weekday() == weekday and _is_nth(rule, day, nth) for nth, weekday in rule.week_days)


def _is_nth(rule: Rule, day: date, nth: int) -> bool:
    """Whether it is the nth such weekday of its month, or of its year where no month is named."""
    if not nth:
        return True
    if rule.frequency == "YEARLY" and not rule.months:
        place, length = day.timetuple().tm_yday, 366 if calendar.isleap(day.year) else 365
    else:
        place, length = day.day, calendar.monthrange(day.year, day.month)[1]
    return nth == (place + 6) // 7 or nth == -((length - place) // 7 + 1)
