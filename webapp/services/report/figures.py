"""Figures: what a page, its chart, its CSV and REST say of a metric, all from the same queries.

    report = open_report(scope)          # one scope; what two figures need alike is asked once
    report.figure("created")             # value, n, and those of the days before where it is compared
    report.series("created")             # by bucket
    report.breakdown("created", "team")  # by dimension, or by two: "priority,tier"
    report.heatmap("first_response_median")
    report.histogram("sla_breached")

`figure(metric, scope)`, `series(metric, scope)` and so on are the same for one alone. Counts are whole
numbers, times whole seconds, shares between 0 and 1; None is "no data", which is not zero.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from webapp.auth import Actor, current_actor, require
from webapp.errors import Invalid
from webapp.green import unhurried
from webapp.schemas.report import NOBODY, Cell, Scope
from webapp.services.report.engine import NOTHING, Engine, Population, Stats, population_of
from webapp.services.report.frame import Frame, Span, frame_of, zone_name
from webapp.services.report.labels import labels_of
from webapp.services.report.registry import BREAKDOWNS, METRICS, Metric

DRILL_DOWN = "/admin/reports/tickets"
MOST_LAYERS = 5
Value = int | float | None
Counts = dict[tuple[int, str | None], int]
"""How many rows there are in a bucket, by its number, of one value of a dimension."""


@dataclass(frozen=True)
class Figure:
    """A metric over the whole range; `n`: the rows behind it. `previous`: the equal range before it."""

    metric: str
    value: Value
    n: int
    url: str
    previous: Value = None
    previous_n: int | None = None


@dataclass(frozen=True)
class Bucket:
    """A metric in [start, end). `url`: where its rows are listed."""

    start: datetime
    end: datetime
    value: Value
    n: int
    url: str


@dataclass(frozen=True)
class Series:
    """A metric over time. `group`: hour, day, week or month. `previous`: as long before, if compared."""

    metric: str
    group: str
    buckets: list[Bucket]
    previous: list[Bucket]


@dataclass(frozen=True)
class Part:
    """A metric for one value of a dimension (an id or a word, None: it has none), or of each of two."""

    keys: tuple[str | None, ...]
    labels: tuple[str, ...]
    value: Value
    n: int
    url: str

    @property
    def label(self) -> str:
        return " · ".join(self.labels)


@dataclass(frozen=True)
class Layer:
    """A count over time, for one value of a dimension, or for several small ones together."""

    label: str
    buckets: list[Bucket]


@dataclass(frozen=True)
class HeatCell:
    """A metric in one hour of the week; `weekday`: 0 is Monday."""

    weekday: int
    hour: int
    value: Value
    n: int
    url: str


@dataclass(frozen=True)
class Bar:
    """How many rows lie between two bounds, in seconds: [low, high); the last has no `high`."""

    low: int
    high: int | None
    n: int
    url: str


def metric_named(name: str) -> Metric:
    """A metric by its name. Raises `Invalid`."""
    if name not in METRICS:
        raise Invalid.field("metric", "There is no such metric", where="query")
    return METRICS[name]


def open_report(
    scope: Scope, *, zone: str | None = None, session: Any = None, actor: Actor | None = None
) -> "Report":
    """What can be asked about a scope; `zone`: instead of the one it says.

    Raises `Invalid` where its buckets would be too many.
    """
    actor = actor or current_actor()
    require(actor, "report:read")
    zone = zone or zone_name(scope, session=session, actor=actor)
    return Report(scope, frame_of(scope, zone), session=session)


def figure(metric: str, scope: Scope, *, session: Any = None, actor: Actor | None = None) -> Figure:
    """A metric over the whole range of a scope."""
    return open_report(scope, session=session, actor=actor).figure(metric)


def series(metric: str, scope: Scope, *, session: Any = None, actor: Actor | None = None) -> Series:
    """A metric over time. Raises `Invalid` for one that is only known for now."""
    return open_report(scope, session=session, actor=actor).series(metric)


def breakdown(
    metric: str, scope: Scope, by: str, *, session: Any = None, actor: Actor | None = None
) -> list[Part]:
    """A metric by one of `BREAKDOWNS`, the most rows first."""
    return open_report(scope, session=session, actor=actor).breakdown(metric, by)


def heatmap(metric: str, scope: Scope, *, session: Any = None, actor: Actor | None = None) -> list[HeatCell]:
    """A metric by weekday and hour: 168 cells, Monday's first hour first."""
    return open_report(scope, session=session, actor=actor).heatmap(metric)


def histogram(metric: str, scope: Scope, *, session: Any = None, actor: Actor | None = None) -> list[Bar]:
    """How a metric's rows are spread over its bins: times, how late, or how old."""
    return open_report(scope, session=session, actor=actor).histogram(metric)


class Report:
    """Figures about one scope; see the module."""

    def __init__(self, scope: Scope, frame: Frame, *, session: Any = None) -> None:
        self.scope, self.frame = scope, frame
        self.engine = Engine(scope, frame, session=session)
        self._arguments = scope.arguments()
        self._labels: dict[str, dict[str | None, str]] = {}

    def url(self, metric: Metric, cell: Cell | None = None, **narrowed: Any) -> str:
        """Where the rows behind a figure, or a part of it, are listed."""
        arguments = {**self._arguments, "metric": metric.name, **narrowed}
        return f"{DRILL_DOWN}?{urlencode({**arguments, **(cell.arguments() if cell else {})}, doseq=True)}"

    def labels(self, dimension: str) -> dict[str | None, str]:
        """What the values of a dimension are called."""
        if dimension not in self._labels:
            self._labels[dimension] = labels_of(dimension, self.engine.session)
        return self._labels[dimension]

    def figure(self, name: str) -> Figure:
        """The metric over the whole range."""
        metric = metric_named(name)
        value, n = self._over(metric, self.frame.span)
        if not self.scope.compare or metric.aggregate == "now":
            return Figure(name, value, n, self.url(metric))
        previous, previous_n = self._over(metric, self.frame.previous)
        return Figure(name, value, n, self.url(metric), previous, previous_n)

    def _over(self, metric: Metric, span: Span) -> tuple[Value, int]:
        if metric.aggregate == "now":
            n = self.engine.unsettled(metric.kinds)
            return n, n
        return self._values(metric, [span])[0]

    def _values(self, metric: Metric, spans: Sequence[Span]) -> list[tuple[Value, int]]:
        """(value, n) in each stretch; stretches that have not begun have no value."""
        if metric.aggregate == "level":
            found = self._levels(metric, spans)
        else:
            keyed = [(start, end, place) for place, (start, end) in enumerate(spans)]
            value_at = self._asked(metric, keyed)
            found = [value_at((place,)) for place in range(len(spans))]
        begun = [start < self.frame.after_now for start, _ in spans]
        return [pair if is_begun else (None, 0) for pair, is_begun in zip(found, begun, strict=True)]

    def _asked(
        self, metric: Metric, keyed: Any, by: Sequence[str] = ()
    ) -> Callable[[tuple[Any, ...]], tuple[Value, int]]:
        """Asks for all groups; what tells one's (value, n) by its key."""
        stats = self.engine.stats(self._counted(metric), keyed, by)
        others = self._per(metric, keyed, by) if metric.per else {}

        def value_at(key: tuple[Any, ...]) -> tuple[Value, int]:
            own = stats.get(key, NOTHING)
            if metric.which in ("met", "breached"):
                own = Stats(own.hits if metric.which == "met" else own.n - own.hits)
            return value_of(metric, own, others.get(key, NOTHING)), own.n

        return value_at

    def _counted(self, metric: Metric) -> Population:
        """The rows that are asked for; what is kept, what is broken and the share of it in one query."""
        population = population_of(metric, self.scope)
        if metric.which in ("met", "breached"):
            return population._replace(which="settled", counted="met")
        return population

    def _per(self, metric: Metric, keyed: Any, by: Sequence[str]) -> dict[Any, Stats]:
        own = population_of(metric, self.scope)
        return self.engine.stats(Population(metric.per, column=own.column), keyed, by)

    def _levels(self, metric: Metric, spans: Sequence[Span]) -> list[tuple[Value, int]]:
        """How many stretches lasted at each end: those at the first start, and what began and ended since."""
        population = population_of(metric, self.scope)
        if len(spans) == 1:
            at = min(spans[0][1], self.frame.after_now)
            level = self.engine.standing(population, self.engine.lasting(at)).get((), 0)
            return [(level, level)]
        level = self.engine.standing(population, self.engine.lasting(spans[0][0])).get((), 0)
        keyed = [(start, end, place) for place, (start, end) in enumerate(spans)]
        began = self.engine.stats(population, keyed)
        ended = self.engine.stats(population, keyed, at="until")
        found: list[tuple[Value, int]] = []
        for place in range(len(spans)):
            level += began.get((place,), NOTHING).n - ended.get((place,), NOTHING).n
            found.append((level, level))
        return found

    def series(self, name: str) -> Series:
        """The metric over time."""
        metric = metric_named(name)
        if not metric.has_series:
            raise Invalid.field("metric", "This is only known for now", where="query")
        buckets = self._buckets(metric, self.frame.buckets)
        before = self._buckets(metric, self.frame.before.buckets) if self.scope.compare else []
        return Series(name, self.frame.group, buckets, before)

    def course(self, name: str) -> list[Value]:
        """The values of its series, without what a chart needs beside them: for a spark."""
        metric = metric_named(name)
        return [value for value, _ in self._values(metric, self.frame.buckets)]

    def _buckets(self, metric: Metric, spans: list[Span]) -> list[Bucket]:
        return [
            Bucket(start, end, value, n, self.url(metric, Cell(bucket_start=start, bucket_end=end)))
            for (start, end), (value, n) in unhurried(zip(spans, self._values(metric, spans), strict=True))
        ]

    def breakdown(self, name: str, by: str) -> list[Part]:
        """The metric by a dimension, or by two."""
        metric = metric_named(name)
        if by not in BREAKDOWNS:
            raise Invalid.field("by", f"One of: {' '.join(BREAKDOWNS)}", where="query")
        names = by.split(",")
        values = self._by(metric, names)
        parts = [self._part(metric, names, key, pair) for key, pair in values.items()]
        return sorted(parts, key=lambda part: (-part.n, part.labels))

    def _by(self, metric: Metric, names: list[str]) -> dict[tuple[Any, ...], tuple[Value, int]]:
        population = population_of(metric, self.scope)
        if metric.aggregate in ("level", "now"):
            closes = self.frame.closes
            whens = self.engine.running() if metric.aggregate == "now" else self.engine.lasting(closes)
            return {key: (n, n) for key, n in self.engine.standing(population, whens, names).items()}
        keyed = [(*self.frame.span, 0)]
        keys = self.engine.stats(self._counted(metric), keyed, names)
        value_at = self._asked(metric, keyed, names)
        found = {key[1:]: value_at(key) for key in keys}
        return {key: (value, n) for key, (value, n) in found.items() if n}

    def _part(self, metric: Metric, names: list[str], key: tuple[Any, ...], found: tuple[Value, int]) -> Part:
        keys = tuple(None if item is None else str(item) for item in key)
        named = list(zip(names, keys, strict=True))
        shown = tuple(self.labels(name).get(item, "Removed") for name, item in named)
        return Part(keys, shown, *found, self.url(metric, **{name: item or NOBODY for name, item in named}))

    def layers(self, name: str, by: str) -> list[Layer]:
        """A count over time by a dimension's values, the most rows first; the smallest are one, the last.

        By tag they add up to more than the count: a ticket is in each of its.
        """
        metric = metric_named(name)
        if not metric.is_additive or "," in by:
            raise Invalid.field("metric", "Only counts have layers, by one dimension", where="query")
        parts = self.breakdown(name, by)
        shown = parts if len(parts) <= MOST_LAYERS else parts[: MOST_LAYERS - 1]
        groups = [(part.label, [part]) for part in shown] + [("Others", parts[len(shown) :])]
        counts = self._counts(metric, by)
        return [self._layer(metric, by, label, some, counts) for label, some in groups if some]

    def _counts(self, metric: Metric, by: str) -> Counts:
        keyed = [(start, end, place) for place, (start, end) in enumerate(self.frame.buckets)]
        keys, value_at = (
            self.engine.stats(self._counted(metric), keyed, [by]),
            self._asked(metric, keyed, [by]),
        )
        return {(place, None if key is None else str(key)): value_at((place, key))[1] for place, key in keys}

    def _layer(self, metric: Metric, by: str, label: str, parts: Sequence[Part], counts: Counts) -> Layer:
        keys = [part.keys[0] for part in parts]
        chosen = {by: [key or NOBODY for key in keys]}
        buckets = []
        for place, (start, end) in unhurried(enumerate(self.frame.buckets)):
            n = sum(counts.get((place, key), 0) for key in keys)
            url = self.url(metric, Cell(bucket_start=start, bucket_end=end), **chosen)
            buckets.append(Bucket(start, end, n if start < self.frame.after_now else None, n, url))
        return Layer(label, buckets)

    def heatmap(self, name: str) -> list[HeatCell]:
        """The metric by weekday and hour."""
        metric = metric_named(name)
        if metric.aggregate in ("level", "now"):
            raise Invalid.field("metric", "This does not happen at an hour of the week", where="query")
        value_at = self._asked(metric, [(*self.frame.span, 0)], ("week",))
        cells = []
        for place in range(168):
            weekday, hour = divmod(place, 24)
            value, n = value_at((0, place))
            url = self.url(metric, Cell(weekday=weekday, hour=hour))
            cells.append(HeatCell(weekday, hour, value, n, url))
        return cells

    def histogram(self, name: str) -> list[Bar]:
        """How the metric's rows are spread over its bins."""
        metric = metric_named(name)
        if not metric.bins:
            raise Invalid.field("metric", "This has no times to spread", where="query")
        counts = self._binned(metric)
        bounds = [0, *metric.bins, None]
        return [
            Bar(
                bounds[place] or 0, bounds[place + 1], counts.get(place, 0), self.url(metric, Cell(bin=place))
            )
            for place in range(len(metric.bins) + 1)
        ]

    def _binned(self, metric: Metric) -> dict[int, int]:
        population, closes = population_of(metric, self.scope), self.frame.closes
        if metric.aggregate == "level":
            ages = self.engine.age_bin(closes, metric.bins)
            found = self.engine.standing(population, self.engine.lasting(closes), bin_=ages)
            return {key[0]: n for key, n in found.items()}
        stats = self.engine.stats(population, [(*self.frame.span, 0)], bins=metric.bins)
        return {key[1]: group.n for key, group in stats.items()}


def value_of(metric: Metric, own: Stats, per: Stats) -> Value:
    """What a metric makes of the rows it counts, and of those it holds them against."""
    if metric.aggregate == "count":
        return own.n
    if metric.aggregate in ("median", "p90"):
        return own.median if metric.aggregate == "median" else own.p90
    whole, part = {
        "share": (own.n, own.hits),
        "ratio": (own.n, per.n),
        "paused": (own.seconds, own.seconds - per.seconds),
    }[metric.aggregate]
    return round(part / whole, 6) if whole else None
