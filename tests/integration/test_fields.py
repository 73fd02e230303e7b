"""Custom fields: typed, checked by their definition, and asked for before a ticket is resolved."""

from typing import Any

import pytest

from tests.support.pages import submit
from webapp.auth import acting_as
from webapp.database import transaction
from webapp.models import Customer
from webapp.services import field as fields
from webapp.services import ticket as tickets
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(make: Any, agent: Any, visitor: Any) -> Any:
    """An admin's browser, an agent's, and a chat."""

    class Desk:
        admin = agent(make.user(role="admin", name="Ada"))
        ana = agent(make.user(role="agent", name="Ana"))
        maria = visitor(make.inbox())
        ticket = maria.write("Hello")["ticket"]["id"]

        def define(self, label: str, kind: str = "text", **more: Any) -> str:
            answer = self.admin.post("fields", {"label": label, "kind": kind, **more})
            assert answer.status_code == 201, answer.text
            return str(answer.json["field"]["id"])

        def set(self, values: dict[str, Any], **more: Any) -> Any:
            return self.ana.send("PATCH", f"tickets/{self.ticket}", {"fields": values, **more})

        def values(self) -> Any:
            return self.ana.get(f"tickets/{self.ticket}").json["ticket"]["fields"]

    return Desk()


GOOD = [
    ("text", {}, "  two\u200b words ", "two words"),
    ("text", {"pattern": "ORD-####"}, "ORD-2041", "ORD-2041"),
    ("text", {"pattern": "@@\\#*"}, "éB#7", "éB#7"),
    ("number", {}, 12, 12),
    ("number", {}, 2.0, 2),
    ("number", {}, "-3.25", -3.25),
    ("date", {}, "2028-02-29", "2028-02-29"),
    ("choice", {"choices": ["Boat", "Oar"]}, "Oar", "Oar"),
    ("checkbox", {}, False, False),
    ("url", {}, "https://example.com/a?b=c", "https://example.com/a?b=c"),
]
BAD = [
    ("text", {}, "x" * 501),
    ("text", {}, 7),
    ("text", {}, "a\x00b"),
    ("text", {"pattern": "ORD-####"}, "ORD-204"),
    ("text", {"pattern": "(a+)+$"}, "a" * 400),
    ("number", {}, "1e5"),
    ("number", {}, True),
    ("number", {}, 10**16),
    ("date", {}, "2027-02-29"),
    ("date", {}, "yesterday"),
    ("choice", {"choices": ["Boat"]}, "boat"),
    ("choice", {"choices": ["Boat"]}, ["Boat"]),
    ("checkbox", {}, "perhaps"),
    ("url", {}, "javascript:alert(1)"),
    ("url", {}, "https://"),
    ("url", {}, "https://[::1"),
]


@pytest.mark.parametrize("kind, more, given, kept", GOOD)
def test_a_value_is_kept_as_its_kind_says(desk: Any, kind: str, more: Any, given: Any, kept: Any) -> None:
    desk.define("Thing", kind, **more)
    answer = desk.set({"thing": given})
    assert answer.status_code == 200, answer.text
    assert desk.values() == {"thing": kept}


@pytest.mark.parametrize("kind, more, given", BAD)
def test_a_value_that_does_not_fit_is_refused_naming_the_field(
    desk: Any, kind: str, more: Any, given: Any
) -> None:
    desk.define("Thing", kind, **more)
    answer = desk.set({"thing": given})
    assert (answer.status_code, answer.json["detail"][0]["loc"]) == (422, ["body", "fields", "thing"])
    assert desk.values() == {}


def test_the_others_stay_and_an_empty_value_clears(desk: Any) -> None:
    desk.define("One")
    desk.define("Two")
    desk.set({"one": "1"})
    desk.set({"two": "2"})
    assert desk.values() == {"one": "1", "two": "2"}
    assert desk.set({"one": None, "two": "2"}).json["ticket"]["fields"] == {"two": "2"}
    event = desk.ana.get(f"tickets/{desk.ticket}").json["events"][-1]
    assert (event["name"], event["changes"]) == ("ticket.updated", {"fields.one": ["1", None]})


def test_every_value_at_fault_is_named_at_once_and_nothing_is_kept(desk: Any) -> None:
    desk.define("Count", "number")
    answer = desk.set({"count": "many", "unknown": 1})
    assert [item["loc"][-1] for item in answer.json["detail"]] == ["count", "unknown"]


def test_resolving_wants_what_must_be_filled_in(desk: Any) -> None:
    desk.define("Order", pattern="####", required_on_resolve=True)
    desk.define("Agreed", "checkbox", required_on_resolve=True)
    for status in ("resolved", "closed"):
        refused = desk.ana.send("PATCH", f"tickets/{desk.ticket}", {"status": status})
        assert (refused.status_code, refused.json["code"]) == (422, "fields_required")
        assert [item["loc"] for item in refused.json["detail"]] == [
            ["body", "fields", "order"],
            ["body", "fields", "agreed"],
        ]
    assert desk.set({"order": "1234", "agreed": False}, status="resolved").status_code == 422
    assert desk.values() == {}, "refused as a whole"
    done = desk.set({"order": "1234", "agreed": True}, status="resolved")
    assert done.json["ticket"]["status"] == "resolved"


def test_the_customer_may_end_a_chat_whatever_is_missing(desk: Any) -> None:
    desk.define("Order", required_on_resolve=True)
    desk.ana.reply(desk.ticket, "Hi")
    assert desk.maria.post("end", {"ticket_id": desk.ticket}).status_code == 200
    assert desk.ana.get(f"tickets/{desk.ticket}").json["ticket"]["status"] == "resolved"


def test_a_field_of_the_customer_can_be_wanted_too(desk: Any, app: Any, make: Any) -> None:
    desk.define("Account", target="customer", required_on_resolve=True)
    refused = desk.ana.send("PATCH", f"tickets/{desk.ticket}", {"status": "resolved"})
    assert refused.json["detail"][0]["loc"] == ["body", "customer_fields", "account"]
    ana = desk.ana.user
    with (
        app.app_context(),
        use_workspace(ana.workspace_id),
        acting_as(make.actor(ana)),
        transaction() as session,
    ):
        customer = session.get(
            Customer, tickets.ticket_for(tickets.find_ticket(desk.ticket), "ticket:read").customer_id
        )
        assert fields.set_values(customer, {"account": "A-1"}) == {"fields.account": [None, "A-1"]}
        assert fields.set_values(customer, {"account": "A-1"}) == {}
    assert desk.ana.send("PATCH", f"tickets/{desk.ticket}", {"status": "resolved"}).status_code == 200


def test_an_archived_field_is_in_no_form_and_its_values_stay(desk: Any) -> None:
    field = desk.define("Order", required_on_resolve=True)
    desk.set({"order": "12"})
    assert desk.admin.send("PATCH", f"fields/{field}", {"archived": True}).json["field"]["archived"]
    assert desk.ana.get("directory").json["fields"] == []
    assert desk.set({"order": "13"}).status_code == 422
    assert desk.values() == {"order": "12"}
    assert len(desk.ana.get("fields", archived=True).json["data"]) == 1
    desk.admin.send("PATCH", f"fields/{field}", {"archived": False})
    assert desk.set({"order": "13"}).status_code == 200


def test_keys_are_made_of_labels_and_never_twice(desk: Any) -> None:
    for label in ("Order Number!", "order number", "Größe", "42", "…"):
        desk.define(label)
    keys = [field["key"] for field in desk.ana.get("fields").json["data"]]
    assert keys == ["order_number", "order_number_2", "grosse", "f_42", "field"]
    taken = desk.admin.post("fields", {"label": "X", "kind": "text", "key": "order_number"})
    assert (taken.status_code, taken.json["detail"][0]["loc"]) == (409, ["body", "key"])


@pytest.mark.parametrize(
    "body,field",
    [
        ({"label": ""}, "label"),
        ({"label": "x" * 81}, "label"),
        ({"kind": "regex"}, "kind"),
        ({"target": "agent"}, "target"),
        ({"key": "Has Spaces"}, "key"),
        ({"kind": "choice", "choices": []}, "choices"),
        ({"kind": "choice", "choices": ["x" * 81]}, "choices"),
        ({"pattern": "#" * 101}, "pattern"),
        ({"hint": "x" * 201}, "hint"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_definition_that_cannot_be_is_refused_naming_the_field(desk: Any, body: Any, field: str) -> None:
    answer = desk.admin.post("fields", {"label": "Order", "kind": "text", **body})
    assert (answer.status_code, answer.json["detail"][0]["loc"][:2]) == (422, ["body", field])


def test_the_settings_page_defines_moves_and_comes_back_filled(desk: Any) -> None:
    def send(path: str, **data: Any) -> Any:
        return submit(desk.admin.http, f"/settings/fields{path}", data, page="/settings/fields")

    for label in ("First", "Second"):
        assert send("", label=label, kind="text").status_code == 302
    wrong = send("", label="Kind of boat", kind="choice")
    assert wrong.status_code == 422
    assert "Kind of boat" in wrong.text
    first, second = desk.ana.get("fields").json["data"]
    assert send(f"/{second['id']}/move").status_code == 302
    assert [field["label"] for field in desk.ana.get("fields").json["data"]] == ["Second", "First"]
    assert send(f"/{first['id']}", label="1st").status_code == 302
    for action in ("archive", "restore"):
        assert send(f"/{first['id']}/{action}").status_code == 302
    assert [field["label"] for field in desk.ana.get("fields").json["data"]] == ["Second", "1st"]


def test_what_the_resolve_dialog_sends_for_the_customer_is_kept_and_what_is_wrong_is_named(desk: Any) -> None:
    desk.define("Account", target="customer", pattern="A-#", required_on_resolve=True)
    customer = desk.ana.get(f"tickets/{desk.ticket}").json["ticket"]["customer"]["id"]

    def patch(**change: Any) -> Any:
        return desk.ana.send("PATCH", f"customers/{customer}", change)

    assert desk.set({}, status="resolved").status_code == 422
    refused = patch(fields={"account": "nonsense"})
    assert (refused.status_code, refused.json["detail"][0]["loc"]) == (422, ["body", "fields", "account"])
    assert patch(fields={"account": "A-1"}).json["customer"]["fields"] == {"account": "A-1"}
    assert desk.set({}, status="resolved").status_code == 200


def test_a_customer_is_edited_by_the_api_and_each_fault_is_named(desk: Any, make: Any) -> None:
    customer = desk.ana.get(f"tickets/{desk.ticket}").json["ticket"]["customer"]["id"]
    make.customer(email="taken@example.com")
    given = {"name": "Maria", "email": "maria@example.com", "tier": "premium", "company": "Acme"}
    answer = desk.ana.send("PATCH", f"customers/{customer}", {**given, "locale": "pt"})
    assert answer.status_code == 200
    shown = desk.ana.get(f"customers/{customer}").json["customer"]
    assert {name: shown[name] for name in given} == given
    for name, value in {
        "email": "taken@example.com",
        "tier": "gold",
        "organization_id": "00000000-0000-7000-8000-000000000000",
        "crm_id": "x",
    }.items():
        refused = desk.ana.send("PATCH", f"customers/{customer}", {name: value})
        assert (refused.status_code, refused.json["detail"][0]["loc"]) == (422, ["body", name])
