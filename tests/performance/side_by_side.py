"""Parley's whole message path beside what somebody else would build on, in one run, turn by turn.

Measured is what the server process computes (all of its processes) and holds, not how fast the machine is.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from tests.performance.live_board import SETTINGS
from tests.support import ROOT, process
from tests.support.live import COOKIE, Customer
from tests.support.node import find_node
from tests.support.parallel import House
from tests.support.postgres import Postgres
from tests.support.server import Server
from webapp import migration
from webapp.config import load_settings
from webapp.database import transaction
from webapp.services.chat.visitor import create_visitor
from webapp.tenancy import use_workspace

RIVALS = Path(__file__).with_name("rivals")
PAIRS, AGENTS, SENDERS = 50, 10, 8
"""Tickets, each with a customer and an agent who hear it; our agents have five; so many write at once."""
SECONDS, ROUNDS = 4.0, 5
RATE = 40
IDLE, WARM = 2000, 100
CROWD, SHOUTS, TABS = 1000, 20, 40
"""So many hear what so many messages do to the queue; ours are agents with so many pages open each."""
CONTENT = "The parcel has left the harbour this morning and should be with you tomorrow before noon. " * 2
BEGIN, END = "<!-- begin: side by side, made by make bench -->", "<!-- end of side by side -->"
HEAD = ("| what | server | figure | times | bound |", "| --- | --- | ---: | ---: | ---: |")
OURS_SQLITE, OURS_POSTGRESQL = "Parley, SQLite", "Parley, PostgreSQL"
STOCK_SQLITE, STOCK_POSTGRESQL = "Flask-SocketIO, SQLite", "Flask-SocketIO, PostgreSQL"
NODE, NODE_POSTGRESQL = "socket.io", "socket.io, PostgreSQL"
MOST = {OURS_POSTGRESQL: (STOCK_POSTGRESQL, 2.0), OURS_SQLITE: (STOCK_SQLITE, 3.0)}
MOST_MEMORY = 1.3


class Load:
    """The clients of one server, in a process of their own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.child = process.start(
            [find_node(), RIVALS / "load.mjs"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, step: str, **options: Any) -> dict[str, Any]:
        """Has them do something, and returns what they measured."""
        self.begin(step, **options)
        return self.end()

    def begin(self, step: str, **options: Any) -> None:
        """Has them begin with something."""
        self.child.stdin.write(json.dumps({"do": step, **options}) + "\n")
        self.child.stdin.flush()

    def end(self) -> dict[str, Any]:
        """Waits until they are done, and returns what they measured."""
        answer = json.loads(self.child.stdout.readline())
        assert "error" not in answer, answer
        return dict(answer)

    def connect(self, clients: list[dict[str, Any]]) -> dict[str, Any]:
        return self.do("connect", port=self.port, clients=clients)

    def close(self) -> None:
        self.child.stdin.write('{"do": "end"}\n')
        self.child.stdin.close()
        self.child.wait(30)
        self.child.stdout.close()


@dataclass
class Measured:
    """One server and what was found: `figures[what]` is a list, a value a round."""

    name: str
    server: Any
    load: Load
    senders: list[dict[str, Any]]
    figures: dict[str, list[float]] = field(default_factory=dict)

    def note(self, what: str, value: float) -> None:
        self.figures.setdefault(what, []).append(value)


class Rival(process.Startable):
    """A small server of another kind; `computed` and `memory` as ours has them."""

    computed, memory = Server.computed, Server.memory

    def __init__(self, *command: Any) -> None:
        self.port = process.free_port()
        self.command = [str(part).replace("PORT", str(self.port)) for part in command]

    def start(self) -> "Rival":
        self.child = process.start(self.command, cwd=ROOT)
        process.wait_until(self._answers, "the rival to answer")
        return self

    def _answers(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=5).ok
        except OSError:
            return False

    def close(self) -> None:
        process.stop(self.child)


def stock(url: str) -> Rival:
    return Rival(sys.executable, RIVALS / "stock_flask.py", "PORT", url)


def node(*database: Any) -> Rival:
    return Rival(find_node(), RIVALS / "server.mjs", "PORT", *database)


@contextmanager
def ours(url: str, folder: Path) -> Iterator[tuple[House, Server]]:
    """Parley with its default settings, and somebody to make rows."""
    folder.mkdir(exist_ok=True)
    environment = {**SETTINGS, "DATABASE_URL": url, "INSTANCE_PATH": str(folder)}
    migration.upgrade(load_settings(environment))
    house = House(environment, folder)
    served = {name: value for name, value in environment.items() if name != "TESTING"}
    with Server(served) as server:
        yield house, server


def visitors(house: House, count: int) -> list[str]:
    """Their tokens. Through the door one address would get so many in an hour only."""
    tokens: list[str] = []
    while len(tokens) < count:
        with house.app.app_context(), use_workspace(house.workspace.id), transaction():
            tokens += [create_visitor(house.inbox) for _ in range(min(50, count - len(tokens)))]
    return tokens


def our_desk(house: House, server: Server) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Our clients, and who of them writes what."""
    customers = [Customer(server.url, house.inbox.key, token) for token in visitors(house, PAIRS)]
    tickets = []
    for customer in customers:
        tickets.append(customer.post("comments", customer.message("Hello")).json()["ticket"]["id"])
        customer.close()
    clients = [{"namespace": "/chat", "auth": customer.auth} for customer in customers]
    for number in range(AGENTS):
        opened = [["ticket.open", {"ticket_id": ticket_id}] for ticket_id in tickets[number::AGENTS]]
        cookie = f"{COOKIE}={house.make.session_token(house.make.user())}"
        clients.append({"namespace": "/agent", "cookie": cookie, "say": opened})
    senders = [
        {
            "client": PAIRS + number % AGENTS,
            "body": {"ticket_id": tickets[number], "content": CONTENT, "kind": "reply"},
        }
        for number in range(SENDERS)
    ]
    return clients, senders


def their_desk() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The same for a rival."""
    joined = [{"namespace": "/", "say": [["join", {"ticket_id": str(number)}]]} for number in range(PAIRS)]
    senders = [
        {"client": number, "body": {"ticket_id": str(number), "content": CONTENT, "kind": "reply"}}
        for number in range(SENDERS)
    ]
    return [*joined, *joined], senders


@contextmanager
def everybody(folder: Path) -> Iterator[list[Measured]]:
    """All servers with their clients connected."""
    with ExitStack() as stack:
        postgres = stack.enter_context(Postgres(durable=True))
        made = []
        for name, url in (
            (OURS_SQLITE, f"sqlite:///{folder / 'ours.db'}"),
            (OURS_POSTGRESQL, postgres.create_database("ours")),
        ):
            house, server = stack.enter_context(ours(url, folder / name.replace(" ", "_")))
            made.append(measured(stack, name, server, *our_desk(house, server)))
        for name, rival in (
            (STOCK_SQLITE, stock(f"sqlite:///{folder / 'stock.db'}")),
            (STOCK_POSTGRESQL, stock(postgres.create_database("stock"))),
            (NODE, node()),
            (NODE_POSTGRESQL, node(postgres.folder, "stock")),
        ):
            made.append(measured(stack, name, stack.enter_context(rival), *their_desk()))
        yield made


def measured(stack: ExitStack, name: str, server: Any, clients: list[Any], senders: list[Any]) -> Measured:
    load = Load(server.port)
    stack.callback(load.close)
    load.connect(clients)
    return Measured(name, server, load, senders)


# --- what is measured -----------------------------------------------------------------------------


def messages(one: Measured, *, counts: bool) -> None:
    """Closed loop: microseconds of the server for a message that was acknowledged and arrived twice."""
    before = one.server.computed
    found = one.load.do(
        "messages", name="comment.create", senders=one.senders, seconds=SECONDS, delivered="ticket.event"
    )
    spent = one.server.computed - before
    assert found["arrived"] == 2 * found["acked"], (one.name, found)
    if counts:
        one.note("messages", spent / found["acked"] * 1e6)
        one.note("per second", found["acked"] / SECONDS)


def at_a_rate(one: Measured) -> None:
    found = one.load.do(
        "messages",
        name="comment.create",
        senders=one.senders,
        seconds=SECONDS,
        rate=RATE,
        delivered="ticket.event",
    )
    one.note("p50", found["p50"])
    one.note("p95", found["p95"])


def table() -> tuple[list[str], list[str]]:
    """The lines of the table and which bounds do not hold."""
    with TemporaryDirectory(prefix="side-") as folder, everybody(Path(folder)) as servers:
        for number in range(ROUNDS + 1):  # the first warms up
            for one in servers:
                messages(one, counts=number > 0)
        for _ in range(3):
            for one in servers:
                at_a_rate(one)
        lines, problems = message_lines(servers)
        for one in servers:
            p50, p95 = (statistics.median(one.figures[share]) for share in ("p50", "p95"))
            what = f"{RATE} messages a second, p50 / p95"
            lines.append(f"| {what} | {one.name} | {p50:.1f} / {p95:.1f} ms | | |")
    more, wrong = idle_lines()
    return [*HEAD, *lines, *more, *fanout_lines()], problems + wrong


def message_lines(servers: list[Measured]) -> tuple[list[str], list[str]]:
    by_name = {one.name: one for one in servers}
    lines, problems = [], []
    for one in servers:
        line = f"| message, CPU | {one.name} | {statistics.median(one.figures['messages']):.0f} µs |"
        if one.name in MOST:
            other, bound = MOST[one.name]
            times = statistics.median(
                mine / theirs
                for mine, theirs in zip(
                    one.figures["messages"], by_name[other].figures["messages"], strict=True
                )
            )
            line += f" {times:.2f} | {bound:g} |"
            if times > bound:
                problems.append(f"{one.name}: a message takes {times:.2f} times the stock server's CPU")
        else:
            line += " | |"
        lines.append(line)
        print(line, flush=True)
    return lines, problems


# --- idle connections -----------------------------------------------------------------------------


def held(pid: int) -> float:
    """A process's proportional memory in KB."""
    found = Path(f"/proc/{pid}/smaps_rollup").read_text().partition("\nPss:")[2].split()[0]
    return float(found)


def idle(server: Any, clients: list[dict[str, Any]]) -> tuple[float, float]:
    """KB that each connection holds, and milliseconds of CPU to connect it; the first ones warm up."""
    load, measured = Load(server.port), len(clients) - WARM
    try:
        load.connect(clients[:WARM])
        time.sleep(3)
        before, computed = held(server.child.pid), server.computed
        load.connect(clients[WARM:])
        spent = server.computed - computed
        time.sleep(5)
        return (held(server.child.pid) - before) / measured, spent / measured * 1000
    finally:
        load.close()


def idle_lines(count: int = IDLE) -> tuple[list[str], list[str]]:
    """Connected visitors on one process in its default configuration."""
    with TemporaryDirectory(prefix="idle-") as name:
        folder = Path(name)
        with ours(f"sqlite:///{folder / 'ours.db'}", folder) as (house, server):
            tokens = visitors(house, count)
            mine = idle(server, [{"namespace": "/chat", "auth": {"token": token}} for token in tokens])
        joined = [
            {"namespace": "/", "say": [["join", {"ticket_id": str(number)}]]} for number in range(count)
        ]
        with stock(f"sqlite:///{folder / 'stock.db'}") as rival:
            theirs = idle(rival, joined)
        with node() as rival:
            nodes = idle(rival, joined)
    lines, times = [], mine[0] / theirs[0]
    for what, place, unit in ((f"each of {count:,} idle", 0, "KB"), ("connecting, CPU", 1, "ms")):
        for server_name, figures in ((OURS_SQLITE, mine), (STOCK_SQLITE, theirs), (NODE, nodes)):
            line = f"| {what} | {server_name} | {figures[place]:.1f} {unit} |"
            line += f" {times:.2f} | {MOST_MEMORY} |" if server_name == OURS_SQLITE and not place else " | |"
            lines.append(line)
            print(line, flush=True)
    problems = (
        [f"an idle connection holds {times:.2f} times the stock server's"] if times > MOST_MEMORY else []
    )
    return lines, problems


# --- one to a thousand ----------------------------------------------------------------------------


def fanout(
    server: Any, clients: list[dict[str, Any]], name: str, body: dict[str, Any]
) -> tuple[float, float]:
    """Microseconds of CPU for each who hears it, and milliseconds until the last one has."""
    load = Load(server.port)
    try:
        load.connect(clients)
        time.sleep(3)
        options = {"name": name, "sender": 0, "body": body, "delivered": "ticket.row"}
        load.do("fanout", rounds=2, **options)
        before = server.computed
        found = load.do("fanout", rounds=SHOUTS, **options)
        return (server.computed - before) / found["deliveries"] * 1e6, found["median"]
    finally:
        load.close()


def fanout_lines() -> list[str]:
    """A change of the queue to everybody who looks at it; ours is a whole message each time."""
    joined = [{"namespace": "/", "say": [["join", {"ticket_id": str(number)}]]} for number in range(CROWD)]
    row = {"id": "1", "title": "The parcel", "status": "open", "priority": "high", "preview": CONTENT}
    with TemporaryDirectory(prefix="fanout-") as name:
        folder = Path(name)
        with ours(f"sqlite:///{folder / 'ours.db'}", folder) as (house, server):
            customer = Customer(server.url, house.inbox.key, visitors(house, 1)[0])
            ticket_id = customer.post("comments", customer.message("Hello")).json()["ticket"]["id"]
            cookies = [
                f"{COOKIE}={house.make.session_token(house.make.user())}" for _ in range(CROWD // TABS)
            ]
            agents = [
                {"namespace": "/agent", "cookie": cookies[number % len(cookies)]} for number in range(CROWD)
            ]
            body = {"ticket_id": ticket_id, "content": CONTENT, "kind": "reply"}
            found = {OURS_SQLITE: fanout(server, agents, "comment.create", body)}
        with stock(f"sqlite:///{folder / 'stock.db'}") as rival:
            found[STOCK_SQLITE] = fanout(rival, joined, "queue.update", row)
        with node() as rival:
            found[NODE] = fanout(rival, joined, "queue.update", row)
    what = f"to {CROWD:,} at once, CPU for each; the last one has it"
    lines = [
        f"| {what} | {name} | {spent:.0f} µs; {last:.0f} ms | | |" for name, (spent, last) in found.items()
    ]
    print("\n".join(lines), flush=True)
    return lines
