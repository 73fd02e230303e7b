"""Files of tickets. They come in by `POST /tickets/<ticket_id>/attachments`."""

from typing import Any

from flask import redirect

from webapp.api.doors import access, answers, staff_views
from webapp.database import read_only
from webapp.schemas.attachment import attachment_out
from webapp.schemas.paging import PageQuery, cut, page_out
from webapp.schemas.pushed import AttachmentOut
from webapp.schemas.ticket_in import IdPath, TicketPath
from webapp.services import attachment as attachments
from webapp.services import ticket as tickets

bp = staff_views("files_api", __name__)


@bp.get("/tickets/<ticket_id>/attachments")
@access("ticket:read")
@answers(data=list[AttachmentOut], next_cursor=str | None)
def list_attachments(path: TicketPath, query: PageQuery) -> Any:
    """The files on a ticket's comments, in the order in which they came."""
    with read_only():
        ticket = tickets.ticket_for(tickets.find_ticket(path.ticket_id), "ticket:read")
        page, cursor = cut(attachments.list_attachments(ticket), query, lambda row: (str(row.id),), str)
        return page_out(page, cursor, lambda row: attachment_out(row, "staff"))


@bp.get("/attachments/<id>")
@access("ticket:read")
@answers(attachment=AttachmentOut)
def read_attachment(path: IdPath) -> Any:
    """A file's name, type and size; `url` gives it out for 15 minutes to whoever has that address."""
    with read_only():
        return {"attachment": attachment_out(attachments.attachment_for(path.id), "staff")}


@bp.get("/attachments/<id>/file")
@access("ticket:read")
@answers(302, file="text/html")
def read_file(path: IdPath) -> Any:
    """Leads to the file itself."""
    with read_only():
        return redirect(attachment_out(attachments.attachment_for(path.id), "staff")["url"])
