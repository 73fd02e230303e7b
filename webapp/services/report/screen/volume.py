"""The volume screen: what came, what was done, what is left and how old it is, and when it comes."""

from typing import Any

from webapp.services.report.screen.parts import layers, ranking, spread, tile, trend, week
from webapp.services.report.screen.source import Source

MIXES = {"channel": "Channel", "tier": "Tier", "priority": "Priority", "inbox": "Inbox", "tag": "Tag"}
WEEKS = {
    "created": "Created",
    "resolved": "Resolved",
    "replies": "Replies",
    "first_response_median": "First response, median",
}


def volume_screen(source: Source, *, by: str = "channel", week_of: str = "created") -> dict[str, Any]:
    """What the page shows. `by`: one of `MIXES`; `week_of`: one of `WEEKS`, for the heat map."""
    return {
        "tiles": [
            tile(source, name)
            for name in ("created", "resolved", "backlog", "reopened", "reopen_rate", "replies")
        ],
        "flow": trend(source, {"created": "Created", "resolved": "Resolved"}),
        "backlog": trend(source, {"backlog": "Backlog"}),
        "ages": spread(source, "backlog", "Tickets", "Age"),
        # A ticket may carry several tags: layers would add up to more than there were.
        "layers": None if by == "tag" else layers(source, "created", by),
        "ranking": ranking(source, ("created", "resolved"), by, drawn="created"),
        "week": week(source, week_of),
        "week_title": WEEKS[week_of],
    }
