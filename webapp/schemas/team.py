"""A team: what programs may set, and how they see it."""

import uuid
from typing import Annotated, Any

from pydantic import Field

from webapp.schemas.text import Line, Strict

Members = Annotated[list[uuid.UUID], Field(max_length=500)]


class TeamIn(Strict):
    name: Line
    member_ids: Members = []
    lead_id: uuid.UUID | None = None


class TeamPatch(Strict):
    name: Line | None = None
    member_ids: Members | None = None
    lead_id: uuid.UUID | None = None


class TeamOut(Strict):
    """Who is in a team, and who leads it."""

    id: uuid.UUID
    name: str
    lead_id: uuid.UUID | None
    member_ids: list[uuid.UUID]


def team_out(team: dict[str, Any]) -> dict[str, Any]:
    """A row of `services.team.list_teams`; nobody leads it where `lead_id` is null."""
    return {**team, "lead_id": team["lead_id"] or None}
