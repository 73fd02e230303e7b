"""Tickets and their comments: every verb that changes them."""

from webapp.services.ticket.access import find_ticket, ticket_for
from webapp.services.ticket.assignment import assign_ticket
from webapp.services.ticket.cached import get_ticket
from webapp.services.ticket.comment import add_comment, comment_for, list_comments
from webapp.services.ticket.create import TicketService, create_ticket
from webapp.services.ticket.follow import follow, follower_ids, unfollow
from webapp.services.ticket.history import list_history
from webapp.services.ticket.lifecycle import (
    end_chat,
    mark_spam,
    update_ticket,
    update_ticket_status,
)
from webapp.services.ticket.link import link_tickets, list_links, unlink_tickets
from webapp.services.ticket.merge import merge_ticket, split_ticket, unmerge_ticket
from webapp.services.ticket.queue import count_views, list_earlier, list_every_ticket, list_tickets
from webapp.services.ticket.reading import mark_read, read_marks
from webapp.services.ticket.snooze import snooze_ticket, unsnooze_ticket
from webapp.services.ticket.tagging import add_tag, update_tags
from webapp.services.ticket.trash import delete_ticket, restore_ticket
from webapp.services.ticket.withdraw import withdraw_comment

__all__ = [
    "TicketService",
    "add_comment",
    "add_tag",
    "assign_ticket",
    "comment_for",
    "count_views",
    "create_ticket",
    "delete_ticket",
    "end_chat",
    "find_ticket",
    "follow",
    "follower_ids",
    "get_ticket",
    "link_tickets",
    "list_comments",
    "list_earlier",
    "list_every_ticket",
    "list_history",
    "list_links",
    "list_tickets",
    "mark_read",
    "mark_spam",
    "merge_ticket",
    "read_marks",
    "restore_ticket",
    "snooze_ticket",
    "split_ticket",
    "ticket_for",
    "unfollow",
    "unlink_tickets",
    "unmerge_ticket",
    "unsnooze_ticket",
    "update_tags",
    "update_ticket",
    "update_ticket_status",
    "withdraw_comment",
]
