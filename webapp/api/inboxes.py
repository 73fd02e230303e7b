"""Inboxes: where customers write from."""

from typing import Any

from webapp.api.doors import access, answers, created, staff_views
from webapp.api.matching import matching
from webapp.database import read_only, transaction
from webapp.schemas.inbox import InboxIn, InboxOut, InboxPatch, inbox_out
from webapp.schemas.paging import PageQuery, cut, page_out
from webapp.schemas.ticket_in import IdPath
from webapp.services import inbox as inboxes

bp = staff_views("inboxes_api", __name__)


@bp.get("/inboxes")
@access("inbox:manage")
@answers(data=list[InboxOut], next_cursor=str | None)
def list_inboxes(query: PageQuery) -> Any:
    """The inboxes by name."""
    with read_only():
        page, cursor = cut(inboxes.list_inboxes(), query, lambda row: (row.name, str(row.id)), str, str)
        return page_out(page, cursor, inbox_out)


@bp.post("/inboxes")
@access("inbox:manage")
@answers(201, inbox=InboxOut, may=(409,))
def create_inbox(body: InboxIn) -> Any:
    """Makes an inbox with a public key of its own."""
    with transaction():
        made = inboxes.create_inbox(channel=body.channel, **body.columns())
        return created({"inbox": inbox_out(made)})


@bp.get("/inboxes/<id>")
@access("inbox:manage")
@answers(inbox=InboxOut)
def read_inbox(path: IdPath) -> Any:
    """An inbox with its settings; its identity secret is shown on its page alone."""
    with read_only():
        return {"inbox": inbox_out(inboxes.inbox_for(path.id))}


@bp.patch("/inboxes/<id>")
@access("inbox:manage")
@matching(read_inbox)
@answers(inbox=InboxOut, may=(409,))
def update_inbox(path: IdPath, body: InboxPatch) -> Any:
    """Sets what is named."""
    with transaction():
        found = inboxes.inbox_for(path.id, lock=True)
        return {"inbox": inbox_out(inboxes.update_inbox(path.id, **body.over(found)))}


@bp.post("/inboxes/<id>/key")
@access("inbox:manage")
@answers(inbox=InboxOut)
def rotate_inbox_key(path: IdPath) -> Any:
    """Gives it a new public key; snippets with the old one stop working."""
    with transaction():
        return {"inbox": inbox_out(inboxes.rotate_key(path.id))}
