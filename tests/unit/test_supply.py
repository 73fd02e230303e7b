"""S-65: what is installed is at least as new as the versions in which known holes were closed."""

import re
from importlib.metadata import version

import pytest

from tests.support import ROOT

pytestmark = pytest.mark.unit

FLOOR = {
    "python-socketio": "5.18",  # CVE-2025-61765, and events of sockets that were still being decided on
    "python-engineio": "4.15",  # GHSA-cgwc-pv48-fhj5
    "eventlet": "0.41.3",  # CVE-2021-21419, CVE-2025-58068
    "werkzeug": "3.1.4",
    "greenlet": "3.5.1",
}


def numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)[:3]))


@pytest.mark.parametrize("package", FLOOR)
def test_s65_no_version_with_a_known_hole_is_installed_or_locked(package: str) -> None:
    assert numbers(version(package)) >= numbers(FLOOR[package])
    locked = (ROOT / "requirements" / "run.txt").read_text()
    [pinned] = re.findall(rf"^{package}==(\S+)", locked, re.MULTILINE)
    assert numbers(pinned) >= numbers(FLOOR[package])
