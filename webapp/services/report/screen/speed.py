"""The speed screen: how long things took, half of them and nine of ten, and how they are spread."""

from typing import Any

from webapp.models.measurement import DURATIONS as MEASURED
from webapp.services.report.screen.parts import ranking, spread, tile, trend
from webapp.services.report.screen.source import Source
from webapp.services.sla.words import METRIC_NAMES

DURATIONS = {name: METRIC_NAMES[name] for name in MEASURED}
SHOWN = ("first_response", "next_response", "total", "requester_wait", "agent_work")
DIMENSIONS = ("team", "agent", "inbox", "channel", "priority", "tier", "tag")


def speed_screen(source: Source, *, time: str = "first_response", by: str = "team") -> dict[str, Any]:
    """What the page shows. `time`: one of `DURATIONS`, looked at closer; `by`: a dimension."""
    return {
        "title": DURATIONS[time],
        "tiles": [tile(source, f"{name}_median", METRIC_NAMES[name]) for name in SHOWN]
        + [tile(source, "one_touch", "One-touch")],
        "tails": {f"{name}_median": tile(source, f"{name}_p90", with_spark=False) for name in SHOWN},
        "trend": trend(source, {f"{time}_median": "Median", f"{time}_p90": "90th percentile"}),
        "spread": spread(source, f"{time}_median", "How many", "Time"),
        "ranking": ranking(
            source,
            {f"{time}_median": "Median", f"{time}_p90": "90th percentile"},
            by,
            drawn=f"{time}_median",
        ),
    }
