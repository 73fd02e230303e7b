"""When a message that did not get through is tried again, and how long an endpoint is left alone."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webapp.services.webhooks.schedule import ATTEMPTS, DELAYS, next_delay, read_retry_after, rest

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def test_the_waits_are_more_than_75_hours_and_each_longer_than_the_one_before() -> None:
    assert sum(DELAYS, timedelta()) > timedelta(hours=75)
    assert list(DELAYS) == sorted(set(DELAYS))


@pytest.mark.parametrize("attempts", range(1, ATTEMPTS))
def test_messages_that_failed_together_do_not_come_back_together(attempts: int) -> None:
    waits = {next_delay(attempts) for _ in range(200)}
    assert len(waits) > 100
    spread = DELAYS[attempts - 1] * 0.1
    assert DELAYS[attempts - 1] <= min(waits) <= max(waits) <= DELAYS[attempts - 1] + spread
    assert max(waits) - min(waits) > spread / 2


def test_after_the_last_attempt_there_is_none_whatever_the_endpoint_asks_for() -> None:
    assert next_delay(ATTEMPTS) is None
    assert next_delay(ATTEMPTS, DAY) is None


@given(st.integers(1, ATTEMPTS - 1), st.timedeltas(timedelta(), DAY))
def test_an_endpoint_can_ask_for_more_time_but_not_for_less(attempts: int, asked: timedelta) -> None:
    delay = next_delay(attempts, asked)
    assert delay is not None
    assert delay >= max(asked, DELAYS[attempts - 1])


@pytest.mark.parametrize(
    "header, wait",
    [
        ("120", timedelta(minutes=2)),
        (" 120 ", timedelta(minutes=2)),
        ("0", timedelta()),
        ("99999999999999999999", DAY),
        (format_datetime(NOW + timedelta(hours=1), usegmt=True), timedelta(hours=1)),
        ("Mon, 02 Mar 2026 13:00:00", timedelta(hours=1)),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), timedelta()),
        (format_datetime(NOW + timedelta(days=9), usegmt=True), DAY),
        *(
            (text, None)
            for text in (None, "", "-5", "1.5", "soon", "\u0661\u0662", "Mon, 99 Mar 2026 13:00:00 GMT")
        ),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_a_day_at_most(
    header: str | None, wait: timedelta | None
) -> None:
    assert read_retry_after(header, NOW) == wait


def _dates() -> st.SearchStrategy[str]:
    """What looks like a date, with numbers of any size in its places."""
    number = st.integers(-1, 10**30) | st.integers(0, 60)
    parts = st.tuples(number, number, number, number, number, st.sampled_from(["", "+", "-"]), number)
    return parts.map(lambda said: "Mon, {} Mar {} {}:{}:{} {}{}".format(*said))


@given(st.text() | _dates())
@example("Mon, 02 Mar 2026 13:00:00 +99999999999999999999")
@example("Mon, 02 Mar 99999999999999999999 13:00:00 GMT")
def test_whatever_an_endpoint_says_is_a_time_within_a_day_or_nothing(header: str) -> None:
    wait = read_retry_after(header, NOW)
    assert wait is None or timedelta() <= wait <= DAY


def test_the_circuit_opens_at_the_fifth_failure_and_for_twice_as_long_each_time_up_to_ten_minutes() -> None:
    assert [rest(failures) for failures in range(5)] == [None] * 5
    seconds = [rest(failures).total_seconds() for failures in range(5, 12)]  # type: ignore[union-attr]
    assert seconds == [30, 60, 120, 240, 480, 600, 600]
    assert rest(10**6) == timedelta(minutes=10)
