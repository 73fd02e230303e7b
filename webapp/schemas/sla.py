"""Service level policies as the settings pages send them."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from webapp import clock
from webapp.errors import from_pydantic
from webapp.schemas.paging import NewestQuery
from webapp.schemas.text import Line, Moment, Strict
from webapp.validators import has_unstorable, visible

Metric = Literal[
    "time_to_assignment",
    "first_response",
    "next_response",
    "periodic_update",
    "pausable_update",
    "requester_wait",
    "agent_work",
    "total",
]
Priority = Literal["low", "medium", "high", "critical"]
Tier = Literal["free", "basic", "premium", "enterprise"]
Channel = Literal["chat", "email", "form", "api"]

MIN_SECONDS = 15
MAX_SECONDS = 366 * 86_400
MAX_DELAY_MINUTES = 90 * 24 * 60


def _promisable(seconds: int | None) -> int | None:
    if seconds is not None and not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise ValueError(f"A time between {MIN_SECONDS} seconds and a year; less could never be met")
    return seconds


def _storable(text: str) -> str:
    if has_unstorable(text) or not visible(text):
        raise ValueError("A word that can be seen and stored")
    return text


Seconds = Annotated[int | None, AfterValidator(_promisable)]
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True), AfterValidator(_storable)
]
Ids = Annotated[list[uuid.UUID], Field(max_length=50)]
Names = Annotated[list[Name], Field(max_length=50)]


class Conditions(Strict):
    """All of these must hold; an empty list holds always, a filled one if any of it fits."""

    priorities: Annotated[list[Priority], Field(max_length=4)] = []
    tiers: Annotated[list[Tier], Field(max_length=4)] = []
    channels: Annotated[list[Channel], Field(max_length=4)] = []
    inbox_ids: Ids = []
    team_ids: Ids = []
    organization_ids: Ids = []
    tags: Names = []
    categories: Names = []


class Target(Strict):
    """A metric's times: `seconds[priority][tier]`; what is missing or None promises nothing.

    `clock`: `calendar` counts every hour, `business` those of the policy's calendar or the inbox's hours.
    """

    metric: Metric
    clock: Literal["calendar", "business"] = "calendar"
    seconds: dict[Priority, dict[Tier, Seconds]]


class Notice(Strict):
    """Says that a deadline comes near: at so many percent of the target, or so many minutes before it."""

    percent: Annotated[int, Field(ge=1, le=99)] | None = None
    minutes: Annotated[int, Field(ge=1, le=MAX_DELAY_MINUTES)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.percent is None) == (self.minutes is None):
            raise ValueError("Give either percent or minutes")
        return self


class Action(Strict):
    """One thing that a step of the ladder does. `reassign` takes an agent, a team or both."""

    do: Literal["raise_priority", "reassign", "tag", "alert_team_lead", "notify"]
    agent_id: uuid.UUID | None = None
    team_id: uuid.UUID | None = None
    tag: Name | None = None
    user_ids: Ids = []

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        needs = {
            "reassign": self.agent_id or self.team_id,
            "tag": self.tag,
            "notify": self.user_ids,
        }
        if not needs.get(self.do, True):
            raise ValueError("Say to whom or what")
        return self


class Step(Strict):
    """A rung of the ladder: so long after a warning (the n-th of the policy) or after the breach."""

    on: Literal["warning", "breach"] = "breach"
    warning: Annotated[int, Field(ge=0, le=9)] = 0
    delay_minutes: Annotated[int, Field(ge=0, le=MAX_DELAY_MINUTES)] = 0
    metrics: Annotated[list[Metric], Field(max_length=8)] = []
    actions: Annotated[list[Action], Field(min_length=1, max_length=10)]


class PolicyIn(Strict):
    """A whole policy. `metrics` of a step and `conditions` left empty mean all."""

    name: Line
    is_active: bool = True
    conditions: Conditions = Conditions()
    targets: Annotated[list[Target], Field(min_length=1, max_length=8)]
    calendar_id: uuid.UUID | None = None
    warnings: Annotated[list[Notice], Field(max_length=10)] = []
    ladder: Annotated[list[Step], Field(max_length=20)] = []

    @field_validator("name")
    @classmethod
    def _is_named(cls, value: str) -> str:
        name = visible(value)[:100]
        if not name:
            raise ValueError("A policy needs a name")
        return name

    @field_validator("targets")
    @classmethod
    def _are_promises(cls, value: list[Target]) -> list[Target]:
        if len({target.metric for target in value}) < len(value):
            raise ValueError("Each metric has one target")
        if not any(cell for target in value for row in target.seconds.values() for cell in row.values()):
            raise ValueError("A policy without a single time promises nothing")
        return value

    @field_validator("ladder")
    @classmethod
    def _goes_by_what_is_there(cls, value: list[Step], info: ValidationInfo) -> list[Step]:
        warnings = len(info.data.get("warnings", ()))
        if any(step.on == "warning" and step.warning >= warnings for step in value):
            raise ValueError("A step goes by a warning that the policy does not have")
        return value


class PolicyPatch(PolicyIn):
    """What of a policy is changed; a list that is given is the whole list."""

    name: Line = ""
    targets: Annotated[list[Target], Field(min_length=1, max_length=8)] = []

    @field_validator("ladder")
    @classmethod
    def _goes_by_what_is_there(cls, value: list[Step], _info: ValidationInfo) -> list[Step]:
        return value  # looked at with the warnings that it has then

    def over(self, policy: Any) -> PolicyIn:
        """The policy as it is, with what was given put over it. Raises `Invalid`."""
        given = self.model_dump(exclude_unset=True, mode="json")
        try:
            return PolicyIn.model_validate({**{name: getattr(policy, name) for name in FIELDS}, **given})
        except ValidationError as error:
            raise from_pydantic(error) from None


FIELDS = tuple(PolicyIn.model_fields)


class OrderIn(Strict):
    policy_ids: Annotated[list[uuid.UUID], Field(max_length=100)]


class PolicyOut(Strict):
    """A policy. `position`: its place in the order in which they are tried, from 0."""

    id: uuid.UUID
    position: int
    name: str
    is_active: bool
    conditions: Conditions
    targets: list[Target]
    calendar_id: uuid.UUID | None
    warnings: list[Notice]
    ladder: list[Step]
    version: int
    created_at: datetime


def policy_out(policy: Any) -> dict[str, Any]:
    """A policy as programs see it."""
    return {
        "id": str(policy.id),
        "position": policy.position,
        "name": policy.name,
        "is_active": policy.is_active,
        "conditions": policy.conditions,
        "targets": policy.targets,
        "calendar_id": str(policy.calendar_id) if policy.calendar_id else None,
        "warnings": policy.warnings,
        "ladder": policy.ladder,
        "version": policy.version,
        "created_at": clock.iso(policy.created_at),
    }


class AccountQuery(Strict):
    """Which clock is to be explained, and by whose wall clock."""

    metric: Metric | None = None
    timezone: Annotated[str, StringConstraints(max_length=64)] = "UTC"


class ClocksQuery(NewestQuery):
    """`due_before`: clocks whose deadline lies before that moment."""

    state: Literal["active", "paused", "met", "breached", "dropped"] | None = None
    metric: Metric | None = None
    due_before: Moment | None = None


class ClockOut(Strict):
    """How long a promise of a ticket still has."""

    id: uuid.UUID
    ticket_id: uuid.UUID
    metric: str
    instance: int
    policy_id: uuid.UUID | None
    policy: str
    priority: str
    tier: str
    business: bool
    state: Literal["active", "paused", "met", "breached", "dropped"]
    target_seconds: int
    remaining_seconds: int | None
    started_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    breached_at: datetime | None


def clock_out(row: Any) -> dict[str, Any]:
    """A clock as programs see it; `GET /tickets/<ticket_id>/sla` tells how it came to its deadline."""
    return {
        "id": str(row.id),
        "ticket_id": str(row.ticket_id),
        "metric": row.metric,
        "instance": row.instance,
        "policy_id": str(row.policy_id) if row.policy_id else None,
        "policy": row.policy_name,
        "priority": row.priority,
        "tier": row.tier,
        "business": row.is_business,
        "state": row.state,
        "target_seconds": row.target_seconds,
        "remaining_seconds": row.remaining_seconds,
        "started_at": clock.iso(row.started_at),
        "due_at": clock.iso(row.due_at),
        "ended_at": clock.iso(row.ended_at),
        "breached_at": clock.iso(row.breached_at),
    }
