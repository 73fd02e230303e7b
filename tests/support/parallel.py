"""Work at the same time: threads that start together, on an app whose database is committed to for real."""

import copy
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any

from flask import Flask

from tests.factories import Factory
from tests.support import invariants
from tests.support.browsers import StaffBrowser, Visitor
from webapp import create_app
from webapp.auth import acting_as, session_cookie_name
from webapp.extensions import db
from webapp.tenancy import use_workspace

PATIENCE_SECONDS = 240


def together(calls: list[Callable[[], Any]]) -> list[Any]:
    """What the calls return, each from a thread of its own, all let go at once. Raises the first error."""
    line = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        line.wait(PATIENCE_SECONDS)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [running.result(PATIENCE_SECONDS) for running in [pool.submit(run, call) for call in calls]]


class House:
    """An app with a workspace and an inbox on a database of its own; people come to it through its doors."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.url, self.files = environment["DATABASE_URL"], folder / "files"
        self.app: Flask = create_app({**environment, "INSTANCE_PATH": str(folder)})
        self.make = Factory(self.app)
        self.workspace = self.make.workspace()
        self.inbox = self.make.inbox()

    def close(self) -> None:
        """Gives up the connections and checks what is left in the database and the folder."""
        with self.app.app_context():
            db.engine.dispose()
        invariants.check(self.url, self.files if self.files.exists() else None)

    def visitor(self) -> Visitor:
        """A customer who has an address already."""
        return Visitor(self.app, self.inbox)

    def desks(self, count: int, user: Any = None) -> list[StaffBrowser]:
        """Browsers in which an agent each (or all the same `user`) is signed in, ready to write."""
        return [self._desk(user or self.make.user()) for _ in range(count)]

    def _desk(self, user: Any) -> StaffBrowser:
        http = self.app.test_client()
        http.set_cookie(session_cookie_name(secure=False), self.make.session_token(user))
        desk = StaffBrowser(self.app, user, http)
        assert desk.csrf
        return desk

    @contextmanager
    def acting(self, user: Any) -> Iterator[None]:
        """In an application context of its own, as that member of staff."""
        with self.app.app_context(), use_workspace(self.workspace.id), acting_as(self.make.actor(user)):
            yield


def another_tab(visitor: Visitor) -> Visitor:
    """The same customer in another tab."""
    tab = copy.copy(visitor)
    tab.http = visitor.app.test_client()
    return tab
