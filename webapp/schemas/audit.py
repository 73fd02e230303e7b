"""The audit log: what is asked of it, and an entry as people and programs read it."""

import json
import uuid
from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from webapp.events import ACCESSES, CATALOGUE
from webapp.models import AuditEntry
from webapp.schemas.change import changes_out
from webapp.schemas.pushed import ActorOut
from webapp.schemas.text import Day, Line, PageSize, Strict

AREAS: dict[str, tuple[str, tuple[str, ...]]] = {
    "access": ("Access to personal data", ("customer.viewed", "customer.searched", "export", "audit")),
    "people": ("People and sign-ins", ("user", "session", "team", "skill", "routing_agent", "role")),
    "customers": ("Customers", ("customer", "organization", "block", "suppression")),
    "tickets": ("Tickets", ("ticket", "tag", "field", "ticket_status")),
    "promises": ("Service levels", ("sla_policy", "calendar")),
    "system": ("Background work", ("job",)),
    "settings": ("Workspace, channels and the rest", ()),
}
"""Parts of the log: what each is called, and by what its entries' names begin; the last has what is left."""
DOORS = {
    "page": "Page",
    "api": "Program",
    "socket": "Live page",
    "mail": "Mail",
    "job": "Background",
    "cli": "Command line",
    "import": "Import",
    "system": "Parley",
}
PAGES = {
    "user": "/settings/people",
    "team": "/settings/teams",
    "skill": "/settings/skills",
    "routing_agent": "/settings/skills",
    "tag": "/settings/tags",
    "field": "/settings/fields",
    "ticket_status": "/settings/statuses",
    "job": "/settings/jobs",
    "export": "/settings/exports",
    "calendar": "/settings/calendars/{id}",
    "sla_policy": "/settings/policies/{id}",
    "inbox": "/settings/inboxes/{id}",
    "webhook": "/settings/webhooks/{id}",
    "customer": "/customers/{id}",
    "organization": "/organizations/{id}",
}
SHORT = 120
"""Characters of a change that is shown at once."""


Place = Annotated[int, Field(ge=1, le=2**53)]


class AuditQuery(Strict):
    """What is wanted of the log."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    actor: uuid.UUID | None = None
    area: Line | None = None
    name: Line | None = None
    door: Line | None = None
    subject: uuid.UUID | None = None
    first: Day | None = Field(default=None, alias="from")
    last: Day | None = Field(default=None, alias="to")
    text: Line | None = None
    cursor: Place | None = None
    limit: PageSize = 50

    def arguments(self) -> dict[str, str]:
        """The filters as arguments of an address, without the place in the list."""
        given = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"cursor", "limit"})
        return {name: str(value) for name, value in given.items()}


class EntryOut(Strict):
    """An entry of the log; `changes`: {field: [old, new]}."""

    seq: int
    at: datetime
    name: str
    actor: ActorOut
    door: str
    address: str | None
    browser: str
    subject_id: uuid.UUID | None
    subject: str
    changes: dict[str, Any]
    previous_hash: str
    hash: str


class HeadOut(Strict):
    """Where the chain ends."""

    seq: int
    hash: str


def says(name: str) -> str:
    """What an entry's name means, in a sentence."""
    fact = CATALOGUE.get(name)
    return fact.says if fact else ACCESSES.get(name, name)


def names() -> dict[str, str]:
    """Every name that an entry can have, with its sentence."""
    kept = {fact.name: fact.says for fact in CATALOGUE.values() if fact.is_audited}
    return dict(sorted({**kept, **ACCESSES}.items()))


def written(at: datetime) -> str:
    """A time as it is hashed and exported: UTC with microseconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def entry_out(entry: AuditEntry) -> dict[str, Any]:
    """An entry as programs and exports get it."""
    return {
        "seq": entry.seq,
        "at": written(entry.at),
        "name": entry.name,
        "actor": {
            "kind": entry.actor_kind,
            "id": str(entry.actor_id) if entry.actor_id else None,
            "name": entry.actor_name,
        },
        "door": entry.door,
        "address": entry.address,
        "browser": entry.browser,
        "subject_id": str(entry.subject_id) if entry.subject_id else None,
        "subject": entry.subject,
        "changes": json.loads(entry.changes),
        "previous_hash": entry.previous_hash,
        "hash": entry.hash,
    }


def entry_row(entry: AuditEntry) -> dict[str, Any]:
    """An entry as the page shows it: in words, with a way to what it is about."""
    told = changes_out(json.loads(entry.changes))
    return {
        **entry_out(entry),
        "says": says(entry.name),
        "when": entry.at,
        "door_name": DOORS.get(entry.door, entry.door),
        "told": [change for change in told if len(change.old) + len(change.new) <= SHORT],
        "rest": [change for change in told if len(change.old) + len(change.new) > SHORT],
        "url": _place(entry),
    }


def _place(entry: AuditEntry) -> str:
    """The page of what an entry is about; empty where there is none, or none any more."""
    noun, _, verb = entry.name.partition(".")
    if noun == "ticket":
        return f"/agent/v/all/t/{entry.subject.removeprefix('#')}"
    place = PAGES.get(noun, "")
    if verb == "deleted" or ("{id}" in place and entry.subject_id is None):
        return ""
    return place.format(id=entry.subject_id)
