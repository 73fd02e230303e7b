"""Open tickets under the rules as they are now: what would move, and moving it."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp import clock as app_clock
from webapp import green
from webapp.auth import Actor, current_actor, require
from webapp.errors import Conflict
from webapp.extensions import db
from webapp.models import Job, Ticket
from webapp.models.ticket import ENDED
from webapp.services import job as jobs
from webapp.services.event import record, remember
from webapp.services.sla.chip import running_due
from webapp.services.sla.clocks import Rules, customer_facts, refresh, rules_now
from webapp.services.sla.fold import State, settle
from webapp.services.sla.memory import load
from webapp.services.sla.policy import Policy, policy_for
from webapp.tenancy import require_workspace_id

TYPE = "sla.recalculate"
BATCH = 50
MAX_LOOKED = 1000
"""How many tickets a preview looks at; the work itself goes through all of them."""
SAMPLE = 50
SHOWN = 10
Due = dict[str, datetime | None]


@dataclass
class Preview:
    """What a recalculation would do: `rows` holds the first tickets that move, with their deadlines."""

    looked: int = 0
    moved: int = 0
    is_partial: bool = False
    rows: list[dict[str, Any]] = field(default_factory=list)


def preview(*, session: Any = None, actor: Actor | None = None) -> Preview:
    """What would move if open tickets were recalculated now. Writes nothing; looks at the 1,000 oldest."""
    session = session or db.session()
    require(actor or current_actor(), "settings:manage")
    rules, found = rules_now(session=session), Preview()
    for ticket in _open_tickets(session, MAX_LOOKED + 1):
        if found.looked == MAX_LOOKED:
            found.is_partial = True
            break
        found.looked += 1
        before, after = _before_and_after(ticket, rules)
        changes = _changes(before, after)
        if changes:
            found.moved += 1
            if len(found.rows) < SAMPLE:
                found.rows.append({"number": ticket.number, "title": ticket.title, "changes": changes})
        green.pause()
    return found


def request_recalculation(*, session: Any = None, actor: Actor | None = None) -> Job:
    """Enqueues the work. Raises `Conflict` while another one runs in this workspace."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    key = f"{TYPE}:{require_workspace_id()}"
    made = jobs.enqueue(TYPE, {}, session=session, unique_key=key, requested_by_id=actor.id)
    if made is None:
        raise Conflict("Open tickets are being recalculated already")
    return made


def count_open(*, session: Any = None) -> int:
    """How many tickets a recalculation goes through."""
    session = session or db.session()
    return int(session.scalar(sa.select(sa.func.count()).select_from(Ticket).where(_is_open())) or 0)


def next_ids(after: uuid.UUID | None, limit: int, *, session: Any = None) -> list[uuid.UUID]:
    """The ids of the next open tickets, in the order in which tickets are locked."""
    session = session or db.session()
    query = sa.select(Ticket.id).where(_is_open()).order_by(Ticket.id).limit(limit)
    return list(session.scalars(query.where(Ticket.id > after) if after else query))


def recalculate(ticket_ids: list[uuid.UUID], *, session: Any = None, actor: Actor | None = None) -> int:
    """Locks these tickets, judges their running clocks anew and records an event on each that moved."""
    session, actor = session or db.session(), actor or current_actor()
    query = sa.select(Ticket).where(Ticket.id.in_(ticket_ids), _is_open()).order_by(Ticket.id)
    locking = query.options(sa.orm.selectinload(Ticket.customer)).with_for_update(key_share=True)
    rules, moved = rules_now(session=session), 0
    for ticket in session.scalars(locking.execution_options(populate_existing=True)).all():
        before = _promised(ticket)
        remember(ticket, session=session)
        refresh(ticket, session=session, rules=rules)
        after = _promised(ticket)
        metrics = [one for one in {**before, **after} if before.get(one) != after.get(one)]
        if metrics:
            changes = {one: [_deadline(before, one), _deadline(after, one)] for one in metrics}
            moved += 1
            record("sla.recalculated", session=session, actor=actor, ticket=ticket, changes=changes)
    return moved


# --- which tickets a policy is for ----------------------------------------------------------------


def matching_tickets(
    policies: list[Policy], wanted: Policy, *, session: Any = None, actor: Actor | None = None
) -> dict[str, Any]:
    """What `policies` would mean for open tickets: how many `wanted` is the first to fit, and what moves.

    `tickets` holds the newest that it fits or that move, each with the deadlines that change as in `preview`.
    """
    session = session or db.session()
    require(actor or current_actor(), "settings:manage")
    rules, shown = Rules(session, policies), []
    fitting = moved = looked = 0
    for ticket in _open_tickets(session, MAX_LOOKED, newest_first=True):
        fits = policy_for(_facts(ticket), policies) is wanted
        changes = _changes(*_before_and_after(ticket, rules))
        looked, fitting, moved = looked + 1, fitting + fits, moved + bool(changes)
        if (fits or changes) and len(shown) < SHOWN:
            told = {"number": ticket.number, "title": ticket.title, "priority": ticket.priority}
            shown.append({**told, "changes": changes})
        green.pause()
    return {"count": fitting, "looked": looked, "moved": moved, "tickets": shown}


def _facts(ticket: Ticket) -> dict[str, Any]:
    if ticket.sla_state:
        return load(ticket.sla_state).state.facts
    facts = {"priority": ticket.priority, "channel": ticket.channel, "category": ticket.category}
    ids = {name: getattr(ticket, name) for name in ("inbox_id", "team_id")}
    return {
        **facts,
        **{name: str(value) if value else None for name, value in ids.items()},
        **customer_facts(ticket),
    }


def _is_open() -> Any:
    return sa.and_(Ticket.status.not_in(ENDED), Ticket.deleted_at.is_(None), ~Ticket.is_spam)


def _open_tickets(session: Any, limit: int, *, newest_first: bool = False) -> Iterator[Ticket]:
    """Open tickets in small batches, so that no read holds anybody up."""
    last = None
    while limit > 0:
        query = sa.select(Ticket).where(_is_open()).options(sa.orm.selectinload(Ticket.customer))
        if last is not None:
            query = query.where(Ticket.id < last if newest_first else Ticket.id > last)
        query = query.order_by(Ticket.id.desc() if newest_first else Ticket.id).limit(min(BATCH, limit))
        batch = list(session.scalars(query))
        yield from batch
        if len(batch) < BATCH:
            return
        last, limit = batch[-1].id, limit - len(batch)


def _before_and_after(ticket: Ticket, rules: Rules) -> tuple[Due, Due]:
    if ticket.sla_state is None:
        return {}, {}
    state = load(ticket.sla_state).state
    before = _due(state)
    settle(state, rules.policies, rules.hours)
    return before, _due(state)


def _due(state: State) -> Due:
    running = {
        metric: clock for metric, clock in state.live.items() if clock.ended_at is None and clock.verdict
    }
    return {metric: running_due(clock) for metric, clock in running.items()}


Promised = dict[str, tuple[datetime | None, uuid.UUID | None, int]]


def _promised(ticket: Ticket) -> Promised:
    """{metric: its deadline, and who promised how much}: one that moves only the latter is told too.

    Reports count by policy, and follow nothing but the ledger.
    """
    state = load(ticket.sla_state).state if ticket.sla_state else State()
    return {
        metric: (due, verdict.policy_id, verdict.target_seconds)
        for metric, due in _due(state).items()
        if (verdict := state.live[metric].verdict)
    }


def _deadline(promised: Promised, metric: str) -> str | None:
    return app_clock.iso(promised[metric][0]) if metric in promised else None


def _changes(before: Due, after: Due) -> dict[str, list[Any]]:
    """{metric: [deadline before, deadline after]}; None: none was promised, or the clock stands still."""
    metrics = dict.fromkeys((*before, *after))
    pairs = {metric: (before.get(metric), after.get(metric)) for metric in metrics}
    return {
        metric: [app_clock.iso(old), app_clock.iso(new)] for metric, (old, new) in pairs.items() if old != new
    }
