"""What nobody has told a process is told to its sockets from the ledger, once, and nothing else is."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from webapp import bus
from webapp.database import transaction
from webapp.models import Event
from webapp.realtime import late
from webapp.realtime.backplane import Backplane
from webapp.services import ticket as tickets
from webapp.services.event import append_history
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


class Scene:
    """A chat that an agent has open, on a process that looks when it is told to."""

    def __init__(self, make: Any, agent: Any, visitor: Any, monkeypatch: Any) -> None:
        self.make, self.monkeypatch = make, monkeypatch
        self.workspace, self.inbox = make.workspace(), make.inbox()
        self.ana = make.user(role="agent", name="Ana")
        self.desk, self.maria = agent(self.ana), visitor(self.inbox)
        self.ticket_id = self.maria.write("Hello")["ticket"]["id"]
        self.staff, self.customer = self.desk.connect(), self.maria.connect()
        self.staff.must("ticket.open", {"ticket_id": self.ticket_id})
        self.look()
        self.look()
        self.staff.heard()
        self.customer.heard()

    def look(self) -> None:
        with self.desk.app.app_context():
            late.look()

    def write_elsewhere(self, *texts: str) -> None:
        """As another process does: nobody here is told after the commit."""
        with self.monkeypatch.context() as elsewhere, self.desk.app.app_context():
            elsewhere.setattr(bus, "_subscribers", {})
            for text in texts:
                with use_workspace(self.workspace.id), transaction():
                    ticket_id = uuid.UUID(self.ticket_id)
                    tickets.add_comment(ticket_id, text, actor=self.make.actor(self.ana))


@pytest.fixture
def scene(make: Any, agent: Any, visitor: Any, monkeypatch: Any) -> Any:
    yield Scene(make, agent, visitor, monkeypatch)
    late._places.clear()


def said(events: list[Any]) -> list[str]:
    return [event["comment"]["content"] for event in events if "comment" in event]


def test_what_was_told_by_its_commit_is_not_told_again(scene: Scene) -> None:
    scene.maria.write("Still there?", ticket_id=scene.ticket_id)
    assert said(scene.staff.heard("ticket.event")) == ["Still there?"]
    for _ in range(3):
        scene.look()
        assert scene.staff.heard() == []


def test_what_nobody_told_is_told_at_the_second_look_once(scene: Scene) -> None:
    scene.write_elsewhere("From afar")
    scene.look()
    assert scene.staff.heard() == [], "it may be on its way"
    scene.look()
    heard = dict(scene.staff.heard())
    assert said([heard["ticket.event"]]) == ["From afar"]
    row = heard["ticket.row"]
    assert row["row"]["id"] == scene.ticket_id
    assert row["before"] == {key: row["row"][key] for key in row["before"]}, "counts are not touched by it"
    assert heard["queue.outdated"] == {}
    assert said(scene.customer.heard("ticket.event")) == ["From afar"]
    scene.look()
    scene.look()
    assert scene.staff.heard() == []


def test_very_many_are_told_in_their_order_some_at_each_look(scene: Scene) -> None:
    scene.monkeypatch.setattr(late, "AT_ONCE", 2)
    texts = [f"Line {number}" for number in range(5)]
    scene.write_elsewhere(*texts)
    told: list[str] = []
    for _ in range(9):
        scene.look()
        told += said(scene.staff.heard("ticket.event"))
    assert told == texts


def test_what_an_import_writes_is_told_to_nobody(scene: Scene, session: Any) -> None:
    with use_workspace(scene.workspace.id), transaction() as writing:
        event = Event(name="ticket.created", actor_kind="system", actor_name="", door="import", changes={})
        event.ticket_id, event.ticket_seq = uuid.UUID(scene.ticket_id), 99
        append_history([event], session=writing)
    for _ in range(3):
        scene.look()
    assert scene.staff.heard() == []


@pytest.fixture
def from_redis(scene: Scene, monkeypatch: Any) -> Callable[[Any], list[Any]]:
    """Gives a message as the listener does, and returns what was passed on to the sockets."""
    passed: list[Any] = []
    monkeypatch.setattr("socketio.RedisManager._handle_emit", lambda _self, message: passed.append(message))
    plane = Backplane.__new__(Backplane)

    def give(body: Any) -> list[Any]:
        plane._handle_emit({"event": "ticket.event", "namespace": "/agent", "data": [body]})
        return passed

    return give


def test_what_redis_brings_after_the_ledger_is_passed_over(scene: Scene, from_redis: Any) -> None:
    scene.write_elsewhere("From afar")
    scene.look()
    scene.look()
    [event] = scene.staff.heard("ticket.event")
    assert from_redis(event) == []


def test_what_redis_brings_in_time_is_not_told_by_the_ledger(scene: Scene, from_redis: Any) -> None:
    scene.write_elsewhere("From afar")
    event = scene.desk.get(f"tickets/{scene.ticket_id}/events").json["events"][-1]
    assert len(from_redis(event)) == 1
    scene.look()
    scene.look()
    assert scene.staff.heard() == []
