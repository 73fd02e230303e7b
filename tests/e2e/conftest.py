"""Browser stories: a real server, and a real Chromium that partitions storage as any browser does."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support import browser as browsers
from tests.support.actors import Agent
from tests.support.desk import Desk, Team
from tests.support.postgres import Postgres
from tests.support.site import Sites
from tests.support.watch import Watch

PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is end to end."""
    for item in items:
        if "tests/e2e/" in item.path.as_posix():
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Our own browser; an embedded frame stores what it would in any other."""
    return {**browser_type_launch_args, **browsers.launch_options(partitioned=True)}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A desktop, on which all four panes of the desk have room."""
    return {**browser_context_args, "viewport": {"width": 1440, "height": 900}}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A server for the tests of a file; each test makes a workspace of its own in it."""
    with Desk(tmp_path_factory.mktemp("desk")) as served:
        yield served
        complaints = served.complaints()
    assert not complaints, "the server logged errors:\n" + "\n".join(complaints)


@pytest.fixture(scope="module")
def postgres_desk(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Desk]:
    """The same on PostgreSQL."""
    with Desk(tmp_path_factory.mktemp("desk"), postgres.create_database("e2e")) as served:
        yield served
        complaints = served.complaints()
    assert not complaints, "the server logged errors:\n" + "\n".join(complaints)


@pytest.fixture(scope="session")
def sites() -> Iterator[Sites]:
    """The customers' sites."""
    with Sites() as serving:
        yield serving


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Fails the test for any complaint of a browser that it did not declare."""
    watching = Watch()
    yield watching
    watching.check()


@pytest.fixture
def open_context(new_context: Callable[..., BrowserContext], watch: Watch) -> Callable[..., BrowserContext]:
    """`open_context(locale="de")`: a browser of its own, watched."""

    def opened(**options: Any) -> BrowserContext:
        context = watch.over(new_context(**options))
        context.set_default_timeout(PATIENCE)
        return context

    return opened


@pytest.fixture
def open_page(open_context: Callable[..., BrowserContext]) -> Callable[..., Page]:
    """`open_page()`: a page in a browser of its own."""
    return lambda **options: open_context(**options).new_page()


@pytest.fixture
def team(desk: Desk, sites: Sites) -> Team:
    """A workspace whose inbox the shop may embed."""
    return desk.team(allowed_sites=[sites.origin("shop")])


@pytest.fixture
def sign_in(open_context: Callable[..., BrowserContext]) -> Callable[..., Agent]:
    """`sign_in(team, user)`: a browser in which that member of staff is signed in, nowhere yet."""

    def signed_in(team: Team, user: Any, **options: Any) -> Agent:
        context = open_context(**options)
        context.add_cookies([team.cookie(user)])
        return Agent(context.new_page(), team.desk.url, user)

    return signed_in
