"""A server that goes and comes back while five hundred visitors are on it (R-14, F-15): when they all are."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.performance.side_by_side import Load, ours, visitors
from tests.support.postgres import Postgres
from tests.support.server import Server

VISITORS = 500
MOST_SECONDS, MOST_TIMES = 30.0, 5.0
BEGIN, END = "<!-- begin: coming back, made by make bench -->", "<!-- end of coming back -->"
HEAD = (
    "| what | database | server away | all back after | bound | peak / mean | bound | turned away |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
)
WAYS: dict[str, Callable[[Server], Any]] = {"a restart": Server.terminate, "`kill -9`": Server.kill}


def measure(server: Server, load: Load, go: Callable[[Server], Any]) -> dict[str, Any]:
    """Lets the server go and come; seconds that it was away and until all were back, and how they came."""
    load.begin("comeback")
    began = time.monotonic()
    go(server)
    server.start()
    away = time.monotonic() - began
    found = load.end()
    times = sorted(one["at"] for one in found["back"])
    seconds = Counter(int(at) for at in times)
    mean = len(times) / max(1, len(range(int(times[0]), int(times[-1]) + 1)))
    turned_away = {what: len(when) for what, when in found["refused"].items() if "ECONN" not in what}
    return {
        "away": away,
        "back": times[-1] - min(one["cut"] for one in found["back"]),
        "peak": max(seconds.values()) / mean,
        "turned_away": sum(turned_away.values()),
        "how": turned_away,
    }


def table() -> tuple[list[str], list[str]]:
    """The lines of the table, and the bounds that are broken."""
    lines, problems = [], []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="comeback-")))
        postgres = stack.enter_context(Postgres(durable=True))
        places = {"sqlite": f"sqlite:///{folder / 'desk.db'}", "postgresql": postgres.create_database("back")}
        for kind, url in places.items():
            house, server = stack.enter_context(ours(url, folder / kind))
            load = Load(server.port)
            stack.callback(load.close)
            tokens = visitors(house, VISITORS)
            load.connect([{"namespace": "/chat", "auth": {"token": token}} for token in tokens])
            for way, go in WAYS.items():
                found = measure(server, load, go)
                lines.append(
                    f"| {way} | {kind} | {found['away']:.1f} s | {found['back']:.1f} s | {MOST_SECONDS:g} s "
                    f"| {found['peak']:.1f} | {MOST_TIMES:g} | {found['turned_away']} |"
                )
                print(lines[-1], found["how"], flush=True)
                if found["back"] > MOST_SECONDS or found["peak"] >= MOST_TIMES or found["turned_away"]:
                    problems.append(f"{kind}, {way}: {found}")
    return [*HEAD, *lines], problems


if __name__ == "__main__":
    print(*table(), sep="\n")
