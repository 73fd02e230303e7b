"""Who keeps reports level: in the background, by one process at a time, and anew from the command line."""

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.parallel import House, together
from webapp import cli
from webapp.database import read_only, transaction
from webapp.extensions import db
from webapp.models import MeasuredUpTo, Measurement, WorkspaceFeed
from webapp.services import report
from webapp.tasks import report as following
from webapp.tasks.report import Follower
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def house(database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    environment = {**database.settings(database.fresh()), "INSTANCE_PATH": str(tmp_path)}
    for name, value in environment.items():  # for the command line
        monkeypatch.setenv(name, value)
    made = House(environment, tmp_path)
    yield made
    made.close()


def in_house(house: House, ask: Callable[[], Any]) -> Any:
    with house.app.app_context(), use_workspace(house.workspace.id), read_only():
        return ask()


def stored(house: House) -> list[tuple[Any, ...]]:
    columns = Measurement.__table__.columns
    query = sa.select(*columns).order_by(*Measurement.__table__.primary_key.columns)
    with house.app.app_context(), use_workspace(house.workspace.id), read_only() as session:
        return [tuple(row) for row in session.execute(query.execution_options(unscoped=True))]


def is_level(house: House) -> bool:
    feed, mark = sa.select(WorkspaceFeed.seq), sa.select(MeasuredUpTo.seq)
    return bool(in_house(house, lambda: db.session.scalar(feed) == db.session.scalar(mark)))


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, "it did not come"
        time.sleep(0.02)


@pytest.fixture
def follower(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Follower]:
    for name in ("GATHER_SECONDS", "REST_SECONDS", "BREATH_SECONDS"):
        monkeypatch.setattr(following, name, 0.01)
    made = Follower(house.app)
    thread = Thread(target=made.loop)
    monkeypatch.setattr(following.green, "spawn", lambda _call: thread.start())
    yield made
    made.stop()
    thread.join(20)


def test_what_was_there_before_it_began_and_what_is_committed_later_is_measured(
    house: House, follower: Follower
) -> None:
    house.visitor().write("Before")
    follower.start()
    wait_for(lambda: is_level(house))
    before = len(stored(house))

    house.visitor().write("After")

    wait_for(lambda: is_level(house) and len(stored(house)) > before)


def test_one_that_cannot_reach_the_database_goes_on_later(
    house: House, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = Signal()

    def broken() -> list[uuid.UUID]:
        if failed.is_set():
            return [house.workspace.id]
        failed.set()
        raise sa.exc.OperationalError("", {}, Exception("away"))

    monkeypatch.setattr(following, "workspace_ids", broken)
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.1)
    house.visitor().write("Hello")
    follower.start()

    wait_for(lambda: is_level(house))


def test_processes_that_measure_at_once_make_every_row_once(house: House) -> None:
    for number in range(8):
        house.visitor().write(f"Hello {number}")

    def measure() -> None:
        with house.app.app_context(), use_workspace(house.workspace.id):
            while True:
                with transaction():
                    if report.catch_up(limit=2):
                        return
                time.sleep(0.01)

    together([measure] * 4)

    assert is_level(house)
    assert [row[2] for row in stored(house)].count("created") == 8


def test_rebuilding_from_the_command_line_gives_the_rows_that_were_kept(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    tickets = [house.visitor().write(f"Hello {number}")["ticket"]["id"] for number in range(30)]
    desk = house.desks(1)[0]
    for ticket_id in tickets[::3]:
        desk.reply(ticket_id, "Answer")
    with house.app.app_context(), use_workspace(house.workspace.id):
        for _ in range(10):
            with transaction():
                report.catch_up()
    kept = stored(house)
    with house.app.app_context(), use_workspace(house.workspace.id), transaction() as session:
        session.execute(sa.delete(Measurement).execution_options(synchronize_session=False))

    assert cli.main(["reports", "rebuild"]) == 0

    assert stored(house) == kept != []
    slug = house.workspace.slug
    assert f"{slug}: 30 tickets measured, {len(kept)} rows." in capsys.readouterr().out
    assert cli.main(["reports", "rebuild", "--workspace", "nowhere"]) == 1
