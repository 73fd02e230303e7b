"""Reports that are mailed by a plan."""

import uuid
from datetime import datetime
from typing import Any

from webapp.database import read_only, transaction
from webapp.services import report, report_mail, report_plan
from webapp.tasks.timer import timer
from webapp.tasks.worker import job

MOST_ROUNDS = 40


@timer(report_plan.MAIL)
def on_time(subject_id: uuid.UUID, params: dict[str, Any]) -> None:
    """A saved report is to be mailed."""
    report_plan.on_time(subject_id, datetime.fromisoformat(params["due_at"]))


@job(report_plan.MAIL)
def mail_report(params: dict[str, Any], _job_id: uuid.UUID) -> dict[str, int]:
    """Asks for a report's figures once, and writes a mail for each who is to have it."""
    _catch_up()
    plan_id, due_at = uuid.UUID(params["plan_id"]), datetime.fromisoformat(params["due_at"])
    with read_only():
        found = report_plan.get_plan(plan_id)
        sheet = report_mail.prepare(*found) if found else None
    with transaction():
        found = report_plan.get_plan(plan_id)
        if found is None or sheet is None:
            return {"mails": 0}
        return {"mails": report_mail.queue_mails(*found, due_at, sheet)}


def _catch_up() -> None:
    """Reports count what is measured: what happened until now should be."""
    for _ in range(MOST_ROUNDS):
        with transaction():
            if report.catch_up():
                return
