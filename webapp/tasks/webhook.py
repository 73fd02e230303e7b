"""Webhooks on their way: one endpoint's turn, its timer, and the log's end."""

import time
import uuid
from typing import Any

import sqlalchemy as sa

from webapp.database import read_only, transaction
from webapp.models import Workspace
from webapp.services import webhooks
from webapp.tasks.timer import timer
from webapp.tasks.worker import go_on, job
from webapp.tenancy import use_workspace

TURN_SECONDS = 5.0
"""After so long it is another endpoint's turn."""
PATIENCE_SECONDS = 0.25
"""Whoever worked before and answers no sooner holds up nobody: a hundred that hang at once, for no long."""


@job("webhook.deliver", hands=2, patience_seconds=PATIENCE_SECONDS)
@job("webhook.first", hands=1)
@job("webhook.retry", hands=1)
def deliver_due(params: dict[str, Any], job_id: uuid.UUID) -> dict[str, int]:
    """Sends what is due at an endpoint, until its turn is over or something does not get through."""
    subscription_id = uuid.UUID(params["subscription_id"])
    over_at, sent, goes_on = time.monotonic() + TURN_SECONDS, 0, True
    while True:
        with transaction():
            delivery_id = webhooks.next_due(subscription_id, job_id, goes_on=goes_on)
        if delivery_id is None:
            return {"sent": sent}
        go_on()
        delivered = webhooks.deliver_webhook(delivery_id) == "delivered"
        sent += delivered
        goes_on = delivered and time.monotonic() < over_at


@timer("webhook.due")
def wake_due(subscription_id: uuid.UUID, _params: dict[str, Any]) -> None:
    """Has an endpoint's next message sent."""
    webhooks.wake_due(subscription_id)


def forget_webhook_deliveries() -> None:
    """Removes messages to webhooks that are a month old."""
    with read_only() as session:
        workspaces = list(session.scalars(sa.select(Workspace.id)))
    for workspace_id in workspaces:
        with use_workspace(workspace_id), transaction():
            webhooks.forget_deliveries()
