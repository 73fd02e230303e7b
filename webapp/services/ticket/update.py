"""Setting a ticket's fields, all but its status."""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from webapp import database
from webapp.auth import Actor
from webapp.errors import Conflict, Invalid
from webapp.models import Ticket
from webapp.models.ticket import PRIORITIES
from webapp.services import field as custom_fields
from webapp.services import tag as tags
from webapp.services.event import record
from webapp.services.ticket.assignment import give_to, set_team
from webapp.validators import has_unstorable, visible

TITLE_CHARS = 200
CATEGORY_CHARS = 60
EXTERNAL_ID_CHARS = 200
DESCRIPTION_CHARS = 10_000
METADATA_CHARS = 16_384
METADATA_DEPTH = 20

Changes = dict[str, list[Any]]


def set_fields(ticket: Ticket, given: dict[str, Any], *, session: Any, actor: Actor) -> None:
    """Sets what is given on a locked ticket and records it; the rest stays as another's update left it.

    `title`, `description`, `priority`, `category`, `external_id`, `metadata`; `team_id`; `fields`
    {key: value}; `add_tags`, `remove_tags`. Raises `Invalid` naming the field, `Conflict` for an external id
    that is taken.
    """
    plain = {name: value for name, value in given.items() if name not in _APART}
    changed = {name: moved for name, value in plain.items() if (moved := _set_field(ticket, name, value))}
    if "external_id" in changed:
        flush_external_id(session)
    if changed:
        record("ticket.updated", session=session, actor=actor, ticket=ticket, changes=changed)
    if given.get("fields"):
        custom_fields.set_values(ticket, given["fields"], session=session, actor=actor)
    if given.get("add_tags") or given.get("remove_tags"):
        add, remove = given.get("add_tags") or (), given.get("remove_tags") or ()
        tags.set_tags(ticket, add=add, remove=remove, session=session, actor=actor)
    if "team_id" in given:
        moved = set_team(ticket, given["team_id"], session)
        give_to(ticket, ticket.assigned_agent, moved, session=session, actor=actor)


_APART = ("fields", "add_tags", "remove_tags", "team_id")


def _set_field(ticket: Ticket, name: str, value: Any) -> list[Any] | None:
    if name not in _CHECKS:
        raise Invalid.field(name, "This field cannot be set")
    attribute = "metadata_" if name == "metadata" else name
    new, old = _CHECKS[name](value), getattr(ticket, attribute)
    if old == new:
        return None
    setattr(ticket, attribute, new)
    return [old, new]


def _title(value: Any) -> str:
    shown = visible(value or "")[:TITLE_CHARS]
    if not shown:
        raise Invalid.field("title", "A ticket needs a title")
    return shown


def _priority(value: Any) -> str:
    if value not in PRIORITIES:
        raise Invalid.field("priority", f"Priority is one of {', '.join(PRIORITIES)}")
    return str(value)


def _category(value: Any) -> str | None:
    return visible(value)[:CATEGORY_CHARS] or None if value is not None else None


def _description(value: Any) -> str:
    text = (value or "").replace("\r\n", "\n").strip()
    if len(text) > DESCRIPTION_CHARS or has_unstorable(text):
        raise Invalid.field("description", f"At most {DESCRIPTION_CHARS:,} characters")
    return str(text)


def _external_id(value: Any) -> str | None:
    if not value:
        return None
    if len(value) > EXTERNAL_ID_CHARS or has_unstorable(value):
        raise Invalid.field("external_id", f"At most {EXTERNAL_ID_CHARS} characters")
    return str(value)


def _metadata(value: Any) -> dict[str, Any]:
    """A JSON object that both databases can hold."""
    if value is not None and not isinstance(value, dict):
        raise Invalid.field("metadata", "This must be an object")
    try:
        text = json.dumps(value or {}, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        raise Invalid.field("metadata", "This must be plain JSON") from None
    if len(text) > METADATA_CHARS or "\\u0000" in text or has_unstorable(text):
        raise Invalid.field(
            "metadata", f"At most {METADATA_CHARS:,} characters, and none that cannot be stored"
        )
    if _depth(value) > METADATA_DEPTH:
        raise Invalid.field("metadata", f"Nested at most {METADATA_DEPTH} deep")
    return dict(value or {})


def _depth(value: Any) -> int:
    """How deep objects and lists lie in each other."""
    depth, level = 0, [value]
    while level := [one for one in level if isinstance(one, dict | list)]:
        depth += 1
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    return depth


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "title": _title,
    "description": _description,
    "priority": _priority,
    "category": _category,
    "external_id": _external_id,
    "metadata": _metadata,
}


def checked(name: str, value: Any) -> Any:
    """A plain field's value as it is stored. Raises `Invalid` naming the field."""
    return _CHECKS[name](value)


def flush_external_id(session: Any) -> None:
    """Flushes. Raises `Conflict` if another ticket has the external id."""
    try:
        with database.savepoint():
            session.flush()
    except sa.exc.IntegrityError:
        detail = [{"loc": ["body", "external_id"], "msg": "Another ticket has this id", "type": "taken"}]
        raise Conflict("Another ticket has this external id", detail=detail) from None
