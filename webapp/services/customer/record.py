"""Finding and making customers; blocking them."""

import uuid
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_network
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor, require
from webapp.errors import Invalid, NotFound
from webapp.extensions import db
from webapp.models import Block, Customer, CustomerAlias, VisitorToken
from webapp.services.event import record
from webapp.services.organization import join_by_domain
from webapp.services.paging import newest_first
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
        lambda: find_by_email(address, session=session),
        lambda: create_customer(email=address, name=name, session=session, actor=actor),
    )
    return found


def find_by_email(address: str, *, session: Any = None) -> Customer | None:
    """Who has this verified address (folded), or had it before a merge, if anybody."""
    found: Customer | None = (session or db.session()).scalar(_by_email(), {"address": address})
    return found


@cache
def _by_email() -> Any:
    address = sa.bindparam("address", type_=sa.String)
    own = sa.select(Customer.id).where(Customer.email == address)
    earlier = sa.select(CustomerAlias.customer_id).where(
        CustomerAlias.kind == "email", CustomerAlias.value == address
    )
    query = sa.select(Customer).where(Customer.id.in_(sa.union_all(own, earlier)))
    return query.order_by(sa.case((Customer.email == address, 0), else_=1)).limit(1)


def customer_by_alias(kind: str, value: str, *, session: Any = None) -> Customer | None:
    """Who was known by this address ("email") or identifier ("external_id") before a merge, if anybody."""
    query = sa.select(Customer).join(CustomerAlias, CustomerAlias.customer_id == Customer.id)
    found = query.where(CustomerAlias.kind == kind, CustomerAlias.value == value)
    return (session or db.session()).scalar(found)  # type: ignore[no-any-return]


def claiming_customer(
    address: str,
    *,
    name: str | None = None,
    locale: str | None = None,
    session: Any = None,
    actor: Actor | None = None,
) -> Customer:
    """Who claims this address and is nobody's browser and nobody known, else somebody new."""
    session, claimed = session or db.session(), fold_email(address)
    has_browser = sa.exists().where(VisitorToken.customer_id == Customer.id)
    query = (
        sa.select(Customer)
        .where(Customer.claimed_email == claimed, Customer.email.is_(None), Customer.external_id.is_(None))
        .where(Customer.merged_into_id.is_(None), sa.not_(has_browser))
        .order_by(Customer.id)
        .limit(1)
    )
    found: Customer | None = session.scalar(query.with_for_update(key_share=True, of=Customer))
    if found is not None:
        found.last_seen_at, found.name = clock.now(), found.name or name
        return found
    fields = {"claimed_email": claimed, "name": name, "locale": locale}
    return create_customer(session=session, actor=actor, **fields)


def create_customer(*, session: Any = None, actor: Actor | None = None, **fields: Any) -> Customer:
    """A new customer, recorded. `name` is cleaned of what cannot be seen."""
    session, actor = session or db.session(), actor or current_actor()
    if fields.get("name"):
        fields["name"] = visible(fields["name"])[:NAME_CHARS] or None
    customer = Customer(id=database.uuid7(), last_seen_at=clock.now(), created_at=clock.now(), **fields)
    join_by_domain(customer, session=session)
    session.add(customer)
    record("customer.created", session=session, actor=actor, subject_id=customer.id)
    session.flush()
    return customer


def get_customer(customer_id: uuid.UUID, *, actor: Actor | None = None) -> Customer:
    """The customer of this workspace. Raises `NotFound`."""
    require(actor or current_actor(), "customer:read")
    found: Customer | None = db.session.scalar(sa.select(Customer).where(Customer.id == customer_id))
    if found is None:
        raise NotFound("There is no such customer")
    return found


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


def list_all_blocks(
    *, cursor: uuid.UUID | None = None, limit: int = 50, actor: Actor | None = None
) -> tuple[list[Block], str | None]:
    """A page of the blocks that hold, of customers and of addresses, newest first, and the next cursor."""
    require(actor or current_actor(), "customer:read")
    holding = sa.or_(Block.expires_at.is_(None), Block.expires_at > clock.now())
    return newest_first(sa.select(Block).where(holding), Block, cursor, limit)


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
