"""What staff are told, and how they wish to be told."""

import uuid
from datetime import time
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from webapp import clock
from webapp.models import Notification, Ticket
from webapp.schemas.text import Line, PageSize, Strict

Kind = Literal[
    "assigned_to_me",
    "message_in_mine",
    "mention",
    "reply_on_followed",
    "new_unassigned",
    "sla_soon",
    "sla_breached",
    "escalation",
    "offer",
    "routing_alert",
    "job_done",
    "integration_alert",
]


def notification_out(row: Notification, ticket: Ticket | None = None) -> dict[str, Any]:
    """A line of the centre; `ticket` where the row was not loaded with its own."""
    ticket = ticket or row.ticket
    return {
        "id": str(row.id),
        "kind": row.kind,
        "title": row.title,
        "body": row.body,
        "actor": row.actor_name,
        "ticket": {"id": str(ticket.id), "number": ticket.number, "title": ticket.title} if ticket else None,
        "data": row.data,
        "sound": row.sound,
        "push": row.push,
        "created_at": clock.iso(row.created_at),
        "read_at": clock.iso(row.read_at),
    }


class NotificationQuery(Strict):
    """A page of the centre."""

    cursor: uuid.UUID | None = None
    limit: PageSize = 30
    unread: bool = False


class NotificationsReadIn(Strict):
    """What was read: these, a ticket's, or all up to one."""

    ids: Annotated[list[uuid.UUID], Field(max_length=200)] | None = None
    ticket_id: uuid.UUID | None = None
    up_to: uuid.UUID | None = None


class PushKeys(Strict):
    """A browser's own keys, as `PushSubscription.toJSON()` gives them."""

    p256dh: Annotated[str, StringConstraints(max_length=100, pattern=r"^[A-Za-z0-9_-]+=*$")]
    auth: Annotated[str, StringConstraints(max_length=40, pattern=r"^[A-Za-z0-9_-]+=*$")]


class PushSubscriptionIn(Strict):
    """A browser that may be pushed to."""

    endpoint: Annotated[Line, StringConstraints(min_length=1, max_length=500)]
    keys: PushKeys
    expirationTime: float | None = None  # noqa: N815 - the browser's name


class SubscriptionPath(Strict):
    """Which browser."""

    subscription_id: uuid.UUID


def _clock_time(value: str) -> str:
    try:
        found = time.fromisoformat(value)
    except ValueError:
        raise ValueError("A time of day such as 22:00") from None
    return found.strftime("%H:%M")


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("There is no such time zone")
    return value


TimeOfDay = Annotated[Line, AfterValidator(_clock_time)]


class Preferences(Strict):
    """One person's matrix and quiet hours. A box that is not ticked is not sent, so absent means no."""

    matrix: dict[Kind, dict[Literal["in_app", "sound", "push", "email"], bool]] = {}
    quiet: bool = False
    quiet_from: TimeOfDay = "22:00"
    quiet_to: TimeOfDay = "07:00"
    timezone: Annotated[Line, AfterValidator(_zone)] = "UTC"
    only_online: bool = False

    @field_validator("quiet_from", "quiet_to", mode="before")
    @classmethod
    def _default(cls, value: Any) -> Any:
        return value or "00:00"

    @model_validator(mode="after")
    def _spans(self) -> "Preferences":
        if self.quiet and self.quiet_from == self.quiet_to:
            raise ValueError("Quiet hours need an end that differs from their start")
        return self
