"""The served program, on a machine that fails as the file $FAULT says, in lines that are read when needed.

pages N        the disk is full once the SQLite file has N pages
clock SECONDS  the wall clock is so far off
die WHERE      `kill -9` once a comment is: flushed, committed, answered; the line is then taken back
"""

import os
import runpy
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
import eventlet  # noqa: E402

eventlet.monkey_patch()

import datetime as dt  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402

import sqlalchemy as sa  # noqa: E402
from sqlalchemy import orm  # noqa: E402

from tests.support import ROOT  # noqa: E402

PATH = Path(os.environ["FAULT"])
PAGES = 1_000_000_000
_here = threading.local()


def fault(kind: str) -> str:
    """What the file says of that kind now, or nothing."""
    lines = PATH.read_text().splitlines() if PATH.exists() else []
    return next((line.partition(" ")[2] for line in lines if line.startswith(kind)), "")


def die(where: str) -> None:
    """Ends here, if it is to."""
    if fault("die") == where:
        PATH.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


# --- the disk -------------------------------------------------------------------------------------


@sa.event.listens_for(sa.engine.Engine, "begin", insert=True)
def _fill(connection: Any) -> None:
    if connection.dialect.name == "sqlite":
        raw = connection.connection.dbapi_connection
        raw.execute(f"PRAGMA max_page_count={fault('pages') or PAGES}")


# --- death ----------------------------------------------------------------------------------------


@sa.event.listens_for(sa.engine.Engine, "before_cursor_execute")
def _note(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    if statement.startswith("INSERT INTO comments"):
        connection.info["wrote"] = True


@sa.event.listens_for(sa.engine.Engine, "commit")
def _before_commit(connection: Any) -> None:
    if connection.info.pop("wrote", False):
        die("flushed")
        _here.committing = True


@sa.event.listens_for(orm.Session, "after_commit")
def _after_commit(session: Any) -> None:
    if not session.in_nested_transaction() and _here.__dict__.pop("committing", False):
        die("committed")


def _die_before_the_answer() -> None:
    from webapp.realtime import commands

    run = commands.run_command

    def answered(said: Any, payload: Any) -> Any:
        answer = run(said, payload)
        if said.name == "comment.create":
            die("answered")
        return answer

    commands.run_command = answered


# --- the clock ------------------------------------------------------------------------------------


def _move_the_clock() -> None:
    """From now on the wall clock goes by the file; what only ever goes on, time.monotonic(), does not."""
    from webapp import clock

    seconds, nanoseconds = time.time, time.time_ns
    time.time = lambda: seconds() + float(fault("clock") or 0)
    time.time_ns = lambda: nanoseconds() + int(float(fault("clock") or 0) * 1e9)
    clock.now = lambda: dt.datetime.fromtimestamp(time.time(), dt.UTC)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    _die_before_the_answer()
    if "CLOCK" in os.environ:
        _move_the_clock()
    sys.argv = [str(ROOT / "wsgi.py")]
    runpy.run_path(sys.argv[0], run_name="__main__")
