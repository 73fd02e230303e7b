"""The hot paths ask the database a fixed number of questions, however much there is to show."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.queries import counted

pytestmark = pytest.mark.integration


@pytest.fixture
def scene(make: Any, visitor: Any, agent: Any) -> Any:
    """An inbox with one chat, and an agent."""

    class Scene:
        workspace = make.workspace()
        desk = agent(make.user(role="agent", name="Ana"))
        inbox = make.inbox()
        maria = visitor(inbox)
        ticket_id = maria.write("Hello")["ticket"]["id"]
        maria.get("state")  # reads what a process reads once

        def more(self) -> None:
            """Five more customers with chats of their own, and five more messages on the first."""
            for number in range(5):
                visitor(self.inbox).write(f"Another {number}")
                self.maria.write(f"More {number}", ticket_id=self.ticket_id)

    return Scene()


def asked(call: Callable[[], Any]) -> int:
    with counted() as found:
        assert call().status_code < 300
    return found.count


@pytest.mark.parametrize(
    "page, most",
    [
        ("tickets?view=all", 6),
        ("tickets/{ticket}", 14),
        ("tickets/{ticket}/events?after=0", 6),
        ("events?after=0", 6),
        ("directory", 10),
    ],
)
def test_staff_pages_ask_the_same_however_much_there_is(scene: Any, page: str, most: int) -> None:
    path = f"/api/v1/{page.format(ticket=scene.ticket_id)}"
    few = asked(lambda: scene.desk.http.get(path))
    scene.more()
    assert asked(lambda: scene.desk.http.get(path)) == few
    assert few <= most


@pytest.mark.parametrize("page, most", [("state", 18), ("unread", 6), ("events?ticket={ticket}&after=0", 10)])
def test_the_customers_pages_ask_the_same_however_much_there_is(scene: Any, page: str, most: int) -> None:
    path = page.format(ticket=scene.ticket_id)
    few = asked(lambda: scene.maria.get(path))
    scene.more()
    assert asked(lambda: scene.maria.get(path)) == few
    assert few <= most


def test_a_message_costs_the_same_on_a_long_thread(scene: Any) -> None:
    def write() -> Any:
        return scene.maria.post("comments", scene.maria.message("Again", ticket_id=scene.ticket_id))

    def reply() -> Any:
        return scene.desk.reply(scene.ticket_id, "An answer", seen_seq=2**30, client_id=str(uuid.uuid4()))

    few = asked(write), asked(reply)
    scene.more()
    assert (asked(write), asked(reply)) == few
    assert few[0] <= 25
    assert few[1] <= 22
