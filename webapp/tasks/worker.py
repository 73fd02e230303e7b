"""The worker: claims jobs from the table, runs them, and lets nobody finish what another has taken over.

A claim is a lease with a token. A worker that dies leaves its lease to run out, and the job is claimed again:
handlers run at least once, with the job's id as their idempotency key. A worker that was only slow finds its
token gone.
"""

import logging
import math
import random
import time
import traceback
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from webapp import bus, clock, green, metrics
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
    """A kind of job: what runs it, how often at most (None: as it was enqueued), and by how many hands.

    `patience_seconds`: when it has not gone on for so long, it waits for somebody outside and holds no hand.
    """

    handler: Handler
    max_attempts: int | None
    hands: int | None = None
    patience_seconds: float | None = None


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


MOST_WAITING = 100
"""So many jobs may wait for somebody outside without a hand: each costs a connection there, none here."""
kinds: dict[str, Kind] = {}
_went_on: dict[uuid.UUID, float] = {}
_last_lane: uuid.UUID | None = None
_performed: ContextVar[Claim | None] = ContextVar("performed", default=None)


def job(
    type: str,  # noqa: A002
    *,
    max_attempts: int | None = None,
    hands: int | None = None,
    patience_seconds: float | None = None,
) -> Callable[[Handler], Handler]:
    """Registers `handler(params, job_id)` for a type of job; at most `hands` of it run at once in a worker.

    When it has not gone on (`go_on`) for `patience_seconds`, it keeps no other job of the worker waiting.

    It opens its own `transaction()` where it writes, and none while it talks to the network. A dict that it
    returns becomes the job's result.
    """

    def register(handler: Handler) -> Handler:
        kinds[type] = Kind(handler, max_attempts, hands, patience_seconds)
        return handler

    return register


# --- claiming -------------------------------------------------------------------------------------


def claim_due(
    limit: int,
    *,
    now: datetime | None = None,
    running: Iterable[Claim] = (),
    own: Collection[uuid.UUID] = (),
) -> list[Claim]:
    """Takes up to `limit` jobs that are due, or whose lease has run out, for this worker alone.

    `running`: what holds its hands; a type that has all of its hands full there is left to others. `own`: all
    that it does, which it never takes over from itself when it could not renew a lease in time.
    """
    now = now or clock.now()
    busy = Counter(claim.type for claim in running)
    with read_only() as session:  # an idle worker must not take SQLite's write lock at every look
        if session.scalar(sa.select(Job.id).where(_due(now, busy, own)).limit(1)) is None:
            return []
    with transaction() as session:
        taken: list[Claim] = []
        while len(taken) < limit and (job_id := _next(session, _due(now, busy, own))) is not None:
            taken.append(_take(session, job_id, now))
            busy[taken[-1].type] += 1
    return taken


def _due(now: datetime, busy: Counter[str], own: Collection[uuid.UUID]) -> Any:
    ready = sa.and_(Job.status == "pending", Job.run_at <= now)
    left = sa.and_(Job.status == "running", Job.lease_until < now)
    due = sa.or_(ready, sa.and_(left, Job.id.not_in(own)) if own else left)
    full = [name for name, kind in kinds.items() if kind.hands and busy[name] >= kind.hands]
    return sa.and_(due, Job.type.not_in(full)) if full else due


def _next(session: Any, due_now: Any) -> uuid.UUID | None:
    """The job whose turn it is, locked: the lowest priority first, within it one workspace after the other.

    A workspace with ten thousand jobs thus holds up nobody else for longer than one of them takes.
    """
    global _last_lane
    urgent = session.scalar(sa.select(Job.priority).where(due_now).order_by(Job.priority).limit(1))
    due = sa.select(Job.id, Job.workspace_id).where(due_now, Job.priority == urgent)
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
    began, outcome = time.perf_counter(), "completed"
    try:
        if claim.attempts > claim.max_attempts:
            raise GiveUp("its workers died")
        result = _call(claim)
    except Cancelled:
        outcome = "cancelled"
        log.info("job %s %s was called off", claim.type, claim.id)
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is the job's outcome
        outcome = _note_failure(claim, error)
    else:
        _end(claim, status="completed", result=result if isinstance(result, dict) else None, progress=100)
    finally:
        _performed.reset(token)
        kind = claim.type if claim.type in kinds else "unknown"
        metrics.JOBS_DONE.labels(kind, outcome).observe(time.perf_counter() - began)


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


def _note_failure(claim: Claim, error: Exception) -> str:
    """Writes it down; what became of the job."""
    said = describe(error)
    if isinstance(error, GiveUp) or claim.attempts >= claim.max_attempts:
        log.error("job %s %s failed: %s", claim.type, claim.id, said)
        _end(claim, status="failed", last_error=said)
        return "failed"
    seconds = backoff_seconds(claim.attempts)
    log.warning("job %s %s goes again in %.0f s: %s", claim.type, claim.id, seconds, said)
    _end(claim, status="pending", last_error=said, run_at=clock.now() + timedelta(seconds=seconds))
    return "goes again"


def describe(error: Exception) -> str:
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


def go_on() -> None:
    """Says that the job at hand has come another step further: its patience begins anew."""
    claim = _performed.get()
    if claim is not None and claim.id in _went_on:
        _went_on[claim.id] = time.monotonic()


def _patience(claim: Claim) -> float:
    kind = kinds.get(claim.type)
    return math.inf if kind is None or kind.patience_seconds is None else kind.patience_seconds


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
            at_work = self.at_work()
            free = self.concurrency - len(at_work)
            claims = self._claim(free, at_work) if free > 0 else []
            for claim in claims:
                self.running[claim.id], _went_on[claim.id] = claim, time.monotonic()
                green.spawn(self._run, claim)
            if len(claims) < free or free <= 0:
                waker.wait(self._rest())

    def at_work(self) -> list[Claim]:
        """What holds a hand: not what has waited beyond its patience, as far as that can be borne."""
        running, now = list(self.running.values()), time.monotonic()
        waiting = [one.id for one in running if now - _went_on.get(one.id, now) >= _patience(one)]
        borne = set(waiting[:MOST_WAITING])
        return [one for one in running if one.id not in borne]

    def _rest(self) -> float:
        """Seconds until the next look, or until somebody's patience is at its end."""
        return min([self.settings.job_poll_seconds, *map(_patience, list(self.running.values()))])

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

    def _claim(self, limit: int, at_work: list[Claim]) -> list[Claim]:
        try:
            with self.app.app_context():
                return claim_due(limit, running=at_work, own=list(self.running))
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
            _went_on.pop(claim.id, None)
            waker.wake()
