"""What was left lying: mails whose job has died for good, files that no message took."""

import uuid
from datetime import timedelta

import sqlalchemy as sa

from webapp import clock
from webapp.auth import SYSTEM, acting_as
from webapp.database import read_only, transaction
from webapp.models import Workspace
from webapp.services.attachment import remove_unused
from webapp.services.email import delivery
from webapp.tenancy import use_workspace

UNUSED_FOR = timedelta(days=1)


def fail_orphaned_mail() -> None:
    """Marks mails as failed whose jobs have died for good, so that somebody sees them."""
    for workspace_id in _workspaces():
        with use_workspace(workspace_id), acting_as(SYSTEM):
            with read_only():
                orphans = delivery.orphans()
            for delivery_id in orphans:
                with transaction():
                    delivery.give_up(delivery_id)


def forget_unused_uploads() -> None:
    """Removes files that nobody sent within a day of their upload."""
    before = clock.now() - UNUSED_FOR
    for workspace_id in _workspaces():
        with use_workspace(workspace_id):
            removed = True
            while removed:
                with transaction():
                    removed = bool(remove_unused(before))


def _workspaces() -> list[uuid.UUID]:
    with read_only() as session:
        return list(session.scalars(sa.select(Workspace.id)))
