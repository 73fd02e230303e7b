"""Searching tickets and customers."""

from typing import Any

from webapp.api.doors import access, answers, staff_views
from webapp.database import read_only, transaction
from webapp.schemas.search import CustomerFound, FindQuery, TicketFound
from webapp.services import audit, search

bp = staff_views("search", __name__)


@bp.get("/search")
@access("ticket:read")
@answers(data=list[TicketFound] | list[CustomerFound], next_cursor=str | None)
def find(query: FindQuery) -> Any:
    """Tickets or customers that fit `q`; 422 names the place in it that cannot be understood."""
    if query.scope == "customers" and audit.wants_note("customer.searched"):
        with transaction():
            audit.note_access("customer.searched")
    page = {"cursor": query.cursor, "limit": query.limit}
    with read_only():
        if query.scope == "customers":
            return search.customers_found(search.search_customers(query.q, **page))
        return search.tickets_found(search.search_tickets(query.q, **page))
