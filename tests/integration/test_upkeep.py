"""What keeps an installation's disk in order: lost files, a bound for each workspace, the log's file."""

import dataclasses
import logging
import os
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.conftest import Database
from webapp import log
from webapp.config import ConfigError, load_settings
from webapp.tasks.sweep import forget_lost_files

pytestmark = pytest.mark.integration
LOST, HALF = f"ab/ab{0:038}", f"ab/ab{1:038}.part"


@pytest.fixture
def upkeep(app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """`upkeep(workspace_bytes=…)` changes the settings for this test; files lie in its own folder."""
    before = app.config["PARLEY"]

    def change(**fields: Any) -> None:
        changed = dataclasses.replace(before.upkeep, **fields)
        monkeypatch.setitem(
            app.config, "PARLEY", dataclasses.replace(before, upkeep=changed, instance_path=tmp_path)
        )

    change()
    return change


def upload(visitor: Any, text: bytes) -> Any:
    return visitor.post("attachments", data={"file": (BytesIO(text), "notes.txt")})


def aged(folder: Path, key: str, hours: float) -> Path:
    path = folder / "files" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    then = time.time() - hours * 3600
    os.utime(path, (then, then))
    return path


@pytest.mark.usefixtures("upkeep")
def test_files_that_no_row_names_go_after_a_day_and_all_others_stay(
    app: Flask, make: Any, visitor: Callable, tmp_path: Path
) -> None:
    chats = [visitor(make.inbox(workspace=make.workspace(name))) for name in ("Here", "There")]
    for chat in chats:
        assert upload(chat, b"kept").status_code == 201
    kept = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert len(kept) == 2
    for path in kept:
        os.utime(path, (0, 0))
    lost, half = aged(tmp_path, LOST, 25), aged(tmp_path, HALF, 25)
    fresh = aged(tmp_path, f"cd/cd{0:038}", 23)
    foreign = aged(tmp_path, "cd/readme", 1000)
    with app.app_context():
        forget_lost_files()
    assert [path.exists() for path in (lost, half, fresh, foreign, *kept)] == [
        False,
        False,
        True,
        True,
        True,
        True,
    ]
    with app.app_context():
        forget_lost_files()


def test_a_full_workspace_takes_no_more_files_and_says_so_and_others_do(
    make: Any, visitor: Callable, upkeep: Callable, tmp_path: Path
) -> None:
    upkeep(workspace_bytes=1000)
    here, there = (visitor(make.inbox(workspace=make.workspace(name))) for name in ("Here", "There"))
    assert upload(here, b"a" * 700).status_code == 201
    refused = upload(here, b"b" * 301)
    assert refused.status_code == 422
    assert refused.json["detail"][0]["loc"] == ["body", "file"]
    assert "no room for more files" in refused.json["detail"][0]["msg"]
    assert len([path for path in (tmp_path / "files").rglob("*") if path.is_file()]) == 1
    assert upload(here, b"c" * 300).status_code == 201, "up to the last byte"
    assert upload(there, b"d" * 301).status_code == 201


def test_how_full_a_workspace_is_stands_on_the_page_of_the_desks_own_health(
    make: Any, visitor: Callable, upkeep: Callable, sign_in: Callable
) -> None:
    chat = visitor(make.inbox())
    upload(chat, b"a" * 950)
    page = sign_in(make.user(role="admin"))
    assert "by messages of this workspace" in page.get("/admin/reports/health").text
    upkeep(workspace_bytes=1000)
    assert "that this workspace may have" in page.get("/admin/reports/health").text


# --- the log's file -------------------------------------------------------------------------------


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """One whose lines go nowhere else."""
    made = logging.getLogger("tests.upkeep")
    made.propagate, made.handlers = False, []
    made.setLevel(logging.INFO)
    yield made
    for handler in made.handlers:
        handler.close()


def test_a_full_log_is_begun_anew_and_the_last_ones_stay(logger: logging.Logger, tmp_path: Path) -> None:
    path = tmp_path / "parley.log"
    for _ in range(2):  # as two processes would
        logger.addHandler(log.LogFile(path, 200, 2))
    for number in range(40):
        logger.info("line %02d of forty", number)
    assert {one.name for one in tmp_path.iterdir()} == {
        "parley.log",
        "parley.log.1",
        "parley.log.2",
        "parley.log.lock",
    }
    kept = [line for name in (".2", ".1", "") for line in Path(f"{path}{name}").read_text().splitlines()]
    assert kept == sorted(kept)
    assert kept[-2:] == ["line 39 of forty"] * 2
    assert all(one.stat().st_size < 300 for one in tmp_path.glob("parley.log*"))


def test_a_log_that_was_moved_away_is_begun_anew_without_a_signal(
    logger: logging.Logger, tmp_path: Path
) -> None:
    path = tmp_path / "parley.log"
    logger.addHandler(log.LogFile(path, 0, 5))
    logger.info("before")
    path.rename(tmp_path / "away.log")
    logger.info("after")
    assert path.read_text() == "after\n"
    assert (tmp_path / "away.log").read_text() == "before\n"


def test_a_log_that_cannot_be_written_ends_nothing(
    logger: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = tmp_path / "gone" / "parley.log"
    logger.addHandler(log.LogFile(path, 100, 5))
    logger.info("still here")
    assert "still here" in capsys.readouterr().err


def test_the_log_goes_to_the_file_that_is_named(database: Database, tmp_path: Path) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        settings = load_settings({**database.settings(), "LOG_FILE": str(tmp_path / "parley.log")})
        log.configure("WARNING", "json", settings.upkeep)
        logging.getLogger("webapp.test").warning("something")
        root.handlers[0].close()
    finally:
        root.handlers, root.level = before[0], before[1]
    assert '"event": "something"' in (tmp_path / "parley.log").read_text()


def test_a_log_file_in_no_folder_is_refused_at_the_start(database: Database, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="LOG_FILE must lie in a folder"):
        load_settings({**database.settings(), "LOG_FILE": str(tmp_path / "gone" / "parley.log")})
