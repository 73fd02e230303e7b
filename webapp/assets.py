"""The built front end: from a source's path to its hashed file."""

import json
import re
from functools import lru_cache
from typing import Any

from flask import Flask

from webapp.config import ROOT

BOARD_SCRIPT = "static/js/now/main.js"
"""Its hashed name is the version by which a screen sees that there is a new one."""
DIST = ROOT / "static" / "dist"
_HASHED = re.compile(r"-[A-Z0-9]{8}\.(js|css)$")


def is_immutable(_path: str, url: str) -> bool:
    """Whether a built file's name holds its content's hash."""
    return bool(_HASHED.search(url or _path))


def register(app: Flask) -> None:
    """Gives templates `dist(source)` and `preloads(source)`."""
    app.jinja_env.globals.update(dist=dist, preloads=preloads)


@lru_cache(maxsize=1)
def _manifest() -> dict[str, Any]:
    path = DIST / "manifest.json"
    if not path.exists():
        raise RuntimeError("the front end is not built: run `python3 tools/dev.py assets`")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def dist(source: str) -> str:
    """The address of a built file, such as `static/js/chat/main.js`."""
    return f"/static/dist/{_manifest()[source]['file']}"


def preloads(source: str) -> list[str]:
    """The addresses of the chunks that a built script imports."""
    return [f"/static/dist/{name}" for name in _manifest()[source]["imports"]]


@lru_cache(maxsize=1)
def loader_source() -> str:
    """The widget's loader, which wants `PARLEY_CONFIG` put around it."""
    return (DIST / "loader.js").read_text()
