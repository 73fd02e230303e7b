"""What charts are made from, and what they are made of."""

from dataclasses import dataclass, field
from typing import Literal

Unit = Literal["seconds", "count", "share"]
Number = int | float

TONES = ("blue", "orange", "teal", "magenta", "olive", "slate")
"""The palette, in the order it is used. A line also has its dash, and its points their shape."""
SHAPES = ("dot", "square", "diamond", "cross")
HEIGHT = 200


@dataclass(frozen=True)
class Point:
    """One value. `label` stands at the axis (`17 Nov`), `title` in read-outs and tables (`Mon 17 Nov 2026`).

    `value`: None is "no data" and draws a gap; 0 is zero. `n`: how many it is made of. `url`: the tickets
    behind it. `is_partial`: its time is not over yet.
    """

    label: str
    title: str
    value: Number | None
    n: int | None = None
    url: str | None = None
    is_partial: bool = False


@dataclass(frozen=True)
class Strand:
    """A line, or a layer of stacked bars. `is_reference`: what the others are compared with."""

    name: str
    points: list[Point]
    tone: str = "blue"
    is_reference: bool = False


@dataclass(frozen=True)
class Label:
    """Text at a place. `is_spare`: it is left out where there is little room."""

    at: float
    text: str
    is_spare: bool = False


@dataclass(frozen=True)
class Path:
    """A line's stretch without a gap: `d` in a box 100 wide and `HEIGHT` high."""

    d: str
    tone: str
    dash: str = ""


@dataclass(frozen=True)
class Mark:
    """A symbol: one of `SHAPES`, or `up` for a point on the wrong side of the goal."""

    x: float
    y: float
    shape: str
    tone: str


@dataclass(frozen=True)
class Box:
    """A rectangle: x and width in per cent, y and height in pixels. `level`: a heat cell's, 0 to 5."""

    x: float
    y: float
    width: float
    height: float
    tone: str = "blue"
    level: int | None = None
    text: str = ""
    is_partial: bool = False


@dataclass(frozen=True)
class Hit:
    """What can be pointed at and followed. `row`, `column`: its cell of the table."""

    x: float
    y: float
    width: float
    height: float
    row: int
    column: int
    label: str
    url: str | None
    is_round: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell of the table that says the same as the drawing. `note`: how many the value is made of."""

    text: str
    url: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Table:
    """`head`: over the columns, the first over the rows' names. `rows`: name and cells."""

    head: list[str]
    rows: list[tuple[str, list[Cell]]]


@dataclass(frozen=True)
class Key:
    """What a tone, dash and shape mean; `at`: where the line ends, for its name beside it."""

    name: str
    tone: str
    dash: str = ""
    shape: str = ""
    at: float | None = None


@dataclass(frozen=True)
class Chart:
    """A drawing. `summary`: one sentence of it; `is_empty`: there is nothing to draw."""

    kind: Literal["line", "bars", "stacked", "heatmap"]
    summary: str
    table: Table
    is_empty: bool = False
    height: int = HEIGHT
    ticks: list[Label] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    values: list[tuple[float, float, str]] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    goal: Label | None = None


def rounded(number: float) -> float:
    """A coordinate, short."""
    return round(number, 2) + 0.0
