"""A mail that came to a door, taken whatever is in it; and one that was held, let in by a person.

Both open transactions of their own: the bytes are stored and fetched between them.
"""

import logging
import uuid
from collections.abc import Callable
from typing import Any

from webapp.database import AWAY, read_only, transaction
from webapp.errors import NoSpace
from webapp.models import Inbox, Ticket
from webapp.services.attachment import read_file
from webapp.services.mail_in.arrival import Arrival, prepared, prepared_unread
from webapp.services.mail_in.held import accept_mail, get_held
from webapp.services.mail_in.receiving import receive, set_aside

log = logging.getLogger(__name__)


def _nothing(_session: Any) -> None:
    """Besides the mail there is nothing to write."""


def take(raw: bytes, inbox: Inbox, arrival: Arrival, *, beside: Callable[[Any], None] = _nothing) -> None:
    """Takes a mail, with what `beside(session)` writes in the same commit.

    One that we fail at is held with its bytes: its sender has done what they could, and may never send it
    again. Raises what is no fault of the mail: `OSError`, `NoSpace`, `AWAY`; then it is to come again.
    """
    try:
        with prepared(raw, inbox, arrival) as mail, transaction() as session:
            receive(mail, inbox, session=session)
            beside(session)
    except (OSError, NoSpace, *AWAY):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the mail must not be lost
        log.error("a mail by %s is held: %s", arrival.door, type(error).__name__)  # noqa: TRY400
        kept = prepared_unread(raw, arrival)
        with transaction() as session:
            set_aside(kept, inbox, session=session)
            beside(session)


def let_in(mail_id: uuid.UUID) -> Ticket | None:
    """Takes a held mail as if it had come just now; the ticket that it is in, None if its sender is blocked.

    Raises as `accept_mail` does.
    """
    with read_only() as session:
        found = get_held(mail_id)
        door, key, inbox = found.door, found.storage_key, session.get(Inbox, found.inbox_id)
        session.expunge(inbox)
    raw = read_file(key)
    with prepared(raw, inbox, Arrival(door), accepted=True) as mail, transaction() as session:
        row = accept_mail(mail_id, mail, inbox)
        ticket: Ticket | None = session.get(Ticket, row.ticket_id) if row.ticket_id else None
        return ticket
