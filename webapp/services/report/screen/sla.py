"""The SLA screen: which promises were kept, where not, by how much, and what was done about it."""

from dataclasses import dataclass
from typing import Any

from webapp.models.customer import TIERS
from webapp.models.measurement import DURATIONS, PROMISE
from webapp.models.sla import METRICS
from webapp.models.ticket import PRIORITIES
from webapp.schemas.workspace import WorkspaceSection
from webapp.services.report.figures import Figure
from webapp.services.report.screen.parts import Row, entry, ranking, spread, tile, trend
from webapp.services.report.screen.source import Source
from webapp.services.setting import read_section
from webapp.services.sla.words import METRIC_NAMES

ALL = "all"
PROMISES = {ALL: "All promises", **{name: METRIC_NAMES[name] for name in METRICS}}
USUAL = ("first_response", "next_response", "total")
DIMENSIONS = ("team", "agent", "inbox", "tag", "policy")
LISTED = 10


@dataclass(frozen=True)
class Kept:
    """One promise in the table: how it was kept, and how long what it is about took."""

    promise: str
    title: str
    compliance: Figure
    met: Figure
    breached: Figure
    running: Figure
    median: Figure | None
    p90: Figure | None
    is_short: bool

    @property
    def is_used(self) -> bool:
        """Whether anything was promised."""
        return bool(self.compliance.n or self.running.n or self.promise in USUAL)


def sla_screen(source: Source, *, promise: str = ALL, by: str = "team") -> dict[str, Any]:
    """What the page shows. `promise`: one of `PROMISES`, for the parts below the table; `by`: a dimension."""
    goal = read_section(WorkspaceSection).goal_percent / 100
    prefix = "sla" if promise == ALL else f"sla_{promise}"
    # Together first: what is asked of all promises is known of each.
    tiles = [
        tile(source, "sla_compliance", "All promises"),
        *(tile(source, f"sla_{name}_compliance", METRIC_NAMES[name]) for name in USUAL),
        tile(source, "sla_breached", "Breaches"),
        tile(source, "sla_running", "Still running"),
    ]
    kept = [_kept(source, name, goal) for name in METRICS]
    used = [row for row in kept if row.is_used or row.promise == promise]
    return {
        "goal": goal,
        "promise": PROMISES[promise],
        "compliance": f"{prefix}_compliance",
        "breached": f"{prefix}_breached",
        "names": {f"{PROMISE}{name}": METRIC_NAMES[name] for name in METRICS},
        "tiles": tiles,
        "kept": used,
        "promises": [(ALL, PROMISES[ALL]), *((row.promise, row.title) for row in used)],
        "trend": trend(source, {f"{prefix}_compliance": PROMISES[promise]}, goal=goal),
        "matrix": matrix(source, f"{prefix}_compliance", goal),
        "ranking": ranking(
            source,
            [f"{prefix}_{what}" for what in ("compliance", "met", "breached")],
            by,
            drawn=f"{prefix}_compliance",
            goal=goal,
        ),
        "late": spread(source, f"{prefix}_breached", "Breaches", "Late by"),
        "aside": [tile(source, name) for name in ("paused_share", "escalated", "escalated_saved")],
        "breaches": source.rows(f"{prefix}_breached", LISTED),
        "breaches_url": source.figure(f"{prefix}_breached").url,
    }


def _kept(source: Source, name: str, goal: float) -> Kept:
    compliance = source.figure(f"sla_{name}_compliance")
    timed = name in DURATIONS
    return Kept(
        name,
        METRIC_NAMES[name],
        compliance,
        source.figure(f"sla_{name}_met"),
        source.figure(f"sla_{name}_breached"),
        source.figure(f"sla_{name}_running"),
        source.figure(f"{name}_median") if timed else None,
        source.figure(f"{name}_p90") if timed else None,
        compliance.value is not None and compliance.value < goal,
    )


def matrix(source: Source, name: str, goal: float) -> list[Row]:
    """Compliance by priority (down, the most urgent first) and tier (across)."""
    found = {part.keys: part for part in source.breakdown(name, "priority,tier")}
    return [
        Row(
            priority,
            priority.capitalize(),
            [entry(name, found.get((priority, tier)), most=1, goal=goal) for tier in TIERS],
        )
        for priority in reversed(PRIORITIES)
    ]
