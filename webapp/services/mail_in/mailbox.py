"""How mail comes to an e-mail inbox: found by its key, set up by who manages inboxes."""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor
from webapp.errors import Invalid, NotFound
from webapp.extensions import db
from webapp.models import Inbox, Mailbox
from webapp.services.event import record
from webapp.services.inbox import inbox_for
from webapp.services.mail_in.sorting import mailbox_of
from webapp.signing import seal

PLACE = ("imap_host", "imap_port", "imap_username", "imap_folder")
FIELDS = (
    "address",
    "trusted_host",
    "strangers",
    "ses_topic",
    "sendgrid_public_key",
    "is_polling",
    "imap_tls",
    *PLACE,
)


def inbox_by_key(key: str, *, session: Any = None) -> Inbox:
    """The active e-mail inbox with that key, before any workspace is known. Raises `NotFound`."""
    found: Inbox | None = (session or db.session()).scalar(sa.select(Inbox).where(Inbox.key == key))
    if found is None or not found.is_active or found.channel != "email":
        raise NotFound("There is no such e-mail inbox")
    return found


def mailbox_for(inbox_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> Mailbox:
    """How mail comes to an inbox, unsaved where nobody has set it up. Raises `NotFound`, `Forbidden`."""
    session = session or db.session()
    inbox = inbox_for(inbox_id, session=session, actor=actor)
    if inbox.channel != "email":
        raise NotFound("This inbox takes no mail")
    return mailbox_of(inbox, session=session)


def save_mailbox(
    inbox_id: uuid.UUID,
    values: dict[str, Any],
    *,
    password: str = "",
    session: Any = None,
    actor: Actor | None = None,
) -> Mailbox:
    """Sets it up anew; `values`: those of `FIELDS`; `password`: for IMAP, empty to keep the one there is.

    Raises `Invalid` where another inbox has the address, or something is missing to read by IMAP.
    """
    session, actor = session or db.session(), actor or current_actor()
    inbox_for(inbox_id, session=session, actor=actor, lock=True)
    row = mailbox_for(inbox_id, session=session, actor=actor)
    with session.no_autoflush:
        _check(row, values, password, session)
    if row.id is None:
        row.id, row.created_at = database.uuid7(), clock.now()
        session.add(row)
    changes = {
        name: [getattr(row, name), values[name]] for name in FIELDS if getattr(row, name) != values[name]
    }
    if password:
        changes["imap_password"] = ["set" if row.imap_password_box else None, "set"]
        row.imap_password_box = seal(password)
    if not set(PLACE).isdisjoint(changes):  # another folder's numbers mean nothing here
        row.uid_validity = row.last_uid = None
    for name in FIELDS:
        setattr(row, name, values[name])
    if changes:
        row.polled_at = row.last_error = None
    session.flush()
    if changes:
        record("mailbox.updated", session=session, actor=actor, subject_id=inbox_id, changes=changes)
    return row


def _check(row: Mailbox, values: dict[str, Any], password: str, session: Any) -> None:
    taken = sa.select(Mailbox.id).where(
        Mailbox.address == values["address"], Mailbox.inbox_id != row.inbox_id
    )
    if values["address"] and session.scalar(taken) is not None:
        raise Invalid.field("address", "Another inbox has this address")
    if values["is_polling"]:
        for name in ("imap_host", "imap_username", "imap_folder"):
            if not values[name].strip():
                raise Invalid.field(name, "It is needed to fetch mail")
        if not password and not row.imap_password_box:
            raise Invalid.field("imap_password", "Type the password of the mailbox")
    # Whoever typed a password meant it for that server alone.
    elsewhere = (row.imap_host, row.imap_port) != (values["imap_host"], values["imap_port"])
    if row.imap_password_box and not password and elsewhere:
        raise Invalid.field("imap_password", "Type it again: it goes to another server now")
