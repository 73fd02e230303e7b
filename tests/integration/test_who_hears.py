"""S-03, K-33: for every event exactly the right rooms hear it, and nobody else."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.browsers import Visitor
from tests.support.world import Person, World, file_body, undone
from webapp.errors import Unauthenticated
from webapp.realtime import rooms, server
from webapp.realtime.commands import COMMANDS

pytestmark = pytest.mark.integration


@pytest.fixture
def home(app: Any, make: Any, agent: Any) -> World:
    """Our workspace."""
    return World("harbour", app, make, agent)


@pytest.fixture
def away(app: Any, make: Any, agent: Any) -> World:
    """Another one."""
    return World("mountain", app, make, agent)


class Audience:
    """Everybody who could listen, by name."""

    def __init__(self, home: World, away: World) -> None:
        opened = {"ticket_id": home.ids["ticket"]}
        self.sockets = {
            "opener": home.people["senior_agent"].connect("/agent"),
            "idle agent": home.people["agent"].connect("/agent"),
            "viewer": home.people["viewer"].connect("/agent"),
            "customer": home.maria.connect(),
            "customer's other tab": home.maria.connect(),
            "another customer": home.oskar.connect(),
            "foreign admin": away.people["admin"].connect("/agent"),
            "foreign customer": away.maria.connect(),
        }
        self.sockets["opener"].must("ticket.open", opened)
        self.sockets["foreign admin"].must("ticket.open", {"ticket_id": away.ids["ticket"]})
        self.sockets["foreign admin"].say("ticket.open", opened)
        self.listen()

    def listen(self) -> dict[str, list[str]]:
        """Who has heard what since the last time: {event: [names]}."""
        heard: dict[str, list[str]] = {}
        for name, socket in self.sockets.items():
            for event, _ in socket.heard():
                if name not in heard.setdefault(event, []):
                    heard[event].append(name)
        return heard


STAFF = ["opener", "idle agent", "viewer"]
CUSTOMER = ["customer", "customer's other tab"]
OUTSIDERS = ["another customer", "foreign admin", "foreign customer"]


def facts(home: World) -> dict[str, tuple[Callable[[], Any], dict[str, list[str]]]]:
    """What happens, and who must hear what of it: nobody else, and nothing else."""
    desk, ticket = home.desks["agent"], home.ids["ticket"]
    path = f"tickets/{ticket}"
    opener, both = ["opener"], ["opener", *CUSTOMER]
    row = {"ticket.row": STAFF}
    marks = {"ticket.read": [*STAFF, *CUSTOMER]}
    return {
        "a reply": (lambda: desk.reply(ticket, "hi"), {"ticket.event": both, **row, **marks}),
        "a note": (lambda: desk.reply(ticket, "psst", kind="note"), {"ticket.event": opener, **row}),
        "a customer's message": (
            lambda: home.maria.write("hello", ticket_id=ticket),
            {"ticket.event": both, **row, **marks, "notification.created": ["idle agent"]},
        ),
        "an assignment": (
            lambda: desk.post(f"{path}/assign", {"agent_id": str(home.colleague.id)}),
            {"ticket.event": both, **row},
        ),
        "a team": (
            lambda: desk.post(
                f"{path}/assign", {"agent_id": str(home.staff["agent"].id), "team_id": home.ids["team"]}
            ),
            {"ticket.event": opener, **row},
        ),
        "an unassignment": (
            lambda: desk.post(f"{path}/assign", {"agent_id": None}),
            {"ticket.event": both, **row},
        ),
        "a priority": (
            lambda: desk.send("PATCH", path, {"priority": "low"}),
            {"ticket.event": opener, **row},
        ),
        "a status the customer knows": (
            lambda: desk.send("PATCH", path, {"status": "resolved"}),
            {"ticket.event": both, **row},
        ),
        "a status the customer does not know": (
            lambda: desk.send("PATCH", path, {"status": "in_progress"}),
            {"ticket.event": opener, **row} | {},
        ),
        "spam": (lambda: desk.post(f"{path}/spam", {"spam": True}), {"ticket.event": opener, **row}),
        "an end": (lambda: home.maria.post("end", {"ticket_id": ticket}), {"ticket.event": both, **row}),
        "typing of a reply": (lambda: typing(home, "reply"), {"typing.updated": both}),
        "typing of a note": (lambda: typing(home, "note"), {"typing.updated": opener}),
        "typing of the customer": (
            lambda: home.maria.post("typing", {"ticket_id": ticket, "typing": True}),
            {"typing.updated": opener},
        ),
        "a mark": (lambda: home.maria.post("read", {"ticket_id": ticket, "seen": 9}), marks),
        "a message in an unassigned ticket": (
            lambda: (
                desk.post(f"{path}/assign", {"agent_id": None}),
                home.maria.write("hello", ticket_id=ticket),
            )[1],
            {"ticket.event": both, **row, **marks, "notification.sound": ["opener", "idle agent"]},
        ),
        "notifications read": (
            lambda: (
                home.maria.write("hello", ticket_id=ticket),
                desk.post("notifications/read", {"ticket_id": ticket}),
            )[1],
            {
                "ticket.event": both,
                **row,
                **marks,
                "notification.created": ["idle agent"],
                "notification.read": ["idle agent"],
            },
        ),
        "a draft": (
            lambda: desk.send("PUT", f"{path}/drafts/note", {"content": "x"}),
            {"draft.saved": ["idle agent"]},
        ),
        "a tag of the workspace": (
            lambda: home.desks["admin"].post("tags", {"name": "New"}),
            {"directory.updated": STAFF},
        ),
        "a tag on a ticket": (
            lambda: desk.send("PATCH", path, {"add_tags": ["harbour-secret-tag-1"]}),
            {"ticket.event": opener, **row},
        ),
        "the trash": (
            lambda: home.desks["admin"].send("DELETE", path),
            {"ticket.event": opener, **row},
        ),
        "an upload": (lambda: desk.post(f"{path}/attachments", **file_body()), {}),
        "a block": (lambda: desk.post("blocks", {"customer_id": home.ids["customer"]}), {}),
    }


def typing(home: World, kind: str) -> None:
    socket = home.people["admin"].connect("/agent")
    socket.must("typing.update", {"ticket_id": home.ids["ticket"], "kind": kind, "typing": True})
    socket.client.disconnect("/agent")


PRESENCE = {"user.presence", "customer.presence", "availability.updated"}


def test_s03_each_event_reaches_exactly_its_rooms(app: Any, home: World, away: World) -> None:
    audience, wrong = Audience(home, away), []
    assert set(OUTSIDERS) < set(audience.sockets)
    for name, (act, expected) in facts(home).items():
        with undone(app):
            answer = act()
            assert answer is None or isinstance(answer, dict) or answer.status_code < 300, (
                f"{name}: {answer.text}"
            )
            heard = {event: who for event, who in audience.listen().items() if event not in PRESENCE}
        if heard != expected:
            wrong.append(f"{name}: {heard}, not {expected}")
    assert not wrong, "\n".join(wrong)


def test_s03_presence_stays_in_its_workspace_and_never_names_a_customer_to_another(
    home: World, away: World
) -> None:
    audience = Audience(home, away)
    home.people["admin"].connect("/agent").must(
        "presence.update", {"ticket_id": home.ids["ticket"], "state": "viewing"}
    )
    Visitor(home.app, home.inbox).connect().must("page.update", {"url": "https://x.example/", "title": "x"})
    home.people["agent"].connect("/agent").must("availability.set", {"availability": "away"})
    heard = audience.listen()
    assert set(heard) >= {"presence.updated", "customer.presence", "user.presence"}, heard
    for event, who in heard.items():
        allowed = {*STAFF, *CUSTOMER, "another customer"} if event == "availability.updated" else set(STAFF)
        assert set(who) <= allowed, f"{event}: {who}"


def test_s03_a_socket_that_left_or_never_opened_a_ticket_hears_nothing_of_its_thread(home: World) -> None:
    agent = home.people["agent"].connect("/agent")
    home.maria.write("one", ticket_id=home.ids["ticket"])
    assert agent.heard("ticket.event") == []
    agent.must("ticket.open", {"ticket_id": home.ids["ticket"]})
    agent.must("ticket.leave", {"ticket_id": home.ids["ticket"]})
    agent.heard()
    home.maria.write("two", ticket_id=home.ids["ticket"])
    assert agent.heard("ticket.event") == []


def test_s03_rooms_are_never_taken_from_a_payload(home: World, away: World) -> None:
    outsider = away.people["admin"].connect("/agent")
    names = [
        *("*", "%", "_", "../", "", "ticket:*:staff", "workspace:%:staff"),
        *(rooms.ticket_staff(uuid.UUID(home.ids["ticket"])), rooms.staff(home.workspace.id)),
        rooms.customer(uuid.UUID(home.ids["customer"]), home.inbox.id),
    ]
    for (namespace, name), command in COMMANDS.items():
        if namespace != "/agent":
            continue
        for room in names:
            for field in ("room", "rooms", "to", "ticket_id", "namespace", "workspace_id"):
                answer = outsider.say(name, {field: room})
                assert not answer["ok"], f"{command.name} took {field}={room}"
    outsider.heard()
    home.maria.write("hello", ticket_id=home.ids["ticket"])
    assert outsider.heard() == []


def test_s03_nothing_is_ever_sent_without_a_room(app: Any) -> None:
    for room in ("", None, [], ["workspace:x:staff"], 7):
        with pytest.raises(ValueError, match="room"):
            server.emit("ticket.event", {}, room=room, namespace="/agent")  # type: ignore[arg-type]


def test_k33_who_is_being_refused_hears_nothing_of_what_happens_meanwhile(
    home: World, monkeypatch: Any
) -> None:
    def slow(*_arguments: Any, **_options: Any) -> None:
        home.maria.write("while you wait", ticket_id=home.ids["ticket"])
        raise Unauthenticated("no")

    monkeypatch.setattr("webapp.realtime.commands.actor_for_token", slow)
    socket = Person(home.app).connect("/agent")
    assert not socket.is_connected
    assert socket.client.queue == []
