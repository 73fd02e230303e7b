"""Tests of browser code that needs no browser: reducers and the like, under `node --test`."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tests.support import ROOT, VENV, Missing

OLDEST = 20
HINT = f"node {OLDEST} or newer is missing: install it, or remove .venv and run `python3 tools/dev.py setup`."


def version(node: str) -> int:
    """The major version of a node program."""
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.strip().lstrip("v").split(".")[0])


@cache
def find_node() -> str:
    """The system's node if it is new enough, else the one that tools/dev.py put into the environment."""
    own = VENV / "bin" / "node"
    system = None if os.environ.get("NO_SYSTEM_NODE") else shutil.which("node")
    for candidate in (system, str(own) if own.exists() else None):
        if candidate and version(candidate) >= OLDEST:
            return candidate
    raise Missing(HINT)


def run_tests(files: Iterable[Path], *, timeout: float = 280) -> str:
    """Run files with node's test runner; its report, which is also the error of a failed test."""
    command = [find_node(), "--test", "--test-reporter=spec", *(str(path) for path in files)]
    environment = {name: value for name, value in os.environ.items() if name != "NODE_OPTIONS"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )
    report = done.stdout + done.stderr
    if done.returncode:
        raise AssertionError(report)
    return report


def evaluate(script: str, data: object, *, timeout: float = 120) -> object:
    """What an ES module's code writes as JSON to standard output, given `data` as JSON on standard input."""
    done = subprocess.run(
        [find_node(), "--input-type=module", "--eval", script],
        cwd=ROOT,
        input=json.dumps(data),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=True,
    )
    return json.loads(done.stdout)
