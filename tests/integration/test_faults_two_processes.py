"""What two processes stand on fails: Redis is dead, hangs or forgets; PostgreSQL is killed or hangs.

Nothing that was acknowledged is lost, nobody's socket ends for it, and who must wait is told. How long things
take is read from the best of several rounds: the others may have met other work on this machine.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import requests

from tests.factories import PASSWORD
from tests.support import invariants, process
from tests.support.cluster import Cluster, cluster
from tests.support.ledger import Talk, thread
from tests.support.live import Desk, sign_in
from tests.support.parallel import together
from tests.support.proxy import Proxy
from tests.support.viewer import Viewer

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ROUNDS, EACH = 5, 20
LATE_SECONDS = 3
"""Nobody waits longer: each process looks into the ledger every second."""


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    short = {"DATABASE_ANSWER_SECONDS": "2", "DATABASE_WAIT_SECONDS": "2"}
    with cluster(tmp_path_factory.mktemp("two"), **short) as made:
        yield made


# --- Redis ----------------------------------------------------------------------------------------


@contextmanager
def without_redis(two: Cluster, fault: str) -> Iterator[None]:
    """Redis is away inside the block, and back at its end."""
    {
        "killed": two.valkey.stop,
        "stopped": two.valkey.hang,
        "unreachable": two.redis_line.hold,
    }[fault]()
    try:
        yield
    finally:
        {"killed": two.valkey.start, "stopped": two.valkey.resume, "unreachable": two.redis_line.forget}[
            fault
        ]()
        two.redis_line.mend()


class Heard:
    """Connects a browser, and notes when each text comes to it."""

    def __init__(self, browser: Any) -> None:
        self.browser, self.at = browser, {}
        self.came: list[tuple[int, str]] = []
        self._hear, browser.hear = browser.hear, self.hear
        browser.connect()

    def hear(self, name: str, body: Any = None) -> None:
        if name == "ticket.event" and body.get("comment"):
            text = body["comment"]["content"]
            self.came.append((body["seq"], text))
            self.at.setdefault(text, time.monotonic())
        self._hear(name, body)

    @property
    def texts(self) -> list[str]:
        """All that came, in the thread's order, which is that of the numbers; each as often as it came."""
        return [text for _, text in sorted(self.came) if text != "Hello"]

    def wait_for(self, text: str) -> float:
        """The moment at which it came."""
        with self.browser.changed:
            assert self.browser.changed.wait_for(lambda: text in self.at, 60), (text, self.came)
        return self.at[text]


def best_of(rounds: int, measure: Callable[[int], float]) -> float:
    """The least of what is measured; no further round once it is short enough."""
    found = []
    for number in range(rounds):
        found.append(measure(number))
        if found[-1] < LATE_SECONDS:
            break
    return min(found)


REDIS_FAULTS = [
    pytest.param("killed", id="F-05 killed"),
    pytest.param("stopped", id="F-06 stopped"),
    pytest.param("unreachable", id="F-06 unreachable"),
]


@pytest.mark.parametrize("fault", REDIS_FAULTS)
def test_f05_f06_without_redis_nothing_is_lost_and_nobody_waits_three_seconds(
    two: Cluster, fault: str
) -> None:
    maria = two.site.customer(server=0).connect()
    writer, far = two.site.desk(server=0).connect(), two.site.desk(server=1)
    ticket_id = maria.must("comment.create", maria.message("Hello"))["ticket"]["id"]
    heard, by_customer = Heard(far), Heard(two.site.customer(server=1, token=maria.token))
    far.must("ticket.open", {"ticket_id": ticket_id})
    written: list[str] = []

    def write(number: int) -> float:
        acked, waited = {}, []
        for count in range(EACH):
            text, began = f"{number}.{count}", time.monotonic()
            writer.must("comment.create", writer.message(text, ticket_id))
            acked[text] = time.monotonic()
            waited.append(acked[text] - began)
            written.append(text)
        for who in (heard, by_customer):
            waited += [who.wait_for(text) - at for text, at in acked.items()]
        return max(waited)

    with without_redis(two, fault):
        assert best_of(ROUNDS, write) < LATE_SECONDS
        assert best_of(ROUNDS, partial(everything_else, two)) < LATE_SECONDS
    write(99)  # with what comes through Redis again, perhaps what had lain there
    for who in (heard, by_customer):
        assert who.texts == written, "each once, and in order"
    invariants.check(two.site.url)


def everything_else(two: Cluster, _number: int) -> float:
    """The longest that anybody waits of many who come to both servers by every other door at once."""
    users = [two.site.make.user() for _ in two.site.servers]
    calls = []
    for number, user in enumerate(users):
        url = two.site.servers[number].url
        calls += [
            partial(come_in, url, user.email),
            partial(two.site.desk(server=number).open_page),
            partial(two.site.desk(user, server=number).connect),
            partial(begin_chat, two, number),
            partial(requests.get, f"{url}/readyz", timeout=60),
        ]
    return max(together([partial(seconds, call) for call in calls]))


def seconds(call: Callable[[], Any]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


def come_in(url: str, email: str) -> None:
    """By the form, where attempts are counted."""
    assert sign_in(url, email, PASSWORD).status_code == 302


def begin_chat(two: Cluster, server: int) -> None:
    maria = two.site.customer(server=server)
    assert maria.post("comments", maria.message("Hello")).status_code == 201


def test_f07_a_redis_that_forgets_everything_costs_nothing(two: Cluster) -> None:
    talk = Talk(two.site)
    far: Desk = two.site.desk(server=1)
    heard = Heard(far)
    far.must("ticket.open", {"ticket_id": talk.ticket_id})
    with talk.going_on():
        for _ in range(5):
            two.valkey.flush()
            talk.hear(20)
    told = talk.check()
    for text in told[1:]:
        heard.wait_for(text)
    assert heard.texts == told[1:]
    invariants.check(two.site.url)


# --- the line to the servers ----------------------------------------------------------------------


@contextmanager
def spoilt(two: Cluster, number: int, **options: Any) -> Iterator[tuple[Proxy, str]]:
    """A line to one of the servers, and the address at its end."""
    with Proxy(("127.0.0.1", two.site.servers[number].port), **options) as line:
        yield line, f"http://127.0.0.1:{line.port}"


def through(url: str, browser: Any) -> Any:
    """That browser, on another way to its server."""
    browser.url, browser.origin = url, browser.url
    return browser


def test_f08_on_a_slow_line_that_says_everything_twice_each_message_is_there_once(two: Cluster) -> None:
    maria = two.site.customer()
    ticket_id = maria.post("comments", maria.message("Hello")).json()["ticket"]["id"]
    with spoilt(two, 0) as (line, url):
        desk = through(url, two.site.desk())
        desk.open_page()
        line.repeat()
        line.delay(0.02)
        line.throttle(100_000)
        written = [f"Twice {number}" for number in range(10)]
        for text in written:
            body = desk.message(text, ticket_id)
            answer = desk.post(f"tickets/{body.pop('ticket_id')}/comments", body)
            assert answer.status_code in (200, 201)
            assert answer.json()["comment"]["content"] == text
        process.wait_until(lambda: line.repeated == len(written), "the second of each")
        desk.close()
    told = [event["comment"]["content"] for event in thread(two.site.desk(), ticket_id) if "comment" in event]
    assert told == ["Hello", *written]
    invariants.check(two.site.url)


def agents_on(two: Cluster, number: int) -> int:
    """How many sockets of staff a server has, as its metrics say."""
    told = requests.get(f"{two.site.servers[number].url}/metrics", timeout=60).text
    found = re.search(r'^parley_sockets\{namespace="/agent"\} (\d+)', told, re.MULTILINE)
    return int(found[1]) if found else 0


def test_f09_who_does_not_read_is_cut_off_and_has_everything_when_back(two: Cluster) -> None:
    maria = two.site.customer()
    ticket_id = maria.post("comments", maria.message("Hello")).json()["ticket"]["id"]
    writer = two.site.desk(server=0).connect()
    with spoilt(two, 0, buffer_bytes=4096) as (line, url):
        deaf = Viewer(through(url, two.site.desk()), ticket_id, seed=1)
        deaf.come_back()
        there = agents_on(two, 0)
        line.hold("down")
        written = []
        # For the megabyte that waits (see test_serving) or, where that takes long, for want of a pong.
        while agents_on(two, 0) == there and len(written) < 1500:
            for _ in range(10):
                written.append(f"{len(written)} {'x' * 9900}")
                writer.must("comment.create", writer.message(written[-1], ticket_id, kind="note"))
        assert agents_on(two, 0) == there - 1
        line.mend()
        assert deaf.browser.is_cut()
        line.forget()
        gap = deaf.browser.get(f"tickets/{ticket_id}/events", after=deaf.last, limit=1).json()
        assert gap["reset"] or gap["has_more"], "it is told where to go on, or that it must begin anew"
        if not gap["reset"]:
            deaf.come_back()
            shown = [event["comment"]["content"] for event in deaf.shown() if event.get("comment")]
            assert shown == ["Hello", *written]
    invariants.check(two.site.url)


# --- PostgreSQL -----------------------------------------------------------------------------------


def is_ready(two: Cluster, number: int) -> bool:
    answer = requests.get(f"{two.site.servers[number].url}/readyz", timeout=60)
    assert answer.status_code in (200, 503)
    return answer.status_code == 200


def all_ready(two: Cluster) -> bool:
    return all(is_ready(two, number) for number in range(len(two.site.servers)))


def none_ready(two: Cluster) -> bool:
    return not any(is_ready(two, number) for number in range(len(two.site.servers)))


def ask(desk: Any, ticket_id: str) -> requests.Response:
    """Reads and writes by REST; the answer of the write."""
    desk.get("tickets", limit=1)
    body = desk.message("By letter", ticket_id)
    return desk.post(f"tickets/{body.pop('ticket_id')}/comments", body)


def is_told(answer: requests.Response) -> None:
    """Whoever asked while the database was away knows that it was, and when to come again."""
    assert answer.status_code == 503, answer.text
    assert answer.json()["code"] == "unavailable"
    assert int(answer.headers["Retry-After"]) > 0


def test_f03_a_database_that_is_killed_under_load_loses_nothing_and_nobody_their_line(two: Cluster) -> None:
    talk = Talk(two.site)
    [bystander, letters] = [two.site.desk(server=number).connect() for number in (0, 1)]
    letters.open_page()
    with talk.going_on() as ledger:
        for _ in range(3):
            two.postgres.kill()
            is_told(ask(letters, talk.ticket_id))
            answer = bystander.say("ticket.open", {"ticket_id": talk.ticket_id})
            assert answer["error"]["code"] == "unavailable"
            process.wait_until(partial(none_ready, two), "both to say so")
            two.postgres.start()
            process.wait_until(partial(all_ready, two), "both to be ready")
            talk.hear(10)
    assert ledger.refused["unavailable"] >= 3, "it was told while it was away"
    assert ledger.lost == 0, "no socket ended for it"
    assert bystander.is_connected
    assert ask(letters, talk.ticket_id).status_code == 201
    talk.check(besides=1)
    invariants.check(two.site.url)


@pytest.mark.parametrize("fault", ["stopped", "unreachable"])
def test_f04_a_database_that_hangs_is_given_up_and_everybody_goes_on_when_it_is_back(
    two: Cluster, fault: str
) -> None:
    talk = Talk(two.site, patience=60)
    letters = two.site.desk(server=1).connect()
    letters.open_page()
    hang, mend = {
        "stopped": (two.postgres.hang, two.postgres.resume),
        "unreachable": (two.database_line.hold, two.database_line.mend),
    }[fault]
    with talk.going_on() as ledger:
        hang()
        try:
            process.wait_until(partial(none_ready, two), "both to say so")
            alive = requests.get(f"{two.site.servers[0].url}/healthz", timeout=60)
            assert alive.status_code == 200, "the process itself stands"
            is_told(ask(letters, talk.ticket_id))
            process.wait_until(lambda: ledger.refused["unavailable"] >= len(talk.desks), "all to be told")
        finally:
            mend()
        process.wait_until(partial(all_ready, two), "both to be ready")
        talk.hear(20)
    assert ledger.lost == 0, "no socket ended for it"
    assert ask(letters, talk.ticket_id).status_code == 201
    talk.check(besides=1)
    invariants.check(two.site.url)
