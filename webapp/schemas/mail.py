"""Mail: its section of the workspace's settings, its forms, and a delivery as staff see it."""

import uuid
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from webapp import clock
from webapp.models import MailDelivery, MailSuppression
from webapp.models.ticket import STATUSES
from webapp.schemas.text import Line, Strict, Text

Language = Literal["en", "de", "zh", "ar"]


def _switch(value: Any) -> Any:
    return value in ("1", "on", True)


def _ticked(value: Any) -> Any:
    return list(value) if isinstance(value, dict) else value


def _unix_lines(value: Any) -> Any:
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


TextOfMail = Annotated[Text, BeforeValidator(_unix_lines), Field(max_length=20_000)]


class MailSection(Strict):
    """When customers are told by mail, and how."""

    section: ClassVar[str] = "mail"

    language: Language = "en"
    undo_seconds: Annotated[int, Field(ge=0, le=30)] = 10
    tell_created: bool = True
    status_mails: list[Literal["open", "assigned", "in_progress", "pending", "resolved", "closed"]] = list(
        STATUSES
    )
    digest_minutes: Annotated[int, Field(ge=0, le=1440)] = 10
    digest_gap_minutes: Annotated[int, Field(ge=1, le=1440)] = 15
    digest_messages: Annotated[int, Field(ge=1, le=50)] = 10
    acknowledgements_per_hour: Annotated[int, Field(ge=1, le=10_000)] = 200


class MailForm(MailSection):
    """The section as its page sends it: what is not ticked is not there."""

    tell_created: Annotated[bool, BeforeValidator(_switch)] = False
    status_mails: Annotated[
        list[Literal["open", "assigned", "in_progress", "pending", "resolved", "closed"]],
        BeforeValidator(_ticked),
    ] = []


class TemplateForm(Strict):
    """A workspace's own wording."""

    subject: Annotated[Line, Field(min_length=1, max_length=200)]
    text: Annotated[TextOfMail, Field(min_length=1)]
    html: TextOfMail = ""
    do: Line = "save"


class WordingIn(Strict):
    """A workspace's own words for a mail; without `html` the text is sent in our frame."""

    subject: Annotated[Line, Field(min_length=1, max_length=200)]
    text: Annotated[TextOfMail, Field(min_length=1)]
    html: TextOfMail = ""


class WordingOut(Strict):
    """The words of a mail in one language. `placeholders`: what it may name, as `{{name}}`."""

    name: str
    language: str
    subject: str
    text: str
    html: str | None
    is_own: bool
    placeholders: list[str]


class MailKindOut(Strict):
    """A mail that can be worded. `own_languages`: those in which it is in the workspace's own words."""

    name: str
    says: str
    own_languages: list[str]


class SuppressionOut(Strict):
    """An address that gets no mail, and why: `manual`, `bounce` or `complaint`."""

    id: uuid.UUID
    address: str
    reason: str
    detail: str
    created_at: datetime


def suppression_out(row: MailSuppression) -> dict[str, Any]:
    """An address that gets no mail, as pages and programs list it."""
    return {
        "id": str(row.id),
        "address": row.address,
        "reason": row.reason,
        "detail": row.detail,
        "created_at": clock.iso(row.created_at),
    }


class AddressForm(Strict):
    """One address."""

    address: Line


def delivery_out(row: MailDelivery) -> dict[str, Any]:
    """A delivery as an agent's thread shows it."""
    return {
        "id": str(row.id),
        "ticket_id": str(row.ticket_id) if row.ticket_id else None,
        "comment_id": str(row.comment_id) if row.comment_id else None,
        "template": row.template,
        "to": row.to_address,
        "status": row.status,
        "provider": row.provider,
        "error": row.error,
        "send_at": clock.iso(row.send_at),
        "at": clock.iso(row.sent_at or row.created_at),
    }
