"""Walking the chain: whether every entry is there, in its place, as it was written."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp import clock, green
from webapp.auth import Actor, current_actor, require
from webapp.database import read_only
from webapp.extensions import db
from webapp.models import AuditEntry, AuditHead
from webapp.services.audit.chain import START, digest
from webapp.services.job import enqueue
from webapp.tenancy import require_workspace_id

BATCH = 500
JOB = "audit.verify"


@dataclass(frozen=True)
class Verdict:
    """`seq`, `hash`: the last entry that was found whole; `broken_seq`, `how`: the first that isn't."""

    seq: int
    hash: str
    broken_seq: int | None = None
    how: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return self.broken_seq is None


def find_head(*, session: Any = None) -> AuditHead | None:
    """Where the workspace's chain ends by the row kept beside it, and what the last check said."""
    found: AuditHead | None = (session or db.session()).scalar(sa.select(AuditHead))
    return found


def verify(
    *, known: tuple[int, str] | None = None, progress: Callable[[int, int], None] | None = None
) -> Verdict:
    """Walks the workspace's whole chain, in short readings: an entry point of its own.

    `known`: (sequence, hash) of an entry that somebody noted elsewhere; it must still be there. `progress`
    is told how many entries of how many were looked at. The first entry at fault ends the walk.
    """
    end_seq, end_hash = _end()  # before the entries: what is added meanwhile lies beyond it
    anchors = {end_seq: end_hash, **({known[0]: known[1]} if known else {})}
    last_seq, last_hash = 0, START
    while rows := _batch(last_seq):
        for entry in rows:
            if fault := _fault(entry, last_seq, last_hash, anchors):
                return Verdict(last_seq, last_hash, *fault)
            last_seq, last_hash = entry.seq, entry.hash
        if progress:
            progress(last_seq, max(end_seq, last_seq))
        green.pause()
    return _judge_end(last_seq, last_hash, max(anchors))


def _end() -> tuple[int, str]:
    with read_only() as session:
        end = find_head(session=session)
        return (end.seq, end.hash) if end else (0, START)


def _batch(after: int) -> list[AuditEntry]:
    query = sa.select(AuditEntry).where(AuditEntry.seq > after).order_by(AuditEntry.seq).limit(BATCH)
    with read_only() as session:
        rows = list(session.scalars(query))
        session.expunge_all()
    return rows


def _fault(
    entry: AuditEntry, last_seq: int, last_hash: str, anchors: dict[int, str]
) -> tuple[int, str] | None:
    if entry.seq != last_seq + 1:
        return last_seq + 1, f"Entry {last_seq + 1} is missing"
    if digest(entry) != entry.hash:
        return entry.seq, f"Entry {entry.seq} was changed after it was written"
    if entry.previous_hash != last_hash:
        how = f"Entry {last_seq} was replaced: entry {entry.seq} followed another one"
        return (last_seq or entry.seq), how if last_seq else "The chain does not begin at its beginning"
    if anchors.get(entry.seq, entry.hash) != entry.hash:
        return entry.seq, f"Entry {entry.seq} is not the one that was noted elsewhere"
    return None


def _judge_end(seq: int, hash_: str, must: int) -> Verdict:
    if seq < must:
        return Verdict(seq, hash_, seq + 1, f"The end was cut off: entries {seq + 1} to {must} are missing")
    kept, _ = _end()  # moves with every entry, in its transaction: it is never behind
    if kept < seq:
        return Verdict(kept, hash_, kept + 1, f"Entry {kept + 1} was added past the log")
    return Verdict(seq, hash_)


# --- kept, for the page ---------------------------------------------------------------------------


def request_check(*, session: Any = None, actor: Actor | None = None) -> None:
    """Asks for a check in the background; the page shows what it found."""
    actor = actor or current_actor()
    require(actor, "audit:read")
    enqueue_check(require_workspace_id(), requested_by_id=actor.id, session=session)


def enqueue_check(
    workspace_id: uuid.UUID, *, requested_by_id: uuid.UUID | None = None, session: Any = None
) -> None:
    """Queues a check of a workspace's chain, unless one waits already."""
    params = {"workspace_id": str(workspace_id)}
    asked = {"requested_by_id": requested_by_id, "workspace_id": workspace_id}
    enqueue(JOB, params, unique_key=f"{JOB}:{workspace_id}", session=session, **asked)


def keep_verdict(verdict: Verdict, *, session: Any = None) -> None:
    """Keeps what a check has found."""
    found = {
        "checked_at": clock.now(),
        "checked_seq": verdict.seq,
        "broken_seq": verdict.broken_seq,
        "broken_how": verdict.how or None,
    }
    changing = sa.update(AuditHead).where(AuditHead.workspace_id == require_workspace_id())
    options = {"synchronize_session": False}
    (session or db.session()).execute(changing.values(found), execution_options=options)
