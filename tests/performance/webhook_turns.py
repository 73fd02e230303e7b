"""R-10: how long a message takes to an endpoint that works: alone, and beside a hundred that are dead."""

import json
import math
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.performance.live_board import site
from tests.support.live import Desk, Site
from tests.support.postgres import Postgres
from tests.support.process import wait_until
from tests.support.push_service import PushService
from webapp import clock
from webapp.database import transaction
from webapp.models import WebhookSubscription
from webapp.services import ticket as tickets
from webapp.tenancy import use_workspace

MESSAGES, DEAD = 40, 100
BEGIN, END = "<!-- begin: webhooks' turns, made by make bench -->", "<!-- end of webhooks' turns -->"
HEAD = (
    f"| webhook | alone, p95 of {MESSAGES} | beside {DEAD} dead ones, p95 | beside them, median |",
    "| --- | ---: | ---: | ---: |",
)


class Endpoint(PushService):
    """Notes when each ticket's message came, by its title."""

    def __init__(self) -> None:
        super().__init__()
        self.status = 204

    def has(self, title: str) -> bool:
        return any(title == said(body) for _, body in self.requests)


def said(body: bytes) -> str:
    return str(json.loads(body)["data"]["changes"]["title"][1])


@contextmanager
def silence() -> Iterator[str]:
    """The address of somebody who takes the line and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def add_dead(site: Site, url: str) -> None:
    """Another workspace whose endpoints have been dead for a while, each with a message that is due."""
    other = site.make.workspace()
    with site.app.app_context(), use_workspace(other):
        fields = {"url": url, "events": ["ticket.created"], "failing_since": clock.now(), "failures": 1}
        with transaction() as session:
            session.add_all(WebhookSubscription(**fields) for _ in range(DEAD))
        with transaction():
            tickets.create_ticket("Nobody hears", "", "ann@example.com", "low")


def times(desk: Desk, endpoint: Endpoint, name: str) -> list[float]:
    """Milliseconds from a ticket's commit until its message is there, the shortest first."""
    found = []
    for number in range(MESSAGES):
        title = f"{name} {number}"
        answer = desk.post("tickets", {"title": title, "customer_email": "ann@example.com"})
        assert answer.status_code == 201, answer.text
        began = time.monotonic()
        wait_until(lambda title=title: endpoint.has(title), title, 120, 0.005)
        found.append((time.monotonic() - began) * 1000)
    return sorted(found)


def p95(found: list[float]) -> float:
    return found[math.ceil(len(found) * 0.95) - 1]


def table() -> list[str]:
    """The lines of the table: one process on each database."""
    found = list(HEAD)
    with TemporaryDirectory(prefix="turns-") as folder, Postgres(durable=True) as server:
        urls = {"SQLite": f"sqlite:///{folder}/desk.db", "PostgreSQL": server.create_database("turns")}
        for name, url in urls.items():
            with ExitStack() as stack:
                made = site(stack, url, Path(folder) / name, TESTING="1")  # it may ask loopback
                found.append(f"| {name} | {' | '.join(measure(made))} |")
            print(found[-1], flush=True)
    return found


def measure(site: Site) -> Any:
    """The figures of a site: by itself, then beside the dead ones."""
    with ExitStack() as stack:
        endpoint, dead = stack.enter_context(Endpoint()), stack.enter_context(silence())
        desk = stack.enter_context(site.desk(site.make.user(role="admin")))
        made = desk.post("webhooks", {"url": endpoint.url, "events": ["ticket.created"]})
        assert made.status_code == 201, made.text
        times(desk, endpoint, "Warming up")
        alone = times(desk, endpoint, "Alone")
        add_dead(site, dead)
        beside = times(desk, endpoint, "Beside")
    return [f"{value:.0f} ms" for value in (p95(alone), p95(beside), statistics.median(beside))]


if __name__ == "__main__":
    print("\n".join(table()))
