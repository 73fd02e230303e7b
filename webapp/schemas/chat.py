"""What a customer's browser may say, over REST and the socket alike."""

import uuid
from typing import Annotated, Any

from pydantic import Field, model_validator

from webapp.schemas.text import Answer, Content, Files, Line, PageSize, Place, Sequence, Strict, Text


class PageIn(Strict):
    url: Text = ""
    title: Text = ""
    referrer: Text = ""


class VisitorIn(Strict):
    inbox_key: Line
    locale: Line | None = None
    page: PageIn | None = None


class IdentifyIn(Strict):
    inbox_key: Line
    jwt: Annotated[str, Field(max_length=4000)] | None = None
    identifier: Line | None = None
    hash: Line | None = None
    email: Line | None = None
    name: Line | None = None


class MessageIn(Strict):
    ticket_id: uuid.UUID | None = None
    client_id: uuid.UUID
    content: Content
    attachment_ids: Files = []
    prechat: Annotated[dict[Line, Answer], Field(max_length=30)] = {}
    consent: bool = False


class MarkIn(Strict):
    ticket_id: uuid.UUID
    delivered: Sequence = 0
    seen: Sequence = 0


class TypingIn(Strict):
    ticket_id: uuid.UUID
    typing: bool


class EndIn(Strict):
    ticket_id: uuid.UUID


class ContinueIn(Strict):
    """What stands in the link of a mail."""

    token: Annotated[Text, Field(max_length=300)]


class NothingIn(Strict):
    """No fields at all."""


class ReplayQuery(Strict):
    ticket: uuid.UUID
    after: Place | None = None
    before: Place | None = None
    limit: PageSize = 50


class ConnectIn(Strict):
    """The `auth` of a customer's socket."""

    token: Annotated[str, Field(max_length=200)]
    page: PageIn | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_extras(cls, value: Any) -> Any:
        return value if isinstance(value, dict) else {}
