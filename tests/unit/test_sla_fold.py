"""Folding: each metric by its definition, and the same result however a history is cut into pieces."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.services.calendar.business import Hours
from webapp.services.sla.fold import FACTS, RESOLUTION, Clock, Happening, State, fold, settle, step
from webapp.services.sla.memory import Memory, dump, load
from webapp.services.sla.policy import DEFAULT_POLICY, Policy, policy_for

pytestmark = pytest.mark.unit

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
TIERS = ("free", "basic", "premium", "enterprise")
PRIORITIES = ("low", "medium", "high", "critical")
METRICS = (
    "time_to_assignment",
    "first_response",
    "next_response",
    "periodic_update",
    "pausable_update",
    *RESOLUTION,
)
OFFICE = Hours("Europe/Berlin", {day: [["09:00", "12:00"], ["13:00", "17:00"]] for day in ("mon", "tue")})


def every(minutes: int) -> dict[str, dict[str, int]]:
    """Twice the time for low priority, so that a change of priority is felt."""
    return {
        priority: dict.fromkeys(TIERS, minutes * (120 if priority == "low" else 60))
        for priority in PRIORITIES
    }


def policy(minutes: int = 60, clock: str = "calendar", **fields: Any) -> Policy:
    targets = [{"metric": metric, "clock": clock, "seconds": every(minutes)} for metric in METRICS]
    return Policy(id=None, name="Test", targets=targets, **fields)


def always(_calendar: Any, _inbox: Any) -> Hours | None:
    return None


class History:
    """Events as they come: `history.at(5).reply()`, minutes after Monday morning."""

    def __init__(self, actor: str = "customer", **facts: Any) -> None:
        facts = {"priority": "medium", "tier": "basic", "channel": "chat", "status": "open", **facts}
        self.now, self.events = MONDAY, []
        self._add("ticket.created", {name: [None, value] for name, value in facts.items()}, actor)

    def _add(
        self, name: str, changes: dict[str, Any], actor: str = "user", public: bool = False
    ) -> "History":
        self.events.append(Happening(name, self.now, len(self.events) + 1, actor, public, changes))
        return self

    def at(self, minutes: float) -> "History":
        self.now = MONDAY + timedelta(minutes=minutes)
        return self

    def reply(self, actor: str = "user") -> "History":
        return self._add("comment.created", {}, actor, public=True)

    def withdraw(self, seq: int) -> "History":
        return self._add("comment.withdrawn", {"comment_seq": [seq, None]})

    def note(self) -> "History":
        return self._add("comment.created", {})

    def ask(self) -> "History":
        return self.reply("customer")

    def status(self, status: str, pending_on: str | None = None) -> "History":
        changes = {"status": ["?", status], "pending_on": [None, pending_on]}
        return self._add("ticket.status_changed", changes)

    def take(self, agent: str | None = "ana") -> "History":
        name = "ticket.assigned" if agent else "ticket.unassigned"
        return self._add(name, {"assigned_agent_id": [None, agent]})

    def set(self, **facts: Any) -> "History":
        return self._add("ticket.updated", {name: [None, value] for name, value in facts.items()})

    def trash(self, name: str = "ticket.deleted") -> "History":
        return self._add(name, {"deleted_at": [None, None]})

    def merge(self, name: str = "ticket.merged") -> "History":
        return self._add(name, {"status": ["?", "closed"]} if name == "ticket.merged" else {})

    def clocks(self, *policies: Policy, hours: Any = always) -> dict[tuple[str, int], Clock]:
        folded = fold(self.events, policies or [policy()], hours)
        return {(clock.metric, clock.instance): clock for clock in folded}

    def due(self, metric: str, instance: int = 1, **more: Any) -> float | None:
        """Minutes after Monday morning."""
        verdict = self.clocks(**more)[metric, instance].verdict
        return None if verdict.due_at is None else (verdict.due_at - MONDAY) / timedelta(minutes=1)


def states(history: History) -> dict[str, str]:
    return {f"{metric} {number}": clock.state for (metric, number), clock in history.clocks().items()}


# --- definitions ----------------------------------------------------------------------------------


def test_a_new_ticket_starts_its_reply_its_taking_and_its_resolution() -> None:
    assert states(History()) == dict.fromkeys(
        (f"{metric} 1" for metric in ("time_to_assignment", "first_response", *RESOLUTION)), "active"
    )


def test_a_first_response_is_a_public_reply_of_a_person() -> None:
    history = History().at(5).note().at(6).reply("system")
    assert history.clocks()["first_response", 1].state == "active"
    history.at(59).reply()
    assert history.clocks()["first_response", 1].state == "met"
    assert History().at(61).reply().clocks()["first_response", 1].state == "breached"
    assert History().at(60).reply().clocks()["first_response", 1].state == "met", "on the second"


def test_a_reply_that_was_taken_back_was_never_an_answer() -> None:
    history = History().at(20).reply()
    assert history.clocks()["first_response", 1].state == "met"
    history.at(21).withdraw(2)
    assert history.clocks() == History().at(21).clocks()
    assert history.due("first_response") == 60
    history.at(90).reply()
    assert states(history)["first_response 1"] == "breached"


def test_only_the_reply_that_was_taken_back_is_left_out() -> None:
    history = History().at(5).ask().at(10).reply().at(20).ask().at(30).reply().at(31).withdraw(5)
    assert states(history)["first_response 1"] == "met"
    assert states(history)["next_response 1"] == "active"
    assert history.due("next_response") == 80
    assert history.due("periodic_update") == 70


def test_a_ticket_opened_by_staff_owes_its_first_response_from_the_customers_first_comment() -> None:
    history = History("user")
    assert ("first_response", 1) not in history.clocks()
    assert history.at(30).ask().at(40).ask().due("first_response") == 90


def test_a_next_response_counts_from_the_oldest_unanswered_comment_pending_or_not() -> None:
    history = History().at(1).reply().at(10).ask().at(20).status("pending", "customer").at(30).ask()
    assert history.due("next_response") == 70
    history.at(40).reply().at(50).ask()
    assert history.clocks()["next_response", 1].state == "met"
    assert history.due("next_response", 2) == 110


def test_updates_run_from_reply_to_reply_and_one_of_them_stops_in_pending() -> None:
    history = History().at(10).reply().at(20).status("pending", "customer").at(50).status("in_progress")
    assert history.due("periodic_update") == 70
    assert history.due("pausable_update") == 100
    history.at(60).reply()
    assert history.clocks()["pausable_update", 1].state == "met"
    assert (history.due("periodic_update", 2), history.due("pausable_update", 2)) == (120, 120)


@pytest.mark.parametrize(
    "pending_on, dues",
    [
        ("customer", {"requester_wait": 90, "agent_work": 90, "total": 60}),
        ("third_party", {"requester_wait": 60, "agent_work": 90, "total": 60}),
    ],
)
def test_resolution_clocks_by_whom_the_ticket_waits_for(pending_on: str, dues: dict[str, float]) -> None:
    history = History().at(10).status("pending", pending_on).at(40).status("in_progress")
    assert {metric: history.due(metric) for metric in RESOLUTION} == dues


def test_waiting_that_turns_from_the_customer_to_a_third_party_counts_from_then() -> None:
    history = History().at(10).status("pending", "customer").at(20).status("pending", "third_party")
    assert history.due("requester_wait") == 70
    assert history.due("agent_work") is None
    assert history.clocks()["agent_work", 1].verdict.remaining_seconds == 3000


def test_a_resolved_ticket_drops_what_it_owes_and_keeps_its_resolution() -> None:
    assert states(History().at(1).reply().at(2).ask().at(30).status("resolved")) == {
        "time_to_assignment 1": "dropped",
        "first_response 1": "met",
        "next_response 1": "dropped",
        "periodic_update 1": "dropped",
        "pausable_update 1": "dropped",
        **{f"{metric} 1": "met" for metric in RESOLUTION},
    }


def test_a_reopened_ticket_carries_its_resolution_on_without_the_time_it_was_done() -> None:
    history = History().at(10).take().at(20).status("resolved").at(50).ask().status("in_progress")
    assert (history.due("requester_wait"), history.due("agent_work")) == (90, 90)
    assert history.due("total") == 60, "never paused"
    assert history.clocks()["first_response", 2].state == "active"


def test_taking_is_owed_again_by_a_ticket_that_comes_back() -> None:
    history = History().at(5).take().at(30).take(None)
    assert history.clocks()["time_to_assignment", 1].state == "met"
    assert history.due("time_to_assignment", 2) == 90


def test_the_trash_stops_everything_and_restoring_carries_on() -> None:
    history = History().at(5).trash()
    assert set(states(history).values()) == {"dropped"}
    history.at(20).ask().at(25).trash("ticket.restored")
    assert history.due("requester_wait") == 80
    assert history.due("time_to_assignment", 2) == 85


def test_a_merge_that_is_taken_back_leaves_no_trace() -> None:
    history = History().at(5).reply().at(8).ask().at(10).merge().at(30)
    assert set(states(history).values()) == {"met", "dropped"}
    history.merge("ticket.unmerged")
    untouched = History().at(5).reply().at(8).ask().at(30)
    assert history.clocks() == untouched.clocks()


def test_a_priority_moves_what_runs_but_not_what_is_over() -> None:
    history = History(priority="low").at(30).set(priority="high")
    assert history.due("first_response") == 60
    missed = History(priority="high").at(61).set(priority="low").at(70).reply()
    assert missed.clocks()["first_response", 1].state == "breached"
    assert missed.due("first_response") == 60
    assert missed.clocks()["first_response", 1].verdict.priority == "high"


def test_business_time_skips_lunch_the_night_and_what_was_paused() -> None:
    history = History().at(0)  # 10:00 in Berlin
    office = policy(minutes=150, clock="business")
    assert History().due("total", hours=lambda *_: OFFICE) == 60
    folded = history.clocks(office, hours=lambda *_: OFFICE)["agent_work", 1]
    assert folded.verdict.due_at == MONDAY + timedelta(hours=3, minutes=30)  # 12:00 to 13:00 is lunch
    history.at(15).status("pending").at(180 + 15).status("in_progress")  # 10:15 to 13:15
    folded = history.clocks(office, hours=lambda *_: OFFICE)["agent_work", 1]
    assert folded.verdict.due_at == MONDAY + timedelta(hours=5, minutes=30)


def test_the_first_policy_that_fits_is_the_tickets() -> None:
    vip = Policy(id=None, name="VIP", conditions={"tiers": ["premium"], "tags": ["Hot"]})
    chat = Policy(id=None, name="Chat", conditions={"channels": ["chat"]})
    facts = {"priority": "low", "tier": "premium", "channel": "chat", "tags": ["hot", "new"]}
    assert policy_for(facts, [vip, chat]) is vip
    assert policy_for({**facts, "tags": []}, [vip, chat]) is chat
    assert policy_for({**facts, "tier": "basic", "channel": "email"}, [vip, chat]) is None
    assert DEFAULT_POLICY.fits({})


# --- any history ----------------------------------------------------------------------------------

moves = st.sampled_from(
    (
        lambda history: history.reply(),
        lambda history: history.ask(),
        lambda history: history.note(),
        lambda history: history.reply("system"),
        lambda history: history.status("pending", "customer"),
        lambda history: history.status("pending", "third_party"),
        lambda history: history.status("in_progress"),
        lambda history: history.status("resolved"),
        lambda history: history.status("closed"),
        lambda history: history.status("open"),
        lambda history: history.take(),
        lambda history: history.take(None),
        lambda history: history.set(priority="low"),
        lambda history: history.set(priority="critical"),
        lambda history: history.set(tier="free"),
        lambda history: history.set(tags=["a", "b"]),
        lambda history: history.set(tags=[]),
        lambda history: history.trash(),
        lambda history: history.trash("ticket.restored"),
        lambda history: history.merge(),
        lambda history: history.merge("ticket.unmerged"),
    )
)
pauses = st.one_of(st.just(0.0), st.floats(0, 90), st.floats(0, 3000)).map(lambda minutes: round(minutes, 6))
POLICIES = (
    Policy(
        id=None,
        name="Tagged",
        conditions={"tags": ["a"]},
        targets=[{"metric": "total", "clock": "business", "seconds": every(200)}],
    ),
    policy(minutes=45, clock="business"),
)


@st.composite
def histories(draw: Any) -> History:
    history = History(draw(st.sampled_from(("customer", "user", "system"))))
    minutes = 0.0
    for pause, move in draw(st.lists(st.tuples(pauses, moves), max_size=25)):
        minutes += pause
        move(history.at(minutes))
    return history


@settings(max_examples=300, deadline=None)
@given(histories(), st.data())
def test_a_history_folded_piece_by_piece_through_its_stored_memory_is_the_whole(
    history: History, data: Any
) -> None:
    hours = data.draw(st.sampled_from((always, lambda *_: OFFICE)))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(history.events)), max_size=5)))
    memory, past = Memory(State()), []
    for start, end in zip([0, *cuts], [*cuts, len(history.events)], strict=True):
        memory = load(dump(memory))
        for happening in history.events[start:end]:
            step(memory.state, happening, POLICIES, hours)
        settle(memory.state, POLICIES, hours)
        past += memory.state.past
    carried = [clock for clock in (*past, *memory.state.live.values()) if clock.verdict]
    assert sorted(carried, key=_key) == sorted(fold(history.events, POLICIES, hours), key=_key)


@settings(max_examples=200, deadline=None)
@given(histories())
def test_no_clock_contradicts_itself(history: History) -> None:
    for clock in fold(history.events, POLICIES, lambda *_: OFFICE):
        verdict = clock.verdict
        assert clock.started_at <= (clock.ended_at or history.now)
        assert (verdict.due_at is None) == (clock.state == "paused")
        assert verdict.due_at is None or verdict.due_at >= clock.started_at
        if clock.state == "breached":
            assert verdict.due_at < clock.ended_at
        if clock.state == "met":
            assert verdict.due_at >= clock.ended_at
        if verdict.soon_at:
            assert clock.started_at <= verdict.soon_at <= verdict.due_at
        assert set(clock.facts or FACTS) == set(FACTS)


def _key(clock: Clock) -> tuple[str, int]:
    return clock.metric, clock.instance
