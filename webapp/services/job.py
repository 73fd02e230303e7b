"""Enqueueing work: a row in the caller's transaction, so that rolled-back work leaves no job."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp import bus, clock, database, green
from webapp.auth import Actor, current_actor, require
from webapp.errors import Conflict, NotFound
from webapp.extensions import db
from webapp.models import Job
from webapp.services.event import record
from webapp.services.paging import newest_first
from webapp.tenancy import current_workspace_id, require_workspace_id
from webapp.upsert import add_unless_there

waker = green.Waker()
"""Ends the wait of this process's worker; the workers of other processes find the row at their next look."""


def enqueue(
    type: str,  # noqa: A002 - the column's name
    params: dict[str, Any],
    *,
    session: Any = None,
    workspace_id: uuid.UUID | None = None,
    unique_key: str | None = None,
    run_at: datetime | None = None,
    max_attempts: int = 8,
    priority: int = 100,
    requested_by_id: uuid.UUID | None = None,
) -> Job | None:
    """Adds a job, done at least once after the caller's commit; its id is the idempotency key.

    `workspace_id`: defaults to the current one. `unique_key`: nothing is added and None returned while
    another job with that key is pending or running. A lower `priority` goes first. `requested_by_id`: the
    member of staff who waits for it, and is shown its progress.
    """
    session = session or db.session()
    values = {
        "id": database.uuid7(),
        "type": type,
        "params": params,
        "workspace_id": workspace_id or current_workspace_id(),
        "unique_key": unique_key,
        "run_at": run_at or clock.now(),
        "max_attempts": max_attempts,
        "priority": priority,
        "requested_by_id": requested_by_id,
    }
    job: Job | None = add_unless_there(Job, values, session=session)
    if job is not None:
        database.after_commit(session, waker.wake)
    return job


def release(job_id: uuid.UUID | None, *, session: Any) -> None:
    """Frees the unique key of a job in the transaction of its last step: what comes next may begin at once.

    It is recorded as ended a moment later; one that is killed before that runs once more.
    """
    freeing = sa.update(Job).where(Job.id == job_id).values(unique_key=None)
    session.execute(freeing.execution_options(synchronize_session=False))


# --- seeing and steering it -----------------------------------------------------------------------


@dataclass(frozen=True)
class JobMoved:
    """A job that somebody waits for went on, or one failed for good: shown, but no event."""

    workspace_id: uuid.UUID | None
    id: uuid.UUID
    type: str
    status: str
    progress: int
    note: str | None
    requested_by_id: uuid.UUID | None


def job_moved(job: Job) -> JobMoved:
    """A job as its watchers are told of it: without what it is about."""
    return JobMoved(
        workspace_id=job.workspace_id,
        id=job.id,
        type=job.type,
        status=job.status,
        progress=job.progress,
        note=job.note,
        requested_by_id=job.requested_by_id,
    )


def get_job(job_id: uuid.UUID, *, actor: Actor | None = None, lock: bool = False) -> Job:
    """A job of this workspace, for whoever asked for it and for admins. Raises `NotFound`."""
    actor = actor or current_actor()
    query = sa.select(Job).where(Job.id == job_id, Job.workspace_id == require_workspace_id())
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found: Job | None = db.session.scalar(query)
    if found is None or not (actor.may("job:manage") or found.requested_by_id == actor.id):
        raise NotFound("There is no such job")
    return found


def list_jobs(
    status: str,
    *,
    type: str | None = None,  # noqa: A002
    limit: int = 50,
    actor: Actor | None = None,
) -> list[Job]:
    """The workspace's newest jobs in a status."""
    require(actor or current_actor(), "job:manage")
    query = sa.select(Job).where(Job.workspace_id == require_workspace_id(), Job.status == status)
    if type is not None:
        query = query.where(Job.type == type)
    return list(db.session.scalars(query.order_by(Job.created_at.desc(), Job.id.desc()).limit(limit)))


def page_of_jobs(
    *,
    status: str | None = None,
    types: Sequence[str] = (),
    cursor: uuid.UUID | None = None,
    limit: int = 50,
    actor: Actor | None = None,
) -> tuple[list[Job], str | None]:
    """A page of jobs, newest first, and the next cursor: one's own, or everybody's for who manages jobs."""
    actor = actor or current_actor()
    query = sa.select(Job).where(Job.workspace_id == require_workspace_id())
    if not actor.may("job:manage"):
        query = query.where(Job.requested_by_id == actor.id)
    if status is not None:
        query = query.where(Job.status == status)
    if types:
        query = query.where(Job.type.in_(types))
    return newest_first(query, Job, cursor, limit)


def list_own_jobs(type: str, *, limit: int = 20, actor: Actor | None = None) -> list[Job]:  # noqa: A002
    """The newest jobs of a type that the actor asked for."""
    actor = actor or current_actor()
    mine = sa.and_(Job.requested_by_id == actor.id, Job.type == type)
    query = sa.select(Job).where(Job.workspace_id == require_workspace_id(), mine)
    return list(db.session.scalars(query.order_by(Job.created_at.desc(), Job.id.desc()).limit(limit)))


def count_jobs(*, actor: Actor | None = None) -> dict[str, int]:
    """How many of the workspace's jobs there are by status."""
    require(actor or current_actor(), "job:manage")
    query = sa.select(Job.status, sa.func.count()).where(Job.workspace_id == require_workspace_id())
    rows: Any = db.session.execute(query.group_by(Job.status))
    return dict(rows.all())


def cancel_job(job_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> Job:
    """Calls a job off. One that runs is told at its next progress report, and can finish nothing any more.

    Raises `Conflict` if it has ended.
    """
    session, actor = session or db.session(), actor or current_actor()
    job = get_job(job_id, actor=actor, lock=True)
    if job.status not in ("pending", "running"):
        raise Conflict("This job has ended", current={"status": job.status})
    job.status, job.lease_token, job.lease_until, job.finished_at = "cancelled", None, None, clock.now()
    _note(job, "job.cancelled", session=session, actor=actor)
    return job


def replay_job(job_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> Job:
    """Starts a job that failed or was called off anew, with all its attempts.

    Raises `Conflict` if it is under way, or if another one does the same work already.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "job:manage")
    job = get_job(job_id, actor=actor, lock=True)
    if job.status not in ("failed", "cancelled"):
        raise Conflict(
            "Only what failed or was called off can be started again", current={"status": job.status}
        )
    again = {"status": "pending", "attempts": 0, "progress": 0, "run_at": clock.now(), "finished_at": None}
    try:
        with database.savepoint():
            for name, value in again.items():
                setattr(job, name, value)
            session.flush()
    except sa.exc.IntegrityError:
        raise Conflict("Another job does the same work already") from None
    _note(job, "job.replayed", session=session, actor=actor)
    database.after_commit(session, waker.wake)
    return job


def replay_failed(type: str, *, session: Any = None, actor: Actor | None = None) -> int:  # noqa: A002
    """Starts all failed jobs of a type anew, a thousand at a time; those whose work is under way are left."""
    count = 0
    for job in list_jobs("failed", type=type, limit=1000, actor=actor):
        try:
            replay_job(job.id, session=session, actor=actor)
        except Conflict:
            continue
        count += 1
    return count


def _note(job: Job, name: str, *, session: Any, actor: Actor) -> None:
    session.flush()
    record(name, session=session, actor=actor, subject_id=job.id, changes={"type": [None, job.type]})
    bus.announce(session, job_moved(job))
