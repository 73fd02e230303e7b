"""The chain itself: what is hashed, and how an entry is hung onto the one before."""

import hashlib
import json
from typing import Any

import sqlalchemy as sa

from webapp.models import AuditEntry, AuditHead
from webapp.schemas.audit import written
from webapp.tenancy import require_workspace_id
from webapp.upsert import add_unless_there

START = "0" * 64
HASHED = (
    "workspace_id",
    "seq",
    "at",
    "name",
    "actor_kind",
    "actor_id",
    "actor_name",
    "door",
    "address",
    "browser",
    "subject_id",
    "subject",
    "changes",
    "previous_hash",
)


def canonical(value: Any) -> str:
    """JSON in one form only: names sorted, no blanks, nothing escaped that need not be (as in RFC 8785)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def digest(entry: AuditEntry) -> str:
    """SHA-256 over an entry and the hash of the one before, as hex.

    Hashed is the canonical JSON of a flat object of texts, whole numbers and nulls; `at` in UTC with
    microseconds. For such objects the form is exactly that of RFC 8785.
    """
    fields: dict[str, Any] = {}
    for name in HASHED:
        value = getattr(entry, name)
        fields[name] = value if value is None or isinstance(value, int) else str(value)
    fields["at"] = written(entry.at)
    return hashlib.sha256(canonical(fields).encode()).hexdigest()


def lock_head(session: Any) -> AuditHead:
    """The workspace's last entry; whoever else adds waits until this transaction ends."""
    query = sa.select(AuditHead).with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        first = {"workspace_id": require_workspace_id(), "seq": 0, "hash": START}
        add_unless_there(AuditHead, first, session=session)
        found = session.scalar(query)
    return found  # type: ignore[no-any-return]


def append(session: Any, head: AuditHead, drafts: list[dict[str, Any]]) -> None:
    """Hangs entries onto the chain, in this order."""
    for draft in drafts:
        head.seq += 1
        entry = AuditEntry(
            workspace_id=require_workspace_id(), seq=head.seq, previous_hash=head.hash, **draft
        )
        entry.hash = head.hash = digest(entry)
        session.add(entry)
    session.flush()
