"""Webhooks: endpoints of other programs that are told what happens, by Standard Webhooks 1.0.

Their messages carry the events of the feed, signed by the webhook's secret; see docs/webhooks.md.
"""

from typing import Any

from webapp.api.doors import access, answers, created, nothing, staff_views
from webapp.api.matching import matching
from webapp.database import read_only, transaction
from webapp.schemas.webhook import (
    DeliveryQuery,
    DeliveryWholeOut,
    MessagePath,
    ReplayIn,
    WebhookDeliveryOut,
    WebhookIn,
    WebhookOut,
    WebhookPatch,
    WebhookPath,
    delivery_out,
    webhook_out,
)
from webapp.services import webhooks

bp = staff_views("webhooks", __name__)
DOING = frozenset(
    {
        "disabled_reason",
        "disabled_at",
        "failing_since",
        "failures",
        "resting_until",
        "delivered_at",
        "previous_secret_until",
    }
)
"""How a webhook does: no part of what people edit."""


@bp.get("/webhooks")
@access("webhook:manage")
@answers(200, webhooks=list[WebhookOut])
def list_webhooks() -> Any:
    """The workspace's webhooks, the oldest first."""
    with read_only():
        return {"webhooks": [webhook_out(row) for row in webhooks.list_webhooks()]}


@bp.post("/webhooks")
@access("webhook:manage")
@answers(201, webhook=WebhookOut, secret=str, may=(409,))
def create_webhook(body: WebhookIn) -> Any:
    """Subscribes an endpoint. `secret` signs what it gets, and is shown this once.

    `events`: names, or `["*"]` for all. `condition`: only events of tickets that meet it, in the language of
    the search box.
    """
    with transaction():
        made, secret = webhooks.create_webhook(**body.model_dump())
        return created({"webhook": webhook_out(made), "secret": secret})


@bp.get("/webhooks/<webhook_id>")
@access("webhook:manage")
@answers(200, webhook=WebhookOut)
def read_webhook(path: WebhookPath) -> Any:
    """A webhook, and how it does."""
    with read_only():
        return {"webhook": webhook_out(webhooks.webhook_for(path.webhook_id))}


@bp.patch("/webhooks/<webhook_id>")
@access("webhook:manage")
@matching(read_webhook, besides=DOING)
@answers(200, webhook=WebhookOut)
def update_webhook(path: WebhookPath, body: WebhookPatch) -> Any:
    """Sets the fields named; `active` pauses it, or turns it on again: what waits goes at once then."""
    with transaction():
        changes = body.model_dump(exclude_unset=True)
        return {"webhook": webhook_out(webhooks.update_webhook(path.webhook_id, **changes))}


@bp.delete("/webhooks/<webhook_id>")
@access("webhook:manage")
@answers(204)
def delete_webhook(path: WebhookPath) -> Any:
    """Deletes a webhook with its log."""
    with transaction():
        webhooks.delete_webhook(path.webhook_id)
    return nothing()


@bp.post("/webhooks/<webhook_id>/secret")
@access("webhook:manage")
@answers(200, secret=str)
def rotate_secret(path: WebhookPath) -> Any:
    """Makes a new secret, shown this once; for a day both sign."""
    with transaction():
        return {"secret": webhooks.rotate_secret(path.webhook_id)}


@bp.post("/webhooks/<webhook_id>/test")
@access("webhook:manage")
@answers(202, delivery=WebhookDeliveryOut)
def send_test(path: WebhookPath) -> Any:
    """Sends one message to try the endpoint; its delivery says what came of it."""
    with transaction():
        return {"delivery": delivery_out(webhooks.send_test(path.webhook_id))}, 202


@bp.get("/webhooks/<webhook_id>/deliveries")
@access("webhook:manage")
@answers(200, data=list[WebhookDeliveryOut], next_cursor=str | None)
def list_deliveries(path: WebhookPath, query: DeliveryQuery) -> Any:
    """Messages of the last 30 days, the newest first."""
    with read_only():
        rows, cursor = webhooks.list_deliveries(path.webhook_id, **query.model_dump())
        return {"data": [delivery_out(row) for row in rows], "next_cursor": str(cursor) if cursor else None}


@bp.get("/webhooks/<webhook_id>/deliveries/<message_id>")
@access("webhook:manage")
@answers(200, delivery=DeliveryWholeOut)
def read_delivery(path: MessagePath) -> Any:
    """A message: what was sent, and what was answered at each attempt."""
    with read_only():
        row = webhooks.delivery_for(path.webhook_id, path.message_id)
        return {"delivery": delivery_out(row, whole=True)}


@bp.post("/webhooks/<webhook_id>/deliveries/<message_id>/replay")
@access("webhook:manage")
@answers(202, delivery=WebhookDeliveryOut, may=(409,))
def replay_delivery(path: MessagePath) -> Any:
    """Sends a message again, with its id."""
    with transaction():
        row = webhooks.replay_delivery(path.webhook_id, path.message_id)
        return {"delivery": delivery_out(row)}, 202


@bp.post("/webhooks/<webhook_id>/replay")
@access("webhook:manage")
@answers(202, messages=int, may=(409,))
def replay_span(path: WebhookPath, body: ReplayIn) -> Any:
    """Sends again what failed in a span of time, or all of it, or what was never sent; a thousand at most."""
    with transaction():
        count = webhooks.replay_span(path.webhook_id, body.since, body.until, what=body.what)
        return {"messages": count}, 202
