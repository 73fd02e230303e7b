"""What policies would do to open tickets, and doing it."""

from typing import Any

from webapp.api.doors import access, answers, staff_views
from webapp.database import read_only, transaction
from webapp.schemas.export import JobOut, job_out
from webapp.services.sla import recalculation

bp = staff_views("sla_review", __name__, "/api/v1/sla")


@bp.get("/recalculation")
@access("settings:manage")
@answers(looked=int, moved=int, is_partial=bool, tickets=list[dict[str, Any]])
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
@answers(202, job=JobOut, may=(409,))
def start_recalculation() -> Any:
    """Moves them, in the background; the job says how far it is."""
    with transaction():
        return {"job": job_out(recalculation.request_recalculation())}, 202
