"""What the first version left behind, brought to this one: while people write, or killed half-way (F-14)."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.conftest import SETTINGS, Database
from tests.support import ROOT, invariants
from tests.support.first_desk import WORDS, FirstDesk, counts, found
from tests.support.process import wait_until
from tests.support.server import Server
from webapp import backup, create_app, migration
from webapp.config import Settings, load_settings
from webapp.extensions import db
from webapp.services import restored, search
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

FIRST, FIRST_WITH_SEARCH = "0001", "0008"


class Place:
    """A database and a folder; without rows until something fills it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.folder = folder
        url = f"sqlite:///{folder / 'parley.db'}"
        if database.server:
            url = database.server.create_database(f"first_{folder.name.replace('-', '_')}")
        self.environment = {**SETTINGS, "DATABASE_URL": url, "INSTANCE_PATH": str(folder)}

    @property
    def settings(self) -> Settings:
        return load_settings(self.environment)

    @contextmanager
    def owner(self) -> Iterator[sa.Connection]:
        engine = migration.owner_engine(self.environment["DATABASE_URL"])
        with engine.begin() as connection:
            yield connection
        engine.dispose()

    def counts(self) -> dict[str, int]:
        with self.owner() as connection:
            return counts(connection)

    def found(self) -> dict[str, list[str]]:
        with self.owner() as connection:
            return found(connection)


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Place:
    return Place(database, tmp_path)


@pytest.fixture
def first(place: Place) -> Iterator[FirstDesk]:
    """A desk as the first version left it."""
    migration.upgrade(place.settings, FIRST)
    engine = migration.owner_engine(place.environment["DATABASE_URL"])
    desk = FirstDesk(engine, place.folder / "files")
    desk.fill()
    yield desk
    engine.dispose()


@contextmanager
def opened(place: Place) -> Iterator[Flask]:
    app = create_app(place.environment)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def searched(here: Any, word: str) -> list[str]:
    with use_workspace(here):
        hits = search.search_tickets(word, limit=50).hits
        return sorted(str(hit.ticket.id) for hit in hits)


def test_f14_search_finds_after_the_upgrade_what_it_found_before(place: Place, first: FirstDesk) -> None:
    before = place.counts()
    migration.upgrade(place.settings, FIRST_WITH_SEARCH)
    known = place.found()
    assert all(known[word] for word in WORDS)
    migration.upgrade(place.settings)
    assert place.found() == known
    after = place.counts()
    assert {name: after[name] for name in before} == before
    with opened(place):
        for here in first.workspaces:
            assert searched(here, "zürich") == sorted(map(str, first.tickets[here]))
            assert len(searched(here, "CONTRASENA")) == 1
    invariants.check(place.environment["DATABASE_URL"], first.files)


def test_f21_what_was_upgraded_is_backed_up_and_restored_to_the_last_row(
    place: Place, first: FirstDesk, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    migration.upgrade(place.settings)
    saved = backup.save(place.settings)
    there = Place(database, tmp_path_factory.mktemp("there"))
    backup.restore(there.settings, saved.path, restored.begin_anew)
    assert there.counts() == place.counts()
    assert there.counts()["comments"] == 75
    assert there.found() == place.found()
    with there.owner() as connection:
        assert restored.problems(connection, there.folder / "files") == []


# --- PostgreSQL: people go on writing -------------------------------------------------------------


class Writer:
    """A process of the first version: it writes notes in every workspace until told to stop.

    What it cannot write at once it writes again, as a client does.
    """

    def __init__(self, place: Place, desk: FirstDesk) -> None:
        self.desk, self.url, self.role = desk, place.environment["DATABASE_URL"], place.settings.database_role
        self.written: list[str] = []
        self.refused: list[str] = []
        self.stopping = Event()
        self.thread = Thread(target=self._run)

    def _run(self) -> None:
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"SET ROLE \"{self.role}\"; SET lock_timeout = '60s'")
            connection.commit()
            while not self.stopping.is_set():
                self._write(connection, f"während{len(self.written)}")
        engine.dispose()

    def _write(self, connection: sa.Connection, text: str) -> None:
        here = self.desk.workspaces[len(self.written) % len(self.desk.workspaces)]
        ticket = self.desk.tickets[here][len(self.written) % 5]
        try:
            with connection.begin():
                connection.execute(
                    sa.text("SELECT set_config('app.workspace_id', :here, true)"), {"here": str(here)}
                )
                self.desk.write(connection, here, ticket, text)
            self.written.append(text)
        except sa.exc.OperationalError as error:
            self.refused.append(error.orig.pgcode)

    def __enter__(self) -> "Writer":
        self.thread.start()
        wait_until(lambda: len(self.written) > 20, "it to be at work")
        return self

    def __exit__(self, *_error: object) -> None:
        self.stopping.set()
        self.thread.join(240)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_f14_people_write_while_postgresql_is_migrated_and_nothing_is_lost(
    place: Place, first: FirstDesk
) -> None:
    with Writer(place, first) as writer:
        migration.upgrade(place.settings)
        at_the_end = len(writer.written)
        wait_until(lambda: len(writer.written) > at_the_end + 20, "it to go on")
    assert set(writer.refused) <= migration.IN_THE_WAY, "a client tries these again"
    url = place.environment["DATABASE_URL"]
    invariants.check(url, first.files)
    with place.owner() as connection:
        kept = "SELECT content FROM comments WHERE content LIKE 'während%%' ORDER BY content"
        assert list(connection.exec_driver_sql(kept).scalars()) == sorted(writer.written)
    with opened(place) as app:
        early = first.workspaces[19 % 3]
        assert len(searched(early, writer.written[19])) == 1
        # What the first version writes afterwards is there, and a command lets it be found.
        assert (
            app.test_cli_runner().invoke(args=["search", "rebuild", "--workspace", "buecher-0"]).exit_code
            == 0
        )
        last = max(number for number in range(len(writer.written)) if number % 3 == 0)
        assert len(searched(first.workspaces[0], writer.written[last])) == 1


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_f14_a_migration_makes_way_for_somebody_in_the_tables_and_goes_through_after_them(
    place: Place, first: FirstDesk, caplog: pytest.LogCaptureFixture
) -> None:
    upgrading = Thread(target=migration.upgrade, args=(place.settings,))
    with first.engine.connect() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM tickets").scalar_one()  # as a report of an hour does
        upgrading.start()
        wait_until(lambda: "made way for people" in caplog.text, "it to make way")
    upgrading.join(240)
    assert migration.current_revision(place.settings) == migration.head_revision()


# --- SQLite: stopped, killed, started again -------------------------------------------------------


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_f14_sqlite_killed_while_it_is_migrated_is_as_it_was_and_the_next_start_does_it_again(
    place: Place, first: FirstDesk
) -> None:
    before = place.counts()
    program = ROOT / "tests" / "support" / "dying_program.py"
    environment = {**place.environment, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    killed = subprocess.run(
        [sys.executable, program, "12", "migrate"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=240,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    [copy] = (place.folder / "backups").iterdir()
    for path in (copy, place.folder / "parley.db"):
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (FIRST,)
    assert place.counts() == before
    served = {name: value for name, value in place.environment.items() if name != "TESTING"}
    with Server(served) as server:
        assert server.terminate() == 0
    after = place.counts()
    assert all(after[name] >= rows for name, rows in before.items()), "the new one may have begun to work"
    with opened(place):
        for here in first.workspaces:
            assert searched(here, "crème brûlée") == sorted(map(str, first.tickets[here]))
    invariants.check(place.environment["DATABASE_URL"], first.files)
