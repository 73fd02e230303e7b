"""Going on with a chat in another browser, by the link in a mail."""

import uuid
from typing import Any

from webapp.auth import Actor
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.models import Customer, Inbox, Ticket
from webapp.services.chat.visitor import issue_token
from webapp.services.chat.writing import is_over
from webapp.services.event import record, remember


def continue_chat(
    ticket_id: uuid.UUID, customer_id: uuid.UUID, *, address: str = "", session: Any = None
) -> str:
    """A visitor token for the customer of a chat, which it opens again; from a link that was checked.

    Raises `NotFound` where the chat is no longer theirs: they were identified since, blocked, or it is spam.
    """
    session = session or db.session()
    customer = session.get(Customer, customer_id)
    ticket = session.get(Ticket, ticket_id, with_for_update={"key_share": True}, populate_existing=True)
    if ticket is None or customer is None or ticket.customer_id != customer.id or customer.is_blocked:
        raise NotFound("This link opens nothing any more")
    inbox = session.get(Inbox, ticket.inbox_id) if ticket.inbox_id else None
    if inbox is None or not inbox.is_active:
        raise NotFound("This link opens nothing any more")
    if ticket.ended_at is not None and not is_over(ticket):
        _show_again(ticket, customer, session)
    return issue_token(inbox, customer, address=address, session=session)


def _show_again(ticket: Ticket, customer: Customer, session: Any) -> None:
    remember(ticket, session=session)
    ticket.ended_at = None
    actor = Actor(
        kind="customer",
        id=customer.id,
        workspace_id=ticket.workspace_id,
        name=customer.shown_name,
        role="customer",
        door="api",
    )
    shown = {"status": ["ended", "open"]}
    record(
        "ticket.status_changed",
        session=session,
        actor=actor,
        ticket=ticket,
        public_changes=shown,
        is_public=True,
    )
