"""A site whose machine fails as it is told, by `faulty_program`.

with faulty(environment, folder) as site:
    site.fault("die flushed")
    site.fault()                # as before
"""

import resource
from pathlib import Path

from tests.support import ROOT
from tests.support.live import Site

PROGRAM = ROOT / "tests" / "support" / "faulty_program.py"


class FaultySite(Site):
    """One server; `fault()` says what is wrong with its machine from now on."""

    def __init__(self, environment: dict[str, str], folder: Path, **settings: str) -> None:
        self.path = folder / "fault"
        settings |= {"FAULT": str(self.path), "PYTHONPATH": str(ROOT)}
        super().__init__(environment, folder, program=PROGRAM, **settings)

    def fault(self, *lines: str) -> None:
        """These faults and no others."""
        said = self.path.with_suffix(".new")
        said.write_text("\n".join(lines))
        said.rename(self.path)

    def let_files_grow_to(self, size_bytes: int | None) -> None:
        """No file of the server's may become larger, as on a disk without room; None: any may."""
        most = resource.RLIM_INFINITY
        limit = most if size_bytes is None else size_bytes
        resource.prlimit(self.servers[0].child.pid, resource.RLIMIT_FSIZE, (limit, most))
