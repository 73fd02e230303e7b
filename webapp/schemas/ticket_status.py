"""A workspace's statuses: what comes in, what goes out."""

import uuid
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from webapp.models import TicketStatus
from webapp.schemas.text import Line, Place, Strict

Code = Literal["open", "assigned", "in_progress", "pending", "resolved", "closed"]
PendingOn = Literal["customer", "third_party"]


class StatusIn(Strict):
    code: Code
    label: Line
    pending_on: Annotated[PendingOn | None, BeforeValidator(lambda value: value or None)] = None


class StatusForm(Strict):
    """As a form sends it."""

    label: Line
    pending_on: Literal["", "customer", "third_party"] = ""


class CodeForm(Strict):
    """Another name for one of the six; empty: its own again."""

    label: Line = ""


class StatusPatch(Strict):
    label: Line | None = None
    position: Place | None = None
    is_active: bool | None = None
    pending_on: PendingOn | None = None


class StatusOut(Strict):
    """A status; `id` None: the code itself."""

    id: uuid.UUID | None
    code: Code
    label: str
    pending_on: PendingOn | None
    active: bool


def status_out(status: TicketStatus) -> dict[str, Any]:
    """A status as pages and programs see it; `id` None is the code itself."""
    return {
        "id": None if status.is_standard else str(status.id),
        "code": status.code,
        "label": status.label,
        "pending_on": status.pending_on,
        "active": status.is_active,
    }
