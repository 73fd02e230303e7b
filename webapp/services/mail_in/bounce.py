"""Reports of mail that did not arrive (RFC 3464), and the older ones that say so in words. Pure."""

import re
from dataclasses import dataclass
from email import message_from_string
from email.message import Message

MAX_REPORTED = 50
_STATUS = re.compile(r"\b([245])\.\d{1,3}\.\d{1,3}\b")
_ADDRESS = re.compile(r"[^\s<>;,\"']{1,64}@[^\s<>;,\"']{1,190}")
_MESSAGE_ID = re.compile(r"^message-id:\s*(<[^<>\s]{1,248}>)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Undelivered:
    """One recipient who did not get it."""

    address: str
    is_permanent: bool
    said: str = ""


@dataclass(frozen=True)
class Bounce:
    """What came back: to whom it had gone, and the id of the mail that had."""

    recipients: tuple[Undelivered, ...]
    message_id: str | None


def read_bounce(message: Message) -> Bounce | None:
    """The report that a mail is, or None. A report of a delay has no recipients."""
    report = str(message.get_param("report-type") or "").lower()
    if message.get_content_type() == "multipart/report" and report in ("", "delivery-status"):
        return Bounce(_reported(message), _original_id(message))
    failed = str(message.get("X-Failed-Recipients", ""))[:5000]
    if failed:
        said = tuple(
            Undelivered(one, True, "It came back") for one in _ADDRESS.findall(failed)[:MAX_REPORTED]
        )
        return Bounce(said[:MAX_REPORTED], _original_id(message))
    return None


def _reported(message: Message) -> tuple[Undelivered, ...]:
    reports = [part for part in _parts(message) if part.get_content_type() == "message/delivery-status"]
    payloads = [part.get_payload() for part in reports]
    blocks = [block for payload in payloads if isinstance(payload, list) for block in payload]
    found = (_recipient(block) for block in blocks if isinstance(block, Message))
    return tuple(one for one in found if one is not None)[:MAX_REPORTED]


def _recipient(block: Message) -> Undelivered | None:
    action = str(block.get("Action", "")).strip().lower()
    address = _ADDRESS.search(
        str(block.get("Original-Recipient") or block.get("Final-Recipient") or "")[:1000]
    )
    if action != "failed" or address is None:
        return None
    code = " ".join(str(block.get("Diagnostic-Code", "")).split())[:300].partition(";")[2].strip()
    status = _STATUS.search(str(block.get("Status", ""))[:50])
    is_permanent = status is None or status[1] == "5"
    said = code or (f"Status {status[0]}" if status else "It came back")
    return Undelivered(address[0].lower(), is_permanent, said)


def _original_id(message: Message) -> str | None:
    """The id of the mail that came back, from the copy of it or of its headers."""
    for part in _parts(message):
        kind, inner = part.get_content_type(), part.get_payload()
        if kind == "message/rfc822" and isinstance(inner, list) and inner and isinstance(inner[0], Message):
            return _id_in(f"message-id: {inner[0].get('Message-ID', '')}")
        if kind == "text/rfc822-headers":
            data = part.get_payload(decode=True)
            text = data.decode("latin-1")[:50_000] if isinstance(data, bytes) else ""
            return _id_in(f"message-id: {message_from_string(text).get('Message-ID', '')}")
    body = message.get_payload()
    return _id_in(body[:50_000]) if isinstance(body, str) else None


def _id_in(text: str) -> str | None:
    found = _MESSAGE_ID.search(text)
    return found[1] if found else None


def _parts(message: Message) -> list[Message]:
    body = message.get_payload()
    return [part for part in body[:20] if isinstance(part, Message)] if isinstance(body, list) else []
