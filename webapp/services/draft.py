"""Drafts: what an agent has typed and not sent, kept on the server."""

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp import bus, clock
from webapp.auth import Actor, current_actor, require
from webapp.extensions import db
from webapp.models import Draft
from webapp.services.ticket.access import ticket_for
from webapp.tenancy import require_workspace_id
from webapp.upsert import put


@dataclass(frozen=True)
class DraftSaved:
    """A draft changed: for the same person's other tabs."""

    user_id: uuid.UUID
    ticket_id: uuid.UUID
    kind: str
    content: str


def save_draft(
    ticket_id: uuid.UUID, kind: str, content: str, *, session: Any = None, actor: Actor | None = None
) -> None:
    """Keeps the actor's draft for a ticket; an empty one is dropped."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "draft:write")
    ticket_for(ticket_id, "ticket:read", session=session, actor=actor)
    key = {"user_id": actor.id, "ticket_id": ticket_id, "kind": kind}
    if content.strip():
        row = {**key, "content": content, "updated_at": clock.now(), "workspace_id": require_workspace_id()}
        put(Draft, [row], keys=tuple(key), moved=("content", "updated_at"), session=session)
    else:
        session.execute(sa.delete(Draft).filter_by(**key))
    bus.announce(session, DraftSaved(actor.id, ticket_id, kind, content))  # type: ignore[arg-type]


def list_drafts(ticket_id: uuid.UUID, *, actor: Actor | None = None) -> dict[str, dict[str, str] | None]:
    """The actor's drafts of a ticket: `{reply: {content}|None, note: {content}|None}`."""
    actor = actor or current_actor()
    query = sa.select(Draft).where(Draft.ticket_id == ticket_id, Draft.user_id == actor.id)
    drafts: dict[str, dict[str, str] | None] = {"reply": None, "note": None}
    for draft in db.session.scalars(query):
        drafts[draft.kind] = {"content": draft.content}
    return drafts
