"""A calendar: what its pages may set, and how they show it."""

import uuid
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from webapp import clock
from webapp.schemas.inbox import CLOCK, MAX_INTERVALS, OFFICE_HOURS, WEEKDAYS, Interval, Weekday
from webapp.schemas.text import Day, Line, Strict, Text, TimeZone
from webapp.validators import visible

MAX_HOLIDAYS = 1000
"""A calendar's holidays, however they came."""
MAX_HOLIDAY_DAYS = 366
FIRST_YEAR, LAST_YEAR = 1970, 2100
_MINUTES_A_WEEK = 7 * 24 * 60

Named = Annotated[Text, StringConstraints(max_length=100)]


def _name(value: str) -> str:
    if not visible(value):
        raise ValueError("Please fill this in")
    return visible(value)


def _pair(value: Any) -> Any:
    """`["09:00", "17:00"]` is an interval too: that is how they are stored."""
    is_pair = isinstance(value, list | tuple) and len(value) == 2
    return {"opens": value[0], "closes": value[1]} if is_pair else value


Hour = Annotated[Interval, BeforeValidator(_pair)]
Week = dict[Weekday, Annotated[list[Hour], Field(max_length=MAX_INTERVALS)]]


class CalendarIn(Strict):
    """Everything of a calendar but its holidays."""

    name: Named
    timezone: TimeZone
    week: Week = {}
    is_default: bool = False

    @field_validator("name")
    @classmethod
    def _has_name(cls, value: str) -> str:
        return _name(value)

    @field_validator("week")
    @classmethod
    def _do_not_overlap(cls, value: dict[str, list[Interval]]) -> dict[str, list[Interval]]:
        stretches = sorted(_stretch(day, interval) for day, listed in value.items() for interval in listed)
        if not stretches:
            raise ValueError("Open at least once a week: a clock on this calendar would never run out")
        first = stretches[0]
        around = (first[0] + _MINUTES_A_WEEK, first[1], first[2])
        for earlier, later in pairwise([*stretches, around]):
            if later[0] < earlier[1]:
                names = dict.fromkeys((earlier[2], later[2]))
                raise ValueError(f"Hours overlap on {' and '.join(DAY_NAMES[name] for name in names)}")
        return value

    def fields(self) -> dict[str, Any]:
        """The calendar's columns."""
        hours = {day: sorted([at.opens, at.closes] for at in listed) for day, listed in self.week.items()}
        return {
            "name": self.name,
            "timezone": self.timezone,
            "week": {day: hours[day] for day in WEEKDAYS if hours.get(day)},
            "is_default": self.is_default,
        }


DAY_NAMES: dict[str, str] = dict(
    zip(
        WEEKDAYS,
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        strict=True,
    )
)


def _stretch(day: str, interval: Interval) -> tuple[int, int, str]:
    """An interval in minutes from Monday's midnight; past Sunday's it just goes on counting."""
    opens, closes = (int(clock[:2]) * 60 + int(clock[3:]) for clock in (interval.opens, interval.closes))
    start = WEEKDAYS.index(day) * 24 * 60 + opens
    return start, start + ((closes - opens) % (24 * 60) or 24 * 60), day


class CalendarPatch(CalendarIn):
    """What of a calendar is changed; being the default passes on, it is not given up."""

    name: Named = ""
    timezone: TimeZone = "UTC"

    def given(self) -> dict[str, Any]:
        """The columns that were named."""
        return {name: self.fields()[name] for name in self.model_fields_set}


class HolidayPath(Strict):
    id: uuid.UUID
    holiday_id: uuid.UUID


class HolidaysIn(Strict):
    """Holidays to be added; those that are there already are left."""

    holidays: Annotated[list["HolidayIn"], Field(min_length=1, max_length=100)]


class HolidayIn(Strict):
    """A day or a range of days that is closed: whole, or from `starts` to `ends` of each."""

    name: Named
    first_day: Day
    last_day: Day | None = None
    starts: str | None = None
    ends: str | None = Field(default=None, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_none(cls, data: Any) -> Any:
        return {key: value or None for key, value in data.items()} if isinstance(data, dict) else data

    @field_validator("name", mode="before")
    @classmethod
    def _has_name(cls, value: Any) -> Any:
        return _name(value or "") if isinstance(value, str | None) else value

    @field_validator("first_day", "last_day")
    @classmethod
    def _is_near(cls, value: date | None) -> date | None:
        if value and not FIRST_YEAR <= value.year <= LAST_YEAR:
            raise ValueError(f"A day between {FIRST_YEAR} and {LAST_YEAR}")
        return value

    @field_validator("starts", "ends")
    @classmethod
    def _is_a_time(cls, value: str | None) -> str | None:
        if value and not CLOCK.fullmatch(value):
            raise ValueError("A time such as 09:00")
        return value

    @field_validator("last_day")
    @classmethod
    def _is_later(cls, value: date | None, info: Any) -> date | None:
        first = info.data.get("first_day")
        if value and first and not timedelta() <= value - first < timedelta(days=MAX_HOLIDAY_DAYS):
            raise ValueError(f"Not before the first day, and {MAX_HOLIDAY_DAYS} days at most")
        return value

    @field_validator("ends")
    @classmethod
    def _is_a_part(cls, value: str | None, info: Any) -> str | None:
        starts = info.data.get("starts")
        if bool(value) != bool(starts) and "starts" in info.data:
            raise ValueError("Part of a day needs both times; a whole day needs none")
        if value and starts and value != "00:00" and value <= starts:
            raise ValueError("After the start; 00:00 is the end of the day")
        return value

    @model_validator(mode="after")
    def _one_day_is_a_range(self) -> Self:
        self.last_day = self.last_day or self.first_day
        return self


class PublicHolidaysForm(Strict):
    """Which country's public holidays to take over."""

    country: Line
    subdivision: Line = ""
    first_year: Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)]
    years: Annotated[int, Field(ge=1, le=10)] = 2


def calendar_values(calendar: Any = None) -> dict[str, Any]:
    """A calendar as its page's form holds it; without one, the form of a new one."""
    week = calendar.week if calendar else OFFICE_HOURS
    return {
        "name": calendar.name if calendar else "",
        "timezone": calendar.timezone if calendar else "UTC",
        "week": {
            day: [{"opens": opens, "closes": closes} for opens, closes in pairs]
            for day, pairs in week.items()
        },
        "is_default": bool(calendar and calendar.is_default),
        "version": calendar.version if calendar else None,
    }


class CalendarOut(Strict):
    """A calendar. `week`: its hours by weekday, on its wall clock; a day without hours is closed."""

    id: uuid.UUID
    name: str
    timezone: str
    week: dict[Weekday, list[Interval]]
    is_default: bool
    version: int
    created_at: datetime


def calendar_out(calendar: Any) -> dict[str, Any]:
    """A calendar as programs see it."""
    created_at = clock.iso(calendar.created_at)
    return {"id": str(calendar.id), **calendar_values(calendar), "created_at": created_at}


class HolidayOut(Strict):
    """A closed day, or a day with hours of its own."""

    id: uuid.UUID
    name: str
    first_day: date
    last_day: date
    starts: str | None
    ends: str | None
    source: str


def holiday_out(holiday: Any) -> dict[str, Any]:
    """A holiday; `source`: by hand, from a country's list, or from a file."""
    return {
        "id": str(holiday.id),
        "name": holiday.name,
        "first_day": holiday.first_day.isoformat(),
        "last_day": holiday.last_day.isoformat(),
        "starts": holiday.starts,
        "ends": holiday.ends,
        "source": holiday.source,
    }
