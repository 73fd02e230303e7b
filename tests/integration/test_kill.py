"""R-01: what was acknowledged survives `kill -9`, once; what was not is there once after a retry."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import Database
from tests.support.ledger import Ledger, stored
from tests.support.live import Site
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

MESSAGES, KILLS, AGENTS, CUSTOMERS = 2000, 10, 6, 2
PER_CUSTOMER = 15
"""Customers may write twenty messages a minute."""


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A running server on a database that keeps what it has been told, whatever happens."""
    if request.param == "sqlite":
        yield from served(Database("sqlite", tmp_path, None), tmp_path)
    else:
        with Postgres(durable=True) as server:
            yield from served(Database("postgresql", tmp_path, server), tmp_path)


def served(database: Database, folder: Path) -> Iterator[Site]:
    with Site(database.settings(), folder) as site:
        yield site


class Crew:
    """Customers and agents who write, each one message after the other, whatever happens to the server."""

    def __init__(self, site: Site, ledger: Ledger) -> None:
        self.ledger = ledger
        customers = [site.customer().connect() for _ in range(CUSTOMERS)]
        self.chats = [who.must("comment.create", who.message("Hello"))["ticket"]["id"] for who in customers]
        self.browsers = [*customers, *(site.desk().connect() for _ in range(AGENTS))]
        share = -(-(MESSAGES - CUSTOMERS * PER_CUSTOMER) // AGENTS)
        counts = [PER_CUSTOMER] * CUSTOMERS + [share] * AGENTS
        self.texts = [[f"{n}: {number}" for number in range(count)] for n, count in enumerate(counts)]

    def write(self, number: int) -> None:
        """Writes one's own messages on one's own chat."""
        browser, chat = self.browsers[number], self.chats[number % CUSTOMERS]
        for text in self.texts[number]:
            self.ledger.send(browser, browser.message(text, ticket_id=chat))


@pytest.mark.timeout(600)  # ten starts of a server
def test_r01_acknowledged_is_stored_once_through_ten_kills(site: Site) -> None:
    dice, ledger, [server] = random.Random(1), Ledger(), site.servers
    crew = Crew(site, ledger)
    total = sum(map(len, crew.texts))
    with ThreadPoolExecutor(len(crew.browsers)) as pool:
        writers = [pool.submit(crew.write, number) for number in range(len(crew.browsers))]
        for kill in range(KILLS):
            ledger.wait_for(total * (kill + 1) // (KILLS + 2) + dice.randrange(total // 40), writers)
            server.kill()
            acked, there = dict(ledger.acked), stored(site.url)
            assert not [client_id for client_id in acked if there[client_id] != 1]
            assert not [client_id for client_id in ledger.sent if there[client_id] > 1]
            server.start()
        for writer in writers:
            writer.result(60)
    there = stored(site.url)
    assert ledger.acked == ledger.sent
    assert len(ledger.sent) == total >= MESSAGES
    assert ledger.lost >= KILLS
    assert {there[client_id] for client_id in ledger.sent} == {1}
    assert there.total() == total + CUSTOMERS
    in_order(site, crew)


def in_order(site: Site, crew: Crew) -> None:
    """Everybody's own messages are in the order in which they were written."""
    desk, told, page = site.desk(), [], {"has_more": True, "next": 0}
    while page["has_more"]:
        page = desk.get("events", limit=100, after=page["next"]).json()
        told += [event["comment"]["content"] for event in page["events"] if "comment" in event]
    for own in crew.texts:
        mine = set(own)
        assert [text for text in told if text in mine] == own
