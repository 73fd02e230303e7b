"""What nobody has told this process: its sockets hear it from the ledger, within three seconds.

Redis carries hints, and may be down, hang, or be cut off from one process alone; a command or a worker may
have none. So each process looks every second how far the feed of each of its workspaces has gone. What was
there a look ago and has not been heard here by now is told to this process's own sockets. Clients know an
event by its number, so that one which comes twice is one.
"""

import uuid
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask import Flask

from webapp import bus, green
from webapp.database import read_only
from webapp.extensions import db
from webapp.models import Comment, Event, Ticket
from webapp.realtime import broadcasts, presence, revocation
from webapp.realtime.rooms import AGENT
from webapp.realtime.rooms import staff as staff_room
from webapp.realtime.server import connections, emit
from webapp.schemas.ticket import ticket_row
from webapp.services import meter
from webapp.services.event import Recorded, RowChanged, announcement, feed_position, standing
from webapp.tenancy import use_workspace

LOOK_SECONDS = 1.0
AT_ONCE = 500
"""So many events of a workspace are looked at in one look; the others in the next."""
UNTOLD_DOOR = "import"
"""What an import writes happened long ago, elsewhere: nobody is told."""


@dataclass
class Place:
    """How far a workspace's sockets here have been told, and how far its feed had gone at the last look."""

    told: int
    seen: int


_places: dict[uuid.UUID, Place] = {}
_heard: set[str] = set()
_heard_before: set[str] = set()
_told: deque[tuple[str, bool, int]] = deque(maxlen=2000)
"""What was told late, of late: Redis may bring it yet."""


def follow(workspace_id: uuid.UUID | None) -> None:
    """Begins to look after a workspace; called before its first socket here reads anything."""
    if workspace_id is None or workspace_id in _places:
        return
    with use_workspace(workspace_id), read_only():
        position = feed_position()
    _places.setdefault(workspace_id, Place(position, position))


def hear(event_id: str) -> None:
    """An event has been told to this process's sockets, whichever process it came from."""
    _heard.add(event_id)


def take(body: dict[str, Any]) -> bool:
    """Another process tells an event, staff's form or the customer's: False where the ledger was first."""
    if _place_of(body) in _told:
        return False
    if "id" in body:
        hear(body["id"])
    return True


def _place_of(body: dict[str, Any]) -> tuple[str, bool, int]:
    """What both forms of an event have: the ticket, whether it is staff's form, the place in its thread."""
    return body["ticket_id"], "id" in body, body["seq"]


def look() -> None:
    """Tells what was there at the last look already and has not been heard since the one before."""
    global _heard, _heard_before
    known, _heard_before, _heard = _heard | _heard_before, _heard, set()
    present = {connection.actor.workspace_id for connection in connections()}
    for workspace_id in _places.keys() - present:
        del _places[workspace_id]
        presence.forget(workspace_id)
    for workspace_id, place in list(_places.items()):
        with use_workspace(workspace_id), read_only():
            facts, changed = _late(place, known, workspace_id)
        _tell(facts, changed)


def _late(place: Place, known: set[str], workspace_id: uuid.UUID) -> tuple[list[Recorded], list[RowChanged]]:
    """The events that nobody has told, and the rows of their tickets as they are by now."""
    until, place.seen = place.seen, feed_position()
    if until <= place.told:
        return [], []
    between = Event.workspace_seq > place.told, Event.workspace_seq <= until
    query = sa.select(Event.id, Event.workspace_seq, Event.door).where(*between)
    found = db.session.execute(query.order_by(Event.workspace_seq).limit(AT_ONCE)).all()
    place.told = found[-1].workspace_seq if len(found) == AT_ONCE else until
    missed = [row.id for row in found if row.door != UNTOLD_DOOR and str(row.id) not in known]
    return _told_anew(missed, workspace_id) if missed else ([], [])


def _told_anew(missed: list[uuid.UUID], workspace_id: uuid.UUID) -> tuple[list[Recorded], list[RowChanged]]:
    """Those events and rows, as their commit would have told them."""
    loaded = sa.orm.selectinload(Event.comment).selectinload(Comment.attachments)
    query = sa.select(Event).where(Event.id.in_(missed)).order_by(Event.workspace_seq).options(loaded)
    events = list(db.session.scalars(query))
    last = {event.ticket_id: event.workspace_seq or 0 for event in events}
    named = sa.select(Ticket).where(Ticket.id.in_(one for one in last if one))
    tickets = {ticket.id: ticket for ticket in db.session.scalars(named)}
    facts = [announcement(event, tickets.get(event.ticket_id), workspace_id) for event in events]
    rows = [_as_it_is(ticket, last[ticket.id]) for ticket in tickets.values()]
    return facts, rows


def _as_it_is(ticket: Ticket, workspace_seq: int) -> RowChanged:
    """How a ticket counted before is not known here: it counts as it did, and the counts are read anew."""
    return RowChanged(ticket.workspace_id, ticket_row(ticket), standing(ticket), workspace_seq)


def _tell(facts: list[Recorded], rows: list[RowChanged]) -> None:
    here = partial(emit, here=True)
    for fact in facts:
        _told.extend(_place_of(form) for form in (fact.staff, fact.customer) if form)
        meter.told(fact, "ledger")
        broadcasts.event_recorded(fact, here)
        revocation.merged(fact)
    if facts:
        with use_workspace(facts[0].workspace_id), read_only():
            presence.changed_elsewhere(facts)
    for row in rows:
        broadcasts.row_changed(row, here)
    if rows:
        room = staff_room(rows[0].workspace_id)
        emit("queue.outdated", {}, room=room, namespace=AGENT, here=True)


def _recorded(fact: Recorded) -> None:
    hear(fact.staff["id"])


def register() -> None:
    """Listens to what this process tells by itself."""
    bus.subscribe(Recorded, _recorded)


def start(app: Flask) -> None:
    """Begins to look."""
    green.every(LOOK_SECONDS, look, inside=app.app_context)
