"""Finding and making customers; blocking them."""

import uuid
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor, require
from webapp.errors import Invalid, NotFound
from webapp.extensions import db
from webapp.models import Block, Customer, CustomerAlias
from webapp.services.event import record
from webapp.services.organization import join_by_domain
from webapp.validators import fold_email, is_valid_email, visible

NAME_CHARS = 100
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


def customer_by_email(
    email: str, *, name: str | None = None, session: Any = None, actor: Actor | None = None
) -> Customer:
    """The customer with this verified address; made if new. Raises `Invalid` for a bad address.

    Only for sources that may set addresses: staff, an API key, a signed identity, authenticated mail.
    """
    session, actor = session or db.session(), actor or current_actor()
    if not is_valid_email(email):
        raise Invalid.field("customer_email", "This is not an e-mail address")
    address = fold_email(email)
    found: Customer = database.find_or_make(
        lambda: (
            session.scalar(sa.select(Customer).where(Customer.email == address))
            or customer_by_alias("email", address, session=session)
        ),
        lambda: create_customer(email=address, name=name, session=session, actor=actor),
    )
    return found


def customer_by_alias(kind: str, value: str, *, session: Any = None) -> Customer | None:
    """Who was known by this address ("email") or identifier ("external_id") before a merge, if anybody."""
    query = sa.select(Customer).join(CustomerAlias, CustomerAlias.customer_id == Customer.id)
    found = query.where(CustomerAlias.kind == kind, CustomerAlias.value == value)
    return (session or db.session()).scalar(found)  # type: ignore[no-any-return]


def create_customer(*, session: Any = None, actor: Actor | None = None, **fields: Any) -> Customer:
    """A new customer, recorded. `name` is cleaned of what cannot be seen."""
    session, actor = session or db.session(), actor or current_actor()
    if fields.get("name"):
        fields["name"] = visible(fields["name"])[:NAME_CHARS] or None
    customer = Customer(id=database.uuid7(), last_seen_at=clock.now(), created_at=clock.now(), **fields)
    join_by_domain(customer, session=session)
    session.add(customer)
    session.flush()
    record("customer.created", session=session, actor=actor, subject_id=customer.id)
    return customer


def get_customer(customer_id: uuid.UUID, *, actor: Actor | None = None) -> Customer:
    """The customer of this workspace. Raises `NotFound`."""
    require(actor or current_actor(), "customer:read")
    found: Customer | None = db.session.scalar(sa.select(Customer).where(Customer.id == customer_id))
    if found is None:
        raise NotFound("There is no such customer")
    return found


def search_customers(text: str, *, limit: int = 20, actor: Actor | None = None) -> list[Customer]:
    """Customers whose name or address contains the text, those seen last first."""
    require(actor or current_actor(), "customer:read")
    pattern = "%" + text.strip().replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
    matches = [
        column.ilike(pattern, escape="\\")
        for column in (Customer.name, Customer.email, Customer.claimed_email)
    ]
    query = sa.select(Customer).where(sa.or_(*matches)).order_by(Customer.last_seen_at.desc(), Customer.id)
    return list(db.session.scalars(query.limit(limit)))


def create_block(
    *,
    customer_id: uuid.UUID | None = None,
    address: str | None = None,
    days: int | None = None,
    reason: str = "",
    session: Any = None,
    actor: Actor | None = None,
) -> Block:
    """Keeps a customer, or an IP address or network, from writing: for so many days, or until lifted.

    Both given: both are blocked, and the address's block is listed with the customer's. Returns the first.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "customer:block")
    if customer_id is None and address is None:
        raise Invalid.field("customer_id", "Name a customer or an address")
    network = _network(address) if address else None
    expires_at = clock.now() + timedelta(days=days) if days else None
    shared = {"customer_id": customer_id, "reason": visible(reason)[:200], "expires_at": expires_at}
    made = []
    if customer_id is not None:
        get_customer(customer_id, actor=actor).blocked_until = expires_at or FOREVER
        made.append(_add_block(session, actor, kind="customer", **shared))
    if network is not None:
        made.append(_add_block(session, actor, kind="address", address=network, **shared))
    return made[0]


def _add_block(session: Any, actor: Actor, **fields: Any) -> Block:
    creator = actor.id if actor.kind == "user" else None
    block = Block(id=database.uuid7(), created_by_id=creator, created_at=clock.now(), **fields)
    session.add(block)
    session.flush()
    kind = {"kind": [None, block.kind]}
    record("block.created", session=session, actor=actor, subject_id=block.id, changes=kind)
    return block


def _network(address: str) -> str:
    try:
        return str(ip_network(address.strip(), strict=False))
    except ValueError:
        raise Invalid.field("address", "This is not an IP address or network") from None


def remove_block(block_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """Lifts a block. Raises `NotFound`."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "customer:block")
    block = session.scalar(sa.select(Block).where(Block.id == block_id))
    if block is None:
        raise NotFound("There is no such block")
    if block.kind == "customer" and block.customer_id is not None:
        get_customer(block.customer_id, actor=actor).blocked_until = None
    session.delete(block)
    record("block.removed", session=session, actor=actor, subject_id=block_id)


def list_blocks(customer_id: uuid.UUID) -> list[Block]:
    """A customer's blocks that still hold."""
    query = sa.select(Block).where(Block.customer_id == customer_id)
    return [
        block
        for block in db.session.scalars(query)
        if block.expires_at is None or block.expires_at > clock.now()
    ]


def is_address_blocked(address: str) -> bool:
    """Whether an IP address lies in a blocked network of the current workspace."""
    try:
        asked = ip_network(address, strict=False)
    except ValueError:
        return False
    query = sa.select(Block.address).where(
        Block.kind == "address", sa.or_(Block.expires_at.is_(None), Block.expires_at > clock.now())
    )
    for network in map(ip_network, db.session.scalars(query)):
        if network.version == asked.version and asked.subnet_of(network):  # type: ignore[arg-type]
            return True
    return False
