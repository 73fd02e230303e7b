"""Where a screen takes its figures from: asked now, or found before by a job; and what it will ask."""

from collections.abc import Callable
from typing import Any

from webapp.services.report.compute import Answers, Ask, answer, is_quick
from webapp.services.report.figures import Bar, Figure, HeatCell, Layer, Part, Report, Series, Value
from webapp.services.report.rows import Behind, RowPage

Build = Callable[["Source"], dict[str, Any]]


class Source:
    """Figures about one scope."""

    def __init__(self, report: Report, answers: Answers | None = None) -> None:
        self.report, self.scope, self.frame = report, report.scope, report.frame
        self.session = report.engine.session
        self._found: Any = answers or report

    def figure(self, metric: str) -> Figure:
        return self._found.figure(metric)  # type: ignore[no-any-return]

    def series(self, metric: str) -> Series:
        return self._found.series(metric)  # type: ignore[no-any-return]

    def course(self, metric: str) -> list[Value]:
        return self._found.course(metric)  # type: ignore[no-any-return]

    def breakdown(self, metric: str, by: str) -> list[Part]:
        return self._found.breakdown(metric, by)  # type: ignore[no-any-return]

    def layers(self, metric: str, by: str) -> list[Layer]:
        return self._found.layers(metric, by)  # type: ignore[no-any-return]

    def heatmap(self, metric: str) -> list[HeatCell]:
        return self._found.heatmap(metric)  # type: ignore[no-any-return]

    def histogram(self, metric: str) -> list[Bar]:
        return self._found.histogram(metric)  # type: ignore[no-any-return]

    def rows(self, metric: str, limit: int) -> RowPage:
        """The newest rows behind a figure, which says how many there are; there is no asking for more."""
        found = Behind(metric, self.report).page(None, limit)
        return RowPage(found, self.figure(metric).n, None)


class _Asking(Source):
    """Knows nothing, and remembers what it was asked."""

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.asks: dict[Ask, None] = {}

    def figure(self, metric: str) -> Figure:
        self.asks[Ask("figure", metric)] = None
        return Figure(metric, None, 0, "")

    def series(self, metric: str) -> Series:
        self.asks[Ask("series", metric)] = None
        return Series(metric, self.frame.group, [], [])

    def course(self, metric: str) -> list[Value]:
        self.asks[Ask("course", metric)] = None
        return []

    def breakdown(self, metric: str, by: str) -> list[Part]:
        self.asks[Ask("breakdown", metric, by)] = None
        return []

    def layers(self, metric: str, by: str) -> list[Layer]:
        self.asks[Ask("layers", metric, by)] = None
        return []

    def heatmap(self, metric: str) -> list[HeatCell]:
        self.asks[Ask("heatmap", metric)] = None
        return []

    def histogram(self, metric: str) -> list[Bar]:
        self.asks[Ask("histogram", metric)] = None
        return []

    def rows(self, metric: str, limit: int) -> RowPage:  # noqa: ARG002 - asked when there is a page
        return RowPage([], self.figure(metric).n, None)


def asks_of(build: Build, report: Report) -> list[Ask]:
    """All that a screen asks, found by building it from nothing."""
    asking = _Asking(report)
    build(asking)
    return list(asking.asks)


def source_of(build: Build, report: Report) -> Source | None:
    """Where the screen can be built from now; None: a job has to find its figures first."""
    if is_quick(report):
        return Source(report)
    found = answer(asks_of(build, report), report.scope, session=report.engine.session)
    return Source(report, found) if found else None
