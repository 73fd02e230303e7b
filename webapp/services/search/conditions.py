"""Conditions of the search box as SQL: a fixed list of fields, values bound, never a name from outside."""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from webapp import clock
from webapp.auth import Actor, current_actor
from webapp.errors import Detail, Invalid
from webapp.extensions import db
from webapp.models import (
    Attachment,
    Comment,
    Customer,
    Inbox,
    Organization,
    Tag,
    Team,
    Ticket,
    TicketTag,
    User,
)
from webapp.models.customer import TIERS
from webapp.models.inbox import CHANNELS
from webapp.models.ticket import PRIORITIES, STATUSES
from webapp.services.search.grammar import Condition, problem
from webapp.tenancy import require_workspace_id
from webapp.validators import fold_email, fold_name, visible

Clause = sa.ColumnElement[bool]
_AGO = re.compile(r"([0-9]{1,4})([hdwmy])")
_UNITS = {"h": 1, "d": 24, "w": 24 * 7, "m": 24 * 30, "y": 24 * 365}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
COMPARE: dict[str, Callable[[Any, Any], Clause]] = {
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
}


class _Wrong(Exception):
    """What is wrong with a condition's value."""


def clauses(conditions: list[Condition], actor: Actor) -> list[Clause]:
    """Each condition as SQL on `Ticket`. Raises `Invalid` naming the place of each that cannot be met."""
    return _each(conditions, lambda condition: _clause(condition, actor))


def customer_clauses(conditions: list[Condition]) -> list[Clause]:
    """Conditions on customers as SQL: tier, organization, created. Raises `Invalid` for any other."""
    return _each(conditions, _customer_clause)


def _each(conditions: list[Condition], make: Callable[[Condition], Clause]) -> list[Clause]:
    found: list[Clause] = []
    wrong: list[Detail] = []
    for condition in conditions:
        try:
            clause = make(condition)
        except _Wrong as fault:
            wrong.append(problem(str(fault), condition.at))
            continue
        found.append(sa.not_(sa.func.coalesce(clause, sa.false())) if condition.denied else clause)
    if wrong:
        raise Invalid(str(wrong[0]["msg"]), detail=wrong)
    return found


def _clause(condition: Condition, actor: Actor) -> Clause:
    column, dot, key = condition.name.partition(".")
    if dot:
        held = Ticket.metadata_ if column == "metadata" else Ticket.fields
        return json_contains(held, key, condition.value)
    return _FIELDS[condition.name](condition, actor)


def _one_of(column: Any, allowed: tuple[str, ...], condition: Condition) -> Clause:
    values = [value.strip().lower().replace("-", "_") for value in condition.value.split(",")]
    for value in values:
        if value not in allowed:
            raise _Wrong(f"{condition.name} is one of {', '.join(allowed)}")
    return column.in_(values)  # type: ignore[no-any-return]


def _status(condition: Condition, _actor: Actor) -> Clause:
    return _one_of(Ticket.status, STATUSES, condition)


def _priority(condition: Condition, _actor: Actor) -> Clause:
    if condition.operator == ":":
        return _one_of(Ticket.priority, PRIORITIES, condition)
    if condition.value.lower() not in PRIORITIES:
        raise _Wrong(f"priority is one of {', '.join(PRIORITIES)}")
    wanted = PRIORITIES.index(condition.value.lower())
    compare = {">": range(wanted + 1, 4), ">=": range(wanted, 4), "<": range(wanted), "<=": range(wanted + 1)}
    return Ticket.priority.in_([PRIORITIES[rank] for rank in compare[condition.operator]])


def _assignee(condition: Condition, actor: Actor) -> Clause:
    value = condition.value.lower()
    if value == "me":
        return Ticket.assigned_agent_id == actor.id
    if value == "none":
        return Ticket.assigned_agent_id.is_(None)
    workspace = User.workspace_id == require_workspace_id()
    named = sa.or_(User.email == fold_email(value), _like(User.name, value))
    return Ticket.assigned_agent_id.in_(_known(sa.select(User.id).where(workspace, named), condition))


def _team(condition: Condition, _actor: Actor) -> Clause:
    if condition.value.lower() == "none":
        return Ticket.team_id.is_(None)
    return Ticket.team_id.in_(_known(sa.select(Team.id).where(_like(Team.name, condition.value)), condition))


def _inbox(condition: Condition, _actor: Actor) -> Clause:
    here = Inbox.workspace_id == require_workspace_id()
    query = sa.select(Inbox.id).where(here, _like(Inbox.name, condition.value))
    return Ticket.inbox_id.in_(_known(query, condition))


def _customer(condition: Condition, _actor: Actor) -> Clause:
    value = fold_email(condition.value)
    named = [Customer.email == value, Customer.claimed_email == value, _like(Customer.name, value)]
    return Ticket.customer_id.in_(_of_customers(sa.or_(*named)))


def _organization(condition: Condition, _actor: Actor) -> Clause:
    named = sa.select(Organization.id).where(_like(Organization.name, condition.value))
    return Ticket.customer_id.in_(_of_customers(Customer.organization_id.in_(_known(named, condition))))


def _tier(condition: Condition, _actor: Actor) -> Clause:
    return Ticket.customer_id.in_(_of_customers(_one_of(Customer.tier, TIERS, condition)))


def _of_customers(clause: Clause) -> Any:
    return sa.select(Customer.id).where(Customer.workspace_id == require_workspace_id(), clause)


def _tag(condition: Condition, _actor: Actor) -> Clause:
    folded = visible(condition.value).casefold()
    tagged = sa.select(TicketTag.ticket_id).join(Tag, Tag.id == TicketTag.tag_id)
    return Ticket.id.in_(tagged.where(TicketTag.workspace_id == require_workspace_id(), Tag.folded == folded))


def _state(condition: Condition, actor: Actor) -> Clause:
    states: dict[str, Clause] = {
        "unread": Ticket.unread > 0,
        "unassigned": Ticket.assigned_agent_id.is_(None),
        "mine": Ticket.assigned_agent_id == actor.id,
        "spam": Ticket.is_spam.is_(True),
        "escalated": Ticket.escalated.is_(True),
        "snoozed": Ticket.shelf == "snoozed",
        "waiting": Ticket.waiting_since.is_not(None),
        "done": Ticket.shelf == "done",
        "active": Ticket.shelf.in_(("queue", "snoozed")),
    }
    if condition.value.lower() not in states:
        raise _Wrong(f"is: takes {', '.join(states)}")
    return states[condition.value.lower()]


def _has(condition: Condition, _actor: Actor) -> Clause:
    here = require_workspace_id()
    if condition.value.lower() == "attachment":
        held: Any = sa.select(Attachment.ticket_id).where(
            Attachment.workspace_id == here, Attachment.comment_id.is_not(None)
        )
    elif condition.value.lower() == "note":
        held = sa.select(Comment.ticket_id).where(Comment.workspace_id == here, Comment.kind == "note")
    else:
        raise _Wrong("has: takes attachment, note")
    return Ticket.id.in_(held)


def _category(condition: Condition, _actor: Actor) -> Clause:
    if condition.value.isascii() or db.session.get_bind().dialect.name != "sqlite":
        return sa.func.lower(Ticket.category) == condition.value.lower()
    # SQLite's `lower()` knows no letter beyond ASCII; `fold_name` is ours, see `database`.
    return sa.func.fold_name(sa.func.coalesce(Ticket.category, "")) == fold_name(condition.value)


def _channel(condition: Condition, _actor: Actor) -> Clause:
    return _one_of(Ticket.channel, CHANNELS, condition)


def _time(column: Any) -> Callable[[Condition, Actor], Clause]:
    def clause(condition: Condition, _actor: Actor) -> Clause:
        begin, end = _moment(condition)
        if condition.operator == ":":
            return sa.and_(column >= begin, column < end)
        if condition.operator in (">", "<="):
            return COMPARE[">=" if condition.operator == ">" else "<"](column, end)
        return COMPARE[condition.operator](column, begin)

    return clause


def _moment(condition: Condition) -> tuple[datetime, datetime]:
    """A day as its begin and end. `7d` is an age, for which younger is less: its comparisons turn round."""
    value = condition.value
    if _DATE.fullmatch(value):
        try:
            day = datetime.fromisoformat(value).replace(tzinfo=UTC)
            return day, day + timedelta(days=1)
        except (ValueError, OverflowError):
            raise _Wrong(f"{value} is no day of the calendar") from None
    raise _Wrong(f"{condition.name} takes a day such as 2026-11-01, or an age such as 12h, 7d, 2w")


def _age_or_day(column: Any) -> Callable[[Condition, Actor], Clause]:
    by_day = _time(column)

    def clause(condition: Condition, actor: Actor) -> Clause:
        found = _AGO.fullmatch(condition.value.lower())
        if not found:
            return by_day(condition, actor)
        since = clock.now() - timedelta(hours=int(found[1]) * _UNITS[found[2]])
        turned = {":": ">=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}[condition.operator]
        return COMPARE[turned](column, since)

    return clause


def _like(column: Any, text: str) -> Clause:
    escaped = text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return column.ilike(f"%{escaped}%", escape="\\")  # type: ignore[no-any-return]


def _known(query: Any, condition: Condition) -> list[uuid.UUID]:
    found = list(db.session.scalars(query.limit(100)))
    if not found:
        raise _Wrong(f"{condition.name}: nothing here is called that")
    return found


def json_contains(column: Any, name: str, value: str) -> Clause:
    """Whether a JSON column holds a value under a name, alone or in a list; no name: is a list with it."""
    if db.session.get_bind().dialect.name == "sqlite":
        path = f'$."{name}"' if name else "$"
        each = sa.func.json_each(column, path).table_valued("value", name="item")
        return sa.exists(sa.select(1).select_from(each).where(sa.cast(each.c.value, sa.String) == value))
    wanted = [value, *_as_json(value)]
    held = [[item] for item in wanted] + (wanted if name else [])
    nested = [{name: item} for item in held] if name else held
    held_as = sa.cast(column, postgresql.JSONB)
    return sa.or_(*(held_as.contains(item) for item in nested))


def _as_json(value: str) -> list[Any]:
    if value in ("true", "false"):
        return [value == "true"]
    return [int(value)] if re.fullmatch(r"-?[0-9]{1,15}", value) else []


_FIELDS: dict[str, Callable[[Condition, Actor], Clause]] = {
    "status": _status,
    "priority": _priority,
    "assignee": _assignee,
    "team": _team,
    "tag": _tag,
    "customer": _customer,
    "organization": _organization,
    "inbox": _inbox,
    "channel": _channel,
    "tier": _tier,
    "category": _category,
    "is": _state,
    "has": _has,
    "created": _age_or_day(Ticket.created_at),
    "updated": _age_or_day(Ticket.updated_at),
}


def _customer_clause(condition: Condition) -> Clause:
    if condition.name not in _CUSTOMER_FIELDS:
        raise _Wrong(f"{condition.name} is asked of tickets, not of customers")
    return _CUSTOMER_FIELDS[condition.name](condition)


def _organization_of(condition: Condition) -> Clause:
    if condition.value.lower() == "none":
        return Customer.organization_id.is_(None)
    named = sa.select(Organization.id).where(_like(Organization.name, condition.value))
    return Customer.organization_id.in_(_known(named, condition))


_created = _age_or_day(Customer.created_at)
_CUSTOMER_FIELDS: dict[str, Callable[[Condition], Clause]] = {
    "tier": lambda condition: _one_of(Customer.tier, TIERS, condition),
    "organization": _organization_of,
    "created": lambda condition: _created(condition, current_actor()),
}
