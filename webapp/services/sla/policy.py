"""Which promise a ticket is under: ordered policies, the first whose conditions hold."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sqlalchemy as sa

from webapp.extensions import db
from webapp.models import SlaPolicy
from webapp.models.customer import TIERS

Facts = dict[str, Any]
"""What policies choose by: priority, tier, channel, inbox_id, team_id, organization_id, category, tags."""

DEFAULT_HOURS = {"critical": 1, "high": 4, "medium": 24, "low": 72}
_LISTED = {
    "priorities": "priority",
    "tiers": "tier",
    "channels": "channel",
    "inbox_ids": "inbox_id",
    "team_ids": "team_id",
    "organization_ids": "organization_id",
    "categories": "category",
}


@dataclass(frozen=True)
class Promise:
    """A metric's time for one ticket."""

    seconds: int
    is_business: bool


@dataclass(frozen=True)
class Policy:
    """A policy without its row: what folding, replaying and previews go by: fields of `PolicyIn`."""

    id: uuid.UUID | None
    name: str
    version: int = 0
    conditions: dict[str, Any] = field(default_factory=dict)
    targets: Sequence[dict[str, Any]] = ()
    calendar_id: uuid.UUID | None = None
    warnings: Sequence[dict[str, Any]] = ()
    ladder: Sequence[dict[str, Any]] = ()

    def fits(self, facts: Facts) -> bool:
        """Whether every condition holds for a ticket with these facts."""
        wanted = self.conditions
        for name, fact in _LISTED.items():
            if wanted.get(name) and facts.get(fact) not in wanted[name]:
                return False
        tags = {tag.casefold() for tag in facts.get("tags") or ()}
        return not wanted.get("tags") or any(tag.casefold() in tags for tag in wanted["tags"])

    def promise(self, metric: str, facts: Facts) -> Promise | None:
        """The time this policy gives a metric, for the ticket's priority and its customer's tier."""
        for target in self.targets:
            if target["metric"] == metric:
                row = target["seconds"].get(facts.get("priority"), {})
                seconds = row.get(facts.get("tier") or "basic")
                return Promise(seconds, target.get("clock") == "business") if seconds else None
        return None


DEFAULT_POLICY = Policy(
    id=None,
    name="Standard",
    targets=[
        {
            "metric": "time_to_assignment",
            "clock": "calendar",
            "seconds": {
                priority: dict.fromkeys(TIERS, hours * 3600) for priority, hours in DEFAULT_HOURS.items()
            },
        }
    ],
    ladder=[
        {
            "on": "breach",
            "warning": 0,
            "delay_minutes": 0,
            "metrics": ["time_to_assignment"],
            "actions": [{"do": "raise_priority"}],
        }
    ],
)
"""In force in a workspace that has made no policy of its own."""


def policy_for(facts: Facts, policies: Sequence[Policy]) -> Policy | None:
    """The first policy that fits these facts, in the order given; None: nothing is promised."""
    return next((policy for policy in policies if policy.fits(facts)), None)


def policy_of(row: SlaPolicy) -> Policy:
    """A row as the pure thing."""
    return Policy(
        id=row.id,
        name=row.name,
        version=row.version,
        conditions=row.conditions,
        targets=row.targets,
        calendar_id=row.calendar_id,
        warnings=row.warnings,
        ladder=row.ladder,
    )


def load_policies(*, session: Any = None) -> list[Policy]:
    """The workspace's active policies in their order; the standard one where it has none at all."""
    session = session or db.session()
    rows = list(session.scalars(_in_order()))
    return [policy_of(row) for row in rows if row.is_active] if rows else [DEFAULT_POLICY]


@cache
def _in_order() -> Any:
    return sa.select(SlaPolicy).order_by(SlaPolicy.position, SlaPolicy.id)
