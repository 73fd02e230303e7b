"""S-30: no address that somebody types leads inside, at whatever place and however it is written."""

import contextlib
import dataclasses
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.outside import BOMB_BYTES, DOMAIN, PUBLIC, Outside, inside_urls
from tests.support.url_places import HTTP_PLACES, PLACES, Scene
from webapp.auth import acting_as
from webapp.config import ROOT
from webapp.errors import AppError
from webapp.integrations import breaker, safe_http
from webapp.integrations.mail import MailError
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

REFUSALS = (AppError, safe_http.Unreachable, breaker.Open, MailError, ValueError)


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    with Outside(monkeypatch) as made:
        yield made


@pytest.fixture
def scene(app: Any, make: Any, session: Any) -> Iterator[Scene]:
    workspace, admin = make.workspace(), make.user(role="admin")
    known = app.config["PARLEY"]
    app.config["PARLEY"] = dataclasses.replace(known, testing=False, private_issuers=False)
    try:
        with use_workspace(workspace.id), acting_as(make.actor(admin)):
            yield Scene(app, make, workspace, admin)
    finally:
        app.config["PARLEY"] = known
        breaker.forget()


def ask(place: str, scene: Scene, url: str) -> None:
    breaker.forget()
    with contextlib.suppress(*REFUSALS):
        PLACES[place](scene, url)


@pytest.mark.parametrize("place", PLACES)
def test_s30_no_spelling_of_an_inside_address_is_reached(scene: Scene, outside: Outside, place: str) -> None:
    urls = inside_urls(outside)
    assert len(urls) >= 40
    for url in urls:
        ask(place, scene, url)
        assert (url, set(outside.reached) - {PUBLIC}) == (url, set())
    assert outside.canary.hits == 0


@pytest.mark.parametrize("place", PLACES)
def test_s30_a_name_that_changes_its_answer_is_looked_up_once(
    scene: Scene, outside: Outside, place: str
) -> None:
    outside.lead(f"gone.{DOMAIN}", PUBLIC, "127.0.0.1")
    ask(place, scene, f"https://gone.{DOMAIN}:{outside.canary.port}/")
    assert set(outside.reached) <= {PUBLIC}
    assert outside.canary.hits == 0


@pytest.mark.parametrize("place", HTTP_PLACES)
def test_s30_no_answer_leads_inside_or_holds_us_up(scene: Scene, outside: Outside, place: str) -> None:
    started = time.monotonic()
    for plays in ("moved", "moved307", "moved308", "named", "endless", "bomb", "twice", "nonsense", "gone"):
        ask(place, scene, outside.url(plays))
    assert set(outside.reached) <= {PUBLIC}
    assert outside.canary.hits == 0
    assert time.monotonic() - started < 120


def test_the_canary_sings_where_nobody_checks(outside: Outside) -> None:
    with pytest.raises(safe_http.Unreachable):
        safe_http.get(f"http://inside.example:{outside.canary.port}/", {}, allow_loopback=True)
    inside_urls(outside)
    with pytest.raises(safe_http.Unreachable):
        safe_http.get(f"http://inside.example:{outside.canary.port}/", {}, allow_loopback=True)
    assert outside.reached == ["127.0.0.1"]


# --- what comes back ------------------------------------------------------------------------------


def test_a_redirect_is_an_answer(outside: Outside) -> None:
    answer = safe_http.request("POST", outside.url("moved"), data=b"x")
    assert (answer.status, answer.body, answer.is_cut) == (302, b"", False)
    assert 0 < answer.elapsed < 10


@pytest.mark.parametrize("plays", ["endless", "bomb", "deflated"])
def test_an_answer_is_cut_after_it_was_unpacked(outside: Outside, plays: str) -> None:
    url = outside.url(plays)
    safe_http.request("GET", url)
    tracemalloc.start()
    try:
        answer = safe_http.request("GET", url, max_bytes=100_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (answer.status, len(answer.body), answer.is_cut) == (200, 100_000, True)
    if plays == "endless":  # the server of a bomb packs it in this process
        assert peak < BOMB_BYTES / 10


def test_what_is_packed_although_nobody_asked_is_read(outside: Outside) -> None:
    answer = safe_http.get(outside.url("packed"), {})
    assert (answer.body, answer.is_cut) == (b"hello", False)


@pytest.mark.parametrize("plays", ["twice", "brotli", "broken", "nonsense", "gone"])
def test_what_cannot_be_read_is_no_answer(outside: Outside, plays: str) -> None:
    with pytest.raises(safe_http.Unreachable):
        safe_http.get(outside.url(plays), {})


def test_a_body_that_drips_ends_with_the_time(outside: Outside) -> None:
    with pytest.raises(safe_http.Unreachable, match="too slow"):
        safe_http.request("GET", outside.url("drip"), seconds=0.3)


DRIPPING = """
import eventlet
eventlet.monkey_patch()
import socket, sys, time
from webapp.integrations import safe_http

listener = eventlet.listen(("127.0.0.1", 0))

def serve():
    connection = listener.accept()[0]
    connection.sendall(b"HTTP/1.1 200 OK\\r\\n")
    for number in range(600):
        connection.sendall(b"X-%d: x\\r\\n" % number)
        eventlet.sleep(0.05)

eventlet.spawn(serve)
started = time.monotonic()
try:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    safe_http.request("GET", url, seconds=0.5, allow_loopback=True)
except safe_http.Unreachable:
    print("in time:", time.monotonic() - started < 10)
"""


def test_headers_that_drip_end_with_the_time_under_eventlet() -> None:
    program = [sys.executable, "-W", "ignore", "-c", DRIPPING]
    assert subprocess.check_output(program, text=True, cwd=ROOT) == "in time: True\n"


def test_only_known_methods_are_sent(outside: Outside) -> None:
    with pytest.raises(ValueError, match="TRACE"):
        safe_http.request("TRACE", outside.url("gone"))


def test_plain_http_is_for_those_who_ask_for_it(outside: Outside) -> None:
    outside.lead(f"gone.{DOMAIN}", PUBLIC)
    with pytest.raises(safe_http.Unreachable, match="not https"):
        safe_http.request("GET", f"http://gone.{DOMAIN}/")
    assert outside.reached == []
    with pytest.raises(safe_http.Unreachable):  # the server there speaks TLS
        safe_http.request("GET", f"http://gone.{DOMAIN}/", allow_http=True)
    assert outside.reached == [PUBLIC]
