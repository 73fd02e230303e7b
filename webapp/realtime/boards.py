"""The live boards that are being watched, Now and Health: computed once a process and workspace, told as
changes.

Whatever commits in this process touches its workspace's board; others hear of it through Redis, and each
process looks at the feed's position once a second, so that it holds without Redis and for other programs on
the same file too. A board is computed once a second at most in the long run, a few times in a row after some
rest, and only while somebody watches; also when time alone changes it (a deadline comes near or passes), and
now and then as a sign of life. What Health shows changes without a word to anybody (a lease, a provider that
answers), so while it is watched it is looked at every few seconds.
"""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Flask

from webapp import bus, clock, green
from webapp.auth import Actor
from webapp.database import read_only, transaction
from webapp.realtime import server
from webapp.services import health
from webapp.services import now as boards
from webapp.services.event import Recorded, RowChanged, feed_position
from webapp.services.now.board import sees_titles, without_titles
from webapp.services.report import catch_up
from webapp.tenancy import use_workspace

SPACING_SECONDS = 1.0
BURST = 3
GAP_SECONDS = 0.1
UNCHANGED = 0.7
"""What of a computation is given back where it changed nothing."""
LIFE_SECONDS = 8.0
"""So long without a change: a board is computed all the same, and its watchers hear that we are there."""

HEALTH_SECONDS = 3.0
"""How often Health is looked at while somebody watches."""

SUBJECTS = ("user", "role", "routing_agent", "workspace")
"""What a board goes by besides the tickets."""


@dataclass(frozen=True)
class Kind:
    """A board: what is pushed of it, where it comes from, who sees all of it and what the others see.

    `measures`: today's figures are brought up to date first.
    """

    pushed: str
    read: Callable[[], Any]
    sees_all: Callable[[Actor], bool]
    stripped: Callable[[dict[str, Any]], dict[str, Any]]
    measures: bool = False


NOW = Kind("now.updated", boards.read_board, sees_titles, without_titles, measures=True)
HEALTH = Kind("health.updated", health.read_glance, health.sees_installation, health.without_installation)


@dataclass
class Watch:
    """One of a workspace's boards, as this process's watchers know it by now."""

    workspace_id: uuid.UUID
    kind: Kind = NOW
    watchers: dict[str, bool] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    seq: int = 0
    feed: int = -1
    is_stale: bool = True
    computed_at: float = float("-inf")
    credit: float = BURST
    told_at: float = float("-inf")
    next_at: datetime | None = None
    lock: Any = field(default_factory=threading.Lock)

    @property
    def is_due(self) -> bool:
        """Whether it is to be computed again, and may be."""
        if self.rest > 0:
            return False
        age = time.monotonic() - self.computed_at
        is_time = self.next_at is not None and self.next_at <= clock.now()
        return self.is_stale or is_time or age >= self.patience

    @property
    def patience(self) -> float:
        """After so many seconds it is computed without a word of any change."""
        return LIFE_SECONDS if self.kind.measures else HEALTH_SECONDS

    @property
    def rest(self) -> float:
        """Seconds until it may be computed again."""
        age = time.monotonic() - self.computed_at
        return max(GAP_SECONDS - age, (1 - self.credit) * SPACING_SECONDS - age)

    def spend(self) -> None:
        """Notes that it is computed now."""
        now = time.monotonic()
        earned = (now - self.computed_at) / SPACING_SECONDS if SPACING_SECONDS else BURST
        self.credit = min(BURST, self.credit + earned) - 1
        self.computed_at = now

    def say(self, sees_all: bool, fields: dict[str, Any]) -> dict[str, Any]:
        """Fields of the board as a watcher may see them, with their place in the sequence."""
        shown = fields if sees_all else self.kind.stripped(fields)
        return {"seq": self.seq, "now": clock.iso(clock.now()), "changed": shown}


_lock = threading.Lock()
_watches: dict[tuple[uuid.UUID, Kind], Watch] = {}
_touched: set[uuid.UUID] = set()
_tellers: list[Callable[[uuid.UUID], None]] = []
_waker = green.Waker()


# --- watching -------------------------------------------------------------------------------------


def begin(actor: Actor, sid: str, kind: Kind = NOW) -> dict[str, Any]:
    """A socket wants to see a board of its workspace: `{seq, now, board}`, and from now on what changes."""
    assert actor.workspace_id is not None
    sees_all = kind.sees_all(actor)
    with _lock:
        watch = _watches.setdefault((actor.workspace_id, kind), Watch(actor.workspace_id, kind))
        watch.watchers[sid] = sees_all
    with watch.lock:
        if watch.is_due or not watch.shown:
            _compute(watch, besides=sid)
        said = watch.say(sees_all, watch.shown)
    return {"seq": said["seq"], "now": said["now"], "board": said["changed"]}


def end(sid: str) -> None:
    """A socket watches no more."""
    with _lock:
        for place, watch in list(_watches.items()):
            watch.watchers.pop(sid, None)
            if not watch.watchers:
                del _watches[place]


# --- what changes a board -------------------------------------------------------------------------


def touch(workspace_id: uuid.UUID) -> None:
    """Something of the workspace has changed here: for our watchers and those of the other processes."""
    _touched.add(workspace_id)
    mark(workspace_id)
    _waker.wake()


def mark(workspace_id: uuid.UUID) -> None:
    """Something of the workspace has changed, here or elsewhere."""
    watch = _watches.get((workspace_id, NOW))
    if watch is not None:
        watch.is_stale = True
        _waker.wake()


def on_touch(teller: Callable[[uuid.UUID], None]) -> None:
    """Calls `teller(workspace_id)` for what has changed here: to tell the other processes."""
    _tellers.append(teller)


def _recorded(fact: Recorded) -> None:
    if fact.name.partition(".")[0] in SUBJECTS:
        touch(fact.workspace_id)


def _row_changed(fact: RowChanged) -> None:
    touch(fact.workspace_id)


def push_due() -> None:
    """Tells the other processes what changed here, and the watchers what is different on their boards."""
    while _touched:
        workspace_id = _touched.pop()
        for teller in _tellers:
            teller(workspace_id)
    for watch in list(_watches.values()):
        _look_at_feed(watch)
        if watch.is_due:
            with watch.lock:
                _compute(watch)


def _look_at_feed(watch: Watch) -> None:
    if watch.is_stale or not watch.kind.measures or time.monotonic() - watch.computed_at < SPACING_SECONDS:
        return
    with use_workspace(watch.workspace_id), read_only():
        watch.is_stale = feed_position() != watch.feed


def _compute(watch: Watch, *, besides: str | None = None) -> None:
    """Computes a board and tells its watchers, one who gets all of it besides, what has changed.

    Its lock is held.
    """
    watch.is_stale = False
    watch.spend()
    try:
        with use_workspace(watch.workspace_id):
            if watch.kind.measures:
                _measure(watch)
            with read_only():
                board = watch.kind.read()
    except BaseException:
        watch.is_stale = True
        raise
    changed = {name: value for name, value in board.shown.items() if watch.shown.get(name) != value}
    watch.shown, watch.next_at = board.shown, board.next_at
    if changed:
        watch.seq += 1
    else:
        watch.credit += UNCHANGED
    if changed or watch.computed_at - watch.told_at >= LIFE_SECONDS:
        watch.told_at = watch.computed_at
        _tell(watch, changed, besides)


def _measure(watch: Watch) -> None:
    """Takes what has happened since into today's figures, where anything has."""
    with read_only():
        position = feed_position()
    if position != watch.feed:
        with transaction():
            catch_up()
        watch.feed = position


def _tell(watch: Watch, changed: dict[str, Any], besides: str | None) -> None:
    said = {sees_all: watch.say(sees_all, changed) for sees_all in set(watch.watchers.values())}
    for sid, sees_all in list(watch.watchers.items()):
        connection = server.connection(sid)
        if connection is not None and sid != besides:
            server.tell(connection, watch.kind.pushed, said[sees_all])


# --- the loop -------------------------------------------------------------------------------------


def _pause() -> float:
    """How long nothing can be due: until a change comes, a second at most."""
    waits = [SPACING_SECONDS]
    for watch in _watches.values():
        if watch.is_stale:
            waits.append(watch.rest)
        elif watch.next_at is not None:
            waits.append(max(watch.rest, (watch.next_at - clock.now()).total_seconds()))
    return max(0.02, min(waits))


def _turn() -> None:
    _waker.wait(_pause())
    push_due()


def register() -> None:
    """Listens to what changes boards here."""
    bus.subscribe(Recorded, _recorded)
    bus.subscribe(RowChanged, _row_changed)


def start(app: Flask) -> None:
    """Starts to keep the boards that are watched."""
    green.every(0, _turn, inside=app.app_context)
