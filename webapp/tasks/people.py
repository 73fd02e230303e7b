"""Tickets of somebody who has gone, on their way to whoever has them now."""

import uuid
from typing import Any

from webapp.database import read_only, transaction
from webapp.services import handover
from webapp.tasks.worker import job, report_progress


@job(handover.TYPE)
def hand_over(params: dict[str, Any], job_id: uuid.UUID) -> dict[str, Any]:
    """Batch by batch, each a transaction of its own; begun again, it goes on where it was."""
    user_id, done = uuid.UUID(params["user_id"]), 0
    with read_only():
        total = handover.count_open(user_id)
    while True:
        with transaction():
            heir = handover.heir_or_routing(params["to"], user_id)
            moved = handover.hand_over(user_id, heir)
        if not moved:
            return {"tickets": done}
        done += moved
        report_progress(job_id, min(99, 100 * done // max(total, done)))
