"""nginx and Caddy as docs/scaling.md has them, in front of two processes: where the machine has them."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.conftest import Database
from tests.support import fronts
from tests.support.fronts import Front
from tests.support.live import Customer, Site
from tests.support.server import Server
from tests.support.valkey import Valkey

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.parametrize("name", fronts.HEADINGS)
def test_a_documented_proxy_passes_on_what_the_program_needs_to_know(name: str) -> None:
    said = fronts.documented(name)
    assert all(address in said for address in fronts.ADDRESSES)
    assert re.search(r"X-Forwarded-For (\$remote_addr|{remote_host})", said), (
        "what a visitor says is not passed on"
    )
    assert "/metrics" in said


class TestInFrontOfTwoProcesses:
    """Not collected where none of these programs is."""

    __test__ = bool(fronts.installed())

    @pytest.fixture(scope="class", params=fronts.installed())
    def front(self, request: pytest.FixtureRequest) -> Iterator[Front]:
        """One of the proxies, its certificate trusted; it does not run yet."""
        made = Front(request.param)
        with pytest.MonkeyPatch.context() as patch:
            for name in ("REQUESTS_CA_BUNDLE", "WEBSOCKET_CLIENT_CA_BUNDLE"):
                patch.setenv(name, str(made.certificate))
            yield made
        made.close()

    @pytest.fixture(scope="class")
    def site(self, front: Front, postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
        """Two servers behind it."""
        database = Database("postgresql", tmp_path_factory.mktemp("fronted"), postgres)
        folder = tmp_path_factory.mktemp("site")
        settings = {"BASE_URL": front.url, "PROXY_HOPS": "1"}
        with Valkey() as valkey:
            settings["REDIS_URL"] = valkey.url
            with Site(database.settings(), folder, servers=2, **settings) as made:
                front.before([server.port for server in made.servers])
                yield made

    def test_sockets_go_to_both_and_each_hears_what_is_said_through_the_other(
        self, front: Front, site: Site
    ) -> None:
        maria = arrive(front, site).connect()
        tabs = [arrive(front, site, maria.token).connect() for _ in range(5)]
        assert all(sockets(server) for server in site.servers), "both serve"
        maria.must("comment.create", maria.message("Hello"))
        for tab in tabs:
            tab.wait_for("ticket.event", lambda event: "Hello" in str(event.get("comment")))

    def test_it_tells_addresses_and_the_scheme_and_keeps_the_figures_inside(
        self, front: Front, site: Site
    ) -> None:
        claimed = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
        page = requests.get(f"{front.url}/sign-in", headers=claimed, timeout=60)
        assert page.ok
        assert "__Host-" in page.headers["Set-Cookie"], "it knows that the browser came by https"
        assert requests.get(f"{front.url}/metrics", timeout=60).status_code == 404
        assert leads_to_https(front)
        for server in site.servers:
            assert "203.0.113.9" not in server.log, "what a visitor says of their address is worth nothing"

    def test_a_restart_of_one_after_the_other_fails_no_request_and_sockets_come_back(
        self, front: Front, site: Site
    ) -> None:
        maria = arrive(front, site).connect()
        ticket_id = maria.must("comment.create", maria.message("Hello"))["ticket"]["id"]
        over, answers = threading.Event(), []

        def ask() -> None:
            """As browsers do: some over a connection that stays open, some over a new one."""
            while not over.is_set():
                answers.append(maria.get("events", ticket=ticket_id, after=0).status_code)
                answers.append(requests.post(f"{front.url}/sign-in", timeout=60).status_code)

        with ThreadPoolExecutor(2) as pool:
            asking = [pool.submit(ask) for _ in range(2)]
            for server in site.servers:
                server.restart()
                if not maria.is_connected:
                    maria.connect()
            over.set()
            for one in asking:
                one.result(60)
        assert set(answers) == {200, 403}, "the program itself answered each of them"
        assert len(answers) > 20
        maria.must("comment.create", maria.message("Still here", ticket_id=ticket_id))


def arrive(front: Front, site: Site, token: str | None = None) -> Customer:
    """A visitor, or another of their tabs, through the proxy."""
    found = Customer(front.url, site.inbox.key, token)
    found.origin = front.url
    site.browsers.append(found)
    return found


def leads_to_https(front: Front) -> bool:
    """Whether who comes without TLS is sent to the other door."""
    plain = f"http://127.0.0.1:{front.plain_port}/"
    answer = requests.get(plain, headers={"Host": fronts.HOST}, timeout=60, allow_redirects=False)
    return answer.is_redirect and answer.headers["Location"].startswith("https://")


def sockets(server: Server) -> int:
    """How many customers' sockets a server has, as its own metrics say."""
    told = requests.get(f"{server.url}/metrics", timeout=60).text
    found = re.search(r'^parley_sockets\{namespace="/chat"\} (\d+)', told, re.MULTILINE)
    return int(found[1]) if found else 0
