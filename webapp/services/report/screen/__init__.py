"""Report pages as data: which figures stand where, drawn and worded. Pages and mails lay them out."""

from webapp.services.report.screen.parts import Tile, is_new
from webapp.services.report.screen.sla import PROMISES, sla_screen
from webapp.services.report.screen.source import Source, asks_of, source_of
from webapp.services.report.screen.speed import DURATIONS, speed_screen
from webapp.services.report.screen.team import COLUMNS, team_screen
from webapp.services.report.screen.volume import MIXES, volume_screen

__all__ = [
    "COLUMNS",
    "DURATIONS",
    "MIXES",
    "PROMISES",
    "Source",
    "Tile",
    "asks_of",
    "is_new",
    "sla_screen",
    "source_of",
    "speed_screen",
    "team_screen",
    "volume_screen",
]
