"""The API's document: complete, made of the code, and the same as the one that is kept."""

import json
import re
from typing import Any

import pytest
from pydantic import BaseModel

from tests.support.contract import held
from tests.support.who_may import ROUTES, ask, ids_of, rows
from tests.support.world import World, undone
from webapp.api.docs import kind
from webapp.api.openapi import ERRORS, document, routes
from webapp.config import ROOT

pytestmark = pytest.mark.integration


def test_the_kept_document_is_what_the_code_says(app: Any) -> None:
    kept = json.loads((ROOT / "docs" / "openapi.json").read_text())
    assert kept == document(app), "make it anew: python wsgi.py export-openapi"


def test_the_document_is_served_to_everybody(client: Any, app: Any) -> None:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json == document(app)


def test_who_has_the_document_already_is_not_sent_it_again(client: Any) -> None:
    tag = client.get("/api/v1/openapi.json").headers["ETag"]
    assert client.get("/api/v1/openapi.json", headers={"If-None-Match": tag}).status_code == 304


def test_the_page_shows_every_operation_and_every_shape(client: Any, app: Any) -> None:
    shown = client.get("/api/docs").text
    made = document(app)
    for path, methods in made["paths"].items():
        assert f"<code>{path}</code>" in shown
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in shown
    for name in made["components"]["schemas"]:
        assert f'id="{name}"' in shown
    assert set(re.findall(r'href="#([^"]+)"', shown)) <= set(re.findall(r'id="([^"]+)"', shown))


@pytest.mark.parametrize(
    "schema, words",
    [
        ({"$ref": "#/components/schemas/TagOut"}, "TagOut"),
        ({"type": "array", "items": {"type": "string", "format": "uuid"}}, "list of uuid"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer, or null"),
        ({"type": "string", "enum": ["low", "high"]}, '"low", "high"'),
        ({"const": "me", "type": "string"}, '"me"'),
        ({}, "anything"),
    ],
    ids=["reference", "list", "choice", "words", "word", "anything"],
)
def test_a_schema_in_a_few_words(schema: dict[str, Any], words: str) -> None:
    assert kind(schema) == words


PAGES = "for people: whatever is done there, a program does under /api/v1"
OUTSIDE = {
    "/": PAGES,
    "/admin": PAGES,
    "/agent": PAGES,
    "/customers": PAGES,
    "/mail": PAGES,
    "/organizations": PAGES,
    "/profile": PAGES,
    "/settings": PAGES,
    "/setup": "makes the first workspace, before there is anybody to have a key",
    "/sign-in": "a person signs in; programs have keys",
    "/sign-out": "ends what /sign-in began",
    "/reset": "a person's way back in, by mail",
    "/chat": "a customer's page; what it sends goes to /api/v1/chat",
    "/w": "the widget's script",
    "/form": "a customer's page",
    "/tv": "a page on a wall, opened by its own link",
    "/reports/unsubscribe": "opened from a mailed report by whoever got it",
    "/exports": "where /api/v1/exports leads to, signed",
    "/files": "where /api/v1/attachments leads to, signed",
    "/hooks": "others call us there, in a format that is theirs",
    "/static": "the pages' files",
    "/healthz": "for who runs it",
    "/readyz": "for who runs it",
    "/metrics": "for who runs it",
    "/api/docs": "the document for people",
    "/api/v1/openapi.json": "the document",
}
"""Routes that the document leaves out, by the beginning of their address, and why."""


def test_every_route_is_in_the_document_or_has_a_reason_not_to_be(app: Any) -> None:
    described = {(route.method, route.rule) for route in routes(app)}
    bare = {
        rule.rule
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if (method, rule.rule) not in described
    }
    reasons = {
        rule: [start for start in OUTSIDE if rule == start or rule.startswith(f"{start.rstrip('/')}/")]
        for rule in bare
    }
    assert [rule for rule, found in reasons.items() if set(found) <= {"/"} and rule != "/"] == []
    assert set(OUTSIDE) == {start for found in reasons.values() for start in found}, "a reason for nothing"
    assert [rule for rule in bare if rule.startswith("/api/v1/")] == ["/api/v1/openapi.json"]


def test_every_reference_of_the_document_leads_somewhere(app: Any) -> None:
    made = document(app)
    for name in references(made):
        place: Any = made
        for part in name.removeprefix("#/").split("/"):
            place = place[part]
        assert place


def references(node: Any) -> set[str]:
    """Every `$ref` below a node."""
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    return set().union(*(references(value) for value in node)) if isinstance(node, list) else set()


def test_operations_are_told_apart_and_every_part_has_words(app: Any) -> None:
    made = document(app)
    operations = [found for path in made["paths"].values() for found in path.values()]
    names = [found["operationId"] for found in operations]
    assert len(names) == len(set(names))
    assert all(found["summary"].endswith(".") for found in operations)
    assert all(tag["description"] for tag in made["tags"])
    assert not [name for name in made["components"]["schemas"] if "__" in name], "two models of one name"


def test_each_operation_says_who_may_and_how_it_is_refused(app: Any) -> None:
    made = document(app)["paths"]
    patch = made["/api/v1/tickets/{ticket_id}"]["patch"]
    assert patch["security"] == [{"session": ["ticket:update"], "csrf": []}, {"key": ["ticket:update"]}]
    assert set(patch["responses"]) == {
        "200",
        "401",
        "403",
        "404",
        "409",
        "412",
        "413",
        "415",
        "422",
        "429",
        "503",
    }
    assert {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} <= set(
        patch["responses"]["200"]["headers"]
    )
    assert made["/api/v1/chat/visitors"]["post"]["security"] == [{}]
    assert made["/api/v1/chat/state"]["get"]["security"] == [{"visitor": []}]
    declared = {int(status) for path in made.values() for one in path.values() for status in one["responses"]}
    assert declared <= {200, 201, 202, 204, 302, *ERRORS}


def test_the_headers_that_a_view_reads_are_in_the_document(app: Any) -> None:
    made = document(app)["paths"]
    patch, read = (made["/api/v1/tickets/{ticket_id}"][method] for method in ("patch", "get"))
    assert names_in(patch, "header") == ["If-Match"]
    assert "ETag" in read["responses"]["200"]["headers"]
    assert names_in(read, "header") == []
    assert names_in(made["/api/v1/tickets"]["post"], "header") == ["Idempotency-Key"]
    assert names_in(made["/api/v1/chat/visitors"]["post"], "header") == []


def names_in(operation: dict[str, Any], place: str) -> list[str]:
    """The names of an operation's parameters in a place."""
    return [one["name"] for one in operation.get("parameters", ()) if one["in"] == place]


def test_every_route_answers_as_it_declares(app: Any, make: Any, agent: Any) -> None:
    world = World("harbour", app, make, agent)
    ids = ids_of(world)
    with held(app) as broken:
        for route in rows(ROUTES):
            if " /api/v1/" in route:
                for who in ("anonymous", "customer", "viewer", "admin"):
                    with undone(app):
                        ask(world.people[who], route, ids)
    assert not broken, "\n".join(broken)


def test_s14_unknown_fields_are_refused_by_every_schema_of_the_api(app: Any) -> None:
    loose = [
        f"{route.method} {route.rule}: {model.__name__}"
        for route in routes(app)
        for asked in (*route.models.values(), *route.operation.models.values())
        for model in every_model(asked)
        if model.model_config.get("extra") != "forbid"
    ]
    assert loose == []


def every_model(model: Any) -> set[type[BaseModel]]:
    """The model and all that it is made of."""
    found: set[type[BaseModel]] = set()
    waiting = [model]
    while waiting:
        one = waiting.pop()
        if isinstance(one, type) and issubclass(one, BaseModel):
            if one not in found:
                found.add(one)
                waiting += [field.annotation for field in one.model_fields.values()]
        else:
            waiting += getattr(one, "__args__", ())
    return found


def test_export_openapi_writes_the_document(app: Any, monkeypatch: Any, tmp_path: Any) -> None:
    from webapp.cli import documents

    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(documents, "ROOT", tmp_path)
    answer = app.test_cli_runner().invoke(args=["export-openapi"])
    assert answer.exit_code == 0, answer.output
    assert json.loads((tmp_path / "docs" / "openapi.json").read_text()) == document(app)
