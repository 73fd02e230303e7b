"""Which events a subscription's condition lets through: those of tickets that meet it as they are now."""

from typing import Any

import sqlalchemy as sa

from webapp.auth import SYSTEM
from webapp.errors import Invalid
from webapp.models import Event, Ticket
from webapp.services.search.conditions import Clause, clauses
from webapp.services.search.grammar import parse

Facts = list[tuple[Event, Ticket | None]]


def check_condition(text: str) -> None:
    """Raises `Invalid` for what is no condition: words to look for, `sort:`, a number, an unknown field."""
    try:
        _clauses(text)
    except Invalid as error:
        raise Invalid.field("condition", error.message) from None


def meeting(condition: str, facts: Facts, session: Any) -> Facts:
    """Of these events those about a ticket that meets the condition; all where there is none."""
    if not condition or not facts:
        return facts
    try:
        where = _clauses(condition)
    except Invalid:  # it speaks of what there is no more
        return []
    ids = {ticket.id for _, ticket in facts if ticket is not None}
    found = set(session.scalars(sa.select(Ticket.id).where(Ticket.id.in_(ids), *where)))
    return [(event, ticket) for event, ticket in facts if ticket is not None and ticket.id in found]


def _clauses(text: str) -> list[Clause]:
    query = parse(text)
    if query.terms or query.number is not None or query.sort:
        raise Invalid("Only conditions, such as priority:high or tag:vip; not words, #numbers or sort:")
    return clauses(query.conditions, SYSTEM)
