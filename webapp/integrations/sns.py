"""Amazon SNS: what it posts to us, and whether it was really Amazon who did.

Signed by a certificate that the message itself names: only one that lies on a host of Amazon's counts. Whose
topic it is the signature does not say; the caller compares that.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from webapp import clock
from webapp.integrations import safe_http
from webapp.integrations.safe_http import Unreachable

MAX_AGE = timedelta(hours=6)
"""It tries again for so long; what is older was kept by somebody and sent once more."""
CERTIFICATE_BYTES = 20_000
SECONDS = 5.0
MOST_KEPT = 20
_HOST = re.compile(r"sns\.[a-z]{2}(-[a-z]+)+-\d\.amazonaws\.com(\.cn)?")
_NOTIFIED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_ASKED = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED = {
    "Notification": _NOTIFIED,
    "SubscriptionConfirmation": _ASKED,
    "UnsubscribeConfirmation": _ASKED,
}
_certificates: dict[str, bytes] = {}


class Forged(Exception):
    """Not from Amazon, not as it was sent, or too old."""


@dataclass(frozen=True)
class Message:
    """What SNS said. `kind`: a key of `_SIGNED`; `subscribe_url`: where a subscription is confirmed."""

    kind: str
    topic: str
    text: str
    subscribe_url: str = ""


def read(body: bytes) -> Message:
    """The message of a request, proved; asks for the certificate. Raises `Forged`, `Unreachable`."""
    fields = _fields(body)
    kind = fields["Type"]
    signed = "".join(f"{name}\n{fields[name]}\n" for name in _SIGNED[kind] if name in fields)
    _check_age(fields["Timestamp"])
    _check_signature(_certificate(fields["SigningCertURL"]), fields, signed.encode())
    return Message(kind, fields["TopicArn"], fields["Message"], fields.get("SubscribeURL", ""))


def confirm(message: Message) -> None:
    """Says yes to a subscription. Raises `Forged` for an address that is not Amazon's, `Unreachable`."""
    _check_place(message.subscribe_url)
    answer = safe_http.get(message.subscribe_url, {}, seconds=SECONDS)
    if answer.status != 200:
        raise Unreachable(f"it answered {answer.status}")


def _fields(body: bytes) -> dict[str, str]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Forged("not JSON") from None
    if not isinstance(found, dict) or found.get("Type") not in _SIGNED:
        raise Forged("not of SNS")
    texts = {name: value for name, value in found.items() if isinstance(value, str)}
    needed = {*_SIGNED[texts["Type"]], "Signature", "SigningCertURL"} - {"Subject"}
    if needed - texts.keys():
        raise Forged("not whole")
    return texts


def _check_age(said: str) -> None:
    try:
        sent = datetime.fromisoformat(said)
    except ValueError:
        raise Forged("no time") from None
    sent = sent if sent.tzinfo else sent.replace(tzinfo=UTC)
    if abs(clock.now() - sent) > MAX_AGE:
        raise Forged("too old")


def _check_place(url: str) -> None:
    """Only https, on a host of SNS, with neither a port nor a name of somebody before it."""
    try:
        parts = urlsplit(url)
        is_plain = parts.scheme == "https" and parts.netloc == parts.hostname
    except ValueError:
        raise Forged("not an address") from None
    if not is_plain or not _HOST.fullmatch(parts.hostname or ""):
        raise Forged("not Amazon's host")


def _certificate(url: str) -> bytes:
    _check_place(url)
    if not urlsplit(url).path.endswith(".pem"):
        raise Forged("no certificate")
    if url not in _certificates:
        answer = safe_http.get(url, {}, seconds=SECONDS, max_bytes=CERTIFICATE_BYTES)
        if answer.status != 200 or answer.is_cut:
            raise Unreachable(f"it answered {answer.status}")
        while len(_certificates) >= MOST_KEPT:
            _certificates.pop(next(iter(_certificates)))
        _certificates[url] = answer.body
    return _certificates[url]


def _check_signature(pem: bytes, fields: dict[str, str], signed: bytes) -> None:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    hash_: Any = {"1": hashes.SHA1, "2": hashes.SHA256}.get(fields.get("SignatureVersion", ""))
    if hash_ is None:
        raise Forged("an unknown signature")
    try:
        key: Any = x509.load_pem_x509_certificate(pem).public_key()
        signature = base64.b64decode(fields["Signature"], validate=True)
        key.verify(signature, signed, padding.PKCS1v15(), hash_())
    except (ValueError, TypeError, AttributeError, binascii.Error, InvalidSignature):
        raise Forged("not its signature") from None
