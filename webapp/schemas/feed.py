"""The feed of events: what can be asked of it."""

from typing import Annotated

from pydantic import AfterValidator, Field

from webapp.events import CATALOGUE
from webapp.schemas.text import Line, PageSize, Place, Strict

LONGEST_WAIT_SECONDS = 25


def _known(value: str) -> str:
    unknown = [name for name in split_names(value) if name not in CATALOGUE]
    if unknown:
        raise ValueError(f"There is no event {unknown[0][:60]}")
    return value


def split_names(text: str) -> list[str]:
    """The names of a list with commas."""
    return [name for part in text.split(",") if (name := part.strip())]


class FeedQuery(Strict):
    """`after`: the place that the page before ended with. `types`: names of events, with commas between."""

    after: Place = 0
    limit: PageSize = 100
    types: Annotated[Line, AfterValidator(_known)] = ""
    wait: Annotated[int, Field(ge=0, le=LONGEST_WAIT_SECONDS)] = 0
