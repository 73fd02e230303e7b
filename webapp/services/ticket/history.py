"""Who changed what on a ticket, read from the ledger and put in words."""

import json
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.auth import Actor, current_actor
from webapp.extensions import db
from webapp.models import Customer, Event, Field, Inbox, Team, User
from webapp.services.ticket.access import ticket_for
from webapp.services.ticket_status import list_statuses
from webapp.tenancy import require_workspace_id

LABELS = {
    "assigned_agent_id": "Agent",
    "team_id": "Team",
    "customer_id": "Customer",
    "inbox_id": "Inbox",
    "status_id": "Status",
    "external_id": "External id",
    "followers": "Followers",
    "link": "Link",
    "deleted_at": "In the trash since",
    "spam": "Spam",
}
VALUE_CHARS = 500


def list_history(
    ticket_id: uuid.UUID,
    *,
    before: int | None = None,
    limit: int = 50,
    session: Any = None,
    actor: Actor | None = None,
) -> tuple[list[dict[str, Any]], bool]:
    """The newest changes of a ticket (before a sequence, if given), newest first, and whether there are more.

    Each `{id, seq, at, name, door, actor: {kind, id, name}, changes: [{field, label, old, new}]}`, where
    `old` and `new` are words or None. What was written is in the thread, not here.
    """
    session, actor = session or db.session(), actor or current_actor()
    ticket = ticket_for(ticket_id, "ticket:read", session=session, actor=actor)
    query = sa.select(Event).where(Event.ticket_id == ticket.id, Event.name != "comment.created")
    if before is not None:
        query = query.where(Event.ticket_seq < before)
    found = list(session.scalars(query.order_by(Event.ticket_seq.desc()).limit(limit + 1)))
    page = found[:limit]
    words = _Words(session, actor, page)
    return [_entry(event, words) for event in page], len(found) > limit


def _entry(event: Event, words: "_Words") -> dict[str, Any]:
    return {
        "id": str(event.id),
        "seq": event.ticket_seq,
        "at": clock.iso(event.at),
        "name": event.name,
        "door": event.door,
        "actor": {
            "kind": event.actor_kind,
            "id": str(event.actor_id) if event.actor_id else None,
            "name": event.actor_name,
        },
        "changes": [words.change(name, moved) for name, moved in _one_status(event.changes).items()],
    }


def _one_status(changes: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """The workspace's own status and its code are one change to people."""
    if "status" not in changes or "status_id" not in changes:
        return changes
    both = zip(changes["status_id"], changes["status"], strict=True)
    return {
        **{name: moved for name, moved in changes.items() if name != "status_id"},
        "status": [own or code for own, code in both],
    }


class _Words:
    """What the ids and codes of a page of events are called, asked for once."""

    def __init__(self, session: Any, actor: Actor, events: Iterable[Event]) -> None:
        self._statuses = list_statuses(session=session, actor=actor)
        self._fields = {field.key: field.label for field in session.scalars(sa.select(Field))}
        mentioned = _mentioned(events)
        self._names = {
            **_names(session, User, mentioned, lambda row: row.name),
            **_names(session, Team, mentioned, lambda row: row.name),
            **_names(session, Inbox, mentioned, lambda row: row.name),
            **_names(session, Customer, mentioned, lambda row: row.shown_name),
            **{str(row.id): row.label for row in self._statuses if row.id},
        }
        self._codes = {row.code: row.label for row in self._statuses if row.is_standard}

    def change(self, name: str, moved: list[Any]) -> dict[str, Any]:
        """One field's change in words."""
        old, new = (self._value(name, value) for value in moved)
        return {"field": name, "label": self._label(name), "old": old, "new": new}

    def _label(self, name: str) -> str:
        if name.startswith("fields."):
            key = name.removeprefix("fields.")
            return self._fields.get(key, key)
        return LABELS.get(name, name.capitalize().replace("_", " "))

    def _value(self, name: str, value: Any) -> str | None:
        if value is None or value in ("", [], {}):
            return None
        each = value if isinstance(value, list) else [value]
        return ", ".join(self._word(name, one) for one in each)[:VALUE_CHARS]

    def _word(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return "Yes" if value else "No"
        if isinstance(value, dict):
            return _described(name, value)
        if name == "priority":
            return str(value).capitalize()
        return {**self._names, **(self._codes if name == "status" else {})}.get(str(value), str(value))


def _described(name: str, value: dict[str, Any]) -> str:
    if name == "link":
        return f"#{value.get('number')} ({str(value.get('kind')).replace('_', ' ')})"
    return json.dumps(value, ensure_ascii=False)


def _mentioned(events: Iterable[Event]) -> set[uuid.UUID]:
    """Every id among the changes."""
    found = set()
    for event in events:
        for moved in event.changes.values():
            for value in moved:
                for each in value if isinstance(value, list) else [value]:
                    if isinstance(each, str) and len(each) == 36 and (known := _as_uuid(each)):
                        found.add(known)
    return found


def _as_uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _names(session: Any, model: Any, ids: set[uuid.UUID], name: Callable[[Any], str]) -> dict[str, str]:
    if not ids:
        return {}
    query = sa.select(model).where(model.id.in_(ids), model.workspace_id == require_workspace_id())
    return {str(row.id): name(row) for row in session.scalars(query)}
