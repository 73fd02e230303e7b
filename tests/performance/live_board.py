"""How long what was committed takes to a live board: pushed and, beside it, asked for every so often."""

import random
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any

from tests.support.live import Desk, Site
from tests.support.postgres import Postgres
from tests.support.valkey import Valkey
from webapp import migration
from webapp.config import load_settings

ROUNDS = 25
POLL_SECONDS = 5.0
BEGIN, END = "<!-- begin: the live board, made by make bench -->", "<!-- end of the live board -->"
SETTINGS = {"SECRET_KEY": "a-secret-of-the-bench-that-is-long-enough", "LOG_LEVEL": "error", "TESTING": "1"}


class Poller:
    """Asks for the queue's counts again and again, as boards do that nothing is pushed to."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.is_over = desk, Event()
        self.seen: dict[int, float] = {}
        self.thread = Thread(target=self._ask, daemon=True)
        self.thread.start()

    def _ask(self) -> None:
        while not self.is_over.wait(POLL_SECONDS):
            count = self.desk.get("tickets/counts").json()["counts"]["all"]
            self.seen.setdefault(count, time.monotonic())

    def saw(self, count: int) -> float | None:
        """When it first saw so many tickets, or more."""
        return min((at for known, at in self.seen.items() if known >= count), default=None)


@contextmanager
def sites() -> Iterator[list[tuple[str, Site, int]]]:
    """Each way to run it: what it is called, the site, and the server that the board watches."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="board-")))
        server = stack.enter_context(Postgres(durable=True))
        valkey = stack.enter_context(Valkey())
        one = site(stack, f"sqlite:///{folder / 'desk.db'}", folder)
        two = site(stack, server.create_database("board"), folder, servers=2, REDIS_URL=valkey.url)
        yield [
            ("SQLite, one process", one, 0),
            ("PostgreSQL and Valkey, same process", two, 0),
            ("PostgreSQL and Valkey, another process", two, 1),
        ]


def site(stack: ExitStack, url: str, folder: Path, **options: Any) -> Site:
    environment = {**SETTINGS, "DATABASE_URL": url, "INSTANCE_PATH": str(folder)}
    migration.upgrade(load_settings(environment))
    return stack.enter_context(Site(environment, folder, **options))


def measure(made: Site, far: int) -> tuple[list[float], list[float]]:
    """Seconds from the commit to the board, pushed and asked for, in each round."""
    pushed, sent = [], {}
    with made.desk(server=far) as desk, made.desk(server=far) as asking:
        poller = Poller(asking)
        known = desk.must("now.watch")["board"]["open"]
        for number in range(1, ROUNDS + 1):
            time.sleep(1.1 + random.random() / 2)
            with made.customer(server=0) as customer:
                customer.must("comment.create", customer.message("Hello"))
                sent[known + number] = began = time.monotonic()
                desk.wait_for("now.updated", lambda body, n=number: body["changed"].get("open") == known + n)
                pushed.append(time.monotonic() - began)
        time.sleep(POLL_SECONDS + 1)
        poller.is_over.set()
        poller.thread.join()
    asked = [at - began for count, began in sent.items() if (at := poller.saw(count)) is not None]
    return pushed, asked


def table() -> list[str]:
    """The lines of the table."""
    found = [
        f"| board | pushed, median | pushed, slowest of {ROUNDS} | asked every {POLL_SECONDS:g} s, median |",
        "| --- | ---: | ---: | ---: |",
    ]
    with sites() as made:
        for name, one, far in made:
            pushed, asked = measure(one, far)
            median = statistics.median(pushed) * 1000
            slowest = max(pushed) * 1000
            polled = statistics.median(asked) * 1000
            found.append(f"| {name} | {median:.0f} ms | {slowest:.0f} ms | {polled:.0f} ms |")
            print(found[-1], flush=True)
    return found


if __name__ == "__main__":
    print("\n".join(table()))
