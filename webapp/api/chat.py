"""The customer's chat over REST: for starting, for files, and where websockets are blocked."""

from typing import Any

from flask import request

from webapp.api.doors import (
    access,
    answers,
    bearer_token,
    created,
    nothing,
    takes_file,
    uploaded,
    visitor_views,
)
from webapp.auth import current_actor
from webapp.browser import describe_client
from webapp.database import read_only, transaction
from webapp.errors import NotFound
from webapp.schemas.attachment import attachment_out
from webapp.schemas.chat import (
    ContinueIn,
    EndIn,
    IdentifyIn,
    MarkIn,
    MessageIn,
    ReplayQuery,
    TypingIn,
    VisitorIn,
)
from webapp.schemas.pushed import AttachmentOut, CustomerEventOut
from webapp.schemas.snapshot import ChatReplayOut, ChatStateOut, CustomerTicketOut, VisitorOut
from webapp.services import attachment as attachments
from webapp.services import chat, live
from webapp.services import ticket as tickets
from webapp.services.chat import limits
from webapp.services.chat.present import message_answer
from webapp.services.chat.resume import continue_chat
from webapp.services.email.transcript import mail_transcript
from webapp.services.ticket.comment import CommentDraft
from webapp.signing import open_continue_token
from webapp.tenancy import use_workspace

bp = visitor_views("chat", __name__, "/api/v1/chat")


@bp.after_request
def open_to_host_pages(response: Any) -> Any:
    """Lets the loader, which runs on the host's page, ask for the unread count: a bearer token, no cookie."""
    if request.path.endswith("/unread"):
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Allow-Headers"] = "Authorization"
        response.headers["Access-Control-Max-Age"] = "86400"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@bp.post("/visitors")
@access("public")
@answers(201, token=str)
def create_visitor(body: VisitorIn) -> Any:
    """A new visitor's token for an inbox."""
    limits.count_visitor(request.remote_addr or "")
    with read_only():
        inbox = chat.inbox_by_key(body.inbox_key)
        workspace_id = inbox.workspace_id
    with use_workspace(workspace_id), transaction():
        token = chat.create_visitor(
            chat.inbox_by_key(body.inbox_key),
            locale=body.locale,
            page=body.page.model_dump() if body.page else None,
            client=describe_client(request.headers.get("User-Agent", "")),
            address=request.remote_addr or "",
        )
    return created({"token": token})


@bp.post("/identify")
@access("public")
@answers(token=str, visitor=VisitorOut)
def identify(body: IdentifyIn) -> Any:
    """Who the visitor is, by the host site's signature; the old token ends, the new one is answered."""
    limits.count_identify(request.remote_addr or "")
    with read_only():
        inbox = chat.inbox_by_key(body.inbox_key)
        workspace_id = inbox.workspace_id
    visitor = current_actor() if bearer_token() else None
    with use_workspace(workspace_id), transaction():
        token, customer = chat.identify(
            chat.inbox_by_key(body.inbox_key),
            token=body.jwt,
            identifier=body.identifier,
            signature=body.hash,
            email=body.email,
            name=body.name,
            visitor=visitor,
            client=describe_client(request.headers.get("User-Agent", "")),
            address=request.remote_addr or "",
        )
        shown = {"name": customer.name, "email": customer.email, "verified": customer.is_verified}
    return {"token": token, "visitor": shown}


@bp.get("/state")
@access("visitor")
@answers(200, ChatStateOut)
def read_state() -> Any:
    """The state to start from."""
    with read_only():
        return chat.chat_state()


@bp.get("/unread")
@access("visitor")
@answers(unread=int, open=bool)
def read_unread() -> Any:
    """Whether there is an open chat, and how much of it is new."""
    with read_only():
        return chat.unread_state()


@bp.post("/comments")
@access("visitor")
@answers(201, event=CustomerEventOut, ticket=CustomerTicketOut, may=(409,))
def create_comment(body: MessageIn) -> Any:
    """Writes a message: joins the open chat or begins one."""
    with read_only():
        begins = chat.begins_chat(body.ticket_id)
    limits.count_message(current_actor(), begins=begins)
    with transaction():
        draft = CommentDraft(body.content, "reply", body.client_id, tuple(body.attachment_ids))
        comment, ticket = chat.send_message(
            draft, ticket_id=body.ticket_id, prechat=dict(body.prechat), consent=body.consent
        )
        return created(message_answer(comment, ticket))


@bp.post("/read")
@access("visitor")
@answers(204)
def mark_read(body: MarkIn) -> Any:
    """Moves the customer's marks."""
    with transaction():
        tickets.mark_read(body.ticket_id, seen=body.seen, delivered=body.delivered)
    return nothing()


@bp.post("/typing")
@access("visitor")
@answers(204)
def set_typing(body: TypingIn) -> Any:
    """Shows the agent that something is being typed."""
    with read_only():
        live.show_typing(body.ticket_id, typing=body.typing)
    return nothing()


@bp.post("/end")
@access("visitor")
@answers(ticket=CustomerTicketOut, may=(409,))
def end_chat(body: EndIn) -> Any:
    """Ends the chat."""
    with transaction():
        return {"ticket": chat.customer_ticket(tickets.end_chat(body.ticket_id))}


@bp.post("/attachments")
@access("visitor")
@answers(201, AttachmentOut)
@takes_file
def create_attachments() -> Any:
    """Takes a file for a message that is being written."""
    name, data, client_id = uploaded()
    limits.count_attachment(current_actor())
    with attachments.stored_file(name, data) as (checked, key), transaction():
        return created(
            attachment_out(attachments.add_attachment(checked, key, client_id=client_id), "customer")
        )


@bp.get("/events")
@access("visitor")
@answers(200, ChatReplayOut, may=(404,))
def list_events(query: ReplayQuery) -> Any:
    """Events of a chat after a sequence, or the page before one."""
    with read_only():
        return chat.replay(query.ticket, after=query.after, before=query.before, limit=query.limit)


@bp.post("/transcript")
@access("chat:read")
@answers(204, may=(409,))
def send_transcript(body: EndIn) -> Any:
    """Mails the conversation to its customer's own address."""
    with transaction():
        mail_transcript(body.ticket_id)
    return nothing()


@bp.post("/continue")
@access("public")
@answers(201, token=str)
def continue_from_link(body: ContinueIn) -> Any:
    """A visitor token for the chat that a mail's link names."""
    limits.count_visitor(request.remote_addr or "")
    claim = open_continue_token(body.token)
    if claim is None:
        raise NotFound("This link opens nothing any more")
    workspace_id, ticket_id, customer_id = claim
    with use_workspace(workspace_id), transaction():
        token = continue_chat(ticket_id, customer_id, address=request.remote_addr or "")
    return created({"token": token})
