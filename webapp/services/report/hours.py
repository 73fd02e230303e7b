"""The hours that inboxes had, by the ledger: figures of the past do not move when hours do."""

import json
import uuid
from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property, lru_cache, partial
from typing import Any

import sqlalchemy as sa

from webapp.models import Event, Inbox
from webapp.services.calendar.business import Hours
from webapp.services.report.measure import HoursAt
from webapp.tenancy import require_workspace_id

Period = tuple[datetime, Hours | None]
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


class InboxHours:
    """The hours of the workspace's inboxes at any time; read when somebody first asks."""

    def __init__(self, session: Any) -> None:
        self.session = session

    def of(self, inbox_id: uuid.UUID | None) -> HoursAt:
        """`at -> Hours`, None where it was always open."""
        return partial(self._at, inbox_id)

    def _at(self, inbox_id: uuid.UUID | None, at: datetime) -> Hours | None:
        periods = self._periods.get(inbox_id) if inbox_id else None
        return periods[bisect_right(periods, at, key=lambda one: one[0]) - 1][1] if periods else None

    @cached_property
    def _periods(self) -> dict[uuid.UUID, list[Period]]:
        query = sa.select(Inbox.id, Inbox.timezone, Inbox.hours)
        here = require_workspace_id()
        inboxes = self.session.execute(query.where(Inbox.workspace_id == here)).all()
        moves: dict[uuid.UUID, list[Any]] = {row.id: [] for row in inboxes}
        # In so many words, for the index of these events alone.
        named = sa.text("events.name = 'inbox.updated'")
        changes = sa.select(Event.subject_id, Event.at, Event.changes).where(
            named, Event.workspace_id == here
        )
        ordered = changes.order_by(Event.workspace_seq.desc())
        for move in self.session.execute(ordered, execution_options={"unscoped": True}):
            if move.subject_id in moves:
                moves[move.subject_id].append(move)
        return {row.id: _periods(row, moves[row.id]) for row in inboxes}


def _periods(present: Any, moves: Iterable[Any]) -> list[Period]:
    """What held since when; `moves`: the latest first."""
    timezone, week = present.timezone, present.hours
    found = []
    for move in moves:
        if {"timezone", "hours"} & move.changes.keys():
            found.append((move.at, _hours(timezone, json.dumps(week))))
            timezone, week = (
                move.changes.get(name, [now])[0] for name, now in (("timezone", timezone), ("hours", week))
            )
    return [(BEGINNING, _hours(timezone, json.dumps(week))), *reversed(found)]


@lru_cache(maxsize=256)
def _hours(timezone: str, week: str) -> Hours | None:
    """One object for the same hours: it remembers its days."""
    read = json.loads(week)
    return Hours(timezone, read) if read else None
