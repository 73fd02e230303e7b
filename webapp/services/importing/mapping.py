"""Which of a file's columns is which of our fields, and what its rows then say, in our words.

Pure: `guess` and `clean` look at nothing but what they are given.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from webapp import clock
from webapp.services.export.cells import unguard
from webapp.validators import fold_email, has_unstorable, is_valid_email, visible

CONTENT_CHARS = 100_000
ID_CHARS = 200
MOST_TAGS = 30
TAG_CHARS = 40
MOST_COMMENTS = 2000
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)

# Per subject: our fields, and the columns that are likely to hold them, the likeliest first.
FIELDS: dict[str, dict[str, tuple[str, ...]]] = {
    "ticket": {
        "id": ("id", "ticket_id", "external_id", "ticket_number", "number", "key", "conversation_id"),
        "title": ("title", "subject", "summary", "raw_subject"),
        "description": ("description", "body", "content", "message", "text", "details"),
        "status": ("status", "state"),
        "priority": ("priority", "urgency"),
        "category": ("category", "type", "topic"),
        "tags": ("tags", "labels", "tag"),
        "channel": ("channel", "via_channel", "source"),
        "customer_id": ("customer_id", "requester_id", "contact_id", "end_user_id"),
        "customer_email": (
            "customer_email",
            "requester_email",
            "contact_email",
            "customer_claimed_email",
            "email",
            "from",
        ),
        "customer_name": ("customer_name", "requester_name", "contact_name", "customer", "requester", "name"),
        "agent_id": ("agent_id", "assignee_id", "assigned_agent_id", "owner_id"),
        "agent": ("agent_email", "assignee_email", "agent", "assignee", "assigned_to", "owner"),
        "created_at": ("created_at", "created", "created_date", "creation_date", "opened_at", "date"),
        "updated_at": ("updated_at", "updated", "last_updated", "modified_at"),
        "resolved_at": ("resolved_at", "solved_at", "closed_at", "metric_set_solved_at", "resolved"),
        "comments": ("comments", "conversation", "messages"),
    },
    "comment": {
        "id": ("id", "comment_id", "message_id"),
        "ticket_id": ("ticket_id", "ticket", "ticket_number", "conversation_id"),
        "content": ("content", "plain_body", "body", "message", "text", "comment", "value"),
        "author_id": ("author_id", "user_id", "sender_id"),
        "author_email": ("author_email", "email", "from", "sender_email"),
        "author_name": ("author_name", "author", "name", "sender", "from_name"),
        "public": ("public", "is_public", "visible_to_customer"),
        "created_at": ("created_at", "created", "date", "sent_at", "timestamp"),
    },
    "customer": {
        "id": ("id", "customer_id", "user_id", "external_id", "contact_id"),
        "email": ("email", "email_address", "mail", "e_mail", "customer_email"),
        "name": ("name", "full_name", "display_name", "customer_name"),
        "company": ("company", "company_name"),
        "tier": ("tier", "plan"),
        "organization_id": ("organization_id",),
        "organization": ("organization", "organisation", "organization_name", "account"),
        "role": ("role", "user_type"),
        "created_at": ("created_at", "created", "date"),
    },
    "organization": {
        "id": ("id", "organization_id", "external_id"),
        "name": ("name", "organization", "organization_name", "company"),
        "domains": ("domains", "domain_names", "domain"),
        "notes": ("notes", "details", "description"),
        "tier": ("tier", "plan"),
    },
}
NEEDED = {
    "ticket": ("id", "title"),
    "comment": ("ticket_id", "content"),
    "customer": ("email",),
    "organization": ("name",),
}
STATUSES = {
    **dict.fromkeys(("", "new", "open", "assigned", "reopened", "unassigned", "todo", "to_do"), "open"),
    **dict.fromkeys(("in_progress", "active", "working"), "in_progress"),
    **dict.fromkeys(("pending", "waiting", "waiting_on_customer", "waiting_for_customer"), "pending"),
    **dict.fromkeys(("hold", "on_hold", "waiting_on_third_party"), "hold"),
    **dict.fromkeys(("resolved", "solved", "done", "fixed"), "resolved"),
    **dict.fromkeys(("closed", "archived"), "closed"),
}
PRIORITIES = {
    **dict.fromkeys(("low", "lowest", "minor"), "low"),
    **dict.fromkeys(("", "medium", "normal", "none"), "medium"),
    **dict.fromkeys(("high", "major"), "high"),
    **dict.fromkeys(("critical", "urgent", "highest", "blocker"), "critical"),
}
CHANNELS = {"email": "email", "mail": "email", "web": "form", "form": "form", "chat": "chat", "api": "api"}
TIERS = ("free", "basic", "premium", "enterprise")
AGENTS = ("agent", "admin", "owner", "light_agent")
NO = ("false", "0", "no", "private", "internal", "note")
YES = ("", "true", "1", "yes", "public", "reply")

Record = dict[str, Any]


class Wrong(Exception):
    """A row that cannot be taken in, because of one of its fields."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


# --- columns --------------------------------------------------------------------------------------


def flat(record: Mapping[str, Any]) -> Record:
    """The record with what is inside its objects beside them: `{"via": {"channel": …}}` has `via.channel`."""
    found: Record = {}
    for name, value in record.items():
        found[str(name)] = value
        if isinstance(value, dict):
            found.update({f"{name}.{inner}": held for inner, held in value.items()})
    return found


def guess(subject: str, columns: Iterable[str]) -> dict[str, str]:
    """{our field: their column}, as far as names tell; no column twice."""
    known = {_plain(name): name for name in reversed(list(columns))}
    found: dict[str, str] = {}
    for field, likely in FIELDS[subject].items():
        name = next((known[one] for one in likely if one in known), None)
        if name is not None and name not in found.values():
            found[field] = name
    return found


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")


def digest_of(values: Mapping[str, Any]) -> str:
    """A short form of what a row says: the same for the same."""
    text = json.dumps(values, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


# --- values ---------------------------------------------------------------------------------------


def clean(subject: str, record: Mapping[str, Any], mapping: Mapping[str, str], *, is_csv: bool) -> Record:
    """Our fields, each as we would store it, None where nothing is said. Raises `Wrong`."""
    fields = flat(record)
    found = {
        field: _CLEAN[subject].get(field, _line)(field, _read(fields, mapping.get(field), is_csv))
        for field in FIELDS[subject]
    }
    for field in NEEDED[subject]:
        if not found[field] and not (subject == "customer" and found["id"]):
            raise Wrong(field, "This must not be empty")
    return found


def _read(fields: Record, column: str | None, is_csv: bool) -> Any:
    value = fields.get(column) if column else None
    if isinstance(value, str):
        if has_unstorable(value):
            raise Wrong(column or "", "It holds a character that no text may hold (NUL, half a pair)")
        value = unguard(value) if is_csv else value
    return value


def _text(field: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | int | float | str):
        return str(value)
    raise Wrong(field, "This is a list or an object; one value is expected")


def _line(field: str, value: Any) -> str | None:
    text = visible(" ".join(_text(field, value).split()))
    return text[:200] or None


def _id(field: str, value: Any) -> str | None:
    text = visible(_text(field, value))
    if len(text) > ID_CHARS:
        raise Wrong(field, f"An id has at most {ID_CHARS} characters")
    return text or None


def _content(field: str, value: Any) -> str:
    text = _text(field, value).replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) > CONTENT_CHARS:
        raise Wrong(field, f"At most {CONTENT_CHARS:,} characters; this has {len(text):,}")
    return text


def _email(field: str, value: Any) -> str | None:
    text = _text(field, value).strip()
    if not text:
        return None
    if len(text) > 254 or not is_valid_email(text):
        raise Wrong(field, "This is not an e-mail address")
    return fold_email(text)


def _one_of(words: Mapping[str, str]) -> Callable[[str, Any], str]:
    def look(field: str, value: Any) -> str:
        found = words.get(_plain(_text(field, value)))
        if found is None:
            raise Wrong(field, f"Not known here; known are {', '.join(dict.fromkeys(words.values()))}")
        return found

    return look


def _channel(field: str, value: Any) -> str:
    return CHANNELS.get(_plain(_text(field, value)), "api")


def _tier(field: str, value: Any) -> str | None:
    text = _plain(_text(field, value))
    if text and text not in TIERS:
        raise Wrong(field, f"Tier is one of {', '.join(TIERS)}")
    return text or None


def _list(field: str, value: Any) -> list[str]:
    parts = value if isinstance(value, list) else re.split(r"[,;|]", _text(field, value))
    found = [" ".join(visible(_text(field, part)).split()) for part in parts]
    if any(has_unstorable(part) for part in found):
        raise Wrong(field, "It holds a character that no text may hold (NUL, half a pair)")
    return list(dict.fromkeys(filter(None, found)))


def _tags(field: str, value: Any) -> list[str]:
    found = _list(field, value)
    if len(found) > MOST_TAGS:
        raise Wrong(field, f"A ticket has at most {MOST_TAGS} tags; this has {len(found)}")
    if any(len(name) > TAG_CHARS for name in found):
        raise Wrong(field, f"A tag has between 1 and {TAG_CHARS} characters")
    return sorted(found)


def _public(field: str, value: Any) -> bool:
    text = _plain(_text(field, value))
    if text not in (*YES, *NO):
        raise Wrong(field, "Yes or no is expected")
    return text not in NO


def _moment(field: str, value: Any) -> datetime | None:
    text = _text(field, value).strip()
    if not text:
        return None
    found = _parsed(text)
    if found is None:
        raise Wrong(field, "This is no time such as 2026-03-01T12:00:00Z or 2026-03-01 12:00")
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    if not EARLIEST <= found <= clock.now() + timedelta(days=1):
        raise Wrong(field, "This time lies before 1990 or in the future")
    return found


def _parsed(text: str) -> datetime | None:
    if re.fullmatch(r"\d{9,13}", text):
        number = int(text)
        return datetime.fromtimestamp(number / 1000 if number > 10**11 else number, UTC)
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return parse(text.removesuffix(" UTC"))
        except (ValueError, TypeError, OverflowError):
            continue
    return None


def _comments(field: str, value: Any) -> list[Record]:
    """The comments inside a ticket's own row, by the names that they are likely to have."""
    if value in (None, ""):
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Wrong(field, "A list of comments is expected")
    if len(value) > MOST_COMMENTS:
        raise Wrong(field, f"At most {MOST_COMMENTS:,} comments")
    return [_inner(one) for one in value]


def _inner(record: Record) -> Record:
    fields = flat(record)
    mapping = guess("comment", fields)
    for column in mapping.values():
        _read(fields, column, False)
    found = {
        name: _CLEAN["comment"].get(name, _line)(f"comments.{name}", fields.get(mapping.get(name, "")))
        for name in FIELDS["comment"]
    }
    if not found["content"]:
        found["content"] = "(empty)"
    return found


_CLEAN: dict[str, dict[str, Callable[[str, Any], Any]]] = {
    "ticket": {
        "id": _id,
        "description": _content,
        "status": _one_of(STATUSES),
        "priority": _one_of(PRIORITIES),
        "tags": _tags,
        "channel": _channel,
        "customer_id": _id,
        "customer_email": _email,
        "agent_id": _id,
        "created_at": _moment,
        "updated_at": _moment,
        "resolved_at": _moment,
        "comments": _comments,
    },
    "comment": {
        "id": _id,
        "ticket_id": _id,
        "content": _content,
        "author_id": _id,
        "author_email": _email,
        "public": _public,
        "created_at": _moment,
    },
    "customer": {
        "id": _id,
        "email": _email,
        "organization_id": _id,
        "tier": _tier,
        "created_at": _moment,
    },
    "organization": {"id": _id, "domains": _list, "notes": _content, "tier": _tier},
}
