"""Webhooks by Standard Webhooks 1.0: every fact of the ledger reaches the endpoints that want it."""

from webapp.services.webhooks.delivery import deliver_webhook
from webapp.services.webhooks.log import (
    count_deliveries,
    delivery_for,
    forget_deliveries,
    list_deliveries,
    replay_delivery,
    replay_span,
)
from webapp.services.webhooks.queue import follow, next_due, trigger_webhooks, wake_due
from webapp.services.webhooks.subscription import (
    create_webhook,
    delete_webhook,
    list_webhooks,
    rotate_secret,
    send_test,
    update_webhook,
    webhook_for,
)

__all__ = [
    "count_deliveries",
    "create_webhook",
    "delete_webhook",
    "deliver_webhook",
    "delivery_for",
    "follow",
    "forget_deliveries",
    "list_deliveries",
    "list_webhooks",
    "next_due",
    "replay_delivery",
    "replay_span",
    "rotate_secret",
    "send_test",
    "trigger_webhooks",
    "update_webhook",
    "wake_due",
    "webhook_for",
]
