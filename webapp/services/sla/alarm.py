"""When a clock makes itself heard: warnings, the deadline, the steps of the ladder. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from webapp.services.sla.fold import Clock, HoursOf, State, moment, runs
from webapp.services.sla.memory import Memory
from webapp.services.sla.policy import Policy, policy_for

BREACH = "b"


@dataclass(frozen=True)
class Alarm:
    """Something that goes off at `at`, once. `key`: `w0` a warning, `b` the breach, `s0` a ladder's step."""

    at: datetime
    key: str
    clock: Clock
    rule: dict[str, Any]

    @property
    def order(self) -> tuple[datetime, int, str]:
        """Earliest first; at one instant the warning, then the breach, then the steps."""
        return self.at, "wbs".index(self.key[0]), self.key


def alarms_of(memory: Memory, policies: Sequence[Policy], hours: HoursOf) -> list[Alarm]:
    """All that is yet to go off for a ticket, in order; a paused clock keeps silent."""
    found = []
    for metric, clock in memory.state.live.items():
        if clock.ended_at is None and clock.verdict and clock.verdict.due_at:
            fired = memory.fired.get(metric, ())
            alarms = _alarms(clock, memory.state, policies, hours)
            found += [alarm for alarm in alarms if alarm.key not in fired]
    return sorted(found, key=lambda alarm: alarm.order)


def _alarms(clock: Clock, state: State, policies: Sequence[Policy], hours: HoursOf) -> Iterator[Alarm]:
    facts = clock.facts or state.facts
    policy, verdict = policy_for(facts, policies), clock.verdict
    if policy is None or verdict is None or verdict.due_at is None:
        return
    calendar = hours(policy.calendar_id, facts.get("inbox_id")) if verdict.is_business else None
    spent = runs(clock, state.line)
    warned: dict[int, datetime] = {}
    for place, warning in enumerate(policy.warnings):
        seconds = seconds_before_warning(warning, verdict.target_seconds)
        at = moment(clock, spent, seconds, calendar)[0] if seconds > 0 else None
        if at is not None:
            warned[place] = at
            yield Alarm(at, f"w{place}", clock, warning)
    yield Alarm(verdict.due_at, BREACH, clock, {})
    for place, rung in enumerate(policy.ladder):
        if rung.get("metrics") and clock.metric not in rung["metrics"]:
            continue
        base = verdict.due_at if rung["on"] == "breach" else warned.get(rung["warning"])
        if base is not None:
            yield Alarm(base + timedelta(minutes=rung["delay_minutes"]), f"s{place}", clock, rung)


def seconds_before_warning(warning: dict[str, Any], target_seconds: int) -> float:
    """How much of the target has passed when that warning goes off; none at all: it never does."""
    if warning.get("percent"):
        return target_seconds * float(warning["percent"]) / 100
    return target_seconds - warning["minutes"] * 60
