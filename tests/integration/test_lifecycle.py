"""A ticket's way through its statuses, by itself too: every row of the domain's table, snooze, silence."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from webapp.auth import acting_as
from webapp.database import transaction
from webapp.schemas.lifecycle import Lifecycle
from webapp.services import ticket as tickets
from webapp.services.ticket.transitions import save_rules
from webapp.tasks import timer as timers
from webapp.tasks import worker
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


class Scene:
    """Maria's chat and Ana's desk, and the means to bring the chat into any state."""

    def __init__(self, app: Any, make: Any, visitor: Any, agent: Any, clock: Any) -> None:
        self.app, self.make, self.clock = app, make, clock
        self.workspace = make.workspace()
        self.ana = make.user(role="agent", name="Ana")
        self.boss = make.user(role="admin", name="Boss")
        self.desk = agent(self.ana)
        self.inbox = make.inbox()
        self.maria = visitor(self.inbox)
        self.ticket_id = self.maria.write("Hello")["ticket"]["id"]

    def row(self, ticket_id: str | None = None) -> Any:
        return self.desk.get(f"tickets/{ticket_id or self.ticket_id}").json["ticket"]

    def events(self) -> list[str]:
        return [event["name"] for event in self.desk.get(f"tickets/{self.ticket_id}").json["events"]]

    def take(self) -> None:
        self.desk.post(f"tickets/{self.ticket_id}/assign", {"agent_id": str(self.ana.id)})

    def reply(self) -> None:
        assert self.desk.reply(self.ticket_id, "An answer").status_code == 201

    def set(self, status: str, **more: Any) -> Any:
        return self.desk.send("PATCH", f"tickets/{self.ticket_id}", {"status": status, **more})

    def write(self, text: str = "More") -> Any:
        return self.maria.write(text, ticket_id=self.ticket_id)["ticket"]

    def end(self) -> None:
        self.maria.post("end", {"ticket_id": self.ticket_id})

    def snooze(self, until: Any = None, **more: Any) -> Any:
        moment = until.isoformat() if until else None
        return self.desk.post(f"tickets/{self.ticket_id}/snooze", {"until": moment, **more})

    def rules(self, **values: Any) -> None:
        boss = acting_as(self.make.actor(self.boss))
        with self.app.app_context(), use_workspace(self.workspace.id), transaction(), boss:
            save_rules(Lifecycle(**values))
        self.work()

    def work(self) -> None:
        with self.app.app_context():
            worker.run_due()

    def pass_time(self, **span: float) -> None:
        self.clock.advance(**span)
        with self.app.app_context():
            timers.fire_due()


@pytest.fixture
def scene(app: Any, make: Any, visitor: Any, agent: Any, clock: Any) -> Scene:
    return Scene(app, make, visitor, agent, clock)


def begin(scene: Scene, state: str) -> None:
    """Brings the chat into a status; from `assigned` on it is Ana's."""
    if state != "open":
        scene.take()
    if state == "in_progress":
        scene.reply()
    if state in ("pending", "resolved", "closed"):
        scene.set(state)
    assert scene.row()["status"] == state


TABLE = [
    # from, what happens, to
    ("open", "taken", "assigned"),
    ("open", "its agent replies", "open"),
    ("assigned", "its agent replies", "in_progress"),
    ("assigned", "unassigned", "open"),
    ("in_progress", "taken by another", "assigned"),
    ("in_progress", "unassigned", "open"),
    ("pending", "unassigned", "pending"),
    ("pending", "taken by another", "pending"),
    ("resolved", "taken by another", 409),
    ("closed", "taken by another", 409),
    *(
        (state, f"set to {to}", to)
        for state in ("open", "assigned", "in_progress")
        for to in ("in_progress", "pending", "resolved", "closed")
    ),
    ("pending", "set to resolved", "resolved"),
    ("resolved", "set to closed", "closed"),
    ("closed", "set to pending", 409),
    ("pending", "customer writes, agent there", "in_progress"),
    ("pending", "customer writes, agent away", "open"),
    ("resolved", "customer writes, agent there", "in_progress"),
    ("resolved", "customer writes, agent away", "open"),
    ("resolved", "customer writes too late", "resolved"),
    ("closed", "customer writes", "closed"),
    ("pending", "a week passes", "closed"),
    ("resolved", "a week passes", "closed"),
    ("in_progress", "a week passes", "in_progress"),
    ("in_progress", "customer ends", "resolved"),
    ("assigned", "customer ends", "assigned"),
    ("open", "customer ends", "open"),
    ("resolved", "staff reopen", "assigned"),
    ("closed", "staff reopen", "assigned"),
]


@pytest.mark.parametrize(
    "state, what, expected", TABLE, ids=[f"{a}-{b}".replace(" ", "_") for a, b, _ in TABLE]
)
def test_every_row_of_the_status_table(scene: Scene, state: str, what: str, expected: Any) -> None:
    begin(scene, state)
    answer = happen(scene, what)
    if isinstance(expected, int):
        assert answer.status_code == expected
        expected = state
    assert scene.row()["status"] == expected


def happen(scene: Scene, what: str) -> Any:
    """Does what a row of the table says."""
    path = f"tickets/{scene.ticket_id}"
    if what.startswith("set to "):
        return scene.set(what.removeprefix("set to "))
    ben = scene.make.user(role="agent", name="Ben")
    doing = {
        "taken": scene.take,
        "its agent replies": scene.reply,
        "unassigned": lambda: scene.desk.post(f"{path}/assign", {"agent_id": None}),
        "taken by another": lambda: scene.desk.post(f"{path}/assign", {"agent_id": str(ben.id)}),
        "customer writes": scene.write,
        "customer writes, agent away": scene.write,
        "customer writes, agent there": lambda: (scene.desk.connect(), scene.write()),
        "customer writes too late": lambda: (
            scene.rules(close_after_days=0),
            scene.pass_time(days=8),
            scene.write(),
        ),
        "a week passes": lambda: scene.pass_time(days=7, seconds=1),
        "customer ends": scene.end,
        "staff reopen": lambda: scene.set("open"),
    }
    return doing[what]()


def test_a_customer_who_finds_their_agent_away_waits_for_anybody(scene: Scene) -> None:
    begin(scene, "resolved")
    scene.write()
    assert (scene.row()["assigned_agent_id"], scene.row()["waiting_since"] is not None) == (None, True)


def test_a_message_after_the_window_begins_a_ticket_that_follows_up(scene: Scene) -> None:
    scene.rules(reopen_days=2, close_after_days=0)
    begin(scene, "resolved")
    scene.pass_time(days=3)
    new = scene.write()["id"]
    assert new != scene.ticket_id
    [link] = scene.desk.get(f"tickets/{scene.ticket_id}/links").json["data"]
    assert (link["kind"], link["ticket"]["id"]) == ("follow_up", new)


# --- closing by itself --------------------------------------------------------------------------------


def test_seven_days_count_from_our_last_public_reply(scene: Scene) -> None:
    scene.take(), scene.reply()
    scene.pass_time(days=3)
    scene.set("pending")
    scene.pass_time(days=3, hours=23)
    assert scene.row()["status"] == "pending"
    scene.pass_time(hours=1)
    assert scene.row()["status"] == "closed"


def test_nothing_closes_within_a_day_of_being_set(scene: Scene) -> None:
    scene.take(), scene.reply()
    scene.pass_time(days=20)
    scene.set("resolved")
    scene.pass_time(hours=23)
    assert scene.row()["status"] == "resolved"
    scene.pass_time(hours=1)
    assert scene.row()["status"] == "closed"


def test_what_waits_for_a_third_party_stays_open(scene: Scene) -> None:
    scene.take(), scene.reply()
    scene.set("pending", pending_on="third_party")
    scene.pass_time(days=20)
    assert scene.row()["status"] == "pending"
    scene.set("pending", pending_on="customer")
    assert scene.row()["pending_on"] == "customer"
    scene.pass_time(days=1)
    assert scene.row()["status"] == "closed"


def test_an_answer_stops_the_closing(scene: Scene) -> None:
    scene.take(), scene.reply(), scene.set("pending")
    scene.pass_time(days=6)
    scene.write()
    scene.pass_time(days=2)
    assert scene.row()["status"] == "open"


def test_new_times_hold_for_the_tickets_that_are_there(scene: Scene) -> None:
    scene.take(), scene.reply(), scene.set("pending")
    scene.rules(close_after_days=3)
    scene.pass_time(days=3)
    assert scene.row()["status"] == "closed"


def test_whom_a_ticket_waits_for_is_said_only_of_a_pending_one(scene: Scene) -> None:
    answer = scene.set("resolved", pending_on="customer")
    assert (answer.status_code, answer.json["detail"][0]["loc"]) == (422, ["body", "pending_on"])


# --- silence ------------------------------------------------------------------------------------------


def test_silence_is_warned_about_and_then_resolves(scene: Scene) -> None:
    scene.rules(auto_resolve=True, auto_resolve_minutes=120, warn_minutes=30)
    scene.take(), scene.reply()
    scene.pass_time(minutes=89)
    assert len(scene.maria.get("state").json["events"]) == 4
    scene.pass_time(minutes=1)
    last = scene.maria.get("state").json["events"][-1]["comment"]
    assert (last["author"]["kind"], last["content"][:9]) == ("system", "Are you s")
    assert scene.row()["status"] == "in_progress"
    scene.pass_time(minutes=30)
    assert scene.row()["status"] == "resolved"


def test_who_answers_the_warning_goes_on(scene: Scene) -> None:
    scene.rules(auto_resolve=True, auto_resolve_minutes=120, warn_minutes=30, warning="Hello?")
    scene.take(), scene.reply()
    scene.pass_time(minutes=90)
    assert scene.maria.get("state").json["events"][-1]["comment"]["content"] == "Hello?"
    scene.write("Still here")
    scene.pass_time(minutes=60)
    assert scene.row()["status"] == "in_progress"


def test_silence_is_nothing_unless_it_is_switched_on(scene: Scene) -> None:
    scene.take(), scene.reply()
    scene.pass_time(days=3)
    assert scene.row()["status"] == "in_progress"


# --- snooze -------------------------------------------------------------------------------------------


def test_a_snoozed_ticket_leaves_the_queue_and_is_back_at_its_second(scene: Scene) -> None:
    scene.take()
    assert scene.snooze(scene.clock.now() + timedelta(minutes=5)).status_code == 200
    counts = scene.desk.get("tickets", view="all").json["counts"]
    assert (counts["all"], counts["mine"], counts["snoozed"]) == (0, 0, 1)
    assert [row["id"] for row in scene.desk.get("tickets", view="snoozed").json["data"]] == [scene.ticket_id]
    scene.pass_time(minutes=4, seconds=59)
    assert scene.row()["shelf"] == "snoozed"
    scene.clock.advance(seconds=1)
    socket = scene.desk.connect()  # its agent is there when it wakes
    scene.pass_time()
    assert (scene.row()["shelf"], scene.row()["assigned_agent_id"]) == ("queue", str(scene.ana.id))
    assert scene.events()[-2:] == ["ticket.snoozed", "ticket.woken"]
    assert socket.heard("ticket.row")[-1]["before"]["shelf"] == "snoozed"


def test_a_ticket_that_wakes_without_its_agent_is_anybodys(scene: Scene) -> None:
    scene.take()
    scene.snooze(scene.clock.now() + timedelta(minutes=5))
    scene.pass_time(minutes=5)
    assert (scene.row()["assigned_agent_id"], scene.row()["status"]) == (None, "open")


def test_a_snooze_moved_wakes_at_its_new_time_alone(scene: Scene) -> None:
    scene.snooze(scene.clock.now() + timedelta(minutes=5))
    scene.snooze(scene.clock.now() + timedelta(minutes=9))
    scene.pass_time(minutes=6)
    assert scene.row()["shelf"] == "snoozed"
    scene.pass_time(minutes=3)
    assert scene.row()["shelf"] == "queue"


@pytest.mark.parametrize("wakes", [True, False])
def test_a_message_wakes_it_if_it_was_meant_to(scene: Scene, wakes: bool) -> None:
    scene.snooze(scene.clock.now() + timedelta(days=1), wakes_on_reply=wakes)
    scene.write("Anybody?")
    assert scene.row()["shelf"] == ("queue" if wakes else "snoozed")


def test_until_they_reply_has_no_other_end(scene: Scene) -> None:
    scene.snooze(None)
    scene.pass_time(days=20)
    assert scene.row()["shelf"] == "snoozed"
    scene.write("Here I am")
    assert scene.row()["snoozed_until"] is None


def test_it_can_be_woken_by_hand_and_ending_it_wakes_it_too(scene: Scene) -> None:
    scene.snooze(None)
    assert scene.desk.post(f"tickets/{scene.ticket_id}/wake").json["ticket"]["shelf"] == "queue"
    scene.snooze(None)
    scene.set("resolved")
    assert (scene.row()["shelf"], scene.row()["snoozed_until"]) == ("done", None)


@pytest.mark.parametrize(
    "body, field",
    [
        ({"until": "2001-01-01T00:00:00Z"}, "until"),
        ({"until": "2999-01-01T00:00:00Z"}, "until"),
        ({"until": "soon"}, "until"),
        ({"until": None, "wakes_on_reply": False}, "wakes_on_reply"),
    ],
)
def test_a_time_that_makes_no_sense_is_named(scene: Scene, body: Any, field: str) -> None:
    answer = scene.desk.post(f"tickets/{scene.ticket_id}/snooze", body)
    assert (answer.status_code, answer.json["detail"][0]["loc"]) == (422, ["body", field])


def test_an_ended_ticket_cannot_be_snoozed(scene: Scene) -> None:
    scene.set("closed")
    assert scene.snooze(None).status_code == 409


# --- the page -----------------------------------------------------------------------------------------


def test_the_times_are_set_on_a_page_that_names_what_is_wrong(scene: Scene, sign_in: Any) -> None:
    browser = sign_in(scene.boss)
    wrong = {
        "reopen_days": "x",
        "close_after_days": "400",
        "auto_resolve": "1",
        "auto_resolve_minutes": "60",
        "warn_minutes": "60",
    }
    page = post(scene, browser, wrong)
    assert page.status_code == 422
    for name in ("reopen_days", "close_after_days", "warn_minutes"):
        assert f'id="f-{name}-error"></span>' not in page.text, name
    assert (
        post(
            scene, browser, {**wrong, "reopen_days": "3", "close_after_days": "2", "warn_minutes": "5"}
        ).status_code
        == 302
    )
    assert 'name="close_after_days" type="number" value="2"' in browser.get("/settings/lifecycle").text


def post(scene: Scene, browser: Any, data: dict[str, str]) -> Any:
    import re

    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/settings/lifecycle").text)
    assert token
    return browser.post("/settings/lifecycle", data={**data, "csrf_token": token[1]})


def test_services_take_ids_and_actors_like_all_others(scene: Scene) -> None:
    with scene.app.app_context(), use_workspace(scene.workspace.id), acting_as(scene.make.actor(scene.ana)):
        with transaction():
            ticket = tickets.snooze_ticket(uuid.UUID(scene.ticket_id), None)
            assert ticket.shelf == "snoozed"
        with transaction():
            assert tickets.unsnooze_ticket(uuid.UUID(scene.ticket_id)).snoozed_until is None
