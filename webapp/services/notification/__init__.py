"""Telling staff: in open pages, by sound, push and mail, as each of them wishes, and nothing twice."""

from webapp.services.notification.centre import (
    NotificationsRead,
    count_unread,
    list_notifications,
    mark_notifications_read,
)
from webapp.services.notification.recipients import team_lead_ids
from webapp.services.notification.telling import (
    NotificationCreated,
    NotificationService,
    SoundWished,
    notify,
    notify_agent,
)

__all__ = [
    "NotificationCreated",
    "NotificationService",
    "NotificationsRead",
    "SoundWished",
    "count_unread",
    "list_notifications",
    "mark_notifications_read",
    "notify",
    "notify_agent",
    "team_lead_ids",
]
