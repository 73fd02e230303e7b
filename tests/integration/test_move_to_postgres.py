"""From SQLite to PostgreSQL: every row, what it is found by, and nothing where something is in the way."""

import fcntl
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.conftest import SETTINGS
from tests.support import invariants
from tests.support.first_desk import WORDS, FirstDesk, found
from tests.support.parallel import House
from tests.support.postgres import Postgres
from webapp import backup, cli, create_app, migration
from webapp.auth import session_cookie_name
from webapp.backup import postgresql
from webapp.config import Settings, load_settings
from webapp.database import Base, uuid7
from webapp.services import restored

pytestmark = pytest.mark.integration
_numbers = itertools.count()
Environment = dict[str, str]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A SQLite desk that began with the first version and is used today."""
    folder = tmp_path_factory.mktemp("embedded")
    environment = {**SETTINGS, "DATABASE_URL": f"sqlite:///{folder}/parley.db", "INSTANCE_PATH": str(folder)}
    settings = load_settings(environment)
    migration.upgrade(settings, "0001")
    engine = migration.owner_engine(settings.database_url)
    FirstDesk(engine, folder / "files").fill()
    engine.dispose()
    migration.upgrade(settings)
    house = House(environment, folder)
    maria, [desk] = house.visitor(), house.desks(1)
    chat = maria.write("Où est ma commande ?")["ticket"]["id"]
    note = {"client_id": str(uuid7()), "content": "50 %\\ \n\t☃ 2.0", "kind": "note"}
    assert desk.post(f"tickets/{chat}/comments", note).status_code == 201
    cookie = desk.http.get_cookie(session_cookie_name(secure=False)).value
    house.close()
    return {**environment, "cookie": cookie, "token": maria.token}


@pytest.fixture
def settings(here: Environment) -> Settings:
    return load_settings(here)


@pytest.fixture
def target(postgres: Postgres) -> str:
    """An empty database."""
    return postgres.create_database(f"moved_{next(_numbers)}")


@contextmanager
def owner(url: str) -> Iterator[sa.Connection]:
    engine = migration.owner_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def contents(url: str) -> dict[str, list[str]]:
    """Every row of every table as its owner sees it, but for what moving changes."""
    with owner(url) as connection:
        return {table.name: rows(connection, table) for table in Base.metadata.sorted_tables}


def rows(connection: sa.Connection, table: sa.Table) -> list[str]:
    """JSONB keeps its keys in an order of its own."""
    columns = [column for column in table.columns if column.name not in ("vector", "epoch")]
    found = connection.execute(sa.select(*columns)).all()
    return sorted(json.dumps(list(row), default=str, sort_keys=True) for row in found)


def moved(settings: Settings, target: str) -> dict[str, int]:
    return backup.move(settings, target, restored.POSTGRESQL_ALONE, restored.new_epoch)


def is_empty(url: str) -> bool:
    with owner(url) as connection:
        return not sa.inspect(connection).get_table_names()


def test_every_row_arrives_and_people_go_on_where_they_were(
    here: Environment, settings: Settings, target: str
) -> None:
    counted = moved(settings, target)
    before = contents(settings.database_url)
    assert contents(target) == before
    assert counted == {name: len(kept) for name, kept in before.items()}
    assert counted["comments"] == 77
    with owner(settings.database_url) as old, owner(target) as new:
        known = found(old)
        assert found(new) == known
        assert all(known[word] for word in WORDS)
        assert restored.problems(new, Path(here["INSTANCE_PATH"]) / "files") == []
    invariants.check(target)
    browser = create_app({**here, "DATABASE_URL": target}).test_client()
    state = browser.get("/api/v1/chat/state", headers={"Authorization": f"Bearer {here['token']}"}).json
    assert state["epoch"] > 0
    assert state["ticket"]["number"] == 1
    browser.set_cookie(session_cookie_name(secure=False), here["cookie"])
    hits = browser.get("/api/v1/search", query_string={"q": "commande"}).json
    assert len(hits["data"]) == 1, "somebody who was signed in still is, and finds it"


def test_numbers_that_were_given_are_not_given_again(settings: Settings, target: str) -> None:
    moved(settings, target)
    with owner(target) as connection:
        last = connection.exec_driver_sql("SELECT max(id) FROM search_document").scalar_one()
        adding = (
            "INSERT INTO search_document (workspace_id, kind, subject_id, title, body) "
            "SELECT id, 'ticket', id, '', '' FROM workspaces RETURNING id"
        )
        assert min(connection.exec_driver_sql(adding).scalars()) > last


HARMS = {
    "one row less": "DELETE FROM read_marks WHERE ctid = (SELECT ctid FROM read_marks LIMIT 1)",
    "a character": "UPDATE comments SET content = 'x' || content WHERE seq = 2",
    "a time": "UPDATE tickets SET created_at = created_at + interval '1 microsecond'",
    "a key of a JSON": "UPDATE customers SET answers = '{}' WHERE answers <> '{}'",
}


@pytest.mark.parametrize("harm", HARMS)
def test_what_does_not_arrive_as_it_was_is_noticed_and_nothing_is_moved(
    settings: Settings, target: str, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled = postgresql.emptied

    @contextmanager
    def harmful(connection: sa.Connection, names: Any) -> Iterator[None]:
        with filled(connection, names):
            yield
        assert connection.exec_driver_sql(HARMS[harm]).rowcount

    monkeypatch.setattr(postgresql, "emptied", harmful)
    with pytest.raises(backup.BackupError, match="has other rows than before"):
        moved(settings, target)
    assert is_empty(target)


def test_a_target_that_is_not_empty_is_left_as_it_is(settings: Settings, target: str) -> None:
    with owner(target) as connection:
        connection.exec_driver_sql("CREATE TABLE theirs (id integer)")
    with pytest.raises(backup.BackupError, match="is not empty"):
        moved(settings, target)
    with owner(target) as connection:
        assert sa.inspect(connection).get_table_names() == ["theirs"]


def test_what_a_server_runs_on_is_not_moved(here: Environment, settings: Settings, target: str) -> None:
    with Path(here["INSTANCE_PATH"], "parley.db.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as a server does
        with pytest.raises(backup.BackupError, match=r"Parley serves .*: stop it first"):
            moved(settings, target)
    engine = migration.owner_engine(target)
    with engine.connect() as serving:
        serving.exec_driver_sql(f"SELECT pg_advisory_lock_shared({migration.SERVING_LOCK})")
        with pytest.raises(backup.BackupError, match="Parley serves this database"):
            moved(settings, target)
    engine.dispose()
    assert is_empty(target)


def test_what_cannot_be_moved_is_said(
    here: Environment, settings: Settings, target: str, tmp_path: Path
) -> None:
    def refused(url: str, to: str = target) -> str:
        with pytest.raises(backup.BackupError) as error:
            moved(load_settings({**here, "DATABASE_URL": url}), to)
        return str(error.value)

    assert "must name the SQLite database" in refused(target)
    assert "must begin with postgresql://" in refused(settings.database_url, "sqlite:///x.db")
    assert "There is no database at" in refused(f"sqlite:///{tmp_path}/none.db")
    old = f"sqlite:///{tmp_path}/old.db"
    migration.upgrade(load_settings({**here, "DATABASE_URL": old}), "0025")
    assert "is at 0025: `wsgi.py migrate`" in refused(old)
    assert "PostgreSQL refuses" in refused(settings.database_url, f"{target}_that_is_not_there")
    assert is_empty(target)


def test_a_value_that_postgresql_does_not_take_is_named_by_its_table(
    settings: Settings, target: str, tmp_path: Path
) -> None:
    copy = f"sqlite:///{tmp_path}/copy.db"
    with closing(migration.owner_engine(settings.database_url).raw_connection()) as raw:
        raw.execute("VACUUM INTO ?", (f"{tmp_path}/copy.db",))
    with owner(copy) as connection:
        connection.exec_driver_sql("UPDATE inboxes SET name = replace(hex(zeroblob(100)), '00', 'xy')")
    with pytest.raises(backup.BackupError, match="inboxes: value too long"):
        moved(load_settings({**SETTINGS, "DATABASE_URL": copy, "INSTANCE_PATH": str(tmp_path)}), target)
    assert is_empty(target)


@pytest.fixture
def run(
    here: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Callable[..., tuple[int, str, str]]:
    for name, value in here.items():
        monkeypatch.setenv(name, value)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["move-to-postgres", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def test_the_command_says_what_it_did_and_what_comes_next(
    run: Callable[..., tuple[int, str, str]], target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOVE_TO_URL", target.replace("+psycopg2", ""))
    code, out, err = run()
    assert (code, err) == (0, "")
    assert "Every rule holds." in out
    assert "start with DATABASE_URL" in out
    code, out, err = run("--to", target)
    assert (code, out) == (1, "")
    assert err == "Error: The database is not empty: rows go into an empty one only. Nothing was moved\n"
