"""Calendars: made, changed, imported into, deleted; and what they refuse."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from webapp.auth import acting_as
from webapp.errors import Conflict, Forbidden, Invalid, NotFound
from webapp.models import Calendar, CalendarHoliday, Event, SlaPolicy
from webapp.services import calendar as calendars
from webapp.services.calendar.business import WEEKDAYS, Closure, Hours, spans
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

OFFICE = {day: [["09:00", "17:00"]] for day in WEEKDAYS[:5]}


@pytest.fixture
def admin(make, session):
    person = make.user(role="admin")
    with use_workspace(person.workspace_id), acting_as(make.actor(person)):
        yield person


@pytest.fixture
def office(admin):
    return calendars.create_calendar("Office", timezone="Europe/Berlin", week=OFFICE)


def fields_of(error):
    return [".".join(str(part) for part in item["loc"][1:]) for item in error.value.detail]


# --- settings -------------------------------------------------------------------------------------


def test_the_first_calendar_is_the_default_until_another_one_is(office, session):
    assert office.is_default
    second = calendars.create_calendar("Nights", week={"mon": [["22:00", "06:00"]]}, is_default=True)
    session.expire_all()

    assert calendars.default_calendar().id == second.id
    assert not office.is_default
    calendars.update_calendar(second.id, is_default=False)
    assert calendars.default_calendar().id == second.id, "it passes on, it is not given up"


def test_hours_are_those_of_the_rows(office, session):
    calendars.add_holidays(
        office.id,
        [
            {"name": "Christmas", "first_day": date(2026, 12, 25), "last_day": date(2026, 12, 26)},
            {"name": "Eve", "first_day": "2026-12-24", "starts": "12:00", "ends": "00:00"},
        ],
    )
    expected = frozenset(
        {date(2026, 12, 25), date(2026, 12, 26), Closure(date(2026, 12, 24), "12:00", "00:00")}
    )
    assert calendars.hours_of(office) == Hours("Europe/Berlin", OFFICE, expected)
    assert calendars.hours_of(office) is calendars.hours_of(office), "worked out once"


def test_hours_follow_each_change(office, session):
    before = calendars.hours_of(office)
    calendars.add_holidays(office.id, [{"name": "Feast", "first_day": date(2026, 6, 1)}])
    with_feast = calendars.hours_of(office)
    calendars.clear_holidays(office.id, "manual")
    calendars.update_calendar(office.id, timezone="Asia/Kathmandu")

    assert with_feast.holidays == {date(2026, 6, 1)}
    assert calendars.hours_of(office) == Hours("Asia/Kathmandu", OFFICE)
    assert before == Hours("Europe/Berlin", OFFICE)


def test_changes_are_in_the_ledger(office, session):
    calendars.update_calendar(office.id, name="Desk")
    calendars.add_holidays(office.id, [{"name": "Feast", "first_day": date(2026, 6, 1)}])
    calendars.delete_calendar(office.id)
    session.flush()

    found = list(session.scalars(sa.select(Event).where(Event.subject_id == office.id).order_by(Event.id)))
    assert [event.name for event in found] == [
        "calendar.created",
        "calendar.updated",
        "calendar.updated",
        "calendar.deleted",
    ]
    assert found[1].changes == {"name": ["Office", "Desk"]}
    assert found[2].changes["holidays"] == [None, ["2026-06-01 Feast"]]


@pytest.mark.parametrize(
    "change, field",
    [
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"week": {}}, "week"),
        ({"week": {"mon": []}}, "week"),
        ({"week": {"mon": [["09:00", "12:00"], ["11:59", "13:00"]]}}, "week"),
        ({"week": {"mon": [["22:00", "06:00"]], "tue": [["05:00", "09:00"]]}}, "week"),
        ({"week": {"sun": [["22:00", "06:00"]], "mon": [["05:00", "09:00"]]}}, "week"),
        ({"week": {"mon": [["00:00", "00:00"]] * 2}}, "week"),
        ({"week": {"mon": [["9", "25:00"]]}}, "week.mon.0.opens"),
        ({"week": {"day": [["09:00", "17:00"]]}}, "week.day.[key]"),
        ({"week": {"mon": [["09:00", "10:00"]] * 7}}, "week.mon"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_bad_settings_are_refused_naming_the_field(office, change, field):
    with pytest.raises(Invalid) as refused:
        calendars.update_calendar(office.id, **change)
    assert field in fields_of(refused)


def test_nights_that_touch_the_morning_do_not_overlap(admin):
    made = calendars.create_calendar(
        "Round", week={day: [["06:00", "22:00"], ["22:00", "06:00"]] for day in WEEKDAYS}
    )
    start = datetime(2026, 1, 5, tzinfo=UTC)
    assert spans(start, start + timedelta(days=9), calendars.hours_of(made)) == [
        (start, start + timedelta(days=9))
    ]


def test_two_calendars_never_have_one_name(office):
    with pytest.raises(Invalid) as refused:
        calendars.create_calendar("Office", week=OFFICE)
    assert fields_of(refused) == ["name"]


def test_a_change_to_an_older_version_is_a_conflict(office):
    calendars.update_calendar(office.id, version=1, name="Desk")
    with pytest.raises(Conflict):
        calendars.update_calendar(office.id, version=1, name="Counter")
    with pytest.raises(Conflict):
        calendars.add_holidays(office.id, [{"name": "Feast", "first_day": date(2026, 6, 1)}], version=1)


def test_a_calendar_in_use_stays(office, session):
    session.add(SlaPolicy(name="Gold", calendar_id=office.id))
    session.flush()

    with pytest.raises(Conflict, match="Gold"):
        calendars.delete_calendar(office.id)
    assert session.get(Calendar, office.id) is not None


def test_deleting_takes_the_holidays_along(office, session):
    calendars.add_holidays(office.id, [{"name": "Feast", "first_day": date(2026, 6, 1)}])
    calendars.delete_calendar(office.id)

    assert session.scalar(sa.select(sa.func.count()).select_from(CalendarHoliday)) == 0
    with pytest.raises(NotFound):
        calendars.calendar_for(office.id)


def test_other_workspaces_and_roles_have_no_part_in_it(admin, make, session):
    stranger, agent = (
        make.user(role="admin", workspace=make.workspace("Other")),
        make.user(role="senior_agent"),
    )
    office = calendars.create_calendar("Office", week=OFFICE)
    session.flush()
    with use_workspace(stranger.workspace_id), acting_as(make.actor(stranger)), pytest.raises(NotFound):
        calendars.calendar_for(office.id)
    with acting_as(make.actor(agent)), pytest.raises(Forbidden):
        calendars.update_calendar(office.id, name="Mine")


# --- holidays -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "holiday, field",
    [
        ({"name": "", "first_day": "2026-06-01"}, "name"),
        ({"name": "Feast"}, "first_day"),
        ({"name": "Feast", "first_day": "2026-02-30"}, "first_day"),
        ({"name": "Feast", "first_day": "9999-01-01"}, "first_day"),
        ({"name": "Feast", "first_day": "2026-06-02", "last_day": "2026-06-01"}, "last_day"),
        ({"name": "Feast", "first_day": "2026-01-01", "last_day": "2027-01-02"}, "last_day"),
        ({"name": "Feast", "first_day": "2026-06-01", "starts": "noon", "ends": "13:00"}, "starts"),
        ({"name": "Feast", "first_day": "2026-06-01", "starts": "12:00", "ends": "11:00"}, "ends"),
        ({"name": "Feast", "first_day": "2026-06-01", "starts": "12:00"}, "ends"),
    ],
)
def test_bad_holidays_are_refused_naming_the_field(office, holiday, field):
    with pytest.raises(Invalid) as refused:
        calendars.add_holidays(office.id, [holiday])
    assert fields_of(refused) == [field]


def test_holidays_of_a_country_and_of_one_of_its_parts(office):
    """Bavaria keeps Epiphany, which most of Germany does not (Feiertagsgesetz, article 1)."""
    count = calendars.import_public(office.id, "DE", subdivision="BY", years=[2026])

    days = {row.first_day: row.name for row in calendars.holidays_of(office.id)}
    assert len(days) == count > 10
    assert {date(2026, 1, 6), date(2026, 12, 25)} <= set(days)
    assert calendars.import_public(office.id, "DE", subdivision="BY", years=[2026]) == 0, "nothing twice"
    assert calendars.clear_holidays(office.id, "library") == count


@pytest.mark.parametrize("typed", ["BY", "by", "Bayern", " bayern "])
def test_a_part_of_a_country_goes_by_its_name_too(office, typed):
    calendars.import_public(office.id, "DE", subdivision=typed, years=[2026])

    assert date(2026, 1, 6) in {row.first_day for row in calendars.holidays_of(office.id)}


def test_an_unknown_part_is_told_which_there_are(office):
    with pytest.raises(Invalid) as refused:
        calendars.import_public(office.id, "DE", subdivision="Atlantis", years=[2026])
    assert "BY (Bayern)" in refused.value.detail[0]["msg"]


@pytest.mark.parametrize(
    "country, subdivision, field",
    [("XX", "", "country"), ("DE", "XX", "subdivision"), ("", "", "country")],
)
def test_unknown_countries_are_refused(office, country, subdivision, field):
    with pytest.raises(Invalid) as refused:
        calendars.import_public(office.id, country, subdivision=subdivision, years=[2026])
    assert fields_of(refused) == [field]


def test_a_calendar_holds_only_so_many_holidays(office):
    days = [{"name": "Day", "first_day": date(2026, 1, 1) + timedelta(days=n)} for n in range(1000)]
    calendars.add_holidays(office.id, days)
    with pytest.raises(Conflict):
        calendars.add_holidays(office.id, [{"name": "One more", "first_day": date(2030, 1, 1)}])


# --- iCalendar ------------------------------------------------------------------------------------

TODAY = date(2026, 6, 1)


def ics(*events):
    body = "".join(f"BEGIN:VEVENT\r\nUID:{n}\r\n{event}\r\nEND:VEVENT\r\n" for n, event in enumerate(events))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\n{body}END:VCALENDAR\r\n".encode()


def read(*events, zone="Europe/Berlin"):
    from webapp.services.calendar.ical import read_holidays

    return read_holidays(ics(*events), zone, TODAY)


def test_an_all_day_event_ends_before_its_end_date():
    """RFC 5545, 3.6.1: DTEND of a date is the day after the last one."""
    found = read("DTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261227\r\nSUMMARY:Closed for Christmas")
    assert found == [
        {"name": "Closed for Christmas", "first_day": date(2026, 12, 24), "last_day": date(2026, 12, 26)}
    ]


def test_thanksgiving_repeats_as_its_rule_says():
    """RFC 5545, 3.8.5.3 has this rule: the 4th Thursday of November."""
    found = read(
        "DTSTART;VALUE=DATE:20241128\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH\r\nSUMMARY:Thanksgiving"
    )
    assert [day["first_day"].isoformat() for day in found][:4] == [
        "2024-11-28",
        "2025-11-27",
        "2026-11-26",
        "2027-11-25",
    ]
    assert len(found) == 8


def test_times_are_turned_into_the_calendars_own_wall_clock():
    event = "DTSTART;TZID=America/New_York:20260706T180000\r\nDTEND;TZID=America/New_York:20260708T040000"
    assert read(event) == [
        {"name": "Closed", "first_day": date(2026, 7, 7), "last_day": date(2026, 7, 7)},
        {
            "name": "Closed",
            "first_day": date(2026, 7, 8),
            "last_day": date(2026, 7, 8),
            "starts": "00:00",
            "ends": "10:00",
        },
    ]


def test_exceptions_additions_and_cancelled_events_are_respected():
    found = read(
        "DTSTART;VALUE=DATE:20260601\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\nEXDATE;VALUE=DATE:20260608\r\n"
        "RDATE;VALUE=DATE:20260609",
        "DTSTART;VALUE=DATE:20260701\r\nSTATUS:CANCELLED",
    )
    assert [str(day["first_day"]) for day in found] == ["2026-06-01", "2026-06-09", "2026-06-15"]


ENDLESS = "DTSTART;VALUE=DATE:19700101\r\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"
ZONE_BOMB = (
    "BEGIN:VTIMEZONE\r\nTZID:Bomb\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nRRULE:FREQ=SECONDLY\r\n"
    "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\xff\xfe\x00",
        b"BEGIN:VCARD\r\nEND:VCARD\r\n",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" * 5000,
        b"x" * 300_001,
        ics("DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=SECONDLY"),
        ics("DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=DAILY;BYHOUR=1,2,3"),
        ics("DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=YEARLY;BYDAY=99XX"),
        ics("DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=WEEKLY;BYDAY=2MO"),
        ics("DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=DAILY;INTERVAL=0"),
        ics("DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=DAILY;INTERVAL=-1"),
        ics("DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=DAILY"),
        ics(*[ENDLESS] * 500),
        ics("DTSTART;VALUE=DATE:00010101\r\nRRULE:FREQ=DAILY"),
        ics("DTSTART;VALUE=DATE:20260101\r\nDTEND;VALUE=DATE:99991231"),
        ics("DTSTART;VALUE=DATE:20260101\r\nDTEND;VALUE=DATE:20250101"),
        ics("DTSTART;VALUE=DATE:20260101\r\nDTEND:20260102T100000"),
        ics("DTSTART;VALUE=DATE:20260101\r\nDURATION:P99999999999D"),
        ics("DTSTART;TZID=Mars/Olympus:20260101T100000\r\nDTEND;TZID=Mars/Olympus:20260101T110000"),
        ics("SUMMARY:no day at all"),
        ics(*["DTSTART;VALUE=DATE:20260101"] * 2001),
        ics("DTSTART;VALUE=DATE:19990101"),
        ics("DTSTART;VALUE=DATE:20260101")
        .replace(b"BEGIN:VEVENT", ZONE_BOMB.encode() + b"BEGIN:VEVENT", 1)
        .replace(b"DTSTART;VALUE=DATE:2026", b"DTSTART;TZID=Bomb:20260101T000000\r\nX-A:", 1),
    ],
    ids=lambda data: data[-90:].decode(errors="replace").replace("\r\n", " ")[:60],
)
@pytest.mark.timeout(20)
def test_hostile_files_are_refused_naming_the_file_and_soon(office, data):
    with pytest.raises(Invalid) as refused:
        calendars.import_ical(office.id, data)
    assert fields_of(refused) == ["file"]
    assert calendars.holidays_of(office.id) == []


def test_what_is_imported_is_marked_and_can_be_taken_out_again(office):
    data = ics("DTSTART;VALUE=DATE:20261231\r\nSUMMARY:Stocktaking")
    assert calendars.import_ical(office.id, data) == 1
    (row,) = calendars.holidays_of(office.id)

    assert (row.source, row.name) == ("ical", "Stocktaking")
    calendars.remove_holiday(office.id, row.id)
    assert calendars.holidays_of(office.id) == []
    with pytest.raises(NotFound):
        calendars.remove_holiday(office.id, row.id)
