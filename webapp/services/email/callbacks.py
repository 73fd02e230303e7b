"""What SendGrid and Amazon SES tell of a mail afterwards: that it came back, or was called spam.

Only of mail of ours: an id that no delivery of this workspace has changes nothing.
"""

import base64
import binascii
from collections.abc import Iterable
from typing import Any

from webapp.services.email.delivery import record_bounce, sent_to

MOST = 1_000
"""So many events of one call are read."""


# --- SendGrid -------------------------------------------------------------------------------------


def is_sendgrids(public_key: str, signature: str, timestamp: str, body: bytes) -> bool:
    """Whether SendGrid signed a request: `public_key` as its page shows it, the rest from its headers."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(base64.b64decode(public_key, validate=True))
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        said = base64.b64decode(signature, validate=True)
        key.verify(said, timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    except (ValueError, TypeError, binascii.Error, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def note_sendgrid(events: Any, *, session: Any = None) -> int:
    """Reads the events of one call; how many of them were about a mail of ours."""
    found = [one for one in events[:MOST] if isinstance(one, dict)] if isinstance(events, list) else []
    return sum(_note_sendgrid(one, session) for one in found)


def _note_sendgrid(event: dict[str, Any], session: Any) -> bool:
    name = event.get("event")
    if name not in ("bounce", "spamreport"):
        return False
    # What it returned for the mail, before the dot; after it the name of a machine of theirs.
    provider_id = _text(event.get("sg_message_id")).partition(".")[0]
    return _note(
        _text(event.get("email")),
        provider_id,
        _text(event.get("smtp-id")),
        is_permanent=name == "bounce" and event.get("type") != "blocked",
        is_complaint=name == "spamreport",
        detail=_text(event.get("reason")),
        session=session,
    )


# --- Amazon SES -----------------------------------------------------------------------------------


def note_ses(told: dict[str, Any], *, session: Any = None) -> int:
    """Reads a notification or event of SES; how many recipients of a mail of ours it was about."""
    kind = told.get("notificationType") or told.get("eventType")
    mail = _dict(told.get("mail"))
    ids = _text(mail.get("messageId")), _text(_dict(mail.get("commonHeaders")).get("messageId"))
    if kind == "Bounce":
        bounce = _dict(told.get("bounce"))
        is_permanent = bounce.get("bounceType") == "Permanent"
        return sum(
            _note(address, *ids, is_permanent=is_permanent, detail=said, session=session)
            for address, said in _recipients(bounce.get("bouncedRecipients"))
        )
    if kind == "Complaint":
        complaint = _dict(told.get("complaint"))
        return sum(
            _note(address, *ids, is_permanent=True, is_complaint=True, detail=said, session=session)
            for address, said in _recipients(complaint.get("complainedRecipients"))
        )
    return 0


def _recipients(found: Any) -> Iterable[tuple[str, str]]:
    for one in found[:MOST] if isinstance(found, list) else []:
        row = _dict(one)
        yield _text(row.get("emailAddress")), _text(row.get("diagnosticCode"))


# --- both -----------------------------------------------------------------------------------------


def _note(
    address: str,
    provider_id: str,
    message_id: str,
    *,
    is_permanent: bool,
    detail: str,
    session: Any,
    is_complaint: bool = False,
) -> bool:
    if sent_to(address, provider_id, message_id, session=session) is None:
        return False
    record_bounce(
        address,
        provider_id=provider_id,
        message_id=message_id,
        is_permanent=is_permanent,
        is_complaint=is_complaint,
        detail=detail,
        session=session,
    )
    return True


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value.replace("\x00", "")[:300] if isinstance(value, str) else ""
