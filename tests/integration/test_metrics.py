"""What a process tells of itself, to whom, and that each alert is about something that is told."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families as parsed

from tests.conftest import Database
from tests.support import ROOT, process
from tests.support.live import Site
from webapp import create_app, metrics
from webapp.config import ConfigError, load_settings
from webapp.database import transaction
from webapp.services import job
from webapp.tasks.process import serve_metrics
from webapp.tasks.worker import run_due

pytestmark = pytest.mark.integration
TOKEN = "a-token-for-the-scraper"


def told(text: str) -> dict[tuple[str, ...], float]:
    """Every sample: the name with the values of its labels, which are in the order of their names."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in parsed(text)
        for sample in family.samples
    }


@pytest.fixture
def scraped(client: FlaskClient) -> Callable[[], dict[tuple[str, ...], float]]:
    return lambda: told(client.get("/metrics").text)


def test_messages_and_what_they_cost_are_counted(
    scraped: Callable[[], dict], make: Any, visitor: Callable, agent: Callable
) -> None:
    before = scraped()
    customer = visitor(make.inbox())
    chat = customer.write("Where is it?")["ticket"]["id"]
    socket = agent(make.user()).connect()
    said = {"ticket_id": chat, "client_id": str(chat), "content": "On its way", "kind": "reply"}
    socket.must("comment.create", said)
    assert not socket.say("comment.create", {})["ok"]
    after = scraped()

    def grown(*name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert grown("parley_messages_total", "customer", "reply") == 1
    assert grown("parley_messages_total", "user", "reply") == 1
    assert grown("parley_command_seconds_count", "comment.create", "yes") == 1
    assert grown("parley_command_seconds_count", "comment.create", "no") == 1
    assert grown("parley_feed_lag_seconds_count", "commit") >= 3
    assert grown("parley_pushed_total", "ticket.event") >= 2
    assert grown("parley_request_seconds_count", "chat", "2xx") >= 2
    assert after["parley_sockets", "/agent"] >= 1


def test_jobs_are_counted_and_the_oldest_that_waits_is_told(
    scraped: Callable[[], dict], session: Any, clock: Any
) -> None:
    with transaction():
        job.enqueue("no such job", {})
    clock.advance(seconds=90)
    waiting = scraped()
    assert waiting["parley_jobs", "due"] >= 1
    assert 90 <= waiting["parley_job_lag_seconds",] < 900
    assert waiting["parley_database_up",] == 1
    assert waiting["parley_disk_free_bytes",] > 0
    before = waiting.get(("parley_job_seconds_count", "goes again", "unknown"), 0)
    run_due()
    assert scraped()["parley_job_seconds_count", "goes again", "unknown"] == before + 1


def test_a_database_that_does_not_answer_is_told_as_one(
    scraped: Callable[[], dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.services.meter.PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr("webapp.services.meter._look", lambda _session: 1 / 0)
    assert scraped()["parley_database_up",] == 0


def test_without_a_token_this_machine_alone_is_told_and_no_proxy_on_it(client: FlaskClient) -> None:
    def status(**environ: str) -> int:
        return client.get("/metrics", environ_overrides=environ).status_code

    assert status() == 200
    assert status(REMOTE_ADDR="::1", HTTP_HOST="[::1]:5000") == 200
    assert status(REMOTE_ADDR="198.51.100.7") == 404
    for header in metrics.FORWARDED:
        assert status(**{header: "198.51.100.7"}) == 404
    assert not metrics.may_read(
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "desk.example.com"}, client.application.config["PARLEY"]
    ), "a proxy that adds nothing names the host that people use"


def test_with_a_token_who_shows_it_is_told_wherever_they_are(database: Database) -> None:
    client = create_app({**database.settings(), "METRICS_TOKEN": TOKEN}).test_client()

    def status(shown: str, address: str = "127.0.0.1") -> int:
        headers = {"Authorization": shown} if shown else {}
        return client.get("/metrics", headers=headers, environ_overrides={"REMOTE_ADDR": address}).status_code

    assert status(f"Bearer {TOKEN}", "198.51.100.7") == 200
    assert {status(""), status("Bearer "), status(f"Bearer {TOKEN[:-1]}"), status("Bearer é")} == {404}


@pytest.mark.parametrize(
    "settings", [{"METRICS_TOKEN": "short"}, {"METRICS_PORT": "9100", "METRICS_HOST": "0.0.0.0"}]
)
def test_settings_that_open_them_too_wide_are_refused(settings: dict[str, str], database: Database) -> None:
    with pytest.raises(ConfigError, match="METRICS_TOKEN"):
        load_settings({**database.settings(), **settings})


def test_a_worker_tells_its_own_on_a_port_of_its_own(database: Database) -> None:
    port = process.free_port()
    app = create_app({**database.settings(), "METRICS_PORT": str(port), "METRICS_TOKEN": TOKEN})
    server = serve_metrics(app)
    assert server
    try:
        url = f"http://127.0.0.1:{port}/"
        assert requests.get(url, timeout=60).status_code == 403
        answer = requests.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)
        assert told(answer.text)["parley_build_info", "0.1.0"] == 1
    finally:
        server.shutdown()
        server.server_close()


def asked(url: str) -> requests.Response | None:
    """The answer, once somebody listens."""
    try:
        return requests.get(url, timeout=60)
    except requests.ConnectionError:
        return None


@pytest.mark.e2e
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_serving_process_tells_its_sockets_its_stalls_and_itself(
    database: Database, tmp_path: Path
) -> None:
    port = process.free_port()
    with Site(database.settings(database.fresh()), tmp_path, METRICS_PORT=str(port)) as site:
        with site.desk():
            answer = process.wait_until(lambda: asked(f"http://127.0.0.1:{port}/"), "the port of its own")
            here = told(answer.text)
            assert here["parley_sockets", "/agent"] == 1
        assert here["parley_loop_stall_seconds_count",] > 0
        assert here["process_resident_memory_bytes",] > 0
        assert "parley_sockets" in requests.get(f"{site.servers[0].url}/metrics", timeout=60).text


NAME = re.compile(r"\b(?:parley|process)_[a-z_]+")


def test_each_alert_and_each_line_of_the_page_is_about_something_that_is_told(client: FlaskClient) -> None:
    types = {
        family.name + end
        for family in parsed(client.get("/metrics").text)
        for end in ("", "_total", "_bucket", "_count", "_sum")
    }
    alerts = yaml.safe_load((ROOT / "docs" / "alerts.yml").read_text())
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    for rule in rules:
        assert rule["alert"].startswith("Parley")
        assert rule["annotations"]["summary"]
        assert set(NAME.findall(rule["expr"])) <= types or rule["expr"].startswith("up{"), rule["alert"]
    page = (ROOT / "docs" / "metrics.md").read_text()
    named = set(re.findall(r"^\| `(parley_[a-z_]+)", page, re.MULTILINE))
    assert named <= types
    ours = {family.name for family in parsed(client.get("/metrics").text) if family.name.startswith("parley")}
    assert ours == {name.removesuffix("_total") for name in named}, "each is on the page"
