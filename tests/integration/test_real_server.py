"""The stories that eventlet could spoil, against the real server: send, sign-in, upload, job, revocation."""

import re
import socket
import time
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from tests.factories import PASSWORD
from tests.support.live import COOKIE, Customer, Site
from tests.support.parallel import together
from tests.support.process import wait_until
from tests.support.world import png
from webapp.database import read_only, transaction
from webapp.models import Measurement
from webapp.schemas.api_key import KeyIn
from webapp.services import api_key
from webapp.services import session as sessions
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def site(database: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running server with a workspace and an inbox; it looks for lost access as often as in production."""
    folder = tmp_path_factory.mktemp("site")
    with Site(database.settings(database.fresh()), folder, REVOCATION_POLL_SECONDS="1") as made:
        yield made


def contents(events: list[dict[str, Any]]) -> list[str]:
    return [event["comment"]["content"] for event in events if event.get("comment")]


def form(browser: requests.Session, url: str, **fields: str) -> requests.Response:
    """Fills a page's form in and sends it."""
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(url, timeout=60).text)
    assert token, url
    return browser.post(url, data={"csrf_token": token[1], **fields}, timeout=60)


# --- send -----------------------------------------------------------------------------------------


def test_a_customer_and_an_agent_talk_over_sockets(site: Site) -> None:
    with site.customer() as maria, site.desk() as desk:
        ticket_id = maria.must("comment.create", maria.message("Hello"))["ticket"]["id"]
        desk.wait_for("ticket.row", lambda body: body["row"]["id"] == ticket_id)
        assert contents(desk.must("ticket.open", {"ticket_id": ticket_id})["events"]) == ["Hello"]
        desk.must("comment.create", desk.message("Hi", ticket_id))
        maria.must("comment.create", maria.message("Thanks", ticket_id=ticket_id))
        for browser in (maria, desk):
            browser.wait_for("ticket.event", lambda event: "Thanks" in contents([event]))
        assert contents(desk.all("ticket.event")) == ["Hi", "Thanks"]
        assert contents(maria.all("ticket.event")) == ["Hello", "Hi", "Thanks"]


def test_r08_fifty_times_the_same_reply_is_one_with_fifty_equal_answers(site: Site) -> None:
    maria, user = site.customer(), site.make.user()
    ticket_id = maria.post("comments", maria.message("Hello")).json()["ticket"]["id"]
    desks = [site.desk(user) for _ in range(50)]
    body = desks[0].message("Sent once", ticket_id)
    del body["ticket_id"]
    for desk in desks:
        desk.open_page()
    answers = together([partial(desk.post, f"tickets/{ticket_id}/comments", body) for desk in desks])
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert contents(desks[0].get(f"tickets/{ticket_id}").json()["events"]) == ["Hello", "Sent once"]


def test_r10_a_program_that_asks_fifty_times_at_once_makes_one_ticket(site: Site) -> None:
    admin, given = site.make.user(role="admin"), KeyIn(name="Shop", scopes=["ticket:read", "ticket:create"])
    with site.acting(admin), transaction():
        _, token = api_key.create_key(given)
    url, headers = f"{site.servers[0].url}/api/v1/tickets", {"Authorization": f"Bearer {token}"}
    body = {"title": "Sent fifty times", "customer_email": "maria@example.com", "description": "Dark."}
    ask = partial(requests.post, url, json=body, headers={**headers, "Idempotency-Key": "k1"}, timeout=120)
    answers = together([ask] * 50)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    found = requests.get(url, params={"q": '"Sent fifty times"'}, headers=headers, timeout=60).json()["data"]
    assert [ticket["id"] for ticket in found] == [answers[0].json()["ticket"]["id"]]


@pytest.mark.parametrize("seconds", [0, 0.2])
def test_r09_two_first_messages_in_two_tabs_make_one_chat(site: Site, seconds: float) -> None:
    maria = site.customer()
    tabs = [site.customer(token=maria.token).connect() for _ in range(2)]

    def write(tab: Customer, delay: float) -> str:
        time.sleep(delay)  # what is tested, not waited for
        return str(tab.must("comment.create", tab.message("Hello"))["ticket"]["id"])

    assert len(set(together([partial(write, tabs[0], 0), partial(write, tabs[1], seconds)]))) == 1


# --- sign-in --------------------------------------------------------------------------------------


def test_signing_in_opens_pages_and_sockets_and_signing_out_ends_them(site: Site) -> None:
    user, url = site.make.user(), site.servers[0].url
    browser = requests.Session()
    refused = form(browser, f"{url}/sign-in", email=user.email, password="not this one")
    assert "do not belong together" in refused.text
    assert form(browser, f"{url}/sign-in", email=user.email, password=PASSWORD).url.endswith("/agent/v/all")
    with site.desk(user) as other:
        other.cookie = f"{COOKIE}={browser.cookies[COOKIE]}"
        other.connect()
        page = browser.get(f"{url}/profile", timeout=60).text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token
        browser.post(f"{url}/sign-out", data={"csrf_token": token[1]}, timeout=60)
        assert other.is_cut()
        assert other.all("session.ended") == [{"reason": "signed_out"}]
    assert browser.get(f"{url}/agent", timeout=60).url.startswith(f"{url}/sign-in")


# --- upload ---------------------------------------------------------------------------------------


def test_a_picture_goes_with_a_message_to_the_agent(site: Site) -> None:
    with site.customer() as maria, site.desk() as desk:
        ticket_id = maria.must("comment.create", maria.message("Look"))["ticket"]["id"]
        desk.must("ticket.open", {"ticket_id": ticket_id})
        uploaded = maria.post("attachments", files={"file": ("photo.png", png(), "image/png")})
        assert uploaded.status_code == 201, uploaded.text
        files = {"attachment_ids": [uploaded.json()["id"]]}
        maria.must("comment.create", maria.message("", ticket_id=ticket_id, **files))
        [shown] = desk.wait_for("ticket.event")["comment"]["attachments"]
        found = requests.get(desk.url + shown["url"], timeout=60)
        assert found.headers["Content-Type"] == "image/png"
        assert found.content.startswith(b"\x89PNG")


def test_an_upload_that_crawls_keeps_nobody_from_writing(site: Site) -> None:
    crawler, port = site.customer(), site.servers[0].port
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="slow.txt"\r\n\r\n'
        + b"slow " * 1000
        + b"\r\n--x--\r\n"
    )
    head = (
        "POST /api/v1/chat/attachments HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {crawler.token}\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=60) as upload, site.customer() as maria:
        upload.sendall(head.encode() + body[:2000])
        for number in range(3):
            assert maria.say("comment.create", maria.message(f"Hello {number}"))["ok"]
        upload.sendall(body[2000:])
        assert b" 201 " in upload.recv(100)


# --- job ------------------------------------------------------------------------------------------


def test_a_job_is_done_soon_after_its_commit(site: Site) -> None:
    user, outbox = site.make.user(), site.files.parent / "outbox"
    sent = form(requests.Session(), f"{site.servers[0].url}/reset", email=user.email)
    assert sent.url.endswith("/reset/sent")
    wait_until(
        lambda: [mail for mail in outbox.glob("*.eml") if user.email in mail.read_text()], "the mail", 10
    )


# --- revocation -----------------------------------------------------------------------------------


def test_what_is_said_is_measured_soon_after_its_commit(site: Site) -> None:
    maria, desk = site.customer(), site.desk()
    ticket_id = uuid.UUID(maria.post("comments", maria.message("Hello")).json()["ticket"]["id"])
    desk.open_page()
    desk.post(f"tickets/{ticket_id}/comments", {"content": "Hi", "client_id": str(uuid.uuid4())})

    def kinds() -> set[str]:
        with site.app.app_context(), use_workspace(site.workspace.id), read_only() as session:
            query = sa.select(Measurement.kind).where(Measurement.ticket_id == ticket_id)
            return set(session.scalars(query))

    wait_until(lambda: {"created", "replied", "first_response"} <= kinds(), "its measurements")


def test_r13_a_session_revoked_elsewhere_ends_its_sockets_within_two_seconds(site: Site) -> None:
    user = site.make.user()
    with site.desk(user) as desk, site.desk() as bystander:
        with site.acting(user), transaction():  # as another process would: nothing is announced here
            assert sessions.revoke_all(user.id) == 1
        assert desk.is_cut()
        assert desk.all("session.ended")
        assert desk.get("me").status_code == 401
        assert bystander.must("availability.set", {"availability": "online"}) == {}
