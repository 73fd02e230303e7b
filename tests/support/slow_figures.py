"""Figures worked out slowly from the facts of `slow_reports`: no query, no registry, no bucket is shared."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.slow_reports import Fact

HAPPENINGS = {"replies": "replied"}
PARTS = {"median": 0.5, "p90": 0.9}
FIELDS = {
    "team": "team_id",
    "agent": "agent_id",
    "inbox": "inbox_id",
    "policy": "policy_id",
    "channel": "channel",
    "priority": "priority",
    "tier": "tier",
}


@dataclass
class Slow:
    """The facts that the filters leave, all there are, and `tags` and `statuses` of tickets now."""

    facts: Sequence[Fact]
    every: Sequence[Fact]
    tags: dict[Any, set[str]]
    statuses: dict[Any, str]
    now: datetime
    is_business: bool = False
    _known: dict[Any, list[Fact]] = field(default_factory=dict, init=False, repr=False)

    def filtered(self, scope: Any) -> "Slow":
        """Without the facts that a scope's filters leave out."""
        kept = [fact for fact in self.facts if self._fits(fact, scope)]
        return Slow(kept, self.every, self.tags, self.statuses, self.now, scope.business)

    def _fits(self, fact: Fact, scope: Any) -> bool:
        for name, column in FIELDS.items():
            chosen = getattr(scope, name)
            if chosen and (getattr(fact, column) or "none") not in chosen:
                return False
        if scope.tag and not set(scope.tag) & (self.tags.get(fact.ticket_id) or {"none"}):
            return False
        return not scope.status or self.statuses[fact.ticket_id] in scope.status

    def rows(self, metric: str, start: datetime, end: datetime) -> list[Fact]:
        """The facts that a metric counts in [start, end); looked through once."""
        about = metric, start, end
        if about not in self._known:
            self._known[about] = self._rows(*about)
        return self._known[about]

    def _rows(self, metric: str, start: datetime, end: datetime) -> list[Fact]:
        if metric == "backlog":
            at = min(end, self.now + timedelta(microseconds=1))
            begun = [fact for fact in self.facts if fact.kind == "backlog" and fact.at < at]
            return [fact for fact in begun if fact.until is None or fact.until >= at]
        if metric.endswith("_running"):
            mine = [fact for fact in self.facts if _is_promise(fact, metric)]
            return [fact for fact in mine if fact.at is None or fact.at > self.now]
        known = [fact for fact in self.facts if fact.at and start <= fact.at < end and fact.at <= self.now]
        return [fact for fact in known if self._counts(metric, fact)]

    def _counts(self, metric: str, fact: Fact) -> bool:
        if metric.startswith("sla_"):
            wanted = metric.rsplit("_", 1)[1]
            return _is_promise(fact, metric) and wanted in ("compliance", fact.outcome)
        if metric in ("reopen_rate", "one_touch"):
            return fact.kind == "resolved"
        if metric == "escalated_saved":
            return fact.kind == "escalated" and fact.outcome is not None
        if metric == "paused_share":
            return fact.kind == "total"
        name, _, end = metric.rpartition("_")
        return fact.kind == (name if end in PARTS else HAPPENINGS.get(metric, metric))

    def seconds(self, fact: Fact) -> int | None:
        """What a duration took, by the clock that counts."""
        return fact.business_seconds if self.is_business else fact.seconds

    def value(self, metric: str, rows: Sequence[Fact], around: Iterable[Fact]) -> Any:
        """What a metric makes of its rows; `around`: all facts of the same stretch, or group."""
        end = metric.rpartition("_")[2]
        if end in PARTS:
            taken = sorted(self.seconds(fact) for fact in rows)
            return taken[math.ceil(PARTS[end] * len(taken)) - 1] if taken else None
        if metric == "paused_share":
            whole = sum(self.seconds(fact) for fact in rows)
            waited = sum(self.seconds(fact) for fact in around if fact.kind == "requester_wait")
            return round(1 - waited / whole, 6) if whole else None
        if metric == "reopen_rate":
            return _share(sum(fact.kind == "reopened" for fact in around), rows)
        if metric == "one_touch":
            return _share(sum(self._replies_until(fact) == 1 for fact in rows), rows)
        if end in ("compliance", "saved"):
            return _share(sum(fact.outcome == "met" for fact in rows), rows)
        return len(rows)

    def _replies_until(self, fact: Fact) -> int:
        mine = [one for one in self.every if one.ticket_id == fact.ticket_id]
        return sum(one.kind == "replied" and one.at <= fact.at for one in mine)

    def group(self, fact: Fact, by: str) -> list[tuple[str | None, ...]]:
        """The groups of a breakdown that a fact is in."""
        if by == "tag":
            return [(tag,) for tag in self.tags.get(fact.ticket_id) or [None]]
        return [tuple(getattr(fact, FIELDS[name]) for name in by.split(","))]

    def binned(self, metric: str, fact: Fact, end: datetime) -> int:
        """The seconds by which a fact goes into a histogram."""
        if metric == "backlog":
            return (min(end, self.now + timedelta(microseconds=1)) - fact.at) // timedelta(seconds=1)
        if metric.startswith("sla_"):
            return ((fact.until or self.now) - fact.at) // timedelta(seconds=1)
        return self.seconds(fact) or 0


def _is_promise(fact: Fact, metric: str) -> bool:
    name = metric.removeprefix("sla_").rpartition("_")[0]
    return fact.kind == f"sla.{name}" if name else fact.kind.startswith("sla.")


def _share(part: int, rows: Sequence[Fact]) -> float | None:
    return round(part / len(rows), 6) if rows else None


def bucket_of(at: datetime, group: str, zone: ZoneInfo) -> tuple[Any, ...]:
    """What tells the bucket that a moment is in, by the clock on a wall."""
    shown = at.astimezone(zone)
    if group == "hour":
        return shown.date(), shown.hour, shown.utcoffset()
    if group == "day":
        return (shown.date(),)
    if group == "week":
        return tuple(shown.isocalendar()[:2])
    return shown.year, shown.month
