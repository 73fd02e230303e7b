"""The board's numbers: what each counts, on the indexes that the queue stands on.

All but the chats come from one pass over the entries of the tickets on the queue in `ix_tickets_by_agent`, so
that they cost what is in hand, however many tickets there ever were.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.models import Ticket
from webapp.models.ticket import CHAT_SQL, FAR, IDLE_SHIFT, LOAD_SQL, WAITING_SQL
from webapp.services.ticket.queue import page_of
from webapp.tenancy import require_workspace_id

Conditions = list[sa.ColumnElement[bool]]
RISKS = (5, 15, 30, 60)
"""The minutes before a deadline in which the board counts a ticket as at risk."""


@dataclass(frozen=True)
class Number:
    """One number: what its list is called, its tickets among those on the queue, and their order."""

    name: str
    title: str
    conditions: Callable[[datetime], Conditions]
    sort: str = "due"
    is_chat: bool = False


def _risk(minutes: int) -> Callable[[datetime], Conditions]:
    return lambda now: [Ticket.due_rank > now, Ticket.due_rank <= now + timedelta(minutes=minutes)]


def _chats(condition: str) -> Callable[[datetime], Conditions]:
    return lambda _now: [sa.text(condition), sa.text(CHAT_SQL), Ticket.ended_at.is_(None)]  # type: ignore[list-item]


_ALL = (
    Number("open", "Open tickets", lambda _now: []),
    Number("unassigned", "Tickets nobody has taken", lambda _now: [Ticket.assigned_agent_id.is_(None)]),
    # Whoever waits ranks by since when, the others a thousand years later.
    Number(
        "waiting",
        "Customers waiting for us",
        lambda now: [Ticket.wait_rank < now + IDLE_SHIFT / 2],
        sort="waiting",
    ),
    *(Number(f"risk_{minutes}", f"Due in the next {minutes} minutes", _risk(minutes)) for minutes in RISKS),
    Number("breached", "Past their deadline", lambda now: [Ticket.due_rank <= now]),
    Number("chats_active", "Chats in progress", _chats(LOAD_SQL), sort="waiting", is_chat=True),
    Number("chats_queued", "Chats waiting for somebody", _chats(WAITING_SQL), sort="waiting", is_chat=True),
)
NUMBERS: dict[str, Number] = {number.name: number for number in _ALL}


def tickets_behind(
    name: str, *, cursor: str | None = None, limit: int = 50
) -> tuple[list[Ticket], str | None]:
    """A page of the tickets that a number counts, and the cursor of the next.

    Raises `KeyError` for no number, `Invalid` for no cursor.
    """
    number = NUMBERS[name]
    conditions = [*_on_queue(), *number.conditions(clock.now())]
    return page_of(conditions, sort=number.sort, cursor=cursor, limit=limit)


def count(now: datetime, *, session: Any) -> dict[str, Any]:
    """Every number by its name; `waiting_since`, the longest wait's beginning; `next_at`, when time alone
    will change a number; None where there is nothing of the kind.
    """
    plain = [number for number in _ALL if not number.is_chat]
    counts = [
        sa.func.count().filter(sa.and_(sa.true(), *number.conditions(now))).label(number.name)
        for number in plain
    ]
    chats = [_count_chats(number, now) for number in _ALL if number.is_chat]
    waiting = NUMBERS["waiting"].conditions(now)
    longest = sa.func.min(Ticket.wait_rank).filter(*waiting).label("waiting_since")
    moments = [now, *(now + timedelta(minutes=minutes) for minutes in RISKS)]
    nexts = [
        sa.func.min(Ticket.due_rank).filter(Ticket.due_rank > at).label(f"next_{index}")
        for index, at in enumerate(moments)
    ]
    row = session.execute(sa.select(*counts, *chats, longest, *nexts).where(*_on_queue())).one()._asdict()
    ahead = [row.pop(f"next_{index}") for index in range(len(moments))]
    changes = [due - (at - now) for at, due in zip(moments, ahead, strict=True) if due not in (None, FAR)]
    return {**row, "next_at": min(changes, default=None)}


def _count_chats(number: Number, now: datetime) -> Any:
    query = sa.select(sa.func.count(Ticket.id)).where(*_on_queue(), *number.conditions(now))
    return query.correlate(None).scalar_subquery().label(number.name)


def _on_queue() -> Conditions:
    return [Ticket.workspace_id == require_workspace_id(), Ticket.shelf == "queue"]
