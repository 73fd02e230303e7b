"""How fast one client, or one address, may go."""

from types import SimpleNamespace
from typing import Any

import pytest

from webapp import pace

pytestmark = pytest.mark.unit


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A clock that the test moves."""
    made = SimpleNamespace(at=0.0)
    monkeypatch.setattr(pace.time, "monotonic", lambda: made.at)
    return made


def test_a_bucket_lets_bursts_pass_and_then_makes_wait(now: Any) -> None:
    bucket = pace.Bucket(per_second=10, burst=5)
    assert [bucket.take(1) for _ in range(5)] == [0] * 5
    assert bucket.take(1) == pytest.approx(0.1)
    assert bucket.take(2) == pytest.approx(0.3)
    now.at = 100
    assert bucket.take(5) == 0
    assert bucket.take(1) == pytest.approx(0.1)


def test_each_has_a_bucket_and_who_stays_away_is_forgotten(now: Any) -> None:
    buckets = pace.Buckets(per_second=1, burst=2)
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 1]
    assert buckets.take("b") == 0
    buckets.sweep()
    assert len(buckets) == 2
    now.at = 1
    buckets.sweep()
    assert len(buckets) == 1, "only the one who used little is whole again"
    assert buckets.take("a") == pytest.approx(1)
    now.at = 10
    buckets.sweep()
    assert len(buckets) == 0


@pytest.mark.parametrize(
    "address, counted",
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_what_counts_as_one_address(address: str, counted: str) -> None:
    assert pace.network(address) == counted
