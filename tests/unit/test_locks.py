"""Lock files name packages and hashes, never where to get them: every machine has its own registry."""

import json
import re

import pytest

from tests.support import ROOT

LOCKS = [*sorted((ROOT / "requirements").glob("*.txt")), ROOT / "package-lock.json"]
pytestmark = pytest.mark.unit


def test_there_are_locks_for_everything():
    assert [lock.name for lock in LOCKS] == ["node.txt", "run.txt", "test.txt", "package-lock.json"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_lock_names_a_host(lock):
    named = [line for line in lock.read_text().splitlines() if re.search(r"https?://|\bresolved\b", line)]
    assert named == []


@pytest.mark.parametrize("lock", LOCKS[:-1], ids=lambda lock: lock.name)
def test_every_python_package_has_a_hash(lock):
    packages = re.split(r"\n(?=\S)", lock.read_text().strip())
    assert [package for package in packages if "--hash=sha256:" not in package] == []


def test_every_npm_package_has_a_hash():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_the_test_environment_contains_what_is_served():
    def versions(name):
        return set(re.findall(r"^(\S+==\S+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE))

    assert versions("run.txt") <= versions("test.txt")
