"""Bars over time or by size, and stacked ones. They always begin at zero."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from webapp.green import unhurried
from webapp.services.report.charts import summary
from webapp.services.report.charts.parts import (
    TONES,
    Box,
    Chart,
    Hit,
    Key,
    Label,
    Point,
    Strand,
    Unit,
    rounded,
)
from webapp.services.report.charts.scale import Axis, axis, middle, spread
from webapp.services.report.charts.table import label_of, table_of
from webapp.services.report.words import short

FILLED = 0.72
"""How much of its band a bar takes."""
MOST_VALUES = 12
GAP = 1


def bars(
    points: Sequence[Point], unit: Unit, name: str, *, corner: str = "Day", bounds: Sequence[str] = ()
) -> Chart:
    """One bar a point. `bounds`: what stands between the bars instead of a label under each (a histogram)."""
    strand = Strand(name, list(points))
    values = [point.value for point in points if point.value is not None]
    scale, count = axis(values, unit), len(points)
    return Chart(
        "bars",
        summary.of_histogram(strand, unit)
        if bounds
        else summary.of_strands([strand], unit, bucket=corner.lower()),
        table_of([strand], unit, corner),
        is_empty=not any(values) if bounds else not values,
        ticks=scale.ticks,
        labels=_between(bounds, count) if bounds else spread([point.label for point in points]),
        boxes=[_bar(point, place, count, scale) for place, point in enumerate(points) if point.value],
        values=_values(points, scale, unit) if count <= MOST_VALUES else [],
        hits=[
            replace(_band(place, count, scale), label=label_of(point, unit, name), url=point.url)
            for place, point in enumerate(points)
        ],
    )


def _between(bounds: Sequence[str], count: int) -> list[Label]:
    return [Label(rounded(100 * (place + 1) / count), text) for place, text in enumerate(bounds)]


def _bar(point: Point, place: int, count: int, scale: Axis) -> Box:
    y = scale.y(point.value or 0)
    width = 100 * FILLED / count
    x = middle(place, count) - width / 2
    return Box(rounded(x), y, rounded(width), rounded(scale.height - y), is_partial=point.is_partial)


def _band(place: int, count: int, scale: Axis, column: int = 0) -> Hit:
    return Hit(rounded(100 * place / count), 0, rounded(100 / count), scale.height, place, column, "", None)


def _values(points: Sequence[Point], scale: Axis, unit: Unit) -> list[tuple[float, float, str]]:
    """What stands over the bars, where there are few."""
    return [
        (middle(place, len(points)), scale.y(point.value) - 5, short(point.value, unit))
        for place, point in enumerate(points)
        if point.value
    ]


def stacked(strands: Sequence[Strand], unit: Unit, *, corner: str = "Day") -> Chart:
    """Layers on each other, the first at the bottom, with the same buckets."""
    strands = [replace(strand, tone=TONES[place % len(TONES)]) for place, strand in enumerate(strands)]
    columns = list(zip(*(strand.points for strand in strands), strict=True))
    totals = [sum(point.value or 0 for point in column) for column in columns]
    scale = axis(totals, unit)
    pieces = [
        piece
        for place, column in unhurried(enumerate(columns))
        for piece in _pile(column, place, strands, scale, unit)
    ]
    return Chart(
        "stacked",
        summary.of_layers(strands, unit, corner.lower()),
        table_of(strands, unit, corner),
        is_empty=not any(totals),
        ticks=scale.ticks,
        labels=spread([column[0].label for column in columns]),
        boxes=[box for box, _ in pieces],
        hits=[hit for _, hit in pieces],
        keys=[Key(strand.name, strand.tone, shape="box") for strand in strands],
    )


def _pile(
    column: Sequence[Point], place: int, strands: Sequence[Strand], scale: Axis, unit: Unit
) -> Iterator[tuple[Box, Hit]]:
    """The layers of one bucket and what can be pointed at; there is a thin line between them."""
    below: float = 0
    for layer, point in enumerate(column):
        if not point.value:
            continue
        y, foot = scale.y(below + point.value), scale.y(below)
        below += point.value
        bar = _bar(point, place, len(strands[layer].points), scale)
        height = rounded(max(1, foot - y - (GAP if foot < scale.height else 0)))
        box = replace(bar, y=y, height=height, tone=strands[layer].tone)
        label = label_of(point, unit, strands[layer].name)
        yield box, Hit(box.x, y, box.width, height, place, layer, label, point.url)
