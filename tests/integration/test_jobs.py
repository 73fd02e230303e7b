"""Jobs: nothing without a commit, at least once with one, finished by nobody but the holder."""

import os
import signal
import sys
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.support import ROOT, process
from webapp import create_app
from webapp.auth import current_actor
from webapp.database import transaction
from webapp.errors import Conflict
from webapp.extensions import db
from webapp.models import Job
from webapp.services.job import enqueue, waker
from webapp.tasks import worker
from webapp.tenancy import current_workspace_id, use_workspace

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What the job `note` has been called with; other kinds come and go with a test."""
    seen: list[Any] = []
    monkeypatch.setattr(worker, "kinds", {})
    worker.job("note")(lambda params, job_id: seen.append((params, job_id)))
    waker.wait(0)
    return seen


def add(*args: Any, **options: Any) -> Job:
    with transaction():
        return enqueue(*args, **options)


def only_job() -> Job:
    db.session.rollback()
    return db.session.scalars(sa.select(Job)).one()


def test_a_job_runs_once_after_the_commit(session: Any, runs: list[Any]) -> None:
    job = add("note", {"n": 1})
    assert waker.wait(0), "the commit wakes the worker"
    assert worker.run_due() == 1
    assert worker.run_due() == 0
    assert runs == [({"n": 1}, job.id)]
    assert (only_job().status, only_job().attempts, only_job().lease_token) == ("completed", 1, None)


def test_a_rollback_leaves_no_job_and_wakes_nobody(session: Any) -> None:
    with suppress(ZeroDivisionError), transaction():
        enqueue("note", {})
        raise ZeroDivisionError
    assert session.scalar(sa.select(sa.func.count()).select_from(Job)) == 0
    assert not waker.wait(0)


def test_a_unique_key_is_taken_while_a_job_with_it_lives(session: Any, runs: list[Any]) -> None:
    with transaction():
        assert enqueue("note", {"n": 1}, unique_key="k") is not None
        assert enqueue("note", {"n": 2}, unique_key="k") is None
        assert enqueue("note", {"n": 3}, unique_key="other") is not None
    worker.run_due()
    assert [params["n"] for params, _ in runs] == [1, 3]
    assert add("note", {"n": 4}, unique_key="k") is not None


def test_lower_priorities_go_first_and_later_ones_wait(session: Any, runs: list[Any], clock: Any) -> None:
    add("note", {"n": "tomorrow"}, run_at=clock.now() + worker.timedelta(days=1))
    add("note", {"n": "second"})
    add("note", {"n": "first"}, priority=1)
    worker.run_due()
    assert [params["n"] for params, _ in runs] == ["first", "second"]
    clock.advance(days=1)
    assert worker.run_due() == 1


def test_a_job_runs_in_its_workspace_as_the_system(session: Any, make: Any) -> None:
    seen = []
    worker.job("who")(lambda params, job_id: seen.append((current_workspace_id(), current_actor())))
    workspace = make.workspace()
    with use_workspace(workspace.id):
        add("who", {})
    worker.run_due()
    ((inside, actor),) = seen
    assert inside == workspace.id
    assert (actor.kind, actor.door, actor.workspace_id) == ("system", "job", workspace.id)


def test_a_failing_job_is_tried_again_ever_later_and_then_given_up(session: Any, clock: Any) -> None:
    @worker.job("breaks")
    def _breaks(params: dict, job_id: uuid.UUID) -> None:
        raise ValueError("jane@example.com is not a number")

    add("breaks", {}, max_attempts=3)
    waits = []
    for _ in range(3):
        assert worker.run_due() == 1
        assert worker.run_due() == 0, "it waits"
        waits.append((only_job().run_at - clock.now()).total_seconds())
        clock.advance(hours=2)
    assert 1 <= waits[0] <= 3
    assert 2 <= waits[1] <= 6
    job = only_job()
    assert (job.status, job.attempts) == ("failed", 3)
    assert job.last_error.startswith("ValueError in test_jobs.py:")
    assert job.finished_at is not None
    assert worker.run_due() == 0


@pytest.mark.parametrize("error", [worker.GiveUp("no such address"), Conflict("no such address")])
def test_our_own_errors_are_quoted_and_giving_up_is_final(session: Any, error: Exception) -> None:
    @worker.job("gives up", max_attempts=1)
    def _gives_up(params: dict, job_id: uuid.UUID) -> None:
        raise error

    add("gives up", {})
    worker.run_due()
    assert (only_job().status, only_job().last_error) == (
        "failed",
        f"{type(error).__name__}: no such address",
    )


def test_a_result_is_kept_and_an_unknown_type_is_no_crash(session: Any) -> None:
    worker.job("sums")(lambda params, job_id: {"sum": sum(params["of"])})
    job = add("sums", {"of": [1, 2]})
    add("nobody knows", {})
    assert worker.run_due() == 2
    assert session.get(Job, job.id).result == {"sum": 3}
    unknown = session.scalar(sa.select(Job).where(Job.type == "nobody knows"))
    assert (unknown.status, unknown.last_error[:11]) == ("pending", "LookupError")


def test_a_lease_that_ran_out_is_claimed_again_and_fences_the_first_holder(
    session: Any, clock: Any, runs: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    add("note", {})
    (slow,) = worker.claim_due(5)
    assert worker.claim_due(5) == []
    clock.advance(seconds=61)
    (quick,) = worker.claim_due(5)
    assert (quick.id, quick.attempts) == (slow.id, 2)
    worker.perform(slow)
    assert only_job().lease_token == quick.token, "the slow one may not finish what it lost"
    assert "taken over" in caplog.text
    worker.renew([slow])
    worker.perform(quick)
    assert only_job().status == "completed"


def test_a_renewed_lease_is_not_claimed_again(session: Any, clock: Any) -> None:
    add("note", {})
    claims = worker.claim_due(5)
    clock.advance(seconds=50)
    worker.renew(claims)
    clock.advance(seconds=50)
    assert worker.claim_due(5) == []


def test_a_job_that_kills_its_workers_fails_in_the_end(session: Any, clock: Any, runs: list[Any]) -> None:
    add("note", {}, max_attempts=2)
    for _ in range(2):
        assert worker.claim_due(1)
        clock.advance(seconds=61)
    assert worker.run_due() == 1
    assert runs == []
    assert (only_job().status, only_job().last_error) == ("failed", "GiveUp: its workers died")


def test_the_worker_works_in_the_background_and_stops(database: Any, runs: list[Any]) -> None:
    """On a committed database of its own, with real threads."""
    app: Flask = create_app(database.settings(database.fresh()))
    hands = worker.Worker(app, concurrency=2)
    hands.start()
    with app.app_context():
        for n in range(10):
            add("note", {"n": n})
    process.wait_until(lambda: len(runs) == 10, "ten jobs", 20)
    assert hands.stop()
    with app.app_context():
        assert set(db.session.scalars(sa.select(Job.status))) == {"completed"}
        db.session.remove()
        db.engine.dispose()


def test_a_job_whose_worker_was_killed_is_done_by_the_next(database: Any, tmp_path: Path) -> None:
    """`kill -9` in the middle: the lease runs out, and another process does it again."""
    settings = {
        **database.settings(database.fresh()),
        "JOB_LEASE_SECONDS": "1",
        "INSTANCE_PATH": str(tmp_path),
    }
    app = create_app(settings)
    notes = tmp_path / "notes"
    command = [sys.executable, "-W", "ignore", "-m", "tests.support.job_program", notes]
    options = {"cwd": ROOT, "env": {**os.environ, **settings}}
    with app.app_context():
        job = add("slow", {"seconds": [60]})
        first = process.start(command, **options)
        process.wait_until(lambda: notes.exists() and notes.read_text(), "the first try", 20)
        process.stop(first, signal.SIGKILL)
        second = process.start(command, **options)
        try:
            process.wait_until(lambda: only_job().status == "completed", "the second try", 20)
        finally:
            process.stop(second, signal.SIGKILL)
        pids, ids = zip(*[line.split() for line in notes.read_text().splitlines()], strict=True)
        assert len(set(pids)) == 2
        assert set(ids) == {str(job.id)}
        assert only_job().attempts == 2
        db.session.remove()
        db.engine.dispose()
