"""Definitions of custom fields. Values are set with `PATCH /tickets/<id>`, `PATCH /customers/<id>`."""

from typing import Any

from flask_openapi3 import APIBlueprint

from webapp.api.doors import access, created, enter_staff, leave
from webapp.database import read_only, transaction
from webapp.schemas.field import FieldIn, FieldPatch, FieldsQuery, field_out
from webapp.schemas.ticket_in import IdPath
from webapp.services import field as fields

bp = APIBlueprint("fields", __name__, url_prefix="/api/v1")
bp.before_request(enter_staff)
bp.teardown_request(leave)


@bp.get("/fields")
@access("directory:read")
def list_fields(query: FieldsQuery) -> Any:
    """The definitions in their order."""
    with read_only():
        found = fields.list_fields(query.target, archived=query.archived)
        return {"data": [field_out(field) for field in found]}


@bp.post("/fields")
@access("settings:manage")
def create_field(body: FieldIn) -> Any:
    """Defines a field."""
    with transaction():
        given = body.model_dump()
        return created(
            {"field": field_out(fields.create_field(given.pop("label"), given.pop("kind"), **given))}
        )


@bp.patch("/fields/<id>")
@access("settings:manage")
def update_field(path: IdPath, body: FieldPatch) -> Any:
    """Changes a definition, archives it or brings it back."""
    given = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    with transaction():
        archived = given.pop("archived", None)
        field = fields.update_field(path.id, **given)
        if archived is not None:
            field = fields.archive_field(path.id, archived)
        return {"field": field_out(field)}
