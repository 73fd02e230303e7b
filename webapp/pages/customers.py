"""Customers for staff: finding, reading, changing, blocking, merging."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash, redirect, request

from webapp.auth import current_actor
from webapp.database import read_only, transaction
from webapp.errors import AppError, Invalid
from webapp.models import Customer
from webapp.models.customer import TIERS
from webapp.pages.auth import staff_page
from webapp.pages.forms import check_unchanged, form_page, form_values, handled, read_form
from webapp.schemas.customer import BlockForm, CustomerForm, MergeForm, block_out, customer_out
from webapp.schemas.ticket import ticket_row
from webapp.services import audit, field, organization, search
from webapp.services import customer as customers
from webapp.services.edit import About, version_of
from webapp.services.ticket import list_earlier

bp = Blueprint("customer_pages", __name__, url_prefix="/customers")

HERE = "/customers"
TIER_NAMES = [(tier, tier.title()) for tier in TIERS]
MOST_ORGANIZATIONS = 500
LABELS = {
    "name": "Name",
    "email": "E-mail address",
    "tier": "Tier",
    "company": "Company",
    "organization_id": "Organization",
    "locale": "Language",
}


@bp.get("")
@staff_page("customer:read")
def show_all() -> Any:
    """The list, newest first, or what a search finds."""
    _note("customer.searched")
    text, cursor = request.args.get("q", "").strip(), request.args.get("cursor")
    error: AppError | None = None
    page: dict[str, Any] = {"data": [], "next_cursor": None}
    with read_only():
        try:
            page = search.customers_found(search.search_customers(text, cursor=cursor, limit=50))
        except Invalid as refused:
            error = refused
        names = _organization_names()
    return form_page("customers/list.html", error, page=page, text=text, organizations=names)


def _note(name: str, customer_id: uuid.UUID | None = None) -> None:
    """No look at a customer without its entry in the audit log: once an hour."""
    if audit.wants_note(name, customer_id):
        with transaction():
            audit.note_access(name, customer_id)


@bp.get("/<uuid:customer_id>")
@staff_page("customer:read")
def show(customer_id: uuid.UUID) -> Any:
    """One customer; who was merged leads to whom."""
    with read_only():
        merged_into = customers.get_customer(customer_id).merged_into_id
    if merged_into is not None:
        return redirect(f"{HERE}/{merged_into}")
    _note("customer.viewed", customer_id)
    return _page(customer_id)


@bp.post("/<uuid:customer_id>")
@staff_page("customer:update")
def update(customer_id: uuid.UUID) -> Response:
    """Saves what is known of them."""

    def act() -> Response:
        form = read_form(CustomerForm).model_dump()
        with transaction():
            about = About("customer", customer_id)
            check_unchanged(lambda: _values(customers.get_customer(customer_id)), about)
            values = _given_fields(form.pop("fields"))
            customers.update_customer(customer_id, fields=values, **form)
        flash("Saved")
        return redirect(f"{HERE}/{customer_id}")  # type: ignore[return-value]

    return handled(act, lambda error: _page(customer_id, error, form_values()))


@bp.post("/<uuid:customer_id>/block")
@staff_page("customer:block")
def block(customer_id: uuid.UUID) -> Response:
    """Keeps them from writing."""

    def act() -> Response:
        form = read_form(BlockForm)
        with transaction():
            days = int(form.days) if form.days else None
            customers.create_block(customer_id=customer_id, days=days, reason=form.reason)
        flash("This customer can no longer write.")
        return redirect(f"{HERE}/{customer_id}")  # type: ignore[return-value]

    return handled(act, lambda error: _page(customer_id, error))


@bp.post("/<uuid:customer_id>/unblock")
@staff_page("customer:block")
def unblock(customer_id: uuid.UUID) -> Response:
    """Lets them write again."""
    with transaction():
        customers.get_customer(customer_id)
        for held in customers.list_blocks(customer_id):
            customers.remove_block(held.id)
    flash("This customer can write again.")
    return redirect(f"{HERE}/{customer_id}")  # type: ignore[return-value]


@bp.get("/<uuid:customer_id>/merge")
@staff_page("customer:update")
def choose_other(customer_id: uuid.UUID) -> Any:
    """Which other one, and what differs."""
    return _merge_page(customer_id)


@bp.post("/<uuid:customer_id>/merge")
@staff_page("customer:update")
def merge(customer_id: uuid.UUID) -> Response:
    """Makes one of the two."""

    def act() -> Response:
        form = read_form(MergeForm)
        with transaction():
            customers.merge_customers(customer_id, form.other, take=form.taken())
        flash("They are one customer now.")
        return redirect(f"{HERE}/{customer_id}")  # type: ignore[return-value]

    return handled(act, lambda error: _merge_page(customer_id, error))


# --- pages ----------------------------------------------------------------------------------------


def _page(customer_id: uuid.UUID, error: AppError | None = None, typed: Any = None) -> Response:
    with read_only():
        customer = customers.get_customer(customer_id)
        context = {
            "customer": customer_out(customer),
            "values": typed or _values(customer),
            "version": version_of(_values(customer)),
            "fields": field.list_fields("customer"),
            "tickets": [ticket_row(ticket) for ticket in list_earlier(customer.id, limit=50)],
            "blocks": [block_out(held) for held in customers.list_blocks(customer.id)],
            "organizations": _organization_names(),
            "tiers": TIER_NAMES,
            "may_edit": current_actor().may("customer:update"),
        }
        return form_page("customers/show.html", error, **context)


def _values(customer: Customer) -> dict[str, Any]:
    known = {name: getattr(customer, name) or "" for name in customers.EDITABLE}
    return {**known, "organization_id": str(customer.organization_id or ""), "fields": customer.fields or {}}


def _given_fields(given: dict[str, str]) -> dict[str, Any]:
    """A tick box that is not ticked is not sent."""
    boxes = {known.key: "0" for known in field.list_fields("customer") if known.kind == "checkbox"}
    return {**boxes, **given}


def _organization_names() -> dict[str, str]:
    found, _ = organization.list_organizations(limit=MOST_ORGANIZATIONS)
    return {str(row.id): row.name for row, _ in found}


def _merge_page(customer_id: uuid.UUID, error: AppError | None = None) -> Response:
    text = request.values.get("q", "").strip()
    with read_only():
        customer = customers.get_customer(customer_id)
        other = _other(customer)
        found = [hit for hit in _found(text) if hit.id != customer.id] if text else []
        context = {
            "customer": customer_out(customer),
            "other": customer_out(other) if other else None,
            "found": [customer_out(hit) for hit in found],
            "text": text,
            "differs": [_difference(name, customer, other) for name in customers.differences(customer, other)]
            if other
            else [],
            "tickets": len(list_earlier(other.id, limit=1000)) if other else 0,
        }
        return form_page("customers/merge.html", error, **context)


def _other(customer: Customer) -> Customer | None:
    try:
        wanted = uuid.UUID(request.values.get("other", ""))
    except ValueError:
        return None
    found = customers.get_customer(wanted)
    return None if found.id == customer.id or found.merged_into_id else found


def _found(text: str) -> list[Customer]:
    try:
        return search.search_customers(text).hits
    except Invalid:
        return []


def _difference(name: str, customer: Customer, other: Customer) -> dict[str, str]:
    names = _organization_names() if name == "organization_id" else {}
    this, that = str(getattr(customer, name)), str(getattr(other, name))
    return {
        "name": name,
        "label": LABELS[name],
        "this": names.get(this, this),
        "other": names.get(that, that),
    }
