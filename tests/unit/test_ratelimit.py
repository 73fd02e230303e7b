"""Limits in memory: a window that moves with the clock."""

from typing import Any

import pytest
from limits import parse

from webapp import ratelimit
from webapp.ratelimit import SWEEP_SECONDS, InMemory

LIMIT = parse("3/minute")


@pytest.fixture
def wall(monkeypatch: Any) -> Any:
    """The time, as a list of one, to be moved."""
    now = [1_000_000.0]
    monkeypatch.setattr(ratelimit.time, "time", lambda: now[0])
    return now


def test_so_many_are_let_in_and_the_window_moves_on(wall: Any) -> None:
    limiter = InMemory()
    assert limiter.hit(LIMIT, "key", "ana")
    wall[0] += 20
    assert [limiter.hit(LIMIT, "key", "ana") for _ in range(3)] == [True, True, False]
    assert limiter.get_window_stats(LIMIT, "key", "ana") == (1_000_060.0, 0)
    wall[0] += 40  # the first one counts no more
    assert limiter.get_window_stats(LIMIT, "key", "ana").remaining == 1
    assert [limiter.hit(LIMIT, "key", "ana") for _ in range(2)] == [True, False]


def test_each_key_has_a_window_of_its_own(wall: Any) -> None:
    limiter = InMemory()
    assert [limiter.hit(LIMIT, "key", name) for name in ("ana", "ana", "ana", "ben")] == [True] * 4
    assert limiter.get_window_stats(LIMIT, "key", "cleo") == (wall[0] + 60, 3)
    limiter.reset()
    assert limiter.get_window_stats(LIMIT, "key", "ana").remaining == 3


def test_who_does_not_come_any_more_is_forgotten(wall: Any) -> None:
    limiter = InMemory()
    for number in range(10):
        limiter.hit(LIMIT, "key", str(number))
    wall[0] += LIMIT.get_expiry() + SWEEP_SECONDS
    limiter.hit(LIMIT, "key", "somebody else")
    assert len(limiter._hits) == 1
