"""The log of messages: read, and sent again."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.auth import Actor, current_actor, require
from webapp.errors import Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.models import Event, Ticket, WebhookDelivery, WebhookSubscription
from webapp.models.webhook import EVERYTHING
from webapp.services.event import record
from webapp.services.webhooks.condition import meeting
from webapp.services.webhooks.queue import TEST, add_deliveries, new_delivery, wake
from webapp.services.webhooks.subscription import webhook_for

MOST_AT_ONCE = 1000
KEPT = timedelta(days=30)


def list_deliveries(
    webhook_id: uuid.UUID,
    *,
    status: str | None = None,
    event: str | None = None,
    cursor: uuid.UUID | None = None,
    limit: int = 50,
    session: Any = None,
    actor: Actor | None = None,
) -> tuple[list[WebhookDelivery], uuid.UUID | None]:
    """A page of a subscription's messages, the newest first, and where the next page begins."""
    session = session or db.session()
    found = webhook_for(webhook_id, session=session, actor=actor)
    query = sa.select(WebhookDelivery).where(WebhookDelivery.subscription_id == found.id)
    for column, value in ((WebhookDelivery.status, status), (WebhookDelivery.event, event)):
        query = query.where(column == value) if value else query
    if cursor:
        query = query.where(WebhookDelivery.id < cursor)
    rows = list(session.scalars(query.order_by(WebhookDelivery.id.desc()).limit(limit + 1)))
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def count_deliveries(webhook_id: uuid.UUID, *, session: Any = None) -> dict[str, int]:
    """How many messages of a subscription there are by status."""
    session = session or db.session()
    mine = WebhookDelivery.subscription_id == webhook_id
    rows = session.execute(
        sa.select(WebhookDelivery.status, sa.func.count()).where(mine).group_by(WebhookDelivery.status)
    )
    return dict(rows.all())


def delivery_for(
    webhook_id: uuid.UUID, delivery_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None
) -> WebhookDelivery:
    """A message of a subscription. Raises `NotFound`."""
    session = session or db.session()
    require(actor or current_actor(), "webhook:manage")
    mine = sa.and_(WebhookDelivery.id == delivery_id, WebhookDelivery.subscription_id == webhook_id)
    found: WebhookDelivery | None = session.scalar(sa.select(WebhookDelivery).where(mine))
    if found is None:
        raise NotFound("There is no such message")
    return found


# --- again ----------------------------------------------------------------------------------------


def replay_delivery(
    webhook_id: uuid.UUID, delivery_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None
) -> WebhookDelivery:
    """Sends a message again, with its id and body, and with all its attempts.

    Raises `NotFound`, `Conflict` where the webhook is turned off.
    """
    session, actor = session or db.session(), actor or current_actor()
    held = _turned_on(webhook_id, session, actor)
    row = delivery_for(webhook_id, delivery_id, session=session, actor=actor)
    if row.event == TEST:
        raise Conflict("Send another test instead")
    _again(held, [row.id], session)
    session.refresh(row)
    _record(held, 1, session, actor)
    return row


def replay_span(
    webhook_id: uuid.UUID,
    since: datetime,
    until: datetime,
    *,
    what: str = "failed",
    session: Any = None,
    actor: Actor | None = None,
) -> int:
    """Sends again what was made in [since, until): what failed, or all; or (`missed`) the ledger's events
    of then that were never queued, by the subscription's events and condition as they are now.

    The oldest thousand; how many. Raises `Invalid`, `NotFound`, `Conflict` where the webhook is turned off.
    """
    session, actor = session or db.session(), actor or current_actor()
    held = _turned_on(webhook_id, session, actor)
    if since >= until:
        raise Invalid.field("until", "The end lies before the beginning")
    if what == "missed":
        count = _queue_missed(held, since, until, session)
    else:
        row = WebhookDelivery
        wanted = ("failed",) if what == "failed" else ("failed", "delivered")
        mine = (row.subscription_id == held.id, row.status.in_(wanted), row.event != TEST)
        within = sa.and_(*mine, row.created_at >= since, row.created_at < until)
        ids = list(session.scalars(sa.select(row.id).where(within).order_by(row.id).limit(MOST_AT_ONCE)))
        _again(held, ids, session)
        count = len(ids)
    if count:
        _record(held, count, session, actor)
    return count


def _turned_on(webhook_id: uuid.UUID, session: Any, actor: Actor) -> WebhookSubscription:
    held = webhook_for(webhook_id, session=session, actor=actor, lock=True)
    if not held.active:
        raise Conflict("This webhook is turned off: turn it on first")
    return held


def _again(held: WebhookSubscription, ids: list[uuid.UUID], session: Any) -> None:
    fresh = {"status": "waiting", "attempts": 0, "next_attempt_at": clock.now(), "delivered_at": None}
    changing = sa.update(WebhookDelivery).where(WebhookDelivery.id.in_(ids)).values(**fresh)
    session.execute(changing.execution_options(synchronize_session=False))
    wake(held, session=session)


def _queue_missed(held: WebhookSubscription, since: datetime, until: datetime, session: Any) -> int:
    queued = sa.select(WebhookDelivery.event_id).where(
        WebhookDelivery.subscription_id == held.id, WebhookDelivery.event_id == Event.id
    )
    told = Event.door != "import"  # what is brought along is told to nobody
    missed = sa.and_(Event.at >= since, Event.at < until, told, ~queued.exists())
    if EVERYTHING not in held.events:
        missed = sa.and_(missed, Event.name.in_(held.events))
    events = list(
        session.scalars(sa.select(Event).where(missed).order_by(Event.workspace_seq).limit(MOST_AT_ONCE))
    )
    tickets = _tickets({event.ticket_id for event in events if event.ticket_id}, session)
    facts = [(event, tickets.get(event.ticket_id)) for event in events]
    rows = [
        new_delivery(held, event.name, event_id=event.id)
        for event, _ in meeting(held.condition, facts, session)
    ]
    if rows:
        add_deliveries(held, rows, session)
    return len(rows)


def _tickets(ids: Any, session: Any) -> dict[Any, Ticket]:
    return {ticket.id: ticket for ticket in session.scalars(sa.select(Ticket).where(Ticket.id.in_(ids)))}


def _record(held: WebhookSubscription, count: int, session: Any, actor: Actor) -> None:
    changes = {"messages": [None, count]}
    record("webhook.replayed", session=session, actor=actor, subject_id=held.id, changes=changes)


def forget_deliveries(*, session: Any = None) -> int:
    """Removes what was made a month ago and does not wait; how many."""
    session = session or db.session()
    row = WebhookDelivery
    old = sa.and_(row.created_at < clock.now() - KEPT, row.status != "waiting")
    gone = session.execute(sa.delete(row).where(old).execution_options(synchronize_session=False))
    return int(gone.rowcount)
