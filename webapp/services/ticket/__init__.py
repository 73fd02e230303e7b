"""Tickets and their comments: every verb that changes them."""

from webapp.services.ticket.access import find_ticket, ticket_for
from webapp.services.ticket.assignment import assign_ticket
from webapp.services.ticket.comment import add_comment
from webapp.services.ticket.create import TicketService, create_ticket
from webapp.services.ticket.lifecycle import (
    end_chat,
    mark_spam,
    update_ticket,
    update_ticket_status,
)
from webapp.services.ticket.queue import count_views, list_earlier, list_tickets
from webapp.services.ticket.reading import mark_read, read_marks

__all__ = [
    "TicketService",
    "add_comment",
    "assign_ticket",
    "count_views",
    "create_ticket",
    "end_chat",
    "find_ticket",
    "list_earlier",
    "list_tickets",
    "mark_read",
    "mark_spam",
    "read_marks",
    "ticket_for",
    "update_ticket",
    "update_ticket_status",
]
