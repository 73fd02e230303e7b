"""What happens when a promise is nearly broken, or is: warnings, breaches, and the ladder of actions."""

import logging
import uuid
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.auth import SYSTEM, Actor, current_actor
from webapp.database import savepoint
from webapp.errors import AppError
from webapp.extensions import db
from webapp.models import SlaClock, Ticket
from webapp.models.ticket import PRIORITIES
from webapp.services import notification
from webapp.services.event import record
from webapp.services.sla.alarm import BREACH, Alarm, alarms_of
from webapp.services.sla.clocks import rules_now, schedule
from webapp.services.sla.memory import load
from webapp.services.sla.overdue import TAKING, find_sla_breaches
from webapp.services.sla.words import METRIC_NAMES, duration
from webapp.services.ticket.access import ticket_for
from webapp.services.ticket.assignment import KEEP, assign_ticket
from webapp.services.ticket.tagging import add_tag

log = logging.getLogger(__name__)


def escalate_overdue_tickets(*, session: Any = None) -> int:
    """Sends every ticket up whose time to be taken is over and that never went up; returns how many.

    One priority higher (critical stays critical), and `escalated` is true from then on.
    """
    session = session or db.session()
    overdue = sorted(ticket.id for ticket in find_sla_breaches(session=session) if not ticket.escalated)
    count = 0
    for ticket_id in overdue:  # by their ids: the order in which everybody locks tickets
        ticket = ticket_for(ticket_id, "ticket:update", session=session, actor=_acting(), lock=True)
        if ticket.escalated or ticket.assigned_agent_id is not None:
            continue
        if ticket.sla_state is not None:
            ring(ticket, session=session)
        if not ticket.escalated:
            climb(ticket, {"actions": [{"do": "raise_priority"}]}, TAKING, session=session)
        count += 1
    session.flush()
    return count


def _acting() -> Actor:
    actor = current_actor()
    return actor if actor.may("escalation:accept") else SYSTEM


# --- what goes off --------------------------------------------------------------------------------


def ring(ticket: Ticket, *, session: Any = None) -> int:
    """Does what is due on a locked ticket, each thing once, and sets the timer for the next; how many."""
    session = session or db.session()
    if ticket.sla_state is None:
        return 0
    rules = rules_now(session=session)
    memory, now = load(ticket.sla_state), clock.now()
    memory.rings_at = None  # whoever calls this has taken the timer's row, or sets it anew
    due = [alarm for alarm in alarms_of(memory, rules.policies, rules.hours) if alarm.at <= now]
    for alarm in due:
        memory.fired.setdefault(alarm.clock.metric, []).append(alarm.key)
    schedule(ticket, memory, session=session, rules=rules)
    over = {alarm.clock.metric for alarm in due if alarm.key == BREACH}
    for alarm in due:
        if alarm.key == BREACH:
            _breach(ticket, alarm, session)
        elif alarm.key.startswith("s"):
            climb(ticket, alarm.rule, alarm.clock.metric, session=session)
        elif alarm.clock.metric not in over:  # nobody needs a warning of what has happened
            _warn(ticket, alarm, session)
    session.flush()
    return len(due)


def _warn(ticket: Ticket, alarm: Alarm, session: Any) -> None:
    record("sla.warned", session=session, ticket=ticket, changes=_changes(alarm))
    left = duration(_due(alarm) - clock.now())
    title = f"{METRIC_NAMES[alarm.clock.metric]} of #{ticket.number} is due in {left}"
    _tell(ticket, "sla_soon", title, alarm, session)


def _breach(ticket: Ticket, alarm: Alarm, session: Any) -> None:
    mine = (
        SlaClock.ticket_id == ticket.id,
        SlaClock.metric == alarm.clock.metric,
        SlaClock.instance == alarm.clock.instance,
    )
    marking = sa.update(SlaClock).where(*mine).values(breached_at=_due(alarm), fired_at=clock.now())
    session.execute(marking.execution_options(synchronize_session=False))
    record("sla.breached", session=session, ticket=ticket, changes=_changes(alarm))
    title = f"{METRIC_NAMES[alarm.clock.metric]} of #{ticket.number} is overdue"
    _tell(ticket, "sla_breached", title, alarm, session)


def _due(alarm: Alarm) -> Any:
    assert alarm.clock.verdict is not None
    return alarm.clock.verdict.due_at


def _changes(alarm: Alarm) -> dict[str, list[Any]]:
    changes: dict[str, list[Any]] = {
        "metric": [None, alarm.clock.metric],
        "due_at": [None, clock.iso(_due(alarm))],
    }
    for unit in ("percent", "minutes"):
        if alarm.rule.get(unit):
            changes[unit] = [None, alarm.rule[unit]]
    return changes


def _tell(ticket: Ticket, kind: str, title: str, alarm: Alarm, session: Any) -> None:
    """Its agent, or whoever leads where it has none."""
    agent = ticket.assigned_agent_id
    told = [agent] if agent else notification.team_lead_ids(ticket, session=session)
    key = f"{kind}:{ticket.id}:{alarm.clock.metric}:{alarm.clock.instance}:{alarm.key}"
    notification.notify(
        told, kind, ticket=ticket, title=title, body=ticket.title, unique_key=key, session=session
    )


# --- the ladder -----------------------------------------------------------------------------------


def climb(ticket: Ticket, rung: dict[str, Any], metric: str, *, session: Any = None) -> None:
    """Does the actions of one rung to a locked ticket; one that cannot be done does not stop the others."""
    session = session or db.session()
    actions = rung["actions"]
    changes: dict[str, list[Any]] = {"metric": [None, metric]}
    changes["actions"] = [None, [action["do"] for action in actions]]
    if not ticket.escalated:
        changes["escalated"] = [False, True]
        ticket.escalated = True
    if any(action["do"] == "raise_priority" for action in actions):
        changes |= _raise_priority(ticket)
    record("ticket.escalated", session=session, ticket=ticket, changes=changes)
    for action in actions:
        _act(ticket, action, metric, session)


def _raise_priority(ticket: Ticket) -> dict[str, list[Any]]:
    place = PRIORITIES.index(ticket.priority)
    if place + 1 == len(PRIORITIES):
        return {}
    old, ticket.priority = ticket.priority, PRIORITIES[place + 1]
    return {"priority": [old, ticket.priority]}


def _act(ticket: Ticket, action: dict[str, Any], metric: str, session: Any) -> None:
    try:
        with savepoint():
            _DOING[action["do"]](ticket, action, metric, session)
    except (
        AppError
    ) as error:  # the person has left, the ticket has thirty tags: the rest is done all the same
        log.warning("escalation of ticket %s: %s failed: %s", ticket.id, action["do"], type(error).__name__)


def _reassign(ticket: Ticket, action: dict[str, Any], _metric: str, session: Any) -> None:
    agent_id, team_id = (_uuid(action.get(name)) for name in ("agent_id", "team_id"))
    assign_ticket(
        ticket.id, agent_id, team_id=team_id or KEEP, session=session, actor=SYSTEM.through("system")
    )


def _tag(ticket: Ticket, action: dict[str, Any], _metric: str, session: Any) -> None:
    add_tag(ticket.id, action["tag"], session=session, actor=SYSTEM)


def _alert_team_lead(ticket: Ticket, _action: dict[str, Any], metric: str, session: Any) -> None:
    _tell_of(ticket, notification.team_lead_ids(ticket, session=session), metric, session)


def _notify(ticket: Ticket, action: dict[str, Any], metric: str, session: Any) -> None:
    _tell_of(ticket, [uuid.UUID(user_id) for user_id in action["user_ids"]], metric, session)


def _tell_of(ticket: Ticket, user_ids: list[uuid.UUID], metric: str, session: Any) -> None:
    title = f"#{ticket.number} was escalated: {METRIC_NAMES[metric].lower()}"
    notification.notify(
        user_ids, "escalation", ticket=ticket, title=title, body=ticket.title, session=session
    )


def _uuid(text: str | None) -> uuid.UUID | None:
    return uuid.UUID(text) if text else None


_DOING = {
    "raise_priority": lambda *_given: None,  # done with the event itself
    "reassign": _reassign,
    "tag": _tag,
    "alert_team_lead": _alert_team_lead,
    "notify": _notify,
}
