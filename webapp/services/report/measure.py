"""From a ticket's ledger to what reports count: a pure function. What is stored is its result.

Happenings, each at its event, `instance` being the event's place in the ticket's ledger:

* `created`: by whomever; `agent_id`: the member of staff who opened it.
* `assigned`: each time an agent gets it, who that is.
* `replied`: each public reply of staff by its author, but not one that was taken back.
* `resolved`: each move from unfinished to resolved or closed, whose it was; a merge is none, nor is spam.
* `reopened`: unfinished again after that.
* `escalated`: the ladder fired. `met`: the promise it fired for was kept in time, `breached`: it was not,
  None: it is still open, or nobody waits for it any more.

Durations, by the clocks of `services.sla.fold`, whether anything was promised or not: when they ended, on the
clock and on the hours that the ticket's inbox had then (always open: the same), in whole seconds.
`first_response` and `next_response` are who replied; `requester_wait`, `agent_work` and `total` are there
once a ticket is resolved, at its last resolution, and gone while it is unfinished again.

Promises (`sla.<metric>`) are the stored clocks; a dropped one is none. `seconds` says how late one was kept.

`backlog`: a stretch in which the ticket was unfinished and nothing by which reports filter changed; the next
one begins where it ends. So the tickets unfinished at an instant are the stretches that hold it.

A ticket in the trash or in spam has no rows. Of a merged one nothing counts but what was before.
"""

import uuid
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from webapp.models.measurement import BACKLOG, DURATIONS, PROMISE
from webapp.models.ticket import ENDED
from webapp.services.calendar.business import Hours, between
from webapp.services.sla.fold import REPLY, UPDATE, Clock, Happening, State, counting, runs, step

HoursAt = Callable[[datetime], Hours | None]
"""The hours that the ticket's inbox had at a moment; None: always open."""
Row = dict[str, Any]
SECOND = timedelta(seconds=1)
STRIDE = 200
UNFINISHED, DONE, AWAY = "unfinished", "done", "away"
_EMPTY: Row = dict.fromkeys(
    ("at", "until", "outcome", "seconds", "business_seconds", "target_seconds", "policy_id")
)
_IDS = {"assigned_agent_id": "agent_id", "team_id": "team_id", "inbox_id": "inbox_id"}
_WORDS = {"channel": "api", "priority": "medium", "tier": "basic"}


def measure(
    history: Sequence[Happening],
    clocks: Iterable[Any],
    hours: HoursAt,
    *,
    pause: Callable[[], None] = lambda: None,
) -> list[Row]:
    """One ticket's measurements: the columns of `Measurement` but for `workspace_id` and `ticket_id`.

    `history`: its events in order, beginning with `ticket.created`. `clocks`: its rows of `sla_clocks`.
    `pause`: called now and then on the way through a long one.
    """
    walk = _Walk()
    for place, happening in enumerate(counting(history), start=1):
        walk.take(happening)
        if place % STRIDE == 0:
            pause()
    if walk.is_hidden:
        return []
    promises = list(clocks)
    return [
        *walk.rows,
        *walk.stretches(),
        *(_escalation(*told, promises) for told in walk.escalations),
        *_durations(walk, hours),
        *_promises(walk, promises, hours),
    ]


@dataclass
class _Ended:
    """A clock that ran to its end, and the ticket at that moment; `agent_id`: who ended it."""

    clock: Clock
    ticket: Row


@dataclass
class _Walk:
    """A ticket on its way through its ledger; `line`: what it was since when."""

    state: State = field(default_factory=State)
    ticket: Row = field(default_factory=dict)
    status: str = "open"
    is_trashed: bool = False
    is_spam: bool = False
    is_merged: bool = False
    is_resolved: bool = False
    standing: str | None = None
    rows: list[Row] = field(default_factory=list)
    line: list[tuple[datetime, Row]] = field(default_factory=list)
    ended: dict[tuple[str, int], _Ended] = field(default_factory=dict)
    escalations: list[tuple[Happening, Row]] = field(default_factory=list)
    _stretches: list[Row] = field(default_factory=list)
    _open: Row | None = None

    @property
    def is_hidden(self) -> bool:
        """Whether reports know nothing of it."""
        return self.is_trashed or self.is_spam or not self.line

    def take(self, happening: Happening) -> None:
        """What one event says."""
        past = len(self.state.past)
        step(self.state, happening, (), _always)
        self._take_fields(happening)
        before, self.standing = self.standing, self._standing()
        self._count(happening, before)
        self._stretch(happening)
        self._time(happening, [*self.state.past[past:], *self.state.live.values()])

    def _take_fields(self, happening: Happening) -> None:
        name, changes = happening.name, happening.changes
        if name == "ticket.created":
            self.ticket = {**dict.fromkeys(_IDS.values()), **_WORDS}
        moved = {_IDS[key]: _uuid(_new(changes, key)) for key in _IDS if key in changes}
        moved |= {key: _new(changes, key) or rest for key, rest in _WORDS.items() if key in changes}
        if moved or not self.line:
            self.ticket = {**self.ticket, **moved}
            self.line.append((happening.at, self.ticket))
        self.status = _new(changes, "status") or self.status
        if "spam" in changes:
            self.is_spam = bool(_new(changes, "spam"))
        if name in ("ticket.deleted", "ticket.restored"):
            self.is_trashed = name == "ticket.deleted"
        if name in ("ticket.merged", "ticket.unmerged"):
            self.is_merged = name == "ticket.merged"

    def _standing(self) -> str:
        if self.is_trashed or self.is_spam or self.is_merged:
            return AWAY
        return DONE if self.status in ENDED else UNFINISHED

    def _count(self, happening: Happening, before: str | None) -> None:
        """The rows of what happened."""
        name, changes = happening.name, happening.changes
        is_staff = happening.actor_kind == "user"
        if name == "ticket.created":
            self._add("created", happening, happening.actor_id if is_staff else None)
        if _new(changes, "assigned_agent_id"):
            self._add("assigned", happening)
        if name == "comment.created" and happening.is_public and is_staff:
            self._add("replied", happening, happening.actor_id)
        if name == "ticket.escalated":
            self.escalations.append((happening, self.ticket))
        if before == UNFINISHED and self.standing == DONE:
            self.is_resolved = True
            self._add("resolved", happening)
        elif self.is_resolved and self.standing == UNFINISHED:
            self.is_resolved = False
            self._add("reopened", happening)

    def _add(self, kind: str, happening: Happening, agent_id: uuid.UUID | None = None) -> None:
        row = {**_EMPTY, **self.ticket, "kind": kind, "instance": happening.seq, "at": happening.at}
        self.rows.append(row | ({"agent_id": agent_id} if agent_id else {}))

    def _stretch(self, happening: Happening) -> None:
        """Ends the stretch that no longer holds, and begins the one that does."""
        known = self._open
        if self.standing == UNFINISHED and known and self.ticket.items() <= known.items():
            return
        if known and known["at"] < happening.at:
            self._stretches.append({**known, "until": happening.at})
        self._open = self._begun(happening) if self.standing == UNFINISHED else None

    def _begun(self, happening: Happening) -> Row:
        """A new stretch; the one just ended goes on if all is as before after all."""
        last = self._stretches[-1] if self._stretches else None
        if last and last["until"] == happening.at and self.ticket.items() <= last.items():
            return {**self._stretches.pop(), "until": None}
        return {**_EMPTY, **self.ticket, "kind": BACKLOG, "instance": happening.seq, "at": happening.at}

    def stretches(self) -> list[Row]:
        """All of them, the last one open if the ticket is unfinished."""
        return [*self._stretches, *([self._open] if self._open else [])]

    def _time(self, happening: Happening, clocks: Iterable[Clock]) -> None:
        """Notes which clocks ran to their end with this event, and which go on after all."""
        for clock in clocks:
            key = clock.metric, clock.instance
            if clock.outcome != "met":
                self.ended.pop(key, None)
            elif key not in self.ended or self.ended[key].clock != clock:
                is_reply = clock.metric in (*REPLY, *UPDATE)
                who = {"agent_id": happening.actor_id} if is_reply and happening.actor_id else {}
                self.ended[key] = _Ended(clock, self.ticket | who)

    def at(self, moment: datetime) -> Row:
        """The ticket as it was then; before its creation: as it began."""
        place = bisect_right(self.line, moment, key=lambda entry: entry[0])
        return self.line[max(place - 1, 0)][1]


def _always(_calendar_id: uuid.UUID | None, _inbox_id: str | None) -> None:
    """Hours for folding without a promise: none are asked for."""


# --- rows of what took time, and of what was promised ---------------------------------------------


def _durations(walk: _Walk, hours: HoursAt) -> Iterator[Row]:
    phases = walk.state.line
    times = [since for since, _ in phases]
    for (metric, instance), ended in walk.ended.items():
        if metric not in DURATIONS:
            continue
        at = ended.clock.ended_at
        assert at is not None
        # Of the ticket's phases only those that the clock saw: a long thread has very many of both.
        first, last = bisect_right(times, ended.clock.started_at) - 1, bisect_right(times, at)
        spent = [(since, until or at) for since, until in runs(ended.clock, phases[max(first, 0) : last])]
        row = {**_EMPTY, **ended.ticket, "kind": metric, "instance": instance, "at": at}
        yield {**row, "seconds": _seconds(spent, None), "business_seconds": _seconds(spent, hours(at))}


def _promises(walk: _Walk, clocks: Iterable[Any], hours: HoursAt) -> Iterator[Row]:
    for clock in clocks:
        if clock.state != "dropped":
            ended = walk.ended.get((clock.metric, clock.instance))
            row = {**_EMPTY, **_fate(walk, clock, ended, hours)}
            row |= {"kind": PROMISE + clock.metric, "instance": clock.instance}
            yield row | {name: getattr(clock, name) for name in _PROMISED}


_PROMISED = ("policy_id", "priority", "tier", "target_seconds")


def _fate(walk: _Walk, clock: Any, ended: _Ended | None, hours: HoursAt) -> Row:
    """What became of a promise: paused, met, or broken at its deadline, which may be yet to come."""
    if clock.state == "paused":
        return walk.ticket
    if clock.state == "met":
        ticket = ended.ticket if ended else walk.at(clock.ended_at)
        return {**ticket, "outcome": "met", "at": clock.ended_at, "until": clock.due_at}
    row = {**walk.at(clock.due_at), "outcome": "breached", "at": clock.due_at}
    if ended is None or clock.ended_at is None:  # still owed, or nobody waits for it any more
        return row
    late = [(clock.due_at, clock.ended_at)]
    spent = {"seconds": _seconds(late, None), "business_seconds": _seconds(late, hours(clock.ended_at))}
    return {**row, "until": clock.ended_at, **spent}


def _escalation(happening: Happening, ticket: Row, clocks: Sequence[Any]) -> Row:
    metric = _new(happening.changes, "metric")
    begun = [one for one in clocks if one.metric == metric and one.started_at <= happening.at]
    promise = max(begun, key=lambda one: one.instance, default=None)
    row = {**_EMPTY, **ticket, "kind": "escalated", "instance": happening.seq, "at": happening.at}
    if promise is None:
        return row
    is_over = promise.state == "breached" or (promise.due_at and promise.due_at <= happening.at)
    outcome = "breached" if is_over else "met" if promise.state == "met" else None
    return {**row, "outcome": outcome, "policy_id": promise.policy_id}


def _seconds(spans: Iterable[tuple[datetime, datetime]], hours: Hours | None) -> int:
    return sum((timedelta(seconds=between(*span, hours)) for span in spans), timedelta()) // SECOND


def _new(changes: dict[str, Any], name: str) -> Any:
    pair = changes.get(name)
    return pair[1] if isinstance(pair, list | tuple) and len(pair) == 2 else None


def _uuid(value: str | None) -> uuid.UUID | None:
    return uuid.UUID(value) if value else None
