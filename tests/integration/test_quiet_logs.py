"""S-63: what people write, and what opens doors, is in no log, whatever happens to it."""

import hashlib
import hmac
import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from tests.support.browsers import StaffBrowser, Visitor
from tests.support.who_may import PAYLOADS, ROUTES, ask, ids_of, rows, say
from tests.support.world import World, file_body, undone
from webapp import log
from webapp.database import uuid7
from webapp.extensions import db
from webapp.models import User
from webapp.realtime.commands import COMMANDS

pytestmark = pytest.mark.integration

CANARY = "kan4rienvogel"


@pytest.fixture
def heard(capfd: Any) -> Iterator[Any]:
    """Everything that was logged or printed, at the finest level there is."""
    written, before = io.StringIO(), logging.root.handlers[:]

    def listen(form: str = "text") -> None:
        log.configure("DEBUG", form)
        logging.root.handlers[0].setStream(written)  # type: ignore[attr-defined]

    def read() -> str:
        return "\n".join([written.getvalue(), *capfd.readouterr()])

    listen()
    read.listen = listen  # type: ignore[attr-defined]
    yield read
    log.configure("WARNING", "text")
    logging.root.handlers[:] = before


def test_s63_no_flow_leaves_a_trace_of_what_was_said_or_of_a_token(
    app: Any, make: Any, agent: Any, heard: Any
) -> None:
    world = World(CANARY, app, make, agent)
    guest = Visitor(app, world.inbox, email=f"{CANARY}@example.com", page={"url": f"https://x/?{CANARY}"})
    socket = guest.connect()
    ticket = socket.must("comment.create", guest.message(f"{CANARY} said"))["ticket"]["id"]
    guest.post("attachments", **file_body(f"{CANARY}.png"))
    guest.post("attachments", **file_body(f"{CANARY}.exe"))
    signature = hmac.new(b"s" * 43, CANARY.encode(), hashlib.sha256).hexdigest()
    identify = {"inbox_key": world.inbox.key, "identifier": CANARY, "hash": signature}
    guest.http.post("/api/v1/chat/identify", json=identify)
    world.desks["agent"].send("PATCH", f"tickets/{ticket}", {"title": CANARY, "category": CANARY})
    for route in rows(ROUTES):
        for who in ("anonymous", "customer", "admin"):
            with undone(app):
                ask(world.people[who], route, ids_of(world))
    for namespace, name in COMMANDS:
        for who in ("customer", "admin"):
            with undone(app):
                say(world.people[who], f"{namespace} {name}", world.ids)
    fail_to_sign_in(app)
    said = heard()
    assert said, "something is logged at all"
    secrets = [CANARY, guest.token, world.maria.token, signature, "correct horse battery"]
    secrets += [desk.http.get_cookie("parley_session").value for desk in world.desks.values()]
    for secret in secrets:
        assert secret not in said, said[max(0, said.index(secret) - 300) : said.index(secret) + 100]


def fail_to_sign_in(app: Any) -> None:
    browser = StaffBrowser(app, None, app.test_client())
    form = {"email": f"{CANARY}@example.com", "password": f"{CANARY} horse", "csrf_token": browser.csrf}
    browser.http.post("/sign-in", data=form)
    browser.http.post("/reset", data=form)
    browser.http.get(f"/reset/{CANARY}", headers={"User-Agent": CANARY, "Referer": f"https://x/{CANARY}"})
    browser.http.get(f"/nothing?{CANARY}={CANARY}")


def test_s63_a_fault_on_the_way_says_where_and_not_with_what(
    app: Any, make: Any, agent: Any, heard: Any, monkeypatch: Any
) -> None:
    world = World("harbour", app, make, agent)

    def broken(*_: Any, **__: Any) -> None:
        row = {
            "id": uuid7(),
            "workspace_id": world.workspace.id,
            "role": "agent",
            "availability": "none",
            "name": f"{CANARY}\n{CANARY}",
        }
        db.session.execute(sa.insert(User).values(**row, email=CANARY))

    monkeypatch.setattr("webapp.services.ticket.comment.write_comment", broken)
    monkeypatch.setattr("webapp.services.chat.writing.write_comment", broken)
    body = {"client_id": world.ids["ticket"], "content": CANARY}
    with undone(app):
        answer = world.desks["agent"].post(f"tickets/{world.ids['ticket']}/comments", body)
    assert answer.status_code == 500
    assert CANARY not in answer.text
    with undone(app):
        command = PAYLOADS["/chat comment.create"](world.ids)
        said = world.maria.connect().say("comment.create", {**command, "content": CANARY})
    assert said["error"]["code"] == "internal"
    logged = heard()
    assert logged.count("IntegrityError") >= 2, "the fault itself is told"
    assert CANARY not in logged


def test_s63_named_fields_of_people_are_hidden_whatever_a_line_says(heard: Any) -> None:
    heard.listen("json")
    hidden = (
        "email",
        "content",
        "password",
        "token",
        "authorization",
        "cookie",
        "title",
        "description",
        "address",
    )
    structlog.get_logger("webapp.test").warning(
        "seen", **dict.fromkeys(hidden, CANARY), Email=CANARY, number=7
    )
    logged = heard()
    assert '"number": 7' in logged
    assert logged.count("(hidden)") == len(hidden) + 1
    assert CANARY not in logged


def test_s63_libraries_are_kept_from_logging_what_they_carry(heard: Any) -> None:
    for name in ("engineio", "socketio", "engineio.server", "socketio.server"):
        assert not logging.getLogger(name).isEnabledFor(logging.WARNING)
    for name in ("sqlalchemy.engine.Engine", "sqlalchemy.pool", "sqlalchemy.orm"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)
