"""When a reply is taken back, clocks are folded anew. What of the former ones still stands: pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from webapp.models import SlaClock
from webapp.services.sla.alarm import alarms_of
from webapp.services.sla.fold import Clock, HoursOf, State
from webapp.services.sla.memory import Memory
from webapp.services.sla.policy import Policy

INSTANT = timedelta(microseconds=1)


@dataclass
class Rest:
    """The rows that stay as they are, and the clocks that get new ones."""

    kept: list[SlaClock]
    clocks: list[Clock]


def keep_ended(state: State, known: State, rows: Sequence[SlaClock]) -> Rest:
    """Gives clocks that ended as before what they were promised then: the rules may differ by now."""
    for metric, clock in state.live.items():
        old = known.live.get(metric)
        if old and old.ended_at and replace(clock, facts=old.facts, verdict=old.verdict) == old:
            state.live[metric] = old
    same = {(row.metric, row.instance, row.started_at, row.ended_at): row for row in rows if row.ended_at}
    rest = Rest([], [])
    for clock in (*state.past, *state.live.values()):
        row = same.get((clock.metric, clock.instance, clock.started_at, clock.ended_at))
        if row is not None:
            rest.kept.append(row)
        elif clock.verdict:
            rest.clocks.append(clock)
    return rest


def fired_again(
    memory: Memory, known: State, rows: Sequence[SlaClock], policies: Sequence[Policy], hours: HoursOf
) -> dict[str, list[str]]:
    """What of the present clocks has gone off already.

    One that the reply had ended, and begun anew, had made itself heard until then; its deadline if its row
    says so.
    """
    alarms = alarms_of(Memory(memory.state), policies, hours)
    rung = {(row.metric, row.started_at) for row in rows if row.fired_at}
    fired: dict[str, list[str]] = {}
    for metric, clock in memory.state.live.items():
        old = known.live.get(metric)
        if old is not None and old.started_at == clock.started_at:
            fired[metric] = memory.fired.get(metric, [])
        elif old is not None and clock.verdict and (due := clock.verdict.due_at):
            until = (
                [old.started_at] if (metric, clock.started_at) in rung else [old.started_at, due - INSTANT]
            )
            mine = [alarm for alarm in alarms if alarm.clock.metric == metric]
            fired[metric] = [alarm.key for alarm in mine if alarm.at <= min(until)]
    return fired
