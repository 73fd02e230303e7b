"""What comes into the log: recorded facts, at the end of their transaction, and accesses that are noted."""

import threading
import uuid
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor
from webapp.events import ACCESSES, CATALOGUE
from webapp.extensions import db
from webapp.models import (
    AuditEntry,
    Calendar,
    Event,
    Inbox,
    Job,
    Role,
    Skill,
    SlaPolicy,
    Tag,
    Team,
    Ticket,
    User,
    WebhookSubscription,
)
from webapp.schemas.change import without_secrets
from webapp.services.audit.chain import append, canonical, lock_head
from webapp.services.event import recorded_by

ONCE_AN = timedelta(hours=1)
MOST_REMEMBERED = 10_000
QUIET = frozenset({"availability", "availability_reason", "settings"})
"""What people set about themselves all day long."""
TOLD_OF_CUSTOMERS = frozenset({"merged_id", "tickets"})
"""Of other fields of theirs only the name is kept: from a chain nothing could be erased."""
NAMED: dict[str, Any] = {
    "calendar": Calendar.name,
    "inbox": Inbox.name,
    "job": Job.type,
    "role": Role.name,
    "skill": Skill.name,
    "sla_policy": SlaPolicy.name,
    "tag": Tag.name,
    "team": Team.name,
    "user": User.name,
    "webhook": WebhookSubscription.description,
}


# --- facts ----------------------------------------------------------------------------------------


def keep(session: Any, recorded: list[tuple[Event, Ticket | None]]) -> None:
    """Adds what was recorded and is to be audited. The last thing before the feed's numbering."""
    kept = [(event, ticket) for event, ticket in recorded if _is_kept(event)]
    if kept:
        drafts = [_of_event(event, ticket, session) for event, ticket in kept]
        append(session, lock_head(session), drafts)


def _is_kept(event: Event) -> bool:
    if not CATALOGUE[event.name].is_audited:
        return False
    if event.name == "user.updated":
        return bool(event.changes.keys() - QUIET)
    return event.name != "suppression.created" or event.actor_kind == "user"


def _of_event(event: Event, ticket: Ticket | None, session: Any) -> dict[str, Any]:
    actor = recorded_by(event, session=session)
    subject = f"#{ticket.number}" if ticket is not None else _called(event, session)
    about = {"subject": subject, "changes": event.changes, "at": event.at}
    draft = _draft(event.name, actor, event.subject_id, **about)
    if ticket is not None:
        draft["subject_id"] = ticket.id
    return {
        **draft,
        "actor_kind": event.actor_kind,
        "actor_id": event.actor_id,
        "actor_name": event.actor_name,
        "door": event.door,
    }


def _called(event: Event, session: Any) -> str:
    """What the thing is called now, or was before it was taken away."""
    noun = event.name.partition(".")[0]
    if noun == "customer":
        return ""
    named = event.changes.get("name")
    if isinstance(named, list) and len(named) == 2:
        return str(named[1] or named[0] or "")
    column = NAMED.get(noun)
    if column is None or event.subject_id is None:
        return ""
    return str(session.scalar(sa.select(column).where(column.class_.id == event.subject_id)) or "")


def _draft(
    name: str, actor: Actor, subject_id: uuid.UUID | None, *, subject: str, changes: Any, at: datetime
) -> dict[str, Any]:
    said = without_secrets(changes)
    if name.startswith("customer."):
        said = {field: pair if field in TOLD_OF_CUSTOMERS else None for field, pair in said.items()}
    return {
        "at": at,
        "name": name,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name[:254],
        "door": actor.door,
        "address": (actor.address or "")[:64],
        "browser": actor.browser[:200],
        "subject_id": subject_id,
        "subject": subject[:300],
        "changes": canonical(said),
    }


# --- accesses -------------------------------------------------------------------------------------

_noted: dict[tuple[Any, ...], datetime] = {}
_noted_lock = threading.Lock()


def wants_note(name: str, subject_id: uuid.UUID | None = None, *, actor: Actor | None = None) -> bool:
    """Whether an access is yet to be noted, as far as this process remembers: asks no database."""
    at = _noted.get(_key(name, subject_id, actor or current_actor()))
    return at is None or at <= clock.now() - ONCE_AN


def note_access(
    name: str,
    subject_id: uuid.UUID | None = None,
    *,
    subject: str = "",
    once: bool = True,
    changes: dict[str, Any] | None = None,
    actor: Actor | None = None,
    session: Any = None,
) -> bool:
    """Notes that somebody looked at something; `once`: not again within an hour. Whether it was added.

    Raises `KeyError` for a name that `events.ACCESSES` does not hold.
    """
    session, actor = session or db.session(), actor or current_actor()
    assert ACCESSES[name]
    head = lock_head(session)  # before the look: two at once note it once
    noted = _noted_at(name, subject_id, actor, session) if once else None
    if noted is None:
        about = {"subject": subject, "changes": changes or {}, "at": clock.now()}
        append(session, head, [_draft(name, actor, subject_id, **about)])
    if once:
        key, at = _key(name, subject_id, actor), noted or clock.now()
        database.after_commit(session, lambda: _remember(key, at))
    return noted is None


def _noted_at(name: str, subject_id: uuid.UUID | None, actor: Actor, session: Any) -> datetime | None:
    same = (AuditEntry.name == name, AuditEntry.actor_id == actor.id, AuditEntry.subject_id == subject_id)
    recent = AuditEntry.at > clock.now() - ONCE_AN
    found: datetime | None = session.scalar(sa.select(sa.func.max(AuditEntry.at)).where(*same, recent))
    return found


def _key(name: str, subject_id: uuid.UUID | None, actor: Actor) -> tuple[Any, ...]:
    return actor.workspace_id, actor.id, name, subject_id


def _remember(key: tuple[Any, ...], at: datetime) -> None:
    with _noted_lock:
        if len(_noted) >= MOST_REMEMBERED:
            _noted.clear()
        _noted[key] = at
