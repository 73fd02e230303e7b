"""What was sent and what was acknowledged, to be compared with what is stored whatever happened meanwhile."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Condition, Event
from typing import Any

import sqlalchemy as sa

from tests.support.live import Browser, Lost, Site
from tests.support.process import wait_until
from webapp.models import Comment

PASSING = {"unavailable", "rate_limited"}
"""Refusals that pass by themselves: the same again is sent a little later."""
PATIENCE_SECONDS = 10
"""How long a browser waits for an acknowledgement before it takes its line for dead."""


class Ledger:
    """What was sent and what was acknowledged, by `client_id`; who waits is told of each acknowledgement."""

    def __init__(self) -> None:
        self.sent: dict[str, str] = {}
        self.acked: dict[str, str] = {}
        self.lost = 0
        self.refused: Counter[str] = Counter()
        self.grown = Condition()

    def send(self, browser: Browser, body: dict[str, Any], patience: float = 60) -> None:
        """Says a message until it is acknowledged, as an outbox does: with the same `client_id`."""
        client_id = body["client_id"]
        self.sent[client_id] = body["content"]
        while client_id not in self.acked:
            try:
                answer = browser.say("comment.create", body, patience)
            except Lost:
                self.lost += 1
                come_back(browser)
                continue
            if not answer["ok"]:
                self._refuse(answer["error"])
                continue
            with self.grown:
                self.acked[client_id] = answer["data"]["event"]["comment"]["content"]
                self.grown.notify_all()

    def _refuse(self, error: dict[str, Any]) -> None:
        assert error["code"] in PASSING, error
        self.refused[error["code"]] += 1
        time.sleep(0.1)

    def wait_for(self, count: int, writers: list[Future]) -> None:
        """Until so many are acknowledged, or a writer has failed."""
        with self.grown:
            while len(self.acked) < count:
                is_told = self.grown.wait(60)
                failed = [error for writer in writers if writer.done() and (error := writer.exception())]
                assert is_told and not failed, failed or "nobody is acknowledged any more"  # noqa: PT018


def come_back(browser: Browser) -> None:
    """Connects again, as soon as there is a server."""

    def connected() -> bool:
        with suppress(ConnectionError):
            browser.connect()
        return browser.is_connected

    wait_until(connected, "the server to be back", 120)


def stored(url: str) -> Counter[str]:
    """How often each `client_id` is in the database, asked past the server."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        found = connection.scalars(sa.select(Comment.__table__.c.client_id))
        counted = Counter(str(client_id) for client_id in found if client_id)
    engine.dispose()
    return counted


class Talk:
    """Agents who go on writing in one chat, each on a server in turn, from `with talk.going_on()` on.

    `watch` follows the chat from another line; `check()` compares what was acknowledged with what is stored.
    """

    def __init__(self, site: Site, *, writers: int = 4, patience: float = PATIENCE_SECONDS) -> None:
        self.site, self.patience = site, patience
        self.ledger = Ledger()
        self.maria = site.customer()
        self.ticket_id = self.maria.post("comments", self.maria.message("Hello")).json()["ticket"]["id"]
        servers = len(site.servers)
        self.desks = [site.desk(server=number % servers).connect() for number in range(writers)]
        self.done = Event()
        self.running: list[Future] = []

    @contextmanager
    def going_on(self) -> Iterator[Ledger]:
        """They write until the block ends; then what they have begun is brought to its end."""
        with ThreadPoolExecutor(len(self.desks)) as pool:
            self.running = [pool.submit(self._write, number) for number in range(len(self.desks))]
            try:
                self.hear(2 * len(self.desks))
                yield self.ledger
            finally:
                self.done.set()
            for writer in self.running:
                writer.result(240)

    def hear(self, count: int) -> None:
        """Until so many more are acknowledged than there are now."""
        self.ledger.wait_for(len(self.ledger.acked) + count, self.running)

    def _write(self, number: int) -> None:
        desk, count = self.desks[number], 0
        while not self.done.is_set():
            message = desk.message(f"{number}: {count}", self.ticket_id)
            self.ledger.send(desk, message, self.patience)
            count += 1
            time.sleep(0.01)

    def check(self, besides: int = 0) -> list[str]:
        """Each message is stored once, in its author's order; the whole thread's texts, in order.

        `besides`: how many others were written there.
        """
        self.check_stored()
        told = [event["comment"]["content"] for event in self.thread() if event.get("comment")]
        assert len(told) == len(self.ledger.sent) + 1 + besides
        for number in range(len(self.desks)):
            own = [int(text.partition(": ")[2]) for text in told if text.startswith(f"{number}: ")]
            assert own == list(range(len(own)))
        return told

    def check_stored(self) -> None:
        """Everything that was sent is acknowledged by now, and there once."""
        there = stored(self.site.url)
        assert self.ledger.acked == self.ledger.sent
        assert {there[client_id] for client_id in self.ledger.sent} <= {1}

    def thread(self) -> list[dict[str, Any]]:
        """The whole thread as it is stored."""
        return thread(self.site.desk(), self.ticket_id)


def thread(desk: Any, ticket_id: str) -> list[dict[str, Any]]:
    """All events of a ticket, page by page, as staff read them."""
    page = desk.get(f"tickets/{ticket_id}/events", after=0, limit=100).json()
    events = list(page["events"])
    while page["has_more"]:
        page = desk.get(f"tickets/{ticket_id}/events", after=events[-1]["seq"], limit=100).json()
        events += page["events"]
    return events
