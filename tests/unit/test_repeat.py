"""Repetitions of iCalendar events: as another library counts them, and never for long."""

import time
from datetime import date, datetime, timedelta

import pytest
from dateutil import rrule
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.services.calendar.repeat import Budget, Rule, TooMuch, occurrences

pytestmark = pytest.mark.unit

LAST = date(2031, 12, 31)
frequencies = st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY"])
nths = st.sampled_from([-2, -1, 1, 2, 4])


@st.composite
def rules(draw):
    """Rules that the library, too, answers soon: it looks for a 30 February until the year 9999."""
    frequency = draw(frequencies)
    count = draw(st.none() | st.integers(1, 20))
    is_long = frequency in ("YEARLY", "MONTHLY")
    week_days = st.lists(
        st.tuples(nths if is_long else st.just(0), st.integers(0, 6)), max_size=2, unique=True
    )
    month_days = st.lists(st.sampled_from([1, 13, 28, 29, -1, -2]), max_size=2, unique=True)
    by_weekday = frequency == "WEEKLY" or draw(st.booleans())
    return Rule(
        frequency,
        interval=1 if frequency == "MONTHLY" else draw(st.integers(1, 4)),
        count=count,
        until=None if count else draw(st.none() | st.dates(date(2020, 1, 1), LAST)),
        months=tuple(draw(st.lists(st.integers(1, 12), max_size=2, unique=True))),
        month_days=() if by_weekday else tuple(draw(month_days)),
        week_days=tuple(draw(week_days)) if by_weekday else (),
        positions=tuple(draw(st.sampled_from([(), (1,), (-1,)]))) if is_long else (),
    )


def by_the_library(rule, start):
    """dateutil's answer (its own tests hold RFC 5545's examples)."""
    names = {"byweekday": None, "bymonth": rule.months or None, "bymonthday": rule.month_days or None}
    if rule.week_days:
        names["byweekday"] = [rrule.weekday(day, nth or None) for nth, day in rule.week_days]
    found = rrule.rrule(
        getattr(rrule, rule.frequency),
        dtstart=datetime.combine(start, datetime.min.time()),
        interval=rule.interval,
        count=rule.count,
        until=None if rule.count else datetime.combine(min(rule.until or LAST, LAST), datetime.min.time()),
        bysetpos=rule.positions or None,
        **names,
    )
    return [moment.date() for moment in found if moment.date() <= LAST]


@settings(deadline=None)
@given(rules(), st.dates(date(2019, 1, 1), date(2026, 12, 31)))
def test_days_are_those_of_the_usual_library(rule, start):
    if rule.positions and not (rule.months or rule.month_days or rule.week_days):
        rule = Rule(
            rule.frequency, rule.interval, rule.count, rule.until
        )  # it wants something to choose from
    assert list(occurrences(rule, start, LAST, Budget())) == by_the_library(rule, start)


@pytest.mark.parametrize(
    "rule",
    [
        Rule("DAILY", months=(2,), month_days=(30,)),
        Rule("YEARLY", months=(2,), month_days=(30,)),
        Rule("DAILY", interval=10**18),
        Rule("WEEKLY", interval=10**18),
        Rule("MONTHLY", interval=10**18),
        Rule("YEARLY", interval=10**18, count=10**9),
    ],
    ids=lambda rule: f"{rule.frequency}-{rule.interval}",
)
def test_rules_that_never_match_end_at_the_horizon(rule):
    before = time.process_time()
    assert list(occurrences(rule, date(2026, 1, 1), LAST, Budget())) in ([], [date(2026, 1, 1)])
    assert time.process_time() - before < 5


def test_many_rules_share_one_budget():
    budget = Budget(left=1000)
    with pytest.raises(TooMuch):
        for _ in range(1000):
            list(occurrences(Rule("DAILY"), date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=30), budget))
