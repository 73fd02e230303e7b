"""The worker: claims jobs from the table, runs them, and lets nobody finish what another has taken over.

A claim is a lease with a token. A worker that dies leaves its lease to run out, and the job is claimed again:
handlers run at least once, with the job's id as their idempotency key. A worker that was only slow finds its
token gone.
"""

import logging
import random
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from webapp import bus, clock, green
from webapp.auth import SYSTEM, acting_as
from webapp.config import settings
from webapp.database import read_only, transaction
from webapp.errors import AppError
from webapp.models import Job
from webapp.services.job import job_moved, waker
from webapp.services.notification.jobs import tell_requester
from webapp.tenancy import use_workspace

log = logging.getLogger(__name__)

Handler = Callable[[dict[str, Any], uuid.UUID], Any]
LONGEST_BACKOFF_SECONDS = 3600
ERROR_CHARS = 200


class Cancelled(Exception):
    """Raised by `report_progress` in a handler whose job was called off, or taken over by another worker."""


class GiveUp(Exception):
    """Raised by a handler that knows that trying again is no use: the job fails at once."""


@dataclass(frozen=True)
class Kind:
    """A kind of job: what runs it, and how often at most (None: as it was enqueued)."""

    handler: Handler
    max_attempts: int | None


@dataclass(frozen=True)
class Claim:
    """A job that this worker holds, as plain values: no row outlives its transaction."""

    id: uuid.UUID
    type: str
    params: dict[str, Any]
    workspace_id: uuid.UUID | None
    attempts: int
    max_attempts: int
    token: str


kinds: dict[str, Kind] = {}
_last_lane: uuid.UUID | None = None
_performed: ContextVar[Claim | None] = ContextVar("performed", default=None)


def job(type: str, *, max_attempts: int | None = None) -> Callable[[Handler], Handler]:  # noqa: A002
    """Registers `handler(params, job_id)` for a type of job.

    It opens its own `transaction()` where it writes, and none while it talks to the network. A dict that it
    returns becomes the job's result.
    """

    def register(handler: Handler) -> Handler:
        kinds[type] = Kind(handler, max_attempts)
        return handler

    return register


# --- claiming -------------------------------------------------------------------------------------


def claim_due(limit: int, *, now: datetime | None = None) -> list[Claim]:
    """Takes up to `limit` jobs that are due, or whose lease has run out, for this worker alone."""
    now = now or clock.now()
    with read_only() as session:  # an idle worker must not take SQLite's write lock at every look
        if session.scalar(sa.select(Job.id).where(_due(now)).limit(1)) is None:
            return []
    with transaction() as session:
        taken = []
        while len(taken) < limit and (job_id := _next(session, now)) is not None:
            taken.append(_take(session, job_id, now))
    return taken


def _due(now: datetime) -> Any:
    ready = sa.and_(Job.status == "pending", Job.run_at <= now)
    return sa.or_(ready, sa.and_(Job.status == "running", Job.lease_until < now))


def _next(session: Any, now: datetime) -> uuid.UUID | None:
    """The job whose turn it is, locked: the lowest priority first, within it one workspace after the other.

    A workspace with ten thousand jobs thus holds up nobody else for longer than one of them takes.
    """
    global _last_lane
    urgent = session.scalar(sa.select(Job.priority).where(_due(now)).order_by(Job.priority).limit(1))
    due = sa.select(Job.id, Job.workspace_id).where(_due(now), Job.priority == urgent)
    ordered = due.order_by(Job.workspace_id, Job.run_at, Job.id).limit(1)
    for lane in _lanes(_last_lane):
        found = session.execute(ordered.where(lane).with_for_update(skip_locked=True)).first()
        if found is not None:
            _last_lane = found.workspace_id
            return found.id  # type: ignore[no-any-return]
    return None


def _lanes(last: uuid.UUID | None) -> Iterator[Any]:
    """Where to look next after the last lane: the workspaces behind it, work of none, all from the start."""
    if last is not None:
        yield Job.workspace_id > last
        yield Job.workspace_id.is_(None)
    yield Job.workspace_id.is_not(None)
    yield Job.workspace_id.is_(None)


def _take(session: Any, job_id: uuid.UUID, now: datetime) -> Claim:
    values = {"status": "running", "lease_token": uuid.uuid4().hex, "lease_until": now + _lease()}
    taking = sa.update(Job).where(Job.id == job_id).values(attempts=Job.attempts + 1, **values).returning(Job)
    options = {"synchronize_session": False, "populate_existing": True}
    return _claim(session.scalars(taking, execution_options=options).one())


def _lease() -> timedelta:
    return timedelta(seconds=settings().job_lease_seconds)


def _claim(row: Job) -> Claim:
    kind = kinds.get(row.type)
    return Claim(
        id=row.id,
        type=row.type,
        params=row.params,
        workspace_id=row.workspace_id,
        attempts=row.attempts,
        max_attempts=(kind and kind.max_attempts) or row.max_attempts,
        token=row.lease_token or "",
    )


def renew(claims: list[Claim]) -> None:
    """Prolongs the leases of jobs that are still being done."""
    with transaction() as session:
        for claim in claims:
            session.execute(_mine(claim).values(lease_until=clock.now() + _lease()))


def _mine(claim: Claim) -> Any:
    held = sa.and_(Job.id == claim.id, Job.lease_token == claim.token, Job.status == "running")
    return sa.update(Job).where(held).execution_options(synchronize_session=False)


# --- running --------------------------------------------------------------------------------------


def perform(claim: Claim) -> None:
    """Runs a claimed job to its end, good or bad, and writes down which it was."""
    token = _performed.set(claim)
    try:
        if claim.attempts > claim.max_attempts:
            raise GiveUp("its workers died")
        result = _call(claim)
    except Cancelled:
        log.info("job %s %s was called off", claim.type, claim.id)
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is the job's outcome
        _note_failure(claim, error)
    else:
        _end(claim, status="completed", result=result if isinstance(result, dict) else None, progress=100)
    finally:
        _performed.reset(token)


def report_progress(job_id: uuid.UUID, percent: float, note: str = "") -> None:
    """Tells whoever waits how far a job is (0 to 100), in a transaction of its own.

    Raises `Cancelled` if it was called off, or if its worker lost it to another.
    """
    claim = _performed.get()
    mine = _mine(claim) if claim and claim.id == job_id else sa.update(Job).where(Job.id == job_id)
    with transaction() as session:
        told = mine.values(progress=int(percent), note=note or None).returning(Job)
        row = session.scalars(told, execution_options={"populate_existing": True}).first()
        if row is None:
            raise Cancelled
        bus.announce(session, job_moved(row))


def _call(claim: Claim) -> Any:
    kind = kinds.get(claim.type)
    if kind is None:
        raise LookupError(f"no handler for {claim.type}")
    inside = use_workspace(claim.workspace_id) if claim.workspace_id else nullcontext()
    with inside, acting_as(replace(SYSTEM, door="job", workspace_id=claim.workspace_id)):
        return kind.handler(claim.params, claim.id)


def _note_failure(claim: Claim, error: Exception) -> None:
    said = _describe(error)
    if isinstance(error, GiveUp) or claim.attempts >= claim.max_attempts:
        log.error("job %s %s failed: %s", claim.type, claim.id, said)
        _end(claim, status="failed", last_error=said)
        return
    seconds = backoff_seconds(claim.attempts)
    log.warning("job %s %s goes again in %.0f s: %s", claim.type, claim.id, seconds, said)
    _end(claim, status="pending", last_error=said, run_at=clock.now() + timedelta(seconds=seconds))


def _describe(error: Exception) -> str:
    """What failed and where; its text only where we wrote it, because a library's may quote a customer."""
    if isinstance(error, GiveUp | AppError):
        return f"{type(error).__name__}: {error}"[:ERROR_CHARS]
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(where.filename).name}:{where.lineno}"


def backoff_seconds(attempts: int) -> float:
    """How long to wait after so many attempts: doubling, and spread so that retries do not march in step."""
    return min(LONGEST_BACKOFF_SECONDS, 2.0**attempts) * random.uniform(0.5, 1.5)


def _end(claim: Claim, **values: Any) -> None:
    if values["status"] != "pending":
        values["finished_at"] = clock.now()
    ending = _mine(claim).values(lease_token=None, lease_until=None, **values).returning(Job)
    with transaction() as session:
        row = session.scalars(ending, execution_options={"populate_existing": True}).first()
        if row is not None and (row.requested_by_id or row.status == "failed"):
            bus.announce(session, job_moved(row))
            tell_requester(row, session=session)
    if row is None:
        log.warning("job %s %s was taken over by another worker", claim.type, claim.id)


def run_due(now: datetime | None = None) -> int:
    """Runs everything due, and what that makes due, here and now (tests, commands). How many jobs it ran."""
    count = 0
    while claims := claim_due(1, now=now):
        perform(claims[0])
        count += 1
    return count


# --- the loop -------------------------------------------------------------------------------------


class Worker:
    """Claims and runs jobs in the background, a few at a time."""

    def __init__(self, app: Flask, *, concurrency: int = 4) -> None:
        self.app = app
        self.concurrency = concurrency
        self.settings = app.config["PARLEY"]
        self.running: dict[uuid.UUID, Claim] = {}
        self.stopping = False

    def start(self) -> None:
        """Begins to claim."""
        green.spawn(self.loop)
        green.spawn(self.heartbeat)

    def stop(self, patience_seconds: float = 10) -> bool:
        """Claims no more and waits for what runs; what is left goes again once its lease has run out."""
        self.stopping = True
        waker.wake()
        give_up_at = time.monotonic() + patience_seconds
        while self.running and time.monotonic() < give_up_at:
            time.sleep(0.02)
        return not self.running

    def loop(self) -> None:
        """Claims as many as there are hands free, then sleeps until woken or the next look is due."""
        while not self.stopping:
            free = self.concurrency - len(self.running)
            claims = self._claim(free) if free > 0 else []
            for claim in claims:
                self.running[claim.id] = claim
                green.spawn(self._run, claim)
            if len(claims) < free or free <= 0:
                waker.wait(self.settings.job_poll_seconds)

    def heartbeat(self) -> None:
        """Renews the leases of what runs, three times within each."""
        while not self.stopping or self.running:
            time.sleep(self.settings.job_lease_seconds / 3)
            if not self.running:
                continue
            try:
                with self.app.app_context():
                    renew(list(self.running.values()))
            except Exception as error:  # noqa: BLE001 - the next beat tries again; the fence keeps us honest
                log.warning("leases were not renewed: %s", type(error).__name__)

    def _claim(self, limit: int) -> list[Claim]:
        try:
            with self.app.app_context():
                return claim_due(limit)
        except Exception as error:  # noqa: BLE001 - the database is away: look again later
            log.warning("jobs cannot be claimed: %s", type(error).__name__)
            return []

    def _run(self, claim: Claim) -> None:
        try:
            with self.app.app_context():
                perform(claim)
        except Exception as error:  # noqa: BLE001 - the outcome could not be written: the lease runs out
            log.warning("job %s %s: outcome not stored: %s", claim.type, claim.id, type(error).__name__)
        finally:
            self.running.pop(claim.id, None)
            waker.wake()
