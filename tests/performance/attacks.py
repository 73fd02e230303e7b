"""What everybody else feels while somebody attacks the socket: p99, the loop's longest wait, memory."""

import math
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.performance.live_board import SETTINGS
from tests.support.attackers import KINDS, attacking
from tests.support.live import Customer
from tests.support.parallel import House
from tests.support.postgres import Postgres
from tests.support.server import Server
from tests.support.stalls import probed
from tests.support.wire import Line
from webapp import migration
from webapp.auth import session_cookie_name
from webapp.config import load_settings

SECONDS = 12.0
ATTACKERS, OTHERS = 4, 4
EVERY_SECONDS = 0.1
SLOW_COMMIT = 0.03
SLOW_DISK = {"commit_delay": str(int(SLOW_COMMIT * 1e6)), "commit_siblings": "0"}
WORSE, STALL_SECONDS, MEMORY_MB = 5, 0.25, 50
BEGIN, END = "<!-- begin: attacks, made by make bench -->", "<!-- end of attacks -->"
HEAD = (
    "| attack | database | p99 undisturbed | attacked | times | longest wait, computing | memory | cut off |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
)


class Others:
    """Agents who write to their customers all the time, each on a ticket of their own."""

    def __init__(self, house: House, server: Server) -> None:
        self.house, self.server = house, server
        self.times: list[float] = []
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self._write, args=(self._line(),)) for _ in range(OTHERS)]
        for thread in self.threads:
            thread.start()

    def _line(self) -> tuple[Line, str]:
        customer = Customer(self.server.url, self.house.inbox.key)
        ticket_id = customer.post("comments", customer.message("Hello")).json()["ticket"]["id"]
        cookie = (
            f"{session_cookie_name(secure=False)}={self.house.make.session_token(self.house.make.user())}"
        )
        return Line(self.server.port, "/agent", cookie=cookie), ticket_id

    def _write(self, place: tuple[Line, str]) -> None:
        line, ticket_id = place
        while not self.is_over.wait(EVERY_SECONDS):
            body = {"ticket_id": ticket_id, "client_id": str(uuid.uuid4()), "content": "Hi", "kind": "reply"}
            began = time.perf_counter()
            answer = line.emit("comment.create", body)
            self.times.append(time.perf_counter() - began)
            assert answer["ok"], answer
            line.events.clear()

    def during(self, seconds: float) -> list[float]:
        """How long their messages took in the next seconds."""
        self.times = []
        time.sleep(seconds)
        return self.times

    def close(self) -> None:
        self.is_over.set()
        for thread in self.threads:
            thread.join()


def p99(times: list[float]) -> float:
    return sorted(times)[math.ceil(len(times) * 0.99) - 1]


class Peak:
    """The most memory that the server held, in MB."""

    def __init__(self, server: Server) -> None:
        self.server, self.most, self.is_over = server, server.memory, threading.Event()
        self.thread = threading.Thread(target=self._look)
        self.thread.start()

    def _look(self) -> None:
        while not self.is_over.wait(0.1):
            self.most = max(self.most, self.server.memory)

    def close(self) -> float:
        self.is_over.set()
        self.thread.join()
        return self.most


@contextmanager
def place(kind: str, *, slow: bool) -> Iterator[tuple[House, Server, Any]]:
    """A house whose server is probed; `slow`: each commit takes 30 ms more."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="attacks-")))
        url = f"sqlite:///{folder / 'desk.db'}"
        if kind == "postgresql":
            postgres = Postgres(durable=True)
            if slow:
                postgres.settings = {**postgres.settings, **SLOW_DISK}
            url = stack.enter_context(postgres).create_database("attacks")
        environment = {**SETTINGS, "DATABASE_URL": url, "INSTANCE_PATH": str(folder)}
        migration.upgrade(load_settings(environment))
        house = House(environment, folder)
        stack.callback(house.close)
        environment["COMMIT_SECONDS"] = str(SLOW_COMMIT) if slow and kind == "sqlite" else "0"
        server, stalls = stack.enter_context(probed(environment, folder))
        yield house, server, stalls


def measure(kind: str, *, slow: bool, kinds: list[str]) -> tuple[list[str], list[str]]:
    """The lines of the table and what is wrong."""
    lines, problems = [], []
    with place(kind, slow=slow) as (house, server, stalls):
        tokens = [Customer(server.url, house.inbox.key).token for _ in range(ATTACKERS)]
        others = Others(house, server)
        others.during(3)
        name = f"{kind}, slow disk" if slow else kind
        for attack in kinds:
            calm = p99(others.during(SECONDS))
            stalls.take()
            peak, before = Peak(server), server.memory
            with attacking(server.port, attack, SECONDS, tokens) as end:
                hit = p99(others.during(SECONDS))
                seen = end()
            grown = peak.close() - before
            waits = stalls.take()
            busy = max((one.busy for one in waits), default=0.0)
            lines.append(
                f"| {attack.replace('_', ' ')} | {name} | {calm * 1000:.0f} ms | {hit * 1000:.0f} ms | "
                f"{hit / calm:.1f} | {busy * 1000:.0f} ms | {grown:+.0f} MB | "
                f"{seen.get('cut', 0)} of {seen.get('opened', 0)} |"
            )
            print(lines[-1], max((one.seconds for one in waits), default=0.0), flush=True)
            problems += found(f"{name} {attack}", hit / calm, busy, grown)
            time.sleep(1)
        others.close()
    return lines, problems


def found(name: str, times: float, busy: float, grown: float) -> list[str]:
    """Which bounds do not hold."""
    wrong = {
        f"p99 is {times:.1f} times the undisturbed one": times > WORSE,
        f"the loop stood for {busy * 1000:.0f} ms": busy > STALL_SECONDS,
        f"memory grew by {grown:.0f} MB": grown > MEMORY_MB,
    }
    return [f"{name}: {what}" for what, is_so in wrong.items() if is_so]


def table(kinds: list[str] | None = None) -> tuple[list[str], list[str]]:
    """All of it, and what is wrong."""
    lines, problems = [], []
    for kind in ("sqlite", "postgresql"):
        for slow in (False, True):
            more, wrong = measure(kind, slow=slow, kinds=kinds or list(KINDS))
            lines += more
            problems += wrong
    return [*HEAD, *lines], problems
