"""Organizations for staff: finding, making, changing, merging."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash, redirect, request

from webapp.auth import current_actor
from webapp.database import read_only, transaction
from webapp.errors import AppError
from webapp.models import Organization
from webapp.models.customer import TIERS
from webapp.pages.auth import staff_page
from webapp.pages.forms import check_unchanged, form_page, form_values, handled, read_form
from webapp.schemas.customer import MergeForm, OrganizationForm, customer_out
from webapp.services import organization as organizations
from webapp.services.edit import About, version_of

bp = Blueprint("organization_pages", __name__, url_prefix="/organizations")

HERE = "/organizations"
TIER_CHOICES = [("", "Each customer's own"), *((tier, tier.title()) for tier in TIERS)]
BLANK = {"name": "", "domains": "", "tier": "", "notes": ""}


@bp.get("")
@staff_page("customer:read")
def show_all() -> Any:
    """The list by name, or what a search finds."""
    text, after = request.args.get("q", "").strip()[:200], request.args.get("after", "")[:900]
    with read_only():
        found, next_page = organizations.list_organizations(text, after=after or None)
        rows = [
            {"id": row.id, "name": row.name, "tier": row.tier, "domains": row.domains, "customers": count}
            for row, count in found
        ]
    may_edit = current_actor().may("customer:update")
    return form_page("organizations/list.html", rows=rows, text=text, next=next_page, may_edit=may_edit)


@bp.get("/new")
@staff_page("customer:update")
def new() -> Any:
    """An empty form."""
    return form_page("organizations/edit.html", organization=None, values=BLANK, tiers=TIER_CHOICES)


@bp.post("/new")
@staff_page("customer:update")
def create() -> Response:
    """Makes one."""

    def act() -> Response:
        wanted = read_form(OrganizationForm).settings()
        with transaction():
            made = organizations.create_organization(**wanted).id
        flash("Saved")
        return redirect(f"{HERE}/{made}")  # type: ignore[return-value]

    def again(error: AppError) -> Response:
        return form_page(
            "organizations/edit.html", error, organization=None, values=form_values(), tiers=TIER_CHOICES
        )

    return handled(act, again)


@bp.get("/<uuid:organization_id>")
@staff_page("customer:read")
def show(organization_id: uuid.UUID) -> Any:
    """One organization with its people."""
    return _page(organization_id)


@bp.post("/<uuid:organization_id>")
@staff_page("customer:update")
def update(organization_id: uuid.UUID) -> Response:
    """Saves it."""

    def act() -> Response:
        wanted = read_form(OrganizationForm).settings()
        with transaction():
            check_unchanged(
                lambda: _values(organizations.organization_for(organization_id)),
                About("organization", organization_id),
            )
            organizations.update_organization(organization_id, **wanted)
        flash("Saved")
        return redirect(f"{HERE}/{organization_id}")  # type: ignore[return-value]

    return handled(act, lambda error: _page(organization_id, error, form_values()))


@bp.post("/<uuid:organization_id>/merge")
@staff_page("customer:update")
def merge(organization_id: uuid.UUID) -> Response:
    """Takes the people and domains of another one."""

    def act() -> Response:
        other = read_form(MergeForm).other
        with transaction():
            organizations.merge_organizations(organization_id, other)
        flash("They are one organization now.")
        return redirect(f"{HERE}/{organization_id}")  # type: ignore[return-value]

    return handled(act, lambda error: _page(organization_id, error))


def _page(organization_id: uuid.UUID, error: AppError | None = None, typed: Any = None) -> Response:
    with read_only():
        found = organizations.organization_for(organization_id)
        others, _ = organizations.list_organizations(limit=500)
        context = {
            "organization": {"id": found.id, "name": found.name},
            "values": typed or _values(found),
            "version": version_of(_values(found)),
            "members": [customer_out(member) for member in organizations.list_members(found.id)],
            "others": [(str(row.id), row.name) for row, _ in others if row.id != found.id],
            "tiers": TIER_CHOICES,
            "may_edit": current_actor().may("customer:update"),
        }
        return form_page("organizations/edit.html", error, **context)


def _values(found: Organization) -> dict[str, Any]:
    return {
        "name": found.name,
        "domains": "\n".join(found.domains),
        "tier": found.tier or "",
        "notes": found.notes,
    }
