"""A policy as its page's form holds it: durations in words, one row for each action of the ladder."""

import re
from typing import Any

from pydantic import ValidationError

from webapp.errors import Invalid, from_pydantic
from webapp.models.customer import TIERS
from webapp.models.sla import METRICS
from webapp.schemas.sla import PolicyIn

PRIORITIES = ("critical", "high", "medium", "low")
CHANNELS = ("chat", "email", "form", "api")
PICKED = ("priorities", "tiers", "channels", "inbox_ids", "team_ids")
"""Conditions that the form asks for by ticks; the others are words with commas between them."""
TYPED = ("tags", "categories", "organization_ids")
_UNITS = {"d": 86_400, "h": 3600, "m": 60, "min": 60, "s": 1, "": 60}
_PART = re.compile(r"\s*(\d{1,7}(?:\.\d{1,3})?)\s*(d|h|min|m|s|)\s*", re.IGNORECASE)


def seconds_of(text: str) -> int | None:
    """`4h`, `1h 30m`, `2d`, `45` (minutes) as seconds; None for an empty text. Raises `ValueError`."""
    text, place, total = text.strip(), 0, 0.0
    if not text:
        return None
    while place < len(text):
        found = _PART.match(text, place)
        if found is None or found.end() == place:
            raise ValueError("A time such as 30m, 4h or 1d 12h")
        total += float(found[1]) * _UNITS[found[2].lower()]
        place = found.end()
    return round(total)


def words_of(seconds: int | None) -> str:
    """Seconds as the form shows them."""
    if not seconds:
        return ""
    parts = []
    for unit in ("d", "h", "m", "s"):
        count, seconds = divmod(seconds, _UNITS[unit])
        parts += [f"{count}{unit}"] if count else []
    return " ".join(parts)


# --- in -------------------------------------------------------------------------------------------


def policy_in(typed: dict[str, Any], *, is_active: bool) -> PolicyIn:
    """The form as a policy. Raises `Invalid` naming the form's own fields."""
    targets = _targets(_dict(typed.get("targets")), _dict(typed.get("clocks")))
    data = {
        "name": typed.get("name", ""),
        "is_active": is_active,
        "conditions": _conditions(_dict(typed.get("conditions"))),
        "targets": targets,
        "calendar_id": typed.get("calendar_id") or None,
        "warnings": [_warning(place, row) for place, row in enumerate(_rows(typed.get("warnings")))],
        "ladder": [_step(place, row) for place, row in enumerate(_rows(typed.get("ladder")))],
    }
    try:
        return PolicyIn.model_validate(data)
    except ValidationError as error:
        raise _by_metric(from_pydantic(error), [target["metric"] for target in targets]) from None


def _conditions(typed: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: list(_dict(typed.get(name))) for name in PICKED}
    for name in TYPED:
        words = str(typed.get(name) or "").split(",")
        found[name] = [word.strip() for word in words if word.strip()]
    return found


def _targets(typed: dict[str, Any], clocks: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for metric in METRICS:
        cells = {
            priority: {
                tier: _cell(row.get(tier, ""), "targets", metric, priority, tier)
                for tier in TIERS
                if row.get(tier)
            }
            for priority, row in _dict(typed.get(metric)).items()
            if isinstance(row, dict) and priority in PRIORITIES
        }
        if any(cells.values()):
            clock = clocks.get(metric, "calendar")
            found.append(
                {"metric": metric, "clock": clock, "seconds": {p: row for p, row in cells.items() if row}}
            )
    return found


def _cell(text: Any, *place: Any) -> int | None:
    try:
        return seconds_of(str(text))
    except ValueError as error:
        raise _wrong(str(error), *place) from None


def _wrong(message: str, *place: Any) -> Invalid:
    detail = [{"loc": ["body", *place], "msg": message, "type": "value_error"}]
    return Invalid("Please check the marked fields", detail=detail)


def _warning(place: int, row: dict[str, Any]) -> dict[str, Any]:
    value = str(row.get("value", "")).strip()
    if row.get("unit") == "percent":
        if not value.isdecimal():
            raise _wrong("A number from 1 to 99", "warnings", place, "value")
        return {"percent": int(value)}
    seconds = _cell(value, "warnings", place, "value")
    return {"minutes": (seconds or 0) // 60}


def _step(place: int, row: dict[str, Any]) -> dict[str, Any]:
    when, metric = str(row.get("when", "breach")), row.get("metric")
    warned = (
        {"on": "warning", "warning": int(when)} if when.isdecimal() and len(when) < 3 else {"on": "breach"}
    )
    delay = _cell(row.get("delay", ""), "ladder", place, "delay") or 0
    who, _, chosen = str(row.get("who") or "").partition(":")
    action: dict[str, Any] = {"do": row.get("do")}
    if action["do"] == "reassign":
        action |= {f"{who}_id": chosen} if who in ("agent", "team") else {}
    elif action["do"] == "notify":
        action["user_ids"] = [chosen] if who == "agent" else []
    elif action["do"] == "tag":
        action["tag"] = row.get("tag") or None
    return {
        **warned,
        "delay_minutes": delay // 60,
        "metrics": [metric] if metric else [],
        "actions": [action],
    }


def _by_metric(error: Invalid, metrics: list[str]) -> Invalid:
    """The place of a target is its metric in the form, not its number."""
    for item in error.detail:
        loc = item["loc"]
        if loc[1:2] == ["targets"] and len(loc) > 2 and isinstance(loc[2], int) and loc[2] < len(metrics):
            item["loc"] = [
                loc[0],
                "targets",
                metrics[loc[2]],
                *[part for part in loc[3:] if part != "seconds"],
            ]
    return error


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


# --- out ------------------------------------------------------------------------------------------


def new_policy_values(calendar_id: Any = None) -> dict[str, Any]:
    """The form of a policy that is still to be made."""
    first_response = {"critical": "1h", "high": "4h", "medium": "1d", "low": "3d"}
    grid = {priority: dict.fromkeys(TIERS, time) for priority, time in first_response.items()}
    return {
        "name": "",
        "is_active": True,
        "conditions": {},
        "calendar_id": str(calendar_id or ""),
        "clocks": {"first_response": "business" if calendar_id else "calendar"},
        "targets": {"first_response": grid},
        "warnings": [{"value": "75", "unit": "percent"}],
        "ladder": [],
    }


def policy_values(row: Any) -> dict[str, Any]:
    """A policy as its page's form holds it."""
    conditions: dict[str, Any] = {
        name: dict.fromkeys(map(str, row.conditions.get(name, ())), "1") for name in PICKED
    }
    conditions |= {name: ", ".join(map(str, row.conditions.get(name, ()))) for name in TYPED}
    return {
        "name": row.name,
        "is_active": row.is_active,
        "conditions": conditions,
        "calendar_id": str(row.calendar_id or ""),
        "clocks": {target["metric"]: target["clock"] for target in row.targets},
        "targets": {
            target["metric"]: {
                priority: {tier: words_of(seconds) for tier, seconds in cells.items()}
                for priority, cells in target["seconds"].items()
            }
            for target in row.targets
        },
        "warnings": [_warning_out(warning) for warning in row.warnings],
        "ladder": [line for step in row.ladder for line in _lines_of(step)],
        "version": row.version,
    }


def _warning_out(warning: dict[str, Any]) -> dict[str, str]:
    if warning.get("percent"):
        return {"value": str(warning["percent"]), "unit": "percent"}
    return {"value": words_of(warning["minutes"] * 60), "unit": "time"}


def _lines_of(step: dict[str, Any]) -> list[dict[str, str]]:
    """A step as rows of one action, one metric and one person each: together they do the same."""
    base = {
        "when": str(step["warning"]) if step["on"] == "warning" else "breach",
        "delay": words_of(step["delay_minutes"] * 60),
    }
    return [
        {**base, "metric": metric, "do": action["do"], "who": who, "tag": action.get("tag") or ""}
        for metric in step["metrics"] or [""]
        for action in step["actions"]
        for who in _whom(action)
    ]


def _whom(action: dict[str, Any]) -> list[str]:
    if action["do"] == "notify":
        return [f"agent:{user_id}" for user_id in action["user_ids"]]
    if action["do"] == "reassign":
        return [f"agent:{action['agent_id']}" if action.get("agent_id") else f"team:{action['team_id']}"]
    return [""]
