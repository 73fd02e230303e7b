"""What tickets do by themselves at their time."""

import uuid
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from webapp.database import read_only, transaction
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.models import Ticket
from webapp.models.ticket import ENDED
from webapp.services.ticket import snooze, transitions
from webapp.services.ticket.access import ticket_for
from webapp.tasks.timer import timer
from webapp.tasks.worker import job
from webapp.tenancy import use_workspace

BATCH = 100


@timer(snooze.WAKE)
def wake(ticket_id: uuid.UUID, _params: dict[str, Any]) -> None:
    """A snoozed ticket's time has come."""
    transitions.wake_ticket(ticket_id)


@timer(transitions.NEXT_STEP)
def take_step(ticket_id: uuid.UUID, _params: dict[str, Any]) -> None:
    """Warns, resolves or closes a ticket that nobody answers."""
    transitions.take_step(ticket_id)


@job("lifecycle.plan")
def plan_all(params: dict[str, Any], _job_id: uuid.UUID) -> Any:
    """Sets the timers of all tickets anew, after the rules have changed."""
    workspace_id, count, after = uuid.UUID(params["workspace_id"]), 0, uuid.UUID(int=0)
    with use_workspace(workspace_id):
        while ids := _batch(after):
            for ticket_id in ids:
                with suppress(NotFound), transaction() as session:  # thrown away meanwhile
                    transitions.plan(ticket_for(ticket_id, "ticket:update", lock=True), session=session)
            after, count = ids[-1], count + len(ids)
    return {"tickets": count}


def _batch(after: uuid.UUID) -> list[uuid.UUID]:
    can_move = sa.and_(
        Ticket.deleted_at.is_(None), sa.or_(Ticket.status.not_in(ENDED), Ticket.status == "resolved")
    )
    with read_only():
        return list(
            db.session.scalars(
                sa.select(Ticket.id).where(Ticket.id > after, can_move).order_by(Ticket.id).limit(BATCH)
            )
        )
