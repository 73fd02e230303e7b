"""Notifications that leave the house or come later: push, mail for what stayed unseen, the critical hour."""

import uuid
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.database import read_only, transaction
from webapp.extensions import db
from webapp.models import Notification, Ticket, Workspace
from webapp.services.notification import mail, push, reaction
from webapp.tasks.timer import timer
from webapp.tasks.worker import GiveUp, job
from webapp.tenancy import use_workspace

GONE = (404, 410)
FULL = 429
KEPT_DAYS = 90


@job("notification.push", max_attempts=5)
def push_one(params: dict[str, Any], _job_id: uuid.UUID) -> dict[str, str]:
    """Sends one message to one browser; forgets a browser that its push service does not know any more."""
    subscription_id = uuid.UUID(params["subscription_id"])
    with transaction():  # the first message makes the workspace's key
        ready = push.prepare_push(uuid.UUID(params["notification_id"]), subscription_id)
    if ready is None:
        return {"status": "not_wanted"}
    status = push.send_push(ready)
    if status in GONE:
        with transaction():
            push.forget(subscription_id)
        return {"status": "gone"}
    if status == FULL or status >= 500:
        raise ConnectionError(f"push service answered {status}")
    if status >= 300:
        raise GiveUp(f"push service answered {status}")
    return {"status": "sent"}


@timer("notification.email")
def mail_unseen(subject_id: uuid.UUID, _params: dict[str, Any]) -> None:
    """Mails what its owner has not seen in two minutes."""
    mail.mail_unseen(subject_id)


@timer(reaction.WATCH)
def alert_unassigned(subject_id: uuid.UUID, params: dict[str, Any]) -> None:
    """Tells the team's lead of a critical ticket that nobody took for an hour."""
    ticket = db.session.get(Ticket, subject_id)
    if ticket is not None:
        reaction.alert_unassigned(ticket, params["since"])


def forget_notifications() -> None:
    """Removes notifications that are three months old."""
    old = clock.now() - timedelta(days=KEPT_DAYS)
    with read_only() as session:
        workspaces = list(session.scalars(sa.select(Workspace.id)))
    for workspace_id in workspaces:
        with use_workspace(workspace_id), transaction() as session:
            gone = sa.delete(Notification).where(Notification.created_at < old)
            session.execute(gone.execution_options(synchronize_session=False))
