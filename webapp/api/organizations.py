"""Organizations: whom customers belong to."""

import uuid
from typing import Any

from webapp.api.doors import access, answers, created, staff_views
from webapp.api.matching import matching
from webapp.database import read_only, transaction
from webapp.schemas.organization import (
    OrganizationIn,
    OrganizationMerge,
    OrganizationOut,
    OrganizationPatch,
    organization_out,
)
from webapp.schemas.paging import NamedQuery, page_out
from webapp.schemas.ticket_in import IdPath
from webapp.services import organization as organizations

bp = staff_views("organizations_api", __name__)


@bp.get("/organizations")
@access("customer:read")
@answers(data=list[OrganizationOut], next_cursor=str | None)
def list_organizations(query: NamedQuery) -> Any:
    """Organizations by name, those with all words of `q` in it."""
    with read_only():
        page, cursor = organizations.list_organizations(query.q, after=query.cursor, limit=query.limit)
        return page_out(page, cursor, lambda row: organization_out(*row))


@bp.post("/organizations")
@access("customer:update")
@answers(201, organization=OrganizationOut, may=(409,))
def create_organization(body: OrganizationIn) -> Any:
    """Makes an organization."""
    with transaction():
        return created(_shown(organizations.create_organization(**body.model_dump()).id))


@bp.get("/organizations/<id>")
@access("customer:read")
@answers(organization=OrganizationOut)
def read_organization(path: IdPath) -> Any:
    """An organization."""
    with read_only():
        return _shown(path.id)


@bp.patch("/organizations/<id>")
@access("customer:update")
@matching(read_organization)
@answers(organization=OrganizationOut, may=(409,))
def update_organization(path: IdPath, body: OrganizationPatch) -> Any:
    """Sets what is named."""
    with transaction():
        organizations.update_organization(path.id, **body.fields())
        return _shown(path.id)


@bp.post("/organizations/<id>/merge")
@access("customer:update")
@answers(organization=OrganizationOut, may=(409,))
def merge_organizations(path: IdPath, body: OrganizationMerge) -> Any:
    """Takes the customers and domains of another one, which is gone then."""
    with transaction():
        organizations.merge_organizations(path.id, body.other)
        return _shown(path.id)


def _shown(organization_id: uuid.UUID) -> dict[str, Any]:
    found = organizations.organization_for(organization_id)
    return {"organization": organization_out(found, organizations.count_customers(found.id))}
