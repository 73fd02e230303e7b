"""The real server in a process of its own: starting, being refused, stopping, and being attacked."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from tests.factories import Factory
from tests.support import ROOT, process
from tests.support.server import Server
from tests.support.valkey import Valkey
from tests.support.wire import BINARY, CLOSED, CONTINUED, PING, Line, Wire, frame
from webapp import clock, create_app
from webapp.auth import session_cookie_name
from webapp.database import transaction
from webapp.extensions import db
from webapp.models import UserSession
from webapp.realtime.backplane import OPTIONS

pytestmark = pytest.mark.e2e


class Served:
    """A running server, and an app of the test on the same database to make rows with."""

    def __init__(self, database: Any, **settings: str) -> None:
        self.url = database.fresh()
        common = {**database.settings(self.url), "START_GRACE_SECONDS": "0", "PRESENCE_RENEW_SECONDS": "0.5"}
        common["GONE_GRACE_SECONDS"] = "3"  # a reload takes its time on a busy machine
        common.pop("TESTING")
        self.settings = {**common, "LOG_LEVEL": "info", **settings}
        self.app: Flask = create_app({**database.settings(self.url), "REDIS_URL": ""})
        self.make = Factory(self.app)
        self.server = Server(self.settings)

    @property
    def port(self) -> int:
        return self.server.port

    def agent(self, port: int | None = None, user: Any = None) -> Line:
        """A signed-in agent's socket."""
        user = user or self.make.user()
        cookie = f"{session_cookie_name(secure=False)}={self.make.session_token(user)}"
        return Line(port or self.port, "/agent", cookie=cookie)

    def answers(self) -> bool:
        ready = f"{self.server.url}/readyz"
        return process.wait_until(
            lambda: requests.get(ready, timeout=60).status_code == 200, "it to be ready"
        )

    def close(self) -> None:
        self.server.close()
        with self.app.app_context():
            db.engine.dispose()


@pytest.fixture(scope="module")
def served(database: Any) -> Iterator[Served]:
    made = Served(database)
    with made.server:
        made.make.workspace()
        yield made
        made.server.terminate()
        assert "Traceback" not in made.server.log, made.server.log
    made.close()


@pytest.fixture
def own(database: Any) -> Iterator[Served]:
    """A server that the test may stop."""
    made = Served(database)
    yield made
    made.close()


def failing_start(settings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess:
    """The outcome of a start that is to be refused."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, ROOT / "wsgi.py", *arguments],
        env={**kept, "HOST": "127.0.0.1", **settings},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# --- starting and stopping ------------------------------------------------------------------------


def test_it_is_alive_and_ready(served: Served) -> None:
    assert requests.get(served.server.url + "/healthz", timeout=60).json() == {"status": "ok"}
    assert requests.get(served.server.url + "/readyz", timeout=60).json() == {"status": "ok"}


def test_a_second_copy_on_the_same_sqlite_file_is_refused(served: Served) -> None:
    if not served.url.startswith("sqlite"):
        return
    second = failing_start({**served.settings, "PORT": str(process.free_port())})
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert f"process {served.server.child.pid}" in second.stderr
    assert "REDIS_URL" in second.stderr
    assert served.answers()


def test_a_taken_port_is_one_clear_line(served: Served) -> None:
    second = failing_start({**served.settings, "PORT": str(served.port)})
    assert (second.returncode, second.stderr.count("\n")) == (1, 1)
    assert f"cannot listen on 127.0.0.1:{served.port}: Address already in use" in second.stderr


def test_wrong_settings_are_listed_at_once_without_a_traceback() -> None:
    found = failing_start({"PORT": "many", "LOG_LEVEL": "loud", "DEMO": "0"})
    assert found.returncode == 2
    assert "Traceback" not in found.stderr
    assert [name in found.stderr for name in ("PORT", "LOG_LEVEL", "SECRET_KEY")] == [True] * 3


def test_a_postgresql_role_that_sees_everything_is_refused(database: Any) -> None:
    if database.kind == "sqlite":
        return
    settings = {**database.settings(database.fresh()), "PORT": str(process.free_port()), "DATABASE_ROLE": ""}
    found = failing_start(settings)
    assert found.returncode == 1
    assert "BYPASSRLS" in found.stderr
    assert 'CREATE ROLE "parley_app" NOLOGIN;\n  GRANT "parley_app" TO "' in found.stderr
    with Server({**settings, "ALLOW_RLS_BYPASS": "1"}, port=int(settings["PORT"])):
        pass


@pytest.mark.slow
def test_a_second_process_on_postgresql_needs_redis(served: Served) -> None:
    if served.url.startswith("sqlite"):
        return
    second = failing_start({**served.settings, "PORT": str(process.free_port())})
    assert second.returncode == 1
    assert "Several processes need REDIS_URL" in second.stderr
    assert served.answers()


def test_a_database_that_is_away_is_one_clear_line() -> None:
    settings = {
        "SECRET_KEY": "k" * 40,
        "PORT": str(process.free_port()),
        "DATABASE_URL": "postgresql://a@127.0.0.1:1/b",
    }
    found = failing_start(settings)
    assert (found.returncode, found.stderr.count("\n")) == (1, 1)
    assert "cannot open its database" in found.stderr


def test_sigterm_says_goodbye_drains_and_ends_well(own: Served) -> None:
    own.server.start()
    own.make.workspace()
    with own.agent() as line:
        assert line.connected
        assert own.server.terminate() == 0
        assert 0 < line.wait_for("server.restarting")["retry_in"] < 10
        assert line.is_closed()
    assert "stopped" in own.server.log
    assert "Traceback" not in own.server.log
    own.server.start()
    assert own.answers()


def test_kill_9_leaves_nothing_in_the_way_of_the_next_start(own: Served) -> None:
    own.server.start()
    own.server.kill()
    own.server.start()
    assert own.answers()


# --- who is let in --------------------------------------------------------------------------------

PROBES = [
    ("a foreign origin", {"origin": "https://evil.example"}, 400),
    ("null", {"origin": "null"}, 400),
    ("our name as a prefix", {"origin": "http://127.0.0.1:{port}.evil.example"}, 400),
    ("no origin", {"origin": None}, 400),
    ("origin and host rebound", {"origin": "http://evil.example", "headers": {"Host": "evil.example"}}, 400),
    (
        "a forwarded host",
        {"origin": "http://evil.example", "headers": {"X-Forwarded-Host": "evil.example"}},
        400,
    ),
    ("our own", {}, 101),
]


@pytest.mark.parametrize("name, options, status", PROBES, ids=[probe[0] for probe in PROBES])
def test_s06_who_may_open_a_socket(served: Served, name: str, options: dict[str, Any], status: int) -> None:
    if "{port}" in (options.get("origin") or ""):
        options = {"origin": options["origin"].format(port=served.port)}
    with Wire(served.port, **options) as wire:
        assert wire.status == status


@pytest.mark.parametrize(
    "path", ["/healthz", "/", "/static/favicon.svg", "/socket.io/?EIO=4&transport=websocket"]
)
def test_s06_an_unknown_host_is_refused_everywhere(served: Served, path: str) -> None:
    answer = requests.get(served.server.url + path, headers={"Host": "evil.example"}, timeout=60)
    assert (answer.status_code, answer.json()["message"]) == (400, "unknown host")


def test_polling_and_compression_are_not_offered(served: Served) -> None:
    own = {"Origin": served.server.url}
    answer = requests.get(served.server.url + "/socket.io/?EIO=4&transport=polling", headers=own, timeout=60)
    assert answer.status_code == 400
    with Wire(served.port) as wire:
        assert wire.status == 101
        assert b"permessage-deflate" not in wire.answer


def test_s04_no_cookie_and_no_token_open_nothing(served: Served) -> None:
    for namespace, auth in (
        ("/agent", None),
        ("/chat", {"token": ""}),
        ("/chat", None),
        ("/", None),
        ("/x", {}),
    ):
        with Line(served.port, namespace, auth=auth) as line:
            assert not line.connected, namespace


def test_strangers_are_counted_and_sent_away(served: Served) -> None:
    wires = at_once(52, served.port)
    assert [wire.status for wire in wires].count(101) == 50
    began = time.monotonic()
    for wire in wires[:50]:
        assert wire.is_closed()
    assert time.monotonic() - began > 8, "they had ten seconds to say who they are"
    for wire in wires:
        wire.close()
    with Wire(served.port) as wire:
        assert wire.status == 101


def at_once(count: int, port: int) -> list[Wire]:
    """So many who say nothing, the last before the first is sent away: else they come again."""
    while True:
        began = time.monotonic()
        wires = [Wire(port) for _ in range(count)]
        if time.monotonic() - began < 8:
            return wires
        for wire in wires:
            wire.close()


def test_signed_in_sockets_of_one_address_are_not_counted(served: Served) -> None:
    user = served.make.user()
    lines = [served.agent(user=user) for _ in range(60)]
    assert all(line.connected for line in lines)
    for line in lines:
        line.close()


# --- S-01, S-02: what a client may throw at it ----------------------------------------------------

RUBBISH = [
    "",
    "9",
    "8",
    "b4aGVsbG8=",
    "\x00",
    "4",
    "49",
    "4\x00",
    "42",
    "42[]",
    "42{}",
    "42[1]",
    "42[null]",
    '42["connect"]',
    '42["disconnect"]',
    '42["*"]',
    '42/agent,["ticket.open",{}]',
    '42/agent,["a","b","c","d"]',
    "43[]",
    '451-["x"]',
    "42" + '["x",' + "[" * 10000 + "]" * 10000 + "]",
    "42" + "9" * 50 + '["x"]',
    "42" + "9" * 500 + '["x"]',
    '42["x",NaN]',
    "40/agent,[1]",
    '40/agent,"x"',
    "40/agent," + "{" * 5000,
    "44{}",
    "46-1[]",
    "4²",
    "²",
    "41",
    "4" + "2" * 1000,
    '42["\\ud800", "\\ud800"]',
    '42["__init__", {"__class__": 1}]',
    "0",
    "5",
    "6",
    "3" * 10,
    "2" * 10,
]


def test_s02_rubbish_ends_the_connection_and_nothing_else(served: Served) -> None:
    with served.agent() as bystander:
        before = served.server.memory
        for text in RUBBISH:
            with Wire(served.port) as wire:
                wire.send(*[frame(text) for _ in range(20)])
                wire.send(frame(b"\xff\xfe\x00", BINARY), frame(text.encode("utf-8", "replace"), BINARY))
                heard = [wire.receive(0.02) for _ in range(3)]
                for said in heard:
                    assert said in (None, CLOSED) or not re.search("Traceback|Error\\(|<class|File ", said)
        assert bystander.emit("availability.set", {"availability": "online"})["ok"]
    assert served.answers()
    assert served.server.memory - before < 60
    assert served.server.log.count("malformed") + served.server.log.count("does not speak") < 20, (
        "rate-limited"
    )


@pytest.mark.parametrize("first", ["9", "x", '42["connect"]', "{"])
def test_s02_five_malformed_packets_are_enough(served: Served, first: str) -> None:
    with Wire(served.port) as wire:
        wire.receive()
        wire.send(
            *[frame(first if first == "9" else "4" + first if first != "x" else first) for _ in range(4)]
        )
        assert wire.receive(0.3) is None, "four are forgiven"
        wire.send(frame("x"), frame("4x"), *[frame("x")] * 5)
        assert wire.is_closed()


@pytest.mark.parametrize(
    "raw",
    [
        frame("x", opcode=3),
        frame("x", opcode=11),
        frame("x", rsv=4),
        frame("x", masked=False),
        frame("x", opcode=CONTINUED),
        frame("x", opcode=PING, fin=False),
        frame("x" * 126, opcode=PING),
        frame(b"\xff\xff"),
        frame(b"\x00", opcode=8),
        b"\x81\xff" + b"\x7f" + b"\xff" * 7 + b"mask",
        os.urandom(400),
    ],
    ids=(
        "unknown data",
        "unknown control",
        "reserved bit",
        "unmasked",
        "continued nothing",
        "control in parts",
        "long control",
        "no text",
        "short close",
        "endless",
        "noise",
    ),
)
def test_s02_frames_that_break_the_rules_are_hung_up_on(served: Served, raw: bytes) -> None:
    with Wire(served.port) as wire:
        wire.send(raw, os.urandom(200))
        assert wire.is_closed()
    assert served.answers()


def test_s02_half_a_handshake_and_half_a_frame_hurt_nobody(served: Served) -> None:
    wires = [Wire(served.port) for _ in range(5)]
    for wire in wires:
        wire.send(frame("4" * 1000)[:20])
    assert served.answers()
    for wire in wires:
        wire.close()


def test_s01_unknown_commands_are_answered_by_their_code_alone(served: Served) -> None:
    with served.agent() as line:
        for name in ("base", "__init__", "ticket", "\u202e", "x" * 60, str(uuid.uuid4())):
            for payload in (None, 1, "x", [], {}, {"event": "base"}, [[[]]], True):
                assert line.emit(name, payload) == {
                    "ok": False,
                    "error": {"code": "unknown_command", "message": "There is no such command", "detail": []},
                }


def test_messages_over_64_kb_are_cut_off(served: Served) -> None:
    with served.agent() as line:
        assert line.emit("x", "y" * 60_000)["error"]["code"] == "unknown_command"
        line.send(frame('42/agent,1["x","' + "y" * 66_000 + '"]'))
        assert line.is_closed()


def test_a_message_of_many_fragments_is_cut_off(served: Served) -> None:
    before = served.server.memory
    with Wire(served.port) as wire:
        wire.send(frame("4" * 1000, fin=False))
        for _ in range(2000):
            if not wire.send(frame("x" * 30_000, opcode=CONTINUED, fin=False)):
                break
        assert wire.is_closed()
    with Wire(served.port) as wire:
        wire.send(frame("4", fin=False), *[frame("", opcode=CONTINUED, fin=False)] * 200)
        assert wire.is_closed(10)
    assert served.server.memory - before < 20


def test_binary_attachments_are_not_collected(served: Served) -> None:
    with served.agent() as line:
        before = served.server.memory
        line.send(frame('451000-/agent,["x",{"_placeholder":true,"num":0}]'))
        for _ in range(6):
            line.send(frame(b"y" * 60_000, BINARY))
        assert line.is_closed()
    assert served.server.memory - before < 20


def test_a_flood_by_one_client_leaves_the_others_alone(served: Served) -> None:
    """Commands, control frames and large messages, as fast as the network takes them."""
    with served.agent() as calm:
        floods = [served.agent() for _ in range(3)]
        for line, raw in zip(
            floods,
            [
                frame('42/agent,1["x"]') * 3000,
                frame("ping", opcode=PING) * 5000,
                frame('42/agent,1["x","' + "y" * 60_000 + '"]') * 40,
            ],
            strict=True,
        ):
            line.socket.setblocking(False)
            line.send(raw)
        assert most_before_an_ack(calm, served.server) < 0.5
        assert served.answers()
        for line in floods:
            line.close()


def test_a_client_that_does_not_read_is_dropped_and_costs_the_others_nothing(database: Any) -> None:
    """K-17."""
    made = Served(database)
    workspace = made.make.workspace()
    settings = {**made.settings, "PYTHONPATH": str(ROOT)}
    program = ROOT / "tests" / "support" / "shouting_program.py"
    with Server(settings, program=program) as shouting:
        before = shouting.memory
        with made.agent(port=shouting.port) as deaf, made.agent(port=shouting.port) as keen:
            heard: list[int] = []
            reader = threading.Thread(target=lambda: count_shouts(keen, heard))
            reader.start()
            answer = requests.get(f"{shouting.url}/shout/{workspace.id}", timeout=240)
            assert answer.status_code == 200, shouting.log
            left = answer.json()["sockets"]
            reader.join(240)
            assert heard == list(range(20_000)), "all of it, in order"
            assert left == 1
            assert deaf.is_closed()
        assert shouting.memory - before < 60
        assert "does not read" in shouting.log
    made.close()


def count_shouts(line: Line, heard: list[int]) -> None:
    while len(heard) < 20_000:
        number, _ = line.wait_for("shout")
        heard.append(number)


def most_before_an_ack(line: Line, server: Server, count: int = 40) -> float:
    """The most that the server computed, in seconds, while this line waited for an ack."""
    most = 0.0
    for _ in range(count):
        before = server.computed
        line.emit("x")
        most = max(most, server.computed - before)
        time.sleep(0.02)
    return most


def least_wait(line: Line, name: str, *payloads: Any) -> float:
    """The fewest seconds until such a command was acknowledged; the others may have met other work."""
    times = []
    for payload in payloads:
        began = time.monotonic()
        assert line.emit(name, payload)["ok"]
        times.append(time.monotonic() - began)
    return min(times)


# --- losing access --------------------------------------------------------------------------------


def test_r13_a_revoked_session_loses_its_socket_with_the_next_look(served: Served) -> None:
    """How often that is, in seconds, is in test_config."""
    user = served.make.user()
    with served.agent(user=user) as line:
        assert line.emit("availability.set", {"availability": "online"})["ok"]
        with served.app.app_context(), transaction() as session:
            session.query(UserSession).filter_by(user_id=user.id).update({"revoked_at": clock.now()})
        assert line.wait_for("session.ended") == {"reason": "revoked"}
        assert line.is_closed()


def test_presence_is_announced_after_the_grace_period_and_not_for_a_reload(served: Served) -> None:
    ben = served.make.user()
    with served.agent() as watcher:
        with served.agent(user=ben):
            assert heard_of(watcher, ben)["online"] is True
        with served.agent(user=ben):
            pass
        assert heard_of(watcher, ben)["online"] is False, "one goodbye for a reload and a leave"
        assert not any(event[1].get("user_id") == str(ben.id) for event in watcher.events)


def heard_of(line: Line, user: Any) -> Any:
    while (body := line.wait_for("user.presence"))["user_id"] != str(user.id):
        pass
    return body


# --- several processes ----------------------------------------------------------------------------


def test_two_processes_hear_each_other_and_do_not_wait_for_a_redis_that_hangs(database: Any) -> None:
    if database.kind == "sqlite":
        return
    with Valkey() as valkey:
        first = Served(database, REDIS_URL=valkey.url)
        second = Server(first.settings)
        first.make.workspace()
        with first.server, second:
            ben = first.make.user()
            with first.agent() as watcher, first.agent(port=second.port, user=ben) as line:
                assert heard_of(watcher, ben)["online"] is True
                valkey.hang()
                try:
                    turns = [{"availability": state} for state in ("busy", "online") * 4]
                    least = least_wait(line, "availability.set", *turns)
                    assert least < OPTIONS["socket_timeout"], "each would wait until it is given up"
                finally:
                    valkey.resume()
        first.close()


def test_workers_share_a_socket_and_are_replaced(database: Any) -> None:
    if database.kind == "sqlite":
        return
    with Valkey() as valkey:
        made = Served(database, REDIS_URL=valkey.url)
        made.make.workspace()
        with Server(made.settings, ["--workers", "2"]) as server:
            lines = [made.agent(port=server.port) for _ in range(12)]
            assert all(line.connected for line in lines)
            children = workers_of(server)
            assert len(children) == 2
            assert any(all_hear(made, lines, server) for _ in range(3)), "whichever worker they are on"
            os.kill(min(children), signal.SIGKILL)
            process.wait_until(lambda: workers_of(server) - children, "a new one")
            for line in lines:
                line.close()
            assert server.terminate() == 0
        made.close()


class Asking:
    """Somebody who asks again and again, each time on a new connection; `failures`: what went wrong."""

    def __init__(self, url: str) -> None:
        self.url, self.count, self.failures = url, 0, list[str]()
        self.is_done = threading.Event()
        self.thread = threading.Thread(target=self._ask)

    def __enter__(self) -> "Asking":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_done.set()
        self.thread.join()

    def _ask(self) -> None:
        while not self.is_done.is_set():
            self.count += 1
            try:
                answer = requests.get(self.url, headers={"Connection": "close"}, timeout=60)
                if answer.status_code != 200:
                    self.failures.append(str(answer.status_code))
            except requests.RequestException as error:
                self.failures.append(str(error))


def test_workers_are_restarted_one_after_the_other_without_a_failed_request(database: Any) -> None:
    if database.kind == "sqlite":
        return
    with Valkey() as valkey:
        made = Served(database, REDIS_URL=valkey.url)
        made.make.workspace()
        with Server(made.settings, ["--workers", "2"]) as server:
            process.wait_until(lambda: server.log.count("Parley serves") == 2, "both workers")
            before = workers_of(server)
            with Asking(f"{server.url}/sign-in") as first, Asking(f"{server.url}/sign-in") as second:
                os.kill(server.child.pid, signal.SIGHUP)
                process.wait_until(lambda: "one after the other" in server.log, "the restart", 120)
                enough = min(first.count, second.count) + 5
                process.wait_until(lambda: min(first.count, second.count) > enough, "some more")
            assert first.failures + second.failures == []
            after = workers_of(server)
            assert (len(after), after & before) == (2, set())
            server.kill()  # its workers would hold the port for ever
            process.wait_until(lambda: not any(map(is_alive, after)), "the workers to end, too")
        made.close()


def is_alive(pid: int) -> bool:
    """Whether a process has not ended, whoever's child it is by now."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def all_hear(made: Served, lines: list[Line], server: Server) -> bool:
    """Whether all are told that somebody came. A machine that is too busy for Valkey may lose it."""
    ben = made.make.user()
    with made.agent(port=server.port, user=ben):
        try:
            return all(heard_of(line, ben)["online"] for line in lines)
        except TimeoutError:
            return False


def workers_of(server: Server) -> set[int]:
    pid = server.child.pid
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


@pytest.mark.parametrize("arguments", [["--workers"], ["--workers", "two"], ["--workers", "2"]])
def test_workers_need_postgresql_and_redis(arguments: list[str], tmp_path: Path) -> None:
    found = failing_start({"SECRET_KEY": "k" * 40, "INSTANCE_PATH": str(tmp_path)}, *arguments)
    assert (found.returncode, found.stderr.count("\n")) == (2, 1)


def test_the_program_is_patched_where_it_serves_and_only_there() -> None:
    """K-04, K-05."""
    look = (
        "import runpy, sys, json; sys.argv = ['wsgi.py'];"
        "import eventlet.patcher as p, psycopg2.extensions as e;"
        "runpy.run_path('wsgi.py', run_name='wsgi');"
        "print(json.dumps([p.is_monkey_patched('socket'), e.get_wait_callback() is not None]))"
    )
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", look], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(found.stdout) == [False, False]
