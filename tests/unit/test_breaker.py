"""Who failed too often in a row is left alone for a while, then one may try."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from webapp.integrations import breaker

pytestmark = pytest.mark.unit


class Watch:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Limits:
    breaker_failures = 3
    breaker_seconds = 30.0


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    app, made = Flask(__name__), Watch()
    app.config["PARLEY"] = Limits()
    monkeypatch.setattr(breaker, "monotonic", made)
    with app.app_context():
        yield made
    breaker.forget()


def call(error: Exception | None = None, key: str = "crm") -> Any:
    with breaker.guard(key, ConnectionError):
        if error:
            raise error


def fail(times: int, key: str = "crm") -> None:
    for _ in range(times):
        with pytest.raises(ConnectionError):
            call(ConnectionError(), key)


def test_it_opens_at_the_threshold_for_that_key_alone(watch: Watch) -> None:
    fail(2)
    assert breaker.state("crm") == breaker.State("closed", 2, 0.0)
    fail(1)
    assert breaker.state("crm") == breaker.State("open", 3, 30.0)
    with pytest.raises(breaker.Open, match="crm is left alone for 30 s") as refused:
        call()
    assert refused.value.retry_seconds == 30
    call(key="billing")
    assert breaker.state("billing") == breaker.State("closed", 0, 0.0)


def test_only_failures_in_a_row_count(watch: Watch) -> None:
    fail(2)
    call()
    fail(2)
    assert breaker.state("crm").position == "closed"


def test_an_answer_that_nobody_wants_to_hear_is_an_answer(watch: Watch) -> None:
    fail(2)
    with pytest.raises(KeyError):
        call(KeyError())
    assert breaker.state("crm").failures == 0


def test_after_the_pause_one_may_try_and_its_success_closes(watch: Watch) -> None:
    fail(3)
    watch.now += 30
    assert breaker.state("crm") == breaker.State("half_open", 3, 0.0)
    with breaker.guard("crm", ConnectionError):
        assert breaker.state("crm") == breaker.State("half_open", 3, 30.0)
        with pytest.raises(breaker.Open):
            call()
    assert breaker.state("crm") == breaker.State("closed", 0, 0.0)


def test_a_try_that_fails_opens_it_again(watch: Watch) -> None:
    fail(3)
    watch.now += 31
    fail(1)
    assert breaker.state("crm") == breaker.State("open", 4, 30.0)


def test_a_try_that_never_ended_blocks_for_one_pause(watch: Watch) -> None:
    fail(3)
    watch.now += 30
    breaker.check("crm")
    with pytest.raises(breaker.Open):
        breaker.check("crm")
    watch.now += 30
    breaker.check("crm")


def test_it_remembers_so_many_keys_and_no_more(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "MOST_KEPT", 3)
    for number in range(5):
        fail(1, f"host-{number}")
    assert breaker.state("host-0").failures == 0
    assert breaker.state("host-4").failures == 1
