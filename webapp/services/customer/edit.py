"""Changing what is known of a customer."""

import uuid
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from webapp.auth import Actor, current_actor, require
from webapp.errors import Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.models import Customer, Organization
from webapp.models.customer import TIERS
from webapp.services.customer.record import NAME_CHARS, create_customer, find_by_email
from webapp.services.event import record
from webapp.services.field import set_values
from webapp.services.organization import join_by_domain
from webapp.validators import fold_email, is_valid_email, visible

EDITABLE = ("name", "email", "tier", "company", "organization_id", "locale")
COMPANY_CHARS = 200
LOCALE_CHARS = 20


def lock_customer(customer_id: uuid.UUID, *, session: Any, actor: Actor) -> Customer:
    """The customer's row, held until the commit. Raises `NotFound`, and `Conflict` if merged away."""
    require(actor, "customer:update")
    query = sa.select(Customer).where(Customer.id == customer_id).with_for_update(key_share=True)
    found: Customer | None = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound("There is no such customer")
    if found.merged_into_id is not None:
        raise Conflict("This customer was merged into another", current={"id": str(found.merged_into_id)})
    return found


def add_customer(
    *,
    fields: dict[str, Any] | None = None,
    session: Any = None,
    actor: Actor | None = None,
    **given: Any,
) -> Customer:
    """A customer that staff enter, with what is named of `EDITABLE` and values of custom fields.

    Raises `Invalid` naming the field: without a name and an address, or with an address somebody has.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "customer:update")
    checked = {name: _CHECKS[name](Customer(), value, session) for name, value in given.items()}
    if not checked.get("name") and not checked.get("email"):
        raise Invalid.field("email", "Give an address or a name")
    customer = create_customer(session=session, actor=actor, **checked)
    if fields:
        set_values(customer, fields, session=session, actor=actor)
        session.flush()
    return customer


def update_customer(
    customer_id: uuid.UUID,
    *,
    fields: dict[str, Any] | None = None,
    session: Any = None,
    actor: Actor | None = None,
    **changes: Any,
) -> Customer:
    """Sets what is named of `EDITABLE`, and values of custom fields; an address staff set counts as verified.

    Raises `Invalid` naming the field, such as an address that another customer has.
    """
    session, actor = session or db.session(), actor or current_actor()
    customer = lock_customer(customer_id, session=session, actor=actor)
    moved: dict[str, list[Any]] = {}
    for name, value in changes.items():
        new = _CHECKS[name](customer, value, session)
        if (old := getattr(customer, name)) != new:
            setattr(customer, name, new)
            moved[name] = [_shown(old), _shown(new)]
    if "email" in moved and customer.organization_id is None:
        join_by_domain(customer, session=session)
    session.flush()
    if moved:
        record("customer.updated", session=session, actor=actor, subject_id=customer.id, changes=moved)
    if fields:
        set_values(customer, fields, session=session, actor=actor)
        session.flush()
    return customer


def _shown(value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else value


def _line(name: str, chars: int) -> Callable[[Customer, Any, Any], str | None]:
    def check(_customer: Customer, value: Any, _session: Any) -> str | None:
        text = visible(value or "")
        if len(text) > chars:
            raise Invalid.field(name, f"At most {chars} characters")
        return text or None

    return check


def _email(customer: Customer, value: Any, session: Any) -> str | None:
    if not (value or "").strip():
        return None
    if not is_valid_email(value.strip()):
        raise Invalid.field("email", "This is not an e-mail address")
    address = fold_email(value)
    owner = find_by_email(address, session=session)
    if owner is not None and owner.id != customer.id:
        raise Invalid.field("email", f"{owner.shown_name} has this address; merge the two instead")
    return address


def _tier(_customer: Customer, value: Any, _session: Any) -> str:
    if value not in TIERS:
        raise Invalid.field("tier", f"Tier is one of {', '.join(TIERS)}")
    return str(value)


def _organization(_customer: Customer, value: Any, session: Any) -> uuid.UUID | None:
    if not value:
        return None
    if session.scalar(sa.select(Organization.id).where(Organization.id == value)) is None:
        raise Invalid.field("organization_id", "There is no such organization")
    return value  # type: ignore[no-any-return]


_CHECKS: dict[str, Callable[[Customer, Any, Any], Any]] = {
    "name": _line("name", NAME_CHARS),
    "email": _email,
    "tier": _tier,
    "company": _line("company", COMPANY_CHARS),
    "organization_id": _organization,
    "locale": _line("locale", LOCALE_CHARS),
}
