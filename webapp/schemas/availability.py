"""Why people step out: the workspace's own reasons, and what each of them means."""

import uuid
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from webapp.schemas.text import Line, Strict
from webapp.validators import visible

CountsAs = Literal["away", "busy", "offline"]
REASON_CHARS = 60
MAX_REASONS = 30


class AwayReason(Strict):
    """`id` stays when the name changes; whoever is away for it goes along with the new name.

    `takes_tickets`: routing goes on giving tickets to whoever is away for it. `is_offered`: it can be chosen.
    """

    id: Annotated[Line, StringConstraints(max_length=36)] = ""
    name: Annotated[Line, StringConstraints(max_length=REASON_CHARS)]
    counts_as: CountsAs = "away"
    takes_tickets: bool = False
    is_offered: bool = True

    @field_validator("name")
    @classmethod
    def _shown(cls, value: str) -> str:
        shown = visible(value)
        if not shown:
            raise ValueError("Please fill this in")
        return shown

    @model_validator(mode="after")
    def _checked(self) -> Self:
        self.id = self.id or uuid.uuid4().hex
        return self


class AvailabilitySettings(Strict):
    """The reasons, in the order in which they are offered."""

    section: ClassVar[str] = "availability"

    reasons: Annotated[list[AwayReason], Field(max_length=MAX_REASONS)] = [
        AwayReason(id=name.lower(), name=name) for name in ("Lunch", "Break", "Training", "Meeting")
    ]


def reason_out(reason: AwayReason) -> dict[str, Any]:
    """A reason as those see it who choose one."""
    return reason.model_dump(include={"name", "counts_as", "takes_tickets"})
