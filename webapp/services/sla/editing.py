"""Making and changing policies: what is refused, and why."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor, require
from webapp.errors import Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.models import Calendar, Inbox, Organization, SlaPolicy, Team, User
from webapp.schemas.sla import PolicyIn
from webapp.services import permission
from webapp.services.calendar.business import NeverOpen, add
from webapp.services.event import record
from webapp.services.sla.hours import hours_of
from webapp.tenancy import require_workspace_id

FIELDS = ("name", "is_active", "conditions", "targets", "calendar_id", "warnings", "ladder")
MOST_POLICIES = 100
HORIZON = timedelta(days=3660)
"""A promise whose hours do not come within ten years is none."""


def list_policies(*, session: Any = None, actor: Actor | None = None) -> list[SlaPolicy]:
    """Every policy of the workspace in its order, inactive ones too."""
    require(actor or current_actor(), "settings:manage")
    query = sa.select(SlaPolicy).order_by(SlaPolicy.position, SlaPolicy.id)
    return list((session or db.session()).scalars(query))


def policy_row(
    policy_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None, lock: bool = False
) -> SlaPolicy:
    """The policy with that id. Raises `NotFound`."""
    require(actor or current_actor(), "settings:manage")
    query = sa.select(SlaPolicy).where(SlaPolicy.id == policy_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found: SlaPolicy | None = (session or db.session()).scalar(query)
    if found is None:
        raise NotFound("There is no such policy")
    return found


def create_policy(given: PolicyIn, *, session: Any = None, actor: Actor | None = None) -> SlaPolicy:
    """Makes a policy, the last in the order. Raises `Invalid` naming the field."""
    session, actor = session or db.session(), actor or current_actor()
    others = list_policies(session=session, actor=actor)
    if len(others) >= MOST_POLICIES:
        raise Conflict(f"A workspace has at most {MOST_POLICIES} policies")
    check_policy(given, others, session=session)
    made = SlaPolicy(id=database.uuid7(), position=max((row.position for row in others), default=0) + 1)
    changes = _set(made, given)
    session.add(made)
    session.flush()
    record("sla_policy.created", session=session, actor=actor, subject_id=made.id, changes=changes)
    return made


def update_policy(
    policy_id: uuid.UUID,
    given: PolicyIn,
    *,
    version: int | None = None,
    session: Any = None,
    actor: Actor | None = None,
) -> SlaPolicy:
    """Puts another content in a policy. Raises `Invalid`, or `Conflict` if `version` is older now.

    Tickets follow with their next event, or at once by `refresh`.
    """
    session, actor = session or db.session(), actor or current_actor()
    found = policy_row(policy_id, session=session, actor=actor, lock=True)
    if version is not None and version != found.version:
        raise Conflict("Somebody else has changed this policy meanwhile", current={"version": found.version})
    others = [row for row in list_policies(session=session, actor=actor) if row.id != found.id]
    check_policy(given, others, session=session)
    changes = _set(found, given)
    if changes:
        found.updated_at = clock.now()
        session.flush()
        record("sla_policy.updated", session=session, actor=actor, subject_id=found.id, changes=changes)
    return found


def delete_policy(policy_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """Takes a policy away; the clocks that ended under it keep its name."""
    session, actor = session or db.session(), actor or current_actor()
    found = policy_row(policy_id, session=session, actor=actor, lock=True)
    changes = {"name": [found.name, None]}
    session.delete(found)
    session.flush()
    record("sla_policy.deleted", session=session, actor=actor, subject_id=policy_id, changes=changes)


def order_policies(
    policy_ids: Sequence[uuid.UUID], *, session: Any = None, actor: Actor | None = None
) -> list[SlaPolicy]:
    """Puts the policies in this order, which names each once. Raises `Invalid`."""
    session, actor = session or db.session(), actor or current_actor()
    known = {row.id: row for row in list_policies(session=session, actor=actor)}
    if sorted(policy_ids) != sorted(known):
        raise Invalid.field("policy_ids", "Name every policy once")
    old = [row.name for row in known.values()]
    for position, policy_id in enumerate(policy_ids, start=1):
        known[policy_id].position = position
    session.flush()
    rows = [known[policy_id] for policy_id in policy_ids]
    changes = {"order": [old, [row.name for row in rows]]}
    if changes["order"][0] != changes["order"][1]:
        record("sla_policy.updated", session=session, actor=actor, changes=changes)
    return rows


def _set(row: SlaPolicy, given: PolicyIn) -> dict[str, list[Any]]:
    """Sets the columns; what changed, JSON-ready."""
    plain = given.model_dump(mode="json")
    changes = {}
    for name in FIELDS:
        old = getattr(row, name)
        shown = str(old) if isinstance(old, uuid.UUID) else old
        if shown != plain[name]:
            changes[name] = [shown, plain[name]]
            setattr(row, name, getattr(given, name) if name == "calendar_id" else plain[name])
    return changes


# --- what is refused ------------------------------------------------------------------------------


def check_policy(given: PolicyIn, others: Sequence[SlaPolicy], *, session: Any = None) -> None:
    """Raises `Invalid`, naming the field, for what could never work; `others`: the other policies."""
    session = session or db.session()
    if given.name.casefold() in {row.name.casefold() for row in others}:
        raise Invalid.field("name", "There is a policy of this name")
    _check_known(given, session)
    _check_meetable(given, session)
    _check_warnings(given)
    if given.is_active:
        _check_cycles(given, others)


def _check_known(given: PolicyIn, session: Any) -> None:
    conditions = given.conditions
    for field, model, wanted in (
        ("conditions", Inbox, conditions.inbox_ids),
        ("conditions", Team, conditions.team_ids),
        ("conditions", Organization, conditions.organization_ids),
        ("calendar_id", Calendar, [given.calendar_id] if given.calendar_id else []),
        ("ladder", Team, [action.team_id for action in _actions(given) if action.team_id]),
    ):
        if missing := set(wanted) - _ids(model, wanted, session):
            raise Invalid.field(field, f"There is no {model.__name__.lower()} {min(map(str, missing))}")
    people = {user_id for action in _actions(given) for user_id in action.user_ids}
    if people - _ids(User, people, session):
        raise Invalid.field("ladder", "Somebody who is to be told is not here any more")
    for action in _actions(given):
        if action.agent_id and not _can_take(action.agent_id, session):
            raise Invalid.field("ladder", "Whoever is given the ticket cannot take any")


def _actions(given: PolicyIn) -> Iterator[Any]:
    for step in given.ladder:
        yield from step.actions


def _ids(model: Any, wanted: Any, session: Any) -> set[uuid.UUID]:
    if not wanted:
        return set()
    here = model.workspace_id == require_workspace_id()
    return set(session.scalars(sa.select(model.id).where(model.id.in_(list(wanted)), here)))


def _can_take(agent_id: uuid.UUID, session: Any) -> bool:
    found = session.get(User, agent_id)
    here = found is not None and found.workspace_id == require_workspace_id() and found.is_active
    return bool(here and permission.allows(found.role, "ticket:reply", session=session))


def _check_meetable(given: PolicyIn, session: Any) -> None:
    """Business time must come: a calendar that never opens makes every promise on it a lie."""
    hours = hours_of(given.calendar_id, None, session=session) if given.calendar_id else None
    now = clock.now()
    for target in given.targets:
        if target.clock != "business" or hours is None:
            continue
        for seconds in _cells(target):
            try:
                due_at = add(now, seconds, hours)
            except NeverOpen:
                due_at = now + 2 * HORIZON
            if due_at > now + HORIZON:
                raise Invalid.field("calendar_id", "This could never be met: the calendar does not open")


def _cells(target: Any) -> list[int]:
    return [seconds for row in target.seconds.values() for seconds in row.values() if seconds]


def _check_warnings(given: PolicyIn) -> None:
    longest = max(seconds for target in given.targets for seconds in _cells(target) or [0])
    for warning in given.warnings:
        if warning.minutes is not None and warning.minutes * 60 >= longest:
            raise Invalid.field("warnings", "This warning would come before the longest time has even begun")


def _check_cycles(given: PolicyIn, others: Sequence[SlaPolicy]) -> None:
    """A ticket that is handed on must not come back: not within a ladder, nor from policy to policy."""
    passes = list(_passes(given.conditions.team_ids, [step.model_dump() for step in given.ladder]))
    for row in others:
        if row.is_active:
            passes += _passes([uuid.UUID(team) for team in row.conditions.get("team_ids", ())], row.ladder)
    following: dict[Any, set[Any]] = {}
    for holder, taker in passes:
        following.setdefault(holder, set()).add(taker)
    for holder in following:
        if _leads_back(holder, following):
            raise Invalid.field("ladder", "These steps hand a ticket round in a circle")


def _passes(team_ids: Sequence[uuid.UUID], ladder: Sequence[dict[str, Any]]) -> Iterator[tuple[Any, Any]]:
    """From whom to whom a ladder hands a ticket: teams by id, people too."""
    holders: list[str] = [str(team_id) for team_id in team_ids]
    for step in sorted(ladder, key=lambda rung: (rung["on"] == "breach", rung["delay_minutes"])):
        for action in step["actions"]:
            if action["do"] == "reassign":
                taker = str(action.get("agent_id") or action.get("team_id"))
                yield from ((holder, taker) for holder in holders)
                holders = [taker]


def _leads_back(start: Any, following: dict[Any, set[Any]]) -> bool:
    seen: set[Any] = set()
    ahead = list(following.get(start, ()))
    while ahead:
        if (one := ahead.pop()) == start:
            return True
        if one not in seen:
            seen.add(one)
            ahead.extend(following.get(one, ()))
    return False
