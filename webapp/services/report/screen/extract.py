"""A screen in few lines, as a mail has room for: its tiles, and its main chart as a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.schemas.workspace import WorkspaceSection
from webapp.services.report.charts import Cell, Chart, Table
from webapp.services.report.figures import Figure, metric_named
from webapp.services.report.screen import sla, speed, team
from webapp.services.report.screen.parts import ranking, trend
from webapp.services.report.screen.source import Source
from webapp.services.report.sheets import sheet_address
from webapp.services.setting import read_section

TILES = {
    "sla": (
        "sla_compliance",
        *(f"sla_{name}_compliance" for name in sla.USUAL),
        "sla_breached",
        "sla_running",
    ),
    "volume": ("created", "resolved", "backlog", "reopened", "reopen_rate", "replies"),
    "speed": (*(f"{name}_median" for name in speed.SHOWN), "one_touch"),
    "team": ("replies", "resolved", "assigned", "one_touch", "first_response_median", "sla_compliance"),
}
"""The figures of each screen: its tiles; of a team's table, what holds for all of it."""
AGENTS = ("assigned", "resolved", "replies", "first_response_median")
MOST_ROWS = 31


@dataclass(frozen=True)
class Extract:
    """`figures`: the tiles'. Then the chart: its sentence, its table, and where it is as a file, by name."""

    figures: list[Figure]
    caption: str
    summary: str
    table: Table
    files: dict[str, str]
    is_over_time: bool = True

    @property
    def rows(self) -> list[tuple[str, list[Cell]]]:
        """Those of the table's rows that there is room for: the last ones, or of agents the first."""
        return self.table.rows[-MOST_ROWS:] if self.is_over_time else self.table.rows[:MOST_ROWS]

    @property
    def is_short(self) -> bool:
        """Whether there is no room for all of them."""
        return len(self.table.rows) > MOST_ROWS


def extract(source: Source, screen: str, chosen: Mapping[str, Any]) -> Extract:
    """What a screen says. `chosen`: its own arguments; what it doesn't know is as usual."""
    figures = [source.figure(name) for name in TILES[screen]]
    if screen == "team":
        return _agents(source, figures)
    names = _drawn(screen, chosen)
    goal = read_section(WorkspaceSection).goal_percent / 100 if screen == "sla" else None
    chart = trend(source, names, goal=goal)
    title = (
        " and ".join(names.values()).capitalize()
        if screen == "volume"
        else metric_named(next(iter(names))).title
    )
    return _charted(source, figures, title, chart, names)


def _drawn(screen: str, chosen: Mapping[str, Any]) -> dict[str, str]:
    """The metrics of a screen's main chart, with what they are called in it."""
    if screen == "volume":
        return {"created": "Created", "resolved": "Resolved"}
    if screen == "speed":
        time = _known(chosen.get("time"), speed.DURATIONS, "first_response")
        return {f"{time}_median": "Median", f"{time}_p90": "90th percentile"}
    promise = _known(chosen.get("promise"), sla.PROMISES, sla.ALL)
    return {f"sla_{promise}_compliance" if promise != sla.ALL else "sla_compliance": sla.PROMISES[promise]}


def _known(name: Any, known: Mapping[str, str], usual: str) -> str:
    return name if name in known else usual


def _charted(
    source: Source, figures: list[Figure], title: str, chart: Chart, names: Mapping[str, str]
) -> Extract:
    files = {called: sheet_address(name, source.scope) for name, called in names.items()}
    return Extract(figures, f"{title}, by {source.frame.group}", chart.summary, chart.table, files)


def _agents(source: Source, figures: list[Figure]) -> Extract:
    rows = [row for row in ranking(source, AGENTS, "agent", drawn="resolved") if row.key is not None]
    titles = {name: team.COLUMNS[name] for name in AGENTS}
    table = Table(
        ["Agent", *titles.values()],
        [(row.name, [Cell(one.text) for one in row.cells]) for row in rows],
    )
    files = {title: sheet_address(name, source.scope, by="agent") for name, title in titles.items()}
    return Extract(figures, "Who did what", "", table, files, is_over_time=False)
