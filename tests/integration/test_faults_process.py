"""F-01, F-10, F-16, F-17, F-18: what happens to one server's process, its clock and its door."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import requests

from tests.conftest import Database
from tests.support import invariants, process
from tests.support.faulty import FaultySite
from tests.support.ledger import Talk, stored
from tests.support.live import Lost
from tests.support.wire import Wire

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SLA_HOUR = 3600


@pytest.fixture(scope="module")
def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultySite]:
    """One server."""
    settings = database.settings(database.fresh())
    with FaultySite(settings, tmp_path_factory.mktemp("site"), CLOCK="1") as made:
        yield made


# --- F-01 -----------------------------------------------------------------------------------------


def test_f01_killed_at_any_point_of_a_message_it_is_there_once_after_the_retry(site: FaultySite) -> None:
    [server] = site.servers
    maria = site.customer()
    ticket_id = maria.post("comments", maria.message("Hello")).json()["ticket"]["id"]
    kept = {"flushed": 0, "committed": 1, "answered": 1}
    for where, times in kept.items():
        desk = site.desk().connect()
        message = desk.message(where, ticket_id)
        site.fault(f"die {where}")
        with pytest.raises(Lost):
            desk.say("comment.create", message)
        assert server.child.wait(60) < 0
        assert stored(site.url)[message["client_id"]] == times
        server.start()
        desk.connect()
        for _ in range(2):
            answer = desk.must("comment.create", message)
            assert answer["event"]["comment"]["content"] == where
        assert stored(site.url)[message["client_id"]] == 1
    told = [
        event["comment"]["content"]
        for event in maria.get("events", ticket=ticket_id, after=0).json()["events"]
        if event.get("comment")
    ]
    assert told == ["Hello", *kept]
    invariants.check(site.url)


# --- F-10 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [25, -25])
def test_f10_a_clock_that_jumps_under_load_changes_neither_order_nor_what_is_told(
    site: FaultySite, hours: int
) -> None:
    talk = Talk(site, writers=2)
    far = site.desk().connect()
    far.must("ticket.open", {"ticket_id": talk.ticket_id})
    with talk.going_on() as ledger:
        site.fault(f"clock {hours * SLA_HOUR}")
        talk.hear(20)
        site.fault()
        talk.hear(20)
    told = talk.check()
    assert not ledger.refused
    assert ledger.lost == 0, "no socket ended for it"
    far.wait_for("ticket.event", lambda event: told[-1] == (event.get("comment") or {}).get("content"))
    heard = [event["comment"]["content"] for event in far.all("ticket.event") if event.get("comment")]
    assert heard == told[1:]
    invariants.check(site.url)


# --- F-16 -----------------------------------------------------------------------------------------


def test_f16_stopped_under_load_every_request_is_answered_and_every_line_told(site: FaultySite) -> None:
    [server] = site.servers
    talk = Talk(site, writers=3)
    letters = site.desk()
    letters.open_page()
    watcher = site.desk().connect()
    answers: list[int] = []
    over = threading.Event()

    def ask() -> None:
        """As somebody does who has one connection open; a new one is refused once the server is gone."""
        while not over.is_set():
            with suppress(requests.ConnectionError):
                body = letters.message("By letter", talk.ticket_id)
                answer = letters.post(f"tickets/{body.pop('ticket_id')}/comments", body)
                answers.append(answer.status_code)

    with talk.going_on() as ledger, ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        assert server.terminate() == 0
        server.start()
        talk.hear(10)
        over.set()
        asking.result(60)
    assert set(answers) == {201}, "what was taken was answered"
    assert watcher.is_cut()
    assert 0 < watcher.wait_for("server.restarting")["retry_in"] < 10
    assert ledger.lost > 0
    talk.check(besides=len(answers))
    invariants.check(site.url)


# --- F-17 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_f17_a_second_copy_is_refused_with_one_line_and_hurts_nobody(site: FaultySite) -> None:
    """On PostgreSQL, and for the same port: in test_serving."""
    [server] = site.servers
    talk = Talk(site, writers=2)
    with talk.going_on() as ledger:
        second = subprocess.run(
            server.command,
            env={**server.environment, "PORT": str(process.free_port())},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert (second.returncode, second.stderr.count("\n")) == (1, 1), second.stderr
        assert "already uses" in second.stderr
        talk.hear(10)
    assert ledger.lost == 0
    talk.check()
    invariants.check(site.url)


# --- F-18 -----------------------------------------------------------------------------------------

IDLE = 1100


def test_f18_connections_that_say_nothing_take_nobody_his_place(site: FaultySite) -> None:
    [server] = site.servers
    talk = Talk(site, writers=2)
    idle = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(IDLE)]
    try:
        for number, one in enumerate(idle):
            if number % 2:
                one.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127")
        with talk.going_on() as ledger:
            talk.hear(20)
            assert requests.get(f"{server.url}/readyz", timeout=60).status_code == 200
            with Wire(server.port) as wire:
                assert wire.status == 101
    finally:
        for one in idle:
            one.close()
    assert ledger.lost == 0
    talk.check()
    invariants.check(site.url)
