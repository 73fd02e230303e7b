"""Holidays out of an iCalendar file (RFC 5545). A file is a stranger's: every size in it has a limit."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar

from webapp.errors import Invalid
from webapp.schemas.calendar import FIRST_YEAR, LAST_YEAR, MAX_HOLIDAY_DAYS, MAX_HOLIDAYS
from webapp.services.calendar.repeat import (
    DAYS,
    FREQUENCIES,
    Budget,
    NotUnderstood,
    Rule,
    TooMuch,
    occurrences,
)
from webapp.validators import has_unstorable, visible

MAX_BYTES = 300_000
MAX_LINES = 20_000
MAX_EVENTS = 2000
MAX_DATES = 1000
"""Single dates that one event may add to its rule, or take out of it."""
YEARS_BACK, YEARS_AHEAD = 2, 5
_TOO_FINE = ("BYSECOND", "BYMINUTE", "BYHOUR", "BYYEARDAY", "BYWEEKNO")
_WEEKDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_DAY = timedelta(days=1)


def read_holidays(data: bytes, timezone: str, today: date) -> list[dict[str, Any]]:
    """What the events of a file close, in fields of `HolidayIn`: from 2 years before today to 5 years after.

    Times become the wall clock of `timezone`; floating ones are taken as they stand. Raises `Invalid`
    naming the field `file` for what is no such file, too large, or repeats itself without end.
    """
    try:
        events = _events(data)
        reader = _Reader(
            ZoneInfo(timezone), date(today.year - YEARS_BACK, 1, 1), date(today.year + YEARS_AHEAD, 12, 31)
        )
        found = [holiday for event in events for holiday in reader.holidays(event)]
    except Invalid:
        raise
    except TooMuch:
        raise _refused("The events repeat too often") from None
    except NotUnderstood as error:
        raise _refused(f"A repetition is not understood: {error}") from None
    except Exception:  # noqa: BLE001 - whatever a parser stumbles over is the file's fault
        raise _refused("This is not an iCalendar file, or it is damaged") from None
    if not found:
        raise _refused(f"No event between {reader.first} and {reader.last} is in this file")
    return found


def _refused(message: str) -> Invalid:
    return Invalid.field("file", message)


def _events(data: bytes) -> list[Any]:
    if len(data) > MAX_BYTES:
        raise _refused(f"The file is larger than {MAX_BYTES // 1000} KB")
    lines = data.decode("utf-8-sig").splitlines()
    if len(lines) > MAX_LINES:
        raise _refused("The file has too many lines")
    parsed = icalendar.Calendar.from_ical("\r\n".join(_without_zones(lines)))
    if parsed.name != "VCALENDAR":
        raise _refused("This is not an iCalendar file")
    events = parsed.walk("VEVENT")
    if len(events) > MAX_EVENTS:
        raise _refused(f"The file has more than {MAX_EVENTS} events")
    return [event for event in events if str(event.get("STATUS", "")).upper() != "CANCELLED"]


def _without_zones(lines: Iterable[str]) -> Iterator[str]:
    """Definitions of zones hold rules of their own, which a parser unrolls: ours are those of the system."""
    is_inside = False
    for line in lines:
        word = line.strip().upper()
        is_inside = is_inside or word == "BEGIN:VTIMEZONE"
        if not is_inside:
            yield line
        if word == "END:VTIMEZONE":
            is_inside = False


class _Reader:
    """Turns events into holidays, all out of one budget."""

    def __init__(self, zone: ZoneInfo, first: date, last: date) -> None:
        self.zone, self.first, self.last = zone, first, last
        self.budget = Budget()
        self.count = 0

    def holidays(self, event: Any) -> Iterator[dict[str, Any]]:
        """The closed days of one event, its repetitions included."""
        start, end = self._local(event["DTSTART"]), self._end(event)
        name = _shown(event)
        length = (end.date() if isinstance(end, datetime) else end) - _day(start)
        if not timedelta() <= length <= timedelta(days=MAX_HOLIDAY_DAYS):
            raise _refused(f"“{name}” ends before it begins, or lasts longer than {MAX_HOLIDAY_DAYS} days")
        for day in self._days(event, _day(start)):
            if day + length < self.first:
                continue
            for piece in _pieces(day, start, end, length):
                self.count += 1
                if self.count > MAX_HOLIDAYS:
                    raise _refused(f"The file closes more than {MAX_HOLIDAYS} days")
                yield {"name": name, **piece}

    def _end(self, event: Any) -> Any:
        start = self._local(event["DTSTART"])
        if "DTEND" in event:
            end = self._local(event["DTEND"])
            if isinstance(end, datetime) != isinstance(start, datetime):
                raise NotUnderstood("a day that ends at an hour")
            return end
        if "DURATION" in event:
            return start + event["DURATION"].dt
        return start + (timedelta() if isinstance(start, datetime) else _DAY)

    def _days(self, event: Any, start: date) -> list[date]:
        if not FIRST_YEAR <= start.year <= LAST_YEAR:
            raise _refused(f"An event begins before {FIRST_YEAR} or after {LAST_YEAR}")
        rules = event.get("RRULE", [])
        rules = rules if isinstance(rules, list) else [rules]
        if len(rules) > 1:
            raise NotUnderstood("more than one rule for an event")
        found = {start, *self._dates(event, "RDATE")}
        if rules:
            found = {
                *self._dates(event, "RDATE"),
                *occurrences(_rule(rules[0], self), start, self.last, self.budget),
            }
        return sorted(day for day in found - self._dates(event, "EXDATE") if day <= self.last)

    def _dates(self, event: Any, name: str) -> set[date]:
        listed = event.get(name, [])
        lists = listed if isinstance(listed, list) else [listed]
        values = [self._local(value) for one in lists for value in one.dts]
        if len(values) > MAX_DATES:
            raise _refused(f"An event lists more than {MAX_DATES} dates")
        return {_day(value) for value in values}

    def _local(self, value: Any) -> Any:
        """A date as it is; a time as the calendar's wall clock shows it, without a zone."""
        moment = value.dt
        if isinstance(moment, tuple):
            raise NotUnderstood("periods")
        if not isinstance(moment, datetime):
            return moment
        zone = str(value.params.get("TZID", "")) if hasattr(value, "params") else ""
        if moment.tzinfo is None and zone:
            raise _refused(f"The time zone “{visible(zone)[:60]}” is not known")
        return moment.astimezone(self.zone).replace(tzinfo=None) if moment.tzinfo else moment


def _day(value: Any) -> date:
    return value.date() if isinstance(value, datetime) else value


def _shown(event: Any) -> str:
    text = visible(str(event.get("SUMMARY", "")))[:100].strip()
    return "Closed" if not text or has_unstorable(text) else text


def _pieces(day: date, start: Any, end: Any, length: timedelta) -> Iterator[dict[str, Any]]:
    """What an occurrence that begins on `day` closes: whole days, or the parts of days between two times."""
    if not isinstance(start, datetime):
        yield {"first_day": day, "last_day": day + max(length - _DAY, timedelta())}
        return
    last, opens, closes = day + length, f"{start:%H:%M}", f"{end:%H:%M}"
    if day == last:
        if opens < closes:
            yield {"first_day": day, "last_day": day, "starts": opens, "ends": closes}
        return
    yield _whole_or_part(day, opens, "00:00")
    if last - day > _DAY:
        yield {"first_day": day + _DAY, "last_day": last - _DAY}
    if closes != "00:00":
        yield _whole_or_part(last, "00:00", closes)


def _whole_or_part(day: date, starts: str, ends: str) -> dict[str, Any]:
    whole = {"first_day": day, "last_day": day}
    return whole if starts == ends == "00:00" else {**whole, "starts": starts, "ends": ends}


# --- rules ----------------------------------------------------------------------------------------


def _rule(parts: Any, reader: _Reader) -> Rule:
    frequency = str(_one(parts, "FREQ") or "").upper()
    if frequency not in FREQUENCIES:
        raise NotUnderstood("it repeats within a day")
    if any(part in parts for part in _TOO_FINE):
        raise NotUnderstood("it names hours, or days and weeks of the year")
    until, count = _one(parts, "UNTIL"), _one(parts, "COUNT")
    interval = int(_one(parts, "INTERVAL") or 1)
    if interval < 1 or (count is not None and int(count) < 1):
        raise NotUnderstood("it counts with nothing")
    if isinstance(until, datetime) and until.tzinfo:
        until = until.astimezone(reader.zone)
    week_days = tuple(_week_day(str(text)) for text in parts.get("BYDAY", ()))
    if frequency in ("WEEKLY", "DAILY") and any(nth for nth, _ in week_days):
        raise NotUnderstood("a numbered weekday within a week")
    if (frequency == "WEEKLY" and "BYMONTHDAY" in parts) or (
        frequency in ("WEEKLY", "DAILY") and "BYSETPOS" in parts
    ):
        raise NotUnderstood("days of the month within a week")
    return Rule(
        frequency,
        interval=interval,
        count=int(count) if count is not None else None,
        until=_day(until) if until else None,
        months=tuple(int(month) for month in parts.get("BYMONTH", ())),
        month_days=tuple(int(day) for day in parts.get("BYMONTHDAY", ())),
        week_days=week_days,
        positions=tuple(int(place) for place in parts.get("BYSETPOS", ())),
    )


def _one(parts: Any, name: str) -> Any:
    values = parts.get(name)
    return values[0] if isinstance(values, list) and values else values


def _week_day(text: str) -> tuple[int, int]:
    found = _WEEKDAY.fullmatch(text.upper())
    if found is None:
        raise NotUnderstood("a weekday")
    return int(found[1] or 0), DAYS.index(found[2])
