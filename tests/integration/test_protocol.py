"""The live protocol: sequences, replay, resync, and a document that cannot drift from the code."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support import ROOT, node
from webapp.auth import acting_as
from webapp.database import savepoint, transaction
from webapp.events import CATALOGUE
from webapp.extensions import db
from webapp.models import Event, Job, SlaPolicy, Ticket
from webapp.realtime.asyncapi import document
from webapp.realtime.commands import COMMANDS
from webapp.schemas.pushed import PUSHED
from webapp.services import ticket as tickets
from webapp.services.event import Recorded
from webapp.services.sla import refresh
from webapp.services.sla.reaction import keep_customer_facts
from webapp.services.sla.recalculation import recalculate
from webapp.tasks import timer as timers
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def scene(make: Any, visitor: Any, agent: Any, clock: Any) -> Any:
    """An inbox, a visitor with a chat, an agent and a second one."""

    class Scene:
        workspace = make.workspace()
        ana = make.user(role="agent", name="Ana")
        ben = make.user(role="agent", name="Ben")
        inbox = make.inbox()
        maria = visitor(inbox)
        admin = agent(make.user(role="admin", name="Ada"))
        desk, ben_desk = agent(ana), agent(ben)
        ticket_id = maria.write("Hello")["ticket"]["id"]

        def snapshot(self) -> Any:
            return self.desk.get(f"tickets/{self.ticket_id}").json

        def link(self) -> str:
            other = self.desk.post("tickets", {"title": "Other", "customer_email": "x@example.com"}).json
            body = {"ticket": other["ticket"]["id"], "kind": "related"}
            return str(self.desk.post(f"tickets/{self.ticket_id}/links", body).json["data"][0]["id"])

        def unlink(self) -> None:
            self.desk.send("DELETE", f"tickets/{self.ticket_id}/links/{self.link()}")

        def replay(self, after: int) -> Any:
            return self.desk.get(f"tickets/{self.ticket_id}/events", after=after, limit=100).json["events"]

        def within(self, act: Callable[[Any], Any]) -> None:
            """Does something to the ticket's row, in a transaction of its own."""
            with self.desk.app.app_context(), use_workspace(self.workspace.id), transaction() as session:
                act(session.get(Ticket, uuid.UUID(self.ticket_id)))

        def pass_time(self, **amount: float) -> None:
            """Moves the clock on and lets what is due go off."""
            clock.advance(**amount)
            with self.desk.app.app_context():
                timers.fire_due()

    return Scene()


def test_the_protocol_file_is_what_the_schemas_say() -> None:
    held = json.loads((ROOT / "docs" / "asyncapi.json").read_text())
    assert held == json.loads(json.dumps(document())), "run `python wsgi.py export-asyncapi`"


def test_every_command_and_every_pushed_event_is_described() -> None:
    text = (ROOT / "docs" / "realtime.md").read_text()
    missing = [name for _, name in (*COMMANDS, *PUSHED) if f"`{name}`" not in text]
    missing += [name for name, fact in CATALOGUE.items() if fact.on_ticket and f"`{name}`" not in text]
    assert missing == []


def actions(scene: Any) -> dict[str, Callable[[], Any]]:
    """For each event of a ticket, something that makes it happen."""
    path, desk, maria = f"tickets/{scene.ticket_id}", scene.desk, scene.maria
    assign, offer = {"agent_id": str(scene.ana.id)}, {"agent_id": str(scene.ben.id)}
    return {
        "comment.created": lambda: maria.write("More", ticket_id=scene.ticket_id),
        "ticket.assigned": lambda: desk.post(f"{path}/assign", assign),
        "ticket.unassigned": lambda: (
            desk.post(f"{path}/assign", assign),
            desk.post(f"{path}/assign", {"agent_id": None}),
        ),
        "ticket.offered": lambda: desk.post(f"{path}/offers", offer),
        "ticket.offer_declined": lambda: (desk.post(f"{path}/offers", offer), decline(scene.ben_desk)),
        "ticket.status_changed": lambda: desk.send("PATCH", path, {"status": "pending"}),
        "ticket.updated": lambda: desk.send("PATCH", path, {"title": "New title", "priority": "high"}),
        "ticket.tagged": lambda: scene.admin.send("PATCH", path, {"add_tags": ["Billing"]}),
        "ticket.followed": lambda: desk.send("PUT", f"{path}/followers/me"),
        "ticket.unfollowed": lambda: (
            desk.send("PUT", f"{path}/followers/me"),
            desk.send("DELETE", f"{path}/followers/me"),
        ),
        "ticket.linked": scene.link,
        "ticket.unlinked": scene.unlink,
        "ticket.restored": lambda: (
            scene.admin.send("DELETE", path),
            scene.admin.post(f"{path}/restore", {}),
        ),
        "ticket.ended": lambda: (
            desk.reply(scene.ticket_id, "Hi"),
            maria.post("end", {"ticket_id": scene.ticket_id}),
        ),
        "ticket.marked_as_spam": lambda: desk.post(f"{path}/spam", {"spam": True}),
        "ticket.unmarked_as_spam": lambda: (
            desk.post(f"{path}/spam", {"spam": True}),
            desk.post(f"{path}/spam", {"spam": False}),
        ),
        "ticket.snoozed": lambda: desk.post(f"{path}/snooze", {"until": None}),
        "ticket.woken": lambda: (desk.post(f"{path}/snooze", {"until": None}), desk.post(f"{path}/wake")),
        "ticket.merged": lambda: desk.post(f"{path}/merge", {"into": another(scene)}),
        "ticket.unmerged": lambda: (
            desk.post(f"{path}/merge", {"into": another(scene)}),
            desk.post(f"{path}/unmerge"),
        ),
        "ticket.absorbed": lambda: absorb(scene),
        "comment.carried": lambda: absorb(scene),
        "ticket.released": lambda: desk.post(f"tickets/{absorb(scene)}/unmerge"),
        "ticket.split": lambda: desk.post(
            f"{path}/split",
            {"title": "Another matter", "comment_ids": [scene.snapshot()["events"][1]["comment"]["id"]]},
        ),
        "ticket.tier_changed": lambda: scene.within(to_another_tier),
        "ticket.escalated": lambda: scene.pass_time(hours=25),
        "sla.recalculated": lambda: scene.within(under_another_policy),
        "sla.breached": lambda: scene.pass_time(hours=25),
        "sla.warned": lambda: (scene.within(under_a_warning), scene.pass_time(minutes=40)),
    }


def another(scene: Any) -> str:
    """Another ticket of the same customer, with a reply."""
    customer_id = scene.snapshot()["ticket"]["customer"]["id"]
    made = scene.desk.post("tickets", {"title": "By phone", "customer_id": customer_id}).json["ticket"]["id"]
    assert scene.desk.reply(made, "As we said on the phone").status_code == 201
    return str(made)


def absorb(scene: Any) -> str:
    """Merges another ticket into the scene's; returns its id."""
    made = another(scene)
    assert scene.desk.post(f"tickets/{made}/merge", {"into": scene.ticket_id}).status_code == 200
    return made


def to_another_tier(ticket: Ticket) -> None:
    ticket.customer.tier = "premium"
    keep_customer_facts(ticket)


def under_another_policy(ticket: Ticket) -> None:
    day = {"medium": dict.fromkeys(("free", "basic", "premium", "enterprise"), 86_400)}
    target = {"metric": "first_response", "clock": "calendar", "seconds": day}
    db.session.add(SlaPolicy(name="Other", targets=[target]))
    db.session.flush()
    recalculate([ticket.id])


def under_a_warning(ticket: Ticket) -> None:
    hour = {"medium": dict.fromkeys(("free", "basic", "premium", "enterprise"), 3600)}
    target = {"metric": "first_response", "clock": "calendar", "seconds": hour}
    db.session.add(SlaPolicy(name="Warned", targets=[target], warnings=[{"percent": 50}]))
    db.session.flush()
    refresh(ticket)


def decline(desk: Any) -> Any:
    """Declines what is held out to that agent."""
    held_out = desk.get("offers").json["data"]
    return desk.post(f"offers/{held_out[0]['id']}/decline")


BEYOND_A_CHAT = (
    "ticket.created",
    "ticket.deleted",
    "ticket.customer_changed",
    "comment.withdrawn",  # these three: tests/integration/test_mail_undo.py
    "mail.failed",
    "mail.bounced",
)
TICKET_EVENTS = sorted(
    name for name, fact in CATALOGUE.items() if fact.on_ticket and name not in BEYOND_A_CHAT
)
COVERED = (
    "status",
    "status_id",
    "tags",
    "fields",
    "followers",
    "external_id",
    "metadata",
    "title",
    "priority",
    "category",
    "assigned_agent_id",
    "team_id",
    "spam",
    "escalated",
    "pending_on",
    "snoozed_until",
    "merged_into",
    "seq",
    "public_seq",
)
APPLY = """
import {applyEvent} from './static/js/agent/thread-state.js';
let text = ''; for await (const piece of process.stdin) text += piece;
const {snapshot, events} = JSON.parse(text);
console.log(JSON.stringify(events.reduce(applyEvent, snapshot)));
"""
APPLY_CUSTOMER = """
import {emptyThread, withSnapshot, withEvent} from './static/js/chat/thread-state.js';
let text = ''; for await (const piece of process.stdin) text += piece;
const {state, events} = JSON.parse(text);
const start = withSnapshot(emptyThread, state);
console.log(JSON.stringify(events.reduce((thread, event) => withEvent(thread, event), start)));
"""


@pytest.mark.parametrize("name", TICKET_EVENTS)
def test_r06_a_snapshot_with_its_later_events_is_a_fresh_snapshot(scene: Any, name: str) -> None:
    before = scene.snapshot()
    actions(scene)[name]()
    events, fresh = scene.replay(before["ticket"]["seq"]), scene.snapshot()
    assert name in [event["name"] for event in events]
    applied: Any = node.evaluate(APPLY, {"snapshot": before, "events": events})
    assert {field: applied["ticket"][field] for field in COVERED} == {
        field: fresh["ticket"][field] for field in COVERED
    }
    assert applied["events"] == fresh["events"]


@pytest.mark.parametrize("name", TICKET_EVENTS)
def test_r06_the_customers_state_follows_from_the_events_they_get(scene: Any, name: str) -> None:
    before = scene.maria.get("state").json
    actions(scene)[name]()
    answer = scene.maria.get("events", ticket=scene.ticket_id, after=before["ticket"]["seq"]).json
    applied: Any = node.evaluate(APPLY_CUSTOMER, {"state": before, "events": answer["events"]})
    assert applied["events"] == before["events"] + answer["events"]
    for field in ("status", "agent", "seq"):
        assert applied["ticket"][field] == answer["ticket"][field], field


def test_r04_a_gap_too_old_or_a_sequence_from_the_future_asks_for_a_fresh_start(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.services.ticket.snapshot.MAX_GAP", 3)
    monkeypatch.setattr("webapp.services.chat.state.MAX_GAP", 3)
    for number in range(5):
        scene.maria.write(f"Message {number}", ticket_id=scene.ticket_id)
    for after in (0, 99):
        assert scene.desk.get(f"tickets/{scene.ticket_id}/events", after=after).json["reset"] is True
        assert scene.maria.get("events", ticket=scene.ticket_id, after=after).json["reset"] is True
    assert scene.maria.get("events", ticket=scene.ticket_id, after=4).json["reset"] is False


def test_r05_what_is_written_between_joining_and_reading_is_not_lost(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from webapp.realtime import commands

    real, wrote = commands.ticket_snapshot, []

    def snapshot_after_a_write(ticket_id: uuid.UUID) -> Any:
        if not wrote:
            wrote.append(scene.maria.write("In between", ticket_id=scene.ticket_id))
        return real(ticket_id)

    monkeypatch.setattr(commands, "ticket_snapshot", snapshot_after_a_write)
    socket = scene.desk.connect()
    snapshot = socket.must("ticket.open", {"ticket_id": scene.ticket_id})
    pushed = [event["seq"] for event in socket.heard("ticket.event")]
    shown = [event["seq"] for event in snapshot["events"]]
    assert wrote[0]["event"]["comment"]["content"] == "In between"
    assert 3 in pushed, "the room is joined before the reading"
    assert 3 in shown


def test_r07_rolled_back_work_is_silent_and_leaves_nothing(app: Any, scene: Any, make: Any) -> None:
    desk, customer = scene.desk.connect(), scene.maria.connect()
    desk.must("ticket.open", {"ticket_id": scene.ticket_id})
    desk.heard(), customer.heard()
    with app.app_context(), use_workspace(scene.workspace.id), acting_as(make.actor(scene.ana)):
        counts = [_count(model) for model in (Event, Job)]
        with pytest.raises(ZeroDivisionError), transaction():
            tickets.add_comment(uuid.UUID(scene.ticket_id), "Never said")
            raise ZeroDivisionError
        assert [_count(model) for model in (Event, Job)] == counts
    assert (desk.heard(), customer.heard()) == ([], [])
    assert "Never said" not in json.dumps(scene.snapshot())


def test_r07_a_failed_savepoint_takes_its_announcements_along(app: Any, scene: Any, make: Any) -> None:
    customer = scene.maria.connect()
    with (
        app.app_context(),
        use_workspace(scene.workspace.id),
        acting_as(make.actor(scene.ana)),
        transaction(),
    ):
        tickets.add_comment(uuid.UUID(scene.ticket_id), "Said")
        with pytest.raises(ZeroDivisionError), savepoint():
            tickets.add_comment(uuid.UUID(scene.ticket_id), "Unsaid")
            raise ZeroDivisionError
    heard = customer.heard("ticket.event")
    assert [event["comment"]["content"] for event in heard] == ["Said"]
    feed = scene.desk.get("events").json["events"]
    assert [event["workspace_seq"] for event in feed] == list(range(1, len(feed) + 1))


def test_one_deaf_listener_does_not_silence_the_rest(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from webapp import bus

    def deaf(_fact: Any) -> None:
        raise RuntimeError("deaf")

    handlers = bus._subscribers[Recorded]
    monkeypatch.setitem(bus._subscribers, Recorded, [deaf, *handlers])
    customer = scene.maria.connect()
    scene.desk.reply(scene.ticket_id, "Still heard")
    assert customer.heard("ticket.event")[0]["comment"]["content"] == "Still heard"


def test_a_ticket_counts_its_events_without_a_hole(scene: Any, app: Any) -> None:
    for act in actions(scene).values():
        act()
    with app.app_context(), use_workspace(scene.workspace.id):
        ticket = db.session.get(Ticket, uuid.UUID(scene.ticket_id))
        seqs = db.session.scalars(
            sa.select(Event.ticket_seq).order_by(Event.ticket_seq).where(Event.ticket_id == ticket.id)
        )
        public = db.session.scalars(
            sa.select(Event.public_seq)
            .where(Event.ticket_id == ticket.id, Event.public_seq.is_not(None))
            .order_by(Event.public_seq)
        )
        assert list(seqs) == list(range(1, ticket.last_seq + 1))
        assert list(public) == list(range(1, ticket.last_public_seq + 1))


def _count(model: Any) -> int:
    query = sa.select(sa.func.count()).select_from(model)
    return int(db.session.scalar(query, execution_options={"unscoped": True} if model is Job else {}))
