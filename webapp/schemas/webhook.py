"""Webhooks: what is asked of them, and a subscription and a message as pages and programs see them."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from webapp import clock
from webapp.events import CATALOGUE
from webapp.models.webhook import EVERYTHING, WebhookDelivery, WebhookSubscription
from webapp.schemas.report import Moment
from webapp.schemas.text import Line, PageSize, Strict, Text
from webapp.validators import visible

Status = Literal["waiting", "delivered", "failed"]
What = Literal["failed", "all", "missed"]
SHOWN_CHARS = 20_000


def _grouped() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in (*AREAS, OTHERS)}
    for fact in CATALOGUE.values():
        noun = fact.name.partition(".")[0]
        group = next((name for name, nouns in AREAS.items() if noun in nouns), OTHERS)
        found[group].append((fact.name, fact.says))
    return found


OTHERS = "Settings and the rest"
AREAS = {
    "Tickets": ("ticket", "comment", "mail"),
    "Promises": ("sla", "sla_policy", "calendar"),
    "Customers": ("customer", "organization", "block", "suppression"),
    "People": ("user", "session", "team", "role", "skill", "routing_agent"),
}
GROUPS = _grouped()
"""Events as the form offers them: by group, each with its sentence."""


def ticked_events(value: object) -> list[str]:
    """Boxes that are ticked come as a dict by their names, with `:` for a dot, which would be a level."""
    return [str(name).replace(":", ".") for name in value] if isinstance(value, dict) else []


def _ticked(value: object) -> object:
    return ticked_events(value) if isinstance(value, dict) else value


def _known(value: str) -> str:
    if value != EVERYTHING and value not in CATALOGUE:
        raise ValueError("There is no such event")
    return value


def _chosen(value: list[str]) -> list[str]:
    if not value:
        raise ValueError("Choose at least one event")
    return [EVERYTHING] if EVERYTHING in value else sorted(set(value))


def _blank(value: object) -> object:
    return None if value == "" else value


EventName = Annotated[Line, AfterValidator(_known)]
Events = Annotated[list[EventName], BeforeValidator(_ticked), Field(max_length=200), AfterValidator(_chosen)]
Url = Annotated[Text, Field(max_length=2000), AfterValidator(str.strip)]
Description = Annotated[Line, Field(max_length=200), AfterValidator(visible)]
Blank = BeforeValidator(_blank)


class WebhookIn(Strict):
    """A new subscription."""

    url: Url
    description: Description = ""
    events: Events = Field(default=[], validate_default=True)
    condition: Line = ""


class SpanForm(Strict):
    """Whole days in UTC, both included."""

    first: date
    last: date
    what: What = "failed"

    @property
    def since(self) -> datetime:
        """The beginning of the first day."""
        return datetime.combine(self.first, time(), UTC)

    @property
    def until(self) -> datetime:
        """The end of the last day."""
        return datetime.combine(self.last, time(), UTC) + timedelta(days=1)

    @model_validator(mode="after")
    def _in_order(self) -> "SpanForm":
        if self.first > self.last:
            raise ValueError("The first day lies after the last")
        return self


class WebhookPatch(Strict):
    """What is to be changed; the rest stays. `active`: false pauses it."""

    url: Url | None = None
    description: Description | None = None
    events: Events | None = None
    condition: Line | None = None
    active: bool | None = None


class WebhookPath(Strict):
    webhook_id: uuid.UUID


class MessagePath(WebhookPath):
    message_id: uuid.UUID


class DeliveryQuery(Strict):
    """What is wanted of the log; a field of a form that was left empty says nothing."""

    status: Annotated[Status | None, Blank] = None
    event: Annotated[Line | None, Blank] = None
    cursor: uuid.UUID | None = None
    limit: PageSize = 50


class ReplayIn(Strict):
    """A span of time: sends again what failed in it, or all of it; or what was never sent (`missed`)."""

    since: Moment
    until: Moment
    what: What = "failed"


class WebhookOut(Strict):
    """A webhook, without its secrets."""

    id: uuid.UUID
    url: str
    description: str
    events: list[str]
    condition: str
    active: bool
    disabled_reason: str | None
    disabled_at: datetime | None
    failing_since: datetime | None
    failures: int
    resting_until: datetime | None
    delivered_at: datetime | None
    previous_secret_until: datetime | None
    created_at: datetime


class WebhookDeliveryOut(Strict):
    """A message to a webhook; `id` is its `webhook-id`, the same at each attempt."""

    id: uuid.UUID
    webhook_id: uuid.UUID
    event: str
    event_id: uuid.UUID | None
    status: Status
    attempts: int
    next_attempt_at: datetime | None
    last_status: int | None
    last_error: str
    milliseconds: int | None
    created_at: datetime
    delivered_at: datetime | None


class AttemptOut(Strict):
    """What came of one attempt: a `status` with the beginning of the answer, or an `error`."""

    at: datetime
    status: int | None
    milliseconds: int
    answer: str
    error: str


class DeliveryWholeOut(WebhookDeliveryOut):
    """With what was sent (up to 20,000 characters) and the attempts, the oldest first."""

    body: str
    log: list[AttemptOut]


def webhook_out(subscription: WebhookSubscription) -> dict[str, Any]:
    """A subscription, without its secrets."""
    return {
        "id": str(subscription.id),
        "url": subscription.url,
        "description": subscription.description,
        "events": subscription.events,
        "condition": subscription.condition,
        "active": subscription.active,
        "disabled_reason": subscription.disabled_reason,
        "disabled_at": clock.iso(subscription.disabled_at),
        "failing_since": clock.iso(subscription.failing_since),
        "failures": subscription.failures,
        "resting_until": clock.iso(subscription.resting_until),
        "delivered_at": clock.iso(subscription.delivered_at),
        "previous_secret_until": clock.iso(_still(subscription.previous_until)),
        "created_at": clock.iso(subscription.created_at),
    }


def _still(until: datetime | None) -> datetime | None:
    return until if until and until > clock.now() else None


def delivery_out(row: WebhookDelivery, *, whole: bool = False) -> dict[str, Any]:
    """A message; `whole`: with what was sent and what was answered, each up to a cap."""
    body = {
        "id": str(row.id),
        "webhook_id": str(row.subscription_id),
        "event": row.event,
        "event_id": str(row.event_id) if row.event_id else None,
        "status": row.status,
        "attempts": row.attempts,
        "next_attempt_at": clock.iso(row.next_attempt_at),
        "last_status": row.log[-1]["status"] if row.log else None,
        "last_error": row.log[-1]["error"] if row.log else "",
        "milliseconds": row.milliseconds,
        "created_at": clock.iso(row.created_at),
        "delivered_at": clock.iso(row.delivered_at),
    }
    return {**body, "body": (row.body or "")[:SHOWN_CHARS], "log": row.log} if whole else body
