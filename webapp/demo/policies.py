"""The demo's promises: one policy for whoever pays for more, one for everybody."""

import uuid
from typing import Any

from webapp.auth import Actor
from webapp.models.customer import TIERS
from webapp.schemas.sla import PolicyIn
from webapp.services.sla.editing import create_policy
from webapp.services.sla.policy import DEFAULT_HOURS

MINUTE, HOUR = 60, 3600
ALARM = {"on": "breach", "metrics": ["time_to_assignment", "first_response"]}
CLIMB = [{"do": "raise_priority"}, {"do": "tag", "tag": "Escalated"}, {"do": "alert_team_lead"}]


def make_policies(calendar_id: uuid.UUID, admin: Actor) -> None:
    """Makes both; the first that fits a ticket is its policy."""
    told = [{"do": "notify", "user_ids": [str(admin.id)]}]
    for given in (_premium(), _everybody()):
        ladder = [{**ALARM, "actions": [*CLIMB, *told]}]
        whole = {**given, "calendar_id": calendar_id, "ladder": ladder}
        create_policy(PolicyIn.model_validate(whole), actor=admin)


def _premium() -> dict[str, Any]:
    """Priority by tier: the larger customer waits for less."""
    answer = {
        "critical": {"premium": 30 * MINUTE, "enterprise": 20 * MINUTE},
        "high": {"premium": HOUR, "enterprise": 30 * MINUTE},
        "medium": {"premium": 4 * HOUR, "enterprise": 2 * HOUR},
        "low": {"premium": 16 * HOUR, "enterprise": 8 * HOUR},
    }
    first = {
        priority: {tier: 4 * seconds for tier, seconds in row.items()} for priority, row in answer.items()
    }
    done = {
        priority: {tier: 12 * seconds for tier, seconds in row.items()} for priority, row in answer.items()
    }
    return {
        "name": "Premium and enterprise",
        "conditions": {"tiers": ["premium", "enterprise"]},
        "targets": [
            {"metric": "first_response", "clock": "business", "seconds": first},
            {"metric": "next_response", "clock": "calendar", "seconds": answer},
            {"metric": "total", "clock": "business", "seconds": done},
        ],
        "warnings": [{"percent": 75}, {"percent": 95}],
    }


def _everybody() -> dict[str, Any]:
    taken = {priority: dict.fromkeys(TIERS, hours * HOUR) for priority, hours in DEFAULT_HOURS.items()}
    answer = {"critical": HOUR, "high": 4 * HOUR, "medium": 8 * HOUR, "low": 16 * HOUR}
    done = {priority: 3 * seconds for priority, seconds in answer.items()}
    return {
        "name": "Everybody",
        "targets": [
            {"metric": "time_to_assignment", "clock": "calendar", "seconds": taken},
            {"metric": "first_response", "clock": "business", "seconds": _alike(answer)},
            {"metric": "next_response", "clock": "business", "seconds": _alike(answer)},
            {"metric": "total", "clock": "business", "seconds": _alike(done)},
        ],
        "warnings": [{"percent": 75}],
    }


def _alike(times: dict[str, int]) -> dict[str, dict[str, int]]:
    """The same for every tier."""
    return {priority: dict.fromkeys(TIERS, seconds) for priority, seconds in times.items()}
