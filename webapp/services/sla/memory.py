"""A folded state as the JSON in `ticket.sla_state`, and back. Times are microseconds, so nothing is lost."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from webapp.services.sla.fold import FACTS, Clock, State, Verdict

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_PHASES = {"open": "o", "hold": "h", "pending": "p", "solved": "s"}
_NAMES = {letter: phase for phase, letter in _PHASES.items()}


@dataclass
class Memory:
    """What is kept of a ticket between two events.

    `fired`: per metric, which warnings, breach and steps of its present instance have gone off.
    `rings_at`: the timer that is set.
    """

    state: State
    fired: dict[str, list[str]] = field(default_factory=dict)
    rings_at: datetime | None = None


def stamp(at: datetime | None) -> int | None:
    """A time as a number."""
    return None if at is None else (at - EPOCH) // MICROSECOND


def moment_of(number: int | None) -> datetime | None:
    """A number as its time."""
    return None if number is None else EPOCH + number * MICROSECOND


def dump(memory: Memory) -> dict[str, Any]:
    """The memory, JSON-ready."""
    return {
        **_dump_state(memory.state),
        "fired": {metric: keys for metric, keys in memory.fired.items() if keys},
        "rings_at": stamp(memory.rings_at),
    }


def _dump_state(state: State) -> dict[str, Any]:
    merged = {"unmerged": _dump_state(state.unmerged)} if state.unmerged else {}
    return {
        **merged,
        "seq": state.seq,
        "status": state.status,
        "pending_on": state.pending_on,
        "line": [[stamp(at), _PHASES[phase]] for at, phase in state.line],
        "facts": _known(state.facts),
        "flags": [state.is_assigned, state.is_answered, state.by_staff, state.is_gone],
        "clocks": {metric: _dump_clock(clock) for metric, clock in state.live.items()},
    }


def load(stored: dict[str, Any]) -> Memory:
    """What `dump` gave."""
    fired = {metric: list(keys) for metric, keys in stored["fired"].items()}
    return Memory(_load_state(stored), fired, moment_of(stored["rings_at"]))


def _load_state(stored: dict[str, Any]) -> State:
    flags = stored["flags"]
    return State(
        seq=stored["seq"],
        status=stored["status"],
        pending_on=stored["pending_on"],
        line=[(_at(number), _NAMES[letter]) for number, letter in stored["line"]],
        facts=_facts(stored["facts"]),
        is_assigned=flags[0],
        is_answered=flags[1],
        by_staff=flags[2],
        is_gone=flags[3],
        live={metric: _load_clock(metric, row) for metric, row in stored["clocks"].items()},
        unmerged=_load_state(stored["unmerged"]) if "unmerged" in stored else None,
    )


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def _facts(stored: dict[str, Any]) -> dict[str, Any]:
    return {name: stored.get(name) for name in FACTS}


def _at(number: int) -> datetime:
    return EPOCH + number * MICROSECOND


def _dump_clock(clock: Clock) -> list[Any]:
    facts = _known(clock.facts) if clock.facts else None
    verdict = _dump_verdict(clock.verdict) if clock.verdict else None
    return [clock.instance, stamp(clock.started_at), stamp(clock.ended_at), clock.outcome, facts, verdict]


def _load_clock(metric: str, row: Sequence[Any]) -> Clock:
    instance, started, ended, outcome, facts, verdict = row
    return Clock(
        metric=metric,
        instance=instance,
        started_at=_at(started),
        ended_at=moment_of(ended),
        outcome=outcome,
        facts=_facts(facts) if facts else None,
        verdict=_load_verdict(verdict) if verdict else None,
    )


def _dump_verdict(verdict: Verdict) -> list[Any]:
    return [
        str(verdict.policy_id) if verdict.policy_id else None,
        verdict.policy_name,
        verdict.policy_version,
        verdict.priority,
        verdict.tier,
        verdict.is_business,
        verdict.target_seconds,
        stamp(verdict.due_at),
        verdict.remaining_seconds,
        stamp(verdict.soon_at),
    ]


def _load_verdict(row: Sequence[Any]) -> Verdict:
    policy_id, name, version, priority, tier, is_business, target, due, remaining, soon = row
    return Verdict(
        policy_id=uuid.UUID(policy_id) if policy_id else None,
        policy_name=name,
        policy_version=version,
        priority=priority,
        tier=tier,
        is_business=is_business,
        target_seconds=target,
        due_at=moment_of(due),
        remaining_seconds=remaining,
        soon_at=moment_of(soon),
    )
