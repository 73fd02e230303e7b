"""Jobs: nothing without a commit, at least once with one, finished by nobody but the holder."""

import os
import signal
import sys
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Event as Signal
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.support import ROOT, process
from tests.support.pages import submit
from webapp import create_app
from webapp.auth import acting_as, current_actor
from webapp.database import transaction
from webapp.errors import Conflict, NotFound
from webapp.extensions import db
from webapp.models import Job, Schedule
from webapp.services import job as jobs
from webapp.services.job import enqueue, waker
from webapp.tasks import schedule, worker
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
    for shortest, longest in ((1, 3), (2, 6)):
        before = clock.now()
        assert worker.run_due() == 1
        assert worker.run_due() == 0, "it waits"
        assert (
            before + timedelta(seconds=shortest)
            <= only_job().run_at
            <= clock.now() + timedelta(seconds=longest)
        )
        clock.advance(hours=2)
    assert worker.run_due() == 1
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


def test_a_worker_that_could_not_renew_a_lease_does_not_take_the_job_over_from_itself(
    session: Any, app: Flask, clock: Any
) -> None:
    add("note", {})
    mine = worker.Worker(app)
    (claim,) = mine._claim(1, [])
    mine.running[claim.id] = claim
    clock.advance(hours=1)
    assert mine._claim(1, mine.at_work()) == []
    (taken,) = worker.Worker(app)._claim(1, [])
    assert taken.id == claim.id


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


def test_what_waits_for_somebody_outside_holds_up_nobody(database: Any, runs: list[Any]) -> None:
    app: Flask = create_app(database.settings(database.fresh()))
    answered = Signal()

    @worker.job("ask", hands=1, patience_seconds=0.01)
    def ask(params: dict[str, Any], _job_id: uuid.UUID) -> None:
        worker.go_on()
        if params["hangs"]:
            assert answered.wait(120)
        runs.append(params["n"])

    hands = worker.Worker(app, concurrency=2)
    with app.app_context():
        for n in range(6):
            add("ask", {"n": n, "hangs": n < 5})
        add("note", {})
    hands.start()
    process.wait_until(lambda: len(runs) == 2, "the last one, and what has nothing to do with it")
    assert 5 in runs
    answered.set()
    process.wait_until(lambda: len(runs) == 7, "all")
    assert hands.stop()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def test_the_worker_works_in_the_background_and_stops(database: Any, runs: list[Any]) -> None:
    """On a committed database of its own, with real threads."""
    app: Flask = create_app(database.settings(database.fresh()))
    hands = worker.Worker(app, concurrency=2)
    hands.start()
    with app.app_context():
        for n in range(10):
            add("note", {"n": n})
    process.wait_until(lambda: len(runs) == 10, "ten jobs")
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
        process.wait_until(lambda: notes.exists() and notes.read_text(), "the first try")
        process.stop(first, signal.SIGKILL)
        second = process.start(command, **options)
        try:
            process.wait_until(lambda: only_job().status == "completed", "the second try")
        finally:
            process.stop(second, signal.SIGKILL)
        pids, ids = zip(*[line.split() for line in notes.read_text().splitlines()], strict=True)
        assert len(set(pids)) == 2
        assert set(ids) == {str(job.id)}
        assert only_job().attempts == 2
        db.session.remove()
        db.engine.dispose()


# --- fairness, steering, schedules ----------------------------------------------------------------


def test_a_workspace_with_many_jobs_holds_up_no_other(session: Any, runs: list[Any], make: Any) -> None:
    busy, calm = make.workspace("Busy"), make.workspace("Calm")
    for number in range(20):
        add("note", {"n": f"busy {number}"}, workspace_id=busy.id)
    add("note", {"n": "calm"}, workspace_id=calm.id)
    add("note", {"n": "nobody's"})
    worker.run_due()
    first = [params["n"] for params, _ in runs][:4]
    assert "calm" in first
    assert "nobody's" in first
    assert len(runs) == 22


def test_f19_a_poisoned_job_is_tried_later_and_holds_up_nobody(
    session: Any, runs: list[Any], make: Any
) -> None:
    @worker.job("poison")
    def _poison(params: dict, job_id: uuid.UUID) -> None:
        raise RuntimeError

    workspace = make.workspace()
    for number in range(3):
        add("poison", {}, workspace_id=workspace.id, priority=1)
        add("note", {"n": number}, workspace_id=workspace.id)
    add("nobody knows", {}, workspace_id=workspace.id, priority=1)
    assert worker.run_due() == 7
    assert [params["n"] for params, _ in runs] == [0, 1, 2]
    db.session.rollback()
    left = db.session.execute(sa.select(Job.type, Job.attempts).where(Job.status == "pending"))
    assert {tuple(row) for row in left} == {("poison", 1), ("nobody knows", 1)}


def test_several_claims_at_once_are_fair_as_well(session: Any, make: Any) -> None:
    lanes = [make.workspace(f"W{number}") for number in range(3)]
    for lane in lanes:
        for _ in range(3):
            add("note", {}, workspace_id=lane.id)
    claims = worker.claim_due(6)
    held = [claim.workspace_id for claim in claims]
    assert sorted(held.count(lane.id) for lane in lanes) == [2, 2, 2]


@pytest.fixture
def boss(make: Any, session: Any) -> Iterator[Any]:
    """An admin, acting in their workspace."""
    user = make.user(role="admin", workspace=make.workspace())
    with use_workspace(user.workspace_id), acting_as(make.actor(user)):
        yield user


def test_a_dead_letter_is_replayed_with_all_its_attempts(session: Any, boss: Any, clock: Any) -> None:
    outcome: list[Exception | None] = [worker.GiveUp("no such address"), None]

    @worker.job("moody")
    def _moody(params: Any, job_id: Any) -> None:
        if (error := outcome.pop(0)) is not None:
            raise error

    job = add("moody", {})
    worker.run_due()
    assert [row.id for row in jobs.list_jobs("failed")] == [job.id]
    with transaction():
        jobs.replay_job(job.id)
    assert (only_job().status, only_job().attempts) == ("pending", 0)
    worker.run_due()
    assert only_job().status == "completed"


def test_all_dead_letters_of_a_kind_are_replayed_at_once(session: Any, boss: Any) -> None:
    @worker.job("broken", max_attempts=1)
    def _broken(params: Any, job_id: Any) -> None:
        raise ValueError

    for _ in range(3):
        add("broken", {})
    add("note", {})
    worker.run_due()
    with transaction():
        assert jobs.replay_failed("broken") == 3
    assert jobs.count_jobs() == {"pending": 3, "completed": 1}


def test_a_replay_waits_for_nobody_who_does_the_same_work(session: Any, boss: Any) -> None:
    first = add("note", {}, unique_key="k")
    with transaction():
        jobs.cancel_job(first.id)
    add("note", {}, unique_key="k")
    with transaction(), pytest.raises(Conflict, match="same work"):
        jobs.replay_job(first.id)


def test_a_cancelled_job_never_runs_and_a_running_one_ends_at_its_next_report(
    session: Any, boss: Any, runs: list[Any]
) -> None:
    waiting = add("note", {})
    with transaction():
        jobs.cancel_job(waiting.id)
    reached: list[str] = []

    @worker.job("long")
    def _long(params: Any, job_id: Any) -> None:
        worker.report_progress(job_id, 10, "a tenth")
        with transaction():
            jobs.cancel_job(job_id)
        reached.append("before")
        worker.report_progress(job_id, 20)
        reached.append("after")

    long = add("long", {})
    worker.run_due()
    assert runs == []
    assert reached == ["before"]
    row = session.get(Job, long.id, populate_existing=True)
    assert (row.status, row.progress, row.note) == ("cancelled", 10, "a tenth")
    with transaction(), pytest.raises(Conflict):
        jobs.cancel_job(long.id)


def test_progress_is_told_to_the_staff_of_the_workspace(app: Flask, make: Any, agent: Any) -> None:
    user = make.user(role="agent", workspace=make.workspace())
    socket = agent(user).connect()

    @worker.job("counted")
    def _counted(params: Any, job_id: Any) -> None:
        worker.report_progress(job_id, 50, "half")

    with app.app_context(), use_workspace(user.workspace_id):
        add("counted", {}, requested_by_id=user.id)
        worker.run_due()
    told = [(body["status"], body["progress"], body["note"]) for body in socket.heard("job.updated")]
    assert told == [("running", 50, "half"), ("completed", 100, "half")]


def test_jobs_of_other_workspaces_are_not_there(session: Any, boss: Any, make: Any) -> None:
    foreign = add("note", {}, workspace_id=make.workspace("Elsewhere").id)
    assert jobs.list_jobs("pending") == []
    with pytest.raises(NotFound):
        jobs.get_job(foreign.id)


def test_periodic_work_is_done_once_a_period_and_its_failure_is_kept(
    session: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def tidy() -> None:
        """Tidies."""
        done.append("tidy")

    def fail() -> None:
        """Fails."""
        raise ZeroDivisionError

    work = (schedule.Periodic(60, tidy), schedule.Periodic(3600, fail))
    monkeypatch.setattr(schedule, "PERIODIC", work)
    monkeypatch.setattr(schedule.log, "exception", lambda *_: None)
    assert schedule.run_due_schedules() == 2
    assert schedule.run_due_schedules() == 0
    clock.advance(seconds=61)
    assert schedule.run_due_schedules() == 1
    assert done == ["tidy", "tidy"]
    kept = {row.name: row.last_error for row in session.scalars(sa.select(Schedule))}
    assert kept == {"tidy": None, "fail": "ZeroDivisionError"}


def test_f17_of_two_processes_only_one_does_a_period(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    work = schedule.Periodic(60, lambda: None)
    moment = schedule.clock.now()
    assert schedule._take(work, moment)
    assert not schedule._take(work, moment)


def test_the_admins_page_shows_what_failed_and_starts_it_again(app: Flask, make: Any, sign_in: Any) -> None:
    user = make.user(role="admin", workspace=make.workspace())

    @worker.job("broken", max_attempts=1)
    def _broken(params: Any, job_id: Any) -> None:
        raise worker.GiveUp("the address does not exist")

    with app.app_context(), use_workspace(user.workspace_id):
        job_id = add("broken", {}).id
        worker.run_due()
    browser = sign_in(user)
    page = browser.get("/settings/jobs").text
    assert "the address does not exist" in page
    submit(browser, f"/settings/jobs/{job_id}/replay", page="/settings/jobs")
    with app.app_context():
        assert only_job().status == "pending"
