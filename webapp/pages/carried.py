"""What one person carries and knows, as a form of two pages: that of all skills, and their own."""

import uuid
from typing import Any

from flask import request

from webapp.errors import Invalid
from webapp.pages.forms import check_unchanged, form_values
from webapp.services.edit import About
from webapp.services.routing import agent


def carried(person: dict[str, Any]) -> dict[str, Any]:
    """What the form sets, of a person of `agent.list_agents`."""
    return {name: person[name] for name in ("capacity", "takes_tickets", "skills")}


def carried_by(user_id: uuid.UUID) -> dict[str, Any] | None:
    """The same for whoever has that id; None for somebody who gets no tickets."""
    found = (one for one in agent.list_agents() if one["id"] == str(user_id))
    return next((carried(one) for one in found), None)


def typed_carried() -> dict[str, Any]:
    """The form as it was sent."""
    levels = form_values().get("skills")
    return {
        "capacity": request.form.get("capacity", ""),
        "takes_tickets": "takes_tickets" in request.form,
        "skills": levels if isinstance(levels, dict) else {},
    }


def save_carried(user_id: uuid.UUID) -> None:
    """Stores the form, inside the caller's transaction. Raises `Invalid`, `NotFound`, and `Stale`."""
    typed = typed_carried()
    chosen = {id_or_none(key): level for key, level in typed["skills"].items()}
    check_unchanged(lambda: carried_by(user_id), About("routing_agent", user_id))
    agent.save_agent(
        user_id,
        capacity=_number(typed["capacity"]),
        takes_tickets=typed["takes_tickets"],
        skills={key: int(level) for key, level in chosen.items() if key and level in ("1", "2", "3")},
    )


def id_or_none(value: str) -> uuid.UUID | None:
    """An id as forms send it; None for an empty one. Raises `Invalid`."""
    if not value:
        return None
    try:
        return uuid.UUID(value)
    except ValueError:
        raise Invalid("This page is incomplete; load it again") from None


def _number(text: str) -> int | None:
    if not text.strip():
        return None
    try:
        return int(text)
    except ValueError:
        raise Invalid.field("capacity", "A whole number, or nothing") from None
