"""The list behind a figure: which columns it has, and what its rows are called."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from webapp.models.measurement import BACKLOG, PROMISE
from webapp.models.sla import METRICS as PROMISES
from webapp.schemas.report import Cell
from webapp.services.report import Frame, Metric
from webapp.services.report.rows import MeasuredRow
from webapp.services.report.screen.parts import WEEKDAYS
from webapp.services.report.screen.times import moment
from webapp.services.report.words import said
from webapp.services.sla.words import METRIC_NAMES

NOUNS = {
    "created": "ticket",
    BACKLOG: "ticket",
    "resolved": "resolution",
    "reopened": "reopening",
    "replied": "reply",
    "assigned": "assignment",
    "escalated": "escalation",
}
"""What a row of a kind is; of any other it is a time that was measured, or a promise."""
OUTCOMES = {"met": "kept", "breached": "broken"}
Told = Callable[[MeasuredRow], str]


def noun_of(metric: Metric, count: int) -> str:
    """What so many rows of a metric are called."""
    kind = metric.kinds[0]
    noun = NOUNS.get(kind, "promise" if kind.startswith(PROMISE) else "time")
    if count == 1:
        return noun
    return "replies" if noun == "reply" else f"{noun}s"


def columns_of(metric: Metric, frame: Frame) -> dict[str, Told]:
    """The columns beside the ticket: first those the figure is made of, then who and what it was."""

    def at(when: datetime | None) -> str:
        return moment(when, frame) if when else said(None, "count")

    return {
        **_measured(metric, at),
        "Agent": lambda row: _or_none(row.agent),
        "Team": lambda row: _or_none(row.team),
        "Channel": lambda row: {"email": "E-mail", "api": "API"}.get(row.channel, row.channel.capitalize()),
        "Priority": lambda row: row.priority.capitalize(),
        "Tier": lambda row: row.tier.capitalize(),
    }


def _measured(metric: Metric, at: Callable[[datetime | None], str]) -> dict[str, Told]:
    if metric.kinds[0].startswith(PROMISE):
        names = {f"{PROMISE}{name}": METRIC_NAMES[name] for name in PROMISES}
        late: dict[str, Told] = {}
        if metric.which == "breached":
            late = {"Late by": lambda row: said(row.value, "seconds")}
        elif metric.which == "settled":
            late = {"Outcome": lambda row: OUTCOMES[row.outcome or ""]}
        return {
            **late,
            "Promise": lambda row: names[row.kind],
            "Target": lambda row: said(row.target_seconds, "seconds"),
            "Due": lambda row: at(row.until if row.outcome == "met" else row.at),
            "Kept": lambda row: at(row.at if row.outcome == "met" else row.until),
            "Policy": lambda row: _or_none(row.policy),
        }
    if metric.kinds[0] == BACKLOG:
        return {"Since": lambda row: at(row.at), "Age": lambda row: said(row.value, "seconds")}
    timed: dict[str, Told] = {"When": lambda row: at(row.at)}
    if metric.unit == "seconds" or metric.aggregate == "paused":
        timed["Took"] = lambda row: said(row.value, "seconds")
    if metric.counted:
        timed[metric.title] = lambda row: "yes" if row.is_counted else "no"
    return timed


def _or_none(name: str | None) -> str:
    return name or said(None, "count")


def part_of(cell: Cell, metric: Metric, frame: Frame) -> str:
    """Which part of a figure a list is of, in words; empty for the whole of it."""
    if cell.bucket_start and cell.bucket_end:
        return f"{moment(cell.bucket_start, frame)} to {moment(cell.bucket_end, frame)}"
    if cell.weekday is not None and cell.hour is not None:
        return f"{WEEKDAYS[cell.weekday]} {cell.hour:02}:00 to {cell.hour + 1:02}:00"
    if cell.bin is None:
        return ""
    bounds: list[Any] = [0, *metric.bins, None]
    low, high = bounds[cell.bin], bounds[cell.bin + 1]
    return f"from {said(low, 'seconds')}" + (f" to {said(high, 'seconds')}" if high else "")
