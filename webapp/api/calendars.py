"""Calendars: when a team works, and which days are closed."""

from typing import Any

from webapp.api.doors import access, answers, created, nothing, staff_views
from webapp.api.matching import matching
from webapp.database import read_only, transaction
from webapp.schemas.calendar import (
    CalendarIn,
    CalendarOut,
    CalendarPatch,
    HolidayOut,
    HolidayPath,
    HolidaysIn,
    calendar_out,
    holiday_out,
)
from webapp.schemas.paging import PageQuery, cut, page_out
from webapp.schemas.ticket_in import IdPath
from webapp.services import calendar as calendars

bp = staff_views("calendars_api", __name__)


@bp.get("/calendars")
@access("settings:manage")
@answers(data=list[CalendarOut], next_cursor=str | None)
def list_calendars(query: PageQuery) -> Any:
    """The calendars by name."""
    with read_only():
        page, cursor = cut(calendars.list_calendars(), query, lambda row: (row.name, str(row.id)), str, str)
        return page_out(page, cursor, calendar_out)


@bp.post("/calendars")
@access("settings:manage")
@answers(201, calendar=CalendarOut, may=(409,))
def create_calendar(body: CalendarIn) -> Any:
    """Makes a calendar; the first one is the default."""
    with transaction():
        return created({"calendar": calendar_out(calendars.create_calendar(**body.fields()))})


@bp.get("/calendars/<id>")
@access("settings:manage")
@answers(calendar=CalendarOut)
def read_calendar(path: IdPath) -> Any:
    """A calendar's hours by weekday, on the wall clock of its time zone."""
    with read_only():
        return {"calendar": calendar_out(calendars.calendar_for(path.id))}


@bp.patch("/calendars/<id>")
@access("settings:manage")
@matching(read_calendar)
@answers(calendar=CalendarOut, may=(409,))
def update_calendar(path: IdPath, body: CalendarPatch) -> Any:
    """Sets what is named; `week` is the whole week."""
    with transaction():
        return {"calendar": calendar_out(calendars.update_calendar(path.id, **body.given()))}


@bp.delete("/calendars/<id>")
@access("settings:manage")
@answers(204, may=(409,))
def delete_calendar(path: IdPath) -> Any:
    """Deletes a calendar; 409 while a policy goes by it."""
    with transaction():
        calendars.delete_calendar(path.id)
    return nothing()


@bp.get("/calendars/<id>/holidays")
@access("settings:manage")
@answers(data=list[HolidayOut], next_cursor=str | None)
def list_holidays(path: IdPath, query: PageQuery) -> Any:
    """A calendar's holidays by date."""
    with read_only():
        rows = calendars.holidays_of(calendars.calendar_for(path.id).id)
        page, cursor = cut(rows, query, lambda row: (row.first_day.isoformat(), str(row.id)), str, str)
        return page_out(page, cursor, holiday_out)


@bp.post("/calendars/<id>/holidays")
@access("settings:manage")
@answers(201, added=int, may=(409,))
def create_holidays(path: IdPath, body: HolidaysIn) -> Any:
    """Adds holidays; says how many were new or changed."""
    with transaction():
        wanted = [holiday.model_dump(mode="json") for holiday in body.holidays]
        return created({"added": calendars.add_holidays(path.id, wanted)})


@bp.delete("/calendars/<id>/holidays/<holiday_id>")
@access("settings:manage")
@answers(204)
def delete_holiday(path: HolidayPath) -> Any:
    """Opens a day again."""
    with transaction():
        calendars.remove_holiday(path.id, path.holiday_id)
    return nothing()
