"""What lies on the disk for messages: how much a workspace has, and what nobody names any more."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp import database, green
from webapp.config import settings
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.integrations.storage import DiskStorage
from webapp.models import Attachment, InboundMail
from webapp.tenancy import use_workspace


def used_bytes(*, session: Any = None) -> int:
    """How many bytes the workspace's files have together."""
    session = session or db.session()
    return int(session.scalar(sa.select(sa.func.coalesce(sa.func.sum(Attachment.size_bytes), 0))))


def check_room(more: int) -> None:
    """Raises `Invalid` where so many bytes more would be beyond what a workspace may have.

    Mail that comes is not asked: nobody is there to send it again.
    """
    most = settings().upkeep.workspace_bytes
    if not most:
        return
    with database.read_only():
        used = used_bytes()
    if used + more > most:
        raise Invalid.field("file", "There is no room for more files; whoever runs this desk can make some")


def remove_lost(before: datetime, workspaces: Sequence[uuid.UUID]) -> int:
    """Removes stored files from before that moment that no row of any workspace names; how many.

    No transaction may be open: it looks at a few files at a time.
    """
    database.assert_no_transaction()
    storage, removed = DiskStorage(settings().instance_path / "files"), 0
    for keys in storage.list_keys(before.timestamp()):
        lost = set(keys)
        for workspace_id in workspaces:
            with use_workspace(workspace_id), database.read_only() as session:
                for model in (Attachment, InboundMail):
                    lost -= set(
                        session.scalars(sa.select(model.storage_key).where(model.storage_key.in_(lost)))
                    )
        for key in lost:
            green.run_in_thread(storage.delete, key)
        removed += len(lost)
        green.pause()
    return removed
