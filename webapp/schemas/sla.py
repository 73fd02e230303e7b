"""Service level policies as the settings pages send them."""

import uuid
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from webapp.schemas.text import Line, Strict
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


class AccountQuery(Strict):
    """Which clock is to be explained, and by whose wall clock."""

    metric: Metric | None = None
    timezone: Annotated[str, StringConstraints(max_length=64)] = "UTC"
