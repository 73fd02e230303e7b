"""F-11, F-13: the disk is full, for files on either database; or another program holds the SQLite file."""

import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import Database
from tests.support import invariants
from tests.support.faulty import FaultySite
from tests.support.ledger import Talk
from tests.support.live import Desk

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture(scope="module")
def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultySite]:
    """One server. A writer waits for a minute for whoever holds the file."""
    with FaultySite(database.settings(database.fresh()), tmp_path_factory.mktemp("site")) as made:
        yield made


on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def file_of(site: FaultySite) -> Path:
    return Path(site.url.removeprefix("sqlite:///"))


def pages(site: FaultySite) -> int:
    with closing(sqlite3.connect(file_of(site))) as connection:
        return int(connection.execute("PRAGMA page_count").fetchone()[0])


@contextmanager
def no_pages_left(site: FaultySite) -> Iterator[None]:
    """The database may not grow by a page."""
    site.fault(f"pages {pages(site)}")
    try:
        yield
    finally:
        site.fault()


@contextmanager
def no_room(site: FaultySite) -> Iterator[None]:
    """Nothing may grow: not the journal, not the log."""
    site.let_files_grow_to(64 * 1024)
    try:
        yield
    finally:
        site.let_files_grow_to(None)


@on_sqlite
@pytest.mark.parametrize("full", [no_pages_left, no_room])
def test_f11_on_a_full_disk_whoever_writes_is_told_and_what_was_acknowledged_stays(
    site: FaultySite, full: Any
) -> None:
    talk = Talk(site, writers=2)
    desk = site.desk().connect()
    with talk.going_on() as ledger, full(site):
        for _ in range(2000):
            desk.say("comment.create", desk.message("x" * 9000, talk.ticket_id, kind="note"))
            if ledger.refused["unavailable"] >= 5:
                break
        assert ledger.refused["unavailable"] >= 5, "they are told that it is not written"
        assert desk.must("ticket.open", {"ticket_id": talk.ticket_id})["events"], "it can be read"
        assert requests.get(f"{site.servers[0].url}/healthz", timeout=60).status_code == 200
        refused = desk.post(
            f"tickets/{talk.ticket_id}/comments",
            {"client_id": str(uuid.uuid4()), "content": "y" * 9000, "kind": "note"},
        )
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert int(refused.headers["Retry-After"]) > 0
    assert ledger.lost == 0, "no socket ended for it"
    talk.check_stored()
    with closing(sqlite3.connect(file_of(site))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    invariants.check(site.url)


def upload(desk: Desk, ticket_id: str) -> requests.Response:
    picture = b"%PDF-1.4\n" + b"x" * 200_000
    return desk.post(f"tickets/{ticket_id}/attachments", files={"file": ("plan.pdf", picture)})


def test_f11_without_room_for_a_file_its_sender_is_told_and_nothing_is_left_of_it(site: FaultySite) -> None:
    desk = site.desk().connect()
    maria = site.customer()
    ticket_id = maria.post("comments", maria.message("Hello")).json()["ticket"]["id"]
    site.let_files_grow_to(100_000)
    try:
        refused = upload(desk, ticket_id)
    finally:
        site.let_files_grow_to(None)
    assert (refused.status_code, refused.json()["code"]) == (507, "no_space")
    assert not [path for path in (site.files).rglob("*") if path.is_file()]
    assert upload(desk, ticket_id).status_code == 201
    invariants.check(site.url, site.files)


@on_sqlite
def test_f11_a_file_whose_row_cannot_be_written_is_not_kept(site: FaultySite) -> None:
    desk = site.desk().connect()
    maria = site.customer()
    ticket_id = maria.post("comments", maria.message("Hello")).json()["ticket"]["id"]
    with no_pages_left(site):
        for _ in range(50):
            refused = upload(desk, ticket_id)
            if refused.status_code != 201:
                break
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    invariants.check(site.url, site.files)


@on_sqlite
def test_f13_while_another_program_holds_the_file_writers_wait_and_all_others_go_on(site: FaultySite) -> None:
    talk = Talk(site, patience=300)
    reader = site.desk().connect()
    with talk.going_on() as ledger:
        with closing(sqlite3.connect(file_of(site), isolation_level=None, timeout=60)) as other:
            other.execute("BEGIN IMMEDIATE")
            acked, began = len(ledger.acked), time.monotonic()
            for _ in range(20):
                assert reader.must("ticket.open", {"ticket_id": talk.ticket_id})["events"]
                assert requests.get(f"{site.servers[0].url}/healthz", timeout=60).ok
            assert time.monotonic() - began < 60, "nobody's waiting stops the others"
            assert len(ledger.acked) <= acked + len(talk.desks), "none is written meanwhile"
            other.execute("ROLLBACK")
        talk.hear(20)
    assert not ledger.refused
    assert ledger.lost == 0
    talk.check()
    invariants.check(site.url)
