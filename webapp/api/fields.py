"""Definitions of custom fields. Values are set with `PATCH /tickets/<id>`, `PATCH /customers/<id>`."""

from typing import Any

from webapp.api.doors import access, answers, created, staff_views
from webapp.api.matching import matching
from webapp.database import read_only, transaction
from webapp.models import Field
from webapp.schemas.field import FieldIn, FieldOut, FieldPatch, FieldsQuery, field_out
from webapp.schemas.paging import cut, page_out
from webapp.schemas.ticket_in import IdPath
from webapp.services import field as fields

bp = staff_views("fields", __name__)


@bp.get("/fields")
@access("directory:read")
@answers(data=list[FieldOut], next_cursor=str | None)
def list_fields(query: FieldsQuery) -> Any:
    """The definitions in their order."""
    with read_only():
        found = fields.list_fields(query.target, archived=query.archived)
        page, cursor = cut(found, query, _place, int, int, str)
        return page_out(page, cursor, field_out)


def _place(field: Field) -> tuple[int, int, str]:
    return int(field.target == "customer"), field.position, str(field.id)


@bp.post("/fields")
@access("settings:manage")
@answers(201, field=FieldOut, may=(409,))
def create_field(body: FieldIn) -> Any:
    """Defines a field."""
    with transaction():
        given = body.model_dump()
        return created(
            {"field": field_out(fields.create_field(given.pop("label"), given.pop("kind"), **given))}
        )


@bp.get("/fields/<id>")
@access("directory:read")
@answers(field=FieldOut)
def read_field(path: IdPath) -> Any:
    """A definition, archived or not."""
    with read_only():
        return {"field": field_out(fields.field_for(path.id, permission="directory:read"))}


@bp.patch("/fields/<id>")
@access("settings:manage")
@matching(read_field)
@answers(field=FieldOut, may=(409,))
def update_field(path: IdPath, body: FieldPatch) -> Any:
    """Changes a definition, archives it or brings it back."""
    given = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    with transaction():
        archived = given.pop("archived", None)
        field = fields.update_field(path.id, **given)
        if archived is not None:
            field = fields.archive_field(path.id, archived)
        return {"field": field_out(field)}
