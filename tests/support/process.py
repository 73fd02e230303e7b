"""Child processes of a test: guarded, on free ports, waited for by condition."""

import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

GUARD = Path(__file__).with_name("guard.py")


class Startable:
    """Something with `start()` and `close()` that can be used in a `with`."""

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *exc: object) -> None:
        self.close()


def unprivileged_user() -> int:
    """Whom a server runs as that refuses root: `nobody` if we are root, else ourselves."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()


def start(
    command: list[Any], *, user: int | None = None, stop_signal: int = signal.SIGKILL, **options: Any
) -> subprocess.Popen:
    """Start a program that gets `stop_signal` when this process dies, however it dies."""
    guard = [
        sys.executable,
        "-I",
        "-S",
        GUARD,
        os.getpid(),
        int(stop_signal),
        os.geteuid() if user is None else user,
    ]
    return subprocess.Popen([str(part) for part in [*guard, *command]], **options)


def stop(process: subprocess.Popen, stop_signal: int = signal.SIGTERM, patience: float = 60) -> int:
    """Ask a program to end; one that doesn't is killed. Returns its exit code."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def family(process: subprocess.Popen) -> list[int]:
    """A program's process and all that it started, its own first."""
    found = [process.pid]
    for pid in found:
        with suppress(OSError):
            found += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return found


def freeze(process: subprocess.Popen) -> None:
    """It and all that it started stand still, until `thaw()`: nobody is answered, nothing is closed."""
    for pid in family(process):
        _tell(pid, signal.SIGSTOP)


def thaw(process: subprocess.Popen) -> None:
    """Goes on after `freeze()`."""
    for pid in reversed(family(process)):
        _tell(pid, signal.SIGCONT)


def _tell(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):  # it may have ended since it was looked for
        os.kill(pid, number)


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition: Callable[[], Any], what: str, patience: float = 60, pause: float = 0.02) -> Any:
    """The first true answer of a condition; `what` names it in the error."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if answer := condition():
            return answer
        time.sleep(pause)
    raise TimeoutError(f"waited {patience:g} s in vain: {what}")
