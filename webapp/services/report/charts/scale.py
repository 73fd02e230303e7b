"""Axes: round steps for each unit, and which labels there is room for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from webapp.services.report.charts.parts import HEIGHT, Label, Number, Unit, rounded
from webapp.services.report.words import short

MINUTE, HOUR, DAY = 60, 3600, 86_400
TIME_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
    *(HOUR * n for n in (1, 2, 3, 6, 12)),
)
MOST_TICKS = 4
WIDE_LABELS, NARROW_LABELS = 10, 4
HALF = 0.5


@dataclass(frozen=True)
class Axis:
    """From `bottom` to `top` in steps, upwards over `HEIGHT` pixels."""

    bottom: float
    top: float
    step: float
    unit: Unit
    height: int = HEIGHT

    def y(self, value: Number) -> float:
        """How far down a value is, in pixels; never out of the drawing."""
        part = (value - self.bottom) / (self.top - self.bottom)
        return rounded(self.height * (1 - min(1.0, max(0.0, part))))

    @property
    def ticks(self) -> list[Label]:
        count = round((self.top - self.bottom) / self.step)
        values = [self.bottom + self.step * place for place in range(count + 1)]
        return [Label(self.y(value), short(value, self.unit)) for value in values]


def axis(values: Sequence[Number], unit: Unit, *, from_zero: bool = True) -> Axis:
    """An axis that holds these values. A share's ends at 100 %; it may begin at 50 % where it can."""
    top = max(values, default=0)
    if unit == "share":
        lowest = min(values, default=0)
        bottom = HALF if not from_zero and lowest >= HALF else 0.0
        return Axis(bottom, max(1.0, math.ceil(top * 4) / 4), 0.1 if bottom else 0.25, unit)
    step = _step(max(top, 1), unit)
    return Axis(0, step * max(1, math.ceil(top / step)), step, unit)


def _step(top: Number, unit: Unit) -> int:
    if unit == "seconds":
        for step in TIME_STEPS:
            if top <= step * MOST_TICKS:
                return step
        return DAY * round_step(top / DAY)
    return round_step(top)


def round_step(top: Number) -> int:
    """The smallest whole step of 1, 2 or 5 times a power of ten that needs at most `MOST_TICKS`."""
    rough = max(1, top / MOST_TICKS)
    power = 10 ** math.floor(math.log10(rough))
    return next(int(power * n) for n in (1, 2, 5, 10) if power * n >= rough)


def spread(labels: Sequence[str]) -> list[Label]:
    """Labels in the middle of their bands, as many as there is room for; spare ones only where it is wide."""
    count = len(labels)
    wide = max(1, math.ceil(count / WIDE_LABELS))
    narrow = wide * max(1, math.ceil(count / wide / NARROW_LABELS))
    return [
        Label(middle(place, count), text, is_spare=place % narrow != 0)
        for place, text in enumerate(labels)
        if place % wide == 0
    ]


def middle(place: int, count: int) -> float:
    """Where the middle of a band is, in per cent."""
    return rounded(100 * (place + 0.5) / count)
