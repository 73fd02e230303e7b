"""Several serving processes on one socket: replaced when they die, and restarted one after the other.

The socket stays with the supervisor. Who connects while a process comes or goes waits in its backlog for
whoever accepts next, so that a restart refuses nobody.
"""

import io
import logging
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

log = logging.getLogger("parley")

LISTENER = "PARLEY_LISTENER"
"""The number of the socket that a process inherits."""
PARENT = "PARLEY_SUPERVISOR"
"""The number of the process that supervises it."""
READY = "PARLEY_READY"
"""The number of the pipe by which it says that it serves."""

QUICK_SECONDS = 5
START_SECONDS = 120
END_SECONDS = 15
LOOK_SECONDS = 0.1


class Process:
    """One serving process on an inherited socket."""

    def __init__(self, command: list[str], listener: int, environment: dict[str, str]) -> None:
        self.command, self.listener, self.environment = command, listener, environment
        reading, writing = os.pipe()
        inherited = {LISTENER: str(listener), PARENT: str(os.getpid()), READY: str(writing)}
        self.began = time.monotonic()
        self.child = subprocess.Popen(command, env=environment | inherited, pass_fds=[listener, writing])
        os.close(writing)
        self.ready = os.fdopen(reading, "rb", buffering=0)

    def successor(self) -> "Process":
        """Another one, just started, in its place."""
        return Process(self.command, self.listener, self.environment)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.child.poll() is None

    @property
    def has_refused(self) -> bool:
        """Whether it would only refuse to start again."""
        return (self.child.returncode or 0) > 0 and time.monotonic() - self.began < QUICK_SECONDS

    def has_spoken(self) -> bool:
        """Whether it said that it serves, or ended; `serves` tells which."""
        return bool(select.select([self.ready], [], [], 0)[0])

    def serves(self) -> bool:
        """Whether what it said is that it serves."""
        return self.ready.read(1) == b"1"

    def end(self) -> int:
        """Its exit code, once it has drained; one that does not end is killed."""
        try:
            return self.child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            return 1


class Supervisor:
    """Runs `processes` until SIGTERM or SIGINT; SIGHUP restarts them, one after the other."""

    def __init__(self, processes: list[Process]) -> None:
        self.processes = processes
        self.leaving: list[Process] = []
        self.is_stopping = self.is_restarting = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: setattr(self, "is_stopping", True))
        signal.signal(signal.SIGHUP, lambda _number, _frame: setattr(self, "is_restarting", True))

    def run(self) -> int:
        """The whole life of it; the exit code: not 0 where a process refused to start."""
        while self._goes_on():
            if self.is_restarting:
                self.is_restarting = False
                self._restart()
            time.sleep(LOOK_SECONDS)
        everybody = [*self.processes, *self.leaving]
        for one in everybody:
            one.child.terminate()
        codes = [one.end() for one in everybody]
        return 0 if self.is_stopping else max(codes) or 1

    def _goes_on(self) -> bool:
        """Replaces what has died; False once it is to end, or one has refused to start."""
        for place, one in enumerate(self.processes):
            if one.is_running:
                continue
            if one.has_refused:
                return False
            self.processes[place] = one.successor()
        return not self.is_stopping

    def _restart(self) -> None:
        """Each new one answers before the one in whose place it comes is told to go."""
        for place in range(len(self.processes)):
            new = self.processes[place].successor()
            if not (self._wait(new.has_spoken, START_SECONDS) and new.serves()):
                new.child.kill()
                new.child.wait()
                log.error("The new process did not start: the others go on as they are")
                return
            self.leaving = [self.processes[place]]
            self.processes[place] = new
            self.leaving[0].child.terminate()
            self._wait(lambda: not self.leaving[0].is_running, END_SECONDS)
            if self.is_stopping:
                return
            self.leaving.pop().end()
        log.info("Restarted, one after the other")

    def _wait(self, condition: Callable[[], Any], seconds: float) -> bool:
        """Waits for a condition; False if it is to end meanwhile, or after so many seconds."""
        give_up_at = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > give_up_at or not self._goes_on():
                return False
            time.sleep(LOOK_SECONDS)
        return True


def supervise(command: list[str], listener: int, environments: list[dict[str, str]]) -> int:
    """Runs a process for each environment on that socket; the exit code."""
    return Supervisor([Process(command, listener, one) for one in environments]).run()


def say_ready() -> None:
    """Tells the supervisor, if there is one, that this process serves."""
    if READY in os.environ:
        # Not os.write(), which eventlet's would try again for ever if nobody reads.
        with suppress(BrokenPipeError), io.FileIO(int(os.environ.pop(READY)), "w") as line:
            line.write(b"1")


def is_supervised() -> bool:
    """Whether this process is one of several on a socket that it inherited."""
    return LISTENER in os.environ


def is_orphaned() -> bool:
    """Whether the supervisor is gone: killed, it could not take its processes along."""
    return is_supervised() and os.getppid() != int(os.environ[PARENT])
