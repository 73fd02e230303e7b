"""The headers of Standard Webhooks 1.0."""

import base64
import hashlib
import hmac
from datetime import datetime

from webapp.models.webhook import SECRET_PREFIX


def signed_headers(message_id: str, at: datetime, body: bytes, secrets: list[str]) -> dict[str, str]:
    """The id, the time of this attempt and a signature by each secret."""
    stamp = str(int(at.timestamp()))
    content = b".".join((message_id.encode(), stamp.encode(), body))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(_sign(secret, content) for secret in secrets),
    }


def _sign(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
