"""A calendar's holidays: by hand, by country, or out of an iCalendar file."""

import uuid
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa
from babel import Locale
from pydantic import ValidationError

from webapp import clock, database, green
from webapp.auth import Actor, current_actor
from webapp.errors import Conflict, Invalid, NotFound, from_pydantic
from webapp.extensions import db
from webapp.models import Calendar, CalendarHoliday
from webapp.schemas.calendar import MAX_HOLIDAYS, HolidayIn
from webapp.services.calendar.ical import read_holidays
from webapp.services.calendar.settings import calendar_for, refuse_older, touch


def holidays_of(calendar_id: uuid.UUID, *, session: Any = None) -> list[CalendarHoliday]:
    """A calendar's holidays by date."""
    session = session or db.session()
    query = sa.select(CalendarHoliday).where(CalendarHoliday.calendar_id == calendar_id)
    return list(session.scalars(query.order_by(CalendarHoliday.first_day, CalendarHoliday.id)))


def add_holidays(
    calendar_id: uuid.UUID,
    wanted: list[dict[str, Any]],
    *,
    source: str = "manual",
    version: int | None = None,
    session: Any = None,
    actor: Actor | None = None,
) -> int:
    """Adds holidays (fields of `HolidayIn`); those that are there already stay as they are. How many are new.

    Raises `Invalid` naming the field, or `Conflict` beyond 1,000 holidays.
    """
    session, actor = session or db.session(), actor or current_actor()
    found = calendar_for(calendar_id, session=session, actor=actor, lock=True)
    refuse_older(found, version)
    there = {_place(row) for row in holidays_of(calendar_id, session=session)}
    fresh = {_place(holiday): holiday for holiday in map(_checked, wanted) if _place(holiday) not in there}
    if len(there) + len(fresh) > MAX_HOLIDAYS:
        raise Conflict(f"A calendar holds at most {MAX_HOLIDAYS} holidays")
    for holiday in fresh.values():
        row = CalendarHoliday(
            id=database.uuid7(), calendar_id=found.id, source=source, **holiday.model_dump()
        )
        session.add(row)
    if fresh:
        changes = {
            "holidays": [None, [_said(holiday) for holiday in fresh.values()]],
            "source": [None, source],
        }
        touch(found, changes, session=session, actor=actor)
    return len(fresh)


def remove_holiday(
    calendar_id: uuid.UUID, holiday_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None
) -> None:
    """Takes one holiday out. Raises `NotFound`."""
    removed = _remove(calendar_id, CalendarHoliday.id == holiday_id, session=session, actor=actor)
    if not removed:
        raise NotFound("There is no such holiday")


def clear_holidays(
    calendar_id: uuid.UUID, source: str, *, session: Any = None, actor: Actor | None = None
) -> int:
    """Takes out all that came from one source (`manual`, `library`, `ical`). How many those were."""
    return _remove(calendar_id, CalendarHoliday.source == source, session=session, actor=actor)


def _remove(calendar_id: uuid.UUID, which: Any, *, session: Any, actor: Actor | None) -> int:
    session, actor = session or db.session(), actor or current_actor()
    found: Calendar = calendar_for(calendar_id, session=session, actor=actor, lock=True)
    query = sa.select(CalendarHoliday).where(CalendarHoliday.calendar_id == found.id, which)
    rows = list(session.scalars(query))
    for row in rows:
        session.delete(row)
    if rows:
        touch(found, {"holidays": [[_said(row) for row in rows], None]}, session=session, actor=actor)
    return len(rows)


def _checked(fields: dict[str, Any]) -> HolidayIn:
    try:
        return HolidayIn.model_validate(fields)
    except ValidationError as error:
        raise from_pydantic(error) from None


def _place(holiday: Any) -> tuple[Any, ...]:
    return holiday.first_day, holiday.last_day, holiday.starts, holiday.ends


def _said(holiday: Any) -> str:
    days = f"{holiday.first_day}" + (f"/{holiday.last_day}" if holiday.last_day != holiday.first_day else "")
    part = f" {holiday.starts}-{holiday.ends}" if holiday.starts else ""
    return f"{days}{part} {holiday.name}"


# --- of a country ---------------------------------------------------------------------------------


@cache
def countries() -> dict[str, str]:
    """The countries whose public holidays we know: code to English name, by name."""
    from holidays.registry import COUNTRIES

    english = Locale("en").territories
    named = {names[1]: english[names[1]] for names in COUNTRIES.values() if names[1] in english}
    return dict(sorted(named.items(), key=lambda pair: pair[1].casefold()))


def subdivisions(country: str) -> dict[str, list[str]]:
    """The parts of a country that have holidays of their own: code to names, in the country's languages."""
    import holidays

    aliases = holidays.country_holidays(country).get_subdivision_aliases()
    return {str(code): [str(name) for name in names] for code, names in aliases.items()}


def _subdivision(country: str, typed: str) -> str:
    """The code of a part that was typed as code or name. Raises `Invalid`."""
    known = subdivisions(country)
    if not known:
        raise Invalid.field("subdivision", "This country's holidays are the same everywhere")
    for code, names in known.items():
        if typed.casefold() in (code.casefold(), *map(str.casefold, names)):
            return code
    told = (f"{code} ({names[0]})" if names else code for code, names in known.items())
    raise Invalid.field("subdivision", f"One of {', '.join(told)}")


def import_public(
    calendar_id: uuid.UUID,
    country: str,
    *,
    subdivision: str = "",
    years: list[int],
    version: int | None = None,
    session: Any = None,
    actor: Actor | None = None,
) -> int:
    """Adds a country's public holidays. How many are new. Raises `Invalid` for a country or part unknown."""
    import holidays

    country, subdivision = country.strip().upper(), subdivision.strip()
    if country not in countries():
        raise Invalid.field("country", "Choose a country of the list")
    part = _subdivision(country, subdivision) if subdivision else None
    days = holidays.country_holidays(country, subdiv=part, years=years)
    wanted = [
        {"name": name[:100], "first_day": day} for day, name in sorted(days.items()) if day.year in years
    ]
    return add_holidays(calendar_id, wanted, source="library", version=version, session=session, actor=actor)


# --- out of a file --------------------------------------------------------------------------------


def read_ical(data: bytes, timezone: str, today: date | None = None) -> list[dict[str, Any]]:
    """What a file closes; read in a thread, because a large one takes a while."""
    found: list[dict[str, Any]] = green.run_in_thread(
        read_holidays, data, timezone, today or clock.now().date()
    )
    return found


def import_ical(
    calendar_id: uuid.UUID,
    data: bytes,
    *,
    version: int | None = None,
    session: Any = None,
    actor: Actor | None = None,
) -> int:
    """Adds what the events of an iCalendar file close. How many are new. Raises `Invalid` naming `file`."""
    found = calendar_for(calendar_id, session=session, actor=actor)
    wanted = read_ical(data, found.timezone)
    return add_holidays(calendar_id, wanted, source="ical", version=version, session=session, actor=actor)
