"""Each comment reaches each of its two participants exactly once, whatever the path and wherever they are.

Two processes on one PostgreSQL and one Valkey; one process on each database for the paths inside it.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from tests.support.live import COOKIE, Customer, Desk, Screen, Site
from tests.support.parallel import together
from tests.support.process import wait_until
from tests.support.valkey import Valkey
from webapp import clock
from webapp.database import transaction
from webapp.models import Job
from webapp.realtime import boards
from webapp.realtime.backplane import OPTIONS
from webapp.services import ticket as tickets
from webapp.services import wallboard

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    """A real Valkey."""
    with Valkey() as server:
        yield server


@pytest.fixture(scope="module")
def one(database: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One process, without Valkey."""
    with Site(database.settings(database.fresh()), tmp_path_factory.mktemp("one")) as made:
        yield made


@pytest.fixture(scope="module")
def two(database: Any, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two processes that hear of each other through Valkey and look for lost access as in production."""
    settings = {"REDIS_URL": valkey.url, "REVOCATION_POLL_SECONDS": "1"}
    folder = tmp_path_factory.mktemp("two")
    with Site(database.settings(database.fresh()), folder, servers=2, **settings) as made:
        yield made


on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def said(events: list[dict[str, Any]]) -> list[str]:
    return [event["comment"]["content"] for event in events if event.get("comment")]


def by_socket(browser: Any, content: str, ticket_id: str) -> None:
    browser.must("comment.create", browser.message(content, ticket_id=ticket_id))


def by_rest(browser: Any, content: str, ticket_id: str) -> None:
    body = browser.message(content, ticket_id=ticket_id)
    path = "comments"
    if isinstance(browser, Desk):
        path = f"tickets/{body.pop('ticket_id')}/comments"
    assert browser.post(path, body).status_code == 201


def from_socket(browser: Any, ticket_id: str) -> list[str]:
    return said(browser.all("ticket.event"))


def from_replay(browser: Any, ticket_id: str) -> list[str]:
    if isinstance(browser, Desk):
        return said(browser.get(f"tickets/{ticket_id}/events", after=0).json()["events"])
    return said(browser.get("events", ticket=ticket_id, after=0).json()["events"])


def talk(maria: Customer, desk: Desk, send: Callable[..., None], read: Callable[..., list[str]]) -> None:
    """Both write by one path and read by another; everything is there once, in one order, on both sides."""
    ticket_id = maria.must("comment.create", maria.message("Hello"))["ticket"]["id"]
    desk.must("ticket.open", {"ticket_id": ticket_id})
    maria.heard.clear()
    desk.heard.clear()
    texts = [f"{who} {number}" for number in range(5) for who in ("Maria", "Ana")]
    for number, text in enumerate(texts):
        send((maria, desk)[number % 2], text, ticket_id)
    for browser in (maria, desk):
        reading = partial(lambda browser: read(browser, ticket_id)[-1:] == texts[-1:], browser)
        wait_until(reading, "the last message")
        told = [text for text in read(browser, ticket_id) if text != "Hello"]
        assert told == texts
    maria.heard.clear()
    by_rest(desk, "after everything", ticket_id)
    maria.wait_for("ticket.event", lambda event: "after everything" in said([event]))
    assert said(maria.all("ticket.event")) == ["after everything"], "nothing was on its way a second time"


PATHS = [(by_rest, from_socket), (by_socket, from_socket), (by_socket, from_replay), (by_rest, from_replay)]
NAMES = ["REST to socket", "socket to socket", "socket to replay", "REST to replay"]


@pytest.mark.parametrize("send, read", PATHS, ids=NAMES)
def test_each_comment_reaches_each_side_once_in_one_process(one: Site, send: Any, read: Any) -> None:
    with one.customer() as maria, one.desk() as desk:
        talk(maria, desk, send, read)


@on_postgresql
@pytest.mark.parametrize("send, read", PATHS, ids=NAMES)
def test_each_comment_reaches_each_side_once_between_two_processes(two: Site, send: Any, read: Any) -> None:
    with two.customer(server=0) as maria, two.desk(server=1) as desk:
        talk(maria, desk, send, read)


@on_postgresql
def test_typing_reading_rows_and_presence_pass_between_processes(two: Site) -> None:
    user = two.make.user()
    with two.customer(server=0) as maria, two.desk(server=0) as near, two.desk(user, server=1) as desk:
        first = maria.must("comment.create", maria.message("Hello"))
        ticket_id = first["ticket"]["id"]
        desk.wait_for("ticket.row", lambda body: body["row"]["id"] == ticket_id)
        desk.must("ticket.open", {"ticket_id": ticket_id})
        maria.must("typing.update", {"ticket_id": ticket_id, "typing": True})
        assert desk.wait_for("typing.updated")["actor"]["kind"] == "customer"
        desk.must("typing.update", {"ticket_id": ticket_id, "kind": "reply", "typing": True})
        assert maria.wait_for("typing.updated")["name"] == user.name
        desk.must("ticket.read", {"ticket_id": ticket_id, "seq": first["event"]["seq"]})
        mark = maria.wait_for("ticket.read", lambda body: body["side"] == "staff")
        assert mark["seen"] == first["event"]["seq"]
        desk.post(f"tickets/{ticket_id}/assign", {"agent_id": str(user.id)})
        row = near.wait_for("ticket.row", lambda body: body["row"]["assigned_agent_id"] == str(user.id))
        assert row["before"] == {"assigned_agent_id": None, "shelf": "queue", "pending_on": None}
        joined = maria.wait_for("ticket.event", lambda event: event["name"] == "ticket.assigned")
        assert joined["changes"]["agent"] == [None, {"name": user.name}]
        near.wait_for("user.presence", lambda body: body["user_id"] == str(user.id) and body["online"])


@on_postgresql
def test_r09_two_first_messages_in_two_processes_make_one_chat(two: Site) -> None:
    maria = two.customer(server=0).connect()
    tab = two.customer(server=1, token=maria.token).connect()
    made = together([partial(one.must, "comment.create", one.message("Hello")) for one in (maria, tab)])
    assert len({answer["ticket"]["id"] for answer in made}) == 1


def sign_out_elsewhere(site: Site, desk: Desk) -> None:
    """Signs a browser's session out in the first process."""
    same = Desk(site.servers[0].url, desk.http.cookies[COOKIE])
    same.open_page()
    assert same.http.post(f"{same.url}/sign-out", headers=same.headers("POST"), timeout=60).ok
    same.close()


@on_postgresql
def test_r13_a_session_ended_in_one_process_ends_its_sockets_in_the_other(two: Site) -> None:
    with two.desk(server=1) as desk, two.desk(server=1) as bystander:
        sign_out_elsewhere(two, desk)
        assert desk.is_cut()
        assert desk.all("session.ended")
        bystander.must("availability.set", {"availability": "online"})


@on_postgresql
@pytest.mark.parametrize("fault", ["stopped", "hung"])
def test_without_valkey_sending_answers_at_once_and_the_other_side_catches_up(
    two: Site, valkey: Valkey, fault: str
) -> None:
    maria = two.customer(server=0).connect()
    tab = two.customer(server=1, token=maria.token).connect()
    with two.desk(server=1) as desk, two.desk(server=0) as near:
        ticket_id = maria.must("comment.create", maria.message("Hello"))["ticket"]["id"]
        seen = desk.must("ticket.open", {"ticket_id": ticket_id})["ticket"]["seq"]
        near.must("ticket.open", {"ticket_id": ticket_id})
        valkey.stop() if fault == "stopped" else valkey.hang()
        try:
            waits = []
            for number in range(9):
                began = time.monotonic()
                by_socket(maria, f"Unheard {number}", ticket_id)
                waits.append(time.monotonic() - began)
            assert min(waits) < OPTIONS["socket_timeout"], "each would wait until Valkey is given up"
            texts = [f"Unheard {number}" for number in range(9)]
            near.wait_for("ticket.event", lambda event: said([event]) == texts[-1:])
            assert said(near.all("ticket.event")) == texts, "in the same process it is heard without Valkey"
            missed = desk.get(f"tickets/{ticket_id}/events", after=seen).json()["events"]
            assert said(missed) == texts
            by_socket(near, "An answer", ticket_id)
            for far in (desk, tab):
                far.wait_for("ticket.event", lambda event: said([event]) == ["An answer"])
                heard = [text for text in said(far.all("ticket.event")) if text != "Hello"]
                assert heard == [*texts, "An answer"], "told by the ledger, once"
            desk.wait_for("queue.outdated", lambda body: body == {})
            sign_out_elsewhere(two, desk)
            assert desk.is_cut()
        finally:
            valkey.start() if fault == "stopped" else valkey.resume()
    with two.customer(server=0) as maria, two.desk(server=1) as desk:
        ticket_id = maria.must("comment.create", maria.message("Hello again"))["ticket"]["id"]
        desk.must("ticket.open", {"ticket_id": ticket_id})
        told = iter(range(100))

        def is_heard() -> bool:
            by_rest(desk, f"Heard {next(told)}", ticket_id)
            return bool(maria.all("ticket.event")[1:])

        wait_until(is_heard, "Valkey to carry again", pause=0.5)


def write_past_the_servers(site: Site, content: str, ticket_id: str) -> None:
    """As a command or a worker does that has no Redis."""
    with site.acting(site.make.user()), transaction():
        tickets.add_comment(uuid.UUID(ticket_id), content)


def test_what_another_program_writes_is_heard_by_everybody_once(one: Site) -> None:
    with one.customer() as maria, one.desk() as desk, one.desk() as elsewhere:
        ticket_id = maria.must("comment.create", maria.message("Hello"))["ticket"]["id"]
        desk.must("ticket.open", {"ticket_id": ticket_id})
        by_socket(maria, "Is anybody there?", ticket_id)
        write_past_the_servers(one, "From afar", ticket_id)
        for browser in (maria, desk):
            browser.wait_for("ticket.event", lambda event: said([event]) == ["From afar"])
        told = elsewhere.wait_for("ticket.row", lambda body: "From afar" in str(body["row"]["last_comment"]))
        assert told["row"]["id"] == ticket_id
        elsewhere.wait_for("queue.outdated", lambda body: body == {})
        assert said(desk.all("ticket.event")) == ["Is anybody there?", "From afar"]


@on_postgresql
@pytest.mark.parametrize("far", [0, 1])
def test_a_change_in_one_process_is_on_a_board_in_each_within_a_second_or_so(two: Site, far: int) -> None:
    def seconds() -> float:
        with two.customer(server=0) as maria, two.desk(server=far) as desk:
            known = desk.must("now.watch")["board"]["open"]
            time.sleep(1.1)  # as the board stands: what comes now is not held back by what came before
            began = time.monotonic()
            maria.must("comment.create", maria.message("Hello"))
            desk.wait_for("now.updated", lambda body: body["changed"].get("open") == known + 1)
            return time.monotonic() - began

    # One that nobody tells looks again when it is eight seconds old. The first try may meet other work.
    assert any(seconds() < boards.LIFE_SECONDS / 2 for _ in range(3))


@on_postgresql
def test_without_valkey_a_board_in_another_process_follows_the_ledger(two: Site, valkey: Valkey) -> None:
    with two.customer(server=0) as maria, two.desk(server=1) as desk:
        known = desk.must("now.watch")["board"]["open"]
        valkey.stop()
        try:
            maria.must("comment.create", maria.message("Hello"))
            desk.wait_for("now.updated", lambda body: body["changed"].get("open") == known + 1)
        finally:
            valkey.start()


@on_postgresql
def test_what_goes_wrong_is_on_health_in_every_process_also_without_valkey(two: Site, valkey: Valkey) -> None:
    admin = two.make.user(role="admin")
    with two.desk(server=0) as near, two.desk(server=1) as far:
        known = [desk.must("health.watch")["board"]["failed"] for desk in (near, far)]
        valkey.stop()
        try:
            with two.acting(admin), transaction() as session:
                row = Job(workspace_id=admin.workspace_id, type="x", status="failed", run_at=clock.now())
                session.add(row)
            for desk, before in zip((near, far), known, strict=True):
                desk.wait_for("health.updated", lambda body, n=before + 1: body["changed"].get("failed") == n)
        finally:
            valkey.start()


@on_postgresql
def test_r13_a_screens_link_ended_in_one_process_closes_it_in_the_other(two: Site) -> None:
    admin = two.make.user(role="admin")
    with two.acting(admin), transaction():
        link, token = wallboard.create_link("Window")
        link_id = link.id
    with Screen(two.servers[1].url, auth={"token": token}) as screen:
        screen.must("now.watch")
        with two.acting(admin), transaction():
            wallboard.revoke_link(link_id)
        assert screen.is_cut()
        assert screen.all("wallboard.ended") == [{"reason": "revoked"}]


def end_of_feed(desk: Desk) -> int:
    """The place behind all that has happened."""
    page = desk.get("events").json()
    while page["has_more"]:
        page = desk.get("events", after=page["next"]).json()
    return int(page["next"])


@on_postgresql
@pytest.mark.parametrize("told", [True, False], ids=["told by Valkey", "looking by itself"])
def test_who_waits_for_the_feed_in_one_process_hears_what_another_commits(
    two: Site, valkey: Valkey, told: bool
) -> None:
    with two.desk(server=0) as near, two.desk(server=1) as far, ThreadPoolExecutor(1) as pool:
        place = end_of_feed(far)
        told or valkey.stop()
        try:
            answer = pool.submit(far.get, "events", after=place, types="customer.created", wait=25)
            time.sleep(0.5)  # it waits by now; where it does not yet, nothing is proven and nothing fails
            began = time.monotonic()
            made = near.post("customers", {"name": "Ann", "email": f"{uuid.uuid4().hex}@example.com"})
            page = answer.result(60).json()
            waited = time.monotonic() - began
        finally:
            told or valkey.start()
    assert made.status_code == 201
    assert [event["subject_id"] for event in page["events"]] == [made.json()["customer"]["id"]]
    assert waited < 20, "the commit ended the wait, and not its time"
