"""What is to be sent, and whose turn it is.

Each endpoint has one job at most at a time, which sends what is due there, one message after the other, and
goes to the end of the line when its turn is over: an endpoint with ten thousand messages, or one that lets us
wait, holds up no other. Endpoints to which nothing has got through yet come after those that work, those that
fail come last, and each kind has hands of its own: a hundred that only let us wait, new or known, keep no
message from one that works.

The subscription's row is locked by whoever adds a message and by a job that finds nothing more to do, so that
nothing is added unnoticed between that look and the job's end.
"""

import json
import uuid
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.extensions import db
from webapp.models import Event, Job, Ticket, WebhookDelivery, WebhookSubscription
from webapp.services.job import enqueue
from webapp.services.timer import set_timer
from webapp.services.webhooks.condition import meeting
from webapp.tenancy import require_workspace_id

TEST = "webhook.test"
"""The event of a message that somebody sends to try an endpoint; not of the ledger, and never repeated."""
WORKING, UNTRIED, FAILING = ("webhook.deliver", 100), ("webhook.first", 150), ("webhook.retry", 200)
"""(type, priority) of the job of an endpoint that works, of one that never has, of one that does not now."""


def follow(session: Any, recorded: list[tuple[Event, Ticket | None]]) -> None:
    """Queues every recorded event for every subscription that wants it, in the event's own transaction."""
    wanted = {}
    for subscription in session.scalars(_active()):
        facts = [(event, ticket) for event, ticket in recorded if subscription.wants(event.name)]
        if events := [event for event, _ in meeting(subscription.condition, facts, session)]:
            wanted[subscription.id] = events
    for subscription in lock_subscriptions(wanted, session):
        if subscription.active:
            rows = [
                new_delivery(subscription, event.name, event_id=event.id) for event in wanted[subscription.id]
            ]
            add_deliveries(subscription, rows, session)


def trigger_webhooks(event: str, data: dict[str, Any], *, session: Any = None) -> list[uuid.UUID]:
    """Queues a signed POST of both to every active subscription to that event; the messages' ids.

    What the ledger records is queued by itself: this is for what it does not know.
    """
    session = session or db.session()
    active = session.scalars(_active())
    wanted = [subscription.id for subscription in active if subscription.wants(event)]
    made = []
    for subscription in lock_subscriptions(wanted, session):
        row = new_delivery(subscription, event)
        row.body = body_of(event, data, row.created_at)
        made += add_deliveries(subscription, [row], session)
    return made


@cache
def _active() -> Any:
    return sa.select(WebhookSubscription).where(WebhookSubscription.active).order_by(WebhookSubscription.id)


def lock_subscriptions(ids: Any, session: Any) -> list[WebhookSubscription]:
    """These subscriptions, locked in the order in which everybody locks them."""
    if not ids:
        return []
    query = sa.select(WebhookSubscription).where(WebhookSubscription.id.in_(list(ids)))
    held = query.order_by(WebhookSubscription.id).with_for_update(key_share=True)
    return list(session.scalars(held.execution_options(populate_existing=True)))


def new_delivery(
    subscription: WebhookSubscription, event: str, *, event_id: uuid.UUID | None = None
) -> WebhookDelivery:
    now = clock.now()
    return WebhookDelivery(
        id=database.uuid7(),
        workspace_id=require_workspace_id(),
        subscription_id=subscription.id,
        event=event,
        event_id=event_id,
        next_attempt_at=now,
        created_at=now,
    )


def add_deliveries(
    subscription: WebhookSubscription, rows: list[WebhookDelivery], session: Any
) -> list[uuid.UUID]:
    """Adds messages to a locked subscription and sees to it that they are sent."""
    session.add_all(rows)
    session.flush()
    wake(subscription, session=session)
    return [row.id for row in rows]


def add_test(subscription: WebhookSubscription, data: dict[str, Any], session: Any) -> WebhookDelivery:
    """Adds a message that tries a locked subscription's endpoint, also where it is turned off."""
    row = new_delivery(subscription, TEST)
    row.body = body_of(TEST, data, row.created_at)
    add_deliveries(subscription, [row], session)
    return row


def body_of(event: str, data: dict[str, Any], at: datetime) -> str:
    """The message as it is sent; `type` is Standard Webhooks' word for `event`."""
    said = {"type": event, "event": event, "timestamp": clock.iso(at), "data": data}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


# --- turns ----------------------------------------------------------------------------------------


def wake(subscription: WebhookSubscription, *, at: datetime | None = None, session: Any) -> None:
    """Has what is due at a locked subscription sent: now, or at a time, but not while it rests."""
    now = clock.now()
    at = max(at or now, subscription.resting_until or now)
    if at > now:
        set_timer("webhook.due", subscription.id, at, session=session)
        return
    kind, priority = _line(subscription)
    params = {"subscription_id": str(subscription.id)}
    enqueue(kind, params, unique_key=f"webhook:{subscription.id}", priority=priority, session=session)


def _line(subscription: WebhookSubscription) -> tuple[str, int]:
    if subscription.failing_since:
        return FAILING
    return WORKING if subscription.delivered_at else UNTRIED


def wake_due(subscription_id: uuid.UUID, *, session: Any = None) -> None:
    """What a subscription's timer does."""
    session = session or db.session()
    for subscription in lock_subscriptions([subscription_id], session):
        wake(subscription, session=session)


def next_due(
    subscription_id: uuid.UUID, job_id: uuid.UUID, *, goes_on: bool, session: Any = None
) -> uuid.UUID | None:
    """The message that this job is to send now. None ends its turn: what is left is another job's.

    `goes_on`: false once it has had its share.
    """
    session = session or db.session()
    for subscription in lock_subscriptions([subscription_id], session):
        first = session.execute(_waiting(subscription).limit(1)).first()
        rests = subscription.resting_until and subscription.resting_until > clock.now()
        if goes_on and first and first.next_attempt_at <= clock.now() and not rests:
            return first.id  # type: ignore[no-any-return]
        _let_go(job_id, session)
        if first:
            wake(subscription, at=first.next_attempt_at, session=session)
    return None


def _waiting(subscription: WebhookSubscription) -> Any:
    """What waits there, the first to be tried first; only tries of the endpoint while it is turned off."""
    row = WebhookDelivery
    mine = sa.and_(row.subscription_id == subscription.id, row.status == "waiting")
    query = sa.select(row.id, row.next_attempt_at).where(mine)
    if not subscription.active:
        query = query.where(row.event == TEST)
    return query.order_by(row.next_attempt_at, row.id)


def _let_go(job_id: uuid.UUID, session: Any) -> None:
    """From now on another job may serve this endpoint."""
    mine = sa.update(Job).where(Job.id == job_id).values(unique_key=None)
    session.execute(mine.execution_options(synchronize_session=False))
