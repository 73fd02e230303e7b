"""How figures are said: in full beside a figure, short at an axis, exact in a table."""

from datetime import timedelta
from typing import Literal

from webapp.services.sla.words import duration

Unit = Literal["seconds", "count", "share"]
NO_DATA = "\N{EN DASH}"
SIZES = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def said(value: float | None, unit: Unit) -> str:
    """A figure: `4 min 10 s`, `93.4 %`, `1,234`; an en dash where there is none."""
    if value is None:
        return NO_DATA
    if unit == "seconds":
        return ("\N{MINUS SIGN}" if value < 0 else "") + duration(timedelta(seconds=value))
    return percent(value) if unit == "share" else f"{value:,.0f}"


def percent(part: float) -> str:
    """A part of 1 with one decimal, and without where it is whole; never 100 % unless it is all."""
    shown = round(100 * part, 1)
    if shown in (0, 100) and part not in (0, 1):
        shown = 0.1 if shown == 0 else 99.9
    return f"{shown:g} %"


def short(value: float, unit: Unit) -> str:
    """For an axis or a small cell: `4m`, `1.5h`, `90%`, `12k`."""
    if unit == "share":
        return f"{100 * value:.3g}%"
    if unit == "seconds":
        size, letter = next(((size, letter) for size, letter in SIZES if value >= size), (1, "s"))
        return f"{_few(value / size)}{letter}" if value else "0"
    for size, letter in ((1_000_000_000, "b"), (1_000_000, "m"), (1000, "k")):
        if value >= size:
            return f"{_few(value / size)}{letter}"
    return _few(value)


def _few(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")


def change(value: float | None, before: float | None, unit: Unit) -> str | None:
    """By how much a figure differs from the one before: `12 %`, of shares `2.1 points`. None: unknown."""
    if value is None or before is None:
        return None
    if unit == "share":
        return f"{abs(100 * (value - before)):.1f} points"
    if before == 0:
        return None if value else "0 %"
    return f"{abs(100 * (value - before) / before):.0f} %"
