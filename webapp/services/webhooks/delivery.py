"""One attempt at one message: read, then sent without a transaction, then written down."""

import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import SYSTEM
from webapp.config import settings
from webapp.database import transaction
from webapp.integrations import safe_http
from webapp.models import Comment, Event, WebhookDelivery, WebhookSubscription
from webapp.schemas.event import event_for_staff
from webapp.services.event import record
from webapp.services.notification import notify
from webapp.services.permission import people_with
from webapp.services.webhooks.queue import TEST, body_of, lock_subscriptions
from webapp.services.webhooks.schedule import next_delay, read_retry_after, rest
from webapp.services.webhooks.signature import signed_headers

SECONDS = 15
"""An endpoint has this long to answer."""
ANSWER_BYTES = 2000
KEPT_ATTEMPTS = 30
GONE = 410
LASTING = timedelta(hours=72)
"""Where a message ran out of attempts and nothing else got through for so long, the webhook is turned off."""


@dataclass(frozen=True)
class Message:
    """One attempt, ready to leave: no row is needed any more."""

    delivery_id: uuid.UUID
    subscription_id: uuid.UUID
    attempts: int
    url: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt: an answer, or why there was none."""

    milliseconds: int
    status: int | None = None
    answer: str = ""
    error: str = ""
    retry_after: timedelta | None = None

    @property
    def is_success(self) -> bool:
        """Only 2xx is; a redirect is not followed, and so is a failure."""
        return self.status is not None and 200 <= self.status < 300


def deliver_webhook(delivery_id: uuid.UUID) -> str:
    """Tries a message once; its status then: delivered, waiting (for the next attempt) or failed.

    An entry point of its own, with its transactions around the network. "not_wanted": it is not due any more.
    """
    with transaction() as session:
        message = _prepare(delivery_id, session)
    if message is None:
        return "not_wanted"
    outcome = _send(message)
    with transaction() as session:
        status, reason = _note(message, outcome, session)
    if reason:
        with transaction() as session:
            _disable(message.subscription_id, reason, session)
    return status


def _prepare(delivery_id: uuid.UUID, session: Any) -> Message | None:
    row = session.get(WebhookDelivery, delivery_id, with_for_update={"key_share": True})
    if row is None or row.status != "waiting":
        return None
    subscription = session.get(WebhookSubscription, row.subscription_id)
    if not subscription.active and row.event != TEST:
        return None
    if row.body is None:
        row.body = _body(row, session)
    if row.body is None:  # the event was erased before anybody was told
        row.status, row.next_attempt_at = "failed", None
        return None
    body = row.body.encode()
    headers = signed_headers(str(row.id), clock.now(), body, subscription.secrets)
    headers["content-type"] = "application/json"
    return Message(row.id, subscription.id, row.attempts, subscription.url, body, headers)


def _body(row: WebhookDelivery, session: Any) -> str | None:
    """The event as the feed and the sockets carry it."""
    loaded = sa.orm.selectinload(Event.comment).selectinload(Comment.attachments)
    event = session.scalar(sa.select(Event).where(Event.id == row.event_id).options(loaded))
    return body_of(event.name, event_for_staff(event), event.at) if event is not None else None


def _send(message: Message) -> Outcome:
    database.assert_no_transaction()
    begun = time.monotonic()
    try:
        answer = safe_http.post(
            message.url,
            message.body,
            message.headers,
            allow_loopback=settings().testing,
            seconds=SECONDS,
            max_bytes=ANSWER_BYTES,
        )
    except safe_http.Unreachable as error:
        return Outcome(_since(begun), error=str(error)[:200])
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Outcome(
        _since(begun),
        status=answer.status,
        answer=answer.body.decode(errors="replace").replace("\x00", "\N{REPLACEMENT CHARACTER}"),
        retry_after=read_retry_after(headers.get("retry-after"), clock.now()),
    )


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)


# --- writing it down ------------------------------------------------------------------------------


def _note(message: Message, outcome: Outcome, session: Any) -> tuple[str, str | None]:
    """The message's status now, and why its endpoint is to be turned off, if it is."""
    held = lock_subscriptions([message.subscription_id], session)
    row = session.get(
        WebhookDelivery, message.delivery_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if not held or row is None or row.attempts != message.attempts:
        return "not_wanted", None  # deleted meanwhile, or another worker was faster
    _write(row, outcome)
    if outcome.is_success:
        _succeed(row, held[0])
        return "delivered", None
    _fail(row, held[0], outcome)
    return row.status, _reason_to_disable(row, held[0], outcome)


def _write(row: WebhookDelivery, outcome: Outcome) -> None:
    row.attempts += 1
    row.milliseconds = outcome.milliseconds
    attempt = {
        "at": clock.iso(clock.now()),
        "status": outcome.status,
        "milliseconds": outcome.milliseconds,
        "answer": outcome.answer,
        "error": outcome.error,
    }
    row.log = [*row.log, attempt][-KEPT_ATTEMPTS:]


def _succeed(row: WebhookDelivery, subscription: WebhookSubscription) -> None:
    row.status, row.next_attempt_at, row.delivered_at = "delivered", None, clock.now()
    subscription.delivered_at, subscription.failing_since = clock.now(), None
    subscription.failures, subscription.resting_until = 0, None


def _fail(row: WebhookDelivery, subscription: WebhookSubscription, outcome: Outcome) -> None:
    now = clock.now()
    is_last = row.event == TEST or outcome.status == GONE
    delay = None if is_last else next_delay(row.attempts, outcome.retry_after)
    row.status = "waiting" if delay else "failed"
    row.next_attempt_at = now + delay if delay else None
    if row.event == TEST:
        return
    subscription.failures += 1
    subscription.failing_since = subscription.failing_since or now
    pause = max(rest(subscription.failures) or timedelta(), outcome.retry_after or timedelta())
    subscription.resting_until = now + pause if pause else None


def _reason_to_disable(
    row: WebhookDelivery, subscription: WebhookSubscription, outcome: Outcome
) -> str | None:
    if row.event == TEST or row.status != "failed" or not subscription.active:
        return None
    if outcome.status == GONE:
        return "The endpoint answered 410: it is gone for good"
    if subscription.failing_since and subscription.failing_since <= clock.now() - LASTING:
        return "Nothing got through for three days"
    return None


def _disable(subscription_id: uuid.UUID, reason: str, session: Any) -> None:
    """Turns an endpoint off and tells whoever manages webhooks."""
    everyone = list(
        session.scalars(sa.select(WebhookSubscription.id))
    )  # its fact may be wanted by the others
    held = {row.id: row for row in lock_subscriptions(everyone, session)}
    subscription = held.get(subscription_id)
    if subscription is None or not subscription.active:
        return
    subscription.active, subscription.disabled_reason = False, reason
    subscription.disabled_at = clock.now()
    session.flush()
    changes = {"active": [True, False], "reason": [None, reason]}
    record("webhook.disabled", session=session, subject_id=subscription.id, changes=changes)
    notify(
        [person.id for person in people_with("webhook:manage", session=session)],
        "integration_alert",
        title=f"Webhook turned off: {subscription.description or 'unnamed'}",
        body=f"{reason}. What happens meanwhile is not sent, until you turn it on again.",
        actor=SYSTEM,
        data={"url": f"/settings/webhooks/{subscription.id}"},
        unique_key=f"webhook:{subscription.id}:{clock.iso(subscription.disabled_at)}",
        session=session,
    )
