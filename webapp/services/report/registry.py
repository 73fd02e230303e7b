"""The metrics: each is defined here once, for tile, chart, table, CSV, drill-down, REST and docs alike.

A figure counts rows of `measurements` of some `kinds`. Which of them, and what is made of them, is its
`aggregate`; `n` is always the number of rows behind it, and its drill-down lists exactly those.
"""

from dataclasses import dataclass
from typing import Literal

from webapp.models.measurement import BACKLOG, PROMISE
from webapp.models.sla import METRICS as PROMISES
from webapp.schemas.report import DIMENSIONS
from webapp.services.sla.words import METRIC_NAMES

Unit = Literal["seconds", "count", "share"]
Aggregate = Literal["count", "median", "p90", "share", "ratio", "paused", "level", "now"]
Which = Literal["any", "met", "breached", "settled", "running"]

MINUTE, HOUR, DAY = 60, 3600, 86_400
QUICK = (5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 8 * HOUR)
SLOW = (HOUR, 4 * HOUR, 8 * HOUR, DAY, 3 * DAY, 7 * DAY)
LATE = (15 * MINUTE, HOUR, 4 * HOUR)
AGES = (DAY, 3 * DAY, 7 * DAY)

BREAKDOWNS = (*DIMENSIONS, "priority,tier")
"""What a figure can be broken down by; two with a comma make a matrix."""


@dataclass(frozen=True)
class Metric:
    """What a figure is. `formula`, `attribution`: in words.

    `aggregate`: `count` of the rows; `median` or `p90` of their seconds, by nearest rank; `share` of them
    that are `counted`; `ratio`: how many of `per` there are to one of them; `paused`: one less their seconds'
    part of those of `per`; `level`: how many lasted at the end; `now`: how many run, whatever the range.
    `which` of a promise's rows, or an escalation's: `met`, `breached`, `settled` (both) or still `running`.
    `better`: what is good news, None if neither is. `bins`: the inner bounds of its histogram, in seconds.
    `is_additive`: its buckets sum up to it.
    """

    name: str
    title: str
    formula: str
    attribution: str
    unit: Unit
    aggregate: Aggregate
    kinds: tuple[str, ...]
    which: Which = "any"
    counted: str | None = None
    per: tuple[str, ...] = ()
    has_business: bool = False
    better: Literal["low", "high"] | None = None
    bins: tuple[int, ...] = ()

    @property
    def is_additive(self) -> bool:
        return self.aggregate == "count"

    @property
    def has_series(self) -> bool:
        """Whether it has a value for each stretch of time; what runs now has none."""
        return self.aggregate != "now"


COUNTED = {
    "time_to_assignment": "how long nobody had the ticket, without the time we waited for its customer",
    "first_response": "from the ticket's beginning to our first public reply",
    "next_response": "from the customer's oldest unanswered message to our next public reply",
    "requester_wait": "from beginning to resolution, without the time the ticket was pending",
    "agent_work": "from beginning to resolution, without the time it was pending or on hold",
    "total": "from beginning to resolution",
}
"""What each clock counts, as `services.sla.fold` has it."""

HAPPENED = "when it happened"
ENDED = "when the time ended"
DUE = "a promise that was kept: when it was kept; a broken one: its deadline"


def _happenings() -> list[Metric]:
    def count(name: str, title: str, formula: str, kind: str, better: str | None = None) -> Metric:
        return Metric(name, title, formula, HAPPENED, "count", "count", (kind,), better=better)  # type: ignore[arg-type]

    return [
        count("created", "Created", "tickets that began", "created"),
        count("resolved", "Resolved", "times that a ticket was resolved", "resolved", "high"),
        count("reopened", "Reopened", "times that a resolved ticket went on", "reopened", "low"),
        count("replies", "Replies", "public replies of ours", "replied"),
        count("assigned", "Assigned", "times that a ticket was given to an agent", "assigned"),
        count("escalated", "Escalated", "times that a ticket was escalated", "escalated", "low"),
        Metric(
            "reopen_rate",
            "Reopen rate",
            "reopened ÷ resolved",
            HAPPENED,
            "share",
            "ratio",
            ("resolved",),
            per=("reopened",),
            better="low",
        ),
        Metric(
            "one_touch",
            "One-touch resolutions",
            "resolutions up to which the ticket had exactly one public reply of ours ÷ resolved",
            HAPPENED,
            "share",
            "share",
            ("resolved",),
            counted="one_touch",
            better="high",
        ),
        Metric(
            "escalated_saved",
            "Saved by escalation",
            "escalations whose promise was kept in time ÷ (kept + broken); the undecided ones are left out",
            HAPPENED,
            "share",
            "share",
            ("escalated",),
            "settled",
            counted="met",
            better="high",
        ),
        Metric(
            "backlog",
            "Backlog",
            "tickets that were unfinished at the end of the range, or of the bucket",
            "the last moment of the stretch",
            "count",
            "level",
            (BACKLOG,),
            better="low",
            bins=AGES,
        ),
    ]


def _durations() -> list[Metric]:
    found = []
    for kind, bins in {
        "time_to_assignment": QUICK,
        "first_response": QUICK,
        "next_response": QUICK,
        "requester_wait": SLOW,
        "agent_work": SLOW,
        "total": SLOW,
    }.items():
        title, counts = METRIC_NAMES[kind], COUNTED[kind]
        for aggregate, words in {"median": "median", "p90": "90th percentile"}.items():
            found.append(
                Metric(
                    f"{kind}_{aggregate}",
                    f"{title}, {words}",
                    f"{words} (nearest rank) of {counts}",
                    ENDED,
                    "seconds",
                    aggregate,  # type: ignore[arg-type]
                    (kind,),
                    has_business=True,
                    better="low",
                    bins=bins,
                )
            )
    paused = Metric(
        "paused_share",
        "Paused",
        "1 less (sum of requester wait times ÷ sum of total resolution times)",
        ENDED,
        "share",
        "paused",
        ("total",),
        per=("requester_wait",),
        has_business=True,
    )
    return [*found, paused]


def _promises() -> list[Metric]:
    found = []
    for prefix, title, kinds in (
        ("sla", "SLA", tuple(f"{PROMISE}{name}" for name in PROMISES)),
        *((f"sla_{name}", f"{METRIC_NAMES[name]} SLA", (f"{PROMISE}{name}",)) for name in PROMISES),
    ):
        formula = "promises kept ÷ (kept + broken); those that still run are apart"
        found += [
            Metric(
                f"{prefix}_compliance",
                f"{title}: compliance",
                formula,
                DUE,
                "share",
                "share",
                kinds,
                "settled",
                counted="met",
                better="high",
            ),
            Metric(f"{prefix}_met", f"{title}: met", "promises kept", DUE, "count", "count", kinds, "met"),
            Metric(
                f"{prefix}_breached",
                f"{title}: breached",
                "promises whose deadline passed before they were kept",
                DUE,
                "count",
                "count",
                kinds,
                "breached",
                better="low",
                bins=LATE,
            ),
            Metric(
                f"{prefix}_running",
                f"{title}: running",
                "promises that are neither kept nor broken now, paused ones too",
                "now, whatever the range",
                "count",
                "now",
                kinds,
                "running",
            ),
        ]
    return found


METRICS: dict[str, Metric] = {metric.name: metric for metric in (*_happenings(), *_durations(), *_promises())}
