"""Mail for what stayed unseen: one letter for all of it."""

import uuid
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.config import settings
from webapp.extensions import db
from webapp.models import Inbox, Notification, NotificationPreference, Ticket, User
from webapp.services import email
from webapp.services.notification.preference import quiet_until
from webapp.services.timer import set_timer
from webapp.services.user import actor_of

MOST_LINES = 5
ANSWER = "What you answer to this mail goes to the customer."


def mail_unseen(notification_id: uuid.UUID, *, session: Any = None) -> bool:
    """Queues a mail with everything that its owner has not seen yet; whether there was anything to send.

    Called when the first of it has waited long enough. In quiet hours it waits for their end.
    """
    session = session or db.session()
    first = session.get(Notification, notification_id)
    if first is None or first.read_at or first.emailed_at:
        return False
    user = session.get(User, first.user_id)
    preference = session.get(NotificationPreference, first.user_id)
    quiet = quiet_until(preference, clock.now()) if preference else None
    if quiet is not None:
        set_timer("notification.email", first.id, quiet, session=session)
        return False
    taken = _take(first.user_id, session) if user.is_active else []
    if taken:
        letter = _letter(taken, can_answer=_can_answer(user, session))
        email.send_email(user.email, "notification", letter, key=f"notification:{first.id}")
    return bool(taken)


def _take(user_id: uuid.UUID, session: Any) -> list[Notification]:
    """Everything unseen that wants a mail, marked as mailed: a second letter finds none of it."""
    unseen = sa.and_(
        Notification.user_id == user_id,
        Notification.email.is_(True),
        Notification.read_at.is_(None),
        Notification.emailed_at.is_(None),
    )
    taking = sa.update(Notification).where(unseen).values(emailed_at=clock.now()).returning(Notification.id)
    ids = list(session.scalars(taking.execution_options(synchronize_session=False)))
    query = sa.select(Notification).where(Notification.id.in_(ids)).order_by(Notification.id)
    return list(session.scalars(query.options(sa.orm.selectinload(Notification.ticket))))


def _can_answer(user: User, session: Any) -> bool:
    """Whether what they answer by mail comes back here, and may go out."""
    mailed = sa.and_(Inbox.workspace_id == user.workspace_id, Inbox.channel == "email", Inbox.is_active)
    return actor_of(user).may("ticket:reply") and session.scalar(sa.select(sa.exists().where(mailed)))


def _letter(taken: list[Notification], *, can_answer: bool) -> dict[str, Any]:
    """The template's data: what it is if it is one thing, else all of it, by ticket.

    About one ticket it can be answered, where `can_answer`: the answer goes to the customer.
    """
    tickets = {row.ticket_id: row.ticket for row in taken}
    only = next(iter(tickets.values())) if len(tickets) == 1 else None
    if len(taken) == 1:
        title, body = taken[0].title, taken[0].body
    else:
        title = f"{len(taken)} notifications that you have not seen"
        by_ticket = sorted(taken, key=lambda row: (str(row.ticket_id or ""), row.id))
        groups = groupby(by_ticket, key=lambda row: row.ticket_id)
        body = "\n\n".join(_group(list(rows)) for _, rows in groups)
    answers = {}
    if only is not None and can_answer:
        body = f"{body}\n\n{ANSWER}".strip()
        answers = {"answers_ticket_id": str(only.id)}
    return {"notification": {"title": title, "body": body}, "link": _link(only), **answers}


def _group(rows: list[Notification]) -> str:
    """What happened on one ticket, oldest first, with where to find it."""
    said = [f"{row.title}\n{row.body}".strip() for row in rows[-MOST_LINES:]]
    if len(rows) > MOST_LINES:
        said.insert(0, f"({len(rows) - MOST_LINES} earlier)")
    return "\n".join([*said, _link(rows[0].ticket)])


def _link(ticket: Ticket | None) -> str:
    return settings().base_url + (f"/agent/v/all/t/{ticket.number}" if ticket else "/agent")
