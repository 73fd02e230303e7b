"""What ties mails to a ticket: Message-IDs, and the token in the address that answers go to.

Both carry a code that only we can make, bound to what it is for. A ticket's number alone never threads
anything.
"""

import base64
import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from webapp import clock
from webapp.auth import same
from webapp.config import settings
from webapp.mail_settings import REPLY_LOCAL_CHARS
from webapp.services.email.carriers import reply_to
from webapp.signing import keys
from webapp.validators import fold_email

REPLY_DAYS = 90
MAC_BYTES = 9
DAY_ZERO = datetime(2020, 1, 1, tzinfo=UTC)
PURPOSES = ("customer", "staff")
_MESSAGE_ID = re.compile(r"<?([0-9a-f]{32})\.([0-9a-z]{1,40})\.([0-9a-z]{15})@[^<>@\s]+>?")


@dataclass(frozen=True)
class ReplyClaim:
    """What a reply address stands for; `owner` is a hash of the address that the token was made for."""

    ticket_id: uuid.UUID
    purpose: str
    expires_at: datetime
    owner: bytes

    def is_from(self, address: str) -> bool:
        """Whether that address is the one that the token was made for."""
        body = fold_email(address).encode()
        return any(hmac.compare_digest(self.owner, digest[:4]) for digest in _digests("owner", body))


def message_id(ticket_id: uuid.UUID, part: str) -> str:
    """A mail's id: the ticket, the part of it (a comment's id, a delivery's; "0": the ticket itself), the
    code.
    """
    body = f"{ticket_id.hex}.{part}"
    # The installation's domain, whoever sends: a ticket's first mail keeps its id when the sender changes.
    return f"<{body}.{_mac('message', body.encode())}@{settings().mail.sender.domain}>"


def read_message_id(text: str) -> uuid.UUID | None:
    """The ticket of a Message-ID, if we made it."""
    found = _MESSAGE_ID.fullmatch(text.strip())
    if found is None:
        return None
    ours = _digests("message", f"{found[1]}.{found[2]}".encode())
    return uuid.UUID(found[1]) if any(same(found[3], _text(digest)) for digest in ours) else None


def thread_headers(ticket_id: uuid.UUID, own_id: str, answered: str | None = None) -> dict[str, str]:
    """The headers by which mail programs show all mails of a ticket as one conversation.

    `answered`: the id of the customer's own mail that it goes on from.
    """
    root = message_id(ticket_id, "0")
    known = [one for one in (root, answered) if one and one != own_id]
    return {"In-Reply-To": known[-1], "References": " ".join(known)} if known else {}


def reply_address(ticket_id: uuid.UUID, recipient: str, purpose: str = "customer") -> str:
    """Where that recipient's answer comes back to: the mailbox with a token after the plus."""
    mailbox = reply_to()
    local, _, domain = mailbox.rpartition("@")
    if len(local) > REPLY_LOCAL_CHARS:
        return mailbox
    return f"{local}+{reply_token(ticket_id, recipient, purpose)}@{domain}"


def reply_token(ticket_id: uuid.UUID, recipient: str, purpose: str = "customer") -> str:
    """A token for one ticket, recipient and purpose that holds 90 days: letters and digits in one case."""
    days = (clock.now() + timedelta(days=REPLY_DAYS) - DAY_ZERO).days
    body = ticket_id.bytes + _owner(recipient) + days.to_bytes(2, "big") + bytes([PURPOSES.index(purpose)])
    return _text(body + _digest("reply", body))


def open_reply_token(token: str) -> ReplyClaim | None:
    """What a token stands for, if we made it and it has not expired."""
    try:
        raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
        body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
        claim = ReplyClaim(
            ticket_id=uuid.UUID(bytes=body[:16]),
            owner=body[16:20],
            expires_at=DAY_ZERO + timedelta(days=int.from_bytes(body[20:22], "big") + 1),
            purpose=PURPOSES[body[22]],
        )
    except (ValueError, IndexError):
        return None
    is_ours = len(body) == 23 and any(hmac.compare_digest(mac, one) for one in _digests("reply", body))
    if _text(raw) != token.lower():  # the last letter has bits to spare: one token, one spelling
        return None
    return claim if is_ours and claim.expires_at > clock.now() else None


def _owner(address: str) -> bytes:
    return _digest("owner", fold_email(address).encode())[:4]


def _mac(purpose: str, body: bytes) -> str:
    return _text(_digest(purpose, body))


def _text(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


def _digest(purpose: str, body: bytes) -> bytes:
    return _digests(purpose, body)[0]


def _digests(purpose: str, body: bytes) -> list[bytes]:
    """What a body is signed with: by today's key, then by those before it, for what left with them."""
    prefix = f"parley.mail.{purpose}:".encode()
    return [hmac.digest(prefix + key.encode(), body, hashlib.sha256)[:MAC_BYTES] for key in keys()]
