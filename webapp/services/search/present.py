"""What was found, as pages and REST show it: rows with marked texts."""

from typing import Any

from webapp import clock
from webapp.models import Customer
from webapp.schemas.customer import customer_out
from webapp.schemas.ticket import ticket_row
from webapp.services.search.find import Found, TicketHit
from webapp.services.search.grammar import Query
from webapp.services.search.highlight import marked, snippet


def tickets_found(found: Found[TicketHit]) -> dict[str, Any]:
    """A page of tickets: each with its row, marked title and piece of text, and the place to open at."""
    return {"data": [_ticket_hit(hit, found.query) for hit in found.hits], "next_cursor": found.cursor}


def _ticket_hit(hit: TicketHit, query: Query) -> dict[str, Any]:
    comment, terms = hit.comment, query.marked
    text = comment.content if comment else hit.ticket.description
    return {
        "ticket": ticket_row(hit.ticket),
        "title": marked(hit.ticket.title, terms),
        "text": snippet(text, terms),
        "kind": comment.kind if comment else "ticket",
        "author": comment.author_name if comment else None,
        "at": clock.iso(comment.created_at if comment else hit.ticket.created_at),
        "seq": comment.seq if comment else None,
        "count": hit.count,
    }


def customers_found(found: Found[Customer]) -> dict[str, Any]:
    """A page of customers: each whole, with the texts that were looked in, marked."""
    terms = found.query.marked
    return {
        "data": [
            {
                "customer": customer_out(customer),
                "title": marked(customer.shown_name, terms),
                "text": marked(
                    " · ".join(filter(None, (customer.email or customer.claimed_email, customer.company))),
                    terms,
                ),
            }
            for customer in found.hits
        ],
        "next_cursor": found.cursor,
    }
