"""The workspace's own statuses inside the six codes."""

from typing import Any

from webapp.api.doors import access, answers, created, staff_views
from webapp.api.matching import matching
from webapp.database import read_only, transaction
from webapp.schemas.paging import PageQuery, cut, page_out
from webapp.schemas.ticket_in import IdPath
from webapp.schemas.ticket_status import StatusIn, StatusOut, StatusPatch, status_out
from webapp.services import ticket_status as statuses

bp = staff_views("statuses", __name__)


@bp.get("/statuses")
@access("directory:read")
@answers(data=list[StatusOut], next_cursor=str | None)
def list_statuses(query: PageQuery) -> Any:
    """Every status in order, the six codes' own names included (without an id)."""
    with read_only():
        page, cursor = cut(enumerate(statuses.list_statuses()), query, lambda row: row[:1], int)
        return page_out(page, cursor, lambda row: status_out(row[1]))


@bp.post("/statuses")
@access("settings:manage")
@answers(201, status=StatusOut, may=(409,))
def create_status(body: StatusIn) -> Any:
    """Makes a status inside a code."""
    with transaction():
        made = statuses.create_status(body.code, body.label, pending_on=body.pending_on)
        return created({"status": status_out(made)})


@bp.get("/statuses/<id>")
@access("directory:read")
@answers(status=StatusOut)
def read_status(path: IdPath) -> Any:
    """A status of the workspace's own."""
    with read_only():
        return {"status": status_out(statuses.status_for(path.id))}


@bp.patch("/statuses/<id>")
@access("settings:manage")
@matching(read_status)
@answers(status=StatusOut, may=(409,))
def update_status(path: IdPath, body: StatusPatch) -> Any:
    """Renames, moves, retires a status, or says whom it waits for."""
    with transaction():
        return {"status": status_out(statuses.update_status(path.id, **body.model_dump(exclude_unset=True)))}
