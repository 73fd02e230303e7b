"""ETag and If-Match: a program that would overwrite what somebody else saved is told first."""

import uuid
from typing import Any

import pytest

from tests.support.world import World
from webapp import clock
from webapp.database import transaction
from webapp.models import WebhookSubscription
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def ana(make: Any, agent: Any) -> Any:
    return agent(make.user(role="agent"))


@pytest.fixture
def ticket(ana: Any) -> Any:
    made = ana.post("tickets", {"title": "No light", "customer_email": "maria@example.com"})
    return made.json["ticket"]


def patch(browser: Any, path: str, body: Any, tag: str) -> Any:
    headers = {"X-CSRF-Token": browser.csrf, "If-Match": tag}
    return browser.http.patch(f"/api/v1/{path}", json=body, headers=headers)


def test_a_change_that_names_what_it_read_is_taken_and_gives_another_tag(ana: Any, ticket: Any) -> None:
    path = f"tickets/{ticket['id']}"
    tag = ana.get(path).headers["ETag"]
    assert ana.get(path).headers["ETag"] == tag
    assert patch(ana, path, {"title": "Dark"}, tag).json["ticket"]["title"] == "Dark"
    assert ana.get(path).headers["ETag"] != tag


def test_a_change_on_top_of_somebody_elses_is_refused_with_what_stands_there_now(
    ana: Any, ticket: Any, make: Any, agent: Any
) -> None:
    path = f"tickets/{ticket['id']}"
    tag = ana.get(path).headers["ETag"]
    assert agent(make.user(role="agent")).send("PATCH", path, {"title": "Dark"}).status_code == 200
    refused = patch(ana, path, {"title": "Black"}, tag)
    assert (refused.status_code, refused.json["code"]) == (412, "changed")
    assert refused.json["current"]["title"] == "Dark"
    assert ana.get(path).json["ticket"]["title"] == "Dark"


def test_without_a_tag_and_with_a_star_it_is_taken_as_it_comes(ana: Any, ticket: Any) -> None:
    path = f"tickets/{ticket['id']}"
    assert ana.send("PATCH", path, {"title": "Dark"}).status_code == 200
    assert patch(ana, path, {"title": "Black"}, "*").status_code == 200


def test_a_refused_change_stays_refused_with_a_tag_that_fits(ana: Any, ticket: Any) -> None:
    path = f"tickets/{ticket['id']}"
    refused = patch(ana, path, {"priority": "huge"}, ana.get(path).headers["ETag"])
    assert refused.status_code == 422


def test_who_has_it_already_gets_no_body(ana: Any, ticket: Any) -> None:
    path = f"/api/v1/customers/{ticket['customer']['id']}"
    tag = ana.http.get(path).headers["ETag"]
    again = ana.http.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert ana.http.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


EDITED = {
    "policies/{policy}": ("policy", {"is_active": False}, {"is_active": True}),
    "calendars/{calendar}": ("calendar", {"name": "Shop"}, {"name": "Store"}),
    "inboxes/{inbox}": ("inbox", {"greeting": "Hello"}, {"greeting": "Hi"}),
    "teams/{team}": ("team", {"name": "First line"}, {"name": "Second line"}),
    "organizations/{organization}": ("organization", {"name": "Acme"}, {"name": "Globex"}),
    "reports/saved/{saved_report}": ("report", {"name": "Week"}, {"name": "Month"}),
    "tags/{tag}": ("tag", {"name": "billing"}, {"name": "invoices"}),
    "fields/{field}": ("field", {"label": "Order"}, {"label": "Order number"}),
    "statuses/{status}": ("status", {"label": "Waiting"}, {"label": "On hold"}),
    "skills/{skill}": ("skill", {"name": "German"}, {"name": "French"}),
    "roles/{role}": ("role", {"name": "Night"}, {"name": "Day"}),
    "webhooks/{webhook}": ("webhook", {"description": "Orders"}, {"description": "Bills"}),
}
"""Whatever people edit together: where it is, what it is called in an answer, and two changes."""


def test_whatever_people_edit_together_is_guarded_alike(app: Any, make: Any, agent: Any) -> None:
    world = World("harbour", app, make, agent)
    desk = world.desks["admin"]
    for place, (noun, first, second) in EDITED.items():
        path = place.format(**world.ids)
        tag = desk.get(path).headers["ETag"]
        taken = patch(desk, path, first, tag)
        assert taken.status_code == 200, (path, taken.json)
        refused = patch(desk, path, second, tag)
        assert (refused.status_code, refused.json["code"]) == (412, "changed"), path
        assert refused.json["current"] == taken.json[noun] == desk.get(path).json[noun], path
        assert patch(desk, path, second, desk.get(path).headers["ETag"]).status_code == 200, path


def test_how_a_webhook_does_is_no_edit_of_it(app: Any, make: Any, agent: Any) -> None:
    world = World("harbour", app, make, agent)
    desk, path = world.desks["admin"], f"webhooks/{world.ids['webhook']}"
    read = desk.get(path)
    with app.app_context(), use_workspace(world.workspace), transaction() as session:
        found = session.get(WebhookSubscription, uuid.UUID(world.ids["webhook"]))
        found.failures, found.delivered_at = 3, clock.now()
    again = desk.http.get(f"/api/v1/{path}", headers={"If-None-Match": read.headers["ETag"]})
    assert (again.status_code, again.json["webhook"]["failures"]) == (200, 3)
    assert again.headers["ETag"] == read.headers["ETag"]
