"""The live board as it is pushed, and its links as pages and screens send them."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import StringConstraints, field_validator

from webapp import clock
from webapp.models import WallboardLink
from webapp.schemas.sla import Metric, Priority
from webapp.schemas.text import Line, Strict
from webapp.validators import visible


class ScreenIn(Strict):
    """What a screen shows to be let in: its link's token."""

    token: Annotated[Line, StringConstraints(min_length=1, max_length=200)]


class WallboardForm(Strict):
    """A new link."""

    name: Annotated[Line, StringConstraints(max_length=60)] = ""
    shows_titles: bool = False

    @field_validator("name")
    @classmethod
    def _is_visible(cls, value: str) -> str:
        if not visible(value):
            raise ValueError("Say which screen it is for")
        return visible(value)


class WallboardIn(WallboardForm):
    """A new link, as a program asks for it."""

    name: Annotated[Line, StringConstraints(max_length=60)]


class WallboardLinkOut(Strict):
    """A link that shows the live board; its address is told once, when it is made."""

    id: uuid.UUID
    name: str
    shows_titles: bool
    created_at: datetime
    opened_at: datetime | None


def wallboard_link_out(link: WallboardLink) -> dict[str, Any]:
    """A link as pages and programs list it."""
    return {
        "id": str(link.id),
        "name": link.name,
        "shows_titles": link.shows_titles,
        "created_at": clock.iso(link.created_at),
        "opened_at": clock.iso(link.opened_at),
    }


class BoardRow(Strict):
    """A ticket of the live board's lists; `title` only for those who may read it."""

    number: int
    title: str | None
    priority: Priority
    metric: Metric | None
    due_at: datetime
    agent: str | None


class BoardAgent(Strict):
    id: uuid.UUID
    name: str
    state: Literal["online", "away", "busy", "offline"]
    load: int
    capacity: int


class BoardResponse(Strict):
    """Today's first responses: the median, of how many, and the median of what was promised."""

    median_seconds: int | None
    n: int
    target_seconds: int | None


class BoardChanges(Strict):
    """The fields of the live board that are others now; none: the server is there and nothing has changed."""

    open: int = 0
    unassigned: int = 0
    waiting: int = 0
    risk_5: int = 0
    risk_15: int = 0
    risk_30: int = 0
    risk_60: int = 0
    breached: int = 0
    chats_active: int = 0
    chats_queued: int = 0
    waiting_since: datetime | None = None
    response: BoardResponse | None = None
    agents: list[BoardAgent] = []
    agents_offline: int = 0
    next: list[BoardRow] = []
    late: list[BoardRow] = []


class BoardPushed(Strict):
    """`seq` counts the changes that the process tells of this board; after a gap, ask for the whole."""

    seq: int
    now: datetime
    changed: BoardChanges


class HealthChanges(Strict):
    """The fields that are others now; `late` only for those who may manage jobs."""

    waiting: int = 0
    later: int = 0
    running: int = 0
    failed: int = 0
    done: int = 0
    timers: int = 0
    timers_behind: int = 0
    timers_failing: int = 0
    late: list[str] = []
    minute: datetime | None = None


class HealthPushed(Strict):
    """As `BoardPushed`, of what the Health page is about."""

    seq: int
    now: datetime
    changed: HealthChanges
