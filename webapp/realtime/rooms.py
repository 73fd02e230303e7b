"""The rooms: who hears what. Joined by the server alone, from what an actor may see."""

import uuid

AGENT, CHAT, TV = "/agent", "/chat", "/tv"
TICKET = "ticket:"


def staff(workspace_id: uuid.UUID | None) -> str:
    """All staff of a workspace."""
    return f"workspace:{workspace_id}:staff"


def customers(inbox_id: uuid.UUID | None) -> str:
    """All customers who are connected to an inbox; for nothing that is about one of them."""
    return f"inbox:{inbox_id}:customers"


def user(user_id: uuid.UUID | None) -> str:
    """One member of staff, on all their devices."""
    return f"user:{user_id}"


def session(session_id: uuid.UUID | None) -> str:
    """One signed-in browser."""
    return f"session:{session_id}"


def ticket_staff(ticket_id: uuid.UUID) -> str:
    """The staff who have a ticket open."""
    return f"{TICKET}{ticket_id}:staff"


def customer(customer_id: uuid.UUID | None, inbox_id: uuid.UUID | None) -> str:
    """One customer in one inbox, on all their browsers."""
    return f"customer:{customer_id}:{inbox_id}"


def visitor(token_id: uuid.UUID | None) -> str:
    """One browser of a customer."""
    return f"visitor:{token_id}"
