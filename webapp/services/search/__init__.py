"""Full-text search over tickets, comments and customers, on both databases."""

from webapp.services.search.conditions import json_contains
from webapp.services.search.find import Found, TicketHit, search_customers, search_tickets
from webapp.services.search.grammar import parse
from webapp.services.search.highlight import marked, snippet
from webapp.services.search.index import (
    comment_document,
    customer_document,
    follow_moves,
    mend,
    rebuild,
    ticket_document,
    write_documents,
)
from webapp.services.search.present import customers_found, tickets_found

__all__ = [
    "Found",
    "TicketHit",
    "comment_document",
    "customer_document",
    "customers_found",
    "follow_moves",
    "json_contains",
    "marked",
    "mend",
    "parse",
    "rebuild",
    "search_customers",
    "search_tickets",
    "snippet",
    "ticket_document",
    "tickets_found",
    "write_documents",
]
