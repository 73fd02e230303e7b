"""Mailboxes that are read by IMAP: which are due, how far each has been read, what went wrong."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.auth import Actor, current_actor, require
from webapp.config import settings
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.integrations.imap import Account, ImapError
from webapp.models import Inbox, Job, Mailbox
from webapp.services.email import provider_setup
from webapp.services.job import enqueue, get_job
from webapp.signing import unseal

POLL = "mail.poll"
TEST = "mail.poll_test"
EVERY = timedelta(seconds=40)
"""Less than the minute from look to look, a part of which the reading takes: else it were every other one."""
AFTER_TROUBLE = timedelta(minutes=10)
"""A server that refuses a password too often in a row locks the account."""
HINTS = {
    **provider_setup.HINTS,
    "LoginRefused": "The user or the password is wrong. Many servers, Gmail and Outlook among them, want an "
    "app password, and IMAP switched on.",
    "NoSuchFolder": "There is no folder of this name.",
    "ServerDisconnected": "The server hung up: the port and the kind of encryption may not fit together.",
    "NotUnderstood": "It does not answer as an IMAP server does.",
    "NoStartTls": "The server offers no STARTTLS here: try TLS on port 993.",
    "NotPublic": "This address is on a private network, where nothing is fetched from.",
    "SSLError": "The server does not speak TLS on this port: try STARTTLS.",
    "TimeoutError": "It did not answer in time.",
    "FetchRefused": "The server did not hand a mail out. It is tried again.",
}


@dataclass(frozen=True)
class Reading:
    """A mailbox as a job reads it, as plain values."""

    account: Account
    inbox: Inbox
    validity: int | None
    last_uid: int | None
    overlap: date
    """From this day on mails are looked at once more if their numbers have lost their meaning."""


def due_mailboxes(*, session: Any = None) -> list[uuid.UUID]:
    """The workspace's mailboxes that are to be read now."""
    now = clock.now()
    query = sa.select(Mailbox).join(Inbox, Inbox.id == Mailbox.inbox_id)
    query = query.where(Mailbox.is_polling, Inbox.is_active)
    found = (session or db.session()).scalars(query)
    return [box.id for box in found if box.polled_at is None or box.polled_at + _pause(box) <= now]


def _pause(box: Mailbox) -> timedelta:
    return AFTER_TROUBLE if box.last_error else EVERY


def request_poll(mailbox_id: uuid.UUID, *, session: Any = None) -> Job | None:
    """Has a mailbox read soon; None if that is under way already."""
    params = {"mailbox_id": str(mailbox_id)}
    return enqueue(POLL, params, session=session, unique_key=f"poll:{mailbox_id}", max_attempts=1)


def reading_of(mailbox_id: uuid.UUID, *, session: Any = None) -> Reading:
    """What a job needs to read a mailbox. Raises `NotFound`, `ImapError` if its password cannot be opened."""
    session = session or db.session()
    query = sa.select(Mailbox, Inbox).join(Inbox, Inbox.id == Mailbox.inbox_id)
    row = session.execute(query.where(Mailbox.id == mailbox_id)).first()
    if row is None or not row.Inbox.is_active:
        raise NotFound("There is no such mailbox")
    box, inbox = row
    session.expunge(inbox)
    overlap = ((box.polled_at or clock.now()) - timedelta(days=1)).date()
    return Reading(_account(box), inbox, box.uid_validity, box.last_uid, overlap)


def _account(box: Mailbox) -> Account:
    try:
        password = unseal(box.imap_password_box) if box.imap_password_box else ""
    except ValueError:
        raise ImapError("IMAP: SECRET_KEY") from None
    return Account(
        host=box.imap_host,
        port=box.imap_port,
        tls=box.imap_tls,
        username=box.imap_username,
        password=password,
        folder=box.imap_folder,
        reach="public_or_loopback" if settings().testing else "public",
    )


def note_read(mailbox_id: uuid.UUID, account: Account, validity: int, uid: int, *, session: Any) -> None:
    """Notes how far it has been read, in the transaction that takes the mail; unless it was set up anew."""
    values = {"uid_validity": validity, "last_uid": uid}
    mine = (
        Mailbox.id == mailbox_id,
        Mailbox.imap_host == account.host,
        Mailbox.imap_username == account.username,
        Mailbox.imap_folder == account.folder,
    )
    noting = sa.update(Mailbox).where(*mine).values(values)
    session.execute(noting.execution_options(synchronize_session=False))


def note_poll(mailbox_id: uuid.UUID, said: str | None = None, *, session: Any = None) -> None:
    """Notes that it was looked at just now, and what was wrong, in plain words."""
    noting = sa.update(Mailbox).where(Mailbox.id == mailbox_id)
    noting = noting.values(polled_at=clock.now(), last_error=said[:300] if said else None)
    (session or db.session()).execute(noting.execution_options(synchronize_session=False))


def explain(error: ImapError) -> str:
    """What went wrong, and what it means, if we know."""
    said = str(error)
    return HINTS.get(said.rpartition(" ")[2], f"{said}.")


# --- trying it ------------------------------------------------------------------------------------


def request_test(mailbox_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> Job:
    """Queues a look at a mailbox as it is saved now; what it finds is the job's result."""
    actor = actor or current_actor()
    require(actor, "inbox:manage")
    params = {"mailbox_id": str(mailbox_id)}
    asker = actor.id if actor.kind == "user" else None
    job = enqueue(TEST, params, session=session, max_attempts=1, requested_by_id=asker)
    assert job is not None, "without a unique key a job is always made"
    return job


def find_test(job_id: uuid.UUID, *, actor: Actor | None = None) -> Job | None:
    """A test that the actor may see, or None."""
    job = get_job(job_id, actor=actor)
    return job if job.type == TEST else None
