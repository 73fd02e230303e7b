"""Lines over time, one to four of them, and the small one beside a figure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from webapp.green import unhurried
from webapp.services.report.charts import summary
from webapp.services.report.charts.parts import (
    HEIGHT,
    SHAPES,
    TONES,
    Chart,
    Hit,
    Key,
    Label,
    Mark,
    Number,
    Path,
    Point,
    Strand,
    Unit,
    rounded,
)
from webapp.services.report.charts.scale import Axis, axis, middle, spread
from webapp.services.report.charts.table import label_of, table_of
from webapp.services.report.words import said

DASHES = ("", "6 3", "2 3", "8 3 2 3")
REFERENCE = "3 4"
REACH = 9
"""Half the size of what can be pointed at, in pixels."""
MOST_MARKS = 45
NAME_HEIGHT = 15
SPARK = (100, 28)


def line(
    strands: Sequence[Strand],
    unit: Unit,
    *,
    goal: Number | None = None,
    wrong: Literal["above", "below"] = "below",
    bucket: str = "day",
) -> Chart:
    """Lines with the same buckets. `goal`: a dashed line; points on its `wrong` side are marked.

    `bucket`: what a point is one of, in words.
    """
    strands = _dressed(strands)
    values = [point.value for strand in strands for point in strand.points if point.value is not None]
    scale = axis([*values, *([goal] if goal is not None else [])], unit, from_zero=False)
    return Chart(
        "line",
        summary.of_strands(strands, unit, goal=goal, wrong=wrong, bucket=bucket),
        table_of(strands, unit, bucket.capitalize()),
        is_empty=not values,
        ticks=scale.ticks,
        labels=spread([point.label for point in strands[0].points]),
        paths=[
            path
            for place, strand in enumerate(strands)
            for path in _paths(strand, scale, _dash(strands, place))
        ],
        marks=[
            mark
            for place, strand in enumerate(strands)
            if not strand.is_reference
            for mark in _marks(strand, scale, SHAPES[place % len(SHAPES)], goal, wrong)
        ],
        hits=[hit for place, strand in enumerate(strands) for hit in _hits(strand, place, scale, unit)],
        keys=_keys(strands, scale),
        goal=Label(scale.y(goal), f"Goal {said(goal, unit)}") if goal is not None else None,
    )


def _dressed(strands: Sequence[Strand]) -> list[Strand]:
    """Each with a tone of its own; a reference in the quiet one."""
    return [
        replace(strand, tone="slate" if strand.is_reference else TONES[place % len(TONES)])
        for place, strand in enumerate(strands)
    ]


def _dash(strands: Sequence[Strand], place: int) -> str:
    return REFERENCE if strands[place].is_reference else DASHES[place % len(DASHES)]


def _stretches(points: Sequence[Point]) -> Iterator[list[int]]:
    """Runs of places that have a value."""
    run: list[int] = []
    for place, point in enumerate(points):
        if point.value is not None:
            run.append(place)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _paths(strand: Strand, scale: Axis, dash: str) -> list[Path]:
    count = len(strand.points)
    found = []
    for run in _stretches(strand.points):
        if len(run) > 1:
            steps = [f"{middle(at, count):g} {scale.y(strand.points[at].value or 0):g}" for at in run]
            found.append(Path("M" + "L".join(steps), strand.tone, dash))
    return found


def _marks(
    strand: Strand, scale: Axis, shape: str, goal: Number | None, wrong: Literal["above", "below"]
) -> Iterator[Mark]:
    """Few points: all of them. Many: those that stand alone. Always: those on the goal's wrong side."""
    count = len(strand.points)
    alone = {run[0] for run in _stretches(strand.points) if len(run) == 1}
    for at, point in enumerate(strand.points):
        if point.value is None:
            continue
        is_wrong = goal is not None and (point.value < goal if wrong == "below" else point.value > goal)
        if is_wrong or count <= MOST_MARKS or at in alone:
            yield Mark(
                middle(at, count),
                scale.y(point.value),
                "up" if is_wrong else shape,
                "orange" if is_wrong else strand.tone,
            )


def _hits(strand: Strand, column: int, scale: Axis, unit: Unit) -> Iterator[Hit]:
    count = len(strand.points)
    for at, point in unhurried(enumerate(strand.points)):
        y = scale.y(point.value or 0)
        label = label_of(point, unit, strand.name)
        yield Hit(middle(at, count), y, REACH, REACH, at, column, label, point.url, is_round=True)


def _keys(strands: Sequence[Strand], scale: Axis) -> list[Key]:
    """Names beside where the lines end, moved apart where they would touch."""
    ends = []
    for place, strand in enumerate(strands):
        last = next((point.value for point in reversed(strand.points) if point.value is not None), None)
        shape = "" if strand.is_reference else SHAPES[place % len(SHAPES)]
        at = None if last is None else scale.y(last)
        ends.append(Key(strand.name, strand.tone, _dash(strands, place), shape, at))
    placed = iter(_apart(sorted(key.at for key in ends if key.at is not None)))
    moved = {id(key): next(placed) for key in sorted(ends, key=lambda key: key.at or 0) if key.at is not None}
    return [replace(key, at=moved.get(id(key))) for key in ends]


def _apart(places: list[float]) -> list[float]:
    """Heights in rising order, at least `NAME_HEIGHT` apart and within the drawing."""
    found: list[float] = []
    for place in places:
        found.append(max(place, found[-1] + NAME_HEIGHT) if found else place)
    limit = float(HEIGHT)
    for at in range(len(found) - 1, -1, -1):
        found[at] = min(found[at], limit)
        limit = found[at] - NAME_HEIGHT
    return found


def spark(values: Sequence[Number | None]) -> list[str]:
    """The paths of a small line without axes, in a box of `SPARK`; a single value is a short stroke."""
    width, height = SPARK
    known = [value for value in values if value is not None]
    if not known:
        return []
    low, high = min(known), max(known)
    size = (high - low) or 1
    points = [Point("", "", value) for value in values]
    step = width / max(1, len(values) - 1)

    def place(at: int) -> str:
        share = ((points[at].value or 0) - low) / size if high > low else 0.5
        return f"{rounded(at * step):g} {rounded(2 + (height - 4) * (1 - share)):g}"

    return [
        "M" + "L".join(place(at) for at in run) + ("h0.1" if len(run) == 1 else "")
        for run in _stretches(points)
    ]
