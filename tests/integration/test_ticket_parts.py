"""What hangs on a ticket: its own status, links, followers, history, the trash; every field there is."""

import uuid
from typing import Any

import pytest

from tests.support.pages import submit

pytestmark = pytest.mark.integration
NOBODY = str(uuid.UUID(int=7))


@pytest.fixture
def desk(make: Any, agent: Any, visitor: Any) -> Any:
    """An admin's and an agent's browsers, a viewer's, and a chat."""

    class Desk:
        ada = make.user(role="admin", name="Ada")
        admin = agent(ada)
        ben = make.user(role="agent", name="Ben")
        ana = agent(make.user(role="agent", name="Ana"))
        viewer = agent(make.user(role="viewer", name="Vic"))
        team = make.team(name="Orders")
        inbox = make.inbox()
        maria = visitor(inbox)
        chat = maria.write("Hello")["ticket"]["id"]

        def ticket(self, title: str = "Call") -> Any:
            made = self.ana.post("tickets", {"title": title, "customer_email": "m@example.com"})
            return made.json["ticket"]

        def status(self, code: str, label: str, **more: Any) -> str:
            made = self.admin.post("statuses", {"code": code, "label": label, **more})
            assert made.status_code == 201, made.text
            return str(made.json["status"]["id"])

        def patch(self, ticket_id: str, **change: Any) -> Any:
            return self.ana.send("PATCH", f"tickets/{ticket_id}", change)

        def link(self, one: str, other: Any, kind: str) -> Any:
            return self.ana.post(f"tickets/{one}/links", {"ticket": str(other), "kind": kind})

        def linked(self, ticket_id: str) -> list[tuple[str, str]]:
            data = self.ana.get(f"tickets/{ticket_id}/links").json["data"]
            return [(link["kind"], link["ticket"]["id"]) for link in data]

    return Desk()


def where(answer: Any) -> tuple[int, list[str]]:
    return answer.status_code, answer.json["detail"][0]["loc"]


# --- statuses of the workspace's own ---------------------------------------------------------------


def test_a_status_of_ones_own_lies_inside_its_code_and_customers_do_not_see_it(desk: Any) -> None:
    workshop = desk.status("pending", "At the workshop", pending_on="third_party")
    row = desk.patch(desk.chat, status_id=workshop).json["ticket"]
    assert (row["status"], row["status_id"]) == ("pending", workshop)
    assert row["pending_on"] == "third_party"
    assert desk.maria.get("state").json["ticket"]["status"] == "waiting"
    assert "workshop" not in desk.maria.get("state").text
    plain = desk.patch(desk.chat, status="in_progress").json["ticket"]
    assert (plain["status"], plain["status_id"]) == ("in_progress", None)


def test_a_status_must_fit_its_code_exist_and_not_be_retired(desk: Any) -> None:
    own = desk.status("pending", "On hold")
    assert where(desk.patch(desk.chat, status="closed", status_id=own)) == (422, ["body", "status_id"])
    assert where(desk.patch(desk.chat, status_id=str(uuid.uuid4()))) == (422, ["body", "status_id"])
    desk.patch(desk.chat, status_id=own)
    desk.admin.send("PATCH", f"statuses/{own}", {"is_active": False})
    assert desk.ana.get(f"tickets/{desk.chat}").json["ticket"]["status_id"] == own, "who has it keeps it"
    other = desk.ticket()["id"]
    assert where(desk.patch(other, status_id=own)) == (422, ["body", "status_id"])


def test_a_name_is_used_once_and_the_six_can_be_renamed_and_named_back(desk: Any) -> None:
    desk.status("open", "Triage")
    assert where(desk.admin.post("statuses", {"code": "closed", "label": " TRIAGE "})) == (
        409,
        ["body", "label"],
    )
    assert where(desk.admin.post("statuses", {"code": "open", "label": "Pending"})) == (
        409,
        ["body", "label"],
    )
    assert where(desk.admin.post("statuses", {"code": "open", "label": "x" * 41})) == (422, ["body", "label"])

    def rename(label: str) -> Any:
        path = "/settings/statuses/pending/name"
        return submit(desk.admin.http, path, {"label": label}, page="/settings/statuses")

    assert rename("Waiting").status_code == 302
    labels = {one["code"]: one["label"] for one in desk.ana.get("statuses").json["data"] if not one["id"]}
    assert (labels["pending"], labels["open"]) == ("Waiting", "Open")
    assert rename("Triage").status_code == 409
    assert rename("").status_code == 302
    assert "Pending" in [one["label"] for one in desk.ana.get("statuses").json["data"]]


def test_the_page_of_statuses_makes_changes_and_retires(desk: Any) -> None:
    def send(path: str, **data: Any) -> Any:
        return submit(desk.admin.http, f"/settings/statuses{path}", data, page="/settings/statuses")

    assert send("", code="pending", label="Courier", pending_on="third_party").status_code == 302
    own = next(one for one in desk.ana.get("statuses").json["data"] if one["id"])
    assert own["pending_on"] == "third_party"
    assert send(f"/{own['id']}", label="Courier!", pending_on="").status_code == 302
    assert send(f"/{own['id']}/retire").status_code == 302
    own = next(one for one in desk.ana.get("statuses").json["data"] if one["id"])
    assert (own["label"], own["pending_on"], own["active"]) == ("Courier!", None, False)
    assert send(f"/{own['id']}/activate").status_code == 302
    assert send(f"/{own['id']}", label="").status_code == 422


# --- every field -----------------------------------------------------------------------------------


def test_every_field_can_be_set_and_the_others_stay(desk: Any) -> None:
    change = {
        "title": "New",
        "description": "What it is\r\nabout",
        "priority": "high",
        "category": "Payment",
        "external_id": "X-1",
        "metadata": {"tags": ["urgent"], "n": 1},
        "team_id": str(desk.team.id),
    }
    assert desk.patch(desk.chat, **change).status_code == 200
    desk.patch(desk.chat, category=None)
    ticket = desk.ana.get(f"tickets/{desk.chat}").json["ticket"]
    shown = {name: ticket[name] for name in change}
    assert shown == {**change, "description": "What it is\nabout", "category": None}


def test_every_field_can_be_given_to_a_new_ticket(desk: Any) -> None:
    desk.admin.post("tags", {"name": "Urgent"})
    desk.admin.post("fields", {"label": "Order", "kind": "number"})
    given = {
        "title": "Call",
        "description": "About the oar",
        "priority": "high",
        "category": "Payment",
        "external_id": "X-1",
        "metadata": {"tags": ["urgent"]},
        "team_id": str(desk.team.id),
        "tags": ["Urgent"],
        "fields": {"order": 7},
    }
    answer = desk.ana.post("tickets", {**given, "customer_email": "new@example.com"})
    assert answer.status_code == 201, answer.text
    ticket = desk.ana.get(f"tickets/{answer.json['ticket']['id']}").json["ticket"]
    assert {name: ticket[name] for name in given} == given
    again = {"title": "Other", "customer_email": "new@example.com", "external_id": "X-1"}
    assert where(desk.ana.post("tickets", again)) == (409, ["body", "external_id"])


@pytest.mark.parametrize(
    "wrong,at",
    [
        ({"external_id": "x" * 201}, ["external_id"]),
        ({"metadata": {"x": "y" * 20_000}}, ["metadata"]),
        ({"team_id": NOBODY}, ["team_id"]),
        ({"tags": ["unheard of"]}, ["tags"]),
        ({"fields": {"nothing": 1}}, ["fields", "nothing"]),
        ({"number": 7}, ["number"]),
    ],
)
def test_a_new_tickets_field_that_does_not_fit_is_refused_by_name(desk: Any, wrong: Any, at: Any) -> None:
    given = {"title": "Call", "customer_email": "new@example.com", **wrong}
    assert where(desk.ana.post("tickets", given)) == (422, ["body", *at])


@pytest.mark.parametrize(
    "field,value",
    [
        ("title", ""),
        ("external_id", "x" * 201),
        ("metadata", {"x": "y" * 20_000}),
        ("metadata", {"x": "a\x00b"}),
        ("team_id", NOBODY),
        ("description", "x" * 10_001),
        ("number", 7),
    ],
)
def test_a_field_that_does_not_fit_is_refused_by_name(desk: Any, field: str, value: Any) -> None:
    assert where(desk.patch(desk.chat, **{field: value})) == (422, ["body", field])


def test_an_external_id_is_one_tickets_alone_and_a_refusal_leaves_nothing(desk: Any) -> None:
    desk.patch(desk.chat, external_id="X-1")
    other = desk.ticket()["id"]
    refused = desk.patch(other, external_id="X-1", title="Never")
    assert where(refused) == (409, ["body", "external_id"])
    assert desk.ana.get(f"tickets/{other}").json["ticket"]["title"] == "Call"


# --- links -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind,back",
    [
        ("related", "related"),
        ("parent", "child"),
        ("child", "parent"),
        ("original", "duplicate"),
        ("duplicate", "original"),
        ("follow_up", "followed_up_by"),
    ],
)
def test_a_link_reads_from_both_ends_and_both_ledgers_say_so(desk: Any, kind: str, back: str) -> None:
    other = desk.ticket()
    made = desk.link(desk.chat, other["number"], kind)
    assert made.status_code == 201
    assert desk.linked(desk.chat) == [(kind, other["id"])]
    assert desk.linked(other["id"]) == [(back, desk.chat)]
    assert desk.link(desk.chat, other["id"], kind).status_code == 201
    assert len(desk.linked(desk.chat)) == 1, "again changes nothing"
    for ticket_id in (desk.chat, other["id"]):
        events = desk.ana.get(f"tickets/{ticket_id}").json["events"]
        assert [event["name"] for event in events].count("ticket.linked") == 1
    link = made.json["data"][0]["id"]
    assert desk.ana.send("DELETE", f"tickets/{other['id']}/links/{link}").status_code == 204
    assert desk.linked(desk.chat) == []
    assert desk.ana.send("DELETE", f"tickets/{desk.chat}/links/{link}").status_code == 404


def test_no_link_to_itself_to_nothing_nor_of_another_kind(desk: Any) -> None:
    assert where(desk.link(desk.chat, desk.chat, "related")) == (422, ["body", "ticket"])
    assert where(desk.link(desk.chat, 9999, "related")) == (422, ["body", "ticket"])
    assert where(desk.link(desk.chat, desk.ticket()["id"], "cousin")) == (422, ["body", "kind"])


def test_parents_make_no_circle_and_a_child_has_one(desk: Any) -> None:
    a, b, c = (desk.ticket(name)["id"] for name in "abc")
    assert desk.link(b, a, "parent").status_code == 201
    assert desk.link(b, c, "child").status_code == 201
    assert where(desk.link(a, c, "parent")) == (422, ["body", "ticket"])
    assert where(desk.link(a, b, "parent")) == (422, ["body", "ticket"])
    assert where(desk.link(c, a, "parent")) == (422, ["body", "ticket"]), "one parent"
    assert desk.link(a, c, "related").status_code == 201


# --- followers -------------------------------------------------------------------------------------


def test_anybody_follows_for_themselves_and_workers_add_others(desk: Any) -> None:
    path = f"tickets/{desk.chat}/followers"
    me, ben = str(desk.viewer.user.id), str(desk.ben.id)
    assert desk.viewer.send("PUT", f"{path}/me").json == {"followers": [me]}
    assert desk.viewer.send("PUT", f"{path}/{ben}").status_code == 403
    assert desk.ana.send("PUT", f"{path}/{ben}").json == {"followers": [me, ben]}
    assert desk.ana.send("PUT", f"{path}/{ben}").json == {"followers": [me, ben]}
    assert where(desk.ana.send("PUT", f"{path}/{uuid.uuid4()}")) == (422, ["body", "user_id"])
    assert desk.ana.get(f"tickets/{desk.chat}").json["ticket"]["followers"] == [me, ben]
    assert desk.viewer.send("DELETE", f"{path}/me").json == {"followers": [ben]}
    assert desk.viewer.send("DELETE", f"{path}/me").json == {"followers": [ben]}


# --- the trash -------------------------------------------------------------------------------------


def test_what_is_in_the_trash_is_nowhere_else_until_it_is_restored(desk: Any) -> None:
    other = desk.ticket()["id"]
    desk.link(other, desk.chat, "related")
    path = f"tickets/{desk.chat}"
    assert desk.ana.send("DELETE", path).status_code == 403
    assert desk.admin.send("DELETE", path).status_code == 204
    assert desk.admin.get(path).status_code == 404
    for view in ("all", "unassigned", "done"):
        assert desk.chat not in [row["id"] for row in desk.ana.get("tickets", view=view).json["data"]]
    assert desk.ana.get("tickets", view="all").json["counts"]["all"] == 1
    assert desk.linked(other) == []
    assert desk.patch(desk.chat, title="x").status_code == 404
    assert [row["id"] for row in desk.admin.get("tickets", view="trash").json["data"]] == [desk.chat]
    assert desk.ana.get("tickets", view="trash").status_code == 403
    assert desk.ana.post(f"{path}/restore").status_code == 403
    assert desk.admin.post(f"{path}/restore").json["ticket"]["status"] == "open"
    assert desk.admin.post(f"{path}/restore").status_code == 404
    assert desk.linked(other) == [("related", desk.chat)]


def test_a_customer_whose_chat_was_deleted_begins_another(desk: Any) -> None:
    desk.admin.send("DELETE", f"tickets/{desk.chat}")
    assert desk.maria.get("state").json["ticket"] is None
    again = desk.maria.write("Still there?", ticket_id=desk.chat)["ticket"]
    assert again["id"] != desk.chat


# --- history ---------------------------------------------------------------------------------------


def test_history_says_in_words_who_changed_what_newest_first(desk: Any) -> None:
    workshop = desk.status("pending", "At the workshop")
    desk.admin.post("fields", {"label": "Order number", "kind": "text"})
    desk.ana.post(f"tickets/{desk.chat}/assign", {"agent_id": str(desk.ben.id), "team_id": str(desk.team.id)})
    desk.patch(desk.chat, priority="high", fields={"order_number": "12"})
    desk.patch(desk.chat, status_id=workshop)
    desk.admin.send("PATCH", f"tickets/{desk.chat}", {"add_tags": ["Billing", "VIP"]})
    desk.link(desk.chat, desk.ticket()["id"], "parent")
    page = desk.ana.get(f"tickets/{desk.chat}/history").json
    said = [
        (entry["actor"]["name"], change["label"], change["old"], change["new"])
        for entry in page["data"]
        for change in entry["changes"]
    ]
    number = desk.ana.get("tickets", view="all").json["data"][-1]["number"]
    for line in (
        ("Ana", "Link", None, f"#{max(number, 2)} (parent)"),
        ("Ada", "Tags", None, "Billing, VIP"),
        ("Ana", "Status", "Assigned", "At the workshop"),
        ("Ana", "Order number", None, "12"),
        ("Ana", "Priority", "Medium", "High"),
        ("Ana", "Agent", None, "Ben"),
        ("Ana", "Team", None, "Orders"),
    ):
        assert line in said
    assert [entry["seq"] for entry in page["data"]] == sorted(
        (entry["seq"] for entry in page["data"]), reverse=True
    )
    assert "comment.created" not in [entry["name"] for entry in page["data"]]
    first = desk.ana.get(f"tickets/{desk.chat}/history", limit=2).json
    rest = desk.ana.get(f"tickets/{desk.chat}/history", before=first["data"][-1]["seq"]).json
    assert first["has_more"]
    assert first["data"] + rest["data"] == page["data"]
