"""Signed identity: the host's server says who the visitor is, by a JWT or an HMAC of an identifier."""

import hashlib
import hmac
from typing import Any

import jwt
import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor, same
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.models import Comment, Customer, Inbox, Ticket
from webapp.models.customer import TIERS
from webapp.services.chat.visitor import issue_token, revoke_visitor, visitor_token
from webapp.services.customer import create_customer, customer_by_alias, find_by_email
from webapp.services.event import record
from webapp.services.ticket.access import visible_to
from webapp.signing import unseal
from webapp.validators import fold_email, has_unstorable, is_valid_email, visible

MAX_LIFE_SECONDS = 3600
LEEWAY_SECONDS = 30
IDENTIFIER_CHARS = 200
REFUSED = "The signed identity is not valid"


def identify(
    inbox: Inbox,
    *,
    token: str | None = None,
    identifier: str | None = None,
    signature: str | None = None,
    email: str | None = None,
    name: str | None = None,
    visitor: Actor | None = None,
    client: dict[str, Any] | None = None,
    address: str = "",
    session: Any = None,
) -> tuple[str, Customer]:
    """Makes the visitor the customer that the signature names; returns a new visitor token and them.

    `token`: the JWT; else `identifier` with `signature`, the hex HMAC-SHA256 of it under the inbox's
    secret, where e-mail and name stay unverified. An anonymous visitor's chats of this inbox move over and
    their token ends. Raises `Invalid` for any signature that does not hold.
    """
    session = session or db.session()
    claims = _jwt_claims(inbox, token) if token else _hmac_claims(inbox, identifier, signature, email, name)
    customer = _find_or_create(claims, session)
    page = None
    if visitor is not None and visitor.id != customer.id and visitor.inbox_id == inbox.id:
        row = visitor_token(visitor)
        page, client, address = row.page, row.client, row.address
        _move(visitor, customer, inbox, session)
    if visitor is not None and visitor.session_id is not None:
        revoke_visitor(visitor.session_id, "identified", session=session)
    new = issue_token(
        inbox, customer, is_identified=True, page=page, client=client, address=address, session=session
    )
    record("customer.identified", session=session, actor=_actor(customer, inbox), subject_id=customer.id)
    return new, customer


def _actor(customer: Customer, inbox: Inbox) -> Actor:
    return Actor(
        kind="customer",
        id=customer.id,
        workspace_id=inbox.workspace_id,
        name=customer.shown_name,
        role="customer",
        door=current_actor().door if current_actor().kind == "customer" else "api",
    )


def _jwt_claims(inbox: Inbox, token: str) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            unseal(inbox.secret_box),
            algorithms=["HS256"],
            audience=inbox.key,
            options={
                "require": ["exp", "sub", "aud"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        left = float(claims["exp"]) - clock.now().timestamp()
    except (jwt.PyJWTError, ValueError, TypeError):
        raise Invalid.field("jwt", REFUSED) from None
    if not -LEEWAY_SECONDS < left <= MAX_LIFE_SECONDS + LEEWAY_SECONDS:
        raise Invalid.field("jwt", "The signed identity has expired, or lives longer than an hour")
    if not _is_identifier(claims["sub"]):
        raise Invalid.field("jwt", REFUSED)
    return {**claims, "trusted": True}


def _hmac_claims(
    inbox: Inbox, identifier: str | None, signature: str | None, email: str | None, name: str | None
) -> dict[str, Any]:
    if not _is_identifier(identifier) or not identifier or not signature:
        raise Invalid.field("hash", REFUSED)
    expected = hmac.new(unseal(inbox.secret_box).encode(), identifier.encode(), hashlib.sha256).hexdigest()
    if not same(expected, signature.lower()):
        raise Invalid.field("hash", REFUSED)
    return {"sub": identifier, "email": email, "name": name, "trusted": False}


def _is_identifier(value: Any) -> bool:
    """Cut to fit, two long identifiers could become one customer, so one that does not fit is refused."""
    return (
        isinstance(value, str)
        and bool(value.strip())
        and len(value) <= IDENTIFIER_CHARS
        and not has_unstorable(value)
    )


def _find_or_create(claims: dict[str, Any], session: Any) -> Customer:
    external_id = claims["sub"].strip()
    email = _email(claims.get("email"))
    owner = find_by_email(email, session=session) if email else None

    def known() -> Customer | None:
        found = session.scalar(sa.select(Customer).where(Customer.external_id == external_id))
        found = found or customer_by_alias("external_id", external_id, session=session)
        is_new = found is None and owner is not None and owner.external_id is None
        return owner if is_new and claims["trusted"] else found

    customer = database.find_or_make(known, lambda: create_customer(external_id=external_id, session=session))
    customer.external_id = customer.external_id or external_id
    _take_details(customer, claims, email if owner in (None, customer) else None)
    customer.last_seen_at = clock.now()
    session.flush()
    return customer  # type: ignore[no-any-return]


def _email(value: Any) -> str | None:
    if not isinstance(value, str) or has_unstorable(value) or not is_valid_email(value):
        return None
    return fold_email(value)


def _take_details(customer: Customer, claims: dict[str, Any], email: str | None) -> None:
    if claims["trusted"]:
        customer.email = email or customer.email
        if claims.get("tier") in TIERS:
            customer.tier = claims["tier"]
    elif email and customer.email != email:
        customer.claimed_email = email
    name = claims.get("name")
    if isinstance(name, str) and not has_unstorable(name) and visible(name):
        customer.name = visible(name)[:100]


def _move(visitor: Actor, customer: Customer, inbox: Inbox, session: Any) -> None:
    """Gives an anonymous visitor's tickets of this inbox to the customer they turned out to be."""
    session.scalars(
        sa.select(Customer)
        .where(Customer.id.in_([visitor.id, customer.id]))
        .order_by(Customer.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    anonymous = session.scalar(sa.select(Customer).where(Customer.id == visitor.id))
    if anonymous is None or anonymous.is_verified:
        return  # somebody already known: their history is theirs alone
    query = sa.select(Ticket).where(visible_to(visitor))  # with what their chats were merged into
    for ticket in session.scalars(query.order_by(Ticket.id).with_for_update(key_share=True)).all():
        ticket.customer_id, ticket.customer = customer.id, customer
        changes = {"customer_id": [str(visitor.id), str(customer.id)]}
        record(
            "ticket.customer_changed",
            session=session,
            actor=_actor(customer, inbox),
            ticket=ticket,
            changes=changes,
        )
        moved = sa.update(Comment).where(Comment.ticket_id == ticket.id, Comment.author_id == visitor.id)
        session.execute(
            moved.values(author_id=customer.id), execution_options={"synchronize_session": "fetch"}
        )
    customer.claimed_email = customer.claimed_email or anonymous.claimed_email
    customer.answers = {**anonymous.answers, **customer.answers}
