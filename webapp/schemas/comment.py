"""Comments and attachments, as each side sees them; and what a new comment may hold."""

from typing import Any

from webapp import clock
from webapp.models import Comment
from webapp.schemas.attachment import attachment_out


def comment_for_staff(comment: Comment) -> dict[str, Any]:
    """The whole comment."""
    return {
        "id": str(comment.id),
        "ticket_id": str(comment.ticket_id),
        "client_id": str(comment.client_id) if comment.client_id else None,
        "kind": comment.kind,
        "content": comment.content,
        "author": {
            "kind": comment.author_kind,
            "id": str(comment.author_id) if comment.author_id else None,
            "name": comment.author_name,
        },
        "seq": comment.seq,
        "public_seq": comment.public_seq,
        "created_at": clock.iso(comment.created_at or clock.now()),
        "withdrawn": comment.withdrawn_at is not None,
        "attachments": _attachments(comment, "staff"),
        "mail": comment.mail,
    }


def comment_for_customer(comment: Comment) -> dict[str, Any]:
    """A reply, without ids of staff; of one that was taken back, nothing. Raises `ValueError` for a note:
    none may ever leave this way.
    """
    if comment.kind != "reply":
        raise ValueError("an internal note is never shown to a customer")
    own = comment.author_kind == "customer"
    return {
        "id": str(comment.id),
        "ticket_id": str(comment.ticket_id),
        "client_id": str(comment.client_id) if own and comment.client_id else None,
        "content": "" if comment.withdrawn_at else comment.content,
        "author": {"kind": comment.author_kind, "name": comment.author_name},
        "seq": comment.public_seq,
        "created_at": clock.iso(comment.created_at or clock.now()),
        "attachments": [] if comment.withdrawn_at else _attachments(comment, "customer"),
    }


def _attachments(comment: Comment, audience: str) -> list[dict[str, Any]]:
    return [attachment_out(attachment, audience) for attachment in comment.attachments]
