"""The steps of an import's work, each one transaction of whoever calls: checking, taking in, taking back."""

import uuid
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp import clock, database, green
from webapp.auth import Actor
from webapp.models import Comment, Event, Import, ImportedRow, ImportProblem, Ticket, User
from webapp.services.event import append_history
from webapp.services.importing.batch import Batch, Item
from webapp.services.importing.known import Known, external_id
from webapp.services.importing.past import DOOR
from webapp.services.importing.request import find_import
from webapp.services.importing.rows import Chunk, Failure
from webapp.services.importing.seen import Seen
from webapp.services.importing.taking import standing, take
from webapp.services.job import release

MOST_PROBLEMS = 10_000
UNDONE_AT_ONCE = 100
UNSYNCED = {"synchronize_session": False}
Counts = Counter[tuple[str, str]]


class Moved(Exception):
    """Somebody else has gone on with this import meanwhile."""


# --- dry run --------------------------------------------------------------------------------------


def begin_check(import_id: uuid.UUID, job_id: uuid.UUID, *, session: Any) -> bool:
    """Forgets what an earlier dry run found; False if this job was done, and only could not say so."""
    found = find_import(import_id, session=session, lock=True)
    if found.job_id != job_id:
        return False
    found.phase, found.position, found.total, found.problems, found.counts = "checking", 0, 0, 0, {}
    forgetting = sa.delete(ImportProblem).where(ImportProblem.import_id == import_id)
    session.execute(forgetting, execution_options=UNSYNCED)
    return True


def check_chunk(import_id: uuid.UUID, chunk: Chunk, seen: Seen, *, session: Any) -> None:
    """Says of the next rows what would become of them, and why some would not come in."""
    found = find_import(import_id, session=session, lock=True)
    known = Known(session, found.source)
    known.read((item.subject, item.values) for item in chunk.items)
    counts, failures = _tally(found), list(chunk.failures)
    for item in chunk.items:
        problem = _problem(item, known, seen)
        if problem is not None:
            failures.append(_failure(item, *problem))
        counts[item.subject, _prospect(item, known, seen, is_wrong=problem is not None)] += 1
        green.pause()
    _count_unread(counts, chunk)
    _keep_problems(found, failures, session)
    found.total, found.counts = chunk.end, _plain(counts)


def end_check(import_id: uuid.UUID, *, session: Any) -> Import:
    """The dry run has seen all of the file."""
    found = find_import(import_id, session=session, lock=True)
    found.phase = "checked"
    release(found.job_id, session=session)
    return found


def fail_check(import_id: uuid.UUID, row: int, message: str, *, session: Any) -> None:
    """The file cannot be read to its end: it stays as it was uploaded, and says why."""
    found = find_import(import_id, session=session, lock=True)
    found.phase = "uploaded"
    _keep_problems(found, [Failure(row, found.subject, "", "", message)], session)


def _problem(item: Item, known: Known, seen: Seen) -> tuple[str, str] | None:
    """What the row speaks of that is neither here nor before it in the file."""
    values = item.values

    def misses(subject: str, key: str | None) -> bool:
        return bool(key) and (subject, key) not in known.rows and not seen.has(subject, str(key))

    if item.subject == "customer" and misses("organization", values["organization_id"]):
        return "organization_id", "This organization is not known: import the organizations first"
    if item.subject == "comment" and misses("ticket", values["ticket_id"]):
        return "ticket_id", "This ticket is not known: import the tickets first"
    if item.subject == "ticket" and not values["customer_email"]:
        if not values["customer_id"]:
            return "customer_email", "This must say who asked: an address, or a customer's id"
        if misses("customer", values["customer_id"]):
            return "customer_id", "This customer is not known: import the customers first"
    return None


def _prospect(item: Item, known: Known, seen: Seen, *, is_wrong: bool) -> str:
    if is_wrong:
        return "failed"
    row = standing(item, known)
    is_first = seen.add(item.subject, external_id(item.subject, item.values))
    if row is not None:
        return "same" if row.digest == item.digest else "updated"
    return "created" if is_first else "updated"


# --- taking in ------------------------------------------------------------------------------------


def begin_run(import_id: uuid.UUID, job_id: uuid.UUID, *, session: Any) -> int | None:
    """Gets it under way; behind which row to go on. None if this job was done, and only could not say so."""
    found = find_import(import_id, session=session, lock=True)
    if found.job_id != job_id:
        return None
    if found.phase == "checked":
        found.counts, found.problems, found.position = {}, 0, 0
        forgetting = sa.delete(ImportProblem).where(ImportProblem.import_id == import_id)
        session.execute(forgetting, execution_options=UNSYNCED)
    found.phase = "running"
    return found.position


def take_chunk(import_id: uuid.UUID, chunk: Chunk, after: int, *, session: Any) -> None:
    """Takes the next rows in, with where it is then: each row once, whenever it is killed. Raises `Moved`."""
    found = find_import(import_id, session=session, lock=True)
    if found.position != after or found.phase != "running":
        raise Moved
    failures = list(chunk.failures)
    found.position, found.total = chunk.end, max(found.total, chunk.end)
    known = Known(session, found.source)
    known.read_users()
    batch = Batch(session, found.source, found.id, _importer(found, session), known, _tally(found))

    def fail(item: Item, field: str, message: str) -> None:
        failures.append(_failure(item, field, message))

    take(batch, chunk.items, fail, pause=green.pause)
    _count_unread(batch.counts, chunk)
    _keep_problems(found, failures, session)
    found.counts = _plain(batch.counts)
    batch.finish()


def end_run(import_id: uuid.UUID, *, session: Any) -> Import:
    """All rows are done."""
    found = find_import(import_id, session=session, lock=True)
    found.phase, found.finished_at, found.total = "completed", clock.now(), found.position
    release(found.job_id, session=session)
    return found


def _importer(found: Import, session: Any) -> Actor:
    """Whoever asked for it, coming through its own door with the rights that it needs."""
    user = session.get(User, found.created_by_id) if found.created_by_id else None
    name, email = (user.name, user.email) if user else ("Import", None)
    return Actor("user" if user else "system", found.created_by_id, None, name, "system", DOOR, email)


# --- taking back ----------------------------------------------------------------------------------


def undo_some(import_id: uuid.UUID, *, session: Any) -> int:
    """Puts the next tickets that this import made in the trash, unless somebody has worked on them; how many
    it looked at. Their ids are free then: the same file makes them again.
    """
    found = find_import(import_id, session=session, lock=True)
    found.phase = "undoing"
    mine = sa.and_(ImportedRow.import_id == import_id, ImportedRow.subject == "ticket")
    rows = list(session.scalars(sa.select(ImportedRow).where(mine).limit(UNDONE_AT_ONCE)))
    ids = [row.record_id for row in rows]
    query = sa.select(Ticket).where(Ticket.id.in_(ids)).order_by(Ticket.id).with_for_update(key_share=True)
    tickets = {one.id: one for one in session.scalars(query.execution_options(populate_existing=True))}
    here = sa.select(Event.ticket_id).where(Event.ticket_id.in_(ids), Event.door != DOOR).distinct()
    touched = set(session.scalars(here))
    actor, now = _importer(found, session), clock.now()
    gone = [ticket for ticket in tickets.values() if ticket.id not in touched and ticket.deleted_at is None]
    for row in rows:
        row.import_id = None  # looked at: it is no longer this import's to take back
    _forget_rows([ticket.id for ticket in gone], rows, session)
    append_history([_trash(ticket, actor, now) for ticket in gone], session=session)
    return len(rows)


def _forget_rows(ids: list[uuid.UUID], rows: Iterable[ImportedRow], session: Any) -> None:
    """Of the tickets, and of what was said on them."""
    said = sa.select(Comment.id).where(Comment.ticket_id.in_(ids))
    forgetting = sa.delete(ImportedRow).where(
        ImportedRow.subject == "comment", ImportedRow.record_id.in_(said)
    )
    session.execute(forgetting, execution_options=UNSYNCED)
    for row in rows:
        if row.record_id in ids:
            session.delete(row)


def _trash(ticket: Ticket, actor: Actor, now: datetime) -> Event:
    ticket.deleted_at = ticket.updated_at = now
    ticket.last_seq += 1
    return Event(
        id=database.uuid7(),
        name="ticket.deleted",
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        door=DOOR,
        at=now,
        ticket_id=ticket.id,
        ticket_seq=ticket.last_seq,
        changes={"deleted_at": [None, clock.iso(now)]},
    )


def end_undo(import_id: uuid.UUID, *, session: Any) -> Import:
    """There is nothing left to take back."""
    found = find_import(import_id, session=session, lock=True)
    found.phase, found.finished_at = "undone", clock.now()
    release(found.job_id, session=session)
    return found


# --- counting -------------------------------------------------------------------------------------


def _tally(found: Import) -> Counts:
    return Counter({(subject, what): n for subject, of in found.counts.items() for what, n in of.items()})


def _plain(counts: Counts) -> dict[str, dict[str, int]]:
    subjects = {subject for subject, _ in counts}
    return {one: {what: n for (subject, what), n in counts.items() if subject == one} for one in subjects}


def _count_unread(counts: Counts, chunk: Chunk) -> None:
    """Rows of which not even the fields could be read."""
    for failure in chunk.failures:
        counts[failure.subject, "failed"] += 1


def _failure(item: Item, field: str, message: str) -> Failure:
    return Failure(item.number, item.subject, external_id(item.subject, item.values), field, message)


def _keep_problems(found: Import, failures: list[Failure], session: Any) -> None:
    room = max(0, MOST_PROBLEMS - found.problems)
    session.add_all(
        ImportProblem(
            id=database.uuid7(),
            import_id=found.id,
            row=failure.number,
            external_id=failure.external_id[:200],
            field=failure.field[:60],
            message=failure.message[:300],
        )
        for failure in sorted(failures, key=lambda one: one.number)[:room]
    )
    found.problems += len(failures)
