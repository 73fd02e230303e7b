"""Calendars: when a team works, its holidays, and what the next days look like."""

import uuid
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request

from webapp import clock
from webapp.database import read_only, transaction
from webapp.errors import AppError, Invalid
from webapp.models import Calendar
from webapp.pages.auth import staff_page
from webapp.pages.forms import check_unchanged, confirmed, form_page, form_values, handled, read_form
from webapp.schemas.calendar import DAY_NAMES, CalendarIn, PublicHolidaysForm, calendar_values
from webapp.schemas.inbox import WEEKDAYS
from webapp.schemas.text import time_zones
from webapp.schemas.workspace import WorkspaceSection
from webapp.services import calendar as calendars
from webapp.services import sla
from webapp.services.calendar import business
from webapp.services.edit import About
from webapp.services.setting import read_section

bp = Blueprint("calendars", __name__, url_prefix="/settings/calendars")

HERE = "/settings/calendars"
SOURCES = {"manual": "By hand", "library": "Public", "ical": "File"}
SHOWN_DAYS = 8


@bp.get("")
@staff_page("settings:manage")
def show_all() -> Any:
    """The list."""
    with read_only():
        now = clock.now()
        found = [
            {
                "id": row.id,
                "name": row.name,
                "timezone": row.timezone,
                "is_default": row.is_default,
                "is_open": business.is_open(now, calendars.hours_of(row)),
            }
            for row in calendars.list_calendars()
        ]
    return render_template("calendars/list.html", calendars=found)


@bp.get("/new")
@staff_page("settings:manage")
def new() -> Any:
    """An empty form."""
    with read_only():
        zone = read_section(WorkspaceSection).time_zone
    return _page(None, {**calendar_values(), "timezone": zone})


@bp.post("/new")
@staff_page("settings:manage")
def create() -> Response:
    """Makes a calendar."""
    if rows := _changed_rows():
        return _page(None, rows)

    def act() -> Response:
        wanted = read_form(CalendarIn).fields()
        with transaction():
            made = calendars.create_calendar(**wanted).id
        flash("The calendar was created. Its holidays come next.")
        return redirect(f"{HERE}/{made}")  # type: ignore[return-value]

    return handled(act, lambda error: _page(None, typed_values(), error))


@bp.get("/<uuid:calendar_id>")
@staff_page("settings:manage")
def show(calendar_id: uuid.UUID) -> Any:
    """One calendar, its holidays and its next days."""
    found = _known(calendar_id)
    return _page(found, found["values"])


@bp.post("/<uuid:calendar_id>")
@staff_page("settings:manage")
def update(calendar_id: uuid.UUID) -> Response:
    """Saves the week, unless somebody else changed it meanwhile."""
    found = _known(calendar_id)
    if rows := _changed_rows():
        return _page(found, rows)

    def act() -> Response:
        wanted = read_form(CalendarIn).fields()
        with transaction():
            check_unchanged(
                lambda: calendars.calendar_for(calendar_id).version, About("calendar", calendar_id)
            )
            calendars.update_calendar(calendar_id, **wanted)
        flash("Saved. Open tickets follow with their next event, or at once when you recalculate them.")
        return redirect(f"{HERE}/{calendar_id}")  # type: ignore[return-value]

    return handled(act, lambda error: _page(found, typed_values(), error))


@bp.post("/<uuid:calendar_id>/delete")
@staff_page("settings:manage")
def delete(calendar_id: uuid.UUID) -> Response:
    """Deletes a calendar that no policy goes by."""
    found = _known(calendar_id)

    def act() -> Response:
        with transaction():
            calendars.delete_calendar(calendar_id)
        flash("The calendar was deleted")
        return redirect(HERE)  # type: ignore[return-value]

    return confirmed(
        found["name"],
        lambda: handled(act, lambda error: _page(found, found["values"], error)),
        question="It goes with its holidays.",
        verb="Delete this calendar",
        back=f"{HERE}/{calendar_id}",
    )


# --- holidays -------------------------------------------------------------------------------------


@bp.post("/<uuid:calendar_id>/holidays")
@staff_page("settings:manage")
def add_holiday(calendar_id: uuid.UUID) -> Response:
    """Closes a day, some days, or part of them."""
    typed = form_values().get("holiday")
    wanted = typed if isinstance(typed, dict) else {}
    return _change(calendar_id, lambda: calendars.add_holidays(calendar_id, [wanted]), holiday=wanted)


@bp.post("/<uuid:calendar_id>/holidays/<uuid:holiday_id>/delete")
@staff_page("settings:manage")
def remove_holiday(calendar_id: uuid.UUID, holiday_id: uuid.UUID) -> Response:
    """Opens it again."""
    return _change(calendar_id, lambda: calendars.remove_holiday(calendar_id, holiday_id))


@bp.post("/<uuid:calendar_id>/holidays/clear")
@staff_page("settings:manage")
def clear_holidays(calendar_id: uuid.UUID) -> Response:
    """Takes out all that came from one place."""
    source = request.form.get("source", "")
    return _change(calendar_id, lambda: calendars.clear_holidays(calendar_id, source), "removed")


@bp.post("/<uuid:calendar_id>/public")
@staff_page("settings:manage")
def import_public(calendar_id: uuid.UUID) -> Response:
    """Takes over a country's public holidays."""

    def act() -> int:
        wanted = read_form(PublicHolidaysForm)
        years = list(range(wanted.first_year, wanted.first_year + wanted.years))
        return calendars.import_public(
            calendar_id, wanted.country, subdivision=wanted.subdivision, years=years
        )

    return _change(calendar_id, act, public=request.form.to_dict())


@bp.post("/<uuid:calendar_id>/ical")
@staff_page("settings:manage")
def import_ical(calendar_id: uuid.UUID) -> Response:
    """Takes over what an iCalendar file closes."""
    found = _known(calendar_id)

    def act() -> Response:
        file = request.files.get("file")
        if file is None or not file.filename:
            raise Invalid.field("file", "Choose a file")
        holidays = calendars.read_ical(file.read(), found["values"]["timezone"])
        with transaction():
            count = calendars.add_holidays(calendar_id, holidays, source="ical")
        return _done(calendar_id, count)

    return handled(act, lambda error: _page(found, found["values"], error))


def _change(
    calendar_id: uuid.UUID, change: Callable[[], int | None], done: str = "added", **typed: Any
) -> Response:
    found = _known(calendar_id)

    def act() -> Response:
        with transaction():
            count = change()
        return _done(calendar_id, count, done)

    def again(error: AppError) -> Response:
        if "holiday" in typed:
            error.detail = [{**item, "loc": ["body", "holiday", *item["loc"][1:]]} for item in error.detail]
        return _page(found, found["values"], error, **typed)

    return handled(act, again)


def _done(calendar_id: uuid.UUID, count: int | None, done: str = "added") -> Response:
    said = {None: "The holiday was removed", 0: "Nothing new: these days are here already"}
    flash(said.get(count) or f"{count} {'holiday was' if count == 1 else 'holidays were'} {done}")
    return redirect(f"{HERE}/{calendar_id}#holidays")  # type: ignore[return-value]


# --- the page -------------------------------------------------------------------------------------


def _page(
    found: dict[str, Any] | None, values: dict[str, Any], error: AppError | None = None, **typed: Any
) -> Response:
    return form_page(
        "calendars/edit.html",
        error,
        calendar=found,
        values=values,
        version=found["values"]["version"] if found else None,
        days=DAY_NAMES,
        zones=[(zone, zone) for zone in time_zones()],
        countries=[("", "Choose"), *calendars.countries().items()],
        sources=SOURCES,
        year=clock.now().year,
        typed={"holiday": {}, "public": {}, **typed},
    )


def _known(calendar_id: uuid.UUID) -> dict[str, Any]:
    with read_only():
        row = calendars.calendar_for(calendar_id)
        rows = calendars.holidays_of(calendar_id)
        today = clock.now().astimezone(calendars.hours_of(row).zone).date()
        return {
            "id": row.id,
            "name": row.name,
            "values": calendar_values(row),
            "next_days": next_days(row, {day: one.name for one in rows for day in _days(one, today)}),
            "holidays": [one for one in rows if one.last_day >= today],
            "past": sum(one.last_day < today for one in rows),
            "from": sorted({one.source for one in rows}),
            "policies": [
                {"id": one.id, "name": one.name}
                for one in sla.list_policies()
                if one.calendar_id == calendar_id
            ],
        }


def _days(holiday: Any, today: Any) -> list[Any]:
    shown = [today + timedelta(days=offset) for offset in range(SHOWN_DAYS)]
    return [day for day in shown if holiday.first_day <= day <= holiday.last_day]


def next_days(row: Calendar, closed: dict[Any, str]) -> list[dict[str, Any]]:
    """Today and the next 7 days, each with its open hours by the calendar's wall clock."""
    hours = calendars.hours_of(row)
    today = clock.now().astimezone(hours.zone).date()
    shown = []
    for offset in range(SHOWN_DAYS):
        day = today + timedelta(days=offset)
        start, end = (
            datetime.combine(one, time(), tzinfo=hours.zone) for one in (day, day + timedelta(days=1))
        )
        spans = [
            f"{opens.astimezone(hours.zone):%H:%M}\N{EN DASH}{_end_of_day(closes.astimezone(hours.zone))}"
            for opens, closes in business.spans(start, end, hours)
        ]
        name = "Today" if not offset else DAY_NAMES[WEEKDAYS[day.weekday()]]
        shown.append({"name": name, "date": day, "spans": spans, "holiday": closed.get(day)})
    return shown


def _end_of_day(at: datetime) -> str:
    return "24:00" if at.time() == time() else f"{at:%H:%M}"


def typed_values() -> dict[str, Any]:
    """The form as it was sent, in the shape of `calendar_values`."""
    typed = form_values()
    week = typed.get("week")
    days = week.items() if isinstance(week, dict) else ()
    typed["week"] = {
        day: [row for row in rows if isinstance(row, dict)] for day, rows in days if isinstance(rows, list)
    }
    typed["is_default"] = "is_default" in request.form
    return typed


def _changed_rows() -> dict[str, Any] | None:
    """Without scripts, rows come and go by buttons that send the form; nothing is saved then."""
    add, remove = request.form.get("add"), request.form.get("remove", "")
    if not add and not remove:
        return None
    typed = typed_values()
    if add in WEEKDAYS:
        typed["week"].setdefault(add, []).append({"opens": "09:00", "closes": "17:00"})
    day, _, index = remove.rpartition(".")
    rows = typed["week"].get(day, [])
    if index.isdecimal() and int(index) < len(rows):
        rows.pop(int(index))
    return typed
