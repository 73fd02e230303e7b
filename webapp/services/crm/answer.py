"""A customer's tier and support plan: the CRM's last answer, with its age; our own where there is none."""

import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.auth import Actor, current_actor, require
from webapp.config import settings
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.integrations.vendor import Api, Gone, Record
from webapp.models import Connection, CrmContact, Customer
from webapp.schemas.connection import contact_out, tier_out
from webapp.services import connection
from webapp.services.connection import Account, account_of
from webapp.services.crm import hearing
from webapp.services.crm.telling import contact_of
from webapp.services.crm.vendors import crm_of, mapping_of
from webapp.services.customer import find_by_email
from webapp.validators import fold_email

OLD = timedelta(minutes=15)
ASK = "crm.ask"
ASK_SECONDS = 3.0
PARLEY = "parley"


@dataclass(frozen=True)
class Standing:
    """What is known of a customer's tier now. `asks`: whom to ask for more, if anybody; `crm_id`: of whom."""

    customer_id: uuid.UUID
    email: str
    answer: dict[str, Any]
    has_answer: bool
    asks: Account | None = None
    crm_id: str | None = None


def find_customer(email: str, *, actor: Actor | None = None) -> Customer:
    """The customer with this address, or who was known by it. Raises `NotFound`."""
    require(actor or current_actor(), "customer:read")
    address = fold_email(email)
    found = find_by_email(address)
    if found is None:
        raise NotFound("There is no customer with this address")
    return found


def read_customer(customer_id: uuid.UUID, *, actor: Actor | None = None) -> Customer:
    """The customer. Raises `NotFound`."""
    require(actor or current_actor(), "customer:read")
    found: Customer | None = db.session.scalar(sa.select(Customer).where(Customer.id == customer_id))
    if found is None:
        raise NotFound("There is no such customer")
    return found


def standing(customer: Customer, *, anew: bool = False) -> Standing:
    """What is stored, and whom to ask: nobody while the answer is young, unless `anew`."""
    found = connection.find_crm()
    contact = contact_of(customer.id, session=db.session())
    answer = _answer(customer, contact, found)
    has_answer = contact is not None and contact.answered_at is not None
    known = Standing(customer.id, customer.email or "", answer, has_answer)
    if found is None or not connection.may_ask(found) or not (customer.crm_id or customer.email):
        return known
    is_young = has_answer and clock.now() - contact.answered_at < OLD  # type: ignore[union-attr, operator]
    if is_young and not anew:
        return known
    return replace(known, asks=account_of(found), crm_id=customer.crm_id)


def _answer(customer: Customer, contact: CrmContact | None, found: Connection | None) -> dict[str, Any]:
    """The desk's own tier is the CRM's where the CRM has said one: what it says is kept there at once."""
    known = contact is not None and contact.answered_at is not None
    return tier_out(
        customer.email or "",
        customer.tier,
        contact.answer.get("support_plan") if contact else None,
        source=found.kind if known and found else PARLEY,
        at=contact.answered_at if contact and known else None,
        said=_trouble(found, contact),
    )


def _trouble(found: Connection | None, contact: CrmContact | None) -> str:
    """What keeps the CRM from saying more: what concerns all of it comes first."""
    return (found.said if found else "") or (contact.said if contact else "")


def ask(asked: Standing, api: Api) -> Record | None:
    """What the CRM says of them now; None if it knows nobody. Raises `VendorError`."""
    account = asked.asks
    assert account is not None, "somebody is to be asked"
    vendor = crm_of(account.kind)
    names = hearing.names_of(account)
    try:
        if asked.crm_id:
            return vendor.read(api, asked.crm_id, names)
    except Gone:
        return None
    return vendor.find(api, asked.email, names)


def write_asked(asked: Standing, record: Record | None, *, session: Any) -> None:
    """Keeps what the CRM said; that it knows nobody is an answer, too."""
    account = asked.asks
    query = sa.select(Customer).where(Customer.id == asked.customer_id).with_for_update()
    customer = session.scalar(query.execution_options(populate_existing=True))
    if account is None or customer is None:
        return
    contact = hearing.contact_to_keep(customer.id, session)
    connection.note_answered(account.id, session=session)
    if record is None:
        contact.answered_at = clock.now()
        return
    customer.crm_id = record.id
    mapping = mapping_of(account.kind, account.mapping)
    hearing.take(customer, contact, record, account, mapping, session=session)


def crm_state(customer_id: uuid.UUID, *, actor: Actor | None = None) -> dict[str, Any] | None:
    """What a customer is at the CRM, as staff see it; None without a CRM. Raises `NotFound`."""
    customer = read_customer(customer_id, actor=actor)
    found = connection.find_crm()
    if found is None:
        return None
    url = ""
    if customer.crm_id:
        url = crm_of(found.kind).link(page_base(found.kind, found.base_url), found.account, customer.crm_id)
    contact = contact_of(customer_id, session=db.session())
    said = _trouble(found, contact)
    return contact_out(contact, kind=found.kind, crm_id=customer.crm_id, url=url, said=said)


def page_base(kind: str, base_url: str) -> str:
    """Where people, not programs, look at an account."""
    return settings().vendors.hubspot_app if kind == "hubspot" else base_url
