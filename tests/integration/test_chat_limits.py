"""S-44: how much one visitor may send, and thirty times as much one address; no header makes it more."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.support.browsers import Visitor
from tests.support.world import file_body
from webapp.services.chat import limits

pytestmark = pytest.mark.integration

HERE, ELSEWHERE = "198.51.100.7", "203.0.113.9"


@pytest.fixture(autouse=True)
def one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not end while a slow machine writes."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)


@pytest.fixture
def inbox(make: Any, agent: Any) -> Any:
    """An inbox, with an admin at its desk."""
    made = make.inbox()
    made.desk = agent(make.user(role="admin"))
    return made


def code(answer: Any) -> str:
    return str(answer.json["code"]) if answer.status_code >= 400 else "ok"


def refused(answer: Any) -> None:
    assert (answer.status_code, answer.json["code"]) == (429, "rate_limited"), answer.text
    assert 0 < int(answer.headers["Retry-After"]) <= 86_400


def test_s44_a_visitor_writes_twenty_messages_a_minute_over_both_doors_together(app: Any, inbox: Any) -> None:
    maria = Visitor(app, inbox)
    socket = maria.connect()
    ticket_id = maria.write("0")["ticket"]["id"]
    for number in range(limits.COMMENTS_PER_MINUTE - 1):
        body = maria.message(str(number), ticket_id=ticket_id)
        assert (
            socket.say("comment.create", body)["ok"]
            if number % 2
            else code(maria.post("comments", body)) == "ok"
        )
    refused(maria.post("comments", maria.message("too many", ticket_id=ticket_id)))
    answer = socket.say("comment.create", maria.message("too many", ticket_id=ticket_id))
    assert answer["error"]["code"] == "rate_limited"
    assert code(Visitor(app, inbox).post("comments", maria.message("somebody else"))) == "ok"


HEADERS: list[dict[str, str]] = [
    {"X-Forwarded-For": "192.0.2.1"},
    {"X-Forwarded-For": "192.0.2.2, 127.0.0.1"},
    {"X-Real-Ip": "192.0.2.3"},
    {"Forwarded": "for=192.0.2.4"},
    {"X-Client-Ip": "192.0.2.5", "Cf-Connecting-Ip": "192.0.2.5", "True-Client-Ip": "192.0.2.5"},
    {"X-Forwarded-For": "", "User-Agent": "another"},
]


def fill(app: Any, name: str, key: str, most: str, count: int) -> None:
    with app.app_context():
        for _ in range(count):
            app.extensions["parley_limiter"].hit(name, key, most)


def test_s44_forwarded_headers_reset_no_limit_of_an_address(app: Any, inbox: Any) -> None:
    maria = Visitor(app, inbox)
    client, address = app.test_client(), {"REMOTE_ADDR": HERE}
    fill(app, "visitor:address", HERE, f"{limits.VISITORS_PER_HOUR}/hour", limits.VISITORS_PER_HOUR)
    fill(app, "identify:address", HERE, f"{limits.IDENTIFIES_PER_HOUR}/hour", limits.IDENTIFIES_PER_HOUR)
    most = limits.COMMENTS_PER_MINUTE * limits.PER_ADDRESS
    fill(app, "comment:address", HERE, f"{most}/minute", most)
    bearer = {"Authorization": f"Bearer {maria.token}"}
    for headers in HEADERS:
        asks = (
            ("visitors", {"inbox_key": inbox.key}, {}),
            ("identify", {"inbox_key": inbox.key, "jwt": "x"}, {}),
            ("comments", maria.message("x"), bearer),
        )
        for path, body, more in asks:
            url = f"/api/v1/chat/{path}"
            refused(client.post(url, json=body, headers={**headers, **more}, environ_overrides=address))
    elsewhere = {"REMOTE_ADDR": ELSEWHERE}
    answer = client.post("/api/v1/chat/visitors", json={"inbox_key": inbox.key}, environ_overrides=elsewhere)
    assert answer.status_code == 201


def test_s44_one_address_may_send_thirty_times_as_much_as_one_visitor(
    app: Any, inbox: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(limits, "PER_ADDRESS", 2)
    visitors = [Visitor(app, inbox) for _ in range(3)]
    for visitor in visitors[:2]:
        for number in range(limits.COMMENTS_PER_MINUTE):
            assert code(visitor.post("comments", visitor.message(str(number)))) == "ok"
    refused(visitors[2].post("comments", visitors[2].message("the office is full")))


@pytest.fixture
def private(app: Any) -> Iterator[None]:
    """An installation that keeps no addresses."""
    settings = app.config["PARLEY"]
    app.config["PARLEY"] = replace(settings, address_mode="off")
    yield
    app.config["PARLEY"] = settings


def test_s44_an_address_is_counted_also_where_none_is_kept(
    app: Any, inbox: Any, private: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(limits, "PER_ADDRESS", 1)
    first, second = Visitor(app, inbox), Visitor(app, inbox)
    for number in range(limits.COMMENTS_PER_MINUTE):
        assert code(first.post("comments", first.message(str(number)))) == "ok"
    refused(second.post("comments", second.message("x")))


def test_s44_addresses_of_one_ipv6_network_count_as_one(app: Any, inbox: Any) -> None:
    fill(
        app,
        "visitor:address",
        "2001:db8:1:2::/64",
        f"{limits.VISITORS_PER_HOUR}/hour",
        limits.VISITORS_PER_HOUR,
    )
    for host in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"):
        answer = app.test_client().post(
            "/api/v1/chat/visitors", json={"inbox_key": inbox.key}, environ_overrides={"REMOTE_ADDR": host}
        )
        refused(answer)


def test_s44_a_blocked_address_cannot_write_by_a_token_got_elsewhere(app: Any, inbox: Any) -> None:
    maria = Visitor(app, inbox)
    maria.write("from home")
    inbox.desk.post("blocks", {"address": "198.51.100.0/24"})
    answer = app.test_client().post(
        "/api/v1/chat/comments",
        json=maria.message("from there"),
        headers={"Authorization": f"Bearer {maria.token}"},
        environ_overrides={"REMOTE_ADDR": HERE},
    )
    assert (answer.status_code, answer.json["code"]) == (403, "blocked")
    maria.write("from home again")


def test_s44_three_chats_an_hour_however_they_are_begun(app: Any, inbox: Any) -> None:
    maria = Visitor(app, inbox)
    begun = []
    for number in range(limits.CHATS_PER_HOUR):
        begun.append(maria.write(str(number))["ticket"]["id"])
        inbox.desk.send("PATCH", f"tickets/{begun[-1]}", {"status": "closed"})
    assert len(set(begun)) == limits.CHATS_PER_HOUR
    refused(maria.post("comments", maria.message("one more")))
    refused(maria.post("comments", maria.message("as an old one", ticket_id=begun[0])))


def test_s44_a_message_for_a_chat_that_is_over_joins_the_open_one(app: Any, inbox: Any) -> None:
    maria = Visitor(app, inbox)
    old = maria.write("first")["ticket"]["id"]
    inbox.desk.send("PATCH", f"tickets/{old}", {"status": "closed"})
    new = maria.write("second")["ticket"]["id"]
    assert new != old
    assert maria.write("from a tab that is behind", ticket_id=old)["ticket"]["id"] == new
    assert inbox.desk.get("tickets", view="all").json["counts"]["all"] == 1


def test_s44_thirty_files_a_day(app: Any, inbox: Any) -> None:
    maria = Visitor(app, inbox)
    for _ in range(limits.ATTACHMENTS_PER_DAY):
        assert maria.post("attachments", **file_body()).status_code == 201
    refused(maria.post("attachments", **file_body()))


def test_s44_what_is_refused_counts_too_so_that_guessing_ends(app: Any, inbox: Any) -> None:
    client = app.test_client()
    answers = [
        client.post(
            "/api/v1/chat/identify", json={"inbox_key": inbox.key, "identifier": "x", "hash": "0" * 64}
        )
        for _ in range(limits.IDENTIFIES_PER_HOUR + 1)
    ]
    assert {answer.status_code for answer in answers[:-1]} == {422}
    refused(answers[-1])


def test_a_customer_and_their_address_are_blocked_and_let_in_again_together(make, visitor, agent):
    inbox, desk = make.inbox(), agent(make.user())
    maria, neighbour = visitor(inbox), visitor(inbox)
    ticket = maria.write("Hello")["ticket"]
    seen = desk.get(f"tickets/{ticket['id']}").json["ticket"]
    both = {"customer_id": seen["customer"]["id"], "address": seen["client"]["address"]}
    assert desk.post("blocks", both).status_code == 201
    for browser in (maria, neighbour):
        assert browser.post("comments", browser.message("More")).json["code"] == "blocked"
    blocks = desk.get(f"customers/{both['customer_id']}").json["blocks"]
    assert {block["kind"] for block in blocks} == {"customer", "address"}
    for block in blocks:
        desk.send("DELETE", f"blocks/{block['id']}")
    for browser in (maria, neighbour):
        browser.write("Let in again")
