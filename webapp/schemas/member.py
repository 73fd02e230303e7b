"""Staff as programs see and change them."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from webapp import clock
from webapp.models import User
from webapp.schemas.pushed import Availability
from webapp.schemas.text import Line, Strict
from webapp.schemas.user import member_out


class MemberIn(Strict):
    """Whoever is added is mailed a link to set their password."""

    email: Line
    name: Line
    role: Line = "agent"


class MemberPatch(Strict):
    """`team_ids`: all the teams that they are in."""

    email: Line | None = None
    name: Line | None = None
    role: Line | None = None
    team_ids: Annotated[list[uuid.UUID], Field(max_length=100)] | None = None

    def details(self) -> dict[str, str]:
        """The name and address that were given."""
        return self.model_dump(include={"name", "email"}, exclude_none=True)


class LeavingIn(Strict):
    """Who gets the open tickets: `user:<id>`, `team:<id>` or `routing`."""

    to: Line = "routing"


class StaffOut(Strict):
    """A member of staff, to those who manage people."""

    id: uuid.UUID
    name: str
    email: str
    role: str
    state: Literal["active", "invited", "deactivated"]
    availability: Availability
    last_seen_at: datetime | None
    created_at: datetime


def staff_out(user: User) -> dict[str, Any]:
    """A member of staff as those who manage people see them."""
    return {
        **member_out(user),
        "availability": user.availability,
        "last_seen_at": clock.iso(user.last_seen_at),
        "created_at": clock.iso(user.created_at),
    }
