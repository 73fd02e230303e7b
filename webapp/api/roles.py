"""Roles: the four that every workspace has, and its own."""

from typing import Any

from webapp.api.doors import access, answers, created, nothing, staff_views
from webapp.api.matching import matching
from webapp.database import read_only, transaction
from webapp.schemas.paging import PageQuery, cut, page_out
from webapp.schemas.role import ReplacementQuery, RoleIn, RoleOut, RolePatch, role_out, shown_role
from webapp.schemas.ticket_in import IdPath
from webapp.services import role as roles

bp = staff_views("roles_api", __name__)


@bp.get("/roles")
@access("user:manage")
@answers(data=list[RoleOut], next_cursor=str | None)
def list_roles(query: PageQuery) -> Any:
    """All roles by their keys, which people are given; those without an id come with Parley."""
    with read_only():
        page, cursor = cut(roles.list_roles(), query, lambda row: (row["key"],), str)
        return page_out(page, cursor, shown_role)


@bp.post("/roles")
@access("user:manage")
@answers(201, role=RoleOut, may=(409,))
def create_role(body: RoleIn) -> Any:
    """Makes a role; what everybody may do goes without saying."""
    with transaction():
        return created({"role": shown_role(role_out(roles.create_role(body)))})


@bp.get("/roles/<id>")
@access("user:manage")
@answers(role=RoleOut)
def read_role(path: IdPath) -> Any:
    """A role of the workspace's own."""
    with read_only():
        return {"role": shown_role(roles.read_role(path.id))}


@bp.patch("/roles/<id>")
@access("user:manage")
@matching(read_role)
@answers(role=RoleOut, may=(409,))
def update_role(path: IdPath, body: RolePatch) -> Any:
    """Changes a role, for everybody who has it at once."""
    with transaction():
        found = roles.role_for(path.id, lock=True)
        roles.update_role(path.id, body.over(found))
        return {"role": shown_role(roles.read_role(path.id))}


@bp.delete("/roles/<id>")
@access("user:manage")
@answers(204, may=(409,))
def delete_role(path: IdPath, query: ReplacementQuery) -> Any:
    """Takes a role away; whoever has it gets the role `replacement` instead."""
    with transaction():
        roles.delete_role(path.id, query.replacement)
    return nothing()
