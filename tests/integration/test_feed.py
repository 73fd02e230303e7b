"""The feed as a public contract: in order, narrowed, and waited for without a query."""

import threading
import uuid
from typing import Any

import pytest

from tests.support.queries import counted
from webapp.database import transaction
from webapp.events import CATALOGUE
from webapp.services import feed
from webapp.services import ticket as tickets
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration
STEADY = {"reset": False, "epoch": 0}


@pytest.fixture
def ana(make: Any, agent: Any) -> Any:
    make.workspace()
    return agent(make.user(role="agent"))


def page(browser: Any, **query: Any) -> Any:
    answer = browser.http.get("/api/v1/events", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_types_narrow_the_feed_and_next_lies_beyond_what_they_left_out(ana: Any) -> None:
    whole = page(ana)
    made = ana.post("tickets", {"title": "Scanner", "customer_email": "ann@example.com"}).json["ticket"]
    ana.post(f"tickets/{made['id']}/assign", {"agent_id": None})
    after = page(ana, after=whole["next"])
    assert [event["name"] for event in after["events"]][:2] == ["customer.created", "ticket.created"]
    narrowed = page(ana, after=whole["next"], types="ticket.created, comment.created")
    assert [event["name"] for event in narrowed["events"]] == ["ticket.created"]
    assert narrowed["next"] == after["next"]
    assert narrowed["events"][0] in after["events"]
    assert page(ana, after=after["next"]) == {"events": [], "next": after["next"], "has_more": False} | STEADY


def test_f21_a_place_that_the_feed_never_came_to_is_told_to_begin_again(ana: Any) -> None:
    place = page(ana)["next"]
    ahead = page(ana, after=place + 7, wait=25)  # answered at once
    assert ahead == {"events": [], "next": place + 7, "has_more": False, "reset": True, "epoch": 0}


def test_pages_follow_each_other_without_a_gap(ana: Any) -> None:
    for number in range(4):
        ana.post("tickets", {"title": f"Ticket {number}", "customer_email": "ann@example.com"})
    whole, place, pieces = page(ana)["events"], 0, []
    while True:
        piece = page(ana, after=place, limit=2)
        pieces += piece["events"]
        place = piece["next"]
        if not piece["has_more"]:
            break
    assert pieces == whole


@pytest.mark.parametrize("query", [{"types": "ticket.vanished"}, {"wait": 26}, {"wait": -1}, {"after": -1}])
def test_what_the_feed_cannot_be_asked_is_refused_by_name(ana: Any, query: dict[str, Any]) -> None:
    answer = ana.http.get("/api/v1/events", query_string=query)
    assert answer.status_code == 422
    assert answer.json["detail"][0]["loc"] == ["query", next(iter(query))]


def test_a_wait_that_is_over_answers_an_empty_page(ana: Any) -> None:
    place = page(ana)["next"]
    assert page(ana, after=place, wait=1) == {"events": [], "next": place, "has_more": False} | STEADY


class Waiting:
    """Somebody who waits in a thread; `looks` counts how often the database was asked."""

    def __init__(self, workspace_id: uuid.UUID, seconds: float = 30) -> None:
        self.found: list[str] = []
        self.looks = 0
        self.looked = threading.Event()
        self.answer: Any = None
        self.thread = threading.Thread(target=self._wait, args=(workspace_id, seconds))
        self.thread.start()
        assert self.looked.wait(60)

    def _wait(self, workspace_id: uuid.UUID, seconds: float) -> None:
        self.answer = feed.wait_for_feed(self._read, workspace_id, seconds)

    def _read(self) -> list[str]:
        self.looks += 1
        self.looked.set()
        return self.found

    def end(self) -> None:
        self.thread.join(60)
        assert not self.thread.is_alive()


def test_who_waits_asks_nothing_until_something_is_committed(make: Any, session: Any) -> None:
    workspace, other = make.workspace().id, make.workspace().id
    waiting = Waiting(workspace)
    with use_workspace(other), transaction():
        tickets.create_ticket("Elsewhere", "", "ann@example.com", "low")
    assert waiting.looks == 1
    waiting.found = ["an event"]
    with use_workspace(workspace), transaction():
        tickets.create_ticket("Here", "", "ann@example.com", "low")
    waiting.end()
    assert (waiting.answer, waiting.looks) == (["an event"], 2)


def test_what_another_process_commits_is_found_by_one_look_for_all_who_wait(
    make: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make.workspace().id
    waiting = [Waiting(workspace) for _ in range(3)]
    feed.look_for_commits()
    with monkeypatch.context() as deaf, use_workspace(workspace):  # as if another process had done it
        deaf.setattr(feed, "wake", lambda _workspace_id: None)
        with transaction():
            tickets.create_ticket("There", "", "ann@example.com", "low")
    for one in waiting:
        assert one.looks == 1
        one.found = ["an event"]
    with counted() as queries:
        feed.look_for_commits()
    for one in waiting:
        one.end()
    assert len([query for query in queries.statements if "workspace_feeds" in query]) == 1
    feed.look_for_commits()
    assert not feed._seen


def test_too_many_who_wait_are_answered_at_once(
    make: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make.workspace().id
    monkeypatch.setattr(feed, "MOST_WAITING", 1)
    first = Waiting(workspace)
    assert feed.wait_for_feed(lambda: None, workspace, 30) is None
    first.found = ["an event"]
    feed.wake(workspace)
    first.end()


def test_every_name_of_the_catalogue_can_be_asked_for(ana: Any) -> None:
    names = sorted(CATALOGUE)
    for begin in range(0, len(names), 15):
        page(ana, types=",".join(names[begin : begin + 15]))
