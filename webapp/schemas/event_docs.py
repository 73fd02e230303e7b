"""docs/events.md, made from the catalogue of facts and the schema of an event."""

from typing import Any

from webapp.events import CATALOGUE, Fact
from webapp.schemas.pushed import EventOut
from webapp.schemas.webhook import GROUPS

HEAD = """# Events

Made from the code by `python wsgi.py export-events`; a test keeps it so.

Everything that happens is written down as an event, in the transaction that does it. Three readers carry the
same body: the feed `GET /api/v1/events?after=` ([realtime.md](realtime.md)), the sockets (`ticket.event`) and
webhooks ([webhooks.md](webhooks.md)), there as `data`. New events and new fields of `changes` are added over
time: pass over what you do not know. A name, once here, keeps its meaning.

## The body

| field | type | |
| --- | --- | --- |
{fields}

`changes` holds what changed as `{{field: [old, new]}}`; a `*.created` event holds every field. Fields of a
secret are never in it.
"""
SAYS = {
    "id": "The event's own, a UUIDv7: the same in each reader.",
    "name": "One of the names below.",
    "ticket_id": "The ticket it is about, if it is about one.",
    "workspace_seq": "Its place in the feed, in the order of commits.",
    "seq": "Its place among the ticket's events, without a hole.",
    "public_seq": "Its place among those that the customer sees; null: they don't see it.",
    "at": "When, in UTC.",
    "actor": "Who: `kind` is user, customer or system, with `id` and `name`.",
    "door": "Through which door it was done.",
    "changes": "See below.",
    "subject_id": "What else it is about: another ticket, a customer, a tag …",
    "comment": "The message, where it is about one, with `content`, `kind` and `attachments`.",
}
PUBLIC: dict[Any, str] = {
    True: "yes",
    False: "",
    "status": "if their word for it changes",
    "reply": "replies only",
}


def events_document() -> str:
    """The whole page, as Markdown."""
    parts = [HEAD.format(fields="\n".join(_fields()))]
    for group, facts in GROUPS.items():
        rows = "\n".join(_row(CATALOGUE[name]) for name, _ in facts)
        parts.append(f"## {group}\n\n| name | | the customer sees it |\n| --- | --- | --- |\n{rows}\n")
    return "\n".join(parts)


def _fields() -> list[str]:
    schema = EventOut.model_json_schema()["properties"]
    return [f"| `{name}` | {_kind(schema[name])} | {SAYS[name]} |" for name in EventOut.model_fields]


def _kind(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    return str(schema.get("format") or schema.get("type") or "object")


def _row(fact: Fact) -> str:
    return f"| `{fact.name}` | {fact.says} | {PUBLIC[fact.public]} |"
