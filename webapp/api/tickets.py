"""Tickets for staff."""

from typing import Any

from webapp.api.doors import access, answers, created, nothing, staff_views, takes_file, uploaded
from webapp.api.matching import matching
from webapp.database import read_only, transaction
from webapp.errors import Invalid, NotFound
from webapp.extensions import db
from webapp.models import Ticket
from webapp.schemas.attachment import attachment_out
from webapp.schemas.comment import comment_for_staff
from webapp.schemas.paging import page_out
from webapp.schemas.pushed import AttachmentOut, CommentOut, EventOut, RowOut
from webapp.schemas.snapshot import SnapshotOut, TicketsOut, WrittenOut
from webapp.schemas.ticket import ticket_row
from webapp.schemas.ticket_in import (
    AssignIn,
    CommentIn,
    CommentPath,
    CommentsQuery,
    DraftIn,
    DraftPath,
    MergeIn,
    PlaceQuery,
    QueueQuery,
    ReadIn,
    SnoozeIn,
    SpamIn,
    SplitIn,
    TicketIn,
    TicketPatch,
    TicketPath,
)
from webapp.services import attachment as attachments
from webapp.services import ticket as tickets
from webapp.services.customer import create_block, get_customer
from webapp.services.draft import save_draft
from webapp.services.event import feed_position
from webapp.services.search import search_tickets
from webapp.services.ticket.comment import CommentDraft
from webapp.services.ticket.snapshot import comment_answer, replay_ticket, ticket_snapshot

bp = staff_views("tickets", __name__)
DETAILS = {"category", "team_id", "external_id", "metadata", "tags", "fields"}
"""What a new ticket takes as it comes."""


@bp.get("/tickets")
@access("ticket:read")
@answers(200, TicketsOut)
def list_tickets(query: QueueQuery) -> Any:
    """Tickets that a search finds, that lie in a view of the queue (with the counts of all views), or all."""
    with read_only():
        if query.q.strip():
            found = _search(query)
            return page_out((hit.ticket for hit in found.hits), found.cursor, ticket_row)
        page = {"cursor": query.cursor, "limit": query.limit}
        if query.view is None:
            return page_out(*tickets.list_every_ticket(sort=query.sort or "newest", **page), ticket_row)
        listed = page_out(*tickets.list_tickets(query.view, sort=query.sort, **page), ticket_row)
        return {**listed, "counts": tickets.count_views(), "workspace_seq": feed_position()}


def _search(query: QueueQuery) -> Any:
    for name in ("view", "sort"):
        if getattr(query, name):
            raise Invalid.field(name, "A search has its own: is:unassigned, sort:newest …", where="query")
    return search_tickets(query.q, cursor=query.cursor, limit=query.limit)


@bp.post("/tickets")
@access("ticket:create")
@answers(201, ticket=RowOut, may=(409,))
def create_ticket(body: TicketIn) -> Any:
    """Opens a ticket for a customer, with the description as its first internal note or reply."""
    with transaction():
        customer = get_customer(body.customer_id) if body.customer_id else None
        if customer is None and not body.customer_email:
            raise Invalid.field("customer_email", "Name the customer")
        content = body.description.strip()
        ticket = tickets.create_ticket(
            body.title,
            content,
            body.customer_email,
            body.priority,
            customer=customer,
            customer_name=body.customer_name,
            **body.model_dump(include=DETAILS),
            first=CommentDraft(content, "note", body.client_id) if content else None,
        )
        return created({"ticket": ticket_row(ticket)})


@bp.get("/tickets/<ticket_id>")
@access("ticket:read")
@answers(200, SnapshotOut)
def read_ticket(path: TicketPath) -> Any:
    """A ticket with its newest events; the address holds its id or its number."""
    with read_only():
        return ticket_snapshot(tickets.find_ticket(path.ticket_id))


@bp.patch("/tickets/<ticket_id>")
@access("ticket:update")
@matching(read_ticket)
@answers(ticket=RowOut, may=(409,))
def update_ticket(path: TicketPath, body: TicketPatch) -> Any:
    """Sets the fields named; the others stay."""
    with transaction():
        changes = body.model_dump(exclude_unset=True)
        return _answer(tickets.update_ticket(tickets.find_ticket(path.ticket_id), **changes))


@bp.get("/tickets/<ticket_id>/events")
@access("ticket:read")
@answers(events=list[EventOut], has_more=bool, reset=bool)
def list_events(path: TicketPath, query: PlaceQuery) -> Any:
    """Events of a ticket after a sequence, or the page before one."""
    with read_only():
        found = tickets.find_ticket(path.ticket_id)
        return replay_ticket(found, after=query.after, before=query.before, limit=query.limit)


@bp.get("/tickets/<ticket_id>/comments")
@access("ticket:read")
@answers(data=list[CommentOut], next_cursor=str | None)
def list_comments(path: TicketPath, query: CommentsQuery) -> Any:
    """A ticket's replies and notes, oldest first."""
    with read_only():
        ticket = tickets.ticket_for(tickets.find_ticket(path.ticket_id), "ticket:read")
        return page_out(*tickets.list_comments(ticket, **query.model_dump()), comment_for_staff)


@bp.get("/tickets/<ticket_id>/comments/<comment_id>")
@access("ticket:read")
@answers(comment=CommentOut)
def read_comment(path: CommentPath) -> Any:
    """A reply or note."""
    with read_only():
        ticket = tickets.ticket_for(tickets.find_ticket(path.ticket_id), "ticket:read")
        return {"comment": comment_for_staff(tickets.comment_for(ticket, path.comment_id))}


@bp.post("/tickets/<ticket_id>/comments")
@access("ticket:reply")
@answers(201, WrittenOut, may=(409,))
def create_comment(path: TicketPath, body: CommentIn) -> Any:
    """Writes a reply or a note; 409 `stale` if others wrote after `seen_seq`."""
    with transaction():
        comment = tickets.add_comment(tickets.find_ticket(path.ticket_id), **body.model_dump())
        return created(comment_answer(comment))


@bp.post("/tickets/<ticket_id>/assign")
@access("ticket:assign")
@answers(ticket=RowOut, may=(409,))
def assign_ticket(path: TicketPath, body: AssignIn) -> Any:
    """Gives the ticket to an agent or team, or back to the queue."""
    with transaction():
        given = body.model_dump(exclude_unset=True)
        return _answer(tickets.assign_ticket(tickets.find_ticket(path.ticket_id), **given))


@bp.post("/tickets/<ticket_id>/spam")
@access("ticket:spam")
@answers(ticket=RowOut, may=(409,))
def mark_spam(path: TicketPath, body: SpamIn) -> Any:
    """Puts a ticket away as spam, perhaps blocking its customer, or fetches it back."""
    with transaction():
        ticket_id = tickets.find_ticket(path.ticket_id)
        if body.block and body.spam:  # first: customers are locked before their tickets, everywhere
            known = tickets.ticket_for(ticket_id, "ticket:spam")
            create_block(customer_id=known.customer_id, reason=f"Spam in #{known.number}")
        return _answer(tickets.mark_spam(ticket_id, body.spam))


@bp.get("/tickets/counts")
@access("ticket:read")
@answers(counts=dict[str, int], workspace_seq=int)
def count_tickets() -> Any:
    """How many tickets lie in each view: some come and go by the clock alone."""
    with read_only():
        return {"counts": tickets.count_views(), "workspace_seq": feed_position()}


@bp.post("/tickets/<ticket_id>/snooze")
@access("ticket:snooze")
@answers(ticket=RowOut, may=(409,))
def snooze_ticket(path: TicketPath, body: SnoozeIn) -> Any:
    """Puts a ticket off until a time, or until its customer writes."""
    with transaction():
        ticket_id = tickets.find_ticket(path.ticket_id)
        return _answer(tickets.snooze_ticket(ticket_id, body.until, wakes_on_reply=body.wakes_on_reply))


@bp.post("/tickets/<ticket_id>/wake")
@access("ticket:snooze")
@answers(ticket=RowOut, may=(409,))
def wake_ticket(path: TicketPath) -> Any:
    """Puts a snoozed ticket back on the queue."""
    with transaction():
        return _answer(tickets.unsnooze_ticket(tickets.find_ticket(path.ticket_id)))


@bp.post("/tickets/<ticket_id>/merge")
@access("ticket:merge")
@answers(ticket=RowOut, may=(409,))
def merge_ticket(path: TicketPath, body: MergeIn) -> Any:
    """Merges a ticket into another, by id or number; answers the other."""
    with transaction():
        ticket_id = tickets.find_ticket(path.ticket_id)
        try:
            into_id = tickets.find_ticket(body.into.strip().removeprefix("#"))
        except NotFound:
            raise Invalid.field("into", "There is no such ticket") from None
        return _answer(tickets.merge_ticket(ticket_id, into_id))


@bp.post("/tickets/<ticket_id>/unmerge")
@access("ticket:merge")
@answers(ticket=RowOut, may=(409,))
def unmerge_ticket(path: TicketPath) -> Any:
    """Takes a merge back; answers the ticket that stands on its own again."""
    with transaction():
        return _answer(tickets.unmerge_ticket(tickets.find_ticket(path.ticket_id)))


@bp.post("/tickets/<ticket_id>/split")
@access("ticket:merge")
@answers(201, ticket=RowOut, may=(409,))
def split_ticket(path: TicketPath, body: SplitIn) -> Any:
    """Makes a new ticket of some comments; answers the new one."""
    with transaction():
        ticket_id = tickets.find_ticket(path.ticket_id)
        ticket = tickets.split_ticket(ticket_id, body.comment_ids, body.title)
        return created(_answer(ticket))


@bp.post("/tickets/<ticket_id>/read")
@access("ticket:read")
@answers(204)
def mark_read(path: TicketPath, body: ReadIn) -> Any:
    """Moves our side's read mark."""
    with transaction():
        tickets.mark_read(tickets.find_ticket(path.ticket_id), seen=body.seq)
    return nothing()


@bp.put("/tickets/<ticket_id>/drafts/<kind>")
@access("draft:write")
@answers(content=str)
def put_draft(path: DraftPath, body: DraftIn) -> Any:
    """Keeps a draft; an empty one is dropped."""
    with transaction():
        save_draft(tickets.find_ticket(path.ticket_id), path.kind, body.content)
    return {"content": body.content}


@bp.post("/tickets/<ticket_id>/attachments")
@access("ticket:reply")
@answers(201, AttachmentOut)
@takes_file
def create_attachments(path: TicketPath) -> Any:
    """Takes a file for a comment that is being written."""
    name, data, client_id = uploaded()
    with read_only():
        ticket_id = tickets.ticket_for(tickets.find_ticket(path.ticket_id), "ticket:reply").id
    with attachments.stored_file(name, data) as (checked, key), transaction():
        ticket = db.session.get(Ticket, ticket_id)
        row = attachments.add_attachment(checked, key, client_id=client_id, ticket=ticket)
        return created(attachment_out(row, "staff"))


def _answer(ticket: Ticket) -> Any:
    db.session.flush()
    return {"ticket": ticket_row(ticket)}
