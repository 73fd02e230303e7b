"""The suite's foundation: one app per database, each test in a transaction that is rolled back.

A test pushes no application context of its own: requests, commands and socket events get theirs as in
production, and all of them join the test's one connection. `session` pushes one for tests that call services.
"""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings

from tests.factories import Factory
from tests.support.browsers import StaffBrowser, Visitor
from tests.support.mailbox import Mailbox
from tests.support.postgres import Postgres
from tests.support.queries import counted
from webapp import clock as app_clock
from webapp import create_app, green, migration
from webapp.auth import session_cookie_name
from webapp.config import load_settings
from webapp.extensions import db

SETTINGS = {
    "TESTING": "1",
    "SECRET_KEY": "a-secret-of-the-test-suite-that-is-long-enough",
    "LOG_LEVEL": "warning",
    "DATABASE_WAIT_SECONDS": "60",  # fifty at once on two busy cores
    "JOB_POLL_SECONDS": "0.05",
    "REVOCATION_POLL_SECONDS": "0.1",
    "GONE_GRACE_SECONDS": "0.2",
    "START_GRACE_SECONDS": "0",
    "OIDC_PRIVATE_ISSUERS": "1",
}
green.inline = True

# Properties are about what is right, not about how fast this machine is; each run tries the same examples.
settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")


PROGRAMS = {f"tests.support.{name}" for name in ("faulty", "live", "process", "server", "stalls", "valkey")}
"""What starts programs and waits for them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who starts programs runs alone: two such tests would starve each other's."""
    for item in items:
        if "tests/e2e/" in item.path.as_posix() or starts_programs(item.module):  # type: ignore[attr-defined]
            item.add_marker(pytest.mark.alone)


def starts_programs(module: ModuleType) -> bool:
    """Whether a test module uses one of `PROGRAMS`, or `subprocess` itself."""
    used = {
        getattr(value, "__module__", None) or getattr(value, "__name__", None)
        for value in vars(module).values()
    }
    return bool(used & (PROGRAMS | {"subprocess"}))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server for the run."""
    with Postgres() as server:
        yield server


class Database:
    """One kind of database: `url` is the suite's own, `fresh()` makes copies that may be committed to."""

    def __init__(self, kind: str, folder: Path, server: Postgres | None) -> None:
        self.kind, self.folder, self.server = kind, folder, server
        self.copies = 0
        migration.upgrade(load_settings(self.settings(self._template())))
        self.url = self.fresh()

    def settings(self, url: str | None = None) -> dict[str, str]:
        """The environment of an app on this database, or on the one with that URL."""
        return {**SETTINGS, "DATABASE_URL": url or self.url, "INSTANCE_PATH": str(self.folder)}

    def fresh(self) -> str:
        """The URL of a new copy of the migrated, empty database."""
        self.copies += 1
        if self.server:
            return self.server.create_database(f"{self.folder.name}_{self.copies}", self.folder.name)
        shutil.copy(self.folder / "template.db", self.folder / f"copy_{self.copies}.db")
        return f"sqlite:///{self.folder / f'copy_{self.copies}.db'}"

    def _template(self) -> str:
        if self.server:
            return self.server.create_database(self.folder.name)
        return f"sqlite:///{self.folder / 'template.db'}"


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """Each test that wants a database runs on both."""
    server = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    return Database(request.param, tmp_path_factory.mktemp(request.param), server)


@pytest.fixture(scope="session")
def shared_app(database: Database) -> Iterator[Flask]:
    """The app on the suite's database; tests take `app`."""
    made = create_app(database.settings())
    with made.app_context():
        db.session.configure(join_transaction_mode="create_savepoint")
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def app(shared_app: Flask) -> Iterator[Flask]:
    """The app, inside a transaction that nothing survives."""
    with shared_app.app_context():
        engines, engine = db.engines, db.engine
    connection = engine.connect()
    outer = connection.begin()
    engines[None] = connection  # type: ignore[assignment]
    shared_app.extensions["parley_limiter"].reset()
    try:
        yield shared_app
    finally:
        engines[None] = engine
        outer.rollback()
        connection.close()


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """Takes pytest-flask's fixture of that name away: requests must not share one context and its `g`."""


@pytest.fixture
def session(app: Flask) -> Iterator[Any]:
    """The database session in a context of its own, for tests of services; not beside `client`."""
    with app.app_context():
        yield db.session


@pytest.fixture
def make(app: Flask) -> Factory:
    """Makes rows: `make.user(role="agent")`. They come back loaded, detached and committed."""
    return Factory(app)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that nobody is signed in with."""
    return app.test_client()


@pytest.fixture
def sign_in(app: Flask, make: Factory) -> Callable[..., FlaskClient]:
    """`sign_in(user)` gives a browser in which that member of staff is signed in."""

    def signed_in(user: Any) -> FlaskClient:
        browser = app.test_client()
        browser.set_cookie(session_cookie_name(secure=False), make.session_token(user))
        return browser

    return signed_in


@pytest.fixture
def mailbox(app: Flask) -> Mailbox:
    """The mail that left: `mailbox.collect()` runs what is due and reads the outbox folder."""
    return Mailbox(app)


@pytest.fixture
def queries() -> Callable[[], Any]:
    """`with queries() as asked:` and then `asked.count`, `asked.statements`."""
    return counted


@pytest.fixture
def clock() -> Iterator[ModuleType]:
    """The app's clock. It stands still unless it is moved: `clock.advance(hours=1)`, until the test's end."""
    with app_clock.moved(frozen_at=datetime.now(UTC)):
        yield app_clock


@pytest.fixture
def visitor(app: Flask, make: Factory) -> Callable[..., Any]:
    """`visitor(inbox)` gives a customer's browser: REST by its token, and `.connect()` for the socket."""

    def arrive(inbox: Any, **settings: Any) -> Visitor:
        return Visitor(app, inbox, **settings)

    return arrive


@pytest.fixture
def agent(app: Flask, sign_in: Callable[..., FlaskClient]) -> Callable[..., Any]:
    """`agent(user)` gives a staff browser: REST with its cookie, and `.connect()` for the socket."""

    def arrive(user: Any) -> StaffBrowser:
        return StaffBrowser(app, user, sign_in(user))

    return arrive
