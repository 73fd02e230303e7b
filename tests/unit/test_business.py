"""Business time: exact over clock changes, nights, holidays and zones of 45 minutes.

Published sources of the cases are named at each. Transition dates are those of the IANA time zone database.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.services.calendar.business import (
    WEEKDAYS,
    Closure,
    Hours,
    NeverOpen,
    add,
    between,
    is_open,
    opens_at,
    spans,
)

pytestmark = pytest.mark.unit

HOUR = 3600
NINE_TO_FIVE = {day: [["09:00", "17:00"]] for day in WEEKDAYS[:5]}
WITH_LUNCH = {day: [["09:00", "12:00"], ["13:00", "17:00"]] for day in WEEKDAYS[:5]}
EVERY_DAY = {day: [["09:00", "17:00"]] for day in WEEKDAYS}
ALL_DAY = {day: [["00:00", "00:00"]] for day in WEEKDAYS}


def at(text):
    return datetime.fromisoformat(text)


# --- cases of public material ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "start, hours_to_add, expected",
    [
        # crm.switchlabs.dev/guide/slas/business-hours, "Example Calculation" (5 November 2026 is a Thursday)
        ("2026-11-05T15:00+00:00", 4, "2026-11-06T11:00+00:00"),
        # the same page, "Overnight Tickets": Wednesday 18:00, the clock starts on Thursday at 9
        ("2026-11-04T18:00+00:00", 1, "2026-11-05T10:00+00:00"),
        # eesel.ai/blog/zendesk-sla-calendar-business-hours: Friday 17:00 and 8 hours is the whole of Monday
        ("2026-11-06T17:00+00:00", 8, "2026-11-09T17:00+00:00"),
    ],
    ids=["two-afternoons", "overnight", "weekend"],
)
def test_published_examples_of_nine_to_five(start, hours_to_add, expected):
    assert add(at(start), hours_to_add * HOUR, Hours("UTC", NINE_TO_FIVE)) == at(expected)


def test_calendar_hours_never_stop():
    """eesel.ai, as above: made on Friday at 17:00 with 8 calendar hours, due on Saturday at 01:00."""
    assert add(at("2026-11-06T17:00+00:00"), 8 * HOUR, None) == at("2026-11-07T01:00+00:00")
    assert between(at("2026-11-06T17:00+00:00"), at("2026-11-07T01:00+00:00"), None) == 8 * HOUR
    assert spans(at("2026-11-06T17:00+01:00"), at("2026-11-07T01:00+01:00"), None) == [
        (at("2026-11-06T16:00+00:00"), at("2026-11-07T00:00+00:00"))
    ]


@pytest.mark.parametrize(
    "zone, day, hours_of_day",
    [
        ("America/New_York", "2026-03-08", 23),  # nist.gov: second Sunday of March, 2:00 becomes 3:00
        ("America/New_York", "2026-11-01", 25),  # nist.gov: first Sunday of November, 2:00 becomes 1:00
        ("Europe/Berlin", "2026-03-29", 23),  # Directive 2000/84/EC: last Sunday of March, 01:00 UTC
        ("Europe/Berlin", "2026-10-25", 25),  # and the last one of October
        ("Australia/Lord_Howe", "2026-04-05", 24.5),  # tzdb, australasia: Lord Howe moves by half an hour
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Pacific/Chatham", "2026-04-05", 25),  # tzdb, australasia: +13:45 to +12:45 at 03:45
        ("Pacific/Chatham", "2026-09-27", 23),
        ("America/Sao_Paulo", "2018-11-04", 23),  # tzdb, southamerica: midnight did not exist
        ("America/Sao_Paulo", "2019-02-16", 25),  # and 23:00 to 24:00 came twice
        ("America/Havana", "2026-11-01", 25),  # tzdb, northamerica: 00:00 to 01:00 comes twice
        ("Pacific/Apia", "2011-12-29", 24),  # tzdb, australasia: Samoa went over the date line after this day
        ("Asia/Kathmandu", "2026-03-29", 24),  # +05:45 without clock changes
        ("Australia/Eucla", "2026-10-04", 24),  # +08:45 without clock changes
    ],
)
def test_a_day_has_as_many_hours_as_its_clock_change_leaves(zone, day, hours_of_day):
    here = ZoneInfo(zone)
    start = datetime.combine(date.fromisoformat(day), time(), tzinfo=here).astimezone(UTC)
    only = {WEEKDAYS[date.fromisoformat(day).weekday()]: [["00:00", "00:00"]]}

    assert (
        between(start - timedelta(days=2), start + timedelta(days=2), Hours(zone, only))
        == hours_of_day * HOUR
    )


def test_a_day_that_samoa_never_had_is_not_worked_on_the_next():
    friday = Hours("Pacific/Apia", {"fri": [["09:00", "17:00"]]})
    assert spans(at("2011-12-28T00:00Z"), at("2012-01-03T00:00Z"), friday) == []

    nights = Hours("Pacific/Apia", {"thu": [["22:00", "06:00"]]})
    assert between(at("2011-12-28T00:00Z"), at("2012-01-03T00:00Z"), nights) == 8 * HOUR


@pytest.mark.parametrize(
    "wall, expected",
    [
        ("02:30", "2007-03-11T03:30-04:00"),  # "indicates March 11, 2007 at 3:30 A.M. EDT"
        ("01:30", "2007-03-11T01:30-05:00"),
    ],
)
def test_times_that_spring_leaves_out_are_read_as_rfc_5545_reads_them(wall, expected):
    """RFC 5545, 3.3.5, has this very example: TZID=America/New_York:20070311T023000."""
    hours = Hours("America/New_York", {"sun": [[wall, "09:00"]]})

    assert opens_at(at("2007-03-11T00:00-05:00"), hours) == at(expected)


def test_times_shown_twice_in_autumn_begin_at_the_first():
    """RFC 5545, 3.3.5: TZID=America/New_York:20071104T013000 is 1:30 A.M. EDT."""
    hours = Hours("America/New_York", {"sun": [["01:30", "09:00"]]})

    assert opens_at(at("2007-11-04T00:00-04:00"), hours) == at("2007-11-04T01:30-04:00")
    assert between(at("2007-11-04T00:00-04:00"), at("2007-11-05T00:00-05:00"), hours) == 8.5 * HOUR


def test_an_end_where_the_repeated_hour_begins_is_not_repeated():
    """Berlin, 25 October 2026: at 02:00 the clock has not yet gone back."""
    hours = Hours("Europe/Berlin", {"sat": [["22:00", "02:00"]]})

    assert between(at("2026-10-24T12:00Z"), at("2026-10-25T12:00Z"), hours) == 4 * HOUR
    to_midnight = Hours("America/Havana", {"sat": [["18:00", "00:00"]]})
    assert between(at("2026-10-31T12:00Z"), at("2026-11-01T12:00Z"), to_midnight) == 6 * HOUR


def test_office_hours_stay_at_their_wall_clock_over_both_changes():
    """The due time keeps its wall clock; the instant moves by the hour."""
    hours = Hours("Europe/Berlin", EVERY_DAY)

    assert add(at("2026-03-28T16:00+01:00"), 2 * HOUR, hours) == at("2026-03-29T10:00+02:00")
    assert add(at("2026-10-24T16:00+02:00"), 2 * HOUR, hours) == at("2026-10-25T10:00+01:00")


@pytest.mark.parametrize(
    "year, expected", [(2024, "2024-02-29T10:00Z"), (2026, "2026-03-01T10:00Z"), (2100, "2100-03-01T10:00Z")]
)
def test_leap_days_by_the_gregorian_rule(year, expected):
    """RFC 3339, appendix C: 2100 is no leap year, 2024 is one."""
    assert add(at(f"{year}-02-28T16:00Z"), 2 * HOUR, Hours("UTC", EVERY_DAY)) == at(expected)


@pytest.mark.parametrize(
    "zone, opens",
    [
        ("Asia/Kathmandu", "2026-01-05T03:15Z"),  # tzdb: +05:45
        ("Australia/Eucla", "2026-01-05T00:15Z"),  # tzdb: +08:45
        ("Pacific/Chatham", "2026-01-04T19:15Z"),  # tzdb: +13:45 in their summer
        ("Pacific/Marquesas", "2026-01-05T18:30Z"),  # tzdb: -09:30
    ],
)
def test_zones_of_three_quarters_of_an_hour(zone, opens):
    monday = Hours(zone, {"mon": [["09:00", "17:00"]]})

    assert spans(at("2026-01-03T12:00Z"), at("2026-01-08T00:00Z"), monday) == [
        (at(opens), at(opens) + timedelta(hours=8))
    ]


# --- holidays and nights --------------------------------------------------------------------------

NIGHTS = {day: [["22:00", "06:00"]] for day in WEEKDAYS}
CHRISTMAS = date(2026, 12, 25)


def test_a_night_stops_at_the_midnight_that_begins_a_holiday_and_goes_on_from_its_end():
    """Holidays close whole calendar days, as in Zendesk ("Setting your schedule": 24 hours on the day)."""
    hours = Hours("Europe/Berlin", NIGHTS, frozenset({CHRISTMAS}))

    assert spans(at("2026-12-24T12:00+01:00"), at("2026-12-26T12:00+01:00"), hours) == [
        (at("2026-12-24T22:00+01:00"), at("2026-12-25T00:00+01:00")),
        (at("2026-12-26T00:00+01:00"), at("2026-12-26T06:00+01:00")),
    ]
    assert add(at("2026-12-24T23:00+01:00"), 2 * HOUR, hours) == at("2026-12-26T01:00+01:00")


def test_a_holiday_on_the_day_of_the_clock_change_has_its_own_length():
    hours = Hours("Europe/Berlin", ALL_DAY, frozenset({date(2026, 10, 25)}))

    assert between(at("2026-10-24T00:00+02:00"), at("2026-10-27T00:00+01:00"), hours) == 48 * HOUR


def test_part_of_a_day_may_be_closed():
    eve = Closure(date(2026, 12, 24), "12:00", "00:00")
    hours = Hours("Europe/Berlin", WITH_LUNCH, frozenset({CHRISTMAS, eve}))

    assert spans(at("2026-12-24T00:00+01:00"), at("2026-12-28T10:00+01:00"), hours) == [
        (at("2026-12-24T09:00+01:00"), at("2026-12-24T12:00+01:00")),
        (at("2026-12-28T09:00+01:00"), at("2026-12-28T10:00+01:00")),
    ]


def test_lunch_does_not_count():
    hours = Hours("UTC", WITH_LUNCH)

    assert add(at("2026-01-05T11:30Z"), HOUR, hours) == at("2026-01-05T13:30Z")
    assert add(at("2026-01-05T11:00Z"), HOUR, hours) == at("2026-01-05T12:00Z"), (
        "the end itself, not after lunch"
    )
    assert between(at("2026-01-05T00:00Z"), at("2026-01-12T00:00Z"), hours) == 35 * HOUR


def test_days_and_nights_that_touch_are_one_span():
    start, end = at("2026-01-05T10:00Z"), at("2026-01-12T10:00Z")
    assert spans(start, end, Hours("UTC", ALL_DAY)) == [(start, end)]


def test_looks_back_for_what_is_taken_away():
    hours = Hours("UTC", WITH_LUNCH)

    assert add(at("2026-01-05T13:30Z"), -HOUR, hours) == at("2026-01-05T11:30Z")
    assert add(at("2026-01-05T10:00Z"), -2 * HOUR, hours) == at("2026-01-02T16:00Z")
    assert between(at("2026-01-05T13:30Z"), at("2026-01-05T11:30Z"), hours) == -HOUR


def test_nothing_added_is_the_same_instant_even_when_closed():
    assert add(at("2026-01-04T10:00Z"), 0, Hours("UTC", NINE_TO_FIVE)) == at("2026-01-04T10:00Z")


@pytest.mark.parametrize("seconds", [1, -1])
@pytest.mark.parametrize("week", [{}, {"mon": []}], ids=["empty", "closed-monday"])
def test_a_week_without_hours_is_never_open(week, seconds):
    with pytest.raises(NeverOpen):
        add(at("2026-01-05T10:00Z"), seconds, Hours("UTC", week))
    assert opens_at(at("2026-01-05T10:00Z"), Hours("UTC", week)) is None


def test_a_target_beyond_twenty_years_can_never_be_met():
    with pytest.raises(NeverOpen):
        add(at("2026-01-05T10:00Z"), 1100 * HOUR, Hours("UTC", {"mon": [["09:00", "10:00"]]}))


def test_hours_compare_by_value_and_can_be_kept_in_a_set():
    assert len({Hours("UTC", NINE_TO_FIVE), Hours("UTC", dict(NINE_TO_FIVE))}) == 1


# --- for any hours at all -------------------------------------------------------------------------

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Eucla",
    "Pacific/Chatham",
    "Australia/Lord_Howe",
    "America/Havana",
    "Africa/Cairo",
    "America/Nuuk",
)
CHANGES = [
    at(f"{day}T12:00Z") for day in ("2026-03-08", "2026-03-29", "2026-04-05", "2026-10-25", "2026-11-01")
]
clocks = st.times().map(lambda value: value.strftime("%H:%M"))
weeks = st.dictionaries(
    st.sampled_from(WEEKDAYS), st.lists(st.tuples(clocks, clocks), min_size=1, max_size=3), min_size=1
)
days_of_2026 = st.dates(date(2026, 1, 1), date(2026, 12, 31))
holidays = st.one_of(days_of_2026, st.builds(Closure, days_of_2026, clocks, clocks))
calendars = st.builds(Hours, st.sampled_from(ZONES), weeks, st.frozensets(holidays, max_size=30))
moments = st.one_of(
    st.integers(1_767_225_600, 1_798_761_600).map(lambda second: datetime.fromtimestamp(second, UTC)),
    st.tuples(st.sampled_from(CHANGES), st.integers(-90_000, 90_000)).map(
        lambda pair: pair[0] + timedelta(seconds=pair[1])
    ),
)
amounts = st.integers(1, 200 * HOUR)


@given(calendars, moments, amounts)
def test_what_is_added_is_what_has_passed(hours, start, seconds):
    try:
        due = add(start, seconds, hours)
    except NeverOpen:
        assert between(start, start + timedelta(days=366 * 19), hours) < seconds
        return
    assert between(start, due, hours) == seconds
    assert between(start, due - timedelta(microseconds=1), hours) < seconds, "and not a moment earlier"


@given(calendars, moments, st.integers(1, 20 * HOUR))
def test_what_is_taken_away_is_what_has_passed_before(hours, end, seconds):
    try:
        start = add(end, -seconds, hours)
    except NeverOpen:
        return
    assert between(start, end, hours) == seconds
    assert between(start + timedelta(microseconds=1), end, hours) < seconds


@given(calendars, moments, moments, moments)
def test_between_adds_up(hours, one, two, three):
    assert between(one, two, hours) + between(two, three, hours) == pytest.approx(between(one, three, hours))


@given(calendars, moments, moments)
def test_spans_are_in_order_apart_and_within(hours, one, two):
    start, end = sorted((one, two))
    found = spans(start, end, hours)

    edges = [edge for span in found for edge in span]
    assert edges == sorted(set(edges))
    assert all(start <= edge <= end for edge in edges)
    assert all(
        is_open(opens, hours) and not is_open(closes, hours) for opens, closes in found if closes != end
    )


@lru_cache(maxsize=64)
def readings(zone, day):
    """When a wall clock shows each minute from the day before that day to the one after it: by looking."""
    here = ZoneInfo(zone)
    start = datetime.combine(day, time(), tzinfo=UTC) - timedelta(days=2)
    found = {}
    for minute in range(4 * 1440):
        instant = start + timedelta(minutes=minute)
        found.setdefault(instant.astimezone(here).replace(tzinfo=None), []).append(instant)
    return found


def shown(zone, day, clock, *, last=False):
    """The instant at which a wall clock shows a time; the `last` one ends the minute before."""
    wall, minute = datetime.combine(day, time.fromisoformat(clock)), timedelta(minutes=1)
    seen = readings(zone, day)
    if last and wall - minute in seen:
        return seen[wall - minute][-1] + minute
    if wall in seen:
        return seen[wall][0]
    reading = max(reading for reading in seen if reading < wall)  # it is left out: RFC 5545
    return seen[reading][-1] + (wall - reading)


def looked_up(hours, local):
    """The intervals near a day, and what is closed of them."""

    def interval(day, opens, closes):
        until = day if closes > opens else day + timedelta(days=1)
        return shown(hours.timezone, day, opens), shown(hours.timezone, until, closes, last=True)

    days = [local + timedelta(days=offset) for offset in (-1, 0, 1)]
    opened = [interval(day, *pair) for day in days for pair in hours.week.get(WEEKDAYS[day.weekday()], ())]
    parts = [part for part in hours.holidays if isinstance(part, Closure) and part.day in days]
    return opened, [interval(part.day, part.starts, part.ends) for part in parts]


def open_by_looking(hours, minutes):
    known = {}
    for instant in minutes:
        local = instant.astimezone(ZoneInfo(hours.timezone)).date()
        if local not in known:
            known[local] = looked_up(hours, local)
        opened, closed = known[local]
        within = any(start <= instant < end for start, end in opened)
        yield (
            within
            and local not in hours.holidays
            and not any(start <= instant < end for start, end in closed)
        )


@settings(deadline=None)
@given(calendars, moments)
def test_a_minute_counter_agrees(hours, moment):
    start = moment.replace(second=0)
    minutes = [start + timedelta(minutes=minute) for minute in range(480)]

    looked = list(open_by_looking(hours, minutes))
    assert [is_open(minute, hours) for minute in minutes[::7]] == looked[::7]
    assert between(start, start + timedelta(minutes=480), hours) == sum(looked) * 60
