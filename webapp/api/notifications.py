"""One's own notifications, and the browsers that may be pushed to."""

import uuid
from typing import Any

from flask import request

from webapp.api.doors import access, answers, created, nothing, staff_views
from webapp.browser import describe_client
from webapp.database import read_only, transaction
from webapp.schemas.notification import (
    NotificationQuery,
    NotificationsReadIn,
    PushSubscriptionIn,
    SubscriptionPath,
    notification_out,
)
from webapp.schemas.pushed import NotificationOut
from webapp.services import notification
from webapp.services.notification import push

bp = staff_views("notifications", __name__, "/api/v1/notifications")


@bp.get("")
@access("notification:read")
@answers(data=list[NotificationOut], next_cursor=str | None, unread=int)
def list_notifications(query: NotificationQuery) -> Any:
    """A page of one's own, newest first, and how many are unread."""
    with read_only():
        page, cursor = notification.list_notifications(**query.model_dump())
        return {
            "data": [notification_out(row) for row in page],
            "next_cursor": str(cursor) if cursor else None,
            "unread": notification.count_unread(),
        }


@bp.post("/read")
@access("notification:read")
@answers(unread=int)
def mark_read(body: NotificationsReadIn) -> Any:
    """Marks some, a ticket's, or all up to one as read."""
    with transaction():
        notification.mark_notifications_read(**body.model_dump())
        return {"unread": notification.count_unread()}


@bp.get("/push-key")
@access("notification:read")
@answers(public_key=str)
def read_push_key() -> Any:
    """The key that a browser asks its push service with."""
    with transaction():
        return {"public_key": push.public_key()}


@bp.post("/subscriptions")
@access("notification:read")
@answers(201, id=uuid.UUID, may=(409,))
def create_subscription(body: PushSubscriptionIn) -> Any:
    """Lets this browser be pushed to."""
    found = describe_client(request.headers.get("User-Agent", ""))
    with transaction():
        made = push.subscribe(body, browser=" on ".join(filter(None, found.values())))
        return created({"id": str(made.id)})


@bp.delete("/subscriptions/<subscription_id>")
@access("notification:read")
@answers(204)
def delete_subscription(path: SubscriptionPath) -> Any:
    """Pushes to that browser no more."""
    with transaction():
        push.unsubscribe(path.subscription_id)
    return nothing()
