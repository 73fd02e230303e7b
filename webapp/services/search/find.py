"""Searching: what the box finds, newest and best first, a page at a time."""

import base64
import json
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy import orm

from webapp import clock, green
from webapp.auth import Actor, current_actor, require
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.models import Comment, Customer, Ticket
from webapp.models.ticket import FAR, RANKS
from webapp.services.search.conditions import Clause, clauses, customer_clauses
from webapp.services.search.grammar import Query, parse
from webapp.services.search.match import FILTERED, NO_END, WINDOW, Match, by_ids, matches

DEEPEST = 10_000
FRESH_DAYS = 30
FRESHNESS, BREVITY, SHORT_CHARS = 0.6, 0.4, 100
"""What being of today and being short are worth, where all words in the title are worth 1."""
ENOUGH = 100
"""So many texts that meet the conditions are weighed against each other."""


@dataclass
class TicketHit:
    """A ticket that was found: by which comment, if by one, and by how many of its texts."""

    ticket: Ticket
    comment: Comment | None = None
    count: int = 0


Hit = TypeVar("Hit")


@dataclass
class Found(Generic[Hit]):
    """A page of what was found, the query as it was understood, and the next page's cursor."""

    query: Query
    hits: list[Hit]
    cursor: str | None


def search_tickets(
    text: str, *, cursor: str | None = None, limit: int = 20, actor: Actor | None = None
) -> Found[TicketHit]:
    """Tickets whose title, description or comments hold all the words, and that meet the conditions.

    Raises `Invalid` naming the place in the text that cannot be understood.
    """
    actor = actor or current_actor()
    require(actor, "ticket:read")
    query = parse(text)
    where = [*_visible(query), *clauses(query.conditions, actor)]
    if query.number is not None:
        where.append(Ticket.number == query.number)
    if query.is_empty:
        return Found(query, [], None)
    before, skip = _open_cursor(cursor)
    if not query.terms:
        return _by_conditions(query, where, skip, limit)
    found, further = _matching(query, where, before)
    best = _best(found, query)
    page = best[skip : skip + limit]
    tickets = _tickets([match.ticket_id for match, _ in page])
    comments = _comments([match.subject_id for match, _ in page if match.kind == "comment"])
    hits = [
        TicketHit(tickets[match.ticket_id], comments.get(match.subject_id), count)
        for match, count in page
        if match.ticket_id in tickets
    ]
    if query.sort not in ("", "relevance"):
        hits.sort(key=lambda hit: _SORT_KEYS[query.sort](hit.ticket))
    return Found(query, hits, _next(before, skip + limit, len(best), further))


def _matching(query: Query, where: list[Clause], before: int) -> tuple[list[Match], int | None]:
    """The newest matches whose tickets meet the conditions, and below which document there may be more."""
    newest = FILTERED if query.conditions or query.number is not None else WINDOW
    found = matches(query.terms, ("ticket", "comment"), before=before, newest=newest)
    kept: list[Match] = []
    for begin in range(0, len(found), WINDOW):
        part = found[begin : begin + WINDOW]
        green.pause()  # each part is short; together they could keep the others waiting
        asked = by_ids(Ticket.id, Ticket, {match.ticket_id for match in part}).where(*where)
        allowed = set(db.session.scalars(asked))
        kept += [match for match in part if match.ticket_id in allowed]
        if len(kept) >= ENOUGH and len(found) > begin + WINDOW:
            return kept, part[-1].id
    return kept, found[-1].id if len(found) == newest else None


def search_customers(
    text: str, *, cursor: str | None = None, limit: int = 20, actor: Actor | None = None
) -> Found[Customer]:
    """Customers whose name, address or company holds all the words; everybody, where nothing is asked."""
    actor = actor or current_actor()
    require(actor, "customer:read")
    query = parse(text)
    where = [Customer.merged_into_id.is_(None), *customer_clauses(query.conditions)]
    before, skip = _open_cursor(cursor)
    if not query.terms:
        order = Customer.id.asc() if query.sort == "oldest" else Customer.id.desc()
        asked = sa.select(Customer).where(*where).order_by(order).offset(skip).limit(limit + 1)
        hits = list(db.session.scalars(asked))
        return Found(query, hits[:limit], _cursor(NO_END, skip + limit) if len(hits) > limit else None)
    found = matches(query.terms, ("customer",), before=before)
    ranked = sorted(found, key=_score(query), reverse=True)
    picked = _customers([match.subject_id for match in ranked], where)
    shown = [picked[match.subject_id] for match in ranked if match.subject_id in picked]
    further = found[-1].id if len(found) == WINDOW else None
    cursor = _next(before, skip + limit, len(shown), further)
    return Found(query, shown[skip : skip + limit], cursor)


def _visible(query: Query) -> list[Clause]:
    """What is searched unless spam is asked for: no trash, no spam, nothing merged into another ticket."""
    shown = [Ticket.shelf != "trash", Ticket.merged_into_id.is_(None)]
    asked = any(found.name == "is" and found.value.lower() == "spam" for found in query.conditions)
    return shown if asked else [*shown, Ticket.is_spam.is_(False)]


def _by_conditions(query: Query, where: list[Clause], skip: int, limit: int) -> Found[TicketHit]:
    orders: dict[str, tuple[Any, ...]] = {
        "oldest": (Ticket.number,),
        "updated": (Ticket.updated_at.desc(), Ticket.number.desc()),
        "priority": (Ticket.priority_rank, Ticket.number.desc()),
        "sla": (Ticket.due_rank, Ticket.number),
    }
    order = orders.get(query.sort, (Ticket.number.desc(),))
    asked = sa.select(Ticket).where(*where).options(orm.joinedload(Ticket.customer)).order_by(*order)
    tickets = list(db.session.scalars(asked.offset(skip).limit(limit + 1)))
    cursor = _cursor(NO_END, skip + limit) if len(tickets) > limit else None
    return Found(query, [TicketHit(ticket) for ticket in tickets[:limit]], cursor)


_SORT_KEYS: dict[str, Any] = {
    "newest": lambda ticket: -ticket.number,
    "oldest": lambda ticket: ticket.number,
    "updated": lambda ticket: -ticket.updated_at.timestamp(),
    "priority": lambda ticket: (RANKS[ticket.priority], -ticket.number),
    "sla": lambda ticket: (ticket.next_due_at or FAR, ticket.number),
}


# --- weighing -------------------------------------------------------------------------------------


def _best(found: list[Match], query: Query) -> list[tuple[Match, int]]:
    """Each ticket once, by the text of it that fits best, and how many of its texts do."""
    score = _score(query)
    best: dict[uuid.UUID, Match] = {}
    counts: dict[uuid.UUID, int] = {}
    for match in found:
        if match.ticket_id is None:
            continue
        counts[match.ticket_id] = counts.get(match.ticket_id, 0) + 1
        known = best.get(match.ticket_id)
        if known is None or score(match) > score(known):
            best[match.ticket_id] = match
    ranked = sorted(best.values(), key=score, reverse=True)
    return [(match, counts[match.ticket_id]) for match in ranked if match.ticket_id]


def _score(query: Query) -> Callable[[Match], float]:
    """How well a document fits: words in its title, a short text, a recent one."""
    exact = {word for term in query.marked for word in term.words}
    prefixes = tuple(term.words[-1] for term in query.marked if term.goes_on)
    now = clock.now().timestamp()

    def score(match: Match) -> float:
        said = sum(word in exact or word.startswith(prefixes) for word in set(match.title.split()))
        age_days = max(0.0, now - match.written_at) / 86400
        short = 1 / (1 + math.log10(1 + match.length / SHORT_CHARS))
        return min(1.0, said / len(exact)) + BREVITY * short + FRESHNESS * math.exp(-age_days / FRESH_DAYS)

    return score


def _tickets(ids: list[uuid.UUID | None]) -> dict[uuid.UUID | None, Ticket]:
    query = by_ids(Ticket, Ticket, ids).options(orm.joinedload(Ticket.customer))
    return {ticket.id: ticket for ticket in db.session.scalars(query)} if ids else {}


def _comments(ids: list[uuid.UUID]) -> dict[uuid.UUID, Comment]:
    query = by_ids(Comment, Comment, ids)
    return {comment.id: comment for comment in db.session.scalars(query)} if ids else {}


def _customers(ids: list[uuid.UUID], where: list[Clause]) -> dict[uuid.UUID, Customer]:
    query = by_ids(Customer, Customer, ids).where(*where)
    return {customer.id: customer for customer in db.session.scalars(query)} if ids else {}


# --- pages ----------------------------------------------------------------------------------------


def _next(before: int, seen: int, total: int, further: int | None) -> str | None:
    """Where the next page begins: further in this window, or at the next window's start."""
    if seen < total:
        return _cursor(before, seen)
    return None if further is None else _cursor(further, 0)


def _cursor(before: int, skip: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([before, skip]).encode()).decode().rstrip("=")


def _open_cursor(cursor: str | None) -> tuple[int, int]:
    if not cursor:
        return NO_END, 0
    try:
        before, skip = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not (type(before) is type(skip) is int and 0 <= before <= NO_END and 0 <= skip <= DEEPEST):
            raise ValueError
    except (ValueError, TypeError, RecursionError):
        raise Invalid.field("cursor", "This is no cursor of ours", where="query") from None
    return before, skip
