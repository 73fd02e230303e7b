"""Who writes to SQLite next."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.process import wait_until
from webapp.database import wire_engine

pytestmark = pytest.mark.unit


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """An engine on a file of its own, wired as the app's."""
    made = sa.create_engine(f"sqlite:///{tmp_path / 'x.db'}", connect_args={"check_same_thread": False})
    wire_engine(made, synchronous="OFF", wait_seconds=20)
    with made.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE line (place INTEGER)")
    yield made
    made.dispose()


def places(engine: sa.Engine) -> list[int]:
    with engine.connect().execution_options(sqlite_begin="DEFERRED") as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT place FROM line ORDER BY rowid")]


def write(engine: sa.Engine, place: int) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO line VALUES ({place})")


def test_many_who_write_at_once_all_get_their_turn(engine: sa.Engine) -> None:
    threads = [threading.Thread(target=write, args=(engine, number)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(places(engine)) == list(range(30))


def end_by_rollback(connection: Any) -> None:
    connection.rollback()


def end_by_failing(connection: Any) -> None:
    with pytest.raises(sa.exc.OperationalError):
        connection.exec_driver_sql("INSERT INTO nothing VALUES (1)")
    connection.close()


def end_by_losing_it(connection: Any) -> None:
    connection.invalidate()


@pytest.mark.parametrize("end", [end_by_rollback, end_by_failing, end_by_losing_it])
def test_however_one_ends_the_next_one_writes(engine: sa.Engine, end: Any) -> None:
    first = engine.connect()
    first.begin()
    second = threading.Thread(target=write, args=(engine, 2))
    second.start()
    assert places(engine) == [], "readers wait for nobody"
    end(first)
    second.join(60)
    assert not second.is_alive()
    assert places(engine) == [2]
    first.close()


def test_another_program_is_waited_for_without_a_turn(engine: sa.Engine) -> None:
    other = sqlite3.connect(engine.url.database, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    mine = threading.Thread(target=write, args=(engine, 1))
    mine.start()
    time.sleep(0.05)  # what is tested: it has begun to wait, or will
    other.execute("COMMIT")
    mine.join(60)
    wait_until(lambda: places(engine) == [1], "the row")
    other.close()
