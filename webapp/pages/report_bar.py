"""The bar above every report: its range and filters as links and a form, all of it in the URL."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask import request

from webapp.models.customer import TIERS
from webapp.models.inbox import CHANNELS
from webapp.models.ticket import PRIORITIES, STATUSES
from webapp.schemas.report import FILTERS, NOBODY, Scope
from webapp.services import report as reports
from webapp.services.notification.preference import read_preferences
from webapp.services.report import Frame, screen
from webapp.services.report.labels import NAMED, WORDS, labels_of
from webapp.services.report.screen.times import moment

RANGES = {
    "today": "Today",
    "yesterday": "Yesterday",
    "7d": "7 days",
    "30d": "30 days",
    "90d": "90 days",
    "this_month": "This month",
    "last_month": "Last month",
}
GROUPS = {
    "auto": "As it fits",
    "hour": "By hour",
    "day": "By day",
    "week": "By week",
    "month": "By month",
}
WORDED = {"channel": CHANNELS, "priority": PRIORITIES, "tier": TIERS, "status": STATUSES}
DAYS = ("range", "from", "to", "bucket_start", "bucket_end", "weekday", "hour", "bin", "cursor")


def address(path: str, arguments: Mapping[str, Any]) -> str:
    """A path with arguments; those that are None are left out."""
    given = {name: value for name, value in arguments.items() if value is not None}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def bar(scope: Scope, frame: Frame, own: Mapping[str, Any], session: Any) -> dict[str, Any]:
    """What the bar shows. `own`: the page's arguments beside the scope's, without what is as usual."""
    arguments = {**scope.arguments(), **own}
    timeless = {name: value for name, value in arguments.items() if name not in DAYS}
    unfiltered = {name: value for name, value in arguments.items() if name not in FILTERS}
    usual = Scope().range
    preferences = read_preferences(session=session)
    return {
        "values": request.args,
        "ranges": [
            (label, address(request.path, {**timeless, "range": None if name == usual else name}))
            for name, label in RANGES.items()
        ],
        "range": RANGES.get(scope.range),
        "groups": GROUPS,
        "own": own,
        "options": _options(session),
        "chips": _chips(scope, arguments, session),
        "cleared": address(request.path, unfiltered),
        "zones": _zones(scope, frame, preferences, session),
        "days": _days(frame),
        "frame": frame,
        "as_of": moment(reports.measured_until(session=session), frame),
        "query": urlencode(scope.arguments(), doseq=True),
        "is_new": screen.is_new(session=session),
    }


def _options(session: Any) -> dict[str, list[tuple[str, str]]]:
    """For each filter its values and what they are called; first those without any."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in FILTERS:
        if name in NAMED:
            labels = {key or NOBODY: label for key, label in labels_of(name, session).items()}
            found[name] = sorted(labels.items(), key=lambda item: (item[0] != NOBODY, item[1].casefold()))
        else:
            found[name] = [(word, _worded(word)) for word in WORDED[name]]
    return found


def _worded(word: str) -> str:
    return WORDS.get(word, word.replace("_", " ").capitalize())


def _chips(scope: Scope, arguments: Mapping[str, Any], session: Any) -> list[tuple[str, str, str]]:
    """(filter, value, the page without it) of each that is set."""
    found = []
    for name in FILTERS:
        chosen = getattr(scope, name)
        labels = labels_of(name, session) if chosen and name in NAMED else {}
        for value in chosen:
            label = labels.get(None if value == NOBODY else value) or _worded(value)
            rest = [other for other in chosen if other != value]
            found.append((name.capitalize(), label, address(request.path, {**arguments, name: rest or None})))
    return found


def _zones(scope: Scope, frame: Frame, preferences: Any, session: Any) -> list[tuple[str, str]]:
    """The zones to choose from: the workspace's, the reader's own if it is another, the one that is set."""
    ours = reports.zone_name(Scope(), session=session)
    found = [("workspace", ours)]
    if preferences is not None and preferences.timezone != ours:
        found.append(("mine", f"{preferences.timezone} (yours)"))
    if scope.zone not in ("workspace", "mine"):
        found.append((scope.zone, frame.zone.key))
    return found


def _days(frame: Frame) -> str:
    first, last = frame.first, frame.after - timedelta(days=1)
    if first == last:
        return f"{first:%A}, {first.day} {first:%B} {first.year}"
    begin = f"{first.day} {first:%b}" + ("" if first.year == last.year else f" {first.year}")
    return f"{begin} \N{EN DASH} {last.day} {last:%b} {last.year}"
