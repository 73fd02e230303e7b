"""Two people at one form: the second who saves is told what the first changed, and decides.

What a form edits has a version: its own counter where it has one, else a fingerprint of its values. The form
carries it, and the ledger's place at that moment, so that whoever comes too late is told who did what since.
"""

import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp.errors import Conflict
from webapp.extensions import db
from webapp.models import Event, Workspace
from webapp.schemas.change import Change, changes_out
from webapp.tenancy import require_workspace_id

SHOWN = 5
CHARS = 16


@dataclass(frozen=True)
class About:
    """Which facts tell of a change: by the noun (`tag`), the row, and where a field's name begins so."""

    noun: str
    subject_id: uuid.UUID | None = None
    fields: str = ""


@dataclass(frozen=True)
class Edit:
    """Somebody's change: who, when, what."""

    by: str
    at: datetime
    changes: list[Change]


class Stale(Conflict):
    """Somebody saved the same thing meanwhile; `edits` are theirs, newest first."""

    code = "stale"

    def __init__(self, edits: list[Edit], current: Any) -> None:
        who = edits[0].by if edits else "Somebody"
        super().__init__(f"{who} saved this while you had it open", current=current)
        self.edits = edits


def version_of(values: Any) -> str:
    """A counter as it is; of anything else that JSON can hold a fingerprint, the same for equal values."""
    if isinstance(values, int):
        return str(values)
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:CHARS]


def check_version(
    given: str | None, current: Callable[[], Any], about: About, *, seen: int | None = None
) -> None:
    """Makes the saves of forms of this workspace wait for each other, and raises `Stale` for the later one.

    `given`: the version that the form was shown with; None: whoever saves has not asked. `current` reads
    the values (or the counter) as they are now. `seen`: the feed's place when the form was shown.
    """
    wait_for_edits()
    if given is None:
        return
    now = current()
    if given != version_of(now):
        raise Stale(edits_since(about, seen), now)


def wait_for_edits(*, session: Any = None) -> None:
    """Waits for those who save something of this workspace at the moment, and makes later ones wait."""
    session = session or db.session()
    held = sa.select(Workspace.id).where(Workspace.id == require_workspace_id())
    session.execute(held.with_for_update(key_share=True))


def edits_since(about: About, seen: int | None) -> list[Edit]:
    """Who changed it since a place in the feed, newest first; without a place only the last one."""
    query = sa.select(Event).where(Event.name.like(f"{about.noun}.%")).order_by(Event.workspace_seq.desc())
    if about.subject_id is not None:
        query = query.where(Event.subject_id == about.subject_id)
    if seen is not None:
        query = query.where(Event.workspace_seq > seen)
    rows = db.session.scalars(query.limit(SHOWN * 4 if seen is not None else SHOWN))
    edits = [Edit(row.actor_name, row.at, _changes(row, about)) for row in rows]
    told = [edit for edit in edits if edit.changes]
    return told[: SHOWN if seen is not None else 1]


def _changes(event: Event, about: About) -> list[Change]:
    fields = {name: pair for name, pair in event.changes.items() if name.startswith(about.fields)}
    return changes_out(fields)
