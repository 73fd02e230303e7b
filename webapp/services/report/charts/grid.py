"""The heat map: weekdays down, hours across, the darker the more."""

from collections.abc import Sequence
from dataclasses import replace

from webapp.services.report.charts import summary
from webapp.services.report.charts.parts import Box, Chart, Hit, Label, Number, Point, Table, Unit, rounded
from webapp.services.report.charts.scale import middle
from webapp.services.report.charts.table import cell_of, label_of
from webapp.services.report.words import short

ROW = 30
LEVELS = 5
EVERY = 3
"""Where there is little room, each third column keeps its label."""
Row = tuple[str, Sequence[Point]]


def heatmap(rows: Sequence[Row], unit: Unit, name: str, *, corner: str = "") -> Chart:
    """`rows`: a name and its cells, at least one, all as long. A cell's `label` stands over its column."""
    points = [point for _, cells in rows for point in cells]
    heads = [point.label for point in rows[0][1]]
    most = max((point.value for point in points if point.value is not None), default=0)
    hits = [
        replace(_place(place, column, len(cells)), label=label_of(point, unit, name), url=_url(point))
        for place, (_, cells) in enumerate(rows)
        for column, point in enumerate(cells)
    ]
    return Chart(
        "heatmap",
        summary.of_cells(points, unit, name),
        Table(
            [corner, *heads], [(title, [cell_of(point, unit) for point in cells]) for title, cells in rows]
        ),
        is_empty=not most,
        height=ROW * len(rows),
        ticks=[Label(ROW * (place + 0.5), title) for place, (title, _) in enumerate(rows)],
        labels=[
            Label(middle(column, len(heads)), text, column % EVERY != 0) for column, text in enumerate(heads)
        ],
        boxes=[_box(hit, point, most, unit) for hit, point in zip(hits, points, strict=True)],
        hits=hits,
    )


def _place(row: int, column: int, count: int) -> Hit:
    return Hit(rounded(100 * column / count), ROW * row, rounded(100 / count), ROW, row, column, "", None)


def _url(point: Point) -> str | None:
    return point.url if point.value else None


def _box(hit: Hit, point: Point, most: Number, unit: Unit) -> Box:
    return Box(
        hit.x,
        hit.y,
        hit.width,
        hit.height,
        level=None if point.value is None else level(point.value, most),
        text=short(point.value, unit) if point.value else "",
    )


def level(value: Number, most: Number) -> int:
    """How dark a cell is, from 0 (nothing) to `LEVELS` (the most); whatever is not nothing can be seen."""
    return max(1, round(LEVELS * value / most)) if value > 0 else 0
