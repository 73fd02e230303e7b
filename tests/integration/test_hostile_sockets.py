"""K-15, F-18, S-02: whoever attacks the socket harms nobody else. How little is in docs/performance.md."""

import json
import resource
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.attackers import KINDS, attacking
from tests.support.live import COOKIE, Customer, Site
from tests.support.process import wait_until
from tests.support.wire import BINARY, CLOSED, CONTINUED, Line, Wire, frame
from webapp.realtime import server

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),  # the wire is the same
]

MEMORY_MB = 50
SECONDS = 1.0
FEW_FILES = 1024
ATTACKER = "127.0.0.9"


@pytest.fixture(scope="module")
def site(database: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server that may open few files unless it asks for more, as most systems have it."""
    made = Site(database.settings(database.fresh()), tmp_path_factory.mktemp("hostile"))
    with few_files():
        made.__enter__()
    yield made
    made.__exit__()


@contextmanager
def few_files() -> Iterator[None]:
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_FILES, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))


@pytest.fixture
def wire(site: Site) -> Iterator[Wire]:
    """A stranger's socket."""
    with Wire(site.servers[0].port, address=ATTACKER) as made:
        made.receive()
        yield made


def agent(site: Site, token: str | None = None) -> Line:
    token = token or site.make.session_token(site.make.user())
    return Line(site.servers[0].port, "/agent", cookie=f"{COOKIE}={token}")


def visitor(site: Site) -> str:
    return Customer(site.servers[0].url, site.inbox.key).token


def test_the_server_takes_as_many_files_as_it_may(site: Site) -> None:
    limits = Path(f"/proc/{site.servers[0].child.pid}/limits").read_text()
    allowed, most = limits.partition("Max open files")[2].split()[:2]
    assert int(allowed) == min(10_500, int(most))


# --- attacks from other addresses -----------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_an_attack_harms_nobody_else(site: Site, kind: str) -> None:
    """The process lives, its memory stays, and what others write meanwhile is kept and answered."""
    attacked, tokens = site.servers[0], [visitor(site) for _ in range(4)]
    customer = Customer(attacked.url, site.inbox.key)
    ticket_id = customer.post("comments", customer.message("Hello")).json()["ticket"]["id"]
    with agent(site) as line:
        before = attacked.memory
        with attacking(attacked.port, kind, SECONDS, tokens) as end:
            answers = [line.emit("comment.create", reply(ticket_id, number)) for number in range(20)]
            seen = end()
        assert [answer["ok"] for answer in answers] == [True] * 20
        shown = line.emit("ticket.open", {"ticket_id": ticket_id})["data"]["events"]
    written = [event["comment"]["content"] for event in shown if event.get("comment")]
    assert written == ["Hello", *map(str, range(20))]
    assert attacked.memory - before < MEMORY_MB
    assert seen, "nobody came"
    assert requests.get(f"{attacked.url}/healthz", timeout=60).ok


def reply(ticket_id: str, number: int) -> dict[str, Any]:
    return {"ticket_id": ticket_id, "client_id": str(uuid.uuid4()), "content": str(number), "kind": "reply"}


# --- what each is told ----------------------------------------------------------------------------

ENDS = {
    "a message that is too big": ([frame("4" * 66_000)], 1009),
    "fragments that are too big together": (
        [frame("4" * 40_000, fin=False), frame("x" * 40_000, CONTINUED)],
        1009,
    ),
    "too many fragments": ([frame("4", fin=False), *[frame("", CONTINUED, fin=False)] * 200], 1009),
    "a frame that announces a terabyte": ([b"\x81\xff" + (1 << 40).to_bytes(8) + b"mask"], 1009),
    "no text": ([frame(b"\xff\xff")], 1007),
    "an unknown kind of frame": ([frame("x", opcode=3)], 1002),
    "compression": ([frame("x", rsv=4)], 1002),
    "no mask": ([frame("x", masked=False)], 1002),
}


@pytest.mark.parametrize("raw, reason", ENDS.values(), ids=ENDS)
def test_who_breaks_the_frames_is_told_why_and_cut_off(wire: Wire, raw: list[bytes], reason: int) -> None:
    wire.send(*raw)
    assert wire.is_closed()
    assert wire.reason == reason


PACKETS = {
    "malformed packets": frame("4²"),
    "packets that announce attachments": frame('451-/chat,["x",{"_placeholder":true,"num":0}]'),
    "binary frames": frame(b"x", BINARY),
    "packets of no kind": frame("9"),
    "tokens that open nothing": frame('40/chat,{"token":"x"}'),
    "cookies that open nothing": frame("40/agent,"),
    "auths that are none": frame("40/tv,{}"),
}


@pytest.mark.parametrize("raw", PACKETS.values(), ids=PACKETS)
def test_five_of_what_cannot_be_taken_end_the_connection(site: Site, wire: Wire, raw: bytes) -> None:
    wire.send(*[raw] * 4, frame("42/chat,1[1]", opcode=9))
    assert wire.receive(0.2) is not CLOSED, "four are forgiven"
    wire.send(raw)
    assert wire.is_closed()


# --- how many -------------------------------------------------------------------------------------


def test_one_browser_opens_so_many_sockets_and_no_more(site: Site) -> None:
    port, auth = site.servers[0].port, {"token": visitor(site)}
    lines = [Line(port, "/chat", auth=auth) for _ in range(server.SOCKETS["/chat"] + 1)]
    assert [line.connected for line in lines] == [True] * server.SOCKETS["/chat"] + [False]
    lines[0].close()

    def comes_in() -> bool:
        lines.append(Line(port, "/chat", auth=auth))
        return lines[-1].connected

    wait_until(comes_in, "the place that became free")
    for line in lines:
        line.close()


def test_somebody_who_says_too_much_waits_and_loses_nothing(site: Site) -> None:
    with agent(site) as line:
        count = server.STAFF_BURST + 30
        line.send(*[frame(f"42/agent,{number}" + json.dumps(["x", None])) for number in range(count)])
        line.count = count
        assert line.emit("x")["error"]["code"] == "unknown_command"
        assert sorted(line.acks) == list(range(count)), "each was answered"
