"""The ledger's only door: `record()` writes an event with the change, and announces it after the commit."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from webapp import bus, database
from webapp.auth import Actor, current_actor
from webapp.events import CATALOGUE
from webapp.extensions import db
from webapp.models import Comment, Event, Ticket, WorkspaceFeed
from webapp.schemas.event import event_for_customer, event_for_staff
from webapp.schemas.ticket import ticket_row
from webapp.tenancy import require_workspace_id

Changes = dict[str, list[Any]]
Reaction = Callable[[Any, "list[tuple[Event, Ticket | None]]"], None]
_reactions: list[Reaction] = []
_conclusions: list[Reaction] = []


@dataclass(frozen=True)
class Recorded:
    """One committed event, as its audiences get it; `customer` is None where they see nothing of it."""

    name: str
    workspace_id: uuid.UUID
    ticket_id: uuid.UUID | None
    customer_id: uuid.UUID | None
    inbox_ids: tuple[uuid.UUID, ...]
    subject_id: uuid.UUID | None
    staff: dict[str, Any]
    customer: dict[str, Any] | None = None


@dataclass(frozen=True)
class RowChanged:
    """A ticket's row in the queue after a transaction that touched it, once for all its events."""

    workspace_id: uuid.UUID
    row: dict[str, Any]
    before: dict[str, Any] | None
    workspace_seq: int


@dataclass
class _Pending:
    """What one transaction has recorded and not yet announced."""

    before: dict[uuid.UUID, dict[str, Any] | None] = field(default_factory=dict)


def remember(ticket: Ticket, *, session: Any = None, is_new: bool = False) -> None:
    """Notes how a ticket counted in the queue before this transaction changes it."""
    session = session or db.session()
    pending = database.scratch(session, "queue", _Pending)
    if ticket.id not in pending.before:
        pending.before[ticket.id] = None if is_new else standing(ticket)


def standing(ticket: Ticket) -> dict[str, Any]:
    """What decides in which of the queue's counts a ticket is."""
    agent = ticket.assigned_agent_id
    return {
        "assigned_agent_id": str(agent) if agent else None,
        "shelf": ticket.shelf,
        "pending_on": ticket.pending_on,
    }


def record(
    name: str,
    *,
    session: Any = None,
    actor: Actor | None = None,
    ticket: Ticket | None = None,
    comment: Comment | None = None,
    subject_id: uuid.UUID | None = None,
    changes: Changes | None = None,
    public_changes: Changes | None = None,
    is_public: bool | None = None,
) -> Event:
    """Writes one event of the catalogue and counts the ticket's sequences; the ticket must be locked.

    `changes`: {field: [old, new]}, JSON-ready. `is_public` decides where the catalogue leaves it open.
    Raises `KeyError` for a name that the catalogue does not hold.
    """
    session = session or db.session()
    actor = actor or current_actor()
    fact = CATALOGUE[name]
    event = Event(
        id=database.uuid7(),
        name=name,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        door=actor.door,
        at=database.utc_now(),
        subject_id=subject_id,
        changes=changes or {},
        public_changes=public_changes,
    )
    if ticket is not None:
        remember(ticket, session=session)
        shown = fact.public is True if is_public is None else is_public
        _count(ticket, event, shown=shown)
    if comment is not None:
        if name == "comment.created":
            comment.seq, comment.public_seq = event.ticket_seq, event.public_seq  # type: ignore[assignment]
            session.add(comment)
        event.comment_id, event.comment = comment.id, comment
    session.add(event)
    database.scratch(session, "recorded_by", dict)[event.id] = actor
    _await_commit(session, event, ticket)
    return event


def recorded_by(event: Event, *, session: Any) -> Actor:
    """Who recorded an event of this transaction, with what the row does not hold: address and browser."""
    found: Actor = database.scratch(session, "recorded_by", dict)[event.id]
    return found


def _count(ticket: Ticket, event: Event, *, shown: bool) -> None:
    ticket.last_seq += 1
    ticket.updated_at = database.utc_now()
    event.ticket_id, event.ticket_seq = ticket.id, ticket.last_seq
    if shown:
        ticket.last_public_seq += 1
        event.public_seq = ticket.last_public_seq


def react(reaction: Reaction) -> None:
    """Calls `reaction(session, [(event, ticket or None), …])` at the end of each transaction that recorded.

    Inside that transaction, once, for all it recorded; it may change the tickets it is given (they are
    locked), record events, enqueue jobs and set timers. It is then told of what others recorded meanwhile.
    """
    if reaction not in _reactions:
        _reactions.append(reaction)


def conclude(conclusion: Reaction) -> None:
    """Calls `conclusion(session, recorded)` once, after all reactions and just before the feed's numbering.

    It may add rows of its own, and lock one that nothing else locks; it records and changes nothing.
    """
    if conclusion not in _conclusions:
        _conclusions.append(conclusion)


def _await_commit(session: Any, event: Event, ticket: Ticket | None) -> None:
    recorded = session.info.setdefault("recorded", [])
    if not recorded:
        database.before_commit(session, lambda: _settle(session))
    recorded.append((event, ticket))


def _settle(session: Any) -> None:
    """Builds every payload, then numbers the events in the feed: the transaction's last statement."""
    _react(session)
    recorded = session.info.pop("recorded", [])
    workspace_id = require_workspace_id()
    events = [event for event, _ in recorded]
    rows = _rows(session, {ticket.id: ticket for _, ticket in recorded if ticket is not None}.values())
    payloads = [announcement(event, ticket, workspace_id) for event, ticket in recorded]
    for conclusion in _conclusions:
        conclusion(session, recorded)
    last = _number(session, workspace_id, events)
    for event, payload in zip(events, payloads, strict=True):
        payload.staff["workspace_seq"] = event.workspace_seq
        bus.announce(session, payload)
    for row, before in rows:
        bus.announce(session, RowChanged(workspace_id, row, before, last))


def _react(session: Any) -> None:
    """Lets every reaction see every event once, those of the other reactions included."""
    recorded = session.info.get("recorded", [])
    told = dict.fromkeys(_reactions, 0)
    while any(count < len(recorded) for count in told.values()):
        for reaction, count in told.items():
            fresh = recorded[count:]
            told[reaction] = len(recorded)
            if fresh:
                reaction(session, fresh)
    session.flush()


def _rows(session: Any, tickets: Iterable[Ticket]) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
    pending = database.scratch(session, "queue", _Pending)
    return [(ticket_row(ticket), pending.before.get(ticket.id)) for ticket in tickets]


def inboxes_of(ticket: Ticket) -> tuple[uuid.UUID, ...]:
    """The inboxes in which its customer sees a ticket: its own, and those of chats merged into it."""
    merged = (uuid.UUID(inbox_id) for inbox_id in ticket.merged_inbox_ids or ())
    return tuple(dict.fromkeys([*([ticket.inbox_id] if ticket.inbox_id else []), *merged]))


def announcement(event: Event, ticket: Ticket | None, workspace_id: uuid.UUID) -> Recorded:
    """An event as it is told; `ticket` is its own."""
    return Recorded(
        name=event.name,
        workspace_id=workspace_id,
        ticket_id=event.ticket_id,
        customer_id=ticket.customer_id if ticket else None,
        inbox_ids=inboxes_of(ticket) if ticket else (),
        subject_id=event.subject_id,
        staff=event_for_staff(event),
        customer=event_for_customer(event) if event.public_seq is not None else None,
    )


def append_history(events: list[Event], *, session: Any) -> None:
    """Writes events that happened elsewhere at the feed's end: nobody reacts to them or is told of them.

    The last thing in a transaction: the feed's row is locked from here to the commit.
    """
    session.add_all(events)
    session.flush()
    if events:
        _number(session, require_workspace_id(), events)


_POSTGRESQL_NUMBER = """
WITH feed AS (
  UPDATE workspace_feeds SET seq = seq + :count WHERE workspace_id = :workspace RETURNING seq
), wanted AS (
  SELECT id, ordinal FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS given(id, ordinal)
)
UPDATE events SET workspace_seq = feed.seq - :count + wanted.ordinal
FROM feed, wanted WHERE events.id = wanted.id RETURNING feed.seq
"""


def _number(session: Any, workspace_id: uuid.UUID, events: list[Event]) -> int:
    """Numbers the events in the workspace's feed, in order; the feed's row is locked until the COMMIT."""
    if session.get_bind().dialect.name == "postgresql":
        last = session.execute(
            sa.text(_POSTGRESQL_NUMBER),
            {"count": len(events), "workspace": workspace_id, "ids": [str(event.id) for event in events]},
            execution_options={"unscoped": True},
        ).scalar()
    else:
        last = _number_on_sqlite(session, workspace_id, events)
    for ordinal, event in enumerate(events):
        sa.orm.attributes.set_committed_value(event, "workspace_seq", last - len(events) + ordinal + 1)
    return int(last)


def _number_on_sqlite(session: Any, workspace_id: uuid.UUID, events: list[Event]) -> int:
    unscoped = {"unscoped": True}
    last = session.execute(
        sa.text(
            "UPDATE workspace_feeds SET seq = seq + :count WHERE workspace_id = :workspace RETURNING seq"
        ),
        {"count": len(events), "workspace": workspace_id.hex},
        execution_options=unscoped,
    ).scalar()
    numbering = sa.text("UPDATE events SET workspace_seq = :seq WHERE id = :id")
    first = last - len(events) + 1
    rows = [{"seq": first + ordinal, "id": event.id.hex} for ordinal, event in enumerate(events)]
    session.execute(numbering, rows, execution_options=unscoped)
    return int(last)


def created_event(comment: Comment, *, session: Any = None) -> Event:
    """The event of a comment's writing."""
    session = session or db.session()
    for event, _ in session.info.get("recorded", ()):  # written in this very transaction: at hand
        if event.comment is comment and event.name == "comment.created":
            session.flush()
            return event  # type: ignore[no-any-return]
    query = sa.select(Event).where(Event.comment_id == comment.id, Event.name == "comment.created")
    found: Event = session.scalars(query).one()
    return found


def feed_position() -> int:
    """The workspace's last `workspace_seq`."""
    return int(db.session.scalar(sa.select(WorkspaceFeed.seq)) or 0)


def list_ticket_events(
    ticket_id: uuid.UUID,
    *,
    after: int | None = None,
    before: int | None = None,
    limit: int = 50,
    public: bool = False,
) -> tuple[list[Event], bool]:
    """Events of a ticket in order, and whether there are more in that direction.

    After a sequence: the oldest ones beyond it. Else the newest ones (before a sequence, if given).
    `public`: only what the customer sees, counted by `public_seq`.
    """
    column = Event.public_seq if public else Event.ticket_seq
    query = sa.select(Event).where(Event.ticket_id == ticket_id, column.is_not(None))
    if after is not None:
        query = query.where(column > after).order_by(column)
    else:
        query = query.where(column < before) if before is not None else query
        query = query.order_by(column.desc())
    loaded = sa.orm.selectinload(Event.comment).selectinload(Comment.attachments)
    found = list(db.session.scalars(query.options(loaded).limit(limit + 1)))
    page = found[:limit]
    return (page if after is not None else page[::-1]), len(found) > limit
