"""What is asked of the search, and what it finds."""

from datetime import datetime
from typing import Literal

from webapp.schemas.customer import CustomerOut
from webapp.schemas.pushed import RowOut
from webapp.schemas.text import Line, PageSize, Strict


class FindQuery(Strict):
    q: Line = ""
    scope: Literal["tickets", "customers"] = "tickets"
    cursor: Line | None = None
    limit: PageSize = 20


class Piece(Strict):
    """A part of a text; `hit`: it is what was looked for."""

    text: str
    hit: bool


class TicketFound(Strict):
    """A ticket, with the text that fits best; `count`: how many of its texts fit."""

    ticket: RowOut
    title: list[Piece]
    text: list[Piece]
    kind: Literal["ticket", "reply", "note"]
    author: str | None
    at: datetime
    seq: int | None
    count: int


class CustomerFound(Strict):
    customer: CustomerOut
    title: list[Piece]
    text: list[Piece]
