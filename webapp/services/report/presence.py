"""How long people were online, away, busy and offline, and for which reason: from the ledger, by an index.

Facts tell it: that somebody came or went, and which availability and reason they had chosen. They are
looked up as changes inside the range; what held at its start is the old side of the first change after it,
or, where nothing has changed since, what holds now.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from webapp import clock
from webapp.extensions import db
from webapp.models import Event, User
from webapp.tenancy import require_workspace_id

STATES = ("online", "away", "busy", "offline")
CAME, WENT, CHANGED = "user.came_online", "user.went_offline", "user.updated"
CHOSEN = {"availability": "availability", "availability_reason": "reason"}

Shown = tuple[str, str | None]


class Move(NamedTuple):
    """At a moment a side (`here`, `availability` or `reason`) was one thing and became another."""

    at: datetime
    side: str
    old: Any
    new: Any


def time_in_status(
    start: datetime, end: datetime, *, user_ids: Iterable[uuid.UUID] | None = None, session: Any = None
) -> dict[uuid.UUID, dict[str, int]]:
    """Whole seconds of each person in each state within a range: `{user_id: {state: seconds}}`.

    `online`, `away` and `busy`: here, with that availability; `offline`: not here, or here and said to be
    offline. The seconds of a person add up to the range, as far as it is past and they were a member.
    """
    spent = _stretches(start, end, user_ids, session or db.session())
    return {
        user_id: {state: _seconds(times, 0, state) for state in STATES} for user_id, times in spent.items()
    }


def time_by_reason(
    start: datetime, end: datetime, *, user_ids: Iterable[uuid.UUID] | None = None, session: Any = None
) -> dict[uuid.UUID, dict[str, int]]:
    """Whole seconds of each person for each reason, while here: `{user_id: {reason: seconds}}`.

    Whoever never gave one is left out. A reason is named as it was called then.
    """
    spent = _stretches(start, end, user_ids, session or db.session())
    names = {user_id: sorted({why for _, why in times if why}) for user_id, times in spent.items()}
    return {
        user_id: {name: _seconds(spent[user_id], 1, name) for name in given}
        for user_id, given in names.items()
        if given
    }


def _seconds(times: dict[Shown, timedelta], side: int, wanted: str) -> int:
    return int(
        sum((each for shown, each in times.items() if shown[side] == wanted), timedelta(0)).total_seconds()
    )


def _stretches(
    start: datetime, end: datetime, user_ids: Iterable[uuid.UUID] | None, session: Any
) -> dict[uuid.UUID, dict[Shown, timedelta]]:
    """How long each person was shown as what, by (state, reason)."""
    end = min(end, clock.now())
    query = sa.select(User).where(User.workspace_id == require_workspace_id())
    if user_ids is not None:
        query = query.where(User.id.in_(list(user_ids)))
    people = {user.id: user for user in session.scalars(query)}
    moves = _moves(list(people), start, session)
    return {
        user_id: _spent(max(start, user.created_at), end, _now(user), moves[user_id])
        for user_id, user in people.items()
    }


def _now(user: User) -> dict[str, Any]:
    return {
        "here": user.online_since is not None,
        "availability": user.availability,
        "reason": user.availability_reason,
    }


def _moves(user_ids: list[uuid.UUID], start: datetime, session: Any) -> dict[uuid.UUID, list[Move]]:
    """Everybody's moves since `start`, oldest first."""
    query = (
        sa.select(Event.subject_id, Event.name, Event.at, Event.changes)
        .where(
            Event.subject_id.in_(user_ids),
            Event.at >= start,
            Event.name.in_((CAME, WENT, CHANGED)),
        )
        .order_by(Event.at, Event.id)
    )
    found: dict[uuid.UUID, list[Move]] = defaultdict(list)
    for user_id, name, at, changes in session.execute(query):
        if name == CHANGED:
            found[user_id] += [
                Move(at, side, *changes[field]) for field, side in CHOSEN.items() if field in changes
            ]
        else:
            left = changes.get("at", [None, None])[1]
            found[user_id].append(Move(_moment(left) or at, "here", name == WENT, name == CAME))
    return {user_id: sorted(found[user_id], key=lambda move: move.at) for user_id in user_ids}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _spent(start: datetime, end: datetime, now: dict[str, Any], moves: list[Move]) -> dict[Shown, timedelta]:
    spent: dict[Shown, timedelta] = defaultdict(timedelta)
    state = dict(now)
    for move in reversed(moves):
        state[move.side] = move.old
    at = start
    for move in moves:
        until = min(max(move.at, start), end)
        if until > at:
            spent[_shown(state)] += until - at
            at = until
        state[move.side] = move.new
    if end > at:
        spent[_shown(state)] += end - at
    return spent


def _shown(state: dict[str, Any]) -> Shown:
    return (str(state["availability"]), state["reason"]) if state["here"] else ("offline", None)
