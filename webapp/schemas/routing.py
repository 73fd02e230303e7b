"""How tickets find their people: the workspace's settings, and what the pages and doors take and give."""

import uuid
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from webapp import clock
from webapp.models import Offer, RoutingDecision, Skill
from webapp.schemas.paging import NewestQuery
from webapp.schemas.text import Line, Strict

Strategy = Literal["round_robin", "least_busy", "seniority", "skills"]
Channel = Literal["chat", "email", "form", "api"]
Priority = Literal["low", "medium", "high", "critical"]
Weight = Annotated[int, Field(ge=0, le=100)]
Points = Annotated[int, Field(ge=0, le=1000)]
Level = Annotated[int, Field(ge=1, le=3)]
Seconds = Annotated[int, Field(ge=1, le=7 * 86400)]
MAX_RULES = 100


class TeamRule(Strict):
    """What comes in by an inbox goes to a team."""

    inbox_id: uuid.UUID
    team_id: uuid.UUID


class SkillRule(Strict):
    """A ticket whose field holds that value needs a skill."""

    field: Literal["category", "tag", "inbox", "team"]
    value: Annotated[Line, StringConstraints(min_length=1, max_length=100)]
    skill_id: uuid.UUID
    level: Level = 1


class RoutingSettings(Strict):
    """`capacity` and weights are in points: a ticket takes its channel's weight times its priority's."""

    section: ClassVar[str] = "routing"

    is_on: bool = False
    strategy: Strategy = "least_busy"
    offers: bool = False
    offer_seconds: Annotated[int, Field(ge=5, le=600)] = 30
    capacity: Points = 20
    channel_weights: dict[Channel, Weight] = {"chat": 4, "email": 1, "form": 1, "api": 1}
    priority_weights: dict[Priority, Weight] = {"low": 1, "medium": 1, "high": 1, "critical": 2}
    watchdog_seconds: dict[Priority, Seconds] = {"low": 300, "medium": 180, "high": 120, "critical": 60}
    watchdog_channels: list[Channel] = ["chat"]
    hops: Annotated[int, Field(ge=1, le=20)] = 3
    grace_seconds: Annotated[int, Field(ge=0, le=86400)] = 30
    returning: bool = True
    idle_minutes: Annotated[int, Field(ge=1, le=1440)] = 10
    show_place: bool = True
    team_rules: Annotated[list[TeamRule], Field(max_length=MAX_RULES)] = []
    skill_rules: Annotated[list[SkillRule], Field(max_length=MAX_RULES)] = []

    def cost(self, channel: str, priority: str) -> int:
        """The points that a ticket takes of its agent's capacity."""
        return self.channel_weights.get(channel, 1) * self.priority_weights.get(priority, 1)  # type: ignore[call-overload]


class OfferIn(Strict):
    """Holding a ticket out to a colleague."""

    agent_id: uuid.UUID


class OfferPath(Strict):
    offer_id: uuid.UUID


class TicketSkillsIn(Strict):
    """The skills that a ticket needs, by id."""

    skill_ids: Annotated[list[uuid.UUID], Field(max_length=20)]


class DecisionsQuery(NewestQuery):
    agent_id: uuid.UUID | None = None


class SkillIn(Strict):
    name: Line


class SkillOut(Strict):
    id: uuid.UUID
    name: str


def skill_out(skill: Skill) -> dict[str, Any]:
    """A skill."""
    return {"id": str(skill.id), "name": skill.name}


class CandidateOut(Strict):
    """Somebody who was looked at, and why they were left out."""

    id: uuid.UUID
    name: str
    load: int
    capacity: int
    excluded: str | None


class DecisionOut(Strict):
    """Whom a ticket was given to, and why."""

    id: uuid.UUID
    ticket_id: uuid.UUID
    at: datetime
    trigger: str
    strategy: str
    agent_id: uuid.UUID | None
    reason: str
    candidates: list[CandidateOut]


class NeededSkill(Strict):
    id: uuid.UUID
    name: str
    level: int


def decision_out(row: RoutingDecision) -> dict[str, Any]:
    """A decision, as the thread shows it."""
    return {
        "id": str(row.id),
        "ticket_id": str(row.ticket_id),
        "at": clock.iso(row.at),
        "trigger": row.trigger,
        "strategy": row.strategy,
        "agent_id": str(row.agent_id) if row.agent_id else None,
        "reason": row.reason,
        "candidates": row.candidates,
    }


def offer_out(row: Offer, ticket: Any) -> dict[str, Any]:
    """An offer as its agent sees it; `ticket` is a `ticket_row`."""
    return {
        "id": str(row.id),
        "state": row.state,
        "agent_id": str(row.agent_id),
        "offered_by_id": str(row.offered_by_id) if row.offered_by_id else None,
        "reason": row.reason,
        "expires_at": clock.iso(row.expires_at),
        "ticket": {
            "id": str(ticket.id),
            "number": ticket.number,
            "title": ticket.title,
            "priority": ticket.priority,
            "channel": ticket.channel,
            "customer": ticket.customer.shown_name,
        },
    }
