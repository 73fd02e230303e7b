"""The pages and the REST door of webhooks."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.push_service import PushService
from webapp.models import WebhookDelivery, WebhookSubscription
from webapp.tasks.worker import run_due
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

HERE = "/settings/webhooks"


@pytest.fixture
def endpoint() -> Iterator[PushService]:
    with PushService() as made:
        made.status, made.body = 500, b"<b>no</b>"
        yield made


class Desk:
    """An administrator's browser."""

    def __init__(self, app: Any, browser: Any, workspace_id: Any) -> None:
        self.app, self.browser, self.http, self.workspace_id = app, browser, browser.http, workspace_id

    def send(self, path: str, **fields: str) -> Any:
        return self.http.post(f"{HERE}{path}", data={"csrf_token": self.browser.csrf, **fields})

    def make(self, url: str, **fields: str) -> str:
        answer = self.send("/new", url=url, **(fields or {"events.*": "1"}))
        assert answer.status_code == 200, answer.text
        assert "whsec_" in answer.text
        return re.search(rf"{HERE}/([0-9a-f-]{{36}})", answer.text)[1]

    def run(self) -> None:
        with self.app.app_context():
            run_due()

    def rows(self, model: Any) -> list[Any]:
        with self.app.app_context(), use_workspace(self.workspace_id):
            from webapp.extensions import db

            return list(db.session.scalars(sa.select(model).order_by(model.id)))


@pytest.fixture
def desk(app: Any, make: Any, agent: Any) -> Desk:
    workspace = make.workspace()
    return Desk(app, agent(make.user(role="admin", name="Boss")), workspace.id)


def test_a_webhook_is_made_with_the_events_that_were_ticked_and_its_secret_shown_once(desk: Desk) -> None:
    assert "No webhook yet" in desk.http.get(HERE).text
    fields = {"events.ticket:created": "1", "events.comment:created": "1", "condition": "priority:high"}
    webhook_id = desk.make("https://hooks.example.com/T0K3N", **fields)
    (row,) = desk.rows(WebhookSubscription)
    assert (row.events, row.description) == (["comment.created", "ticket.created"], "hooks.example.com")
    page = desk.http.get(f"{HERE}/{webhook_id}").text
    assert "priority:high" in page
    assert "whsec_" not in page
    assert "2 events" in desk.http.get(HERE).text
    edit = desk.http.get(f"{HERE}/{webhook_id}/edit").text
    assert re.search(r'name="events.ticket:created" value="1" checked', edit)


@pytest.mark.parametrize(
    "fields, field",
    [
        ({"url": "http://10.0.0.1/", "events.*": "1"}, "url"),
        ({"url": "https://example.com/"}, "events"),
        ({"url": "https://example.com/", "events.ticket:lost": "1"}, "events"),
        ({"url": "https://example.com/", "events.*": "1", "condition": "stauts:open"}, "condition"),
    ],
    ids=["inside", "no event", "unknown event", "condition"],
)
def test_what_is_wrong_comes_back_filled_with_a_message_at_the_field(
    desk: Desk, fields: dict[str, str], field: str
) -> None:
    answer = desk.send("/new", **fields)
    assert answer.status_code == 422
    assert fields["url"] in answer.text
    assert 'class="error"' in answer.text
    assert desk.rows(WebhookSubscription) == []


def test_two_people_at_one_webhook_are_told_of_each_other(desk: Desk) -> None:
    webhook_id = desk.make("https://example.com/one")
    version = re.search(r'name="version" value="([^"]+)"', desk.http.get(f"{HERE}/{webhook_id}/edit").text)[1]
    sent = {"url": "https://example.com/two", "events.*": "1", "version": version}
    assert desk.send(f"/{webhook_id}/edit", **sent).status_code == 302
    late = desk.send(f"/{webhook_id}/edit", **{**sent, "description": "Mine"})
    assert late.status_code == 409
    assert "Boss" in late.text


def test_a_test_shows_what_the_endpoint_answered(desk: Desk, endpoint: PushService) -> None:
    webhook_id = desk.make(endpoint.url)
    place = desk.send(f"/{webhook_id}/test").headers["Location"]
    assert "data-await" in desk.http.get(place).text
    desk.run()
    page = desk.http.get(place).text
    assert "data-await" not in page
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "webhook.test" in page
    assert "Failed" in desk.http.get(f"{HERE}/{webhook_id}?status=failed").text
    assert "No message here" in desk.http.get(f"{HERE}/{webhook_id}?status=delivered").text


def test_messages_are_sent_again_alone_or_by_days(desk: Desk, endpoint: PushService) -> None:
    webhook_id = desk.make(endpoint.url)
    ticket = {"title": "Scanner", "customer_email": "ann@example.com"}
    desk.browser.post("tickets", ticket)
    desk.run()
    first = desk.rows(WebhookDelivery)[0]
    before = len(endpoint.requests)
    place = f"{HERE}/{webhook_id}/deliveries/{first.id}"
    assert "Will be tried again" in desk.http.get(place).text
    endpoint.status = 200
    again = desk.send(f"/{webhook_id}/deliveries/{first.id}/replay")
    assert again.headers["Location"] == place
    desk.run()
    assert len(endpoint.requests) > before
    span = {"first": "2020-01-01", "last": "2099-01-01", "what": "all"}
    assert desk.send(f"/{webhook_id}/replay", **span).status_code == 302
    wrong = desk.send(f"/{webhook_id}/replay", **{**span, "last": "2019-01-01"})
    assert wrong.status_code == 422
    assert "2019-01-01" in wrong.text


def test_a_webhook_is_paused_its_secret_replaced_and_deleted_by_name(desk: Desk) -> None:
    webhook_id = desk.make("https://example.com/hook", description="Shop", **{"events.*": "1"})
    desk.send(f"/{webhook_id}/active", active="0")
    assert "Paused" in desk.http.get(HERE).text
    refused = desk.send(f"/{webhook_id}/replay", first="2026-01-01", last="2026-01-02", what="all")
    assert refused.status_code == 409
    assert "Turn on" in refused.text
    secret = desk.send(f"/{webhook_id}/secret").text
    assert "whsec_" in secret
    assert "Old secret signs until" in desk.http.get(f"{HERE}/{webhook_id}").text
    asked = desk.send(f"/{webhook_id}/delete")
    assert asked.status_code == 200
    assert desk.rows(WebhookSubscription)
    assert desk.send(f"/{webhook_id}/delete", confirm="shop").status_code == 302
    assert desk.rows(WebhookSubscription) == []


def test_programs_manage_webhooks_by_rest(desk: Desk, endpoint: PushService) -> None:
    rest = desk.browser
    made = rest.post("webhooks", {"url": endpoint.url, "events": ["ticket.created"]})
    assert made.status_code == 201
    webhook = made.json["webhook"]
    assert made.json["secret"].startswith("whsec_")
    path = f"webhooks/{webhook['id']}"
    assert rest.get(path).json["webhook"] == webhook == rest.get("webhooks").json["webhooks"][0]
    changed = rest.send("PATCH", path, {"condition": "priority:critical"})
    assert changed.json["webhook"]["condition"] == "priority:critical"
    assert rest.send("PATCH", path, {"url": None, "active": None}).status_code == 200
    tried = rest.post(f"{path}/test").json["delivery"]
    desk.run()
    found = rest.get(f"{path}/deliveries/{tried['id']}").json["delivery"]
    assert (found["status"], found["last_status"], found["log"][0]["answer"]) == ("failed", 500, "<b>no</b>")
    listed = rest.get(f"{path}/deliveries", status="failed", limit=1).json
    assert [row["id"] for row in listed["data"]] == [tried["id"]]
    assert rest.post(f"{path}/deliveries/{tried['id']}/replay").status_code == 409
    span = {"since": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}
    assert rest.post(f"{path}/replay", {**span, "what": "missed"}).json == {"messages": 0}
    assert rest.post(f"{path}/replay", {**span, "until": "2019-01-01T00:00:00Z"}).status_code == 422
    assert rest.post(f"{path}/secret").json["secret"] != made.json["secret"]
    assert rest.send("DELETE", path).status_code == 204
    assert rest.get(path).status_code == 404


def test_a_secret_in_an_answer_that_is_kept_is_sealed(desk: Desk, app: Any) -> None:
    from webapp.models import IdempotentAnswer

    body = {"url": "https://example.com/", "events": ["*"]}
    sent = [
        desk.http.post(
            "/api/v1/webhooks",
            json=body,
            headers={"X-CSRF-Token": desk.browser.csrf, "Idempotency-Key": "one"},
        )
        for _ in range(2)
    ]
    assert sent[0].json == sent[1].json
    with app.app_context(), use_workspace(desk.workspace_id):
        from webapp.extensions import db

        kept = db.session.scalars(sa.select(IdempotentAnswer)).one()
        assert "whsec_" not in kept.body
