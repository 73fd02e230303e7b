"""The Socket.IO server: its options, its guards, and who is behind each of this process's sockets.

Rooms are joined and commands registered in commands.py; what goes out passes `emit`, which needs a room.
"""

import logging
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from flask import Flask

from webapp import clock, green, metrics
from webapp.auth import Actor
from webapp.config import Settings, is_loopback
from webapp.database import read_only
from webapp.errors import AppError, Conflict, RateLimited, Unauthenticated, Unavailable
from webapp.extensions import socketio
from webapp.pace import Bucket, Buckets, network
from webapp.realtime import rooms
from webapp.realtime.packet import Malformed, StrictJSON, StrictPacket

log = logging.getLogger(__name__)

IDENTITY_SECONDS = 2
STRANGER_SECONDS = 10
STRANGERS_PER_ADDRESS = 50
STRIKES = 5
# New sockets of one address: a page that lost its own tries a few times, an office comes back at once.
OPENED_PER_SECOND, OPENED_BURST = 50, 500
# What a socket may say: staff each, customers and strangers also with the others of their address.
STAFF_PER_SECOND, STAFF_BURST = 20, 100
OTHERS_PER_SECOND, OTHERS_BURST = 5, 40
ADDRESS_PER_SECOND, ADDRESS_BURST = 40, 200
SOCKETS = {rooms.AGENT: 50, rooms.CHAT: 30, rooms.TV: 50}
"""So many may one browser have open at once, by its session or token."""
OPEN_TICKETS = 100
MESSAGE_BYTES = 64 * 1024
ENDED = {rooms.AGENT: "session.ended", rooms.CHAT: "visitor.ended", rooms.TV: "wallboard.ended"}
UNKNOWN = {"code": "unknown_command", "message": "There is no such command", "detail": []}


# --- options --------------------------------------------------------------------------------------


def init(app: Flask, settings: Settings) -> None:
    """Binds Socket.IO to the app: websocket only, in order, from known origins, without binary packets."""
    socketio.init_app(
        app,
        async_mode="eventlet" if green.is_green() else "threading",
        async_handlers=False,  # the default reorders what one client says
        client_manager=_backplane(settings),
        cors_allowed_origins=list(origins(settings)),
        transports=["websocket"],
        namespaces=list(ENDED),
        serializer=StrictPacket,
        json=StrictJSON,
        max_http_buffer_size=MESSAGE_BYTES,
        ping_interval=15,
        ping_timeout=10,
        http_compression=False,
        manage_session=False,
    )
    _guard(socketio.server)
    green.harden_sockets(socketio.server.eio)
    for namespace in ENDED:
        socketio.on_event("*", _unknown_command, namespace=namespace)


def _backplane(settings: Settings) -> Any:
    if not settings.redis_url:
        return None
    from webapp.realtime.backplane import Backplane

    return Backplane(settings)


def origins(settings: Settings) -> tuple[str, ...]:
    """The origins whose pages may open a socket: our own, under its local names on a loopback address."""
    own = [settings.origin]
    if is_loopback(settings.host):
        own += [f"http://{name}:{settings.port}" for name in ("localhost", "127.0.0.1", "[::1]")]
    return tuple(dict.fromkeys(own))


def _unknown_command(_event: str, _payload: Any = None) -> dict[str, Any]:
    return {"ok": False, "error": UNKNOWN}


# --- who is there ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Connection:
    """One socket of this process and the actor behind it, as of `checked_at`."""

    sid: str
    namespace: str
    actor: Actor
    identify: Callable[[], Actor]
    transport: str | None
    checked_at: datetime


_lock = threading.Lock()
_connections: dict[str, Connection] = {}
_browsers: Counter[uuid.UUID | None] = Counter()
"""How many sockets of each session or visitor token are open."""


def register(sid: str, namespace: str, actor: Actor, identify: Callable[[], Actor]) -> None:
    """Notes who is behind a socket that was let in; `identify` reads it again, raising if it is nobody.

    Raises `RateLimited` where that browser has too many already.
    """
    if actor.session_id and _browsers[actor.session_id] >= SOCKETS[namespace]:
        raise RateLimited("Too many pages are open")
    transport = socketio.server.manager.eio_sid_from_sid(sid, namespace)
    with _lock:
        _connections[sid] = Connection(sid, namespace, actor, identify, transport, clock.now())
        _browsers[actor.session_id] += 1
        if transport in _guests:
            _guests[transport].let_in(namespace)


def forget(sid: str, namespace: str) -> Actor | None:
    """Forgets a socket that has gone; returns who it was, None if it never was let in."""
    with _lock:
        gone = _connections.pop(sid, None)
        if gone is not None:
            _less(_browsers, gone.actor.session_id)
    if gone is not None and gone.transport in _guests:
        _guests[gone.transport].stranger_since = clock.now()  # may come back by another CONNECT
    return gone.actor if gone is not None and gone.namespace == namespace else None


def actor_for(sid: str, namespace: str) -> Actor:
    """Who is behind a socket, as of two seconds ago. Raises `Unauthenticated`, and ends it, if nobody is."""
    found = _connections.get(sid)
    if found is None or found.namespace != namespace:
        raise Unauthenticated("Please sign in")
    if abs((clock.now() - found.checked_at).total_seconds()) <= IDENTITY_SECONDS:
        return found.actor
    try:
        with read_only():
            actor = found.identify()
    except AppError:
        end(found, "expired")
        raise
    if actor.rights != found.actor.rights:
        end(found, "role_changed")
        raise Unauthenticated("Your role has changed; please load the page again")
    if actor.id != found.actor.id:  # merged: the socket is in the rooms of a customer who is no more
        reconnect(found)
        raise Unavailable("Please try again")
    if sid in _connections:
        _connections[sid] = replace(found, actor=actor, checked_at=clock.now())
    return actor


def connections() -> list[Connection]:
    """This process's sockets that were let in."""
    return list(_connections.values())


def register_metrics() -> None:
    """Lets the metrics count the sockets of each namespace."""
    for namespace in ENDED:
        metrics.SOCKETS.labels(namespace).set_function(partial(_count, namespace))


def _count(namespace: str) -> float:
    return sum(connection.namespace == namespace for connection in connections())


def connection(sid: str) -> Connection | None:
    """The socket of that id, if it is one of this process's that were let in."""
    return _connections.get(sid)


def end_sessions(session_ids: Iterable[uuid.UUID], reason: str) -> None:
    """Tells this process's sockets of those sessions (or visitor tokens) why, and closes them."""
    wanted = set(session_ids)
    for connection in connections():
        if connection.actor.session_id in wanted:
            end(connection, reason)


def end(connection: Connection, reason: str) -> None:
    """Tells one socket why it ends, and closes it."""
    tell(connection, ENDED[connection.namespace], {"reason": reason})
    socketio.server.disconnect(connection.sid, namespace=connection.namespace, ignore_queue=True)
    _close(connection.transport)


def reconnect(connection: Connection) -> None:
    """Closes one socket without a word: its page connects again, as who it is by now."""
    socketio.server.disconnect(connection.sid, namespace=connection.namespace, ignore_queue=True)
    _close(connection.transport)


# --- what goes out --------------------------------------------------------------------------------


def emit(event: str, body: Any, *, room: str, namespace: str, here: bool = False) -> None:
    """Sends an event to a room, in every process, or `here` alone.

    Never to everybody: refused sockets would hear it too.
    """
    if not room or not isinstance(room, str) or namespace not in ENDED:
        raise ValueError(f"{event} needs a room and a namespace")
    metrics.PUSHED.labels(event).inc()
    socketio.server.emit(event, body, to=room, namespace=namespace, ignore_queue=here)


def tell(connection: Connection, event: str, body: Any) -> None:
    """Sends an event to one socket of this process."""
    socketio.server.emit(event, body, to=connection.sid, namespace=connection.namespace, ignore_queue=True)


def say_goodbye() -> None:
    """Tells all sockets that this process stops and when to come back, spread out, and closes them."""
    for connection in connections():
        tell(connection, "server.restarting", {"retry_in": round(random.uniform(0.5, 4), 2)})
    for transport in list(socketio.server.eio.sockets):
        _close(transport)


def is_connected() -> bool:
    """Whether there are connections still, let in or not."""
    return bool(socketio.server.eio.sockets)


def _close(transport: str | None) -> None:
    """Closes a connection after what is already on its way, without waiting for the client to read it."""
    found = socketio.server.eio.sockets.get(transport)
    if found is not None:
        found.close(wait=False)


# --- guards ---------------------------------------------------------------------------------------


class Guest:
    """A connection, let in or not: since when it is a stranger's, what it did wrong, and its pace."""

    __slots__ = ("address", "is_new", "is_staff", "pace", "stranger_since", "strikes")

    def __init__(self, address: str) -> None:
        self.address = address
        self.stranger_since: datetime | None = clock.now()
        self.is_new, self.is_staff = True, False
        self.strikes = 0
        self.pace = Bucket(OTHERS_PER_SECOND, OTHERS_BURST)
        _strangers[address] += 1

    def let_in(self, namespace: str) -> None:
        """Somebody came in by it."""
        self.stranger_since = None
        self.count_no_more()
        if namespace == rooms.AGENT and not self.is_staff:
            self.is_staff, self.pace = True, Bucket(STAFF_PER_SECOND, STAFF_BURST)

    def count_no_more(self) -> None:
        """It counts among its address's strangers no more: once let in, or gone."""
        if self.is_new:
            self.is_new = False
            _less(_strangers, self.address)

    def wait(self) -> float:
        """How many seconds it waits until it is heard again."""
        together = 0.0 if self.is_staff else _said.take(self.address)
        return max(self.pace.take(1), together)


_guests: dict[Any, Guest] = {}
_strangers: Counter[str] = Counter()
_opened = Buckets(OPENED_PER_SECOND, OPENED_BURST)
_said = Buckets(ADDRESS_PER_SECOND, ADDRESS_BURST)


def _less(counter: Counter[Any], key: Any) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]


def _guard(server: Any) -> None:
    """Puts our checks in front of the library's handlers of a transport's life."""

    open_, say, close = (server.eio.handlers[event] for event in ("connect", "message", "disconnect"))

    def opened(transport: str, environ: dict[str, Any]) -> Any:
        if not _admit(transport, network(environ.get("REMOTE_ADDR", ""))):
            return False
        return open_(transport, environ)

    def said(transport: str, data: Any) -> None:
        _hear(say, transport, data)

    def closed(transport: str, reason: str) -> None:
        try:
            close(transport, reason)
        finally:
            if guest := _guests.pop(transport, None):
                guest.count_no_more()

    for event, handler in (("connect", opened), ("message", said), ("disconnect", closed)):
        server.eio.on(event, handler)


def _hear(say: Callable[[str, Any], Any], transport: str, data: Any) -> None:
    """Lets the library handle what a client said, when it is that client's turn."""
    guest = _guests.get(transport)
    if guest is not None and (wait := guest.wait()):
        time.sleep(wait)
    if guest is None or transport not in _guests:  # it is closed: what it said last is nobody's
        return
    try:
        say(transport, data)
    except Malformed:
        guest.strikes += 1
    except Exception as error:  # noqa: BLE001 - one client must not end the loop of all
        # Commands answer for themselves: this is a packet that neither we nor the library foresaw.
        green.log_rarely(f"a socket event failed: {type(error).__name__}", exc_info=True)
        guest.strikes += 1
    if guest.strikes >= STRIKES:
        green.log_rarely("a client that sends malformed packets, or is refused again and again, was dropped")
        _close(transport)


def _admit(transport: str, address: str) -> bool:
    if _strangers[address] >= STRANGERS_PER_ADDRESS:
        green.log_rarely("sockets refused: too many of one address are not signed in")
        return False
    if _opened.take(address):
        green.log_rarely("sockets refused: one address opens them too quickly")
        return False
    _guests[transport] = Guest(address)
    return True


def refused(sid: str, namespace: str) -> None:
    """Notes that somebody was not let in; who tries again and again loses the connection."""
    guest = _guests.get(socketio.server.manager.eio_sid_from_sid(sid, namespace))
    if guest is not None:
        guest.strikes += 1


def check_room_for(ticket_id: uuid.UUID, sid: str) -> None:
    """Raises `Conflict` where a socket has as many other tickets open as it may."""
    held = {room for room in socketio.server.rooms(sid, rooms.AGENT) if room.startswith(rooms.TICKET)}
    if len(held - {rooms.ticket_staff(ticket_id)}) >= OPEN_TICKETS:
        raise Conflict("Too many tickets are open on this page; please load it again")


def start() -> None:
    """Starts the background work of the sockets."""
    green.every(1, close_strangers)


def close_strangers() -> None:
    """Closes connections that nobody was let in by in time, and forgets who has gone."""
    for transport, guest in list(_guests.items()):
        if guest.stranger_since and (clock.now() - guest.stranger_since).total_seconds() > STRANGER_SECONDS:
            guest.stranger_since = None
            _close(transport)
    _opened.sweep()
    _said.sweep()
