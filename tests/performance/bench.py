"""How fast the desk is, and whether it stays so: `make bench`.

Each figure is taken on a small and on a large desk in the same run, turn by turn, so that what the machine
does besides falls on both alike. What counts is the growth from one to the other.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.performance.desk import Desk
from tests.performance.work import WORK, Work
from tests.support import ROOT
from tests.support.postgres import Postgres

SMALL, LARGE = 10_000, 1_000_000
ROUNDS = 15
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- begin: made by make bench -->", "<!-- end -->"


@dataclass
class Row:
    """What one piece of work took, in seconds a round, on the small and the large desk."""

    database: str
    work: Work
    seconds: dict[int, list[float]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def median(self, count: int) -> float:
        """Milliseconds."""
        return statistics.median(self.seconds[count]) * 1000

    @property
    def growth(self) -> float:
        """How many times what it takes on the small desk."""
        small, large = self.seconds
        return self.median(large) / self.median(small)


def main(arguments: list[str]) -> int:
    """Runs the bench and prints its table; 1 if a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=SMALL)
    parser.add_argument("--large", type=int, default=LARGE)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", action="append", choices=sorted(work.name for work in WORK))
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.name}")
    chosen = parser.parse_args(arguments)
    rows = []
    for kind in chosen.database or ("sqlite", "postgresql"):
        with desks(kind, (chosen.small, chosen.large)) as made:
            rows += [measure(kind, work, made, chosen.rounds) for work in WORK if wanted(work, chosen.only)]
    table = list(lines(rows, chosen.small, chosen.large))
    print("\n".join(table))
    if chosen.write:
        write(table)
    broken = [f"{row.database} {row.work.name}: {problem}" for row in rows for problem in row.problems]
    print("\n".join(broken) or "every bound holds")
    return 1 if broken else 0


def wanted(work: Work, only: list[str] | None) -> bool:
    return not only or work.name in only


@contextmanager
def desks(kind: str, counts: tuple[int, ...]) -> Iterator[dict[int, Desk]]:
    """A desk for each number of tickets, with durable settings."""
    with ExitStack() as stack:
        server = stack.enter_context(Postgres(durable=True)) if kind == "postgresql" else None
        made = {}
        for count in counts:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
            url = server.create_database(f"desk_{count}") if server else f"sqlite:///{folder / 'desk.db'}"
            began = time.monotonic()
            made[count] = stack.enter_context(Desk(url, folder, count))
            print(f"{kind}: {count:,} tickets in {time.monotonic() - began:.0f} s", flush=True)
        yield made


def measure(kind: str, work: Work, made: dict[int, Desk], rounds: int) -> Row:
    """Does a piece of work on each desk in turn; the first round warms up and doesn't count."""
    row = Row(kind, work, {count: [] for count in made})
    for number in range(rounds + 1):
        for count, desk in made.items():
            seconds = desk.timed(work.call)
            if number:
                row.seconds[count].append(seconds)
    largest = max(made)
    row.problems += [f"scans {table}" for table in made[largest].scanned(work.call) if work.is_bounded]
    if work.is_bounded and row.growth > work.bound:
        row.problems.append(f"takes {row.growth:.1f} times as long, {work.bound:g} are allowed")
    return row


def lines(rows: list[Row], small: int, large: int) -> Iterator[str]:
    """The table."""
    yield f"| work | database | {small:,} tickets | {large:,} tickets | growth | bound |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for row in rows:
        bound = f"{row.work.bound:g}" if row.work.is_bounded else ""
        figures = " | ".join(row.work.shown(row.median(count)) for count in (small, large))
        yield f"| {row.work.says} | {row.database} | {figures} | {row.growth:.2f} | {bound} |"


def write(table: list[str]) -> None:
    """Puts the table where the page has its mark."""
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n" + "\n".join(table) + f"\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
