"""What a browser may say over the socket: the same schemas and services as REST, another door."""

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from flask import request
from flask_socketio import ConnectionRefusedError as Refused
from flask_socketio import join_room, leave_room
from pydantic import ValidationError

from webapp import metrics
from webapp.assets import BOARD_SCRIPT, dist
from webapp.auth import Actor, acting_as, current_actor, require, session_cookie_name
from webapp.config import settings
from webapp.database import AWAY, read_only, transaction
from webapp.errors import INTERNAL, AppError, Unavailable, from_pydantic
from webapp.extensions import socketio
from webapp.realtime import boards, late, presence, rooms, server
from webapp.schemas import chat as said_by_customers
from webapp.schemas import ticket_in as said_by_staff
from webapp.schemas.now import ScreenIn
from webapp.schemas.text import Strict
from webapp.services import chat, live
from webapp.services import ticket as tickets
from webapp.services import user as users
from webapp.services.chat import limits
from webapp.services.chat.present import message_answer
from webapp.services.session import actor_for_token
from webapp.services.ticket.comment import CommentDraft
from webapp.services.ticket.snapshot import comment_answer, ticket_snapshot
from webapp.services.wallboard import actor_for_link, note_opening
from webapp.tenancy import use_workspace

log = logging.getLogger(__name__)
AGENT, CHAT, TV = rooms.AGENT, rooms.CHAT, rooms.TV


@dataclass(frozen=True)
class Command:
    """One thing a browser may say: its schema and the permission it takes."""

    name: str
    namespace: str
    schema: type[Strict]
    access: str
    run: Callable[..., Any]


COMMANDS: dict[tuple[str, str], Command] = {}


def command(name: str, namespace: str, schema: type[Strict], access: str) -> Callable[..., Any]:
    """Registers a handler; its answer becomes the ack's `data`."""

    def register(handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
        COMMANDS[namespace, name] = Command(name, namespace, schema, access, handler)
        return handler

    return register


@contextmanager
def inside(actor: Actor) -> Any:
    """In the actor's workspace, as the actor."""
    with ExitStack() as doors:
        doors.enter_context(use_workspace(actor.workspace_id))
        doors.enter_context(acting_as(actor))
        yield


def run_command(said: Command, payload: Any) -> dict[str, Any]:
    """Runs a command for this socket's actor; answers the ack, whatever happens."""
    began = time.perf_counter()
    answer = _answer(said, payload)
    labels = said.name, "yes" if answer["ok"] else "no"
    metrics.COMMANDS.labels(*labels).observe(time.perf_counter() - began)
    return answer


def _answer(said: Command, payload: Any) -> dict[str, Any]:
    try:
        actor = server.actor_for(_sid(), said.namespace)
        with inside(actor):
            require(actor, said.access)
            body = said.schema.model_validate(payload if payload is not None else {})
            return {"ok": True, "data": _run(said, body) or {}}
    except AppError as error:
        return {"ok": False, "error": error.to_dict()}
    except ValidationError as error:
        return {"ok": False, "error": from_pydantic(error).to_dict()}
    except AWAY as error:
        log.error("database unavailable: %s", type(error).__name__)  # noqa: TRY400 - no traceback a message
        return {"ok": False, "error": Unavailable("The service is busy; please try again").to_dict()}
    except Exception:
        log.exception("command %s failed", said.name)
        return {"ok": False, "error": INTERNAL}


def _run(said: Command, body: Any) -> Any:
    """Once more where its row met one that somebody else was writing: now it sees it, as in REST."""
    try:
        return said.run(body)
    except sa.exc.IntegrityError:
        return said.run(body)


def _sid() -> str:
    return str(request.sid)  # type: ignore[attr-defined]


# --- staff ----------------------------------------------------------------------------------------


def connect_staff(_auth: Any = None) -> None:
    """Lets staff in by their session cookie and joins what every agent hears."""
    token = request.cookies.get(session_cookie_name(settings().is_secure))
    actor = _admitted(lambda: actor_for_token(token, door="socket"), AGENT)
    join_room(rooms.staff(actor.workspace_id))
    join_room(rooms.user(actor.id))
    join_room(rooms.session(actor.session_id))
    presence.connected(actor, _sid())


@command("ticket.open", AGENT, said_by_staff.TicketCommand, "ticket:read")
def open_ticket(body: said_by_staff.TicketCommand) -> Any:
    """Joins first, then reads: what is written in between arrives, and is dropped as known."""
    server.check_room_for(body.ticket_id, _sid())
    with read_only():
        tickets.ticket_for(body.ticket_id, "ticket:read")
    join_room(rooms.ticket_staff(body.ticket_id))
    with read_only():
        return ticket_snapshot(body.ticket_id)


@command("ticket.leave", AGENT, said_by_staff.TicketCommand, "ticket:read")
def leave_ticket(body: said_by_staff.TicketCommand) -> Any:
    """Stops hearing a ticket."""
    leave_room(rooms.ticket_staff(body.ticket_id))
    presence.left(current_actor(), body.ticket_id, _sid())


@command("comment.create", AGENT, said_by_staff.CommentCommand, "ticket:reply")
def create_comment(body: said_by_staff.CommentCommand) -> Any:
    """Writes a reply or a note."""
    with transaction():
        return comment_answer(tickets.add_comment(**body.model_dump()))


@command("ticket.read", AGENT, said_by_staff.ReadCommand, "ticket:read")
def read_by_staff(body: said_by_staff.ReadCommand) -> Any:
    """Moves our side's read mark."""
    with transaction():
        tickets.mark_read(body.ticket_id, seen=body.seq)


@command("typing.update", AGENT, said_by_staff.TypingCommand, "presence:share")
def type_by_staff(body: said_by_staff.TypingCommand) -> Any:
    """Shows that the agent types."""
    with read_only():
        live.show_typing(body.ticket_id, typing=body.typing, kind=body.kind)


@command("presence.update", AGENT, said_by_staff.ViewingCommand, "ticket:read")
def view_ticket(body: said_by_staff.ViewingCommand) -> Any:
    """Shows which ticket the agent is on, and whether they write."""
    with read_only():
        tickets.ticket_for(body.ticket_id, "ticket:read")
    presence.viewing(current_actor(), body.ticket_id, body.state, _sid())


@command("availability.set", AGENT, said_by_staff.AvailabilityCommand, "presence:share")
def set_availability(body: said_by_staff.AvailabilityCommand) -> Any:
    """Sets one's own availability."""
    with transaction():
        users.set_availability(body.availability, body.reason)


# --- customers ------------------------------------------------------------------------------------


def connect_customer(auth: Any = None) -> None:
    """Lets a customer in by the token in `auth` and joins what is theirs alone."""
    try:
        given = said_by_customers.ConnectIn.model_validate(auth)
    except ValidationError:
        raise _stranger(CHAT) from None
    address = request.remote_addr  # limits and blocks go by where they are now

    def identify() -> Actor:
        return replace(chat.actor_for_visitor(given.token, door="socket"), address=address)

    actor = _admitted(identify, CHAT)
    join_room(rooms.customer(actor.id, actor.inbox_id))
    join_room(rooms.visitor(actor.session_id))
    join_room(rooms.customers(actor.inbox_id))
    if given.page:
        with inside(actor), transaction():
            chat.update_page(actor, given.page.model_dump())
    presence.connected(actor, _sid())


@command("chat.resume", CHAT, said_by_customers.NothingIn, "chat:read")
def resume_chat(_body: said_by_customers.NothingIn) -> Any:
    """The state to start from; the socket has joined before, so nothing falls between."""
    with read_only():
        return chat.chat_state()


@command("comment.create", CHAT, said_by_customers.MessageIn, "chat:write")
def write_message(body: said_by_customers.MessageIn) -> Any:
    """Writes a message: joins the open chat or begins one."""
    with read_only():
        begins = chat.begins_chat(body.ticket_id)
    limits.count_message(current_actor(), begins=begins)
    with transaction():
        draft = CommentDraft(body.content, "reply", body.client_id, tuple(body.attachment_ids))
        written = chat.send_message(
            draft, ticket_id=body.ticket_id, prechat=dict(body.prechat), consent=body.consent
        )
        return message_answer(*written)


@command("ticket.read", CHAT, said_by_customers.MarkIn, "chat:read")
def read_by_customer(body: said_by_customers.MarkIn) -> Any:
    """Moves the customer's marks."""
    with transaction():
        tickets.mark_read(body.ticket_id, seen=body.seen, delivered=body.delivered)


@command("typing.update", CHAT, said_by_customers.TypingIn, "chat:write")
def type_by_customer(body: said_by_customers.TypingIn) -> Any:
    """Shows that the customer types."""
    with read_only():
        live.show_typing(body.ticket_id, typing=body.typing)


@command("ticket.end", CHAT, said_by_customers.EndIn, "chat:write")
def end_chat(body: said_by_customers.EndIn) -> Any:
    """Ends the chat."""
    with transaction():
        return {"ticket": chat.customer_ticket(tickets.end_chat(body.ticket_id))}


@command("page.update", CHAT, said_by_customers.PageIn, "chat:write")
def update_page(body: said_by_customers.PageIn) -> Any:
    """Notes which page the visitor is on now."""
    with transaction():
        page = chat.update_page(current_actor(), body.model_dump())
    presence.moved(current_actor(), page)


# --- the live board -------------------------------------------------------------------------------


def connect_screen(auth: Any = None) -> None:
    """Lets a screen in by its link's token: to the live board, and to nothing else."""
    try:
        given = ScreenIn.model_validate(auth)
    except ValidationError:
        raise _stranger(TV) from None
    actor = _admitted(lambda: actor_for_link(given.token, door="socket"), TV)
    assert actor.id is not None
    with transaction():
        note_opening(actor.id)


@command("now.watch", AGENT, said_by_customers.NothingIn, "report:read")
@command("now.watch", TV, said_by_customers.NothingIn, "wallboard:watch")
def watch_board(_body: said_by_customers.NothingIn) -> Any:
    """The live board as it is, and from now on what changes on it."""
    return {**boards.begin(current_actor(), _sid()), "version": dist(BOARD_SCRIPT)}


@command("now.leave", AGENT, said_by_customers.NothingIn, "report:read")
@command("now.leave", TV, said_by_customers.NothingIn, "wallboard:watch")
def leave_board(_body: said_by_customers.NothingIn) -> Any:
    """Stops hearing of the board: the page is not looked at."""
    boards.end(_sid())


@command("health.watch", AGENT, said_by_customers.NothingIn, "report:read")
def watch_health(_body: said_by_customers.NothingIn) -> Any:
    """How jobs, timers and periodic work stand, and from now on what changes."""
    return boards.begin(current_actor(), _sid(), boards.HEALTH)


@command("health.leave", AGENT, said_by_customers.NothingIn, "report:read")
def leave_health(_body: said_by_customers.NothingIn) -> Any:
    """Stops hearing of it: the page is not looked at."""
    boards.end(_sid())


# --- all -----------------------------------------------------------------------------------------


def _admitted(identify: Callable[[], Actor], namespace: str) -> Actor:
    """Who connects; refuses, in words that tell nothing, whoever it is not."""
    try:
        with read_only():
            actor = identify()
        server.register(_sid(), namespace, actor, identify)
    except AppError as error:
        server.refused(_sid(), namespace)
        raise _refusal(error.code) from None
    late.follow(actor.workspace_id)
    return actor


def _stranger(namespace: str) -> Refused:
    server.refused(_sid(), namespace)
    return Refused("unauthenticated")


def disconnect(namespace: str) -> Callable[..., None]:
    """What happens when a socket of that namespace has gone."""

    def gone(_reason: Any = None) -> None:
        boards.end(_sid())
        actor = server.forget(_sid(), namespace)
        if actor is not None and namespace != TV:
            presence.disconnected(actor, _sid())

    return gone


def register() -> None:
    """Registers everything with Flask-SocketIO, so that its test client sees it too."""
    for (namespace, name), said in COMMANDS.items():
        socketio.on_event(name, _entrance(said), namespace=namespace)
    for namespace, connect in ((AGENT, connect_staff), (CHAT, connect_customer), (TV, connect_screen)):
        socketio.on_event("connect", _answering(connect, namespace), namespace=namespace)
        socketio.on_event("disconnect", disconnect(namespace), namespace=namespace)


def _answering(connect: Callable[[Any], None], namespace: str) -> Callable[..., None]:
    """Somebody who cannot be let in hears so and comes again; they would wait for an answer for ever."""

    def enter(auth: Any = None) -> None:
        try:
            connect(auth)
        except Refused:
            raise
        except Exception as error:
            log.error("connecting failed: %s", type(error).__name__, exc_info=not isinstance(error, AWAY))  # noqa: TRY400
            disconnect(namespace)()
            raise _refusal("unavailable") from None

    return enter


def _refusal(code: str) -> Refused:
    """A code alone; of what passes with a mark by which the page comes again by itself."""
    return Refused(code, {"code": code}) if code in ("unavailable", "rate_limited") else Refused(code)


def _entrance(said: Command) -> Callable[..., dict[str, Any]]:
    def entrance(*payload: Any) -> dict[str, Any]:
        return run_command(said, payload[0] if payload else None)

    return entrance


__all__ = ["COMMANDS", "register"]
