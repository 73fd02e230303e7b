"""Browser push: the workspace's VAPID key, who may be pushed to, and one encrypted message on its way."""

import base64
import hashlib
import ipaddress
import json
import os
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import http_ece
import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

from webapp import clock, database
from webapp.auth import Actor, current_actor, require
from webapp.config import is_loopback, settings
from webapp.errors import Invalid, NotFound
from webapp.extensions import db
from webapp.integrations import safe_http
from webapp.models import Notification, PushKey, PushSubscription, User, UserSession
from webapp.schemas.notification import PushSubscriptionIn
from webapp.signing import seal, unseal
from webapp.tenancy import require_workspace_id

MOST_BROWSERS = 10
KEEP_SECONDS = 4 * 3600
"""How long a push service keeps a message for a browser that is off."""
CLAIM_SECONDS = 12 * 3600
POINT_BYTES, AUTH_BYTES = 65, 16


def public_key(*, session: Any = None) -> str:
    """The workspace's VAPID public key (base64url); the pair is made at first use."""
    session = session or db.session()
    return str(_key(session).public_key)


def _key(session: Any) -> PushKey:
    found: PushKey = database.find_or_make(
        lambda: session.get(PushKey, require_workspace_id()), lambda: _make_key(session)
    )
    return found


def _make_key(session: Any) -> PushKey:
    pair = ec.generate_private_key(ec.SECP256R1())
    secret = pair.private_numbers().private_value.to_bytes(32, "big")
    made = PushKey(workspace_id=require_workspace_id(), public_key=_encode(_point(pair)))
    made.private_box = seal(_encode(secret))
    session.add(made)
    session.flush()
    return made


def _point(pair: ec.EllipticCurvePrivateKey) -> bytes:
    return pair.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# --- who may be pushed to -------------------------------------------------------------------------


def subscribe(
    wanted: PushSubscriptionIn, *, browser: str = "", session: Any = None, actor: Actor | None = None
) -> PushSubscription:
    """Lets a browser be pushed to; the same one again (another person's, too) is taken over.

    Raises `Invalid` for an address that is no public https one, or keys that are none.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "notification:read")
    _check(wanted)
    digest = hashlib.sha256(wanted.endpoint.encode()).hexdigest()
    query = sa.select(PushSubscription).where(PushSubscription.endpoint_hash == digest)
    kept = session.scalar(query) or PushSubscription(endpoint_hash=digest)
    kept.user_id, kept.session_id, kept.browser = actor.id, actor.session_id, browser[:200]
    kept.endpoint, kept.public_key = wanted.endpoint, wanted.keys.p256dh
    kept.auth_box = seal(wanted.keys.auth)
    session.add(kept)
    session.flush()
    _drop_oldest(actor.id, session)
    return kept


def _check(wanted: PushSubscriptionIn) -> None:
    if not _is_allowed(wanted.endpoint):
        raise Invalid.field("endpoint", "The address of a push service is a public https address")
    try:
        point, auth = _decode(wanted.keys.p256dh), _decode(wanted.keys.auth)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise Invalid.field("keys", "These are not a browser's keys") from None
    if len(point) != POINT_BYTES or len(auth) != AUTH_BYTES:
        raise Invalid.field("keys", "These are not a browser's keys")


def _is_allowed(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or parts.username or parts.password or parts.fragment:
        return False
    if is_loopback(host):
        return settings().testing and parts.scheme in ("http", "https")
    return parts.scheme == "https" and "." in host and _is_public(host)


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return True  # a name; what it leads to is checked when it is used


def _drop_oldest(user_id: uuid.UUID | None, session: Any) -> None:
    mine = sa.select(PushSubscription).where(PushSubscription.user_id == user_id)
    for old in session.scalars(mine.order_by(PushSubscription.created_at.desc()).offset(MOST_BROWSERS)):
        session.delete(old)
    session.flush()


def list_subscriptions(*, session: Any = None, actor: Actor | None = None) -> list[PushSubscription]:
    """One's own browsers that are pushed to."""
    session, actor = session or db.session(), actor or current_actor()
    mine = sa.select(PushSubscription).where(PushSubscription.user_id == actor.id)
    return list(session.scalars(mine.order_by(PushSubscription.created_at)))


def unsubscribe(subscription_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """Pushes to one of one's own browsers no more. Raises `NotFound`."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "notification:read")
    found = session.get(PushSubscription, subscription_id)
    if found is None or found.user_id != actor.id:
        raise NotFound("There is no such browser")
    session.delete(found)
    session.flush()


# --- one message ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Push:
    """One message, ready to leave: no row is needed any more."""

    subscription_id: uuid.UUID
    endpoint: str
    body: bytes
    headers: dict[str, str]


def prepare_push(
    notification_id: uuid.UUID, subscription_id: uuid.UUID, *, session: Any = None
) -> Push | None:
    """The encrypted message for a browser; None if it is read already, or the browser signed out."""
    session = session or db.session()
    row = session.get(Notification, notification_id)
    to = session.get(PushSubscription, subscription_id)
    if (
        row is None
        or row.read_at
        or to is None
        or to.user_id != row.user_id
        or not _is_signed_in(to, session)
    ):
        return None
    urgent = row.kind in ("assigned_to_me", "offer", "escalation", "routing_alert", "sla_breached")
    headers = {
        **_claim(to.endpoint, session),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(KEEP_SECONDS),
        "Urgency": "high" if urgent else "normal",
        "Topic": (row.ticket_id or row.id).hex,
    }
    return Push(to.id, to.endpoint, _encrypt(_message(row), to), headers)


def _is_signed_in(to: PushSubscription, session: Any) -> bool:
    if to.session_id is None:
        found = session.get(User, to.user_id)
        return bool(found and found.is_active)
    opened = session.get(UserSession, to.session_id)
    return bool(opened and opened.is_live)


def _message(row: Notification) -> dict[str, Any]:
    ticket = row.ticket
    return {
        "id": str(row.id),
        "title": row.title,
        "body": row.body[:200],
        "tag": str(row.ticket_id or row.id),
        "url": f"/agent/v/all/t/{ticket.number}" if ticket else "/agent",
    }


def _encrypt(message: dict[str, Any], to: PushSubscription) -> bytes:
    sealed: bytes = http_ece.encrypt(
        json.dumps(message, ensure_ascii=False).encode(),
        salt=os.urandom(16),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=_decode(to.public_key),
        auth_secret=_decode(unseal(to.auth_box)),
        version="aes128gcm",
    )
    return sealed


def _claim(endpoint: str, session: Any) -> dict[str, str]:
    """Who sends, signed (RFC 8292)."""
    parts = urlsplit(endpoint)
    own = urlsplit(settings().base_url)
    said = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(clock.now().timestamp()) + CLAIM_SECONDS,
        "sub": f"mailto:no-reply@{own.hostname or 'localhost'}",
    }
    signer = Vapid02.from_raw(unseal(_key(session).private_box).encode())
    signed: dict[str, str] = signer.sign(said)
    return signed


def send_push(push: Push) -> int:
    """Hands the message to the push service; the answer's status. Raises `safe_http.Unreachable`."""
    database.assert_no_transaction()
    answer = safe_http.post(push.endpoint, push.body, push.headers, allow_loopback=settings().testing)
    return answer.status


def forget(subscription_id: uuid.UUID, *, session: Any = None) -> None:
    """The push service knows this browser no more."""
    session = session or db.session()
    gone = sa.delete(PushSubscription).where(PushSubscription.id == subscription_id)
    session.execute(gone.execution_options(synchronize_session=False))
