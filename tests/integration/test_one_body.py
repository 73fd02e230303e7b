"""An event says the same wherever it is read: in the feed, on the socket, in a webhook's message."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.push_service import PushService
from webapp.auth import acting_as
from webapp.database import transaction
from webapp.events import CATALOGUE
from webapp.models import Comment, Ticket
from webapp.schemas.pushed import EventOut
from webapp.services import event, webhooks
from webapp.tasks.worker import run_due
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

CHANGES = {"colour 🎨": ["old", None], "count": [1, 2], "names": [[], ["Ä"]]}


@pytest.fixture
def endpoint() -> Iterator[PushService]:
    with PushService() as made:
        made.status = 204
        yield made


def record_everything(ticket_id: Any, actor: Any) -> None:
    """One event of each name, with a comment where the name is about one."""
    with acting_as(actor), transaction() as session:
        ticket = session.scalar(sa.select(Ticket).where(Ticket.id == uuid.UUID(ticket_id)).with_for_update())
        comment = session.scalar(sa.select(Comment).where(Comment.ticket_id == ticket.id))
        for name, fact in CATALOGUE.items():
            about = {"ticket": ticket} if fact.on_ticket else {"subject_id": ticket.id}
            said = {"comment": comment} if name == "comment.carried" else {}
            event.record(name, changes=CHANGES, **about, **said)


def whole_feed(browser: Any) -> list[dict[str, Any]]:
    found, place, goes_on = [], 0, True
    while goes_on:
        page = browser.get("events", after=place).json
        found += page["events"]
        place, goes_on = page["next"], page["has_more"]
    return found


def test_every_event_of_the_catalogue_has_one_body_in_the_feed_on_the_socket_and_in_a_webhook(
    app: Any, make: Any, agent: Any, visitor: Any, endpoint: PushService
) -> None:
    workspace = make.workspace()
    boss = make.user(role="admin")
    ana = agent(boss)
    ticket_id = visitor(make.inbox()).write("Hello 👋")["ticket"]["id"]
    socket = ana.connect()
    socket.must("ticket.open", {"ticket_id": ticket_id})
    with app.app_context(), use_workspace(workspace.id):
        with acting_as(make.actor(boss)), transaction():
            webhooks.create_webhook(endpoint.url, events=["*"])
        known = len(whole_feed(ana))
        socket.heard()
        record_everything(ticket_id, make.actor(boss))
        run_due()
    told = whole_feed(ana)[known:]
    assert {body["name"] for body in told} == set(CATALOGUE)
    sent = {body["id"]: body for _, content in endpoint.requests if (body := json.loads(content)["data"])}
    assert [sent[body["id"]] for body in told] == told
    on_ticket = [body for body in told if body["ticket_id"] == ticket_id]
    assert socket.heard("ticket.event") == on_ticket
    for body in told:
        EventOut.model_validate(body)  # which docs/events.md is made from
