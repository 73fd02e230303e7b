"""Browsers of a real server: a socket of python-socketio's client, and REST with a cookie or a token."""

import json
import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Condition
from typing import Any, Self

import requests
import socketio

from tests.support.parallel import House
from tests.support.server import Server
from webapp.auth import session_cookie_name
from webapp.schemas.pushed import PUSHED

COOKIE = session_cookie_name(secure=False)


class Lost(ConnectionError):
    """The line was cut before the answer came."""


class Browser:
    """Somebody's browser on one server: `say()` returns the ack, `heard` grows with what is pushed."""

    namespace = ""

    def __init__(self, url: str, *, auth: dict[str, str] | None = None, cookie: str = "") -> None:
        self.url, self.auth, self.cookie = url, auth, cookie
        self.heard: list[tuple[str, Any]] = []
        self.changed = Condition()
        self.socket: socketio.Client | None = None
        self.http = requests.Session()

    def __enter__(self) -> Self:
        return self.connect()

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- the socket ---------------------------------------------------------------------------

    def connect(self) -> Self:
        """Opens a new socket. Raises `ConnectionError` if there is no server or it refuses."""
        self.disconnect()
        made = socketio.Client(reconnection=False, handle_sigint=False)
        made.on("*", self._hear, namespace=self.namespace)
        made.on("disconnect", self._notify, namespace=self.namespace)
        options = {"headers": {"Cookie": self.cookie}} if self.cookie else {}
        try:
            made.connect(
                self.url,
                auth=self.auth,
                transports=["websocket"],
                namespaces=[self.namespace],
                wait_timeout=10,
                **options,
            )
        except socketio.exceptions.ConnectionError as error:
            raise ConnectionError(str(error)) from None
        self.socket = made
        return self

    @property
    def is_connected(self) -> bool:
        """Whether the socket is open."""
        return self.socket is not None and self.namespace in self.socket.namespaces

    def say(self, name: str, body: Any = None, patience: float = 15) -> dict[str, Any]:
        """Says a command and returns its ack. Raises `Lost` when the line is cut before."""
        line, answers = self.socket, []
        if line is None or not self.is_connected:
            raise Lost(name)

        def answered(answer: Any) -> None:
            answers.append(answer)
            self._notify()

        with suppress(socketio.exceptions.SocketIOError):
            line.emit(name, body, namespace=self.namespace, callback=answered)
        with self.changed:
            self.changed.wait_for(lambda: answers or self.namespace not in line.namespaces, patience)
        if not answers:
            raise Lost(name)
        return dict(answers[0])

    def must(self, name: str, body: Any = None) -> Any:
        """Says a command that has to succeed and returns its data."""
        answer = self.say(name, body)
        assert answer["ok"], answer
        return answer["data"]

    def wait_for(self, name: str, wanted: Callable[[Any], Any] = bool, patience: float = 10) -> Any:
        """The first body pushed under that name that fits."""
        with self.changed:
            found = self.changed.wait_for(lambda: [body for body in self.all(name) if wanted(body)], patience)
        assert found, f"no {name} in {self.heard}"
        return found[0]

    def wait_until_cut(self, patience: float) -> bool:
        """Whether the server ends the socket in time."""
        with self.changed:
            return self.changed.wait_for(lambda: not self.is_connected, patience)

    def all(self, name: str) -> list[Any]:
        """The bodies pushed under that name."""
        return [body for said, body in list(self.heard) if said == name]

    def disconnect(self) -> None:
        """Ends the socket, if there is one."""
        if self.socket is not None:
            self.socket.disconnect()
            self.socket = None

    def close(self) -> None:
        """Ends everything."""
        self.disconnect()
        self.http.close()

    def _hear(self, name: str, body: Any = None) -> None:
        PUSHED[self.namespace, name].model_validate(body)
        with self.changed:
            self.heard.append((name, body))
            self.changed.notify_all()

    def _notify(self, *_reason: Any) -> None:
        with self.changed:
            self.changed.notify_all()

    # --- REST ---------------------------------------------------------------------------------

    def get(self, path: str, **query: Any) -> Any:
        """GET, with what this browser has to show."""
        return self.ask("GET", path, params=query)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """POST, as JSON unless `files` are given."""
        return self.ask("POST", path, **(options or {"json": body if body is not None else {}}))

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Any request under /api/v1."""
        url = f"{self.url}/api/v1/{path}"
        return self.http.request(method, url, headers=self._headers(method), timeout=30, **options)

    def _headers(self, method: str) -> dict[str, str]:
        raise NotImplementedError


class Desk(Browser):
    """A browser in which a member of staff is signed in."""

    namespace = "/agent"

    def __init__(self, url: str, token: str) -> None:
        super().__init__(url, cookie=f"{COOKIE}={token}")
        self.http.cookies.set(COOKIE, token)
        self._csrf = ""

    def comment(self, ticket_id: str, content: str, **body: Any) -> dict[str, Any]:
        """The body of a `comment.create`."""
        made = {"ticket_id": ticket_id, "client_id": str(uuid.uuid4()), "content": content, "kind": "reply"}
        return {**made, **body}

    def open_page(self) -> dict[str, Any]:
        """Loads the agent's page for its first data, with the token that unsafe requests need."""
        page = self.http.get(f"{self.url}/agent/v/all", timeout=30).text
        found = re.search(r'<script type="application/json" id="boot"[^>]*>(.*?)</script>', page, re.DOTALL)
        assert found, page
        boot: dict[str, Any] = json.loads(found[1])
        self._csrf = boot["csrf"]
        return boot

    def _headers(self, method: str) -> dict[str, str]:
        if method != "GET" and not self._csrf:
            self.open_page()
        return {"X-CSRF-Token": self._csrf}


class Customer(Browser):
    """A customer's browser on the chat of an inbox."""

    namespace = "/chat"

    def __init__(self, url: str, key: str, token: str | None = None) -> None:
        super().__init__(url)
        self.token = (
            token
            or requests.post(f"{url}/api/v1/chat/visitors", json={"inbox_key": key}, timeout=30).json()[
                "token"
            ]
        )
        self.auth = {"token": self.token}

    def message(self, content: str, **body: Any) -> dict[str, Any]:
        """The body of a `comment.create`, with the address a first message may need."""
        prechat = {} if body.get("ticket_id") else {"email": "maria@example.com"}
        return {"client_id": str(uuid.uuid4()), "content": content, "prechat": prechat, **body}

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Any request under /api/v1/chat."""
        return super().ask(method, f"chat/{path}", **options)

    def _headers(self, method: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


class Site(House):
    """A house whose doors are real servers: one, or several on the same database."""

    def __init__(
        self, environment: dict[str, str], folder: Path, *, servers: int = 1, **settings: str
    ) -> None:
        super().__init__(environment, folder)
        served = {name: value for name, value in environment.items() if name != "TESTING"}
        served |= {"INSTANCE_PATH": str(folder), "LOG_LEVEL": "info", **settings}
        self.servers = [Server(served) for _ in range(servers)]
        self.browsers: list[Browser] = []

    def __enter__(self) -> Self:
        try:
            for server in self.servers:
                server.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def desk(self, user: Any = None, server: int = 0) -> Desk:
        """A signed-in agent's browser on a server."""
        return self._kept(Desk(self.servers[server].url, self.make.session_token(user or self.make.user())))

    def customer(self, server: int = 0, token: str | None = None) -> Customer:
        """A visitor's browser on a server, or another tab of the one with that token."""
        return self._kept(Customer(self.servers[server].url, self.inbox.key, token))

    def _kept(self, browser: Any) -> Any:
        self.browsers.append(browser)
        return browser

    def close(self) -> None:
        """Sends everybody home, ends the servers, and looks at what they leave behind."""
        for browser in self.browsers:
            browser.close()
        logs = []
        for server in self.servers:
            server.terminate()
            logs.append(server.log)
            server.close()
        super().close()
        assert "Traceback" not in "".join(logs), "".join(logs)
