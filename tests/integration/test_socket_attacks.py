"""S-01, S-04, S-05, S-07: nonsense, empty identities and lost access on the socket."""

import random
import string
from collections.abc import Callable
from typing import Any

import pytest
from flask_socketio import ConnectionRefusedError as Refused
from sqlalchemy.exc import OperationalError

from tests.support.browsers import Socket, Visitor
from tests.support.world import World, client_id, undone
from webapp import clock as app_clock
from webapp.auth import acting_as
from webapp.database import transaction
from webapp.errors import Unauthenticated
from webapp.pace import Buckets
from webapp.realtime import commands, presence, rooms, server
from webapp.realtime.commands import COMMANDS
from webapp.realtime.packet import Malformed
from webapp.services import chat
from webapp.services import session as sessions
from webapp.services import user as users
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

PAYLOADS: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**40,
    "",
    "x",
    "__class__",
    [],
    [[]],
    [None, {"a": 1}],
    {},
    {"": ""},
    {"ticket_id": None},
    {"ticket_id": {"$ne": None}},
    {"ticket_id": "%"},
    {"ticket_id": ["x"]},
    {"room": "workspace:x:staff", "namespace": "/agent"},
    {"__proto__": {"role": "admin"}},
    {"a" * 1000: "b" * 1000},
]
RESERVED = [
    "connect",
    "disconnect",
    "connect_error",
    "message",
    "json",
    "error",
    "*",
    "ping",
    "pong",
    "join",
    "leave",
]
NAMES = [
    *RESERVED,
    *(
        "__init__",
        "__class__",
        "__dict__",
        "on_connect",
        "base",
        "",
        " ",
        "ticket.open ",
        "TICKET.OPEN",
        "ticket",
    ),
    *(
        "../ticket.open",
        "ticket.open\x00",
        "room",
        "rooms",
        "enter_room",
        "close_room",
        "broadcast",
        "admin",
        "eval",
    ),
]
INSIDE = (
    "traceback",
    "webapp",
    "sqlalchemy",
    "psycopg",
    "sqlite",
    "object at",
    "<class",
    "exception",
    "error(",
)


@pytest.fixture
def home(app: Any, make: Any, agent: Any) -> World:
    """Our workspace."""
    return World("harbour", app, make, agent)


def unknown_names(count: int) -> list[str]:
    chance = random.Random(1)
    alphabet = string.printable + "äß\u202e\U0001f600"
    return ["".join(chance.choices(alphabet, k=chance.randint(1, 30))) for _ in range(count)]


def emit(socket: Socket, name: str, payload: Any) -> Any:
    try:
        return socket.client.emit(name, payload, namespace=socket.namespace, callback=True)
    except Malformed:  # the server counts these and hangs up at the fifth
        return None


def knock(app: Any, namespace: str, auth: Any) -> bool:
    """Whether a connection with that `auth` is let in."""
    try:
        return Socket(app, namespace, auth=auth).is_connected
    except Malformed:
        return False


def problem(answer: Any, secrets: list[str]) -> str | None:
    """What is wrong with an answer to nonsense; None if it tells nothing."""
    if answer in (None, [], {}):
        return None
    if not isinstance(answer, dict) or answer.get("ok") is not False:
        return f"an answer that is no refusal: {answer}"
    error = answer["error"]
    if set(answer) != {"ok", "error"} or set(error) - {"code", "message", "detail", "current"}:
        return f"another shape: {answer}"
    if error["code"] == "internal":
        return f"a fault of ours: {answer}"
    told = [word for word in (*INSIDE, *secrets) if word.lower() in str(answer).lower()]
    return f"tells {told}: {answer}" if told else None


# --- S-01 -----------------------------------------------------------------------------------------

GOOD_ANYWAY = {
    ("/chat", "chat.resume"),
    ("/chat", "page.update"),
    ("/agent", "now.watch"),
    ("/agent", "now.leave"),
    ("/agent", "health.watch"),
    ("/agent", "health.leave"),
}
"""Commands that an empty object is a right payload of."""


def test_s01_nonsense_is_answered_with_a_code_or_with_nothing(app: Any, home: World, caplog: Any) -> None:
    people = [(role, "/agent") for role in home.desks] + [("customer", "/chat")]
    ids = [*home.ids.values(), *(str(user.id) for user in home.staff.values())]
    wrong = []
    for who, namespace in people:
        socket = home.people[who].connect(namespace)
        secrets = [*home.secrets, *ids, *(sid.sid for sid in server.connections())]
        known = [name for space, name in COMMANDS if space == namespace]
        for name in [*known, *NAMES, *unknown_names(60)]:
            if name in ("connect", "disconnect"):
                continue
            for payload in PAYLOADS if name in known else PAYLOADS[:20:4]:
                with undone(app):
                    answer = emit(socket, name, payload)
                if (namespace, name) in GOOD_ANYWAY and payload in (None, {}):
                    continue
                if found := problem(answer, secrets):
                    wrong.append(f"{who} {name!r} {payload!r:.40}: {found:.200}")
        assert socket.is_connected, f"{who} was thrown out"
        assert home.people[who].connect(namespace).is_connected
    assert not wrong, "\n".join(wrong[:30])
    assert "Traceback" not in caplog.text


def test_s01_who_is_not_let_in_gets_no_answer_to_anything(app: Any, home: World) -> None:
    for namespace in (rooms.AGENT, rooms.CHAT, "/", "/admin", "/agent/"):
        for auth in (None, {}, {"token": "x"}, "x", 7):
            assert not knock(app, namespace, auth), f"{namespace} with {auth!r}"
    for namespace in (rooms.AGENT, rooms.CHAT):
        socket = Socket(app, namespace, auth={"token": "x"})
        for name in [name for _, name in COMMANDS] + NAMES[:10]:
            with pytest.raises(RuntimeError, match="not connected"):
                socket.client.emit(name, {"ticket_id": home.ids["ticket"]}, namespace=namespace)


def test_s01_the_refusal_of_a_connection_is_a_code_alone(app: Any, home: World) -> None:
    from webapp.realtime.commands import connect_customer, connect_staff

    for connect in (connect_staff, connect_customer):
        with app.test_request_context() as context:
            context.request.sid, context.request.namespace = "x", "/agent"
            with pytest.raises(Refused) as refused:
                connect({"token": "x\ud800"} if connect is connect_customer else None)
        assert refused.value.error_args == {"message": "unauthenticated"}


# --- S-04, S-05: every way in ---------------------------------------------------------------------

AUTHS: list[Any] = [
    *(None, "", " ", [], {}, 0, True, "token", ["token"]),
    *(
        {"token": token}
        for token in (None, "", " ", "\t", "null", 0, 1, True, [], {}, ["x"], {"$ne": 1}, "x" * 201)
    ),
    *({"token": token} for token in ("\x00", "\ud800", "' OR 1=1", "%", "*", "é" * 50)),
]


def test_s05_no_token_that_is_none_opens_the_chat(app: Any, home: World, caplog: Any) -> None:
    for auth in AUTHS:
        assert not knock(app, "/chat", auth), repr(auth)
    assert caplog.text == "", "an attacker's token is no fault of ours"


def test_s04_expired_revoked_and_foreign_tokens_open_nothing(app: Any, home: World, clock: Any) -> None:
    identified, ended, old = (Visitor(app, home.inbox) for _ in range(3))
    with app.app_context(), use_workspace(home.workspace), transaction():
        chat.revoke_visitor(chat.actor_for_visitor(ended.token, door="api").session_id, "revoked")
    assert not ended.connect().is_connected
    assert ended.get("state").status_code == 401
    assert identified.connect().is_connected
    staff_token = home.desks["admin"].http.get_cookie("parley_session").value
    for token in (
        staff_token,
        home.inbox.key,
        str(home.ids["customer"]),
        old.token.swapcase(),
        old.token[:-1],
    ):
        assert not Socket(app, "/chat", auth={"token": token}).is_connected
    clock.advance(days=366)
    assert not old.connect().is_connected
    assert old.get("state").status_code == 401


def test_s04_cookies_that_open_no_page_open_no_socket(app: Any, home: World, make: Any, sign_in: Any) -> None:
    expired = make.session_token(home.staff["agent"], expires_at=app_clock.now())
    revoked = make.session_token(home.staff["agent"], revoked_at=app_clock.now())
    gone = make.session_token(make.user(workspace=home.workspace, deactivated_at=app_clock.now()))
    for token in (expired, revoked, gone, "", " ", "null", home.maria.token, "x" * 3000):
        browser = app.test_client()
        browser.set_cookie("parley_session", token)
        assert not Socket(app, "/agent", flask_test_client=browser).is_connected, token[:20]
        assert browser.get("/api/v1/me").status_code == 401, token[:20]


def test_s04_a_paused_inbox_takes_nobody_new_and_a_token_holds_in_its_own_alone(
    app: Any, home: World, make: Any
) -> None:
    other = make.inbox(workspace=home.workspace, name="Other")
    stranger = Visitor(app, other)
    socket = stranger.connect()
    answer = socket.say("comment.create", stranger.message("x", ticket_id=home.ids["ticket"]))
    assert answer["error"]["code"] == "not_found"
    paused = make.inbox(workspace=home.workspace, is_active=False)
    answer = app.test_client().post("/api/v1/chat/visitors", json={"inbox_key": paused.key})
    assert answer.status_code == 404


# --- S-07: access that ends -----------------------------------------------------------------------


def as_admin(home: World, make: Any, change: Callable[[], Any]) -> None:
    admin = make.actor(home.staff["admin"])
    with home.app.app_context(), use_workspace(home.workspace), acting_as(admin), transaction():
        change()


CHANGES: dict[str, Callable[[Any], Any]] = {
    "a lower role": lambda user: users.set_role(user.id, "viewer"),
    "a higher role": lambda user: users.set_role(user.id, "admin"),
    "no access": lambda user: users.deactivate_user(user.id),
    "another password": lambda user: users.set_password(user.id, "x" * 20),
    "signed out everywhere": lambda user: sessions.revoke_all(user.id),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_s07_the_next_command_after_access_ended_is_refused(home: World, make: Any, change: Any) -> None:
    agent, other = home.people["agent"].connect("/agent"), home.people["senior_agent"].connect("/agent")
    agent.must("ticket.open", {"ticket_id": home.ids["ticket"]})
    agent.heard()
    as_admin(home, make, lambda: change(home.staff["agent"]))
    assert not agent.is_connected
    assert [item["name"] for item in agent.client.queue] == ["session.ended"]
    assert home.people["agent"].ask("GET", "/api/v1/me").status_code == 401
    assert not home.people["agent"].connect("/agent").is_connected
    other.must("ticket.open", {"ticket_id": home.ids["ticket"]})


def test_s07_a_change_in_another_process_ends_the_socket_at_its_next_command(
    home: World, make: Any, clock: Any
) -> None:
    agent = home.people["agent"].connect("/agent")
    with home.app.app_context(), use_workspace(home.workspace), transaction() as session:
        users.user_for(home.staff["agent"].id, session=session).deactivated_at = app_clock.now()
    clock.advance(seconds=3)
    answer = agent.say("ticket.open", {"ticket_id": home.ids["ticket"]})
    assert answer["error"]["code"] == "unauthenticated"
    assert not agent.is_connected


def test_s07_a_role_that_changed_elsewhere_counts_within_two_seconds(home: World, clock: Any) -> None:
    agent = home.people["agent"].connect("/agent")
    with home.app.app_context(), use_workspace(home.workspace), transaction() as session:
        users.user_for(home.staff["agent"].id, session=session).role = "viewer"
    clock.advance(seconds=3)
    body = {"ticket_id": home.ids["ticket"], "client_id": client_id(), "content": "Hi"}
    assert agent.say("comment.create", body)["error"]["code"] == "unauthenticated", "the page loads anew"
    assert not agent.is_connected


def test_s07_signing_out_ends_this_browsers_sockets(home: World) -> None:
    agent = home.people["agent"].connect("/agent")
    home.people["agent"].ask("POST", "/sign-out")
    assert not agent.is_connected


def test_s07_a_revoked_visitor_is_refused_at_once(app: Any, home: World) -> None:
    customer = home.maria.connect()
    with app.app_context(), use_workspace(home.workspace), transaction():
        actor = chat.actor_for_visitor(home.maria.token, door="api")
        chat.revoke_visitor(actor.session_id, "revoked")
    assert not customer.is_connected
    assert home.maria.post("comments", home.maria.message("x")).status_code == 401


def test_s07_an_expired_session_is_refused_while_connected(home: World, clock: Any) -> None:
    agent, customer = home.people["agent"].connect("/agent"), home.maria.connect()
    clock.advance(days=400)
    assert agent.say("ticket.open", {"ticket_id": home.ids["ticket"]})["error"]["code"] == "unauthenticated"
    assert customer.say("chat.resume")["error"]["code"] == "unauthenticated"


def test_s05_a_look_up_without_identity_finds_no_actor(session: Any) -> None:
    for sid in ("", None, "nobody"):
        with pytest.raises(Unauthenticated):
            server.actor_for(sid, "/agent")  # type: ignore[arg-type]


# --- how much one may take ------------------------------------------------------------------------


def test_a_page_opens_so_many_tickets_without_leaving_one(app: Any, home: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(server, "OPEN_TICKETS", 3)
    agent = home.people["agent"].connect("/agent")
    ids = [Visitor(app, home.inbox).write("Hello")["ticket"]["id"] for _ in range(5)]
    answers = [agent.say("ticket.open", {"ticket_id": ticket_id}) for ticket_id in ids]
    assert [answer["ok"] for answer in answers] == [True, True, True, False, False]
    assert answers[-1]["error"]["code"] == "conflict"
    agent.must("ticket.open", {"ticket_id": ids[0]})
    agent.must("ticket.leave", {"ticket_id": ids[0]})
    agent.must("ticket.open", {"ticket_id": ids[4]})


def test_a_browser_has_so_many_sockets(home: World, monkeypatch: Any) -> None:
    monkeypatch.setitem(server.SOCKETS, rooms.AGENT, 2)
    first, second = (home.people["agent"].connect("/agent") for _ in range(2))
    assert not home.people["agent"].connect("/agent").is_connected
    assert home.people["admin"].connect("/agent").is_connected, "another browser"
    first.client.disconnect(namespace="/agent")
    assert home.people["agent"].connect("/agent").is_connected
    assert second.is_connected


@pytest.fixture
def admitted(monkeypatch: Any) -> Callable[[str, int], list[bool]]:
    """Lets so many connections of an address knock."""
    for name in ("_guests", "_strangers"):
        monkeypatch.setattr(server, name, type(getattr(server, name))())
    monkeypatch.setattr(server, "_opened", Buckets(per_second=0.001, burst=70))

    def knock(address: str, count: int) -> list[bool]:
        return [server._admit(f"{address}-{number}", address) for number in range(count)]

    return knock


def test_f18_an_address_has_so_many_strangers_and_comes_back_so_often(admitted: Any, caplog: Any) -> None:
    most = server.STRANGERS_PER_ADDRESS
    assert admitted("192.0.2.1", most + 1) == [True] * most + [False]
    assert admitted("192.0.2.2", 1) == [True]
    for guest in server._guests.values():
        guest.let_in(rooms.CHAT)
    assert admitted("192.0.2.1", 70 - most + 1) == [True] * (70 - most) + [False]
    assert admitted("192.0.2.2", 1) == [True]


@pytest.mark.parametrize("busy", [True, False], ids=["a database that is away", "a fault"])
def test_who_cannot_be_let_in_hears_so_and_may_come_again(
    home: World, busy: bool, monkeypatch: Any, caplog: Any
) -> None:
    error = OperationalError("BEGIN", {}, Exception("locked")) if busy else RuntimeError("a fault")

    def fails(*_given: Any) -> None:
        raise error

    before = len(server.connections())
    monkeypatch.setattr(presence, "connected", fails)
    assert not home.people["agent"].connect("/agent").is_connected
    assert not home.maria.connect().is_connected
    assert len(server.connections()) == before, "nothing is left of them"
    assert ("Traceback" in caplog.text) is not busy
    with home.app.test_request_context() as context, pytest.raises(Refused) as refused:
        context.request.sid, context.request.namespace = "x", "/agent"  # type: ignore[attr-defined]
        commands._answering(fails, "/agent")()
    assert refused.value.error_args == {"message": "unavailable", "data": {"code": "unavailable"}}
    monkeypatch.undo()
    assert home.people["agent"].connect("/agent").is_connected
