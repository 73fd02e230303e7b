"""Browsers of a real server: a socket heard in a thread of its own, and REST with a cookie or a token."""

import itertools
import json
import re
import socket
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Condition, Thread
from typing import Any, Self

import requests
import websocket

from tests.support import ROOT
from tests.support.parallel import House
from tests.support.server import Server
from webapp.auth import session_cookie_name
from webapp.schemas.pushed import PUSHED

COOKIE = session_cookie_name(secure=False)


class Lost(ConnectionError):
    """The line was cut before the answer came."""


class Line:
    """One Socket.IO connection in one namespace, as static/js/shared/socket.js speaks it.

    python-socketio's client hears each packet in a thread of its own, which mixes up their order.
    """

    def __init__(
        self,
        url: str,
        namespace: str,
        auth: Any,
        cookie: str,
        hear: Callable[[str, Any], None],
        *,
        origin: str | None = None,
    ) -> None:
        self.namespace, self.auth, self.hear = namespace, auth, hear
        self.changed = Condition()
        self.answers: dict[int, Any] = {}
        self.ids = itertools.count(1)
        self.is_open, self.is_over = False, False
        address = f"{url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
        try:
            self.wire = websocket.create_connection(address, cookie=cookie or None, origin=origin, timeout=60)
        except (OSError, websocket.WebSocketException) as error:
            raise ConnectionError(str(error)) from None
        self.tcp = self.wire.sock
        self.reader = Thread(target=self._read, daemon=True)
        self.reader.start()
        with self.changed:
            self.changed.wait_for(lambda: self.is_open or self.is_over, 60)
        if not self.is_open:
            self.close()
            raise ConnectionError("refused")

    def say(self, name: str, body: Any, patience: float) -> Any:
        """The ack of a command. Raises `Lost` when the line ends before."""
        number = self.send(name, body)
        with self.changed:
            self.changed.wait_for(lambda: number in self.answers or self.is_over, patience)
            if number not in self.answers:
                raise Lost(name)
            return self.answers.pop(number)

    def send(self, name: str, body: Any) -> int:
        """Says a command and does not wait; the number of its ack."""
        number = next(self.ids)
        self._send(f"42{self.namespace},{number}{json.dumps([name, body])}")
        return number

    def cut(self) -> None:
        """Ends the connection without a word, as a network does."""
        with suppress(OSError):
            self.tcp.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends the connection and waits until it has."""
        self.cut()
        self.reader.join(10)
        self.wire.shutdown()

    def _send(self, packet: str) -> None:
        with suppress(OSError, websocket.WebSocketException):
            self.wire.send(packet)

    def _read(self) -> None:
        with suppress(OSError, websocket.WebSocketException):
            while message := self.wire.recv():
                self._understand(str(message))
        with self.changed:
            self.is_open, self.is_over = False, True
            self.changed.notify_all()

    def _understand(self, message: str) -> None:
        if message[0] == "0":
            self._send(f"40{self.namespace},{json.dumps(self.auth) if self.auth else ''}")
        elif message[0] == "2":
            self._send("3")
        found = re.fullmatch(r"4(\d)(?:/\w+,)?(\d*)(.*)", message, re.DOTALL)
        kind, number, content = found.groups() if found else ("", "", "")
        if kind in ("1", "4"):
            self.cut()
        elif kind == "2":
            name, *body = json.loads(content)
            PUSHED[self.namespace, name].model_validate(*body)
            self.hear(name, *body)
        with self.changed:
            self.is_open |= kind == "0"
            if kind == "3":
                self.answers[int(number)] = json.loads(content)[0]
            self.changed.notify_all()


def sign_in(url: str, email: str, password: str) -> requests.Response:
    """What a new browser is answered that fills in the form and sends it."""
    with requests.Session() as http:
        page = http.get(f"{url}/sign-in", timeout=60).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token, page
        form = {"csrf_token": token[1], "email": email, "password": password}
        return http.post(f"{url}/sign-in", data=form, timeout=60, allow_redirects=False)


class Browser:
    """Somebody's browser on one server: `say()` returns the ack, `heard` grows with what is pushed."""

    namespace = ""

    def __init__(self, url: str, *, auth: dict[str, str] | None = None, cookie: str = "") -> None:
        self.url, self.auth, self.cookie = url, auth, cookie
        self.origin: str | None = None
        self.heard: list[tuple[str, Any]] = []
        self.changed = Condition()
        self.line: Line | None = None
        self.http = requests.Session()

    def __enter__(self) -> Self:
        return self.connect()

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- the socket ---------------------------------------------------------------------------

    def connect(self) -> Self:
        """Opens a new socket. Raises `ConnectionError` if there is no server or it refuses."""
        self.disconnect()
        self.line = Line(self.url, self.namespace, self.auth, self.cookie, self.hear, origin=self.origin)
        return self

    @property
    def is_connected(self) -> bool:
        """Whether the socket is open."""
        return self.line is not None and self.line.is_open

    def say(self, name: str, body: Any = None, patience: float = 60) -> dict[str, Any]:
        """Says a command and returns its ack. Raises `Lost` when the line is cut before."""
        if self.line is None:
            raise Lost(name)
        return dict(self.line.say(name, body, patience))

    def must(self, name: str, body: Any = None) -> Any:
        """Says a command that has to succeed and returns its data."""
        answer = self.say(name, body)
        assert answer["ok"], answer
        return answer["data"]

    def hear(self, name: str, body: Any = None) -> None:
        """Takes what is pushed."""
        with self.changed:
            self.heard.append((name, body))
            self.changed.notify_all()

    def wait_for(self, name: str, wanted: Callable[[Any], Any] = bool, patience: float = 60) -> Any:
        """The first body pushed under that name that fits."""
        with self.changed:
            found = self.changed.wait_for(lambda: [body for body in self.all(name) if wanted(body)], patience)
        assert found, f"no {name} in {self.heard}"
        return found[0]

    def is_cut(self, patience: float = 60) -> bool:
        """Whether the server ends the socket."""
        assert self.line
        with self.line.changed:
            return self.line.changed.wait_for(lambda: self.line.is_over, patience)

    def all(self, name: str) -> list[Any]:
        """The bodies pushed under that name."""
        return [body for said, body in list(self.heard) if said == name]

    def disconnect(self) -> None:
        """Ends the socket, if there is one."""
        if self.line is not None:
            self.line.close()
            self.line = None

    def close(self) -> None:
        """Ends everything."""
        self.disconnect()
        self.http.close()

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
        return self.http.request(method, url, headers=self.headers(method), timeout=60, **options)

    def headers(self, method: str) -> dict[str, str]:
        """What shows who asks."""
        raise NotImplementedError


class Desk(Browser):
    """A browser in which a member of staff is signed in."""

    namespace = "/agent"

    def __init__(self, url: str, token: str) -> None:
        super().__init__(url, cookie=f"{COOKIE}={token}")
        self.http.cookies.set(COOKIE, token)
        self._csrf = ""

    def message(self, content: str, ticket_id: str, **body: Any) -> dict[str, Any]:
        """The body of a `comment.create`."""
        made = {"ticket_id": ticket_id, "client_id": str(uuid.uuid4()), "content": content, "kind": "reply"}
        return {**made, **body}

    def open_page(self) -> dict[str, Any]:
        """Loads the agent's page for its first data, with the token that unsafe requests need."""
        page = self.http.get(f"{self.url}/agent/v/all", timeout=60).text
        found = re.search(r'<script type="application/json" id="boot"[^>]*>(.*?)</script>', page, re.DOTALL)
        assert found, page
        boot: dict[str, Any] = json.loads(found[1])
        self._csrf = boot["csrf"]
        return boot

    def headers(self, method: str) -> dict[str, str]:
        """The token that unsafe requests need; the cookie is in the session."""
        if method != "GET" and not self._csrf:
            self.open_page()
        return {"X-CSRF-Token": self._csrf}


class Screen(Browser):
    """A screen on a wall, with a link's token in `auth`."""

    namespace = "/tv"


class Customer(Browser):
    """A customer's browser on the chat of an inbox."""

    namespace = "/chat"

    def __init__(self, url: str, key: str, token: str | None = None) -> None:
        super().__init__(url)
        self.token = (
            token
            or requests.post(f"{url}/api/v1/chat/visitors", json={"inbox_key": key}, timeout=60).json()[
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

    def headers(self, method: str) -> dict[str, str]:
        """The visitor's token."""
        return {"Authorization": f"Bearer {self.token}"}


class Site(House):
    """A house whose doors are real servers: one, or several on the same database.

    `program`: what is run instead of wsgi.py.
    """

    def __init__(
        self,
        environment: dict[str, str],
        folder: Path,
        *,
        servers: int = 1,
        program: Path = ROOT / "wsgi.py",
        **settings: str,
    ) -> None:
        super().__init__(environment, folder)
        served = {name: value for name, value in environment.items() if name != "TESTING"}
        served |= {"INSTANCE_PATH": str(folder), "LOG_LEVEL": "info", **settings}
        self.servers = [Server(served, program=program) for _ in range(servers)]
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
