"""The tests' own foundations, each started for real."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest
import redis
from playwright.sync_api import sync_playwright

from tests.support import ROOT, Missing, axe, browser, node, postgres, process
from tests.support.postgres import Postgres
from tests.support.server import Server
from tests.support.valkey import Valkey

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def pg():
    with Postgres() as server:
        yield server


def test_a_database_is_made_from_a_template(pg):
    pg.create_database("model")
    pg.execute("CREATE TABLE fruit (name text)", database="model")
    pg.execute("INSERT INTO fruit VALUES (%s)", ["pear"], database="model")

    url = pg.create_database("copy", template="model")

    assert url.startswith("postgresql+psycopg2://postgres@/copy?host=/tmp/")
    assert pg.execute("SELECT name FROM fruit", database="copy") == [("pear",)]
    pg.drop_database("copy")
    assert pg.execute("SELECT count(*) FROM pg_database WHERE datname = 'copy'") == [(0,)]


def test_what_the_product_needs_of_postgresql_is_there(pg):
    pg.create_database("extensions")
    for name in ("pg_trgm", "unaccent", "citext"):
        pg.execute(f"CREATE EXTENSION {name}", database="extensions")
    assert pg.execute("SHOW timezone") == [("UTC",)]


def test_postgresql_keeps_its_data_over_a_crash():
    with Postgres(durable=True) as server:
        server.execute("CREATE TABLE kept (id int)")
        server.kill()
        with pytest.raises(psycopg2.OperationalError):
            server.execute("SELECT 1")
        server.start()
        assert server.execute("SELECT count(*) FROM kept") == [(0,)]
        folder = server.folder
    assert not folder.exists()


def test_a_missing_program_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(postgres, "candidates", lambda: iter(()))
    with pytest.raises(Missing, match=r"tools/dev\.py setup"):
        Postgres()


def test_no_server_outlives_the_tests(tmp_path):
    program = tmp_path / "starter.py"
    program.write_text(
        textwrap.dedent("""
        import time
        from tests.support.postgres import Postgres
        server = Postgres().start()
        print(server.child.pid, server.folder, flush=True)
        time.sleep(60)
        """)
    )
    starter = subprocess.Popen(
        [sys.executable, program],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with starter:
        pid, _, folder = starter.stdout.readline().strip().partition(" ")
        starter.send_signal(signal.SIGKILL)
    process.wait_until(lambda: not is_running(int(pid)), "PostgreSQL to notice")
    subprocess.run(["rm", "-r", folder], check=True)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_valkey_can_stop_hang_and_come_back():
    with Valkey() as server:
        client = redis.Redis.from_url(server.url, socket_timeout=0.2, retry=None)
        assert client.set("a", "1")

        server.hang()
        with pytest.raises(redis.TimeoutError):
            client.get("a")
        server.resume()
        assert client.get("a") == b"1"

        server.stop()
        with pytest.raises(redis.ConnectionError):
            client.get("a")
        server.start()
        assert client.get("a") is None
        client.close()


STAND_IN = """
import http.server, os, signal, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = (self.path + " " + os.environ["GREETING"]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

if sys.argv[1:] == ["greet"]:
    sys.exit(print(os.environ["GREETING"]))
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # an exception could be lost in a finalizer
print("listening", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def stand_in(tmp_path):
    program = tmp_path / "wsgi.py"
    program.write_text(STAND_IN)
    return program


def test_a_server_stops_dies_and_comes_back_on_its_port(stand_in):
    with Server({"GREETING": "hello"}, program=stand_in) as server:
        assert urllib.request.urlopen(server.url + "/x").read() == b"/x hello"
        assert server.run("greet").stdout == "hello\n"
        assert server.terminate() == 0
        server.start()
        server.kill()
        assert server.child.returncode == -signal.SIGKILL
        url = server.restart().url
        assert urllib.request.urlopen(url).status == 200
        assert server.log.count("listening") == 3


def test_a_server_that_does_not_start_shows_its_log(stand_in):
    stand_in.write_text("raise SystemExit('no settings')")
    with pytest.raises(RuntimeError, match="no settings"), Server(program=stand_in):
        pass


def test_node_reports_what_failed(tmp_path):
    file = tmp_path / "sum.test.mjs"
    file.write_text(
        "import test from 'node:test'; import assert from 'node:assert';"
        "test('adds up', () => assert.equal(1 + 1, Number(process.env.SUM ?? 3)));"
    )
    with pytest.raises(AssertionError, match="adds up"):
        node.run_tests([file])


# The rest runs in threads, because pytest-playwright may have a loop of its own on the main one.


def in_browser(story, **options):
    """Run a story with a new page of a browser; its answer."""

    def play():
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(**browser.launch_options(**options))
            try:
                return story(chromium.new_context())
            finally:
                chromium.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(play).result()


FRAME = "<script>top.postMessage(localStorage.visits = 1 + Number(localStorage.visits ?? 0), '*')</script>"
HOST = """<script>onmessage = event => document.title = event.data</script>
<iframe src="http://chat.localhost/"></iframe>"""


def visits(context):
    """How often a frame believes to have been opened when two sites embed it, one after the other."""
    context.route("http://chat.localhost/", lambda route: route.fulfill(body=FRAME, content_type="text/html"))
    context.route("http://*shop.localhost/", lambda route: route.fulfill(body=HOST, content_type="text/html"))
    seen = []
    for site in ("shop", "othershop"):
        page = context.new_page()
        page.goto(f"http://{site}.localhost/")
        page.wait_for_function("document.title")
        seen.append(page.title())
    return seen


def test_storage_is_partitioned_on_request():
    assert in_browser(visits) == ["1", "2"]
    assert in_browser(visits, partitioned=True) == ["1", "1"]


def test_nothing_leaves_the_machine():
    def story(context):
        with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
            context.new_page().goto("http://example.org/")

    in_browser(story)


def test_axe_says_what_is_wrong():
    def story(context):
        page = context.new_page()
        page.set_content("<html lang=en><title>x</title><main><h1>x</h1><img src='data:,'></main></html>")
        with pytest.raises(AssertionError, match="image-alt") as found:
            axe.check(page)
        page.set_content("<html lang=en><title>x</title><main><h1>x</h1></main></html>")
        axe.check(page)
        return str(found.value)

    assert "img" in in_browser(story)


def test_the_packaged_browser_is_the_locked_one():
    locked = json.loads((ROOT / "package.json").read_text())["devDependencies"]["@sparticuz/chromium"]
    packaged = browser.packaged_chromium()
    assert packaged is None or packaged.parent.name == f"chromium-{locked}"
