"""The names of statuses: a workspace renames the six codes and adds statuses of its own inside them.

Customers never see these: they have their own words for how things stand.
"""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor, require
from webapp.errors import Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.models import TicketStatus
from webapp.models.ticket import PENDING_ON, STATUSES
from webapp.services.event import record
from webapp.validators import fold_name, has_unstorable, visible

LABEL_CHARS = 40
FOLDED_CHARS = 160
MOST_STATUSES = 60
LABELS = {
    "open": "Open",
    "assigned": "Assigned",
    "in_progress": "In progress",
    "pending": "Pending",
    "resolved": "Resolved",
    "closed": "Closed",
}
"""What the codes are called where the workspace says nothing else."""


def list_statuses(*, session: Any = None, actor: Actor | None = None) -> list[TicketStatus]:
    """Every status in order: each code's own name, then the workspace's inside it, retired ones too.

    The names of codes that were never renamed are rows that are not stored (`id` None).
    """
    require(actor or current_actor(), "directory:read")
    found = list((session or db.session()).scalars(sa.select(TicketStatus)))
    renamed = {row.code for row in found if row.is_standard}
    found += [
        TicketStatus(code=code, label=LABELS[code], is_standard=True, is_active=True)
        for code in STATUSES
        if code not in renamed
    ]
    return sorted(
        found, key=lambda row: (STATUSES.index(row.code), not row.is_standard, row.position or 0, row.label)
    )


def usable_status(status_id: uuid.UUID, *, session: Any = None) -> TicketStatus:
    """A status that a ticket can be given. Raises `Invalid` at `status_id`."""
    query = sa.select(TicketStatus).where(TicketStatus.id == status_id, TicketStatus.is_standard.is_(False))
    found: TicketStatus | None = (session or db.session()).scalar(query)
    if found is None or not found.is_active:
        raise Invalid.field("status_id", "There is no such status")
    return found


def create_status(
    code: str,
    label: str,
    *,
    pending_on: str | None = None,
    session: Any = None,
    actor: Actor | None = None,
) -> TicketStatus:
    """Makes a status inside a code. Raises `Invalid` naming the field, `Conflict` for a name taken."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    if code not in STATUSES:
        raise Invalid.field("code", f"One of {', '.join(STATUSES)}")
    present = list_statuses(session=session, actor=actor)
    if len(present) >= MOST_STATUSES:
        raise Conflict(f"There are {MOST_STATUSES} statuses already")
    made = TicketStatus(
        id=database.uuid7(),
        code=code,
        position=max((row.position or 0 for row in present if row.code == code), default=0) + 1,
        is_active=True,
        is_standard=False,
        created_at=clock.now(),
    )
    fresh = {"label": label, "pending_on": pending_on}
    changes = {"code": [None, code], **_apply(made, fresh, session=session, actor=actor)}
    session.add(made)
    session.flush()
    record("ticket_status.created", session=session, actor=actor, subject_id=made.id, changes=changes)
    return made


def status_for(status_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> TicketStatus:
    """A status of the workspace's own, retired or not. Raises `NotFound`."""
    require(actor or current_actor(), "directory:read")
    own = TicketStatus.id == status_id, TicketStatus.is_standard.is_(False)
    found: TicketStatus | None = (session or db.session()).scalar(sa.select(TicketStatus).where(*own))
    if found is None:
        raise NotFound("There is no such status")
    return found


def update_status(
    status_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None, **settings: Any
) -> TicketStatus:
    """Sets `label`, `position`, `is_active` (None: as it was) or `pending_on`.

    Tickets keep a status that is retired.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    status = status_for(status_id, session=session, actor=actor)
    given = {name: value for name, value in settings.items() if value is not None or name == "pending_on"}
    changes = _apply(status, given, session=session, actor=actor)
    if changes:
        session.flush()
        record("ticket_status.updated", session=session, actor=actor, subject_id=status.id, changes=changes)
    return status


def rename_code(code: str, label: str, *, session: Any = None, actor: Actor | None = None) -> None:
    """Gives one of the six another name in this workspace; an empty one gives it its first name back."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    if code not in STATUSES:
        raise NotFound("There is no such status")
    query = sa.select(TicketStatus).where(TicketStatus.code == code, TicketStatus.is_standard.is_(True))
    row = session.scalar(query) or TicketStatus(
        id=database.uuid7(), code=code, label=LABELS[code], is_standard=True, created_at=clock.now()
    )
    changes = _apply(row, {"label": label.strip() or LABELS[code]}, session=session, actor=actor)
    if changes:
        session.add(row)
        session.flush()
        record("ticket_status.updated", session=session, actor=actor, subject_id=row.id, changes=changes)


def _apply(status: TicketStatus, settings: dict[str, Any], *, session: Any, actor: Actor) -> dict[str, Any]:
    """Sets what is given, checked; returns what moved."""
    changes = {}
    for name, value in settings.items():
        new = _checked(status, name, value, session, actor)
        if getattr(status, name) != new:
            changes[name] = [getattr(status, name), new]
            setattr(status, name, new)
    status.folded = fold_name(status.label)
    return changes


def _checked(status: TicketStatus, name: str, value: Any, session: Any, actor: Actor) -> Any:
    if name == "label":
        return _checked_label(status, value, session, actor)
    if name == "pending_on":
        wanted = value or None
        if wanted not in (None, *PENDING_ON):
            raise Invalid.field("pending_on", f"One of {', '.join(PENDING_ON)}")
        return wanted if status.code == "pending" else None
    if name not in ("position", "is_active"):
        raise Invalid.field(name, "This cannot be set")
    return value


def _checked_label(status: TicketStatus, value: str, session: Any, actor: Actor) -> str:
    shown = "" if has_unstorable(value) else " ".join(visible(value).split())
    if not 1 <= len(shown) <= LABEL_CHARS or len(fold_name(shown)) > FOLDED_CHARS:
        raise Invalid.field("label", f"Between 1 and {LABEL_CHARS} characters")
    with session.no_autoflush:
        others = [
            row
            for row in list_statuses(session=session, actor=actor)
            if row.id != status.id
            and not (status.is_standard and row.is_standard and row.code == status.code)
        ]
    if fold_name(shown) in {fold_name(row.label) for row in others}:
        detail = [{"loc": ["body", "label"], "msg": "Another status has this name", "type": "taken"}]
        raise Conflict("Another status has this name", detail=detail)
    return shown
