"""A websocket by hand, for attacks no client library sends, and a small Socket.IO client on top of it."""

import base64
import json
import os
import socket
import struct
import time
from contextlib import suppress
from typing import Any, Self

TEXT, BINARY, CLOSE, PING, CONTINUED = 1, 2, 8, 9, 0
CLOSED = object()


def frame(
    data: bytes | str, opcode: int = TEXT, *, fin: bool = True, rsv: int = 0, masked: bool = True
) -> bytes:
    """One frame of a client."""
    body = data.encode() if isinstance(data, str) else data
    head = struct.pack("!B", (0x80 if fin else 0) | rsv << 4 | opcode)
    mask_bit = 0x80 if masked else 0
    if len(body) < 126:
        head += struct.pack("!B", mask_bit | len(body))
    elif len(body) < 65536:
        head += struct.pack("!BH", mask_bit | 126, len(body))
    else:
        head += struct.pack("!BQ", mask_bit | 127, len(body))
    if not masked:
        return head + body
    mask = os.urandom(4)
    key = (mask * (len(body) // 4 + 1))[: len(body)]
    return head + mask + (int.from_bytes(body) ^ int.from_bytes(key)).to_bytes(len(body))


class Wire:
    """A TCP connection to the Socket.IO door, from a loopback `address`.

    `status` is what the handshake was answered with, `reason` the number that the server closed it with.
    """

    reason: int | None = None

    def __init__(
        self,
        port: int,
        *,
        origin: str | None = "own",
        headers: dict[str, str] | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(address, 0))
        self.rest = b""
        fields = {"Host": f"127.0.0.1:{port}", **(headers or {})}
        if origin is not None:
            fields["Origin"] = f"http://127.0.0.1:{port}" if origin == "own" else origin
        self._shake_hands(fields)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _shake_hands(self, fields: dict[str, str]) -> None:
        fields |= {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Extensions": "permessage-deflate",
        }
        lines = [f"{name}: {value}" for name, value in fields.items()]
        asked = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n"
        self.socket.sendall(asked.encode())
        while b"\r\n\r\n" not in self.rest:
            chunk = self.socket.recv(65536)
            if not chunk:
                break
            self.rest += chunk
        self.answer, _, self.rest = self.rest.partition(b"\r\n\r\n")
        self.status = int(self.answer.split()[1]) if self.answer else 0

    def send(self, *frames: bytes) -> bool:
        """Sends frames as they are; False if the server has gone."""
        try:
            self.socket.sendall(b"".join(frames))
        except OSError:
            return False
        return True

    def receive(self, patience: float = 5) -> Any:
        """The next text or close frame's body; None for nothing in time, `CLOSED` at the end."""
        self.socket.settimeout(patience)
        try:
            first, second = self._bytes(2)
            length = second & 127
            if length == 126:
                (length,) = struct.unpack("!H", self._bytes(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", self._bytes(8))
            body = self._bytes(length)
        except TimeoutError:
            return None
        except (OSError, EOFError):
            return CLOSED
        if first & 15 == CLOSE:
            self.reason = struct.unpack("!H", body[:2])[0] if body else None
            return CLOSED
        return body.decode()

    def is_closed(self, patience: float = 60) -> bool:
        """Whether the server ends the connection in time."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if self.receive(max(0.05, end - time.monotonic())) is CLOSED:
                return True
        return False

    def _bytes(self, count: int) -> bytes:
        while len(self.rest) < count:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise EOFError
            self.rest += chunk
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def close(self) -> None:
        """Hangs up."""
        with suppress(OSError):
            self.socket.close()


class Line(Wire):
    """A Socket.IO client in one namespace: `emit` returns the ack, `wait_for` an event's body."""

    def __init__(self, port: int, namespace: str, *, cookie: str = "", auth: Any = None) -> None:
        super().__init__(port, headers={"Cookie": cookie} if cookie else None)
        self.namespace = namespace
        self.events: list[list[Any]] = []
        self.acks: dict[int, Any] = {}
        self.count = 0
        self.open = json.loads(self.receive(60)[1:])
        self.send(frame(f"40{namespace}," + (json.dumps(auth) if auth is not None else "")))
        answer = self._next(time.monotonic() + 60, lambda packet: packet[:1] in ("0", "4"))
        self.connected = isinstance(answer, str) and answer.startswith("0")

    def emit(self, name: str, payload: Any = None, patience: float = 60) -> Any:
        """Sends a command and waits for its ack."""
        self.count += 1
        self.send(frame(f"42{self.namespace},{self.count}" + json.dumps([name, payload])))
        end, wanted = time.monotonic() + patience, self.count
        while wanted not in self.acks:
            if self._next(end, lambda packet: packet.startswith("3")) in (None, CLOSED):
                raise TimeoutError(f"no ack of {name}")
        return self.acks.pop(wanted)

    def wait_for(self, name: str, patience: float = 60) -> Any:
        """The body of the next event with that name."""
        end = time.monotonic() + patience
        while True:
            for event in self.events:
                if event[0] == name:
                    self.events.remove(event)
                    return event[1]
            if self._next(end, lambda packet: packet.startswith("2")) in (None, CLOSED):
                raise TimeoutError(f"no {name}")

    def _next(self, end: float, wanted: Any) -> Any:
        while (left := end - time.monotonic()) > 0:
            message = self.receive(left)
            if message is CLOSED or message is None:
                return message
            if message == "2":  # the server's ping
                self.send(frame("3"))
                continue
            if not message.startswith("4"):
                continue
            packet = self._note(message[1:])
            if wanted(packet):
                return packet
        return None

    def _note(self, packet: str) -> str:
        kind, rest = packet[0], packet[1:].removeprefix(self.namespace + ",")
        if kind == "2":
            self.events.append(json.loads(rest))
        elif kind == "3":
            number = rest[: rest.index("[")]
            self.acks[int(number)] = (json.loads(rest[len(number) :]) or [None])[0]
        return packet
