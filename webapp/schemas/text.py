"""The types every schema is built of: strict objects, and text that both databases can hold."""

import uuid
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from webapp.validators import has_unstorable


class Strict(BaseModel):
    """A body whose unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


def _storable(text: str) -> str:
    if has_unstorable(text):
        raise ValueError("The text holds characters that cannot be stored")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Line = Annotated[str, StringConstraints(max_length=500), AfterValidator(_storable)]
Content = Annotated[str, StringConstraints(max_length=10_000), AfterValidator(_storable)]
Draft = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_storable)]
Sequence = Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]
Files = Annotated[list[uuid.UUID], Field(max_length=10)]
PageSize = Annotated[int, Field(ge=1, le=100)]
Place = Annotated[int, Field(ge=0, le=2**31 - 1)]
