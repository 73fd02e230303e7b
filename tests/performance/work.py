"""What is measured: each piece of work is called on a small and on a large desk."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.performance.report_work import EVERY, USUAL, Asked, health_figures
from webapp.database import read_only, transaction
from webapp.schemas.export import ExportIn
from webapp.services import export, sla
from webapp.services import ticket as tickets
from webapp.services.event import feed_position
from webapp.services.job import enqueue
from webapp.services.now import read_board
from webapp.services.routing.router import route_one
from webapp.services.routing.waiting import pages
from webapp.services.search import search_tickets
from webapp.tasks import timer, worker

JOBS = 100


@dataclass(frozen=True)
class Work:
    """`call(desk)` is one round; what it returns is how many units it did. `bound`: how much it may grow.

    `report`: the screen, if it is one's.
    """

    name: str
    says: str
    call: Callable[[Any], Any]
    bound: float | None = None
    unit: str = "ms"
    report: Asked | None = None

    @property
    def is_bounded(self) -> bool:
        return self.bound is not None

    @property
    def is_by_index(self) -> bool:
        """Whether it may read no growing table to the end: bounded work, a report at its usual range."""
        return self.is_bounded or (self.report is not None and self.report.over == USUAL)

    def shown(self, milliseconds: float) -> str:
        if self.unit == "ms":
            return f"{milliseconds:.2f} ms"
        return f"{1000 / milliseconds:,.0f} {self.unit}"


def queue_page(_desk: Any) -> None:
    """What the queue's page asks for."""
    with read_only():
        tickets.list_tickets("all")
        tickets.count_views()
        feed_position()


def live_board(_desk: Any) -> None:
    """All that the live board shows."""
    with read_only():
        read_board()


def next_breach(_desk: Any) -> None:
    """What the timers ask for at each look."""
    timer.fire_due()
    timer._seconds_to_next()


def breaches(_desk: Any) -> None:
    """Who is late."""
    with read_only():
        sla.find_sla_breaches()


def search_common(_desk: Any) -> None:
    """Words that very many tickets hold."""
    with read_only():
        search_tickets("invoice printer")


def search_rare(desk: Any) -> None:
    """Words that one ticket holds."""
    with read_only():
        search_tickets(f'"{desk.count - 7}"')


class Undo(Exception):
    """Ends a transaction that is not to be kept."""


def routing_decision(_desk: Any) -> None:
    """Finds somebody for the ticket whose turn it is, and takes it back."""
    with suppress(Undo), transaction() as session:
        page = next(pages(set(), session=session))
        chosen = route_one(page[0].id, trigger="bench")
        assert chosen is not None
        raise Undo


def job_throughput(desk: Any) -> int:
    """Enqueues and does jobs that do nothing."""
    worker.kinds["bench.nothing"] = worker.Kind(lambda _params, _id: None, None)
    with transaction():
        for number in range(JOBS):
            enqueue("bench.nothing", {"n": number})
    return worker.run_due()


def export_rows(_desk: Any) -> int:
    """Reads as many rows of an export as the small desk has."""
    count = 0
    for count, _row in enumerate(export.iter_rows(ExportIn()), 1):
        if count == 10_000:
            break
    return count


WORK = (
    Work("queue", "queue page, with counts", queue_page, bound=3),
    Work("board", "live board", live_board, bound=3),
    Work("next_breach", "timers: next deadline", next_breach, bound=3),
    Work("breaches", "tickets that nobody took in time", breaches, bound=3),
    Work("routing", "routing decision", routing_decision, bound=3),
    Work("search_rare", "search for a word of one ticket", search_rare),
    Work("search_common", "search for two words of very many", search_common),
    Work("jobs", "jobs, from enqueuing to done", job_throughput, unit="jobs/s"),
    Work("export", "export", export_rows, unit="rows/s"),
    Work("health", "health page, 30 days", health_figures),
    *(Work(asked.name, asked.screen, asked, report=asked) for asked in EVERY),
)
