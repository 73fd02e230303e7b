"""Hostile clients, from other loopback addresses than everybody else's: a program of its own.

python -m tests.support.attackers PORT KIND SECONDS [visitor's token …]

Each token is an attacker with an address of its own; it comes back as soon as it is thrown out. At the end
the program prints what happened as JSON: how often a socket was `opened`, `refused`, and `cut` by the server.
"""

import json
import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.support import ROOT, process
from tests.support.wire import BINARY, CONTINUED, PING, Wire, frame

IDLE = 1100
CHUNK = 256 * 1024
RUBBISH = ("9", "x", "4", "42[]", '42["connect"]', "42" + '["x",' + "[" * 9000, "4²", '451-["x"]', "")


class Attacker:
    """One hostile client: it connects, is let in where that helps, and does what its kind does."""

    def __init__(self, port: int, address: str, token: str, until: float) -> None:
        self.port, self.address, self.token, self.until = port, address, token, until
        self.seen: Counter[str] = Counter()

    @property
    def is_on(self) -> bool:
        return time.monotonic() < self.until or not self.seen

    def wire(self, *, is_in: bool = False) -> Wire | None:
        """A socket; None if it is refused, after a breath."""
        try:
            wire = Wire(self.port, address=self.address)
        except OSError:
            wire = None
        if wire is None or wire.status != 101:
            self.seen["refused"] += 1
            time.sleep(0.02)
            return None
        self.seen["opened"] += 1
        if is_in:
            wire.send(frame(f"40/chat,{json.dumps({'token': self.token})}"))
        return wire

    def pour(self, wire: Wire, block: bytes, *, reads: bool = True) -> None:
        """Sends the block again and again, as fast as it is taken, until the server ends it."""
        wire.socket.setblocking(False)
        with selectors.DefaultSelector() as ready:
            ready.register(wire.socket, selectors.EVENT_WRITE | (selectors.EVENT_READ if reads else 0))
            rest = memoryview(block)
            while self.is_on:
                for _, what in ready.select(0.2):
                    if what & selectors.EVENT_READ and not wire.socket.recv(CHUNK):
                        raise ConnectionError
                    if what & selectors.EVENT_WRITE:
                        rest = rest[wire.socket.send(rest) :] or memoryview(block)

    def flood(self, block: bytes, *, is_in: bool, first: bytes = b"", reads: bool = True) -> None:
        """Pours, and comes back."""
        while self.is_on:
            if wire := self.wire(is_in=is_in):
                with wire:
                    try:
                        wire.send(first)
                        self.pour(wire, block, reads=reads)
                    except OSError:
                        self.seen["cut"] += 1

    # --- the kinds --------------------------------------------------------------------------------

    def small(self) -> None:
        self.flood(frame('42/chat,1["x"]') * 500, is_in=True)

    def commands(self) -> None:
        self.flood(frame('42/chat,1["chat.resume",{}]') * 200, is_in=True)

    def pings(self) -> None:
        self.flood(frame("ping", PING) * 500, is_in=False)

    def fragments(self) -> None:
        self.flood(frame("x", CONTINUED, fin=False) * 500, first=frame("4", fin=False), is_in=False)

    def large_fragments(self) -> None:
        self.flood(frame("x" * 30_000, CONTINUED, fin=False), first=frame("4", fin=False), is_in=False)

    def huge(self) -> None:
        self.flood(frame('42/chat,1["x","' + "y" * 65_000 + '"]') * 4, is_in=True)

    def endless(self) -> None:
        self.flood(b"z" * CHUNK, first=b"\x81\xff" + (1 << 40).to_bytes(8) + b"mask", is_in=False)

    def binary(self) -> None:
        announced = frame('451000-/chat,["x",{"_placeholder":true,"num":0}]')
        self.flood(frame(b"y" * 60_000, BINARY), first=announced, is_in=False)

    def malformed(self) -> None:
        self.flood(b"".join(frame(text) for text in RUBBISH), is_in=False)

    def deaf(self) -> None:
        self.flood(frame('42/chat,1["chat.resume",{}]') * 200, is_in=True, reads=False)

    def doors(self) -> None:
        """Comes, is let in and goes, as quickly as it can."""
        while self.is_on:
            if wire := self.wire(is_in=True):
                with wire:
                    wire.receive(5)
                    wire.receive(5)

    def strangers(self) -> None:
        """Knocks with tokens that are none."""
        self.flood(frame('40/chat,{"token":"x"}') * 50, is_in=False)

    def idle(self) -> None:
        """Holds what it can get: half of it lines without a word, half sockets."""
        lines = []
        with suppress(OSError):
            lines += [self.line() for _ in range(IDLE // 8)]
        wires: list[Wire] = []
        while self.is_on:
            wires = [wire for wire in wires if not self.is_cut(wire)]
            if len(wires) < IDLE // 8 and (wire := self.wire()):
                wires.append(wire)
        for one in (*lines, *wires):
            one.close()

    def line(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 10, source_address=(self.address, 0))

    def is_cut(self, wire: Wire) -> bool:
        wire.socket.setblocking(False)
        try:
            gone = not wire.socket.recv(CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            gone = True
        self.seen["cut"] += gone
        return gone


KINDS: dict[str, Callable[[Attacker], None]] = {
    name: getattr(Attacker, name)
    for name in (
        *("small", "commands", "pings", "fragments", "large_fragments", "huge", "endless"),
        *("binary", "malformed", "deaf", "doors", "strangers", "idle"),
    )
}


@contextmanager
def attacking(
    port: int, kind: str, seconds: float, tokens: list[str]
) -> Iterator[Callable[[], dict[str, int]]]:
    """Attacks in a process of its own; what is yielded waits for its end and tells what it saw."""
    command = [sys.executable, "-m", "tests.support.attackers", port, kind, seconds, *tokens]
    child = process.start(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def end() -> dict[str, int]:
        told, _ = child.communicate(timeout=seconds + 120)
        return dict(json.loads(told))

    try:
        yield end
    finally:
        process.stop(child)


def main(port: str, kind: str, seconds: str, *tokens: str) -> None:
    """Attacks with a thread for each token."""
    os.nice(10)  # it is not the attackers' computing that the others are to feel
    until = time.monotonic() + float(seconds)
    attackers: list[Any] = [
        Attacker(int(port), f"127.0.0.{number + 2}", token, until) for number, token in enumerate(tokens)
    ]
    threads = [threading.Thread(target=KINDS[kind], args=(one,)) for one in attackers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen: Counter[str] = sum((one.seen for one in attackers), Counter())
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
