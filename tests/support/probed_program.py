"""The real server with a probe beside its loop, which tells how long everybody waited, and for what.

A greenlet beats every few milliseconds. A real thread looks whether it does, and where the loop is when it
does not. A wait of `STALL_SECONDS` or more is a line of JSON in the file `STALLS`: `seconds` by the clock,
`busy`, the seconds that the loop itself computed meanwhile (a machine that others use takes the rest), and
`places`, its stacks. `COMMIT_SECONDS`: so much longer does each commit to SQLite take, as on a slow disk.
"""

import json
import os
import runpy
import sys
import traceback
from pathlib import Path
from typing import Any

import eventlet
from eventlet import patcher

from tests.support import ROOT

BEAT_SECONDS = 0.005
LONG_SECONDS = float(os.environ["STALL_SECONDS"])
DEEP = 12
"""So many frames of a stack are told."""

time, threading = patcher.original("time"), patcher.original("threading")


class Probe:
    """Beats on the loop; `watch` runs in a thread of its own."""

    def __init__(self, path: Path) -> None:
        self.path, self.loop = path, threading.get_ident()
        self.at = time.perf_counter()
        self.places: list[str] = []

    def beat(self) -> None:
        """Notes each time it was late."""
        while True:
            before, busy = self.at, time.thread_time()
            eventlet.sleep(BEAT_SECONDS)
            self.at = time.perf_counter()
            late = self.at - before - BEAT_SECONDS
            if late > LONG_SECONDS:
                told = {"seconds": late, "busy": time.thread_time() - busy, "places": self.places}
                with self.path.open("a") as file:
                    file.write(json.dumps(told) + "\n")
            self.places = []

    def watch(self) -> None:
        """Looks where the loop is while it is late."""
        while True:
            time.sleep(LONG_SECONDS / 3)
            if time.perf_counter() - self.at > LONG_SECONDS:
                frame = sys._current_frames().get(self.loop)
                stack = traceback.extract_stack(frame)[-DEEP:]
                self.places.append(
                    " < ".join(f"{Path(f.filename).stem}.{f.name}:{f.lineno}" for f in reversed(stack))
                )


def slow_down(seconds: float) -> None:
    """Makes the disk slow: a commit's thread waits, as it would for an fsync."""
    from webapp import green

    run = green.run_in_thread

    def slowly(call: Any) -> Any:
        time.sleep(seconds)
        return call()

    def run_in_thread(call: Any, *args: Any) -> Any:
        return run(slowly, call) if call.__name__ == "commit" else run(call, *args)

    green.run_in_thread = run_in_thread


if __name__ == "__main__":
    probe = Probe(Path(os.environ["STALLS"]))
    threading.Thread(target=probe.watch, daemon=True).start()
    eventlet.spawn(probe.beat)
    if seconds := float(os.environ.get("COMMIT_SECONDS", "0")):
        eventlet.spawn(slow_down, seconds)
    sys.argv = [str(ROOT / "wsgi.py")]
    sys.path.insert(0, str(ROOT))
    runpy.run_path(sys.argv[0], run_name="__main__")
