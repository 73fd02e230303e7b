"""Backing up while people write, and restoring into an empty place (F-21)."""

import itertools
import json
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.conftest import Database
from tests.support import invariants
from tests.support.live import COOKIE, Site
from tests.support.parallel import House
from webapp import backup, cli, create_app, migration
from webapp.backup import archive
from webapp.config import load_settings
from webapp.database import uuid7
from webapp.services import restored

pytestmark = pytest.mark.integration

_numbers = itertools.count()
FILE = f"ab/ab{0:038}"


class Place:
    """A database and a folder. Without a URL both are empty, to restore to."""

    def __init__(self, database: Database, folder: Path, url: str = "") -> None:
        self.folder = folder
        if url:
            self.url = url
        elif database.server:
            self.url = database.server.create_database(f"restored_{next(_numbers)}")
        else:
            self.url = f"sqlite:///{folder / 'restored.db'}"
        self.environment = {**database.settings(self.url), "INSTANCE_PATH": str(folder)}
        self.settings = load_settings(self.environment)

    def restore(self, path: Path) -> backup.Restored:
        return backup.restore(self.settings, path, restored.begin_anew)

    @property
    def is_empty(self) -> bool:
        if any(self.folder.iterdir()):
            return False
        if self.settings.is_sqlite:
            return True
        with owner(self.url) as connection:
            return not sa.inspect(connection).get_table_names()


@pytest.fixture
def there(database: Database, tmp_path: Path) -> Place:
    """An empty place."""
    return Place(database, tmp_path)


@pytest.fixture(scope="module")
def here(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A small installation."""
    made = Place(database, tmp_path_factory.mktemp("here"), database.fresh())
    house = House(made.environment, made.folder)
    [desk] = house.desks(1)
    maria = house.visitor()
    chat = maria.post("comments", maria.message("Where is my order?")).json["ticket"]["id"]
    desk.post(
        f"tickets/{chat}/comments", {"client_id": str(uuid7()), "content": "50 %\\ \n\t☃", "kind": "reply"}
    )
    house.close()
    stored = made.folder / "files" / FILE
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"a file")
    return made


@pytest.fixture(scope="module")
def path(here: Place) -> Path:
    """Its backup."""
    return backup.save(here.settings).path


@contextmanager
def owner(url: str) -> Iterator[sa.Connection]:
    engine = migration.owner_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def client_of(place: Place) -> FlaskClient:
    """Somebody's browser, at what was restored."""
    return create_app(place.environment).test_client()


def contents(url: str) -> dict[str, list[str]]:
    """Every row of every table as its owner sees it, but for what restoring changes."""
    changed = {"installation", "user_sessions", "account_tokens", "alembic_version"}
    with owner(url) as connection:
        return {
            name: sorted(map(repr, connection.exec_driver_sql(f'SELECT * FROM "{name}"').all()))
            for name in sa.inspect(connection).get_table_names()
            if name not in changed and not name.startswith("search_index")
        }


def test_f21_a_backup_made_while_people_write_is_whole_and_clients_ahead_of_it_begin_again(
    database: Database, there: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    busy = Place(database, tmp_path_factory.mktemp("busy"), database.fresh())
    path = busy.folder / "backup.zip"
    with Site(busy.environment, busy.folder) as site:
        maria, ana = site.customer(), site.desk().connect()
        chat = maria.post("comments", maria.message("Hello")).json()["ticket"]["id"]
        saving = Thread(target=backup.save, args=(busy.settings, path))
        saving.start()
        for number in itertools.count():
            ana.must("comment.create", ana.message(f"{number}", chat))
            if number > 20 and not saving.is_alive():
                break
        seen = maria.get("events", ticket=chat, after=0, limit=100).json()
        cookie = ana.http.cookies[COOKIE]
        assert seen["epoch"] == 0
    there.restore(path)
    invariants.check(there.url)
    browser, token = client_of(there), {"Authorization": f"Bearer {maria.token}"}
    query = {"ticket": chat, "after": seen["ticket"]["seq"]}
    replay = browser.get("/api/v1/chat/events", query_string=query, headers=token).json
    assert (replay["reset"], replay["epoch"] > 0) == (True, True)
    state = browser.get("/api/v1/chat/state", headers=token).json
    assert state["epoch"] == replay["epoch"]
    assert state["ticket"]["seq"] < seen["ticket"]["seq"]
    browser.set_cookie(COOKIE, cookie)
    assert browser.get("/api/v1/events").status_code == 401


def test_f21_every_row_of_every_table_comes_back(here: Place, there: Place, path: Path) -> None:
    done = there.restore(path)
    assert contents(there.url) == contents(here.url)
    assert contents(there.url)["comments"]
    assert done.same_key
    assert (there.folder / "files" / FILE).read_bytes() == b"a file"
    with owner(there.url) as connection:
        assert restored.problems(connection, there.folder / "files") == []
        live = "SELECT count(*) FROM user_sessions WHERE revoked_at IS NULL"
        assert connection.exec_driver_sql(live).scalar() == 0
        last = connection.exec_driver_sql("SELECT max(id) FROM search_document").scalar_one()
        adding = (
            "INSERT INTO search_document (workspace_id, kind, subject_id, title, body) "
            "SELECT id, 'ticket', id, '', '' FROM workspaces"
        )
        connection.exec_driver_sql(adding)  # takes a number that nobody had
        assert connection.exec_driver_sql("SELECT max(id) FROM search_document").scalar_one() > last


def test_rules_that_do_not_hold_are_named(here: Place, there: Place, path: Path) -> None:
    there.restore(path)
    with owner(there.url) as connection:
        for harm in HARMS:
            connection.exec_driver_sql(harm)
        found = restored.problems(connection, there.folder / "files")
    assert [sentence.partition(" ")[2] for sentence in found] == [
        *restored.RULES,
        "rows of attachments have no file, or one of another size",
    ]


HARMS = (
    "UPDATE tickets SET last_seq = last_seq + 1, comment_count = 7",
    "UPDATE events SET ticket_seq = ticket_seq + 99 WHERE name = 'comment.created'",
    "UPDATE workspace_feeds SET seq = seq + 1",
    "UPDATE ticket_numbers SET number = 0",
    "DELETE FROM search_document WHERE kind = 'ticket'",
    (
        "INSERT INTO attachments (id, workspace_id, uploader_kind, uploader_id, name, content_type, "
        "size_bytes, storage_key, created_at, position) SELECT id, workspace_id, 'user', id, 'a', "
        "'text/plain', 6, 'ab/' || name, at, 0 FROM events WHERE name = 'ticket.created'"
    ),
)


def test_s62_an_archive_is_for_its_owner_alone_names_every_part_and_holds_no_key(
    here: Place, path: Path
) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with zipfile.ZipFile(path) as file:
        manifest = json.loads(file.read("manifest.json"))
        assert {*manifest["parts"], "manifest.json"} == set(file.namelist())
        assert not any(here.settings.secret_key.encode() in file.read(name) for name in file.namelist())
    assert manifest["revision"] == migration.head_revision()
    assert manifest["tables"]["comments"] == 2
    with pytest.raises(backup.BackupError, match="is there already"):
        backup.save(here.settings, path)


def test_a_backup_is_restored_into_an_empty_place_only(
    here: Place, there: Place, path: Path, database: Database
) -> None:
    before = contents(here.url)
    with pytest.raises(backup.BackupError, match="is not empty"):
        here.restore(path)
    elsewhere = Place(database, there.folder, here.url)
    with pytest.raises(backup.BackupError, match=r"is not empty|is there already"):
        elsewhere.restore(path)
    assert contents(here.url) == before
    assert list(there.folder.iterdir()) == []


SAID = {
    "newer": {"revision": "9999"},
    "older": {"revision": "0025"},
    "kind": {"database": "something else"},
    "format": {"format": 99},
}
HARMED = (
    "bit",
    "missing",
    "foreign",
    "no manifest",
    "no archive",
    "newer",
    "older",
    "format",
    "kind",
    "columns",
)


@pytest.mark.parametrize("harm", HARMED)
def test_an_archive_that_is_not_as_it_was_written_restores_nothing(
    there: Place, path: Path, harm: str
) -> None:
    spoilt = spoil(path, harm)
    with pytest.raises(backup.BackupError):
        there.restore(spoilt)
    assert there.is_empty


def spoil(path: Path, harm: str) -> Path:
    """A copy of an archive with something wrong."""
    spoilt = path.with_name("spoilt.zip")
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    manifest = json.loads(parts["manifest.json"])
    last = [name for name in parts if name != "manifest.json"][-1]
    if harm == "no archive":
        spoilt.write_bytes(b"nothing")
        return spoilt
    if harm == "bit":
        parts[last] = parts[last][:-2] + bytes([parts[last][-2] ^ 1]) + parts[last][-1:]
    elif harm == "missing":
        del parts[last]
    elif harm == "foreign":
        parts["files/../../evil"] = b""
        manifest["parts"]["files/../../evil"] = {}
    manifest |= SAID.get(harm, {})
    if harm == "columns":
        manifest["columns"] = {"comments": ["id"]}
        del parts[last], manifest["parts"][last]
    parts["manifest.json"] = b"{}" if harm == "no manifest" else json.dumps(manifest).encode()
    with zipfile.ZipFile(spoilt, "w") as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return spoilt


def test_a_count_that_differs_restores_nothing(there: Place, path: Path) -> None:
    spoilt = path.with_name("spoilt.zip")
    with zipfile.ZipFile(path) as file, zipfile.ZipFile(spoilt, "w") as target:
        for name in file.namelist():
            data = file.read(name)
            target.writestr(
                name, data.replace(b'"comments": 2', b'"comments": 3') if "manifest" in name else data
            )
    with pytest.raises(backup.BackupError, match="comments has 2 rows"):
        there.restore(spoilt)
    assert there.is_empty


def test_a_backup_that_fails_leaves_nothing_behind(
    here: Place, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = path.with_name("second.zip")
    monkeypatch.setattr(archive.Writer, "finish", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        backup.save(here.settings, target)
    assert not [name for name in path.parent.iterdir() if "second" in name.name]


def test_what_cannot_be_saved_is_said(there: Place, here: Place, database: Database) -> None:
    with pytest.raises(backup.BackupError, match="cannot be written to"):
        backup.save(here.settings, there.folder / "none" / "backup.zip")
    with pytest.raises(backup.BackupError, match=r"There is no (database|Parley)"):
        backup.save(there.settings, there.folder / "backup.zip")
    if not database.server:
        for url, what in (("sqlite://", "in memory"), (f"sqlite:///{there.folder}/empty.db", "no Parley")):
            (there.folder / "empty.db").touch()
            environment = {**there.environment, "DATABASE_URL": url}
            with pytest.raises(backup.BackupError, match=what):
                backup.save(load_settings(environment), there.folder / "backup.zip")
    assert not (there.folder / "backup.zip").exists()


def test_files_that_somebody_still_writes_are_left_out(here: Place, tmp_path: Path) -> None:
    partial = (here.folder / "files" / FILE).with_suffix(".part")
    partial.write_bytes(b"half")
    try:
        assert backup.save(here.settings, tmp_path / "backup.zip").files == 1
    finally:
        partial.unlink()


def test_a_database_that_is_served_is_not_restored_to(there: Place, path: Path, database: Database) -> None:
    if not database.server:
        return
    engine = migration.owner_engine(there.url)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_lock_shared({migration.SERVING_LOCK})")
        with pytest.raises(backup.BackupError, match="stop it first"):
            there.restore(path)
    engine.dispose()
    assert there.is_empty


def test_s11_whoever_is_not_the_owner_gets_no_empty_backup(
    here: Place, tmp_path: Path, database: Database
) -> None:
    if database.server is None:
        return
    database.server.execute("CREATE ROLE somebody LOGIN IN ROLE parley_app")
    environment = {**here.environment, "DATABASE_URL": here.url.replace("postgres@", "somebody@")}
    try:
        with pytest.raises(backup.BackupError, match="PostgreSQL refuses"):
            backup.save(load_settings(environment), tmp_path / "b.zip")
        assert list(tmp_path.iterdir()) == []
    finally:
        database.server.execute("DROP ROLE somebody")


def test_the_commands_say_what_they_did(
    here: Place, there: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def run(place: Place, *arguments: str, **settings: str) -> tuple[int, str, str]:
        for name, value in {**place.environment, **settings}.items():
            monkeypatch.setenv(name, value)
        code = cli.main(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    made = str(there.folder.parent / f"made-{next(_numbers)}.zip")
    assert "1 files" in run(here, "backup", "--to", made)[1]
    code, out, err = run(there, "restore", made, SECRET_KEY="another-key-that-is-long-enough-for-this")
    assert (code, "Every rule holds." in out, "SECRET_KEY is not the one" in err) == (0, True, True)
    assert "Nothing was restored" in run(there, "restore", made)[2]
    assert "is there already" in run(here, "backup", "--to", made)[2]
