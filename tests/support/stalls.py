"""A real server whose loop is probed: what made everybody wait, by `probed_program`.

with probed(environment, folder) as (server, stalls):
    stalls.take()     # the waits since the last time
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import ROOT
from tests.support.server import Server

PROGRAM = ROOT / "tests" / "support" / "probed_program.py"
NOTED_SECONDS = 0.03
"""Shorter waits are not noted."""


@dataclass(frozen=True)
class Stall:
    """A wait: `seconds` by the clock, of which the loop itself computed `busy`. `places`: where it was."""

    seconds: float
    busy: float
    places: list[str]


class Stalls:
    """The file that the probe writes to."""

    def __init__(self, path: Path) -> None:
        self.path, self.known = path, 0

    def take(self) -> list[Stall]:
        """What was noted since it was last asked."""
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        fresh, self.known = lines[self.known :], len(lines)
        return [Stall(**json.loads(line)) for line in fresh]


@contextmanager
def probed(environment: dict[str, str], folder: Path) -> Iterator[tuple[Server, Stalls]]:
    """A server with these settings, which serves already, and its waits."""
    path = folder / "stalls"
    path.unlink(missing_ok=True)
    served = {name: value for name, value in environment.items() if name != "TESTING"}
    settings = {**served, "INSTANCE_PATH": str(folder), "PYTHONPATH": str(ROOT)}
    settings |= {"STALLS": str(path), "STALL_SECONDS": str(NOTED_SECONDS)}
    with Server(settings, program=PROGRAM) as server:
        yield server, Stalls(path)
