"""What was left lying: mails whose job has died for good, files that no message took."""

import logging
import uuid
from datetime import timedelta

import sqlalchemy as sa

from webapp import clock
from webapp.auth import SYSTEM, acting_as
from webapp.database import read_only, transaction
from webapp.models import Workspace
from webapp.services import idempotency
from webapp.services.attachment import remove_unused
from webapp.services.email import delivery
from webapp.services.mail_in.held import forget_undecided
from webapp.services.stored import remove_lost
from webapp.tenancy import use_workspace

log = logging.getLogger(__name__)

UNUSED_FOR = timedelta(days=1)
HELD_FOR = timedelta(days=30)


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


def forget_lost_files() -> None:
    """Removes stored files that nothing has named for a day: what a crash left between file and row."""
    if removed := remove_lost(clock.now() - UNUSED_FOR, _workspaces()):
        log.warning("%d stored files that no row names were removed", removed)


def forget_idempotent_answers() -> None:
    """Removes the answers kept for repeated requests, a day after they were given."""
    for workspace_id in _workspaces():
        with use_workspace(workspace_id), transaction():
            idempotency.forget()


def forget_held_mail() -> None:
    """Removes mail that nobody let in within thirty days."""
    before = clock.now() - HELD_FOR
    for workspace_id in _workspaces():
        with use_workspace(workspace_id):
            removed = True
            while removed:
                with transaction():
                    removed = bool(forget_undecided(before))


def _workspaces() -> list[uuid.UUID]:
    with read_only() as session:
        return list(session.scalars(sa.select(Workspace.id)))
