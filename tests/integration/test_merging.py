"""Merging tickets, taking that back, and splitting them: what each side sees, and what is restored."""

import random
import uuid
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from webapp import clock as app_clock
from webapp.auth import Actor, acting_as
from webapp.database import Base, transaction
from webapp.errors import AppError
from webapp.services import ticket as tickets
from webapp.tenancy import tenant_tables, use_workspace

pytestmark = pytest.mark.integration

LEDGER = {"events", "workspace_feeds", "ticket_numbers"}
MOVING = {"last_seq", "last_public_seq", "updated_at"}


@pytest.fixture
def scene(make: Any, visitor: Any, agent: Any) -> Any:
    """Maria's chat, and a ticket that Ana opened for her on the phone."""

    class Scene:
        workspace = make.workspace()
        ana = make.user(role="agent", name="Ana")
        desk = agent(ana)
        inbox = make.inbox()
        maria = visitor(inbox)
        chat = maria.write("My parcel is lost")["ticket"]["id"]

        def ticket(self, ticket_id: str) -> Any:
            return self.desk.get(f"tickets/{ticket_id}").json

        @property
        def customer_id(self) -> str:
            return str(self.ticket(self.chat)["ticket"]["customer"]["id"])

        def open(self, title: str = "By phone", **more: Any) -> str:
            body = {"title": title, "customer_id": self.customer_id, **more}
            return str(self.desk.post("tickets", body).json["ticket"]["id"])

        def merge(self, source: str, into: str) -> Any:
            return self.desk.post(f"tickets/{source}/merge", {"into": into})

        def said(self, ticket_id: str) -> list[str]:
            events = self.ticket(ticket_id)["events"]
            return [event["comment"]["content"] for event in events if event.get("comment")]

    return Scene()


def test_the_target_shows_what_was_said_and_the_source_is_closed(scene: Any) -> None:
    phone = scene.open()
    scene.desk.reply(phone, "You called us")
    merged = scene.merge(scene.chat, phone)
    assert merged.status_code == 200, merged.json
    assert merged.json["ticket"]["id"] == phone
    assert scene.said(phone) == ["You called us", "My parcel is lost"]
    source = scene.ticket(scene.chat)["ticket"]
    assert (source["status"], source["shelf"]) == ("closed", "done")
    assert source["merged_into"] == merged.json["ticket"]["number"]
    assert scene.said(scene.chat) == ["My parcel is lost"], "its own thread stays as it was"


def test_the_target_waits_as_long_as_the_source_did(scene: Any) -> None:
    phone = scene.open()
    since = scene.ticket(scene.chat)["ticket"]["waiting_since"]
    assert scene.merge(scene.chat, phone).json["ticket"]["waiting_since"] == since


def test_what_the_customer_writes_goes_to_the_target_and_their_window_follows(scene: Any) -> None:
    phone = scene.open()
    scene.desk.reply(phone, "You called us")
    customer = scene.maria.connect()
    scene.merge(scene.chat, phone)
    heard = [event["name"] for event in customer.heard("ticket.event")]
    assert heard == ["ticket.merged", "comment.carried"]
    state = scene.maria.get("state").json
    assert state["ticket"]["id"] == phone
    shown = [event["comment"]["content"] for event in state["events"] if event.get("comment")]
    assert shown == ["You called us", "My parcel is lost"]
    answer = scene.maria.write("Any news?", ticket_id=scene.chat)
    assert answer["ticket"]["id"] == phone
    assert scene.said(phone)[-1] == "Any news?"
    scene.desk.reply(phone, "Found it")
    assert customer.heard("ticket.event")[-1]["comment"]["content"] == "Found it"


def test_a_note_is_not_carried_to_the_customer(scene: Any) -> None:
    scene.desk.reply(scene.chat, "secret-note", kind="note")
    phone = scene.open()
    scene.merge(scene.chat, phone)
    assert "secret-note" in scene.said(phone)
    assert "secret-note" not in str(scene.maria.get("state").json)


def test_unmerging_gives_the_chat_back_to_its_own_thread(scene: Any) -> None:
    phone = scene.open()
    before = scene.ticket(scene.chat)["ticket"]
    scene.merge(scene.chat, phone)
    scene.desk.reply(phone, "Written while merged")
    back = scene.desk.post(f"tickets/{scene.chat}/unmerge")
    assert back.status_code == 200, back.json
    after = scene.ticket(scene.chat)["ticket"]
    kept = set(before) - {"seq", "public_seq", "updated_at", "earlier"}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert scene.maria.get("state").json["ticket"]["id"] == scene.chat
    assert scene.maria.write("Here again", ticket_id=scene.chat)["ticket"]["id"] == scene.chat
    names = [event["name"] for event in scene.ticket(phone)["events"]]
    assert names[-2:] == ["comment.created", "ticket.released"]
    assert scene.desk.post(f"tickets/{scene.chat}/unmerge").status_code == 409


def test_who_follows_the_source_follows_the_target_until_it_is_undone(scene: Any) -> None:
    phone = scene.open()
    scene.desk.send("PUT", f"tickets/{scene.chat}/followers/me")
    scene.merge(scene.chat, phone)
    assert scene.desk.get(f"tickets/{phone}/followers").json["followers"] == [str(scene.ana.id)]
    scene.desk.post(f"tickets/{scene.chat}/unmerge")
    assert scene.desk.get(f"tickets/{phone}/followers").json["followers"] == []
    assert scene.desk.get(f"tickets/{scene.chat}/followers").json["followers"] == [str(scene.ana.id)]


def test_a_chain_of_merges_leads_to_its_end_and_can_be_opened_in_the_middle(scene: Any) -> None:
    middle, end = scene.open("Middle"), scene.open("End")
    scene.merge(scene.chat, middle)
    scene.merge(middle, end)
    assert scene.said(end) == ["My parcel is lost"]
    assert scene.maria.write("Hello?", ticket_id=scene.chat)["ticket"]["id"] == end
    scene.desk.post(f"tickets/{middle}/unmerge")
    assert scene.maria.write("And now?", ticket_id=scene.chat)["ticket"]["id"] == middle
    scene.desk.post(f"tickets/{scene.chat}/unmerge")
    assert scene.ticket(scene.chat)["ticket"]["merged_into"] is None


@pytest.mark.parametrize(
    "what", ["itself", "merged", "ended", "trashed", "foreign", "nothing", "another customer"]
)
def test_a_merge_that_cannot_be_is_refused_and_the_field_named(
    scene: Any, make: Any, agent: Any, what: str
) -> None:
    into = scene.chat if what == "itself" else scene.open()
    if what == "merged":
        scene.merge(into, scene.open("Other"))
    elif what == "ended":
        scene.desk.send("PATCH", f"tickets/{into}", {"status": "resolved"})
    elif what == "trashed":
        assert agent(make.user(role="admin")).send("DELETE", f"tickets/{into}").status_code == 204
    elif what == "foreign":
        elsewhere = make.workspace("Elsewhere")
        boss = agent(make.user(role="admin", workspace=elsewhere))
        into = boss.post("tickets", {"title": "Theirs", "customer_email": "x@example.com"}).json["ticket"][
            "id"
        ]
    elif what == "nothing":
        into = "999999"
    elif what == "another customer":
        body = {"title": "Hers", "customer_email": "other@example.com"}
        into = scene.desk.post("tickets", body).json["ticket"]["id"]
    answer = scene.merge(scene.chat, into)
    assert answer.status_code == 422, answer.json
    assert answer.json["detail"][0]["loc"] == ["body", "into"]
    assert scene.ticket(scene.chat)["ticket"]["merged_into"] is None


def test_a_merged_ticket_is_not_worked_on(scene: Any) -> None:
    scene.merge(scene.chat, scene.open())
    path = f"tickets/{scene.chat}"
    assert scene.desk.send("PATCH", path, {"status": "open"}).json["code"] == "merged"
    assert scene.desk.reply(scene.chat, "Hello").status_code == 409
    assert scene.merge(scene.chat, scene.open("Third")).status_code == 409


def test_some_messages_become_a_ticket_of_their_own_and_merging_it_back_undoes_that(scene: Any) -> None:
    second = scene.maria.write("Also, my name is misspelt", ticket_id=scene.chat)["event"]["comment"]["id"]
    made = scene.desk.post(f"tickets/{scene.chat}/split", {"title": "Name", "comment_ids": [second]})
    assert made.status_code == 201, made.json
    new = made.json["ticket"]
    assert scene.said(new["id"]) == ["Also, my name is misspelt"]
    assert scene.said(scene.chat) == ["My parcel is lost", "Also, my name is misspelt"]
    assert scene.maria.get("state").json["ticket"]["id"] == scene.chat, "their window stays where it is"
    scene.desk.reply(new["id"], "Corrected", kind="note")
    assert scene.merge(new["id"], scene.chat).status_code == 200
    assert scene.said(scene.chat) == ["My parcel is lost", "Also, my name is misspelt", "Corrected"]


def test_the_other_way_round_no_message_stands_there_twice(scene: Any) -> None:
    first = scene.ticket(scene.chat)["events"][1]["comment"]["id"]
    body = {"title": "Name", "comment_ids": [first]}
    new = scene.desk.post(f"tickets/{scene.chat}/split", body).json["ticket"]["id"]
    scene.maria.write("And more", ticket_id=scene.chat)
    scene.merge(scene.chat, new)
    assert scene.said(new) == ["My parcel is lost", "And more"]


def test_a_split_takes_only_messages_of_that_ticket(scene: Any) -> None:
    body = {"title": "Name", "comment_ids": [str(uuid.uuid4())]}
    answer = scene.desk.post(f"tickets/{scene.chat}/split", body)
    assert (answer.status_code, answer.json["detail"][0]["loc"]) == (422, ["body", "comment_ids"])


# --- whatever was done before, merging and unmerging is doing nothing ----------------------------------


def rows(session: Any) -> dict[str, dict[Any, dict[str, Any]]]:
    """Every row of every tenant table and every timer, without the ledger and what counts it."""
    session.flush()
    found: dict[str, dict[Any, dict[str, Any]]] = {}
    tables = [table for table in tenant_tables() if table.name not in LEDGER]
    for table in [*tables, Base.metadata.tables["timers"]]:
        query = sa.select(table).execution_options(unscoped=True)
        keys = [column.name for column in table.primary_key]
        listed = [dict(row) for row in session.execute(query).mappings()]
        for row in listed:
            for name in MOVING & set(row):
                del row[name]
            if row.get("sla_state"):
                row["sla_state"] = {**row["sla_state"], "seq": None}
        if table.name == "timers":  # set again, at the same time for the same thing
            keys = ["kind", "subject_id"]
            listed = [{**row, "id": None} for row in listed]
        found[table.name] = {tuple(row[key] for key in keys): row for row in listed}
    return found


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "reply",
                "note",
                "customer",
                "assign",
                "pending",
                "hold",
                "resolve",
                "close",
                "snooze",
                "follow",
                "merge",
            ]
        ),
        st.integers(0, 2),
        st.integers(0, 2),
    ),
    max_size=10,
)


@given(actions=ACTIONS, pair=st.permutations([0, 1, 2]), seed=st.integers(0, 9))
@example(actions=[("snooze", 0, 0), ("follow", 0, 0)], pair=[0, 1, 2], seed=0)
@example(actions=[("customer", 0, 0), ("hold", 0, 0), ("merge", 2, 0)], pair=[0, 1, 2], seed=0)
@example(actions=[("reply", 0, 0), ("pending", 0, 0), ("merge", 2, 1)], pair=[0, 1, 2], seed=0)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_merge_then_unmerge_restores_every_row(
    session: Any, make: Any, actions: list[Any], pair: list[int], seed: int
) -> None:
    workspace = make.workspace(f"Random {seed}")
    ana = make.user(role="admin", workspace=workspace)
    customer = make.customer(workspace=workspace, email=f"{uuid.uuid4().hex}@example.com")
    with use_workspace(workspace.id), acting_as(make.actor(ana)):
        with transaction():
            made = [tickets.create_ticket(f"T{n}", "", customer.email).id for n in range(3)]
        rng = random.Random(seed)
        for name, first, second in actions:
            _try(name, (made[first], made[second]), (ana, customer), rng)
        before = rows(session)
        source, target = made[pair[0]], made[pair[1]]
        try:
            with transaction():
                tickets.merge_ticket(source, target)
        except AppError:
            return
        assert rows(session) != before
        with transaction():
            tickets.unmerge_ticket(source)
        session.expire_all()
        assert rows(session) == before


def _try(name: str, pair: tuple[uuid.UUID, uuid.UUID], people: tuple[Any, Any], rng: Any) -> None:
    (one, other), (ana, customer) = pair, people
    theirs = Actor(
        kind="customer",
        id=customer.id,
        workspace_id=ana.workspace_id,
        name="Customer",
        role="customer",
        door="mail",
    )
    later = app_clock.now() + timedelta(minutes=rng.randint(1, 900))
    doing = {
        "reply": lambda: tickets.add_comment(one, "Reply"),
        "note": lambda: tickets.add_comment(one, "Note", kind="note"),
        "customer": lambda: tickets.add_comment(one, "Hm", actor=theirs),
        "assign": lambda: tickets.assign_ticket(one, ana.id),
        "pending": lambda: tickets.update_ticket(one, status="pending"),
        "hold": lambda: tickets.update_ticket(one, status="pending", pending_on="third_party"),
        "resolve": lambda: tickets.update_ticket(one, status="resolved"),
        "close": lambda: tickets.update_ticket(one, status="closed"),
        "snooze": lambda: tickets.snooze_ticket(one, later if rng.random() < 0.7 else None),
        "follow": lambda: tickets.follow(one),
        "merge": lambda: tickets.merge_ticket(one, other),
    }
    try:
        with transaction():
            doing[name]()
    except AppError:
        pass
