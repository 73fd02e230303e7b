"""Subscriptions: made, changed, paused, deleted; their secrets."""

import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from webapp import clock
from webapp.auth import Actor, current_actor, require
from webapp.config import is_loopback, settings
from webapp.errors import Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.integrations import safe_http
from webapp.models import WebhookDelivery, WebhookSubscription
from webapp.models.webhook import new_secret
from webapp.services.event import record
from webapp.services.webhooks.condition import check_condition
from webapp.services.webhooks.queue import add_test, lock_subscriptions, wake
from webapp.signing import seal
from webapp.tenancy import require_workspace_id

MOST = 50
BOTH_SIGN = timedelta(hours=24)
"""So long after a rotation the secret before signs as well."""
TOLD = ("description", "events", "condition", "active")
"""What the ledger says of a change. Of an address only its host: the rest may be a secret."""


def list_webhooks(*, session: Any = None, actor: Actor | None = None) -> list[WebhookSubscription]:
    """The workspace's subscriptions, the oldest first."""
    session = session or db.session()
    require(actor or current_actor(), "webhook:manage")
    return list(session.scalars(sa.select(WebhookSubscription).order_by(WebhookSubscription.id)))


def webhook_for(
    webhook_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None, lock: bool = False
) -> WebhookSubscription:
    """A subscription of this workspace. Raises `NotFound`."""
    session = session or db.session()
    require(actor or current_actor(), "webhook:manage")
    locked = lock_subscriptions([webhook_id], session) if lock else []
    found = locked[0] if locked else session.get(WebhookSubscription, webhook_id)
    if found is None:
        raise NotFound("There is no such webhook")
    return found  # type: ignore[no-any-return]


def create_webhook(
    url: str,
    *,
    description: str = "",
    events: list[str],
    condition: str = "",
    session: Any = None,
    actor: Actor | None = None,
) -> tuple[WebhookSubscription, str]:
    """Subscribes an endpoint; the row and its secret, the only time that anybody sees that.

    `events`: names of the catalogue, or `*`. Raises `Invalid` for the address or the condition, `Conflict`
    where there are too many already.
    """
    session, actor = session or db.session(), actor or current_actor()
    if len(list_webhooks(session=session, actor=actor)) >= MOST:
        raise Conflict(f"There are {MOST} webhooks already: delete one that nobody needs")
    check_url(url)
    check_condition(condition)
    secret = new_secret()
    made = WebhookSubscription(
        workspace_id=require_workspace_id(),
        url=url,
        description=description or host_of(url),
        events=events,
        condition=condition,
        secret_box=seal(secret),
    )
    session.add(made)
    session.flush()
    changes = {"name": [None, made.description], "events": [None, events], "condition": [None, condition]}
    _record("webhook.created", made, {**changes, "host": [None, host_of(url)]}, session, actor)
    return made, secret


def update_webhook(
    webhook_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None, **changes: Any
) -> WebhookSubscription:
    """Sets `url`, `description`, `events`, `condition`, `active`, those that are given and not None.

    Turned on again, it starts afresh: what waits goes at once. Raises `Invalid`, `NotFound`.
    """
    session, actor = session or db.session(), actor or current_actor()
    found = webhook_for(webhook_id, session=session, actor=actor, lock=True)
    wanted = {name: value for name, value in changes.items() if value is not None}
    if "url" in wanted:
        check_url(wanted["url"])
    if "description" in wanted:
        wanted["description"] = wanted["description"] or host_of(wanted.get("url", found.url))
    check_condition(wanted.get("condition", ""))
    before = {name: getattr(found, name) for name in wanted}
    for name, value in wanted.items():
        setattr(found, name, value)
    if changed := {name: [old, wanted[name]] for name, old in before.items() if old != wanted[name]}:
        if "url" in changed or "active" in changed:
            _start_afresh(found, session)
        _record("webhook.updated", found, _told(changed), session, actor)
    return found


def _told(changed: dict[str, list[Any]]) -> dict[str, Any]:
    told = {name: pair for name, pair in changed.items() if name in TOLD}
    return {**told, "host": [host_of(url) for url in changed["url"]]} if "url" in changed else told


def _start_afresh(found: WebhookSubscription, session: Any) -> None:
    found.disabled_reason = found.disabled_at = found.failing_since = found.resting_until = None
    found.failures = 0
    session.flush()
    if found.active:
        waiting = sa.and_(WebhookDelivery.subscription_id == found.id, WebhookDelivery.status == "waiting")
        session.execute(sa.update(WebhookDelivery).where(waiting).values(next_attempt_at=clock.now()))
        wake(found, session=session)


def delete_webhook(webhook_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """Deletes a subscription with its log; what waits is not sent. Raises `NotFound`."""
    session, actor = session or db.session(), actor or current_actor()
    found = webhook_for(webhook_id, session=session, actor=actor, lock=True)
    session.delete(found)
    session.flush()
    _record("webhook.deleted", found, {"name": [found.description, None]}, session, actor)


def rotate_secret(webhook_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> str:
    """Makes a new secret and returns it, the only time that anybody sees it; for a day both sign."""
    session, actor = session or db.session(), actor or current_actor()
    found = webhook_for(webhook_id, session=session, actor=actor, lock=True)
    made = new_secret()
    found.previous_secret_box, found.previous_until = found.secret_box, clock.now() + BOTH_SIGN
    found.secret_box = seal(made)
    session.flush()
    _record("webhook.secret_rotated", found, {}, session, actor)
    return made


def send_test(webhook_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> WebhookDelivery:
    """Queues one message that tries the endpoint, once, also while it is turned off."""
    session, actor = session or db.session(), actor or current_actor()
    found = webhook_for(webhook_id, session=session, actor=actor, lock=True)
    said = {"message": "Parley tries whether this endpoint answers.", "asked_by": actor.name}
    return add_test(found, said, session)


def _record(
    name: str, about: WebhookSubscription, changes: dict[str, Any], session: Any, actor: Actor
) -> None:
    record(name, session=session, actor=actor, subject_id=about.id, changes=changes)


# --- addresses ------------------------------------------------------------------------------------


def check_url(url: str) -> None:
    """Raises `Invalid` for what is no public https address. What its name leads to is checked at each use."""
    if not _is_allowed(url):
        raise Invalid.field("url", "A public https address, such as https://example.com/hooks")


def _is_allowed(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment or any(ord(char) <= 32 for char in url):
        return False
    if is_loopback(host):
        return settings().testing and parts.scheme in ("http", "https")
    return parts.scheme == "https" and _is_public(host)


def _is_public(host: str) -> bool:
    try:
        return safe_http.is_public(host)
    except ValueError:  # a name; one that ends in a number would be read as an address by some
        last = host.rstrip(".").rpartition(".")[2]
        return "." in host.strip(".") and not last.isdecimal() and not last.startswith("0x")


def host_of(url: str) -> str:
    """The part of an address that may be told."""
    return urlsplit(url).hostname or ""
