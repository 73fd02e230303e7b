"""Searching tickets and customers."""

from typing import Any

from flask_openapi3 import APIBlueprint

from webapp.api.doors import access, enter_staff, leave
from webapp.database import read_only
from webapp.schemas.search import FindQuery
from webapp.services import search

bp = APIBlueprint("search", __name__, url_prefix="/api/v1")
bp.before_request(enter_staff)
bp.teardown_request(leave)


@bp.get("/search")
@access("ticket:read")
def find(query: FindQuery) -> Any:
    """Tickets or customers that fit `q`; 422 names the place in it that cannot be understood."""
    page = {"cursor": query.cursor, "limit": query.limit}
    with read_only():
        if query.scope == "customers":
            return search.customers_found(search.search_customers(query.q, **page))
        return search.tickets_found(search.search_tickets(query.q, **page))
