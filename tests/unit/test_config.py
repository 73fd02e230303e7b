"""Settings: a wrong value stops the start, and all of them are named at once."""

import stat
from pathlib import Path

import pytest

from webapp.config import ConfigError, load_settings

pytestmark = pytest.mark.unit

SECRET = "x9" * 20


def load(tmp_path: Path, **environ: str):
    return load_settings({"INSTANCE_PATH": str(tmp_path), "SECRET_KEY": SECRET, **environ})


def test_a_bare_machine_gets_the_embedded_database_on_loopback(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert (found.host, found.port, found.base_url) == ("127.0.0.1", 5000, "http://localhost:5000")
    assert found.database_url == f"sqlite:///{tmp_path / 'parley.db'}"
    assert found.is_sqlite
    assert not found.is_secure


def test_every_problem_is_named_in_one_message(tmp_path: Path) -> None:
    wrong = {
        "PORT": "many",
        "DATABASE_URL": "mysql://x",
        "REDIS_URL": "http://x",
        "BASE_URL": "desk.example.com/path",
        "SECRET_KEY": "short",
        "DEMO": "perhaps",
        "ADDRESS_MODE": "half",
        "ATTACHMENT_BYTES": "99999999999",
    }
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, **wrong)
    for name in wrong:
        assert name in str(caught.value)
    assert len(caught.value.problems) == len(wrong)


def test_there_is_no_default_secret_outside_the_demo(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="SECRET_KEY is missing"):
        load(tmp_path, SECRET_KEY="")


def test_the_demo_makes_its_own_secret_and_keeps_it_to_its_owner(tmp_path: Path) -> None:
    first = load(tmp_path, SECRET_KEY="", DEMO="1")
    again = load(tmp_path, SECRET_KEY="", DEMO="1")
    assert first.secret_key == again.secret_key
    assert len(first.secret_key) >= 32
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "desk.example.com"])
def test_the_demo_refuses_an_address_that_others_can_reach(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigError, match="loopback"):
        load(tmp_path, DEMO="1", HOST=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "desk.localhost"])
def test_the_demo_serves_this_machine(tmp_path: Path, host: str) -> None:
    assert load(tmp_path, DEMO="1", HOST=host).demo


def test_r13_lost_access_is_looked_for_each_second_and_every_two_at_the_most(tmp_path: Path) -> None:
    assert load(tmp_path).revocation_poll_seconds == 1
    with pytest.raises(ConfigError, match="REVOCATION_POLL_SECONDS"):
        load(tmp_path, REVOCATION_POLL_SECONDS="2.5")


@pytest.mark.parametrize("scheme", ["postgres://", "postgresql://", "postgresql+psycopg2://"])
def test_any_spelling_of_postgresql_takes_the_cooperative_driver(tmp_path: Path, scheme: str) -> None:
    found = load(tmp_path, DATABASE_URL=f"{scheme}me@db/parley")
    assert found.database_url == "postgresql+psycopg2://me@db/parley"


def test_https_makes_cookies_secure_and_hosts_are_known(tmp_path: Path) -> None:
    found = load(tmp_path, BASE_URL="https://desk.example.com", ALLOWED_HOSTS="chat.example.com")
    assert found.is_secure
    assert found.origin == "https://desk.example.com"
    assert {"desk.example.com", "chat.example.com"} <= set(found.allowed_hosts)


def test_the_secret_does_not_show_when_settings_are_printed(tmp_path: Path) -> None:
    assert SECRET not in repr(load(tmp_path))
