"""How long everybody else waits while reports are opened: on a real server, whose loop is probed."""

import time
from typing import Any

import requests

from tests.performance.report_work import SCREENS
from tests.support.crowd import NOW
from tests.support.stalls import NOTED_SECONDS, Stall, probed
from webapp.auth import session_cookie_name

BEGIN, END = "<!-- begin: the loop, made by make bench -->", "<!-- end of the loop -->"
BOUND = 0.1
IDLE_SECONDS = 5.0
PATIENCE = 900.0
LAST = f"to={NOW:%Y-%m-%d}&zone=Europe/Berlin"
RANGES = (
    f"range=custom&from=2026-10-03&{LAST}&compare=1",
    f"range=custom&from=2026-10-18&{LAST}&compare=1&group=hour",
    f"range=custom&from=2024-11-02&{LAST}",
)
HEAD = (
    "| report pages opened | tickets | longest wait | computing meanwhile | wait of an idle server |",
    "| --- | ---: | ---: | ---: | ---: |",
)


def measure(kind: str, desk: Any) -> tuple[str, list[str]]:
    """The line of the table, and what is wrong: a wait in which the server itself computed for too long.

    A machine that others use as well makes a wait longer than its cause.
    """
    with probed(desk.environment | {"LOG_LEVEL": "info"}, desk.folder) as (server, stalls):
        time.sleep(IDLE_SECONDS)
        stalls.take()
        time.sleep(IDLE_SECONDS)
        idle = longest(stalls.take())
        with requests.Session() as browser:
            browser.cookies.set(session_cookie_name(secure=False), desk.make.session_token(desk.agents[0]))
            for page in (name.lower() for name in SCREENS):
                for over in RANGES:
                    open_page(browser, f"{server.url}/admin/reports/{page}?{over}")
        found = stalls.take()
    worst, busiest = longest(found), max((one.busy for one in found), default=0.0)
    problems = [f"a wait of {one.busy * 1000:.0f} ms: {one.places[:1]}" for one in found if one.busy > BOUND]
    shown = " | ".join(map(said, (worst, busiest, idle)))
    return f"| {kind} | {desk.count:,} | {shown} |", problems


def open_page(browser: requests.Session, url: str) -> None:
    """Opens a report, and waits for it where a job has to find its figures."""
    end = time.monotonic() + PATIENCE
    while True:
        page = browser.get(url, timeout=PATIENCE)
        page.raise_for_status()
        if "data-job=" not in page.text:
            return
        assert time.monotonic() < end, url
        time.sleep(1)


def longest(stalls: list[Stall]) -> float:
    """Seconds; 0 where none was long enough to be noted."""
    return max((one.seconds for one in stalls), default=0.0)


def said(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds else f"under {NOTED_SECONDS * 1000:.0f} ms"
