"""The table that says the same as a drawing, and what each of its marks is called."""

from collections.abc import Sequence

from webapp.green import unhurried
from webapp.services.report.charts.parts import Cell, Point, Strand, Table, Unit
from webapp.services.report.words import said


def table_of(strands: Sequence[Strand], unit: Unit, corner: str) -> Table:
    """A row for each bucket, a column for each strand."""
    rows = zip(*(strand.points for strand in strands), strict=True)
    return Table(
        [corner, *(strand.name for strand in strands)],
        [(row[0].title + so_far(row[0]), [cell_of(point, unit) for point in row]) for row in unhurried(rows)],
    )


def cell_of(point: Point, unit: Unit) -> Cell:
    """A value, what it is made of unless it is its own count, and where it leads."""
    note = "" if point.n is None or unit == "count" else f"n {point.n:,}"
    return Cell(said(point.value, unit), point.url if point.value is not None else None, note)


def label_of(point: Point, unit: Unit, name: str) -> str:
    """What a mark is called by those who cannot see it."""
    if point.value is None:
        return f"{point.title}: {name}, no data"
    made_of = "" if point.n is None or unit == "count" else f", n {point.n:,}"
    return f"{point.title}{so_far(point)}: {name} {said(point.value, unit)}{made_of}"


def so_far(point: Point) -> str:
    """What is added to the name of a bucket that is not over."""
    return ", so far" if point.is_partial else ""
