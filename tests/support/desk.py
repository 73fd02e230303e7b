"""A served desk for browser tests: the real server on a database of its own, and rows to begin with."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from tests.factories import Factory
from tests.support import process
from tests.support.proxy import Proxy
from tests.support.server import Server
from webapp import clock, create_app
from webapp.auth import session_cookie_name
from webapp.models import Inbox, User, Workspace

SETTINGS = {
    "OIDC_PRIVATE_ISSUERS": "1",
    "DATABASE_WAIT_SECONDS": "60",
    "SECRET_KEY": "a-secret-of-the-browser-tests-that-is-long-enough",
    "LOG_LEVEL": "info",
    "JOB_POLL_SECONDS": "0.1",
    "REVOCATION_POLL_SECONDS": "0.2",
    "PRESENCE_RENEW_SECONDS": "1",
    "GONE_GRACE_SECONDS": "0.5",
    "START_GRACE_SECONDS": "0",
}


class Desk(process.Startable):
    """A server at `desk.localhost`, and the test's own app on its database.

    `behind`: a line that browsers come through; it is led to the server.
    """

    def __init__(
        self, folder: Path, database_url: str | None = None, *, behind: Proxy | None = None, **settings: str
    ) -> None:
        port = process.free_port()
        if behind:
            behind.target = ("127.0.0.1", port)
        self.url = f"http://desk.localhost:{behind.port if behind else port}"
        environment = {
            **SETTINGS,
            "BASE_URL": self.url,
            "INSTANCE_PATH": str(folder),
            "DATABASE_URL": database_url or f"sqlite:///{folder / 'parley.db'}",
            **settings,
        }
        self.environment = environment
        self.server = Server(environment, port=port)
        self._app: Flask | None = None

    def start(self) -> "Desk":
        """Serves; the server migrates its database first."""
        self.server.start()
        return self

    def close(self) -> None:
        """Ends the server."""
        self.server.close()

    @contextmanager
    def down(self) -> Iterator[None]:
        """`kill -9`; it serves again afterwards."""
        self.server.kill()
        try:
            yield
        finally:
            self.server.start()

    @property
    def app(self) -> Flask:
        """The test's own app, on the server's database."""
        self._app = self._app or create_app(self.environment)
        return self._app

    def complaints(self) -> list[str]:
        """What the server logged as an error, over all its starts."""
        return [line for line in self.server.log.splitlines() if "[error" in line or "Traceback" in line]

    def team(self, **inbox: Any) -> "Team":
        """A new workspace with an inbox and an agent."""
        return Team(self, inbox)


class Team:
    """A workspace of its own, so that tests on one server do not meet."""

    def __init__(self, desk: Desk, inbox: dict[str, Any]) -> None:
        self.desk = desk
        self.make = Factory(desk.app)
        self.workspace: Workspace = self.make.workspace()
        fields = {"name": "Harbour chat", "greeting": "Ahoy! How can we help?", "colour": "#0f5c6e", **inbox}
        self.inbox: Inbox = self.make.inbox(**fields)

    @property
    def chat_url(self) -> str:
        """The chat's own page."""
        return f"{self.desk.url}/chat/{self.inbox.key}"

    @property
    def snippet(self) -> str:
        """The line that a site includes."""
        return f'<script async src="{self.desk.url}/w/{self.inbox.key}.js"></script>'

    def person(self, name: str, role: str = "agent", **fields: Any) -> User:
        """A member of staff."""
        return self.make.user(name=name, role=role, **fields)

    def cookie(self, user: User, **session: Any) -> dict[str, Any]:
        """The cookie of a browser that they are signed in with."""
        fields = {"expires_at": clock.now() + timedelta(days=3), **session}
        return {
            "name": session_cookie_name(secure=False),
            "value": self.make.session_token(user, **fields),
            "url": self.desk.url,
            "httpOnly": True,
            "sameSite": "Lax",
        }
