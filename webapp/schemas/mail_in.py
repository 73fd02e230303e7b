"""Mail that came in: what its pages take and show."""

import base64
import binascii
import re
import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from webapp import clock
from webapp.models import InboundMail, Mailbox
from webapp.schemas.text import Line, Strict
from webapp.validators import fold_email, is_valid_email

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:]+")
KEY_BYTES = 91
"""A public key of the curve P-256, as SendGrid shows it in base64."""


def _is_public_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == KEY_BYTES
    except (ValueError, binascii.Error):
        return False


def _ticked(value: object) -> object:
    return value in ("1", "on", True)


class _Mailbox(Strict):
    """How mail comes to an inbox."""

    address: Annotated[Line, Field(max_length=254)] = ""
    trusted_host: Annotated[Line, Field(max_length=253)] = ""
    strangers: Literal["open", "hold"] = "open"
    ses_topic: Annotated[Line, Field(max_length=300)] = ""
    sendgrid_public_key: Annotated[Line, Field(max_length=300)] = ""
    imap_host: Annotated[Line, Field(max_length=253)] = ""
    imap_port: Annotated[int, Field(ge=1, le=65535)] = 993
    imap_tls: Literal["tls", "starttls"] = "tls"
    imap_username: Annotated[Line, Field(max_length=254)] = ""
    imap_folder: Annotated[Line, Field(max_length=200)] = "INBOX"

    @field_validator("address")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value.strip() and not is_valid_email(value.strip()):
            raise ValueError("This is not an e-mail address")
        return fold_email(value)

    @field_validator("trusted_host")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        name = value.strip().lower()
        if any(char.isspace() or char in ";=()" for char in name):
            raise ValueError("A name such as mx.example.com")
        return name

    @field_validator("imap_host")
    @classmethod
    def _is_a_host(cls, value: str) -> str:
        name = value.strip().lower()
        if name and not _HOST.fullmatch(name):
            raise ValueError("The name of the server, such as imap.example.com")
        return name

    @field_validator("ses_topic")
    @classmethod
    def _is_a_topic(cls, value: str) -> str:
        topic = value.strip()
        if topic and not topic.startswith("arn:aws"):
            raise ValueError("A topic's name begins with arn:aws:sns:")
        return topic

    @field_validator("sendgrid_public_key")
    @classmethod
    def _is_a_key(cls, value: str) -> str:
        key = "".join(value.split())
        if key and not _is_public_key(key):
            raise ValueError("Copy the whole verification key, as SendGrid shows it")
        return key


class MailboxForm(_Mailbox):
    """The form. An empty password keeps the one that is stored; `test`: then look."""

    is_polling: Annotated[bool, BeforeValidator(_ticked)] = False
    imap_password: Annotated[Line, Field(max_length=500)] = ""
    test: Literal["", "imap"] = ""


class MailboxPatch(_Mailbox):
    """What a program changes; a password that is not given stays."""

    is_polling: bool = False
    imap_password: Annotated[Line, Field(max_length=500)] = ""


class MailboxOut(_Mailbox):
    """How mail comes to an inbox, and how reading by IMAP goes; never its password."""

    is_polling: bool
    has_password: bool
    polled_at: datetime | None
    last_error: str | None


def mailbox_out(row: Mailbox) -> dict[str, Any]:
    """A mailbox as programs see it."""
    return {
        **{name: getattr(row, name) for name in (*_Mailbox.model_fields, "is_polling")},
        "has_password": bool(row.imap_password_box),
        "polled_at": clock.iso(row.polled_at),
        "last_error": row.last_error,
    }


class SenderForm(Strict):
    """Whose mail is not to be taken."""

    address: Annotated[Line, Field(max_length=254)] = ""


class SeveralForm(Strict):
    """What is to become of the held mails that are ticked."""

    verb: Literal["accept", "discard"]
    mails: Annotated[list[uuid.UUID], BeforeValidator(list), Field(max_length=100)] = []


class DecisionIn(Strict):
    """What is to become of a held mail."""

    verb: Literal["accept", "discard"]


class HeldMailOut(Strict):
    """A mail that waits for a decision, and why; `verified`: its sender was proved."""

    id: uuid.UUID
    inbox_id: uuid.UUID
    door: str
    from_address: str
    from_name: str
    subject: str
    preview: str
    reason: str
    is_verified: bool
    size_bytes: int
    received_at: datetime


class BlockedSenderOut(Strict):
    """An address, or a whole `@domain`, of which no mail is taken."""

    id: uuid.UUID
    address: str


def held_mail_out(mail: InboundMail, reasons: dict[str, str]) -> dict[str, Any]:
    """A held mail as programs list it."""
    found = mail_row(mail, reasons)
    kept = {name: found[name] for name in HeldMailOut.model_fields}
    return {**kept, "id": str(mail.id), "inbox_id": str(mail.inbox_id)}


def mail_row(mail: InboundMail, reasons: dict[str, str]) -> dict[str, Any]:
    """A mail as the page of held ones lists it; `reasons`: what their names mean."""
    return {
        "id": mail.id,
        "from_address": mail.from_address,
        "from_name": mail.from_name,
        "subject": mail.subject,
        "preview": mail.preview,
        "reason": reasons.get(mail.reason or "", ""),
        "status": mail.status,
        "door": mail.door,
        "is_verified": mail.is_verified,
        "size_bytes": mail.size_bytes,
        "storage_key": mail.storage_key,
        "inbox_id": mail.inbox_id,
        "received_at": clock.iso(mail.received_at),
    }


_PLAIN = ("status", "door", "from_address", "from_name", "cc", "subject", "is_verified", "size_bytes")


class InCopyOut(Strict):
    address: str
    name: str


class InboundMailOut(Strict):
    """A mail that came in, as programs read it."""

    id: uuid.UUID
    inbox_id: uuid.UUID
    ticket_id: uuid.UUID | None
    comment_id: uuid.UUID | None
    status: Literal["new", "threaded", "suspended", "dropped", "bounce"]
    door: Literal["sendgrid", "ses", "imap", "pipe"]
    from_address: str
    from_name: str
    cc: list[InCopyOut]
    subject: str
    is_verified: bool
    size_bytes: int
    received_at: datetime
    text: str
    folded: str


def inbound_mail_out(mail: InboundMail) -> dict[str, Any]:
    """All of it but its text, which lies in the storage."""
    return {
        "id": str(mail.id),
        "inbox_id": str(mail.inbox_id),
        "ticket_id": str(mail.ticket_id) if mail.ticket_id else None,
        "comment_id": str(mail.comment_id) if mail.comment_id else None,
        **{name: getattr(mail, name) for name in _PLAIN},
        "received_at": clock.iso(mail.received_at),
    }
