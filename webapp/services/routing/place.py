"""Where a waiting customer stands, and how long it may take: said as a range, and again on each change."""

import statistics
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp import bus, clock
from webapp.extensions import db
from webapp.models import Ticket
from webapp.models.ticket import CHAT_SQL
from webapp.schemas.routing import RoutingSettings
from webapp.services.routing.pool import Seat, read_pool
from webapp.services.routing.waiting import is_waiting, waiting_chats
from webapp.services.setting import read_section
from webapp.tenancy import require_workspace_id

TOLD = 200
SAMPLE_DAYS = 14
SAMPLE = 200
LEAST_SAMPLE = 5
FASTER, SLOWER = 0.6, 1.6


@dataclass(frozen=True)
class PlaceMoved:
    """A waiting customer's place; `None` once they are served."""

    workspace_id: uuid.UUID
    customer_id: uuid.UUID
    inbox_id: uuid.UUID
    body: dict[str, Any]


def tell_places(*, session: Any = None) -> None:
    """Announces to each waiting chat where it stands now."""
    session = session or db.session()
    section = read_section(RoutingSettings, session=session)
    if not section.is_on or not section.show_place:
        return
    rows = _line(session)
    if not rows:
        return
    pace = _pace(section, session)
    workspace_id = require_workspace_id()
    for position, row in enumerate(rows, 1):
        body = _body(row.id, position, pace)
        bus.announce(session, PlaceMoved(workspace_id, row.customer_id, row.inbox_id, body))


def place_of(ticket: Ticket, *, session: Any = None) -> dict[str, Any] | None:
    """Where a chat stands: `{ticket_id, position, wait}`; None if it doesn't wait or isn't to know."""
    session = session or db.session()
    if ticket.channel != "chat" or not is_waiting(ticket) or ticket.ended_at is not None:
        return None
    section = read_section(RoutingSettings, session=session)
    if not section.is_on or not section.show_place:
        return None
    ids = [row.id for row in _line(session)]
    if ticket.id not in ids:
        return None
    return _body(ticket.id, ids.index(ticket.id) + 1, _pace(section, session))


def _line(session: Any) -> list[Any]:
    columns = (Ticket.id, Ticket.customer_id, Ticket.inbox_id)
    return waiting_chats(*columns, limit=TOLD, session=session)


def _body(ticket_id: uuid.UUID, position: int, pace: float | None) -> dict[str, Any]:
    wait = None if pace is None else wait_range(position, pace)
    return {"ticket_id": str(ticket_id), "position": position, "wait": wait}


def wait_range(position: int, seconds_each: float) -> list[int]:
    """`[from, to]` in minutes, at least one: what is likely, faster and slower than usual."""
    minutes = position * seconds_each / 60
    least = max(1, round(minutes * FASTER))
    return [least, max(least + 1, round(minutes * SLOWER))]


def _pace(section: RoutingSettings, session: Any) -> float | None:
    """Seconds until the next in line is served: what half of all chats take, over the slots."""
    slots = _slots(read_pool(section, session=session), section)
    handling = _handling_seconds(session)
    return handling / slots if slots and handling else None


def _slots(seats: list[Seat], section: RoutingSettings) -> int:
    cost = max(1, section.cost("chat", "medium"))
    return sum(seat.capacity // cost for seat in seats if seat.is_available)


def _handling_seconds(session: Any) -> float | None:
    """The median from assignment to resolution of the newest chats; None below five."""
    query = (
        sa.select(Ticket.assigned_at, Ticket.resolved_at)
        .where(
            sa.text(CHAT_SQL),
            Ticket.is_spam.is_(False),
            Ticket.resolved_at > clock.now() - timedelta(days=SAMPLE_DAYS),
            Ticket.assigned_at.is_not(None),
        )
        .order_by(Ticket.resolved_at.desc())
        .limit(SAMPLE)
    )
    times = [(ended - begun).total_seconds() for begun, ended in session.execute(query)]
    return statistics.median(times) if len(times) >= LEAST_SAMPLE else None
