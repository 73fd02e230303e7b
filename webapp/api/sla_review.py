"""What policies would do to open tickets, and doing it."""

from typing import Any

from flask_openapi3 import APIBlueprint

from webapp.api.doors import access, enter_staff, leave
from webapp.database import read_only, transaction
from webapp.schemas.export import job_out
from webapp.services.sla import recalculation

bp = APIBlueprint("sla_review", __name__, url_prefix="/api/v1/sla")
bp.before_request(enter_staff)
bp.teardown_request(leave)


@bp.get("/recalculation")
@access("settings:manage")
def preview_recalculation() -> Any:
    """Which open tickets would move, with their deadlines before and after; nothing is changed."""
    with read_only():
        found = recalculation.preview()
    return {
        "looked": found.looked,
        "moved": found.moved,
        "is_partial": found.is_partial,
        "tickets": found.rows,
    }


@bp.post("/recalculation")
@access("settings:manage")
def start_recalculation() -> Any:
    """Moves them, in the background; the job says how far it is."""
    with transaction():
        return {"job": job_out(recalculation.request_recalculation())}, 202
