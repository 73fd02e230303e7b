"""What hangs on a ticket beside its comments: links, followers, history, the trash."""

import uuid
from typing import Any, Literal

from webapp.api.doors import access, answers, created, nothing, staff_views
from webapp.database import read_only, transaction
from webapp.schemas.link import LinkIn, LinkOut, LinkPath, link_out
from webapp.schemas.paging import page_out
from webapp.schemas.pushed import RowOut
from webapp.schemas.snapshot import HistoryOut
from webapp.schemas.text import Line, Strict
from webapp.schemas.ticket import ticket_row
from webapp.schemas.ticket_in import PlaceQuery, TicketPath
from webapp.services import ticket as tickets

bp = staff_views("links", __name__, "/api/v1/tickets")


class FollowerPath(Strict):
    """`me` is whoever asks."""

    ticket_id: Line
    user_id: uuid.UUID | Literal["me"]


@bp.get("/<ticket_id>/links")
@access("ticket:read")
@answers(data=list[LinkOut], next_cursor=str | None)
def list_links(path: TicketPath) -> Any:
    """What other tickets are to this one."""
    with read_only():
        return _links(tickets.find_ticket(path.ticket_id))


@bp.post("/<ticket_id>/links")
@access("ticket:update")
@answers(201, data=list[LinkOut], next_cursor=str | None, may=(409,))
def create_link(path: TicketPath, body: LinkIn) -> Any:
    """Links another ticket: it is the `kind` of this one."""
    with transaction():
        ticket_id = tickets.find_ticket(path.ticket_id)
        tickets.link_tickets(ticket_id, tickets.find_ticket(body.ticket, field="ticket"), body.kind)
        return created(_links(ticket_id))


@bp.delete("/<ticket_id>/links/<link_id>")
@access("ticket:update")
@answers(204)
def delete_link(path: LinkPath) -> Any:
    """Cuts a link."""
    with transaction():
        tickets.unlink_tickets(tickets.find_ticket(path.ticket_id), path.link_id)
    return nothing()


def _links(ticket_id: uuid.UUID) -> dict[str, Any]:
    return page_out(tickets.list_links(ticket_id), None, lambda found: link_out(*found))


@bp.get("/<ticket_id>/followers")
@access("ticket:read")
@answers(followers=list[uuid.UUID])
def list_followers(path: TicketPath) -> Any:
    """Who follows the ticket."""
    with read_only():
        ticket = tickets.ticket_for(tickets.find_ticket(path.ticket_id), "ticket:read")
        return _followers(tickets.follower_ids(ticket.id))


@bp.put("/<ticket_id>/followers/<user_id>")
@access("ticket:read")
@answers(followers=list[uuid.UUID])
def follow(path: FollowerPath) -> Any:
    """Makes somebody follow the ticket; anybody may do so for themselves."""
    with transaction():
        return _followers(tickets.follow(tickets.find_ticket(path.ticket_id), _named(path)))


@bp.delete("/<ticket_id>/followers/<user_id>")
@access("ticket:read")
@answers(followers=list[uuid.UUID])
def unfollow(path: FollowerPath) -> Any:
    """Ends somebody's following."""
    with transaction():
        return _followers(tickets.unfollow(tickets.find_ticket(path.ticket_id), _named(path)))


def _named(path: FollowerPath) -> uuid.UUID | None:
    return None if isinstance(path.user_id, str) else path.user_id


def _followers(ids: list[uuid.UUID]) -> dict[str, Any]:
    return {"followers": [str(user_id) for user_id in ids]}


@bp.get("/<ticket_id>/history")
@access("ticket:read")
@answers(data=list[HistoryOut], has_more=bool)
def list_history(path: TicketPath, query: PlaceQuery) -> Any:
    """Who changed what, newest first; `before` a sequence for older ones."""
    with read_only():
        found = tickets.find_ticket(path.ticket_id)
        entries, has_more = tickets.list_history(found, before=query.before, limit=query.limit)
        return {"data": entries, "has_more": has_more}


@bp.delete("/<ticket_id>")
@access("ticket:delete")
@answers(204)
def delete_ticket(path: TicketPath) -> Any:
    """Puts the ticket in the trash."""
    with transaction():
        tickets.delete_ticket(tickets.find_ticket(path.ticket_id))
    return nothing()


@bp.post("/<ticket_id>/restore")
@access("ticket:restore")
@answers(ticket=RowOut)
def restore_ticket(path: TicketPath) -> Any:
    """Takes the ticket out of the trash."""
    with transaction():
        return {"ticket": ticket_row(tickets.restore_ticket(tickets.find_ticket(path.ticket_id)))}
