"""The one clock of a ticket that the queue shows: the next due, else one that waits, else the last."""

from datetime import datetime
from typing import Any

from webapp import clock as app_clock
from webapp.models.ticket import FAR
from webapp.services.sla.fold import Clock, State


def next_due(state: State) -> datetime | None:
    """The earliest deadline of the clocks that run."""
    return min((due for clock in state.live.values() if (due := running_due(clock))), default=None)


def running_due(clock: Clock) -> datetime | None:
    """A running clock's deadline."""
    if clock.ended_at is not None or clock.verdict is None:
        return None
    return clock.verdict.due_at


def chip_of(state: State) -> dict[str, Any] | None:
    """`Chip` of docs/realtime.md; None where nothing is promised."""
    promised = [clock for clock in state.live.values() if clock.verdict]
    running = [clock for clock in promised if running_due(clock)]
    if running:
        return _chip(min(running, key=lambda clock: running_due(clock) or FAR))
    paused = [clock for clock in promised if clock.ended_at is None]
    if paused:
        return _chip(min(paused, key=lambda clock: clock.verdict.remaining_seconds or 0))  # type: ignore[union-attr]
    ended = [clock for clock in promised if clock.state != "dropped"]
    return _chip(max(ended, key=lambda clock: clock.ended_at or FAR)) if ended else None


def _chip(clock: Clock) -> dict[str, Any]:
    verdict = clock.verdict
    assert verdict is not None
    return {
        "metric": clock.metric,
        "state": clock.state,
        "due_at": app_clock.iso(verdict.due_at),
        "soon_at": app_clock.iso(verdict.soon_at),
        "ended_at": app_clock.iso(clock.ended_at),
        "target_seconds": verdict.target_seconds,
        "remaining_seconds": verdict.remaining_seconds,
        "business": verdict.is_business,
    }
