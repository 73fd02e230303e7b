"""The audit log, for whoever may read it."""

from typing import Any

from webapp.api.doors import access, answers, staff_views
from webapp.database import read_only
from webapp.schemas.audit import AuditQuery, EntryOut, HeadOut, entry_out
from webapp.services import audit

bp = staff_views("audit", __name__)


@bp.get("/audit")
@access("audit:read")
@answers(data=list[EntryOut], next_cursor=str | None, head=HeadOut | None)
def list_entries(query: AuditQuery) -> Any:
    """The log, newest first; `next_cursor` is where the next page begins, `head` where the chain ends."""
    with read_only():
        found, cursor = audit.list_entries(query)
        head = audit.find_head()
        return {
            "data": [entry_out(entry) for entry in found],
            "next_cursor": str(cursor) if cursor else None,
            "head": {"seq": head.seq, "hash": head.hash} if head else None,
        }
