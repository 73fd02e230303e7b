"""Calendars: when a team works. `business` has the arithmetic of it, which knows no database."""

from webapp.services.calendar.holidays import (
    add_holidays,
    clear_holidays,
    countries,
    holidays_of,
    import_ical,
    import_public,
    read_ical,
    remove_holiday,
    subdivisions,
)
from webapp.services.calendar.settings import (
    calendar_for,
    create_calendar,
    default_calendar,
    delete_calendar,
    hours_of,
    list_calendars,
    update_calendar,
)

__all__ = [
    "add_holidays",
    "calendar_for",
    "clear_holidays",
    "countries",
    "create_calendar",
    "default_calendar",
    "delete_calendar",
    "holidays_of",
    "hours_of",
    "import_ical",
    "import_public",
    "list_calendars",
    "read_ical",
    "remove_holiday",
    "subdivisions",
    "update_calendar",
]
