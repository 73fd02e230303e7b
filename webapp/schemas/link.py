"""Links between tickets: what comes in, what goes out."""

import uuid
from typing import Any, Literal

from webapp.models import Link, Ticket
from webapp.schemas.pushed import Status
from webapp.schemas.text import Line, Strict

LinkKind = Literal["related", "parent", "child", "duplicate", "original", "follow_up", "followed_up_by"]


class LinkIn(Strict):
    """`ticket`: the other one's id or number. `kind`: what it is to this one."""

    ticket: Line
    kind: LinkKind


class LinkPath(Strict):
    ticket_id: Line
    link_id: uuid.UUID


class LinkedTicket(Strict):
    id: uuid.UUID
    number: int
    title: str
    status: Status
    status_id: uuid.UUID | None


class LinkOut(Strict):
    id: uuid.UUID
    kind: LinkKind
    ticket: LinkedTicket


def link_out(kind: str, link: Link, other: Ticket) -> dict[str, Any]:
    """A link as seen from one ticket."""
    return {
        "id": str(link.id),
        "kind": kind,
        "ticket": {
            "id": str(other.id),
            "number": other.number,
            "title": other.title,
            "status": other.status,
            "status_id": str(other.status_id) if other.status_id else None,
        },
    }
