"""Calendars as rows: made, changed, deleted, and turned into `Hours`."""

import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.orm.attributes import flag_modified

from webapp import clock, database
from webapp.auth import Actor, current_actor, require
from webapp.errors import Conflict, Invalid, NotFound, from_pydantic
from webapp.extensions import db
from webapp.models import Calendar, CalendarHoliday, SlaPolicy
from webapp.schemas.calendar import CalendarIn
from webapp.services.calendar.business import Closure, Hours
from webapp.services.event import record

MAX_CALENDARS = 100


def list_calendars(*, session: Any = None) -> list[Calendar]:
    """The workspace's calendars by name."""
    session = session or db.session()
    return list(session.scalars(sa.select(Calendar).order_by(Calendar.name, Calendar.id)))


def calendar_for(
    calendar_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None, lock: bool = False
) -> Calendar:
    """The calendar with that id, for whoever may manage settings. Raises `NotFound`."""
    session = session or db.session()
    require(actor or current_actor(), "settings:manage")
    query = sa.select(Calendar).where(Calendar.id == calendar_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found: Calendar | None = session.scalar(query)
    if found is None:
        raise NotFound("There is no such calendar")
    return found


def default_calendar(*, session: Any = None) -> Calendar | None:
    """The calendar that is proposed where one is to be chosen."""
    session = session or db.session()
    found: Calendar | None = session.scalar(sa.select(Calendar).where(Calendar.is_default))
    return found


def create_calendar(
    name: str,
    *,
    timezone: str = "UTC",
    week: dict[str, Any] | None = None,
    is_default: bool = False,
    session: Any = None,
    actor: Actor | None = None,
) -> Calendar:
    """Makes a calendar. Raises `Invalid` naming the field: unknown zone, overlapping hours, a name in use."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    fields = _checked(name=name, timezone=timezone, week=week or {}, is_default=is_default)
    others = _locked(session)
    if len(others) >= MAX_CALENDARS:
        raise Conflict(f"A workspace has at most {MAX_CALENDARS} calendars")
    _refuse_same_name(others, fields["name"])
    fields["is_default"] = fields["is_default"] or not others
    made = Calendar(id=database.uuid7(), **fields)
    _only_default(made, others)
    session.add(made)
    session.flush()
    changes = {field: [None, value] for field, value in fields.items()}
    record("calendar.created", session=session, actor=actor, subject_id=made.id, changes=changes)
    return made


def update_calendar(
    calendar_id: uuid.UUID,
    *,
    version: int | None = None,
    session: Any = None,
    actor: Actor | None = None,
    **fields: Any,
) -> Calendar:
    """Changes name, time zone, week or default. Raises `Invalid`, or `Conflict` if `version` is older now."""
    session, actor = session or db.session(), actor or current_actor()
    all_of_them = _locked(session)
    found = calendar_for(calendar_id, session=session, actor=actor)
    refuse_older(found, version)
    wanted = _checked(**{**{name: getattr(found, name) for name in CalendarIn.model_fields}, **fields})
    others = [row for row in all_of_them if row.id != found.id]
    _refuse_same_name(others, wanted["name"])
    wanted["is_default"] = wanted["is_default"] or found.is_default  # it passes on, it is not given up
    changes = {
        name: [getattr(found, name), value] for name, value in wanted.items() if getattr(found, name) != value
    }
    for name, value in wanted.items():
        setattr(found, name, value)
    _only_default(found, others)
    if changes:
        touch(found, changes, session=session, actor=actor)
    return found


def delete_calendar(calendar_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """Deletes a calendar. Raises `Conflict` while a policy goes by it."""
    session, actor = session or db.session(), actor or current_actor()
    found = calendar_for(calendar_id, session=session, actor=actor, lock=True)
    used_by = list(session.scalars(sa.select(SlaPolicy.name).where(SlaPolicy.calendar_id == found.id)))
    if used_by:
        raise Conflict(f"In use by {', '.join(sorted(used_by))}: give it another calendar first")
    session.execute(sa.delete(CalendarHoliday).where(CalendarHoliday.calendar_id == found.id))
    session.delete(found)
    session.flush()
    changes = {"name": [found.name, None]}
    record("calendar.deleted", session=session, actor=actor, subject_id=found.id, changes=changes)


def refuse_older(found: Calendar, version: int | None) -> None:
    """Raises `Conflict` if the calendar is no longer as whoever changes it has seen it."""
    if version is not None and version != found.version:
        raise Conflict(
            "Somebody else has changed this calendar meanwhile", current={"version": found.version}
        )


def touch(found: Calendar, changes: dict[str, Any], *, session: Any, actor: Actor) -> None:
    """Counts up the version of a locked calendar and records what changed."""
    found.updated_at = clock.now()
    flag_modified(found, "updated_at")  # its version counts, also twice within one tick of the clock
    session.flush()
    record("calendar.updated", session=session, actor=actor, subject_id=found.id, changes=changes)


def _checked(**fields: Any) -> dict[str, Any]:
    try:
        return CalendarIn.model_validate(fields).fields()
    except ValidationError as error:
        raise from_pydantic(error) from None


def _locked(session: Any) -> list[Calendar]:
    """All calendars, locked in order: one at a time decides on the default and on names."""
    query = sa.select(Calendar).order_by(Calendar.id).with_for_update()
    return list(session.scalars(query.execution_options(populate_existing=True)))


def _refuse_same_name(others: list[Calendar], name: str) -> None:
    if any(other.name == name for other in others):
        raise Invalid.field("name", "Another calendar has this name")


def _only_default(chosen: Calendar, others: list[Calendar]) -> None:
    if chosen.is_default:
        for other in others:
            other.is_default = False


# --- as hours -------------------------------------------------------------------------------------


def hours_of(calendar: Calendar, *, session: Any = None) -> Hours:
    """The calendar for `business`. Remembered by its version, so that its days are worked out once."""
    session = session or db.session()
    if calendar in session.dirty:
        session.flush()
    # The time tells a version that was rolled back from the one that came in its place.
    remembered = _remembered((calendar.id, calendar.version, calendar.updated_at))
    if (known := remembered.get("hours")) is None:
        query = sa.select(CalendarHoliday).where(CalendarHoliday.calendar_id == calendar.id)
        closed = frozenset(day for holiday in session.scalars(query) for day in _closed(holiday))
        known = remembered["hours"] = Hours(calendar.timezone, calendar.week, closed)
    return known


@lru_cache(maxsize=500)
def _remembered(_key: Any) -> dict[str, Hours]:
    return {}


def _closed(holiday: CalendarHoliday) -> Iterator[date | Closure]:
    for offset in range((holiday.last_day - holiday.first_day).days + 1):
        day = holiday.first_day + timedelta(days=offset)
        yield Closure(day, holiday.starts, holiday.ends or "00:00") if holiday.starts else day
