"""Keeping the measurements level with the ledger, and making them again from nothing but it."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from webapp import clock, green
from webapp.extensions import db
from webapp.models import Customer, Event, MeasuredUpTo, Measurement, SlaClock, Ticket, WorkspaceFeed
from webapp.services.report.hours import InboxHours
from webapp.services.report.measure import measure
from webapp.services.sla.clocks import read_history
from webapp.services.sla.fold import Happening
from webapp.tenancy import require_workspace_id
from webapp.upsert import add_unless_there

TICKETS = 25
"""So many are measured in one go: it holds a lock, and on SQLite the loop."""
EVENTS = 500
COLUMNS = tuple(column.name for column in Measurement.__table__.columns if column.name != "workspace_id")


class Rebuilt(NamedTuple):
    """How far a rebuilding is. `last`: the last ticket it measured; `seq`: where the feed was as it began."""

    tickets: int = 0
    rows: int = 0
    last: uuid.UUID | None = None
    seq: int | None = None
    is_done: bool = False


BEGINNING = Rebuilt()


def catch_up(*, session: Any = None, limit: int = TICKETS) -> bool:
    """Measures up to `limit` tickets that were touched since the last time; whether all is measured now.

    Also False while another process measures this workspace: wait a moment before asking again. Needs a
    transaction that may write.
    """
    session = session or db.session()
    mark = _lock(session)
    if mark is None:
        return False
    query = sa.select(Event.workspace_seq, Event.ticket_id).where(Event.workspace_seq > mark.seq)
    fresh = _read(query.order_by(Event.workspace_seq).limit(EVENTS), Event, session)
    seq, touched = mark.seq, set[uuid.UUID]()
    for event in fresh:
        if event.ticket_id and event.ticket_id not in touched:
            if len(touched) == limit:
                break
            touched.add(event.ticket_id)
        seq = event.workspace_seq
    _measure_tickets(sorted(touched), session)
    mark.seq = seq
    session.flush()
    return len(fresh) < EVENTS and (not fresh or seq == fresh[-1].workspace_seq)


def rebuild(so_far: Rebuilt = BEGINNING, *, session: Any = None, limit: int = TICKETS) -> Rebuilt:
    """Measures the next `limit` tickets anew, whatever is stored of them; go on with what it returned.

    Once it is done, all is measured that was in the feed when it began.
    """
    session = session or db.session()
    mark = _lock(session, is_patient=True)
    assert mark is not None
    seq = session.scalar(sa.select(WorkspaceFeed.seq)) if so_far.seq is None else so_far.seq
    query = sa.select(Ticket.id).order_by(Ticket.id).limit(limit)
    ids = list(session.scalars(query.where(Ticket.id > so_far.last) if so_far.last else query))
    rows = _measure_tickets(ids, session)
    is_done = len(ids) < limit
    if is_done:
        mark.seq = max(mark.seq, seq or 0)
        session.flush()
    last = ids[-1] if ids else so_far.last
    return Rebuilt(so_far.tickets + len(ids), so_far.rows + rows, last, seq or 0, is_done)


def measured_until(*, session: Any = None) -> datetime:
    """Until when the workspace's events are measured: now, if all are."""
    session = session or db.session()
    done = sa.select(MeasuredUpTo.seq).where(MeasuredUpTo.workspace_id == require_workspace_id())
    query = sa.select(Event.at).where(Event.workspace_seq > (session.scalar(done) or 0))
    waits: datetime | None = session.scalar(query.order_by(Event.workspace_seq).limit(1))
    return waits or clock.now()


def _lock(session: Any, *, is_patient: bool = False) -> MeasuredUpTo | None:
    """The workspace's mark, locked; None while somebody else has it."""
    query = sa.select(MeasuredUpTo).with_for_update(skip_locked=not is_patient)
    query = query.execution_options(populate_existing=True)
    found: MeasuredUpTo | None = session.scalar(query)
    if found is None:
        first = {"workspace_id": require_workspace_id(), "seq": 0}
        add_unless_there(MeasuredUpTo, first, session=session)
        found = session.scalar(query)
    return found


# --- measuring some tickets -----------------------------------------------------------------------


def _measure_tickets(ids: Sequence[uuid.UUID], session: Any) -> int:
    """Stores these tickets' rows where they are others than before; how many they have."""
    if not ids:
        return 0
    wanted = _wanted(ids, session)
    stored = _stored(ids, session)
    changed = [one for one in ids if wanted.get(one, []) != stored.get(one, [])]
    forgetting = sa.delete(Measurement).where(Measurement.ticket_id.in_(changed))
    if any(one in stored for one in changed):
        session.execute(forgetting.execution_options(synchronize_session=False))
    here = {"workspace_id": require_workspace_id()}
    rows = [here | dict(zip(COLUMNS, row, strict=True)) for one in changed for row in wanted.get(one, ())]
    if rows:
        session.execute(Measurement.__table__.insert(), rows, execution_options={"unscoped": True})
    return sum(map(len, wanted.values()))


Stored = dict[uuid.UUID, list[tuple[Any, ...]]]
"""Rows by ticket: the values of `COLUMNS`, in the order of kind and instance."""


def _wanted(ids: Sequence[uuid.UUID], session: Any) -> Stored:
    histories = read_history(ids, session=session)
    clocks = defaultdict(list)
    for row in _read(sa.select(*_CLOCK).where(SlaClock.ticket_id.in_(ids)), SlaClock, session):
        clocks[row.ticket_id].append(row)
    hours = InboxHours(session)
    found = {}
    for ticket in _read(_tickets(ids), Ticket, session):
        history = _whole(ticket, histories[ticket.id])
        rows = measure(history, clocks[ticket.id], hours.of(ticket.inbox_id), pause=green.pause)
        green.pause()
        found[ticket.id] = _sorted(row | {"ticket_id": ticket.id} for row in rows)
    return found


def _stored(ids: Sequence[uuid.UUID], session: Any) -> Stored:
    columns = [getattr(Measurement, name) for name in COLUMNS]
    query = sa.select(*columns).where(Measurement.ticket_id.in_(ids))
    found = defaultdict(list)
    for row in _read(query, Measurement, session):
        found[row.ticket_id].append(tuple(row))
    return {one: sorted(rows, key=lambda row: row[1:3]) for one, rows in found.items()}


def _read(query: Any, model: Any, session: Any) -> Sequence[Any]:
    """Plain rows of this workspace: many small reads, which the automatic filter would make twice as slow."""
    here = query.where(model.workspace_id == require_workspace_id())
    rows: Sequence[Any] = session.execute(here, execution_options={"unscoped": True}).all()
    return rows


def _sorted(rows: Any) -> list[tuple[Any, ...]]:
    found = [tuple(row[name] for name in COLUMNS) for row in rows]
    return sorted(found, key=lambda row: row[1:3])


_PROMISED = ("metric", "instance", "state", "started_at", "due_at", "ended_at")
_CLOCK = [
    getattr(SlaClock, name)
    for name in ("ticket_id", *_PROMISED, "policy_id", "priority", "tier", "target_seconds")
]
_FIELDS = ("status", "pending_on", "priority", "channel", "inbox_id", "team_id", "assigned_agent_id")


def _tickets(ids: Sequence[uuid.UUID]) -> Any:
    columns = (getattr(Ticket, name) for name in ("id", "created_at", *_FIELDS))
    joined = sa.select(*columns, Customer.tier).join(Customer, Customer.id == Ticket.customer_id)
    return joined.where(Ticket.id.in_(ids))


def _whole(ticket: Any, history: list[Happening]) -> list[Happening]:
    """Its events; of a ticket without its beginning (an import), what its row and they let guess."""
    born = next((one for one in history if one.name == "ticket.created"), None)
    if born is not None and "status" in born.changes:
        return history
    born = born or Happening("ticket.created", ticket.created_at, 0)
    began = {name: [None, _began(name, ticket, history)] for name in (*_FIELDS, "tier")}
    rest = [one for one in history if one.name != "ticket.created"]
    return [replace(born, changes={**began, **born.changes}), *rest]


def _began(name: str, ticket: Any, history: list[Happening]) -> Any:
    """What a field was before the first event that changes it, else what it is."""
    moved = (one.changes[name][0] for one in history if one.name != "ticket.created" and name in one.changes)
    value = next(moved, getattr(ticket, name))
    return str(value) if isinstance(value, uuid.UUID) else value
