"""The types every schema is built of: strict objects, and text that both databases can hold."""

import functools
import re
import uuid
from datetime import UTC, date, datetime
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WrapValidator,
)

from webapp.validators import has_unstorable


class Strict(BaseModel):
    """A body whose unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


def storable(text: str) -> str:
    """The text, if both databases can hold it. Raises `ValueError`."""
    if has_unstorable(text):
        raise ValueError("The text holds characters that cannot be stored")
    return text


def _one_error(value: object, _validate: object) -> str | bool:
    if not isinstance(value, str | bool):
        raise ValueError("This must be a text, or yes or no")  # noqa: TRY004 - pydantic wants a ValueError
    return value


def _answered(value: str | bool) -> str | bool:
    if isinstance(value, str) and len(value) > ANSWER_CHARS:
        raise ValueError(f"At most {ANSWER_CHARS} characters")
    return value if isinstance(value, bool) else storable(value)


@functools.cache
def time_zones() -> tuple[str, ...]:
    """The names of all time zones, in order; listing them reads many files."""
    return tuple(sorted(available_timezones()))


def _known_zone(value: str) -> str:
    if value not in time_zones():
        raise ValueError("Choose a time zone of the list")
    return value


def _known_colour(value: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValueError("A colour such as #1d60bc")
    return value.lower()


def _read_as(kind: type[date]) -> Any:
    """Reads texts only: of an address, pydantic would take "0" for the beginning of 1970."""

    def read(value: Any) -> Any:
        if isinstance(value, date):
            return value
        try:
            return kind.fromisoformat(value if "-" in value else "")
        except (TypeError, ValueError):
            raise ValueError("Write it as 2026-11-01, with 2026-11-01T00:00:00Z for a time") from None

    return BeforeValidator(read)


def _within_reach(value: datetime) -> datetime:
    if not 1970 <= value.year <= 2200:
        raise ValueError("A time between 1970 and 2200")
    return value if value.tzinfo else value.replace(tzinfo=UTC)


ANSWER_CHARS = 500
Text = Annotated[str, AfterValidator(storable)]
Line = Annotated[str, StringConstraints(max_length=500), AfterValidator(storable)]
TimeZone = Annotated[str, AfterValidator(_known_zone)]
Colour = Annotated[str, AfterValidator(_known_colour)]
Content = Annotated[str, StringConstraints(max_length=10_000), AfterValidator(storable)]
# One error per answer, at its own place: a plain union would name its branches in `loc`.
Answer = Annotated[str | bool, WrapValidator(_one_error), AfterValidator(_answered)]
Draft = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(storable)]
Sequence = Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]
Files = Annotated[list[uuid.UUID], Field(max_length=10)]
PageSize = Annotated[int, Field(ge=1, le=100)]
Day = Annotated[date, _read_as(date)]
Time = Annotated[datetime, _read_as(datetime)]
Moment = Annotated[Time, AfterValidator(_within_reach)]
"""A time that both databases and every time zone can hold; without a zone it is UTC."""
Place = Annotated[int, Field(ge=0, le=2**31 - 1)]
