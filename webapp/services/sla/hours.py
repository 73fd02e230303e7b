"""Whose hours a target on business time counts."""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp.extensions import db
from webapp.models import Calendar, Inbox
from webapp.services import calendar as calendars
from webapp.services.calendar.business import Hours
from webapp.tenancy import require_workspace_id


def hours_of(calendar_id: uuid.UUID | None, inbox_id: str | None, *, session: Any = None) -> Hours | None:
    """The calendar's hours, without one the inbox's; None (24/7) where there is neither."""
    session = session or db.session()
    if calendar_id is not None:
        chosen = session.get(Calendar, calendar_id)
        return calendars.hours_of(chosen, session=session) if chosen else None
    if inbox_id is None:
        return None
    query = sa.select(Inbox.timezone, Inbox.hours).where(
        Inbox.id == uuid.UUID(inbox_id), Inbox.workspace_id == require_workspace_id()
    )
    found = session.execute(query).first()
    return Hours(found.timezone, found.hours) if found and found.hours else None
