"""Tags: what comes in, what goes out."""

import uuid
from typing import Any

from webapp.models import Tag
from webapp.schemas.text import Line, Strict


class TagIn(Strict):
    name: Line
    colour: Line = "grey"


class TagPatch(Strict):
    name: Line | None = None
    colour: Line | None = None


class TagMerge(Strict):
    into_id: uuid.UUID


class TagOut(Strict):
    id: uuid.UUID
    name: str
    colour: str


def tag_out(tag: Tag) -> dict[str, Any]:
    """A tag as pages and programs see it."""
    return {"id": str(tag.id), "name": tag.name, "colour": tag.colour}
