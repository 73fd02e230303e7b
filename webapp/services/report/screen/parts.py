"""What screens are put together from: tiles, trends, layers, rankings, matrices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from webapp.extensions import db
from webapp.green import unhurried
from webapp.models import Measurement
from webapp.services.report import charts
from webapp.services.report.charts import Chart, Point, Strand
from webapp.services.report.figures import Bar, Bucket, Figure, Part, metric_named
from webapp.services.report.registry import Metric
from webapp.services.report.screen.source import Source
from webapp.services.report.screen.times import called, is_partial
from webapp.services.report.words import change, said, short

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FEW = 10
"""Under so many nothing is ranked: chance would be told as merit."""


def is_new(*, session: Any = None) -> bool:
    """Whether the workspace has nothing that could be counted yet."""
    return (session or db.session()).scalar(sa.select(Measurement.ticket_id).limit(1)) is None


@dataclass(frozen=True)
class Tile:
    """A figure with its definition. `mood`: whether its change is good or bad news, if either."""

    metric: Metric
    title: str
    text: str
    n: int
    url: str
    change: str | None = None
    direction: Literal["up", "down", "same"] = "same"
    mood: Literal["good", "bad", ""] = ""
    before: str = ""
    spark: list[str] = field(default_factory=list)

    @property
    def shows_n(self) -> bool:
        """A count is its own n."""
        return self.metric.unit != "count"


def tile(source: Source, name: str, title: str = "", *, with_spark: bool = True) -> Tile:
    """A metric as a tile, compared with the range before where the scope says so."""
    metric, found = metric_named(name), source.figure(name)
    direction = _direction(found)
    return Tile(
        metric,
        title or metric.title,
        said(found.value, metric.unit),
        found.n,
        found.url,
        change(found.value, found.previous, metric.unit),
        direction,
        _mood(metric, direction),
        said(found.previous, metric.unit) if found.previous_n is not None else "",
        _spark(source, name) if with_spark and metric.has_series else [],
    )


def _spark(source: Source, name: str) -> list[str]:
    """A metric's course; two values are none."""
    values = source.course(name)
    return charts.spark(values) if sum(value is not None for value in values) > 2 else []


def _direction(found: Figure) -> Literal["up", "down", "same"]:
    if found.value is None or found.previous is None or found.value == found.previous:
        return "same"
    return "up" if found.value > found.previous else "down"


def _mood(metric: Metric, direction: str) -> Literal["good", "bad", ""]:
    if metric.better is None or direction == "same":
        return ""
    return "good" if (metric.better == "high") == (direction == "up") else "bad"


def points(buckets: Sequence[Bucket], source: Source, *, before: bool = False) -> list[Point]:
    """Buckets as a chart takes them."""
    frame = source.frame.before if before else source.frame
    return [
        Point(*called(bucket, frame), bucket.value, bucket.n, bucket.url, is_partial(bucket, frame))
        for bucket in unhurried(buckets)
    ]


def trend(source: Source, names: Mapping[str, str], *, goal: float | None = None) -> Chart:
    """Metrics of one unit over time, by name; a single one is held against the range before."""
    found = {title: source.series(name) for name, title in names.items()}
    strands = [Strand(title, points(series.buckets, source)) for title, series in found.items()]
    if len(strands) == 1 and (previous := next(iter(found.values())).previous):
        length = len(strands[0].points)
        earlier = [*points(previous, source, before=True), *[Point("", "", None)] * length][:length]
        strands.append(Strand("Before", earlier, is_reference=True))
    unit = metric_named(next(iter(names))).unit
    return charts.line(strands, unit, goal=goal, bucket=source.frame.group)


def layers(source: Source, name: str, by: str) -> Chart:
    """A count over time, by the values of a dimension; the smallest together as the last layer."""
    metric, found = metric_named(name), source.layers(name, by)
    strands = [Strand(layer.label, points(layer.buckets, source)) for layer in found]
    whole = strands or [Strand(metric.title, points(source.series(name).buckets, source))]
    return charts.stacked(whole, metric.unit, corner=source.frame.group.capitalize())


def week(source: Source, name: str) -> Chart:
    """A metric by weekday and hour."""
    metric, cells = metric_named(name), source.heatmap(name)
    rows = [
        (
            day,
            [
                Point(
                    f"{cell.hour:02}",
                    f"{day} {cell.hour:02}:00 to {cell.hour + 1:02}:00",
                    cell.value,
                    cell.n,
                    cell.url,
                )
                for cell in cells[24 * place : 24 * (place + 1)]
            ],
        )
        for place, day in enumerate(WEEKDAYS)
    ]
    return charts.heatmap(rows, metric.unit, metric.title, corner="Weekday")


def spread(source: Source, name: str, noun: str, corner: str) -> Chart:
    """How the rows of a metric are spread over its bins."""
    bars = source.histogram(name)
    bins = [Point(_between(bar), _between(bar), bar.n, bar.n, bar.url) for bar in bars]
    bounds = [short(bar.high, "seconds") for bar in bars if bar.high is not None]
    return charts.bars(bins, "count", noun, corner=corner, bounds=bounds)


def _between(bar: Bar) -> str:
    if bar.high is None:
        return f"over {said(bar.low, 'seconds')}"
    return (
        f"{said(bar.low, 'seconds')} to {said(bar.high, 'seconds')}"
        if bar.low
        else f"under {said(bar.high, 'seconds')}"
    )


@dataclass(frozen=True)
class Entry:
    """A cell of a table. `part` of 1: its bar. `is_few`: too little to compare. `is_short`: of a goal."""

    text: str
    url: str | None = None
    n: int = 0
    value: float | None = None
    part: float | None = None
    is_few: bool = False
    is_short: bool = False


@dataclass(frozen=True)
class Row:
    """A row of a ranking: a value of the dimension (None: it has none), and a cell a column."""

    key: str | None
    name: str
    cells: list[Entry]


def ranking(
    source: Source, columns: Sequence[str], by: str, *, drawn: str, goal: float | None = None
) -> list[Row]:
    """A row for each value of a dimension, a cell for each metric; the most rows of `drawn` first.

    That column has bars, and marks on values under the `goal`.
    """
    found = {name: {part.keys[0]: part for part in source.breakdown(name, by)} for name in columns}
    labels = {key: part.label for parts in found.values() for key, part in parts.items()}
    most = max((part.value or 0 for part in found[drawn].values()), default=0)
    counts = {key: part.n for key, part in found[drawn].items()}
    return [
        Row(
            key,
            labels[key],
            [
                entry(name, found[name].get(key), most=most if name == drawn else None, goal=goal)
                for name in columns
            ],
        )
        for key in sorted(labels, key=lambda key: (-counts.get(key, 0), labels[key]))
    ]


def entry(name: str, part: Part | None, *, most: float | None = None, goal: float | None = None) -> Entry:
    """A part of a figure as a cell. `most`: the column's largest, if bars are drawn."""
    metric = metric_named(name)
    if part is None or part.value is None:
        nothing = 0 if metric.unit == "count" else None
        return Entry(said(nothing, metric.unit), value=nothing)
    whole = 1 if metric.unit == "share" else most
    return Entry(
        said(part.value, metric.unit),
        part.url,
        part.n,
        part.value,
        part.value / whole if most is not None and whole else None,
        is_few=metric.unit != "count" and part.n < FEW,
        is_short=most is not None and goal is not None and part.value < goal,
    )
