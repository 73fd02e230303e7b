"""Calls to services outside: tried again where that helps, within a budget, never inside a transaction."""

import pytest

from tests.support.connected import vendor_at
from tests.support.vendor_servers import HubSpot
from webapp.database import transaction
from webapp.integrations import breaker
from webapp.integrations.vendor import Busy, Refused
from webapp.services import external

pytestmark = pytest.mark.integration


@pytest.fixture
def hubspot(app):
    with HubSpot() as server, vendor_at(app, hubspot=server.url):
        yield server


@pytest.fixture
def calls(monkeypatch):
    """Replaces the call: `calls.outcomes` are raised or returned in turn, `calls.made` is what was asked."""

    class Calls:
        outcomes: list = []
        made: list = []

    found = Calls()
    found.outcomes, found.made = [], []

    def call(*arguments, **named):
        found.made.append((arguments, named))
        outcome = found.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(external, "call_external_api", call)
    return found


class TestTryingAgain:
    def test_fails_twice_and_succeeds_the_third_time_is_one_success(self, calls):
        calls.outcomes = [ConnectionError("one"), TimeoutError("two"), {"ok": True}]
        assert external.call_with_retry("/x", max_attempts=3, backoff_seconds=0, key=1) == {"ok": True}
        assert calls.made == [(("/x",), {"key": 1})] * 3

    @pytest.mark.parametrize("most", [1, 2, 4])
    def test_gives_up_after_so_many_attempts_with_the_last_failure(self, calls, most):
        calls.outcomes = [ConnectionError(str(number)) for number in range(9)]
        with pytest.raises(ConnectionError, match=str(most - 1)):
            external.call_with_retry(max_attempts=most, backoff_seconds=0)
        assert len(calls.made) == most

    def test_a_refusal_is_not_tried_again(self, calls):
        calls.outcomes = [Refused("no"), "never"]
        with pytest.raises(Refused):
            external.call_with_retry(max_attempts=3, backoff_seconds=0)
        assert len(calls.made) == 1

    def test_no_try_begins_for_which_the_budget_would_not_last(self, calls, monkeypatch):
        pauses = []
        monkeypatch.setattr(external.time, "sleep", pauses.append)
        calls.outcomes = [Busy("later", 60), "never"]
        with pytest.raises(Busy):
            external.call_with_retry(max_attempts=3, backoff_seconds=0, budget_seconds=5)
        assert (pauses, len(calls.made)) == ([], 1)

    def test_the_pause_doubles_and_is_no_shorter_than_they_ask_for(self, calls, monkeypatch):
        pauses = []
        monkeypatch.setattr(external.time, "sleep", pauses.append)
        calls.outcomes = [ValueError(), Busy("later", 7), ValueError(), "done"]
        assert external.call_with_retry(max_attempts=4, backoff_seconds=1) == "done"
        assert pauses == [1, 7, 4]

    def test_no_attempt_at_all_is_a_mistake(self, calls):
        with pytest.raises(ValueError, match="max_attempts"):
            external.call_with_retry(max_attempts=0)


class TestOneCall:
    def test_every_answer_that_is_not_their_trouble_is_given_back(self, session, hubspot):
        for status in (200, 302, 404, 422):
            hubspot.fail(status, {"n": status})
            assert external.call_external_api("GET", f"{hubspot.url}/x").status == status

    def test_trouble_of_theirs_is_raised_with_what_they_said(self, session, hubspot):
        hubspot.fail(503, {"message": "later"}, {"Retry-After": "17"})
        with pytest.raises(external.Trouble) as caught:
            external.call_external_api("GET", f"{hubspot.url}/x")
        assert caught.value.retry_after_seconds == 17
        assert b"later" in caught.value.answer.body

    def test_it_is_refused_inside_a_transaction(self, session, hubspot):
        with transaction(), pytest.raises(RuntimeError, match="transaction"):
            external.call_external_api("GET", f"{hubspot.url}/x")
        assert hubspot.asked == []

    def test_another_address_of_this_machine_is_never_asked(self, session, hubspot):
        with HubSpot() as other, pytest.raises(Busy):
            external.call_external_api("GET", f"{other.url}/x")
        assert other.asked == []

    def test_after_many_failures_they_are_left_alone(self, app, session, hubspot):
        most = app.config["PARLEY"].breaker_failures
        hubspot.fail(500, times=most)
        for _ in range(most):
            with pytest.raises(external.Trouble):
                external.call_external_api("GET", f"{hubspot.url}/x", account="a")
        asked = len(hubspot.asked)
        with pytest.raises(Busy, match="left alone") as caught:
            external.call_external_api("GET", f"{hubspot.url}/x", account="a")
        assert caught.value.retry_after_seconds > 0
        assert len(hubspot.asked) == asked
        assert external.call_external_api("GET", f"{hubspot.url}/x", account="b").status == 401

    def test_too_many_requests_break_no_circuit(self, app, session, hubspot):
        hubspot.fail(429, times=20)
        for _ in range(20):
            with pytest.raises(external.Trouble):
                external.call_external_api("GET", f"{hubspot.url}/x", account="a")
        assert breaker.state("a").position == "closed"
