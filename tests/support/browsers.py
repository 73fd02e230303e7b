"""A customer's and an agent's browser, as far as the test clients can play them."""

import uuid
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from webapp.extensions import socketio
from webapp.schemas.pushed import PUSHED


class Socket:
    """A Socket.IO test client in one namespace: `say()` returns the ack, `heard()` what was pushed."""

    def __init__(self, app: Flask, namespace: str, **options: Any) -> None:
        self.namespace = namespace
        self.client = socketio.test_client(app, namespace=namespace, **options)

    @property
    def is_connected(self) -> bool:
        """Whether the server let it in."""
        return bool(self.client.is_connected(self.namespace))

    def say(self, name: str, body: Any = None) -> dict[str, Any]:
        """Says a command and returns its ack."""
        answer = self.client.emit(name, body, namespace=self.namespace, callback=True)
        assert isinstance(answer, dict), answer
        return answer

    def must(self, name: str, body: Any = None) -> Any:
        """Says a command that has to succeed and returns its data."""
        answer = self.say(name, body)
        assert answer["ok"], answer
        return answer["data"]

    def heard(self, name: str | None = None) -> list[Any]:
        """The bodies pushed since the last look, of that name or as (name, body) pairs."""
        received = self.client.get_received(self.namespace)
        pairs = [(item["name"], item["args"][0] if item["args"] else None) for item in received]
        for pushed, body in pairs:  # whatever a test is about, what it hears must be what the protocol says
            PUSHED[self.namespace, pushed].model_validate(body)
        return [body for said, body in pairs if said == name] if name else pairs


class Visitor:
    """A customer's browser on the chat of an inbox."""

    def __init__(
        self, app: Flask, inbox: Any, *, email: str | None = "maria@example.com", **body: Any
    ) -> None:
        self.app, self.inbox, self.email = app, inbox, email
        self.http = app.test_client()
        answer = self.http.post("/api/v1/chat/visitors", json={"inbox_key": inbox.key, **body})
        assert answer.status_code == 201, answer.json
        self.token = answer.json["token"]

    def connect(self) -> Socket:
        """A socket with this visitor's token."""
        return Socket(self.app, "/chat", auth={"token": self.token})

    def get(self, path: str, **query: Any) -> Any:
        """GET under /api/v1/chat."""
        return self.http.get(f"/api/v1/chat/{path}", query_string=query or None, headers=self._headers())

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """POST under /api/v1/chat."""
        options = options or {"json": body if body is not None else {}}
        return self.http.post(f"/api/v1/chat/{path}", headers=self._headers(), **options)

    def message(self, content: str, **body: Any) -> dict[str, Any]:
        """The body of a `comment.create`, with the e-mail a first message may need."""
        prechat = {"email": self.email} if self.email and not body.get("ticket_id") else {}
        return {"client_id": str(uuid.uuid4()), "content": content, "prechat": prechat, **body}

    def write(self, content: str, **body: Any) -> dict[str, Any]:
        """Writes by REST and returns `{event, ticket}`."""
        answer = self.post("comments", self.message(content, **body))
        assert answer.status_code == 201, answer.json
        return dict(answer.json)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


class StaffBrowser:
    """A browser in which a member of staff is signed in."""

    def __init__(self, app: Flask, user: Any, http: FlaskClient) -> None:
        self.app, self.user, self.http = app, user, http
        self._csrf: str | None = None

    @property
    def csrf(self) -> str:
        """The token that unsafe requests need, as the page's first data holds it."""
        if self._csrf is None:
            from flask_wtf.csrf import generate_csrf

            with self.app.test_request_context():
                from flask import session

                self._csrf = generate_csrf()
                held = dict(session)
            with self.http.session_transaction() as kept:
                kept.update(held)
        return self._csrf

    def connect(self) -> Socket:
        """A socket with this browser's cookie."""
        return Socket(self.app, "/agent", flask_test_client=self.http)

    def get(self, path: str, **query: Any) -> Any:
        """GET under /api/v1."""
        return self.http.get(f"/api/v1/{path}", query_string=query)

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """An unsafe request under /api/v1, with its CSRF token."""
        options = options or {"json": body if body is not None else {}}
        return self.http.open(
            f"/api/v1/{path}", method=method, headers={"X-CSRF-Token": self.csrf}, **options
        )

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """POST under /api/v1."""
        return self.send("POST", path, body, **options)

    def reply(self, ticket_id: str, content: str, **body: Any) -> Any:
        """Writes a comment by REST; returns the response."""
        body = {"client_id": str(uuid.uuid4()), "content": content, **body}
        return self.post(f"tickets/{ticket_id}/comments", body)
