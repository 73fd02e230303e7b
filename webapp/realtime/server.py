"""The Socket.IO server: its options, its guards, and who is behind each of this process's sockets.

Rooms are joined and commands registered in commands.py; what goes out passes `emit`, which needs a room.
"""

import ipaddress
import logging
import random
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Flask

from webapp import clock, green
from webapp.auth import Actor
from webapp.config import Settings, is_loopback
from webapp.database import read_only
from webapp.errors import AppError, Unauthenticated
from webapp.extensions import socketio
from webapp.realtime import rooms
from webapp.realtime.packet import Malformed, StrictJSON, StrictPacket

log = logging.getLogger(__name__)

IDENTITY_SECONDS = 2
STRANGER_SECONDS = 10
STRANGERS_PER_ADDRESS = 50
MALFORMED = 5
MESSAGE_BYTES = 64 * 1024
ENDED = {rooms.AGENT: "session.ended", rooms.CHAT: "visitor.ended"}
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
        namespaces=[rooms.AGENT, rooms.CHAT],
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


def register(sid: str, namespace: str, actor: Actor, identify: Callable[[], Actor]) -> None:
    """Notes who is behind a socket that was let in; `identify` reads it again, raising if it is nobody."""
    transport = socketio.server.manager.eio_sid_from_sid(sid, namespace)
    with _lock:
        _connections[sid] = Connection(sid, namespace, actor, identify, transport, clock.now())
        _strangers.pop(transport, None)


def forget(sid: str, namespace: str) -> Actor | None:
    """Forgets a socket that has gone; returns who it was, None if it never was let in."""
    with _lock:
        gone = _connections.pop(sid, None)
    if gone is not None and gone.transport in socketio.server.eio.sockets:
        _strangers[gone.transport] = Stranger(None, clock.now())  # may come back by another CONNECT
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
    if sid in _connections:
        _connections[sid] = replace(found, actor=actor, checked_at=clock.now())
    return actor


def connections() -> list[Connection]:
    """This process's sockets that were let in."""
    return list(_connections.values())


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


def emit(event: str, body: Any, *, room: str, namespace: str) -> None:
    """Sends an event to a room, in every process. Never to everybody: refused sockets would hear it too."""
    if not room or not isinstance(room, str) or namespace not in ENDED:
        raise ValueError(f"{event} needs a room and a namespace")
    socketio.emit(event, body, to=room, namespace=namespace)


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


@dataclass(frozen=True)
class Stranger:
    """A connection that nobody has been let in by yet; without an address it is not counted by it."""

    address: str | None
    since: datetime


_strangers: dict[Any, Stranger] = {}
_malformed: Counter[str] = Counter()


def _guard(server: Any) -> None:
    """Puts our checks in front of the library's handlers of a transport's life."""

    open_, say, close = (server.eio.handlers[event] for event in ("connect", "message", "disconnect"))

    def opened(transport: str, environ: dict[str, Any]) -> Any:
        if not _admit(transport, _network(environ.get("REMOTE_ADDR", ""))):
            return False
        return open_(transport, environ)

    def said(transport: str, data: Any) -> None:
        try:
            say(transport, data)
        except Malformed:
            _strike(transport)
        except Exception as error:  # noqa: BLE001 - one client must not end the loop of all
            # Commands answer for themselves: this is a packet that neither we nor the library foresaw.
            green.log_rarely(f"a socket event failed: {type(error).__name__}", exc_info=True)
            _strike(transport)

    def closed(transport: str, reason: str) -> None:
        try:
            close(transport, reason)
        finally:
            _strangers.pop(transport, None)
            _malformed.pop(transport, None)

    for event, handler in (("connect", opened), ("message", said), ("disconnect", closed)):
        server.eio.on(event, handler)


def _admit(transport: str, address: str) -> bool:
    waiting = sum(stranger.address == address for stranger in _strangers.values())
    if waiting >= STRANGERS_PER_ADDRESS:
        green.log_rarely("sockets refused: too many of one address are not signed in")
        return False
    _strangers[transport] = Stranger(address, clock.now())
    return True


def _network(address: str) -> str:
    """What counts as one address: an IPv6 host has 2^64 of them."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{address}/64", strict=False)) if parsed.version == 6 else address


def _strike(transport: str) -> None:
    _malformed[transport] += 1
    if _malformed[transport] >= MALFORMED:
        green.log_rarely("a client that sends malformed packets was dropped")
        _close(transport)


def start() -> None:
    """Starts the background work of the sockets."""
    green.every(1, close_strangers)


def close_strangers() -> None:
    """Closes connections that nobody was let in by in time."""
    for transport, stranger in list(_strangers.items()):
        if (clock.now() - stranger.since).total_seconds() > STRANGER_SECONDS:
            _strangers.pop(transport, None)
            _close(transport)
