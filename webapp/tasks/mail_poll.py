"""Reading mailboxes by IMAP. A mail and how far its mailbox has been read are one commit: killed in between,
the same mail is fetched again, and known.
"""

import uuid
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from webapp.auth import SYSTEM, acting_as
from webapp.database import read_only, transaction
from webapp.integrations import imap
from webapp.integrations.imap import Folder, ImapError
from webapp.models import Workspace
from webapp.services import mail_in
from webapp.services.mail_in import polling
from webapp.services.mail_in.polling import Reading
from webapp.tasks.worker import job
from webapp.tenancy import use_workspace

MOST = 200
"""So many mails are taken at one look; the rest at the next."""
Result = dict[str, Any]


def poll_mailboxes() -> None:
    """Has the mailboxes read that are due."""
    with read_only() as session:
        workspaces = list(session.scalars(sa.select(Workspace.id)))
    for workspace_id in workspaces:
        with use_workspace(workspace_id), acting_as(SYSTEM):
            with read_only():
                due = polling.due_mailboxes()
            for mailbox_id in due:
                with transaction():
                    polling.request_poll(mailbox_id)


@job(polling.POLL, hands=2)
def poll(params: dict[str, Any], job_id: uuid.UUID) -> Result:  # noqa: ARG001 - each mail is its own key
    """Takes what has come into a mailbox since the last look."""
    mailbox_id = uuid.UUID(params["mailbox_id"])
    result = _look(mailbox_id, lambda reading, folder: f"{_take_new(mailbox_id, reading, folder)} taken")
    with transaction():
        polling.note_poll(mailbox_id, None if result["ok"] else result["said"])
    return result


@job(polling.TEST)
def test(params: dict[str, Any], job_id: uuid.UUID) -> Result:  # noqa: ARG001 - it changes nothing
    """Looks into a mailbox; what it finds is the result, whether good or bad."""
    return _look(
        uuid.UUID(params["mailbox_id"]),
        lambda reading, folder: f"It works: {reading.account.folder} holds {folder.count} mails.",
    )


def _look(mailbox_id: uuid.UUID, act: Callable[[Reading, Folder], str]) -> Result:
    try:
        with read_only():
            reading = polling.reading_of(mailbox_id)
        with imap.opened(reading.account) as folder:
            return {"ok": True, "said": act(reading, folder)}
    except ImapError as error:
        return {"ok": False, "said": polling.explain(error)}


def _take_new(mailbox_id: uuid.UUID, reading: Reading, folder: Folder) -> int:
    """Takes the new mails in order; how many. At the first look none: what is there already stays there."""
    if reading.last_uid is None:
        _take(mailbox_id, reading, folder, folder.next_uid - 1, None)
        return 0
    is_same = folder.validity == reading.validity
    new = folder.after(reading.last_uid) if is_same else folder.since(reading.overlap)
    for uid in new[:MOST]:
        _take(mailbox_id, reading, folder, uid, folder.fetch(uid))
    if not is_same and not new:
        _take(mailbox_id, reading, folder, folder.next_uid - 1, None)
    return len(new[:MOST])


def _take(mailbox_id: uuid.UUID, reading: Reading, folder: Folder, uid: int, raw: bytes | None) -> None:
    """Takes one mail, if there is one, and notes that its mailbox has been read so far.

    One that we fail at is held: it must not keep back those behind it, look after look.
    """

    def note(session: Any) -> None:
        polling.note_read(mailbox_id, reading.account, folder.validity, uid, session=session)

    if raw:
        mail_in.take(raw, reading.inbox, mail_in.Arrival("imap"), beside=note)
        return
    with transaction() as session:
        note(session)
