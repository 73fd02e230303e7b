"""How fast the desk is, and whether it stays so: `make bench`.

Each figure is taken on a small and on a large desk in the same run, turn by turn, so that what the machine
does besides falls on both alike. What counts is the growth from one to the other. Tables in the page keep
their other lines when only some of the work is done.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.performance import (
    attacks,
    comeback,
    deadlines,
    doors,
    live_board,
    loop,
    side_by_side,
    webhook_turns,
)
from tests.performance.desk import Desk
from tests.performance.report_work import Ledger, began_in
from tests.performance.work import WORK, Work
from tests.support import ROOT
from tests.support.postgres import Postgres

SMALL, LARGE = 10_000, 1_000_000
ROUNDS = 15
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- begin: made by make bench -->", "<!-- end -->"
REPORTS_BEGIN, REPORTS_END = "<!-- begin: the reports, made by make bench -->", "<!-- end of the reports -->"
LOOP, BOARDS, TURNS, DOORS = "loop", "live_board", "webhook_turns", "doors"
SIDE, ATTACKS, DEADLINES, COMEBACK = "side_by_side", "attacks", "deadlines", "comeback"
ON_A_DESK = {LOOP, DOORS, *(work.name for work in WORK)}
FASTER = 20
"""So many times as fast as straight from the ledger a report has to be, on a large desk."""
LONG_ROUND_SECONDS = 5.0


@dataclass
class Row:
    """What one piece of work took, in seconds a round, on the small and the large desk.

    `began`: of a report the tickets in its range; `slow`: the seconds that the ledger took for one, a round.
    """

    database: str
    work: Work
    seconds: dict[int, list[float]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    began: int = 0
    slow: list[float] = field(default_factory=list)

    def median(self, count: int) -> float:
        """Milliseconds."""
        return statistics.median(self.seconds[count]) * 1000

    @property
    def growth(self) -> float:
        """How many times what it takes on the small desk."""
        small, large = self.seconds
        return self.median(large) / self.median(small)

    @property
    def ledger_seconds(self) -> float:
        """What the tickets in the range take straight from the ledger."""
        return self.began * statistics.median(self.slow)

    @property
    def faster(self) -> float:
        """How many times as fast as straight from the ledger, on the large desk."""
        return self.ledger_seconds * 1000 / self.median(max(self.seconds))


def main(arguments: list[str]) -> int:
    """Runs the bench and prints its tables; 1 if a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=SMALL)
    parser.add_argument("--large", type=int, default=LARGE)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", action="append", choices=sorted(choices()))
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the desks there for the next run")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    chosen = parser.parse_args(arguments)
    rows, loops, asked, problems = [], [], [], []
    on_a_desk = not chosen.only or ON_A_DESK.intersection(chosen.only)
    for kind in (chosen.database or ("sqlite", "postgresql")) if on_a_desk else ():
        with desks(kind, (chosen.small, chosen.large), chosen.keep) as made:
            rows += measure_all(kind, made, chosen)
            if is_wanted(LOOP, chosen.only):
                line, found = loop.measure(kind, made[chosen.large])
                loops.append(line)
                problems += [f"{kind} reports: {problem}" for problem in found]
            if is_wanted(DOORS, chosen.only):
                table, found = doors.measure(kind, made[chosen.small])
                asked += table
                problems += [f"{kind} {problem}" for problem in found]
    boards = live_board.table() if is_wanted(BOARDS, chosen.only) else []
    turns = webhook_turns.table() if is_wanted(TURNS, chosen.only) else []
    beside, found = side_by_side.table() if is_wanted(SIDE, chosen.only) else ([], [])
    problems += found
    hostile, found = attacks.table() if is_wanted(ATTACKS, chosen.only) else ([], [])
    problems += found
    back, found = comeback.table() if is_wanted(COMEBACK, chosen.only) else ([], [])
    problems += found
    due, found = deadlines.table() if is_wanted(DEADLINES, chosen.only) else ([], [])
    problems += found
    for table, begin, end, keys in (
        (lines(rows, chosen.small, chosen.large), BEGIN, END, 2),
        (report_lines(rows, chosen.small, chosen.large), REPORTS_BEGIN, REPORTS_END, 3),
        ([*loop.HEAD, *loops], loop.BEGIN, loop.END, 1),
        ([*doors.HEAD, *asked], doors.BEGIN, doors.END, 2),
        (boards, live_board.BEGIN, live_board.END, 1),
        (back, comeback.BEGIN, comeback.END, 2),
        (due, deadlines.BEGIN, deadlines.END, 1),
        (turns, webhook_turns.BEGIN, webhook_turns.END, 1),
        (beside, side_by_side.BEGIN, side_by_side.END, 2),
        (hostile, attacks.BEGIN, attacks.END, 2),
    ):
        shown = list(table)
        print("\n".join(shown), flush=True)
        if chosen.write:
            write(shown, begin, end, keys)
    problems += [f"{row.database} {row.work.name}: {problem}" for row in rows for problem in row.problems]
    print("\n".join(problems) or "every bound holds")
    return 1 if problems else 0


def choices() -> set[str]:
    """What can be asked for alone."""
    return ON_A_DESK | {BOARDS, TURNS, SIDE, ATTACKS, DEADLINES, COMEBACK}


def is_wanted(name: str, only: list[str] | None) -> bool:
    return not only or name in only


@contextmanager
def desks(kind: str, counts: tuple[int, ...], kept: Path | None = None) -> Iterator[dict[int, Desk]]:
    """A desk for each number of tickets, with durable settings. `kept`: where they are found again."""
    with ExitStack() as stack:
        home = kept or Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        server = Postgres(durable=True, folder=kept and kept / "server") if kind == "postgresql" else None
        known = stack.enter_context(server).databases() if server else set()
        made = {}
        for count in counts:
            folder, name = home / f"{kind}-{count}", f"desk_{count}"
            folder.mkdir(parents=True, exist_ok=True)
            if server and name not in known:
                server.create_database(name)
            url = server.url(name) if server else f"sqlite:///{folder / 'desk.db'}"
            began = time.monotonic()
            made[count] = stack.enter_context(Desk(url, folder, count))
            print(f"{kind}: {count:,} tickets in {time.monotonic() - began:.0f} s", flush=True)
        yield made


def measure_all(kind: str, made: dict[int, Desk], chosen: argparse.Namespace) -> list[Row]:
    """A row for each piece of work that is wanted."""
    works = [work for work in WORK if is_wanted(work.name, chosen.only)]
    small, large = made[chosen.small], made[chosen.large]
    ledger = Ledger(small) if any(work.report for work in works) else None
    rows = []
    for work in works:
        row = measure(kind, work, made, chosen.rounds, ledger if work.report else None)
        if work.report:
            row.began = began_in(large, work.report.over)
            if large.count >= LARGE and row.faster < FASTER:
                row.problems.append(f"is {row.faster:.0f} times as fast as the ledger, not {FASTER}")
        took = ", ".join(f"{row.median(count):.1f}" for count in made)
        ratio = f", {row.faster:.0f} times as fast as the ledger" if work.report else ""
        print(f"{kind} {work.name}: {took} ms{ratio}", flush=True)
        rows.append(row)
    return rows


def measure(kind: str, work: Work, made: dict[int, Desk], rounds: int, ledger: Ledger | None = None) -> Row:
    """Does a piece of work on each desk in turn; the first round warms up and doesn't count.

    What takes very long is done less often. `ledger`: it is read in each round as well.
    """
    row = Row(kind, work, {count: [] for count in made})
    for number in range(rounds + 1):
        slowest = 0.0
        for count, desk in made.items():
            seconds = desk.timed(work.call)
            slowest = max(slowest, seconds)
            if number:
                row.seconds[count].append(seconds)
        if number and ledger:
            row.slow.append(ledger.seconds())
        if number > 2 and slowest > LONG_ROUND_SECONDS:
            break
    if work.is_by_index:
        row.problems += [f"scans {table}" for table in made[max(made)].scanned(work.call)]
    if work.is_bounded and row.growth > work.bound:
        row.problems.append(f"takes {row.growth:.1f} times as long, {work.bound:g} are allowed")
    return row


# --- tables ---------------------------------------------------------------------------------------


def lines(rows: list[Row], small: int, large: int) -> Iterator[str]:
    """The table of all that is no report."""
    yield f"| work | database | {small:,} tickets | {large:,} tickets | growth | bound |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for row in rows:
        if not row.work.report:
            bound = f"{row.work.bound:g}" if row.work.is_bounded else ""
            figures = " | ".join(row.work.shown(row.median(count)) for count in (small, large))
            yield f"| {row.work.says} | {row.database} | {figures} | {row.growth:.2f} | {bound} |"


def report_lines(rows: list[Row], small: int, large: int) -> Iterator[str]:
    """The table of the reports, beside what the ledger itself takes."""
    beside = "tickets in it | straight from the ledger | times as fast"
    yield f"| report | range | database | {small:,} tickets | {large:,} tickets | growth | {beside} |"
    yield "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for row in rows:
        if row.work.report:
            figures = " | ".join(row.work.shown(row.median(count)) for count in (small, large))
            name = f"{row.work.says} | {row.work.report.over} | {row.database}"
            ledger = f"{row.began:,} | {row.ledger_seconds:.1f} s | {row.faster:.0f}"
            yield f"| {name} | {figures} | {row.growth:.2f} | {ledger} |"


def write(table: Sequence[str], begin: str, end: str, keys: int) -> None:
    """Puts a table where the page has its marks; lines whose first cells it has not stay as they were."""
    head, fresh = table[:2], {key_of(line, keys): line for line in table[2:]}
    if not fresh:
        return
    before, _, rest = PAGE.read_text().partition(begin)
    old, _, after = rest.partition(end)
    stored = {key_of(line, keys): line for line in old.strip().splitlines()[2:]}
    body = {**stored, **fresh}.values()
    PAGE.write_text(f"{before}{begin}\n" + "\n".join([*head, *body]) + f"\n{end}{after}")


def key_of(line: str, keys: int) -> tuple[str, ...]:
    """The first cells of a line, by which it is known."""
    return tuple(cell.strip() for cell in line.split("|")[1 : keys + 1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
