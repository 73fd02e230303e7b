"""When an inbox is open: several intervals a day, nights, and the two days a year when clocks change."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.models import Inbox
from webapp.services.calendar.business import WEEKDAYS
from webapp.services.inbox import is_open, opens_at

pytestmark = pytest.mark.unit

OFFICE = {day: [["09:00", "12:00"], ["13:00", "17:00"]] for day in WEEKDAYS[:5]}


def inbox(hours, timezone="Europe/Berlin"):
    return Inbox(hours=hours, timezone=timezone)


def at(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    "when, expected",
    [
        ("2026-01-05T08:59:59+01:00", False),
        ("2026-01-05T09:00:00+01:00", True),
        ("2026-01-05T11:59:59+01:00", True),
        ("2026-01-05T12:00:00+01:00", False),
        ("2026-01-05T13:00:00+01:00", True),
        ("2026-01-05T17:00:00+01:00", False),
        ("2026-01-10T10:00:00+01:00", False),
        ("2026-01-05T08:30:00+00:00", True),
        ("2026-07-06T07:30:00+00:00", True),
        ("2026-07-06T16:30:00+00:00", False),
    ],
)
def test_open_within_the_intervals_of_its_zone(when, expected):
    assert is_open(inbox(OFFICE), at(when)) is expected


@pytest.mark.parametrize(
    "when, expected",
    [
        ("2026-01-05T08:00:00+01:00", "2026-01-05T09:00:00+01:00"),
        ("2026-01-05T12:30:00+01:00", "2026-01-05T13:00:00+01:00"),
        ("2026-01-05T18:00:00+01:00", "2026-01-06T09:00:00+01:00"),
        ("2026-01-09T17:00:00+01:00", "2026-01-12T09:00:00+01:00"),
        ("2026-03-27T18:00:00+01:00", "2026-03-30T09:00:00+02:00"),
        ("2026-10-23T18:00:00+02:00", "2026-10-26T09:00:00+01:00"),
    ],
    ids=["before", "at-noon", "evening", "weekend", "spring", "autumn"],
)
def test_opens_with_the_next_interval(when, expected):
    assert opens_at(inbox(OFFICE), at(when)) == at(expected)


def test_is_always_open_without_hours():
    assert is_open(inbox({}))
    assert opens_at(inbox({})) is None


def test_says_nothing_of_a_time_when_it_is_open():
    assert opens_at(inbox(OFFICE), at("2026-01-05T10:00:00+01:00")) is None


def test_a_week_without_any_hours_is_closed_for_good():
    closed = inbox({day: [] for day in WEEKDAYS})

    assert not is_open(closed)
    assert opens_at(closed) is None


class TestNights:
    night = inbox({"fri": [["22:00", "02:00"]]})

    @pytest.mark.parametrize(
        "when, expected",
        [
            ("2026-01-09T21:59:00+01:00", False),
            ("2026-01-09T22:00:00+01:00", True),
            ("2026-01-10T01:59:00+01:00", True),
            ("2026-01-10T02:00:00+01:00", False),
            ("2026-01-09T01:00:00+01:00", False),
        ],
    )
    def test_belong_to_the_day_they_begin_on(self, when, expected):
        assert is_open(self.night, at(when)) is expected

    def test_until_midnight_and_round_the_clock(self):
        late = inbox({"fri": [["18:00", "00:00"]], "sat": [["00:00", "00:00"]]})

        assert is_open(late, at("2026-01-09T23:59:59+01:00"))
        assert is_open(late, at("2026-01-10T00:00:00+01:00"))
        assert is_open(late, at("2026-01-10T23:59:59+01:00"))
        assert not is_open(late, at("2026-01-11T00:00:00+01:00"))


class TestClockChanges:
    """29 March 2026: 02:00 becomes 03:00. 25 October: 03:00 becomes 02:00, so 02:30 comes twice."""

    def test_hours_that_the_spring_leaves_out_do_not_open(self):
        lost = inbox({"sun": [["02:10", "02:50"]]})

        open_minutes = [
            m for m in range(24 * 60) if is_open(lost, at("2026-03-29T00:00+00:00") + timedelta(minutes=m))
        ]
        assert len(open_minutes) == 40
        assert not is_open(lost, at("2026-03-29T02:20:00+01:00") - timedelta(hours=1))

    def test_hours_across_the_gap_are_an_hour_shorter(self):
        across = inbox({"sun": [["01:00", "04:00"]]})

        assert is_open(across, at("2026-03-29T00:00:00+00:00"))
        assert is_open(across, at("2026-03-29T01:59:00+00:00"))
        assert not is_open(across, at("2026-03-29T02:00:00+00:00"))

    def test_hours_that_the_autumn_shows_twice_last_longer(self):
        twice = inbox({"sun": [["02:00", "03:00"]]})

        assert is_open(twice, at("2026-10-25T00:00:00+00:00"))
        assert is_open(twice, at("2026-10-25T01:59:00+00:00"))
        assert not is_open(twice, at("2026-10-25T02:00:00+00:00"))

    def test_end_at_the_last_of_two_equal_times(self):
        early = inbox({"sun": [["01:00", "02:30"]]})

        assert is_open(early, at("2026-10-25T02:29:00+01:00"))
        assert not is_open(early, at("2026-10-25T02:30:00+01:00"))


times = st.times().map(lambda time: time.strftime("%H:%M"))
weeks = st.dictionaries(st.sampled_from(WEEKDAYS), st.lists(st.tuples(times, times), max_size=3))
YEARS_FROM, YEARS_TO = 1_735_689_600, 1_798_761_600  # 2025 and 2026
moments = st.integers(YEARS_FROM, YEARS_TO).map(lambda second: datetime.fromtimestamp(second, UTC))
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Australia/Lord_Howe"])


@given(weeks, moments, zones)
def test_the_time_it_opens_at_is_the_first_open_one(hours, moment, zone):
    box = inbox(hours, zone)
    opens = opens_at(box, moment)
    if opens is None:
        return
    assert not is_open(box, moment)
    assert is_open(box, opens)
    assert moment < opens <= moment + timedelta(days=16)
    between = [moment + (opens - moment) * step / 20 for step in range(20)]
    assert not [when for when in between if is_open(box, when)]
