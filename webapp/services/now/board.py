"""The whole board in a handful of queries, each along an index and as long as what is in hand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.auth import Actor
from webapp.extensions import db
from webapp.models import Ticket, User
from webapp.models.ticket import FAR
from webapp.schemas.routing import RoutingSettings
from webapp.services.now import numbers
from webapp.services.now.response import first_response
from webapp.services.routing.pool import Seat, read_seats
from webapp.services.setting import read_section
from webapp.tenancy import require_workspace_id

ROWS = 10


@dataclass(frozen=True)
class Board:
    """`shown`: `Board` of docs/realtime.md. `next_at`: when time alone will change one of its numbers."""

    shown: dict[str, Any]
    next_at: datetime | None


def read_board(*, session: Any = None) -> Board:
    """How the workspace stands now."""
    session = session or db.session()
    now = clock.now()
    counted = numbers.count(now, session=session)
    next_at = counted.pop("next_at")
    counted["waiting_since"] = clock.iso(counted["waiting_since"])
    seats = read_seats(read_section(RoutingSettings, session=session), session=session)
    here = [seat for seat in seats if seat.is_here and seat.user.availability != "offline"]
    shown = {
        **counted,
        "response": first_response(now, session=session),
        "agents": sorted((_agent(seat) for seat in here), key=lambda one: one["state"] != "online"),
        "agents_offline": len(seats) - len(here),
        "next": _rows(Ticket.due_rank > now, session),
        "late": _rows(Ticket.due_rank <= now, session),
    }
    return Board(shown, next_at)


def sees_titles(actor: Actor) -> bool:
    """Whether somebody may know what the tickets of the board's lists are about."""
    return actor.may("ticket:read") or actor.may("wallboard:titles")


def without_titles(changed: dict[str, Any]) -> dict[str, Any]:
    """The same fields for a screen that anybody may look at: not what the tickets are about."""
    return {
        name: [{**row, "title": None} for row in value] if name in ("next", "late") else value
        for name, value in changed.items()
    }


def _agent(seat: Seat) -> dict[str, Any]:
    return {
        "id": str(seat.id),
        "name": seat.user.name,
        "state": seat.user.availability,
        "load": seat.load,
        "capacity": seat.capacity,
    }


def _rows(condition: sa.ColumnElement[bool], session: Any) -> list[dict[str, Any]]:
    """The first tickets on the queue that fulfil it, by their deadline."""
    columns = Ticket.number, Ticket.title, Ticket.priority, Ticket.sla, Ticket.due_rank, User.name
    query = (
        sa.select(*columns)
        .outerjoin(User, User.id == Ticket.assigned_agent_id)
        .where(
            Ticket.workspace_id == require_workspace_id(),
            Ticket.shelf == "queue",
            Ticket.due_rank < FAR,
            condition,
        )
        .order_by(Ticket.due_rank, Ticket.wait_rank, Ticket.number)
    )
    return [
        {
            "number": number,
            "title": title,
            "priority": priority,
            "metric": sla["metric"] if sla else None,
            "due_at": clock.iso(due_at),
            "agent": agent,
        }
        for number, title, priority, sla, due_at, agent in session.execute(query.limit(ROWS))
    ]
