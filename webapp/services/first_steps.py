"""What a new desk still lacks, read from what there is."""

from typing import Any

import sqlalchemy as sa

from webapp.auth import Actor, current_actor, require
from webapp.extensions import db
from webapp.models import Calendar, Inbox, SlaPolicy, Ticket, User
from webapp.services.email import carriers

STEPS = ("website", "conversation", "mail", "people", "calendar", "policy")


def steps_done(*, session: Any = None, actor: Actor | None = None) -> dict[str, bool]:
    """Which of `STEPS` have been taken."""
    session = session or db.session()
    require(actor or current_actor(), "settings:manage")
    return {
        "website": any(session.scalars(sa.select(Inbox.allowed_sites).where(Inbox.is_active))),
        "conversation": _has(session, Ticket),
        "mail": carriers.mail_leaves(),
        "people": _has(session, User, beside=1),
        "calendar": _has(session, Calendar),
        "policy": _has(session, SlaPolicy),
    }


def _has(session: Any, model: Any, *, beside: int = 0) -> bool:
    return session.scalar(sa.select(model.id).offset(beside).limit(1)) is not None
