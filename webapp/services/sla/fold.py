"""From a ticket's events to its clocks: a pure function. What is stored is its result, carried on.

`step` takes one event into a `State`; `fold` does it for a whole history. Carrying a stored state on over
later events gives what folding all of them gives. Zendesk's definitions, on our statuses:

* `time_to_assignment`: while nobody has the ticket; paused while it waits for the customer.
* `first_response`: creation (by staff: the customer's first comment) to our first public reply; never paused.
* `next_response`: the customer's oldest unanswered comment to our next public reply; never paused.
* `periodic_update`: from one public reply of ours to the next; `pausable_update`: paused in pending.
* `requester_wait`: to the resolution, without pending; `agent_work`: without on hold, too; `total`: all.

A ticket that is resolved or closed drops what is still owed; one that is reopened carries its resolution
clocks on. A promise goes by the ticket's facts now, or when it was kept; a deadline that has passed stays
where it was, whatever priority the ticket is given afterwards.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from webapp.services.calendar.business import Hours, NeverOpen, add, between
from webapp.services.sla.policy import Facts, Policy, policy_for

HoursOf = Callable[[uuid.UUID | None, str | None], Hours | None]
"""`hours(calendar_id, inbox_id)`: the calendar's hours, without one the inbox's; None is 24/7."""

RESOLUTION = ("requester_wait", "agent_work", "total")
REPLY = ("first_response", "next_response")
UPDATE = ("periodic_update", "pausable_update")
_ALWAYS = frozenset(("open", "hold", "pending", "solved"))
_RUNS_IN = {
    "time_to_assignment": frozenset(("open", "hold")),
    "pausable_update": frozenset(("open", "hold")),
    "requester_wait": frozenset(("open", "hold")),
    "agent_work": frozenset(("open",)),
}
WITHDRAWN = "comment.withdrawn"
"""Takes a reply out of what came before: whoever carries a state on folds the whole ledger again."""
SOON = 0.75
"""The part of a target after which a deadline is near."""
PROMISED_BY = ("priority", "tier", "channel", "inbox_id", "team_id", "organization_id", "category", "tags")
FACTS = (*PROMISED_BY, "imported")
"""`imported`: from where. Such a ticket's clocks began elsewhere, so that it is promised nothing."""


@dataclass(frozen=True)
class Happening:
    """What folding and measuring read of an event. `is_public`: the customer may see it (a reply)."""

    name: str
    at: datetime
    seq: int
    actor_kind: str = "system"
    is_public: bool = False
    changes: dict[str, Any] = field(default_factory=dict)
    actor_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Verdict:
    """What a policy makes of a clock. `due_at` is None while it is paused with time left."""

    policy_id: uuid.UUID | None
    policy_name: str
    policy_version: int
    priority: str
    tier: str
    is_business: bool
    target_seconds: int
    due_at: datetime | None
    remaining_seconds: int | None = None
    soon_at: datetime | None = None


@dataclass(frozen=True)
class Clock:
    """One metric, once. `facts`: what it is held to, where that is no longer the ticket's present."""

    metric: str
    instance: int
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str | None = None
    facts: Facts | None = None
    verdict: Verdict | None = None

    @property
    def breached_at(self) -> datetime | None:
        """The deadline, if the clock ended after it; one that still runs asks the time."""
        due = self.verdict.due_at if self.verdict else None
        return due if due and self.ended_at and due < self.ended_at else None

    @property
    def state(self) -> str:
        """active, paused, met, breached or dropped; one past its deadline is active until it ends."""
        if self.ended_at is None:
            return "active" if self.verdict and self.verdict.due_at else "paused"
        return "breached" if self.breached_at else str(self.outcome)

    def is_late(self, now: datetime) -> bool:
        """Whether its deadline has passed, at `now` or when it ended."""
        due = self.verdict.due_at if self.verdict else None
        return due is not None and due < (self.ended_at or now)


@dataclass
class State:
    """A ticket's history as far as clocks need it. `line`: since when it has been in which kind of status.

    `unmerged`: while it lies merged in another ticket, what it was before, for the day it is taken out again.
    """

    seq: int = -1
    status: str = "open"
    pending_on: str | None = None
    line: list[tuple[datetime, str]] = field(default_factory=list)
    facts: Facts = field(default_factory=dict)
    is_assigned: bool = False
    is_answered: bool = False
    by_staff: bool = False
    is_gone: bool = False
    live: dict[str, Clock] = field(default_factory=dict)
    past: list[Clock] = field(default_factory=list)
    unmerged: "State | None" = None

    @property
    def phase(self) -> str:
        """open, pending (on the customer), hold (on a third party) or solved (so are trash and merged)."""
        if self.is_gone or self.status in ("resolved", "closed"):
            return "solved"
        if self.status == "pending":
            return "hold" if self.pending_on == "third_party" else "pending"
        return "open"


def fold(events: Iterable[Happening], policies: Sequence[Policy], hours: HoursOf) -> list[Clock]:
    """Every clock that one ticket's events make under these policies, those without a promise left out.

    `events` in the order of their sequence, beginning with `ticket.created`.
    """
    state = fold_state(events, policies, hours)
    return [clock for clock in (*state.past, *state.live.values()) if clock.verdict]


def fold_state(events: Iterable[Happening], policies: Sequence[Policy], hours: HoursOf) -> State:
    """What one ticket's events come to, its ended clocks in it; without replies that were taken back."""
    state = State()
    for happening in counting(events):
        step(state, happening, policies, hours)
    settle(state, policies, hours)
    return state


def counting(events: Iterable[Happening]) -> list[Happening]:
    """The events without those of replies that were withdrawn later: as if they had not been written."""
    known = list(events)
    withdrawn = {_new(one.changes, "comment_seq", 0) for one in known if one.name == WITHDRAWN}
    return [one for one in known if one.name != "comment.created" or one.seq not in withdrawn]


def settle(state: State, policies: Sequence[Policy], hours: HoursOf) -> None:
    """Judges the clocks that still run by the facts as they are."""
    for metric, clock in state.live.items():
        if clock.ended_at is None:
            state.live[metric] = replace(clock, verdict=judge(clock, state, policies, hours))


def step(state: State, happening: Happening, policies: Sequence[Policy], hours: HoursOf) -> bool:
    """Takes one event in; whether any clock may look different after it."""
    if happening.seq <= state.seq:
        return False
    state.seq = happening.seq
    moves = _Moves(state, happening, policies, hours)
    moves.take()
    return moves.is_felt


class _Moves:
    """What one event does to a state."""

    def __init__(
        self, state: State, happening: Happening, policies: Sequence[Policy], hours: HoursOf
    ) -> None:
        self.state, self.happening, self.at = state, happening, happening.at
        self.policies, self.hours = policies, hours
        self.is_felt = False

    def take(self) -> None:
        """Facts first, then whose it is, then what was said, then how it stands."""
        if self.happening.name == "ticket.created":
            return self._create()
        if self.happening.name == "ticket.unmerged" and self.state.unmerged is not None:
            return self._take_out()
        if self.happening.name == "ticket.merged":
            before = replace(self.state, live=dict(self.state.live), past=list(self.state.past))
            self.state.unmerged = replace(before, line=list(self.state.line))
        self._take_facts()
        self._take_assignment()
        if self.happening.name == "comment.created" and self.happening.is_public:
            self._take_comment()
        self._take_status()
        return None

    def _take_out(self) -> None:
        """The merge was taken back: the clocks run on as if they had never stood."""
        state, before = self.state, self.state.unmerged
        assert before is not None
        for name in ("status", "pending_on", "line", "is_assigned", "is_answered", "is_gone", "live", "past"):
            setattr(state, name, getattr(before, name))
        state.unmerged = None
        self.is_felt = True

    def _create(self) -> None:
        state, changes = self.state, self.happening.changes
        self.is_felt = True
        state.facts = {name: _new(changes, name) or None for name in FACTS}
        state.status, state.pending_on = _new(changes, "status") or "open", _new(changes, "pending_on")
        state.is_assigned = _new(changes, "assigned_agent_id") is not None
        state.by_staff = self.happening.actor_kind == "user"
        state.line = [(self.at, state.phase)]
        if state.phase != "solved":
            self._open_all()

    def _open_all(self) -> None:
        if not self.state.is_assigned:
            self._start("time_to_assignment")
        if not self.state.is_answered and not self.state.by_staff:
            self._start("first_response")
        for metric in RESOLUTION:
            self._start(metric)

    def _take_facts(self) -> None:
        changes = self.happening.changes
        moved = {name: _new(changes, name) or None for name in FACTS if name in changes}
        if not moved:
            return
        for metric, clock in self.state.live.items():
            if clock.ended_at is None and clock.facts is None:
                verdict = judge(clock, self.state, self.policies, self.hours)
                if verdict and verdict.due_at and verdict.due_at <= self.at:
                    self.state.live[metric] = replace(clock, facts=self.state.facts)
        self.state.facts = {**self.state.facts, **moved}
        self.is_felt = True

    def _take_assignment(self) -> None:
        if "assigned_agent_id" not in self.happening.changes:
            return
        self.state.is_assigned = _new(self.happening.changes, "assigned_agent_id") is not None
        if self.state.is_assigned:
            self._end("time_to_assignment", "met")
        elif self.state.phase != "solved":
            self._start("time_to_assignment")

    def _take_comment(self) -> None:
        kind = self.happening.actor_kind
        if kind == "user":
            self._take_reply()
        elif kind == "customer" and not self.state.is_gone:
            self._start("next_response" if self.state.is_answered else "first_response")

    def _take_reply(self) -> None:
        self.state.is_answered = True
        for metric in (*REPLY, *UPDATE):
            self._end(metric, "met")
        if self.state.phase != "solved":
            for metric in UPDATE:
                self._start(metric)

    def _take_status(self) -> None:
        state, changes = self.state, self.happening.changes
        before = state.phase
        if "pending_on" in changes:
            state.pending_on = _new(changes, "pending_on")
        state.status = _new(changes, "status") or state.status
        if self.happening.name in ("ticket.deleted", "ticket.merged", "ticket.restored"):
            state.is_gone = self.happening.name != "ticket.restored"
        if state.phase == before:
            return
        state.line.append((self.at, state.phase))
        self.is_felt = True
        if state.phase == "solved":
            self._solve()
        elif before == "solved":
            self._reopen()

    def _solve(self) -> None:
        for metric in ("time_to_assignment", *REPLY, *UPDATE):
            self._end(metric, "dropped")
        for metric in RESOLUTION:
            self._end(metric, "dropped" if self.state.is_gone else "met")

    def _reopen(self) -> None:
        for metric in RESOLUTION:
            clock = self.state.live.get(metric)
            if clock and clock.ended_at:
                facts = clock.facts if clock.breached_at else None
                reopened = replace(clock, ended_at=None, outcome=None, facts=facts)
                self.state.live[metric] = reopened
        self._open_all()

    def _start(self, metric: str) -> None:
        """A new instance, unless one runs."""
        running = self.state.live.get(metric)
        if running and running.ended_at is None:
            return
        if running:
            self.state.past.append(running)
        self.state.live[metric] = Clock(metric, running.instance + 1 if running else 1, self.at)
        self.is_felt = True

    def _end(self, metric: str, outcome: str) -> None:
        """Ends what runs, and holds it to the facts of this moment."""
        clock = self.state.live.get(metric)
        if clock is None or clock.ended_at is not None:
            return
        facts = clock.facts or self.state.facts
        ended = replace(clock, ended_at=self.at, outcome=outcome, facts=facts)
        verdict = judge(ended, self.state, self.policies, self.hours)
        self.state.live[metric] = replace(ended, verdict=verdict)
        self.is_felt = True


def _new(changes: dict[str, Any], name: str, place: int = 1) -> Any:
    pair = changes.get(name)
    return pair[place] if isinstance(pair, list | tuple) and len(pair) == 2 else None


# --- judging --------------------------------------------------------------------------------------


def judge(clock: Clock, state: State, policies: Sequence[Policy], hours: HoursOf) -> Verdict | None:
    """What the first policy that fits promises of this clock; None where nothing is promised."""
    facts = clock.facts or state.facts
    if facts.get("imported"):
        return None
    policy = policy_for(facts, policies)
    promise = policy.promise(clock.metric, facts) if policy else None
    if policy is None or promise is None:
        return None
    open_hours = hours(policy.calendar_id, facts.get("inbox_id")) if promise.is_business else None
    spent = runs(clock, state.line)
    due_at, left = moment(clock, spent, promise.seconds, open_hours)
    running = clock.ended_at is None and due_at is not None
    return Verdict(
        policy_id=policy.id,
        policy_name=policy.name,
        policy_version=policy.version,
        priority=facts["priority"],
        tier=facts.get("tier") or "basic",
        is_business=promise.is_business,
        target_seconds=promise.seconds,
        due_at=due_at,
        remaining_seconds=None if due_at else int(left),
        soon_at=moment(clock, spent, promise.seconds * SOON, open_hours)[0] if running else None,
    )


def runs(clock: Clock, line: Sequence[tuple[datetime, str]]) -> list[tuple[datetime, datetime | None]]:
    """The stretches in which the clock counted, in order; the last one's end is None while it runs."""
    phases = _RUNS_IN.get(clock.metric, _ALWAYS)
    found: list[tuple[datetime, datetime | None]] = []
    for place, (since, phase) in enumerate(line):
        until = line[place + 1][0] if place + 1 < len(line) else clock.ended_at
        if until and clock.ended_at:
            until = min(until, clock.ended_at)
        start = max(since, clock.started_at)
        if phase not in phases or (until is not None and until <= start):
            continue
        begun = found.pop()[0] if found and found[-1][1] == start else start
        found.append((begun, until))
    return found


def moment(
    clock: Clock, spent: Sequence[tuple[datetime, datetime | None]], seconds: float, hours: Hours | None
) -> tuple[datetime | None, float]:
    """When the clock has counted so many seconds, and how many are left if that is not known.

    Not known while it is paused; of one that ended before, when it would have been had it gone on.
    """
    left = seconds
    for since, until in spent:
        counted = between(since, until, hours) if until else left
        if counted >= left:
            return _add(since, left, hours), left
        left -= counted
    if clock.ended_at is not None:
        return _add(clock.ended_at, left, hours), left
    return None, left


def _add(start: datetime, seconds: float, hours: Hours | None) -> datetime | None:
    try:
        return add(start, seconds, hours)
    except NeverOpen:  # a calendar that was emptied later: nothing can be due in it
        return None
