"""A chart in a sentence, for those who cannot see it and those in a hurry."""

from collections.abc import Sequence
from typing import Literal

from webapp.services.report.charts.parts import Number, Point, Strand, Unit
from webapp.services.report.words import percent, said

NOTHING = "There is no data in this time."


def of_strands(
    strands: Sequence[Strand],
    unit: Unit,
    *,
    goal: Number | None = None,
    wrong: Literal["above", "below"] = "below",
    bucket: str = "day",
) -> str:
    """What the lines did; the one compared with is only mentioned."""
    main = [strand for strand in strands if not strand.is_reference]
    known = [strand for strand in main if any(point.value is not None for point in strand.points)]
    if not known:
        return NOTHING
    told = [_told(strand, unit, bucket, named=len(main) > 1) for strand in known]
    if goal is not None:
        told.append(_against(known, goal, wrong, bucket, unit))
    return " ".join(told)


def _told(strand: Strand, unit: Unit, bucket: str, *, named: bool) -> str:
    points = [point for point in strand.points if point.value is not None]
    name = f"{strand.name}: " if named else ""
    if len(points) == 1:
        return f"{name}{said(points[0].value, unit)} on {points[0].title}."
    highest = max(points, key=lambda point: point.value or 0)
    if unit == "count":
        total = sum(point.value or 0 for point in points)
        if not total:
            return f"{name}{'zero' if named else 'Zero'} throughout."
        average = f"{total / len(points):,.1f}".removesuffix(".0")
        return f"{name}{average} a {bucket} on average, most on {highest.title}: {said(highest.value, unit)}."
    moved = _moved(points[0].value or 0, points[-1].value or 0, unit)
    peak = min(points, key=lambda point: point.value or 0) if unit == "share" else highest
    word = "lowest" if unit == "share" else "highest"
    told = f"{moved}; {word} on {peak.title}, {said(peak.value, unit)}."
    return name + (told if named else told[0].upper() + told[1:])


def _moved(first: Number, last: Number, unit: Unit) -> str:
    was, now = said(first, unit), said(last, unit)
    if was == now:
        return f"{now} at the beginning and at the end"
    return f"{'rose' if last > first else 'fell'} from {was} to {now}"


def _against(
    strands: Sequence[Strand], goal: Number, wrong: Literal["above", "below"], bucket: str, unit: Unit
) -> str:
    values = [point.value for point in strands[0].points if point.value is not None]
    missed = sum(value < goal if wrong == "below" else value > goal for value in values)
    whose = f" ({strands[0].name})" if len(strands) > 1 else ""
    if not missed:
        return f"The goal of {said(goal, unit)} was reached throughout{whose}."
    return f"The goal of {said(goal, unit)} was missed in {missed} of {_many(len(values), bucket)}{whose}."


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def of_layers(strands: Sequence[Strand], unit: Unit, bucket: str) -> str:
    """How much there is of each layer, the largest first."""
    sums = {strand.name: sum(point.value or 0 for point in strand.points) for strand in strands}
    total = sum(sums.values())
    if not total:
        return NOTHING
    parts = sorted(sums.items(), key=lambda item: -item[1])
    named = ", ".join(
        f"{name} {said(value, unit)} ({percent(value / total)})" for name, value in parts if value
    )
    count = len(strands[0].points)
    return f"{said(total, unit)} in {_many(count, bucket)}: {named}."


def of_histogram(strand: Strand, unit: Unit) -> str:
    """Where most are."""
    total = sum(point.value or 0 for point in strand.points)
    if not total:
        return NOTHING
    most = max(strand.points, key=lambda point: point.value or 0)
    share = percent((most.value or 0) / total)
    return f"Most are {most.title}: {said(most.value, unit)} of {said(total, unit)}, {share}."


def of_cells(points: Sequence[Point], unit: Unit, name: str) -> str:
    """Where the most is."""
    known = [point for point in points if point.value]
    if not known:
        return NOTHING
    most = max(known, key=lambda point: point.value or 0)
    return f"{name}: the most is {said(most.value, unit)}, {most.title}."
