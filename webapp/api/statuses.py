"""The workspace's own statuses inside the six codes."""

from typing import Any

from flask_openapi3 import APIBlueprint

from webapp.api.doors import access, created, enter_staff, leave
from webapp.database import read_only, transaction
from webapp.schemas.ticket_in import IdPath
from webapp.schemas.ticket_status import StatusIn, StatusPatch, status_out
from webapp.services import ticket_status as statuses

bp = APIBlueprint("statuses", __name__, url_prefix="/api/v1")
bp.before_request(enter_staff)
bp.teardown_request(leave)


@bp.get("/statuses")
@access("directory:read")
def list_statuses() -> Any:
    """Every status in order, the six codes' own names included."""
    with read_only():
        return {"data": [status_out(status) for status in statuses.list_statuses()]}


@bp.post("/statuses")
@access("settings:manage")
def create_status(body: StatusIn) -> Any:
    """Makes a status inside a code."""
    with transaction():
        made = statuses.create_status(body.code, body.label, pending_on=body.pending_on)
        return created({"status": status_out(made)})


@bp.patch("/statuses/<id>")
@access("settings:manage")
def update_status(path: IdPath, body: StatusPatch) -> Any:
    """Renames, moves, retires a status, or says whom it waits for."""
    with transaction():
        return {"status": status_out(statuses.update_status(path.id, **body.model_dump(exclude_unset=True)))}
