"""The workspace's feed as programs read it: what happened after a place, and waiting for what comes next.

Whoever waits asks the database nothing: a commit of this process ends the wait, and so does one of another
through Redis. For what nobody tells us there is one look at each workspace that somebody waits for, however
many wait: every second, or every five where there is Redis.
"""

import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask

from webapp import bus, green
from webapp.auth import Actor, current_actor, require
from webapp.database import read_only
from webapp.extensions import db
from webapp.models import Comment, Event
from webapp.services.event import Recorded, feed_position
from webapp.tenancy import require_workspace_id, use_workspace

LOOK_SECONDS, LOOK_SECONDS_BESIDE_REDIS = 1.0, 5.0
MOST_WAITING = 100
"""So many may wait for one workspace in one process; whoever comes on top is answered at once."""

_waiting: dict[uuid.UUID, list[green.Waker]] = {}
_seen: dict[uuid.UUID, int] = {}
_tellers: list[Callable[[uuid.UUID], None]] = []


@dataclass(frozen=True)
class Page:
    """Events in order; `next` is where the next page begins. `reset`: the feed has never come so far."""

    events: list[Event]
    next: int
    has_more: bool
    reset: bool = False


def read_feed(
    after: int,
    *,
    names: Collection[str] = (),
    limit: int = 100,
    session: Any = None,
    actor: Actor | None = None,
) -> Page:
    """The workspace's events after a `workspace_seq`, oldest first; `names`: only these.

    `next` lies beyond what was passed over, so that a reader of few names does not look at the rest again.
    """
    session = session or db.session()
    require(actor or current_actor(), "event:read")
    position = feed_position()  # first: what is committed later is the next page's
    if (here := require_workspace_id()) in _waiting:
        _seen.setdefault(here, position)  # or the first look would take for old what came since
    within = sa.and_(Event.workspace_seq > after, Event.workspace_seq <= position)
    wanted = sa.and_(within, Event.name.in_(names)) if names else within
    loaded = sa.orm.selectinload(Event.comment).selectinload(Comment.attachments)
    query = sa.select(Event).where(wanted).order_by(Event.workspace_seq).limit(limit + 1).options(loaded)
    found = list(session.scalars(query))
    if len(found) > limit:
        return Page(found[:limit], found[limit - 1].workspace_seq or after, has_more=True)
    return Page(found, max(position, after), has_more=False, reset=after > position)


def wait_for_feed(read: Callable[[], Any], workspace_id: uuid.UUID, seconds: float) -> Any:
    """What `read()` answers as soon as it is something, or when `seconds` are over, whatever it is then.

    `read` opens its own `read_only()`: nothing is held while it waits.
    """
    give_up_at = time.monotonic() + seconds
    with _place(workspace_id) as woken:
        while True:
            found = read()
            left = give_up_at - time.monotonic()
            if found or woken is None or left <= 0:
                return found
            woken.wait(left)


@contextmanager
def _place(workspace_id: uuid.UUID) -> Iterator[green.Waker | None]:
    """A place among those who wait, taken before the first look so that no commit falls in between."""
    mine = _waiting.setdefault(workspace_id, [])
    if len(mine) >= MOST_WAITING:
        yield None
        return
    woken = green.Waker()
    mine.append(woken)
    try:
        yield woken
    finally:
        mine.remove(woken)
        if not mine:
            _waiting.pop(workspace_id, None)


# --- what ends a wait -----------------------------------------------------------------------------


def wake(workspace_id: uuid.UUID) -> None:
    """Something was committed in a workspace, here or elsewhere."""
    for woken in list(_waiting.get(workspace_id, ())):
        woken.wake()


def on_commit(teller: Callable[[uuid.UUID], None]) -> None:
    """Calls `teller(workspace_id)` for facts that are about no ticket: tickets' rows are told of anyway."""
    _tellers.append(teller)


def _recorded(fact: Recorded) -> None:
    wake(fact.workspace_id)
    for teller in _tellers if fact.ticket_id is None else ():
        teller(fact.workspace_id)


def register() -> None:
    """Hangs this on the bus."""
    bus.subscribe(Recorded, _recorded)


def start(app: Flask) -> None:
    """Begins to look for what other processes commit."""
    seconds = LOOK_SECONDS_BESIDE_REDIS if app.config["PARLEY"].redis_url else LOOK_SECONDS
    green.every(seconds, look_for_commits, inside=app.app_context)


def look_for_commits() -> None:
    """One look at each workspace that somebody waits for, for those whom nobody else tells."""
    for workspace_id in list(_waiting):
        with use_workspace(workspace_id), read_only():
            position = feed_position()
        if _seen.get(workspace_id, position) != position:
            wake(workspace_id)
        _seen[workspace_id] = position
    for workspace_id in _seen.keys() - _waiting.keys():
        del _seen[workspace_id]
