"""The types every schema is built of: strict objects, and text that both databases can hold."""

import uuid
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WrapValidator

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


ANSWER_CHARS = 500
Text = Annotated[str, AfterValidator(storable)]
Line = Annotated[str, StringConstraints(max_length=500), AfterValidator(storable)]
Content = Annotated[str, StringConstraints(max_length=10_000), AfterValidator(storable)]
# One error per answer, at its own place: a plain union would name its branches in `loc`.
Answer = Annotated[str | bool, WrapValidator(_one_error), AfterValidator(_answered)]
Draft = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(storable)]
Sequence = Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]
Files = Annotated[list[uuid.UUID], Field(max_length=10)]
PageSize = Annotated[int, Field(ge=1, le=100)]
Place = Annotated[int, Field(ge=0, le=2**31 - 1)]
