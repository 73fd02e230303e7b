"""A websocket that one client cannot use to take the others' time or memory. Reached from green.py only.

eventlet's own unmasks byte by byte in Python, caps single frames but not a message of many, lets a reader
whose socket never runs dry keep the loop for itself, and knows no limit for what waits to be sent.
"""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from engineio.async_drivers import eventlet as driver
from eventlet import queue, sleep
from eventlet.websocket import ConnectionClosedError, FailedConnectionError, RFC6455WebSocket

from webapp.green import log_rarely

MESSAGE_BYTES = 64 * 1024
FRAMES_PER_MESSAGE = 128
# A client may burst and is then read from at this pace; TCP makes it wait, nobody else does.
FRAMES_PER_SECOND, FRAME_BURST = 100, 200
BYTES_PER_SECOND, BYTE_BURST = 256 * 1024, 512 * 1024
WAITING_PACKETS, WAITING_BYTES = 500, 1024 * 1024
MALFORMED = 5
_PACKET_TYPES = frozenset("0123456")
_TOO_BIG = 1009


class Bucket:
    """A token bucket: `take` returns how long to wait until so much may have been used."""

    def __init__(self, per_second: float, burst: float) -> None:
        self.per_second, self.burst = per_second, burst
        self.left, self.at = burst, time.monotonic()

    def take(self, amount: float) -> float:
        """Uses some; the wait in seconds, 0 within the limit."""
        now = time.monotonic()
        self.left = min(self.burst, self.left + (now - self.at) * self.per_second) - amount
        self.at = now
        return max(0.0, -self.left / self.per_second)


class CappedMessage(RFC6455WebSocket.Message):
    """A message whose fragments together stay within the limit."""

    size = frames = 0

    def push(self, data: bytes, final: bool = False) -> None:
        """Adds a part; raises when there are too many or too much of them."""
        self.size += len(data)
        if self.size > MESSAGE_BYTES:
            raise FailedConnectionError(_TOO_BIG, "message too big")
        super().push(data, final=final)


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
        """Ends it; what has arrived and was not read is dropped."""
        self.ended = True
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


def _size(packet: Any) -> int:
    data = getattr(packet, "data", None)
    return len(data) if isinstance(data, str | bytes) else 64


def harden(server: Any) -> None:
    """Gives an Engine.IO server these sockets and queues."""
    server._async = {**server._async, "websocket": GuardedHandshake, "queue": SendQueue}  # noqa: SLF001
