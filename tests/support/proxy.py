"""A line between two programs that a test can spoil: it delays, throttles, holds, cuts and says twice.

with Proxy(("127.0.0.1", 6379)) as line:
    ...                 # connect to line.address
    line.hold()         # nothing passes any more, and nobody is told
    line.mend()

Both ends may be a TCP port of the loopback address or a unix socket.
"""

import re
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path
from threading import Condition, Thread
from typing import Literal, Self

from tests.support import process

Address = tuple[str, int] | Path
Way = Literal["up", "down"]
"""Up leads to the target, down back from it."""

WRITING = (b"POST ", b"PUT ", b"PATCH ", b"DELETE ")
CHUNK = 64 * 1024
RESET = struct.pack("ii", 1, 0)


class Proxy(process.Startable):
    """Passes on what it is given, as well as it is told to. The address stays the same.

    `path`: where to listen instead of on a port. `buffer_bytes`: how much of what the target says may lie
    in the line's own buffer, so that one who does not read is felt by it soon.
    """

    def __init__(self, target: Address, *, path: Path | None = None, buffer_bytes: int | None = None) -> None:
        self.target, self.buffer_bytes = target, buffer_bytes
        self.address: Address = path or ("127.0.0.1", process.free_port())
        self.changed = Condition()
        self.held: set[Way] = set()
        self.delay_seconds = 0.0
        self.bytes_per_second = 0
        self.is_cut = self.repeats = False
        self.repeated = 0
        self.lines: set[tuple[socket.socket, socket.socket]] = set()
        self.listener: socket.socket | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert not isinstance(self.address, Path)
        return self.address[1]

    def start(self) -> Self:
        """Listens."""
        self.listener = _socket(self.address)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(_name(self.address))
        self.listener.listen(256)
        if isinstance(self.address, Path):
            self.address.chmod(0o777)
        Thread(target=self._accept, args=(self.listener,), daemon=True).start()
        return self

    def close(self) -> None:
        """Ends everything."""
        self.cut()
        if self.listener:
            with suppress(OSError):
                self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()

    # --- what can go wrong --------------------------------------------------------------------

    def cut(self) -> None:
        """Every connection ends at once, as by a reset; new ones too, until `mend()`."""
        with self.changed:
            self.is_cut = True
            lines, self.lines = self.lines, set()
            self.changed.notify_all()
        for line in lines:
            _reset(*line)

    def forget(self) -> None:
        """What is open now is lost, as in a box that was restarted; new connections pass."""
        self.cut()
        self.is_cut = False

    def hold(self, *ways: Way) -> None:
        """Nothing passes that way (or either), until `mend()`; connections stay open, and new ones open."""
        with self.changed:
            self.held |= set(ways or ("up", "down"))

    def delay(self, seconds: float) -> None:
        """Everything takes so much longer, each way."""
        self.delay_seconds = seconds

    def throttle(self, bytes_per_second: int) -> None:
        """Each connection passes no more than that, each way."""
        self.bytes_per_second = bytes_per_second

    def repeat(self) -> None:
        """Every HTTP request that writes is given to the target a second time, on a connection of its own."""
        self.repeats = True

    def mend(self) -> None:
        """As before; what was held goes on its way."""
        with self.changed:
            self.held.clear()
            self.delay_seconds, self.bytes_per_second = 0.0, 0
            self.is_cut = self.repeats = False
            self.changed.notify_all()

    # --- passing on ---------------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                if self.is_cut:
                    _reset(near)
                else:
                    self._join(near)

    def _join(self, near: socket.socket) -> None:
        far = _socket(self.target)
        if self.buffer_bytes:
            far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.buffer_bytes)
            near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.buffer_bytes)
        try:
            far.connect(_name(self.target))
        except OSError:
            _reset(near, far)
            return
        line = (near, far)
        with self.changed:
            self.lines.add(line)
        for source, sink, way in ((near, far, "up"), (far, near, "down")):
            Thread(target=self._pass_on, args=(source, sink, way, line), daemon=True).start()

    def _pass_on(
        self,
        source: socket.socket,
        sink: socket.socket,
        way: Way,
        line: tuple[socket.socket, socket.socket],
    ) -> None:
        asked = b""
        with suppress(OSError):
            while chunk := source.recv(CHUNK):
                self._wait(way, len(chunk), line)
                sink.sendall(chunk)
                if way == "up" and self.repeats:
                    asked = chunk if chunk.startswith(WRITING) else asked + chunk
                    if _is_whole(asked):
                        self._repeat(asked)
                        asked = b""
            self._wait(way, 0, line)  # that it ended is held back too
            sink.shutdown(socket.SHUT_WR)
            return
        with self.changed:
            self.lines.discard(line)
        _reset(*line)

    def _wait(self, way: Way, size: int, line: tuple[socket.socket, socket.socket]) -> None:
        if self.delay_seconds:
            time.sleep(self.delay_seconds)
        if self.bytes_per_second and size:
            time.sleep(size / self.bytes_per_second)
        with self.changed:
            self.changed.wait_for(lambda: way not in self.held or line not in self.lines)

    def _repeat(self, request: bytes) -> None:
        with _socket(self.target) as again:
            again.settimeout(60)
            again.connect(_name(self.target))
            again.sendall(request)
            self.repeated += bool(again.recv(CHUNK))


def _is_whole(request: bytes) -> bool:
    head, _, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return head.startswith(WRITING) and length is not None and len(body) == int(length[1])


def _socket(address: Address) -> socket.socket:
    return socket.socket(socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET)


def _name(address: Address) -> str | tuple[str, int]:
    return str(address) if isinstance(address, Path) else address


def _reset(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
