"""Mail for staff: taking a reply back, sending a failed one again, transcripts."""

import uuid
from typing import Any, Literal

from flask import Response

from webapp.api.doors import access, answers, staff_views
from webapp.database import read_only, transaction
from webapp.schemas.comment import comment_for_staff
from webapp.schemas.mail import delivery_out
from webapp.schemas.pushed import CommentOut, DeliveryOut
from webapp.schemas.text import Line, Strict
from webapp.schemas.ticket_in import CommentPath
from webapp.services import ticket as tickets
from webapp.services.email import delivery, transcript

bp = staff_views("mail", __name__)
TYPES = {"txt": "text/plain", "html": "text/html"}


class MailTicketPath(Strict):
    ticket_id: Line


class DeliveryPath(Strict):
    id: uuid.UUID


class TranscriptQuery(Strict):
    format: Literal["txt", "html"] = "txt"


@bp.post("/tickets/<ticket_id>/comments/<comment_id>/withdraw")
@access("ticket:reply")
@answers(comment=CommentOut, may=(409,))
def withdraw_comment(path: CommentPath) -> Any:
    """Takes one's own reply back before it is mailed; 409 `already_sent` once it is on its way."""
    with transaction():
        comment = tickets.withdraw_comment(tickets.find_ticket(path.ticket_id), path.comment_id)
        return {"comment": comment_for_staff(comment)}


@bp.post("/deliveries/<id>/retry")
@access("ticket:reply")
@answers(delivery=DeliveryOut, may=(409,))
def retry_delivery(path: DeliveryPath) -> Any:
    """Sends a failed mail again."""
    with transaction():
        return {"delivery": delivery_out(delivery.retry_delivery(path.id))}


@bp.get("/tickets/<ticket_id>/transcript")
@access("ticket:read")
@answers(file="text/plain")
@answers(file="text/html")
def read_transcript(path: MailTicketPath, query: TranscriptQuery) -> Any:
    """The conversation as a file, without its notes."""
    with read_only():
        ticket = tickets.ticket_for(tickets.find_ticket(path.ticket_id), "ticket:read")
        content = transcript.transcript_file(ticket, query.format)
        name = f"conversation-{ticket.number}.{query.format}"
    answer = Response(content, mimetype=TYPES[query.format])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer


@bp.post("/tickets/<ticket_id>/transcript")
@access("ticket:reply")
@answers(delivery=DeliveryOut, may=(409,))
def mail_transcript(path: MailTicketPath) -> Any:
    """Mails the conversation to its customer."""
    with transaction():
        sent = transcript.mail_transcript(tickets.find_ticket(path.ticket_id))
        return {"delivery": delivery_out(sent)}
