"""`doctor` says what is missing, in one line each, and shows no secret."""

import json
import socketserver
import sys
import threading
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Database
from tests.support.process import free_port
from webapp import cli, migration
from webapp.cli.doctor import CHECKS
from webapp.config import load_settings

pytestmark = pytest.mark.integration

doctor = sys.modules["webapp.cli.doctor"]  # the name in the package is the command's
CANARY = "kan4rienvogel"
Examined = Callable[..., tuple[int, dict[str, tuple[str, str]], str]]


@pytest.fixture
def examined(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Examined:
    """`examined(NAME=value)` runs it with these settings: exit code, findings by name, all that it said."""
    usual = {**database.settings(database.fresh()), "INSTANCE_PATH": str(tmp_path)}
    usual["BASE_URL"] = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setattr(doctor, "SECONDS", 0.3)

    def run(*arguments: str, **settings: str) -> tuple[int, dict[str, tuple[str, str]], str]:
        for name, value in {**usual, **settings}.items():
            monkeypatch.setenv(name, value)
        code = cli.main(["doctor", "--json", *arguments])
        said = capsys.readouterr()
        checks = json.loads(said.out)["checks"]
        assert json.loads(said.out)["ok"] is (code == 0)
        return code, {one["name"]: (one["state"], one["says"]) for one in checks}, said.out + said.err

    return run


@contextmanager
def answering(text: bytes) -> Iterator[int]:
    """A server that answers whoever connects with that, and nothing else; its port."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(text)
            while self.rfile.readline():
                pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_a_healthy_installation_is_well(examined: Examined, database: Database) -> None:
    with answering(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n") as port:
        code, found, _ = examined(BASE_URL=f"http://127.0.0.1:{port}")
    assert code == 0
    states = {name: state for name, (state, _) in found.items() if name != "disk"}
    assert states.pop("mail") == "warning"
    assert set(states.values()) == {"ok"}
    assert found.keys() == CHECKS.keys()
    assert ("PostgreSQL" if database.server else "SQLite") in found["database"][1]


def test_each_finding_is_a_line(examined: Examined, capsys: pytest.CaptureFixture) -> None:
    code, found, _ = examined()
    assert cli.main(["doctor"]) == code
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [[found[name][0], name] for name in CHECKS]


def test_s62_what_does_not_answer_fails_and_no_secret_is_shown(
    examined: Examined, database: Database
) -> None:
    nobody = free_port()
    code, found, said = examined(
        REDIS_URL=f"redis://:{CANARY}@127.0.0.1:{nobody}",
        SMTP_URL=f"smtp://me:{CANARY}@127.0.0.1:{nobody}?tls=off",
        SENDGRID_API_KEY=CANARY,
        SECRET_KEY=CANARY * 4,
        **({"DATABASE_URL": f"postgresql://me:{CANARY}@127.0.0.1:{nobody}/desk"} if database.server else {}),
    )
    assert code == 1
    failed = {name for name, (state, _) in found.items() if state == "fail"}
    beyond = {"database", "role", "schema", "clock"} if database.server else set()
    assert failed == {"redis", "mail"} | beyond
    assert CANARY not in said


def test_who_says_nothing_is_not_waited_for(examined: Examined) -> None:
    with answering(b"") as port:
        _, found, _ = examined(BASE_URL=f"http://127.0.0.1:{port}", REDIS_URL=f"redis://127.0.0.1:{port}")
    assert found["websocket"] == ("fail", "no answer in time")
    assert found["redis"][0] == "fail"


@pytest.mark.parametrize("answer", ["HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "nonsense\r\n"])
def test_a_proxy_that_passes_no_websockets_is_found(examined: Examined, answer: str) -> None:
    with answering(answer.encode()) as port:
        assert examined(BASE_URL=f"http://127.0.0.1:{port}")[1]["websocket"][0] == "fail"


def test_a_server_that_answers_mail_is_named_without_its_password(examined: Examined) -> None:
    with answering(b"220 hello\r\n250 fine\r\n221 bye\r\n") as port:
        _, found, _ = examined(SMTP_URL=f"smtp://127.0.0.1:{port}?tls=off")
    assert found["mail"] == ("ok", "by smtp; 127.0.0.1 answers")


def test_settings_that_give_rise_to_doubt_are_warned_of(examined: Examined) -> None:
    _, found, _ = examined(BASE_URL="http://desk.invalid", SQLITE_SYNCHRONOUS="normal", ALLOW_RLS_BYPASS="1")
    assert found["settings"][0] == "warning"
    assert "not https" in found["settings"][1]
    assert found["websocket"][0] == "warning"
    _, found, _ = examined(BASE_URL="https://desk.invalid")
    assert "PROXY_HOPS" in found["settings"][1]


def test_a_schema_of_another_program_is_named(examined: Examined, database: Database, tmp_path: Path) -> None:
    url = database.fresh()
    settings = load_settings({**database.settings(url), "INSTANCE_PATH": str(tmp_path)})
    migration.downgrade(settings, "0025")
    assert "the next start migrates it" in examined(DATABASE_URL=url)[1]["schema"][1]
    engine = migration.owner_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    assert "newer than this program's" in examined(DATABASE_URL=url)[1]["schema"][1]


def test_nothing_is_made_where_there_is_nothing_yet(
    examined: Examined, database: Database, tmp_path: Path
) -> None:
    if database.server:
        return
    code, found, _ = examined(DATABASE_URL=f"sqlite:///{tmp_path / 'none.db'}")
    assert (code, found["database"][0], found["schema"][0]) == (0, "warning", "warning")
    assert not (tmp_path / "none.db").exists()


Usage = namedtuple("Usage", "free")


@pytest.mark.parametrize("free, state", [(10**8, "fail"), (10**9, "warning"), (10**10, "ok")])
def test_little_room_is_told(
    examined: Examined, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: Usage(free))
    assert examined()[1]["disk"][0] == state


@pytest.mark.parametrize("seconds, state", [(10, "warning"), (40, "fail")])
def test_a_clock_apart_from_the_database_is_told(
    examined: Examined, database: Database, monkeypatch: pytest.MonkeyPatch, seconds: int, state: str
) -> None:
    class Ahead(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=seconds)

    monkeypatch.setattr(doctor, "datetime", Ahead)
    assert examined()[1]["clock"][0] == (state if database.server else "ok")
    assert datetime.now(UTC)


@pytest.mark.parametrize(
    "url, is_open",
    [
        ("redis://cache.internal:6379/0", True),
        ("redis://user@cache.internal", True),
        ("redis://:secret@cache.internal", False),
        ("redis://127.0.0.1:6379/0", False),
        ("redis:///0", False),
        ("unix:///run/redis.sock", False),
    ],
)
def test_s65_a_redis_that_others_reach_needs_a_password(url: str, is_open: bool) -> None:
    assert doctor._is_open(url) is is_open
