"""Mail that comes in: a comment, a ticket, or a place among what waits for a person.

A door calls `take(raw, inbox, Arrival("pipe"))`, with no transaction open: it opens `prepared`, then one, and
in it calls `receive`.
"""

from webapp.models import Mailbox
from webapp.services.mail_in.arrival import Arrival, Prepared, prepared, prepared_unread
from webapp.services.mail_in.held import (
    accept_mail,
    block_sender,
    discard_mail,
    get_held,
    get_mail,
    list_blocked_senders,
    list_held,
    page_of_held,
    unblock_sender,
)
from webapp.services.mail_in.receiving import receive, set_aside
from webapp.services.mail_in.sorting import REASONS
from webapp.services.mail_in.taking import let_in, take

__all__ = [
    "REASONS",
    "Arrival",
    "Mailbox",
    "Prepared",
    "accept_mail",
    "block_sender",
    "discard_mail",
    "get_held",
    "get_mail",
    "let_in",
    "list_blocked_senders",
    "list_held",
    "page_of_held",
    "prepared",
    "prepared_unread",
    "receive",
    "set_aside",
    "take",
    "unblock_sender",
]
