"""Our own server as a child process: the real thing, which can be stopped, killed and started again.

with Server({"DATABASE_URL": url}) as server:
    requests.get(server.url + "/healthz")
    server.kill()
    server.start()
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.support import ROOT, process

# The developer's own settings must not decide what a test sees.
INHERITED = ("PATH", "HOME", "TMPDIR", "LANG", "LD_LIBRARY_PATH", "SSL_CERT_FILE")
COVERAGE = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "COV_CORE_DATAFILE")


class Server(process.Startable):
    """`wsgi.py` on a free port with exactly the given settings. The port stays the same over restarts."""

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        *,
        port: int | None = None,
        program: Path = ROOT / "wsgi.py",
    ) -> None:
        self.port = port or process.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = Path(tempfile.mkdtemp(prefix="server-"))
        self.command = [sys.executable, program, *arguments]
        kept = {name: os.environ[name] for name in (*INHERITED, *COVERAGE) if name in os.environ}
        own = {"HOST": "127.0.0.1", "PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        self.environment = kept | own | dict(environment or {})
        self.child: subprocess.Popen | None = None

    @property
    def log(self) -> str:
        """Everything it has printed, over all its starts."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def computed(self) -> float:
        """The seconds that its process has computed; those that other programs took from it do not count."""
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> float:
        """Its resident memory in MB."""
        status = Path(f"/proc/{self.child.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def start(self, *, wait: bool = True) -> Self:
        """Start (again); returns when it answers, or raises with its log when it ends before that."""
        with (self.folder / "log").open("ab") as log:
            self.child = process.start(
                self.command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        if wait:
            self.wait_until_ready()
        return self

    def wait_until_ready(self, patience: float = 120) -> None:
        """Return as soon as /healthz says yes."""
        try:
            process.wait_until(self._healthy, "the server to answer", patience)
        except TimeoutError as error:
            raise RuntimeError(f"{error}\n{self.log}") from None

    def terminate(self, patience: float = 60) -> int:
        """SIGTERM: it drains and ends. Its exit code."""
        return process.stop(self.child, signal.SIGTERM, patience)

    def kill(self) -> None:
        """`kill -9`."""
        process.stop(self.child, signal.SIGKILL)

    def freeze(self) -> None:
        """Stands still with its connections open, until `thaw()`."""
        process.freeze(self.child)

    def thaw(self) -> None:
        """Goes on after `freeze()`."""
        process.thaw(self.child)

    def restart(self) -> Self:
        """Terminate and start again on the same port."""
        self.terminate()
        return self.start()

    def run(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess:
        """A command of wsgi.py with the same settings, to its end: `server.run("migrate")`."""
        command = [*self.command[:2], *arguments]
        return subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=True,
        )

    def close(self) -> None:
        """End it and remove its log."""
        if self.child:
            self.terminate()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _healthy(self) -> bool:
        if self.child.poll() is not None:
            raise RuntimeError(f"the server ended with {self.child.returncode}:\n{self.log}")
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=30) as answer:
                return answer.status == 200
        except (urllib.error.HTTPError, OSError):
            return False
