"""At the same time: nothing twice, nothing lost, nothing out of order, and nobody waits for ever.

Threads on a database of their own that is committed to; the invariants are checked after each test.
"""

import hashlib
import hmac
import io
import itertools
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event as Signal
from typing import Any

import pytest

from tests.support.browsers import StaffBrowser, Visitor
from tests.support.parallel import House, another_tab, together
from webapp.auth import current_actor
from webapp.database import transaction
from webapp.services import ticket as tickets
from webapp.services.chat import writing
from webapp.services.ticket import create as creating
from webapp.services.ticket import snapshot

pytestmark = pytest.mark.integration


@pytest.fixture
def house(database: Any, tmp_path: Path) -> Iterator[House]:
    """A workspace with an inbox on a database of its own."""
    made = House(database.settings(database.fresh()), tmp_path)
    yield made
    made.close()


@pytest.fixture
def ticket_id(house: House) -> str:
    """A chat that waits."""
    return str(house.visitor().write("Hello")["ticket"]["id"])


def statuses(answers: list[Any]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def feed(desk: Any, after: int = 0) -> list[dict[str, Any]]:
    return list(desk.get("events", after=after, limit=100).json["events"])


# --- nothing twice --------------------------------------------------------------------------------


def test_r08_fifty_times_the_same_reply_is_one_with_fifty_equal_answers(house: House, ticket_id: str) -> None:
    body = {"client_id": str(uuid.uuid4()), "content": "Sent once"}
    desks = house.desks(50, house.make.user())
    answers = together([partial(desk.post, f"tickets/{ticket_id}/comments", body) for desk in desks])
    assert statuses(answers) == {201: 50}
    assert len({answer.text for answer in answers}) == 1
    events = desks[0].get(f"tickets/{ticket_id}").json["events"]
    assert [event["comment"]["content"] for event in events if "comment" in event] == ["Hello", "Sent once"]


def test_what_is_written_while_a_ticket_is_opened_is_not_in_it_and_told_besides(
    house: House, ticket_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ana, ben), read = house.desks(2), snapshot.list_ticket_events

    def read_late(*args: Any, **options: Any) -> Any:
        monkeypatch.undo()
        together([partial(ben.reply, ticket_id, "Written meanwhile")])
        return read(*args, **options)

    monkeypatch.setattr(snapshot, "list_ticket_events", read_late)
    opened = ana.get(f"tickets/{ticket_id}").json
    assert opened["events"][-1]["seq"] == opened["ticket"]["seq"], "else what comes next is shown twice"


def test_r08_fifty_times_the_same_first_message_is_one_with_fifty_equal_answers(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.services.chat.limits.COMMENTS_PER_MINUTE", 1000)
    monkeypatch.setattr("webapp.services.chat.limits.CHATS_PER_HOUR", 1000)
    maria = house.visitor()
    body = maria.message("Hello")
    answers = together([partial(another_tab(maria).post, "comments", body) for _ in range(50)])
    assert statuses(answers) == {201: 50}
    assert len({answer.text for answer in answers}) == 1
    state = maria.get("state").json
    assert [event["name"] for event in state["events"]] == ["ticket.created", "comment.created"]


def test_r09_two_first_messages_at_once_make_one_chat(house: House) -> None:
    for _ in range(5):
        maria = house.visitor()
        tabs = maria, another_tab(maria)
        answers = together([partial(tab.write, f"Tab {number}") for number, tab in enumerate(tabs)])
        assert len({answer["ticket"]["id"] for answer in answers}) == 1


def test_r09_a_first_message_while_another_is_in_hand_joins_its_chat(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    maria, entered, first_holds = house.visitor(), itertools.count(1), Signal()
    lock, create, second_comes = writing._locked_customer, writing.create_ticket, Signal()

    def noting_the_second(*args: Any) -> Any:
        if next(entered) == 2:
            second_comes.set()
        return lock(*args)

    def waiting_for_the_second(*args: Any, **options: Any) -> Any:
        first_holds.set()
        assert second_comes.wait(120)
        return create(*args, **options)

    monkeypatch.setattr(writing, "_locked_customer", noting_the_second)
    monkeypatch.setattr(writing, "create_ticket", waiting_for_the_second)

    def later() -> Any:
        assert first_holds.wait(120)
        return another_tab(maria).write("Me again")

    first, second = together([partial(maria.write, "Hello"), later])
    assert second["ticket"]["id"] == first["ticket"]["id"]


def test_two_tabs_that_do_the_same_are_both_content(house: House, ticket_id: str) -> None:
    user = house.make.user()
    desks = house.desks(8, user)
    path = f"tickets/{ticket_id}"
    ticket = {"title": "Call back", "description": "Phoned", "customer_email": "new@example.com"}
    same: list[Callable[[Any], Any]] = [
        lambda desk: desk.send("PUT", f"{path}/drafts/reply", {"content": "Dear"}),
        lambda desk: desk.send("PUT", f"{path}/drafts/reply", {"content": ""}),
        lambda desk: desk.post("tickets", ticket),
        lambda desk: desk.post("tickets", {**ticket, "client_id": "5a9f4d1e-0000-4000-8000-000000000001"}),
        lambda desk: desk.post(f"{path}/read", {"seq": 2}),
        lambda desk: desk.post(f"{path}/assign", {"agent_id": str(user.id)}),
        lambda desk: desk.send("PATCH", path, {"status": "resolved"}),
    ]
    for act in same:
        answers = together([partial(act, desk) for desk in desks])
        assert {answer.status_code // 100 for answer in answers} == {2}, [answer.json for answer in answers]
    numbers = {row["number"] for row in desks[0].get("tickets", view="unassigned").json["data"]}
    assert len(numbers) == 9, "the one with a client_id once, the one without eight times"


# --- nothing lost ---------------------------------------------------------------------------------


def test_r02_twenty_writers_on_one_ticket_are_numbered_without_a_hole(house: House, ticket_id: str) -> None:
    def write(desk: Any) -> list[str]:
        said = [f"{desk.user.name} {number}" for number in range(4)]
        assert {desk.reply(ticket_id, text).status_code for text in said} == {201}
        return said

    desks = house.desks(20)
    said = together([partial(write, desk) for desk in desks])
    events = feed(desks[0])
    replies = [event for event in events if event.get("comment")]
    texts = [event["comment"]["content"] for event in replies]
    assert [event["seq"] for event in replies] == list(range(2, 83))
    for own in said:
        assert [text for text in texts if text in own] == own, "everybody's own messages keep their order"


def test_updates_and_comments_at_once_all_take_effect(house: House, ticket_id: str) -> None:
    ana = house.make.user()
    path = f"tickets/{ticket_id}"
    *writers, titles, priorities, categories, assigner = house.desks(8)
    answers = together(
        [
            *(partial(desk.reply, ticket_id, f"Reply {n}") for n, desk in enumerate(writers)),
            partial(titles.send, "PATCH", path, {"title": "Renamed"}),
            partial(priorities.send, "PATCH", path, {"priority": "critical"}),
            partial(categories.send, "PATCH", path, {"category": "billing"}),
            partial(assigner.post, f"{path}/assign", {"agent_id": str(ana.id)}),
        ]
    )
    assert {answer.status_code // 100 for answer in answers} == {2}
    snapshot = assigner.get(path).json
    shown = {
        name: snapshot["ticket"][name] for name in ("title", "priority", "category", "assigned_agent_id")
    }
    assert shown == {
        "title": "Renamed",
        "priority": "critical",
        "category": "billing",
        "assigned_agent_id": str(ana.id),
    }
    contents = [event["comment"]["content"] for event in snapshot["events"] if "comment" in event]
    assert sorted(contents) == ["Hello", "Reply 0", "Reply 1", "Reply 2", "Reply 3"]


def test_two_agents_who_take_the_same_ticket_are_one_winner_and_one_who_is_told(house: House) -> None:
    desks = house.desks(2)
    for _ in range(5):
        path = f"tickets/{house.visitor().write('Hello')['ticket']['id']}/assign"
        takes = [{"agent_id": str(desk.user.id), "expected_agent_id": None} for desk in desks]
        answers = together([partial(desk.post, path, take) for desk, take in zip(desks, takes, strict=True)])
        assert statuses(answers) == {200: 1, 409: 1}
        won = next(desk for desk, answer in zip(desks, answers, strict=True) if answer.status_code == 200)
        lost = next(answer for answer in answers if answer.status_code == 409)
        assert lost.json["code"] == "already_assigned"
        assert lost.json["current"] == {"assigned_agent_id": str(won.user.id), "name": won.user.name}


# --- nothing skipped ------------------------------------------------------------------------------


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_k30_who_begins_first_and_commits_last_is_not_skipped(house: House, ticket_id: str) -> None:
    [desk] = house.desks(1)
    other = house.visitor().write("Other chat")["ticket"]["id"]
    read = feed(desk)[-1]["workspace_seq"]
    held, go_on = Signal(), Signal()

    def slow() -> None:
        with house.acting(house.make.user()), transaction() as session:
            tickets.add_comment(uuid.UUID(ticket_id), "Begun first")
            session.flush()
            held.set()
            assert go_on.wait(120)

    def quick() -> dict[str, Any]:
        assert held.wait(120)
        desk.reply(other, "Committed first")
        [committed] = feed(desk, read)
        go_on.set()
        return committed

    _, committed = together([slow, quick])
    assert committed["comment"]["content"] == "Committed first"
    [late] = feed(desk, committed["workspace_seq"])
    assert late["comment"]["content"] == "Begun first"


def test_k30_who_follows_the_feed_misses_nothing(house: House) -> None:
    reader, *writers = house.desks(9)
    chats = [house.visitor().write("Hello")["ticket"]["id"] for _ in writers]
    done: list[str] = []

    def write(desk: Any, chat: str) -> None:
        for number in range(8):
            assert desk.reply(chat, f"Reply {number}").status_code == 201
        done.append(chat)

    def follow() -> list[int]:
        seen: list[int] = []
        while True:
            is_last = len(done) == len(writers)
            seen += [event["workspace_seq"] for event in feed(reader, seen[-1] if seen else 0)]
            if is_last and not feed(reader, seen[-1]):
                return seen

    seen, *_ = together([follow, *(partial(write, *pair) for pair in zip(writers, chats, strict=True))])
    assert seen == list(range(1, seen[-1] + 1))
    assert len(seen) >= 8 * len(writers)


# --- nobody waits for ever ------------------------------------------------------------------------


class Crowd:
    """Agents and customers who do one thing after the other, each by their own dice."""

    ROUNDS = 10

    def __init__(self, house: House) -> None:
        self.house = house
        self.agents = house.desks(5)
        self.chats = [house.visitor().write("Hello")["ticket"]["id"] for _ in range(3)]
        first = self.agents[0].get(f"tickets/{self.chats[0]}").json
        self.customers = [first["ticket"]["customer"]["id"]]
        self.answers: list[Any] = []

    def agent(self, desk: StaffBrowser, seed: int) -> None:
        """Works on whatever there is."""
        dice = random.Random(seed)
        for _ in range(self.ROUNDS):
            path = f"tickets/{dice.choice(self.chats)}"
            colleague = {"agent_id": str(dice.choice(self.agents).user.id)}
            customer = dice.choice(self.customers)
            deeds: list[Callable[[], Any]] = [
                lambda path=path: desk.reply(path.removeprefix("tickets/"), "Reply", kind=dice.choice(KINDS)),
                lambda path=path, who=colleague: desk.post(f"{path}/assign", {**who, "note": "Please"}),
                lambda path=path: desk.post(f"{path}/assign", {"agent_id": None}),
                lambda path=path: desk.send("PATCH", path, {"status": dice.choice(("pending", "resolved"))}),
                lambda path=path: desk.send("PATCH", path, {"status": "open", "priority": "high"}),
                lambda path=path: desk.post(f"{path}/read", {"seq": 1}),
                lambda path=path: desk.post(f"{path}/spam", {"spam": dice.random() < 0.5, "block": True}),
                lambda path=path: desk.post(f"{path}/attachments", **a_file()),
                lambda who=customer: desk.post("tickets", {"title": "Call back", "customer_id": who}),
                lambda: desk.send("PATCH", "me", {"availability": dice.choice(("online", "away"))}),
            ]
            self.answers.append(dice.choice(deeds)())

    def customer(self, maria: Visitor, seed: int) -> None:
        """Writes, ends, comes back, and turns out to be somebody known in the middle of it."""
        dice = random.Random(seed)
        for number in range(self.ROUNDS):
            written = maria.post("comments", maria.message("Hello?"))
            self.answers.append(written)
            if written.status_code == 201:
                self.chats.append(written.json["ticket"]["id"])
            if number == self.ROUNDS // 2:
                identified = identify(maria, f"customer-{seed % 2}")
                self.answers.append(identified)
                maria.token = identified.json["token"]
            elif dice.random() < 0.3 and written.status_code == 201:
                self.answers.append(maria.post("end", {"ticket_id": written.json["ticket"]["id"]}))


KINDS = ("reply", "note")


def a_file() -> dict[str, Any]:
    body = {"file": (io.BytesIO(b"notes"), "notes.txt"), "client_id": "5a9f4d1e-0000-4000-8000-00000000000f"}
    return {"data": body, "content_type": "multipart/form-data"}


def identify(visitor: Visitor, who: str) -> Any:
    """Signs the visitor in, as the host page does."""
    signature = hmac.new(b"s" * 43, who.encode(), hashlib.sha256).hexdigest()
    body = {
        "inbox_key": visitor.inbox.key,
        "identifier": who,
        "hash": signature,
        "email": f"{who}@example.com",
    }
    return visitor.post("identify", body)


def test_a_crowd_at_work_on_everything_at_once_meets_no_deadlock(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.services.chat.limits.COMMENTS_PER_MINUTE", 1000)
    monkeypatch.setattr("webapp.services.chat.limits.CHATS_PER_HOUR", 1000)
    crowd = Crowd(house)
    agents = [partial(crowd.agent, desk, seed) for seed, desk in enumerate(crowd.agents)]
    together(agents + [partial(crowd.customer, house.visitor(), seed) for seed in range(5)])
    failed = [answer.json for answer in crowd.answers if answer.status_code >= 500]
    assert not failed
    assert statuses(crowd.answers)[201] > crowd.ROUNDS


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_ticket_opened_for_a_customer_who_begins_a_chat_does_not_wait_for_them(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    [desk], maria, holds, numbered = house.desks(1), house.visitor(), Signal(), Signal()
    create, take_number = writing.create_ticket, creating.next_number
    customer_id = desk.get(f"tickets/{maria.write('Hello')['ticket']['id']}").json["ticket"]["customer"]["id"]
    desk.send("PATCH", "tickets/1", {"status": "closed"})

    def holding(*args: Any, **options: Any) -> Any:
        holds.set()
        return create(*args, **options)

    def in_turn(session: Any) -> int:
        if current_actor().kind == "customer":
            assert numbered.wait(120)
            return take_number(session)
        number = take_number(session)
        numbered.set()
        return number

    def open_ticket() -> Any:
        assert holds.wait(120)
        return desk.post("tickets", {"title": "Call back", "customer_id": customer_id})

    monkeypatch.setattr(writing, "create_ticket", holding)
    monkeypatch.setattr(creating, "next_number", in_turn)
    answers = together([partial(maria.post, "comments", maria.message("Hello again")), open_ticket])
    assert statuses(answers) == {201: 2}


def test_a_message_in_hand_while_its_visitor_is_identified_is_refused_and_then_sent_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    maria, in_hand, identified = house.visitor(), Signal(), Signal()
    body, lock = maria.message("Hello"), writing._locked_customer

    def waiting(*args: Any) -> Any:
        in_hand.set()
        assert identified.wait(120)
        return lock(*args)

    monkeypatch.setattr(writing, "_locked_customer", waiting)

    def be_identified() -> str:
        assert in_hand.wait(120)
        token = identify(maria, "maria").json["token"]
        identified.set()
        return str(token)

    refused, token = together([partial(another_tab(maria).post, "comments", body), be_identified])
    assert refused.status_code == 401
    maria.token = token
    assert maria.post("comments", body).status_code == 201
    assert len(house.desks(1)[0].get("tickets").json["data"]) == 1
