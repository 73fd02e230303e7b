"""Tags: sets on a ticket, one name each, and tickets that follow what happens to them."""

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.pages import submit
from webapp.auth import acting_as
from webapp.database import transaction
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.models import Tag, Ticket
from webapp.services import tag as tags
from webapp.services import ticket as tickets
from webapp.tasks.worker import run_due
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(make: Any, agent: Any, app: Any) -> Any:
    """A senior agent's and an agent's browsers, and two tickets."""

    class Desk:
        senior = agent(make.user(role="senior_agent", name="Sam"))
        ana = agent(make.user(role="agent", name="Ana"))

        def __init__(self) -> None:
            self.one, self.two = (self.ticket(title) for title in ("First", "Second"))

        def ticket(self, title: str) -> str:
            made = self.senior.post("tickets", {"title": title, "customer_email": "m@example.com"})
            return str(made.json["ticket"]["id"])

        def tag(self, name: str, **more: Any) -> str:
            return str(self.senior.post("tags", {"name": name, **more}).json["tag"]["id"])

        def put(self, ticket_id: str, *add: str, remove: tuple[str, ...] = (), by: Any = None) -> Any:
            body = {"add_tags": list(add), "remove_tags": list(remove)}
            return (by or self.senior).send("PATCH", f"tickets/{ticket_id}", body)

        def on(self, ticket_id: str) -> list[str]:
            return list(self.senior.get(f"tickets/{ticket_id}").json["ticket"]["tags"])

        def follow(self) -> None:
            with app.app_context():
                run_due()

    return Desk()


def test_tags_are_sets_what_two_people_do_adds_up(desk: Any) -> None:
    desk.put(desk.one, "Billing", "Login")
    desk.put(desk.one, "vip", remove=("Login",))
    desk.put(desk.one, "billing", remove=("no such tag",))
    assert desk.on(desk.one) == ["Billing", "vip"]


def test_a_name_is_one_tag_however_it_is_written(desk: Any) -> None:
    desk.tag("Straße")
    for name in ("STRASSE", "  straße ", "\u200bStraße"):
        answer = desk.senior.post("tags", {"name": name})
        assert answer.status_code == 409, name
        assert answer.json["detail"][0]["loc"] == ["body", "name"]
    assert desk.put(desk.one, "STRASSE").json["ticket"]["tags"] == ["Straße"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "x" * 10_000, "\u200b", "a\x00b"])
def test_a_tag_that_cannot_be_is_refused_naming_the_field(desk: Any, name: str) -> None:
    made = desk.senior.post("tags", {"name": name})
    assert (made.status_code, made.json["detail"][0]["loc"]) == (422, ["body", "name"])
    put = desk.put(desk.one, name)
    assert put.status_code == 422
    assert (
        put.json["detail"][0]["loc"][:2] == ["body", "add_tags"] or put.json["detail"][0]["loc"][1] == "tags"
    )
    assert desk.on(desk.one) == []


def test_an_agent_uses_the_tags_there_are_and_makes_none(desk: Any) -> None:
    desk.tag("Known")
    assert desk.put(desk.one, "known", by=desk.ana).status_code == 200
    refused = desk.put(desk.one, "Unheard of", by=desk.ana)
    assert (refused.status_code, refused.json["detail"][0]["loc"]) == (422, ["body", "tags"])


def test_a_ticket_has_at_most_thirty_tags(desk: Any) -> None:
    names = [f"tag {number}" for number in range(31)]
    assert desk.put(desk.one, *names[:30]).status_code == 200
    assert desk.put(desk.one, names[30]).status_code == 422
    assert desk.put(desk.one, names[30], remove=(names[0],)).status_code == 200


def test_tickets_follow_a_new_name_in_the_ledger_too(desk: Any) -> None:
    tag = desk.tag("Billing", colour="green")
    desk.put(desk.one, "Billing")
    changed = desk.senior.send("PATCH", f"tags/{tag}", {"name": "Invoices"})
    assert changed.json["tag"] == {"id": tag, "name": "Invoices", "colour": "green"}
    desk.follow()
    assert desk.on(desk.one) == ["Invoices"]
    last = desk.senior.get(f"tickets/{desk.one}").json["events"][-1]
    assert (last["name"], last["changes"]) == ("ticket.tagged", {"tags": [["Billing"], ["Invoices"]]})
    assert (last["actor"]["name"], last["door"]) == ("Sam", "job")


def test_a_merge_makes_one_of_two_and_frees_the_name(desk: Any) -> None:
    login, trouble = desk.tag("Login"), desk.tag("Trouble")
    desk.put(desk.one, "Login", "Trouble")
    desk.put(desk.two, "Login")
    assert desk.senior.post(f"tags/{login}/merge", {"into_id": trouble}).json["tag"]["name"] == "Trouble"
    desk.follow()
    assert (desk.on(desk.one), desk.on(desk.two)) == (["Trouble"], ["Trouble"])
    assert [tag["name"] for tag in desk.senior.get("tags").json["data"]] == ["Trouble"]
    assert desk.tag("Login")
    assert desk.on(desk.two) == ["Trouble"]


def test_a_merge_into_a_tag_that_is_merged_away_meanwhile_arrives(desk: Any) -> None:
    ids = [desk.tag(name) for name in ("a", "b", "c")]
    desk.put(desk.one, "a")
    for source, target in itertools.pairwise(ids):
        desk.senior.post(f"tags/{source}/merge", {"into_id": target})
    desk.follow()
    assert desk.on(desk.one) == ["c"]


def test_a_merge_into_itself_or_into_nothing_is_refused_naming_the_field(desk: Any) -> None:
    tag = desk.tag("Login")
    for into in (tag, desk.one):
        refused = desk.senior.post(f"tags/{tag}/merge", {"into_id": into})
        assert (refused.status_code, refused.json["detail"][0]["loc"]) == (422, ["body", "into_id"])


def test_a_deleted_tag_leaves_its_tickets(desk: Any) -> None:
    tag = desk.tag("Gone")
    desk.put(desk.one, "Gone", "Stays")
    assert desk.senior.send("DELETE", f"tags/{tag}").status_code == 204
    desk.follow()
    assert desk.on(desk.one) == ["Stays"]


def test_bad_colours_and_taken_names_are_refused(desk: Any) -> None:
    tag = desk.tag("One")
    desk.tag("Two")
    assert (
        desk.senior.send("PATCH", f"tags/{tag}", {"colour": "mauve"}).json["detail"][0]["loc"][1] == "colour"
    )
    assert desk.senior.send("PATCH", f"tags/{tag}", {"name": "two"}).status_code == 409
    assert desk.senior.send("PATCH", f"tags/{tag}", {"name": "ONE"}).json["tag"]["name"] == "ONE"


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=44)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.booleans(), NAMES), max_size=12))
def test_what_a_row_says_is_what_the_links_say(session: Any, make: Any, steps: list[Any]) -> None:
    sam = make.user(role="senior_agent", name="Sam")
    with use_workspace(sam.workspace_id), acting_as(make.actor(sam)):
        with transaction():
            ticket_id = tickets.create_ticket("Any", "", "m@example.com").id
        expected: dict[str, str] = {}
        for adds, name in steps:
            try:
                with transaction():
                    tickets.update_tags(ticket_id, **({"add": [name]} if adds else {"remove": [name]}))
            except Invalid:
                continue
            key = tags.fold_name(name)
            if adds:
                expected.setdefault(key, name)
            else:
                expected.pop(key, None)
        found = db.session.get(Ticket, ticket_id)
        folded = {tag.name: tag.folded for tag in db.session.query(Tag)}
        assert sorted(folded[name] for name in found.tags) == sorted(expected)


def test_the_pages_form_makes_renames_merges_and_says_what_is_wrong(desk: Any) -> None:
    def send(path: str, **data: Any) -> Any:
        return submit(desk.senior.http, f"/settings/tags{path}", data, page="/settings/tags")

    assert send("", name="Billing", colour="blue").status_code == 302
    tag = desk.senior.get("tags").json["data"][0]["id"]
    wrong = send(f"/{tag}", name="x" * 41)
    assert wrong.status_code == 422
    assert "x" * 41 in wrong.text
    assert "A tag has between 1 and 40 characters" in wrong.text
    assert '<details class="grow edit-row" open>' in wrong.text
    other = desk.tag("Invoices")
    assert send(f"/{tag}/merge", into_id=other).status_code == 302
    assert send(f"/{other}/delete", confirm="Invoices").status_code == 302
    assert desk.senior.get("tags").json["data"] == []
