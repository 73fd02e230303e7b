"""Recalculating open tickets, and replaying past ones under a draft: long work that lets others work."""

import uuid
from datetime import timedelta
from typing import Any

from webapp import clock
from webapp.database import read_only, transaction
from webapp.extensions import db
from webapp.services.sla import recalculation, replay
from webapp.tasks.worker import job, report_progress

LOCKED_AT_ONCE = 10
"""Tickets that one transaction holds: nobody waits long for any of them."""


@job(recalculation.TYPE)
def recalculate_open_tickets(_params: dict[str, Any], job_id: uuid.UUID) -> dict[str, Any]:
    """Judges every open ticket anew; done twice, it moves nothing the second time."""
    with read_only():
        total = recalculation.count_open()
    done, moved, last = 0, 0, None
    while True:
        with read_only():
            ids = recalculation.next_ids(last, LOCKED_AT_ONCE)
        if not ids:
            return {"row_count": done, "moved": moved}
        with transaction():
            moved += recalculation.recalculate(ids)
        done, last = done + len(ids), ids[-1]
        note = f"{done:,} of {total:,} tickets, {moved:,} moved"
        report_progress(job_id, min(100 * done / max(total, 1), 100), note)


@job(replay.TYPE)
def replay_draft(params: dict[str, Any], job_id: uuid.UUID) -> dict[str, Any]:
    """Folds the tickets of the last days under the present policies and under the draft."""
    cutoff = clock.now() - timedelta(days=params["days"])
    with read_only():
        total = replay.count_since(cutoff)
        before, after = replay.rules_of(params, session=db.session)
    tally, done, last = replay.Tally(), 0, None
    while True:
        with read_only():
            batch = replay.tickets_since(cutoff, last)
            replay.compare_batch(tally, batch, before, after, session=db.session)
        if not batch:
            return tally.result(params["days"], params["draft"]["name"])
        done, last = done + len(batch), batch[-1].id
        report_progress(job_id, min(100 * done / max(total, 1), 100), f"{done:,} of {total:,} tickets")
