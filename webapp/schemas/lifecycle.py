"""When tickets move by themselves: a section of the workspace's settings."""

from typing import Annotated, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from webapp.config import settings
from webapp.schemas.text import Content, Strict

YEAR_MINUTES = 365 * 24 * 60
Days = Annotated[int, Field(ge=0, le=365)]
Minutes = Annotated[int, Field(ge=5, le=YEAR_MINUTES)]


class Lifecycle(Strict):
    """`reopen_days`: how long after it was resolved a customer's message reopens a ticket.

    `close_after_days`: without an answer from the customer; 0: never. `auto_resolve`: a customer who is
    silent for `auto_resolve_minutes` after our reply has their ticket resolved, and is warned
    `warn_minutes` before, in the words of `warning` (or in ours, in their language).
    """

    section: ClassVar[str] = "lifecycle"

    reopen_days: Days = Field(default_factory=lambda: settings().reopen_days)
    close_after_days: Days = 7
    auto_resolve: bool = False
    auto_resolve_minutes: Minutes = 24 * 60
    warn_minutes: Minutes = 60
    warning: Content = ""

    @field_validator("warn_minutes")
    @classmethod
    def _comes_in_time(cls, value: int, info: ValidationInfo) -> int:
        data = info.data
        if data.get("auto_resolve") and value >= data.get("auto_resolve_minutes", value + 1):
            raise ValueError("The silence must be longer than this")
        return value
