"""How long work gives others their turn."""

import time

import pytest

from webapp import green

pytestmark = pytest.mark.unit


def test_who_takes_long_over_many_things_gives_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, now = [], [0.0]
    monkeypatch.setattr(green, "pause", lambda: turns.append(len(taken)))
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    taken = []
    for number in green.unhurried(range(6)):
        taken.append(number)
        now[0] += 0.6 * green.TURN_SECONDS
    assert taken == list(range(6))
    assert turns == [2, 4, 6]
