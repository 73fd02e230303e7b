"""Inboxes: their settings, keys and secrets, and when they are open."""

import secrets
import string
import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor, require
from webapp.errors import Conflict, NotFound
from webapp.extensions import db
from webapp.models import Inbox
from webapp.services.calendar import business
from webapp.services.event import record
from webapp.signing import seal, unseal
from webapp.tenancy import require_workspace_id

LOOK_AHEAD_DAYS = 14
KEY_CHARS = 16
FIELDS = (
    "name",
    "is_active",
    "allowed_sites",
    "greeting",
    "colour",
    "timezone",
    "hours",
    "prechat",
    "consent",
    "identified_only",
    "form",
)


def list_inboxes(*, actor: Actor | None = None) -> list[Inbox]:
    """The workspace's inboxes by name."""
    require(actor or current_actor(), "inbox:manage")
    query = sa.select(Inbox).where(Inbox.workspace_id == require_workspace_id())
    return list(db.session.scalars(query.order_by(Inbox.name, Inbox.id)))


def inbox_for(
    inbox_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None, lock: bool = False
) -> Inbox:
    """The inbox with that id. Raises `NotFound` for one of another workspace, `Forbidden` for most roles."""
    session = session or db.session()
    require(actor or current_actor(), "inbox:manage")
    query = sa.select(Inbox).where(Inbox.id == inbox_id, Inbox.workspace_id == require_workspace_id())
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found: Inbox | None = session.scalar(query)
    if found is None:
        raise NotFound("There is no such inbox")
    return found


def create_inbox(
    name: str, *, channel: str = "chat", session: Any = None, actor: Actor | None = None, **fields: Any
) -> Inbox:
    """Makes an inbox with a public key and an identity secret of its own. `fields`: those of `FIELDS`."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "inbox:manage")
    made = Inbox(
        id=database.uuid7(),
        workspace_id=require_workspace_id(),
        name=name,
        channel=channel,
        key=new_key(),
        secret_box=seal(new_secret()),
        **_only_fields(fields),
    )
    session.add(made)
    session.flush()
    changes = {field: [None, getattr(made, field)] for field in (*FIELDS, "channel", "key")}
    record("inbox.created", session=session, actor=actor, subject_id=made.id, changes=changes)
    return made


def update_inbox(
    inbox_id: uuid.UUID,
    *,
    version: int | None = None,
    session: Any = None,
    actor: Actor | None = None,
    **fields: Any,
) -> Inbox:
    """Changes settings of an inbox. Raises `Conflict` if `version`, the one looked at, is older now."""
    session, actor = session or db.session(), actor or current_actor()
    found = inbox_for(inbox_id, session=session, actor=actor, lock=True)
    if version is not None and version != found.version:
        raise Conflict("Somebody else has changed this inbox meanwhile", current={"version": found.version})
    changes = {}
    for field, value in _only_fields(fields).items():
        if getattr(found, field) != value:
            changes[field] = [getattr(found, field), value]
            setattr(found, field, value)
    if changes:
        session.flush()
        record("inbox.updated", session=session, actor=actor, subject_id=found.id, changes=changes)
    return found


def rotate_key(inbox_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> Inbox:
    """A new public key: snippets with the old one stop working."""
    session, actor = session or db.session(), actor or current_actor()
    found = inbox_for(inbox_id, session=session, actor=actor, lock=True)
    old, found.key = found.key, new_key()
    session.flush()
    changes = {"key": [old, found.key]}
    record("inbox.updated", session=session, actor=actor, subject_id=found.id, changes=changes)
    return found


def rotate_secret(inbox_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> Inbox:
    """A new identity secret: identities signed with the old one are refused. The ledger never sees either."""
    session, actor = session or db.session(), actor or current_actor()
    found = inbox_for(inbox_id, session=session, actor=actor, lock=True)
    found.secret_box = seal(new_secret())
    session.flush()
    changes = {"secret": ["(hidden)", "(hidden)"]}
    record("inbox.updated", session=session, actor=actor, subject_id=found.id, changes=changes)
    return found


def reveal_secret(inbox_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> str:
    """The identity secret in plain text, for whoever may manage the inbox."""
    return unseal(inbox_for(inbox_id, session=session, actor=actor).secret_box)


def new_key() -> str:
    """A random public key; long enough that nobody finds an inbox by guessing."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(KEY_CHARS))


def new_secret() -> str:
    """A random identity secret."""
    return secrets.token_urlsafe(32)


def _only_fields(fields: dict[str, Any]) -> dict[str, Any]:
    unknown = fields.keys() - set(FIELDS)
    if unknown:
        raise TypeError(f"an inbox has no setting called {', '.join(sorted(unknown))}")
    return fields


# --- hours ----------------------------------------------------------------------------------------


def is_open(inbox: Inbox, at: datetime | None = None) -> bool:
    """Whether the inbox is within its hours; without any it always is."""
    return business.is_open(at or clock.now(), _hours(inbox))


def opens_at(inbox: Inbox, at: datetime | None = None) -> datetime | None:
    """When it opens next: None if it is open, or closed for the next 14 days as well."""
    return business.opens_at(at or clock.now(), _hours(inbox), days=LOOK_AHEAD_DAYS)


def _hours(inbox: Inbox) -> business.Hours | None:
    return business.Hours(inbox.timezone, inbox.hours) if inbox.hours else None
