"""Making one customer of two: tickets, browsers, addresses and blocks move, the other row stays as a sign."""

import uuid
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from webapp import database
from webapp.auth import Actor, current_actor, require
from webapp.errors import Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.models import Attachment, Block, Comment, Customer, CustomerAlias, Ticket, VisitorToken
from webapp.services.event import record

CHOOSABLE = ("name", "email", "tier", "company", "organization_id", "locale")
"""What both may have and only one can be kept of; the address not kept stays as another one."""
UNSYNCED = {"synchronize_session": False}


def differences(into: Customer, other: Customer) -> list[str]:
    """The names of `CHOOSABLE` for which both have a value, and not the same."""
    pairs = {name: (getattr(into, name), getattr(other, name)) for name in CHOOSABLE}
    return [name for name, (kept, given) in pairs.items() if kept and given and kept != given]


def merge_customers(
    into_id: uuid.UUID,
    other_id: uuid.UUID,
    *,
    take: Collection[str] = (),
    session: Any = None,
    actor: Actor | None = None,
) -> Customer:
    """Moves everything of `other_id` to `into_id` and returns that. `take`: what is kept of the other one.

    Raises `Invalid` for a merge into itself, `Conflict` where one was merged already, `NotFound`.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "customer:update")
    if into_id == other_id:
        raise Invalid.field("other", "This is the same customer; choose another one")
    into, other = _both(into_id, other_id, session)
    before = {name: getattr(into, name) for name in CHOOSABLE}
    moved_tickets = _move_tickets(into, other, session=session, actor=actor)
    _move_rows(into, other, session)
    _keep_addresses(into, other, take, session)
    _fill(into, other, take)
    session.flush()
    changes: dict[str, list[Any]] = {
        name: [_plain(before[name]), _plain(getattr(into, name))]
        for name in CHOOSABLE
        if before[name] != getattr(into, name)
    }
    changes["merged_id"] = [None, str(other.id)]
    changes["tickets"] = [None, moved_tickets]
    record("customer.merged", session=session, actor=actor, subject_id=into.id, changes=changes)
    return into


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else value


def _both(into_id: uuid.UUID, other_id: uuid.UUID, session: Any) -> tuple[Customer, Customer]:
    query = sa.select(Customer).where(Customer.id.in_([into_id, other_id])).order_by(Customer.id)
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = {customer.id: customer for customer in session.scalars(locked)}
    if len(found) < 2:
        raise NotFound("There is no such customer")
    for customer in found.values():
        if customer.merged_into_id is not None:
            raise Conflict("One of them was merged already", current={"id": str(customer.merged_into_id)})
    return found[into_id], found[other_id]


def _move_tickets(into: Customer, other: Customer, *, session: Any, actor: Actor) -> int:
    query = sa.select(Ticket).where(Ticket.customer_id == other.id).order_by(Ticket.id)
    tickets = session.scalars(query.with_for_update(key_share=True)).all()
    for ticket in tickets:
        ticket.customer_id, ticket.customer = into.id, into
        changes = {"customer_id": [str(other.id), str(into.id)]}
        record("ticket.customer_changed", session=session, actor=actor, ticket=ticket, changes=changes)
    return len(tickets)


def _move_rows(into: Customer, other: Customer, session: Any) -> None:
    """What refers to the customer besides tickets: their browsers too, which connect again for it."""
    for model, column in (
        (Comment, Comment.author_id),
        (Attachment, Attachment.uploader_id),
        (Block, Block.customer_id),
        (CustomerAlias, CustomerAlias.customer_id),
        (VisitorToken, VisitorToken.customer_id),
    ):
        moving = sa.update(model).where(column == other.id).values({column.key: into.id})
        session.execute(moving, execution_options=UNSYNCED)


def _keep_addresses(into: Customer, other: Customer, take: Collection[str], session: Any) -> None:
    """Both addresses and identifiers go on finding the one that is left."""
    emails, identifiers = [into.email, other.email], [into.external_id, other.external_id]
    if "email" in take:
        emails.reverse()
    other.email = other.external_id = None
    session.flush()
    for kind, known in (("email", emails), ("external_id", identifiers)):
        first, *rest = [value for value in known if value] or [None]
        setattr(into, kind, first)
        for value in rest:
            session.add(CustomerAlias(id=database.uuid7(), customer_id=into.id, kind=kind, value=value))


def _fill(into: Customer, other: Customer, take: Collection[str]) -> None:
    for name in ("name", "tier", "company", "organization_id", "locale"):
        if name in take or getattr(into, name) is None:
            setattr(into, name, getattr(other, name) or getattr(into, name))
    into.claimed_email = into.claimed_email or other.claimed_email
    into.answers = {**other.answers, **into.answers}
    into.fields = {**(other.fields or {}), **(into.fields or {})}
    into.consented_at = into.consented_at or other.consented_at
    into.last_seen_at = max(filter(None, (into.last_seen_at, other.last_seen_at)), default=None)
    into.blocked_until = max(filter(None, (into.blocked_until, other.blocked_until)), default=None)
    other.merged_into_id = into.id
