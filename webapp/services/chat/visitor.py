"""Visitor tokens: a browser's right to its own chats in one inbox. No cookie; only the hash is stored."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import sqlalchemy as sa

from webapp import bus, clock, database
from webapp.auth import Actor, hash_token, new_token
from webapp.config import settings
from webapp.errors import NotFound, Unauthenticated
from webapp.extensions import db
from webapp.models import Customer, Inbox, VisitorToken
from webapp.services.customer import create_customer
from webapp.tenancy import use_workspace

ANONYMOUS_DAYS = 365
IDENTIFIED_HOURS = 24
PAGE_CHARS = 500
LOCALE_CHARS = 20


@dataclass(frozen=True)
class VisitorsEnded:
    """Visitor tokens that open nothing any more: their sockets are to be closed."""

    token_ids: tuple[uuid.UUID, ...]
    reason: str


def inbox_by_key(key: str) -> Inbox:
    """The active chat inbox with this public key. Raises `NotFound`."""
    found: Inbox | None = db.session.scalar(sa.select(Inbox).where(Inbox.key == key))
    if found is None or not found.is_active or found.channel != "chat":
        raise NotFound("There is no such inbox")
    return found


def create_visitor(
    inbox: Inbox,
    *,
    locale: str | None = None,
    page: dict[str, Any] | None = None,
    client: dict[str, Any] | None = None,
    address: str = "",
    session: Any = None,
) -> str:
    """A new visitor of an inbox, as a customer without a name; returns the token to give to the browser."""
    session = session or db.session()
    visitor = Actor(
        kind="customer", id=None, workspace_id=inbox.workspace_id, name="Visitor", role="customer", door="api"
    )
    customer = create_customer(locale=(locale or "")[:LOCALE_CHARS] or None, session=session, actor=visitor)
    return issue_token(inbox, customer, page=page, client=client, address=address, session=session)


def issue_token(
    inbox: Inbox,
    customer: Customer,
    *,
    is_identified: bool = False,
    page: dict[str, Any] | None = None,
    client: dict[str, Any] | None = None,
    address: str = "",
    session: Any,
) -> str:
    """A token for a customer's browser; an identified one lives a day: the host signs again anyway."""
    token, token_hash = new_token()
    life = timedelta(hours=IDENTIFIED_HOURS) if is_identified else timedelta(days=ANONYMOUS_DAYS)
    row = VisitorToken(
        id=database.uuid7(),
        workspace_id=inbox.workspace_id,
        inbox_id=inbox.id,
        customer_id=customer.id,
        token_hash=token_hash,
        is_identified=is_identified,
        page=clean_page(page),
        client=client or {},
        address=shown_address(address),
        created_at=clock.now(),
        expires_at=clock.now() + life,
    )
    session.add(row)
    session.flush()
    return token


def actor_for_visitor(token: str | None, *, door: str) -> Actor:
    """Who a visitor's token stands for. Raises `Unauthenticated` for any that opens nothing."""
    if not token:
        raise Unauthenticated("A visitor token is needed")
    row = db.session.scalar(sa.select(VisitorToken).where(VisitorToken.token_hash == hash_token(token)))
    if row is None or not row.is_live:
        raise Unauthenticated("This visitor token opens nothing (any more)")
    return actor_of_visitor(row, door=door)


def actor_of_visitor(row: VisitorToken, *, door: str) -> Actor:
    """The customer behind a token."""
    with use_workspace(row.workspace_id):
        customer = db.session.scalar(sa.select(Customer).where(Customer.id == row.customer_id))
        if customer is None:
            raise Unauthenticated("This visitor token opens nothing (any more)")
        return Actor(
            kind="customer",
            id=customer.id,
            workspace_id=row.workspace_id,
            name=customer.shown_name,
            role="customer",
            door=door,
            email=customer.email or customer.claimed_email,
            session_id=row.id,
            inbox_id=row.inbox_id,
            address=row.address,
            verified=row.is_identified,
        )


def visitor_token(actor: Actor) -> VisitorToken:
    """The token's row behind a customer actor."""
    row = db.session.get(VisitorToken, actor.session_id)
    if row is None:
        raise Unauthenticated("This visitor token opens nothing (any more)")
    return row


def revoke_visitor(token_id: uuid.UUID, reason: str, *, session: Any = None) -> None:
    """Ends a visitor token and its sockets."""
    session = session or db.session()
    row = session.get(VisitorToken, token_id)
    if row is not None and row.revoked_at is None:
        row.revoked_at = clock.now()
        session.flush()
        bus.announce(session, VisitorsEnded((token_id,), reason))


def update_page(actor: Actor, page: dict[str, Any]) -> dict[str, Any] | None:
    """Notes which page the visitor is on now."""
    row = visitor_token(actor)
    row.page = {**(row.page or {}), **(clean_page(page) or {})}
    db.session.flush()
    return row.page


def clean_page(page: dict[str, Any] | None) -> dict[str, Any] | None:
    """Address, title and referrer of a page, capped; untrusted, shown as text only."""
    if not page:
        return None
    return {name: str(page[name])[:PAGE_CHARS] for name in ("url", "title", "referrer") if page.get(name)}


def shown_address(address: str) -> str:
    """A visitor's address as ADDRESS_MODE lets us keep it: full, truncated (/24, /48) or not at all."""
    mode = settings().address_mode
    if mode == "off" or not address:
        return ""
    if mode == "full":
        return address
    try:
        prefix = 24 if ip_address(address).version == 4 else 48
        return str(ip_network(f"{address}/{prefix}", strict=False))
    except ValueError:
        return ""
