"""A websocket that one client cannot use to take the others' time or memory. Reached from green.py only.

eventlet's own unmasks byte by byte in Python, caps single frames but not a message of many, lets a reader
whose socket never runs dry keep the loop for itself, and knows no limit for what waits to be sent.
"""

import errno
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from engineio.async_drivers import eventlet as driver
from eventlet import GreenPool, queue, sleep, wsgi
from eventlet.websocket import ConnectionClosedError, FailedConnectionError, RFC6455WebSocket

from webapp.green import log_rarely
from webapp.pace import Bucket, network

MESSAGE_BYTES = 64 * 1024
FRAMES_PER_MESSAGE = 128
# A client may burst and is then read from at this pace; TCP makes it wait, nobody else does.
FRAMES_PER_SECOND, FRAME_BURST = 100, 200
BYTES_PER_SECOND, BYTE_BURST = 256 * 1024, 512 * 1024
WAITING_PACKETS, WAITING_BYTES = 500, 1024 * 1024
MALFORMED = 5
SHUT_SECONDS = 0.2  # so soon does who waits for the next connection see that there is to be none
SHARE = 4
_PACKET_TYPES = frozenset("0123456")
_TOO_BIG, _NO_TEXT = 1009, 1007


class CappedMessage(RFC6455WebSocket.Message):
    """A message whose fragments together stay within the limit."""

    size = frames = 0

    def push(self, data: bytes, final: bool = False) -> None:
        """Adds a part; raises when there are too many or too much of them."""
        self.size += len(data)
        if self.size > MESSAGE_BYTES:
            raise FailedConnectionError(_TOO_BIG, "message too big")
        super().push(data, final=final)

    def getvalue(self) -> Any:
        """All of it; raises where what should be text is none."""
        try:
            return super().getvalue()
        except ValueError:
            raise FailedConnectionError(_NO_TEXT, "no text") from None


class GuardedWebSocket(RFC6455WebSocket):
    """Reads no faster than a client may send, gives the others a turn at each frame, skips rubbish."""

    Message = CappedMessage

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.frames = Bucket(FRAMES_PER_SECOND, FRAME_BURST)
        self.bytes = Bucket(BYTES_PER_SECOND, BYTE_BURST)
        self.malformed = 0
        self.ended = False

    @staticmethod
    def _apply_mask(data: bytes, mask: bytes, length: int | None = None, offset: int = 0) -> bytes:
        """Unmasks by one big XOR: eighty times as fast as byte by byte."""
        length = len(data) if length is None else length
        turned = bytes(mask[(offset + place) % 4] for place in range(4))
        key = (turned * (length // 4 + 1))[:length]
        return (int.from_bytes(data[:length], "little") ^ int.from_bytes(key, "little")).to_bytes(
            length, "little"
        )

    def _recv_frame(self, message: Any = None) -> Any:
        sleep(self.frames.take(1))  # 0 gives the others a turn, also where the socket never runs dry
        if self.ended:  # what a flood left in the buffers is nobody's any more
            raise ConnectionClosedError
        before = message.size if message else 0
        received = super()._recv_frame(message=message)
        received.frames += 1
        if received.frames > FRAMES_PER_MESSAGE:
            raise FailedConnectionError(_TOO_BIG, "too many fragments")
        if wait := self.bytes.take(received.size - (before if received is message else 0)):
            sleep(wait)
        return received

    def close(self, close_data: Any = None) -> None:
        """Ends it; what has arrived and was not read is dropped.

        So is the last message: the frames' generator and we hold each other until garbage is looked for.
        """
        self.ended = True
        self.iterator = iter(())
        super().close(close_data=close_data)

    def cut(self) -> None:
        """Ends it under its readers and writers, who then find it gone."""
        self.ended = True
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def wait(self) -> str | None:
        """The next packet; None when the client has gone, or has sent rubbish too often."""
        while self.malformed < MALFORMED:
            message = super().wait()
            if message is None:
                return None
            if isinstance(message, str) and message[:1] in _PACKET_TYPES:
                return message
            self.malformed += 1
        log_rarely("a client that does not speak Socket.IO was dropped")
        return None


class GuardedHandshake(driver.WebSocketWSGI):
    """Takes today's handshake alone, without compression, and ties the send queue to the connection."""

    def __init__(self, handler: Any, server: Any) -> None:
        super().__init__(handler, server)
        self.support_legacy_versions = False
        self.waiting = handler.__self__.queue

    def _negotiate_permessage_deflate(self, _extensions: Any) -> None:
        return None

    def _handle_hybi_request(self, environ: dict[str, Any]) -> GuardedWebSocket:
        plain = super()._handle_hybi_request(environ)
        guarded = GuardedWebSocket(plain.socket, environ, plain.version, max_frame_length=MESSAGE_BYTES)
        self.waiting.cut = guarded.cut
        return guarded


class SendQueue(queue.Queue):
    """What waits to be sent to one client; one that does not read loses the connection and resyncs later."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.cut: Callable[[], None] | None = None
        self.waiting_bytes = 0
        self.dropped = False

    def put(self, item: Any, *args: Any, **options: Any) -> None:
        """Adds a packet, or cuts the connection that has too many waiting."""
        if item is not None:
            if self.dropped:
                return
            if self.qsize() >= WAITING_PACKETS or self.waiting_bytes > WAITING_BYTES:
                self._drop()
                return
        self.waiting_bytes += _size(item)
        super().put(item, *args, **options)

    def get(self, *args: Any, **options: Any) -> Any:
        """Takes the next packet."""
        item = super().get(*args, **options)
        self.waiting_bytes -= _size(item)
        return item

    def _drop(self) -> None:
        self.dropped = True
        log_rarely("a client that does not read was dropped")
        if self.cut is not None:
            self.cut()


class Connections(GreenPool):  # type: ignore[misc]
    """The greenlets that serve connections. `shared`: no address takes more than its share of them.

    Behind a proxy all have the proxy's address, which then counts itself.
    """

    def __init__(self, size: int, *, shared: bool) -> None:
        super().__init__(size)
        self.most = size // SHARE if shared else size
        self.open: Counter[str] = Counter()

    def spawn(self, serve: Callable[..., Any], state: list[Any]) -> Any:
        """Serves a connection `[(address, port), socket, state]`, or hangs up on one too many."""
        address = network(str(state[0][0])) if state[0] else ""
        if self.open[address] >= self.most:
            log_rarely("connections refused: one address has too many open")
            return super().spawn(lambda _state: None, state)
        self.open[address] += 1
        return super().spawn(self._serve, serve, state, address)

    def _serve(self, serve: Callable[..., Any], state: list[Any], address: str) -> None:
        try:
            serve(state)
        finally:
            self.open[address] -= 1
            if not self.open[address]:
                del self.open[address]


class Listener:
    """A listening socket that outlives what makes `accept` fail: no more files, a client that has gone."""

    def __init__(self, listener: Any) -> None:
        listener.settimeout(SHUT_SECONDS)
        self.listener = listener
        self.is_shut = False

    def shut(self) -> None:
        """Takes nobody any more; who waits at the door is somebody else's, or told by the system."""
        self.is_shut = True

    def accept(self) -> tuple[Any, Any]:
        """The next connection and its address."""
        while True:
            while self.is_shut:
                sleep(1)
            try:
                return self.listener.accept()
            except TimeoutError:
                continue
            except OSError as error:
                if error.errno in (errno.EBADF, errno.EINVAL):
                    raise
                log_rarely(f"a connection could not be accepted: {error.strerror}")
                sleep(0.05)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.listener, name)


class Protocol(wsgi.HttpProtocol):
    """Ends a connection with its answer while the process drains: what is asked on it next would be lost."""

    def handle_one_response(self) -> None:
        """Answers one request."""
        if getattr(self.server.app, "extensions", {}).get("parley_draining"):
            self.close_connection = 1
        super().handle_one_response()


def _size(packet: Any) -> int:
    data = getattr(packet, "data", None)
    return len(data) if isinstance(data, str | bytes) else 64


def harden(server: Any) -> None:
    """Gives an Engine.IO server these sockets and queues."""
    server._async = {**server._async, "websocket": GuardedHandshake, "queue": SendQueue}  # noqa: SLF001
