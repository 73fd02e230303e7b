"""A ticket's clocks as they are stored: moved on by each event, in the event's own transaction."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, overload

import sqlalchemy as sa

from webapp import clock as app_clock
from webapp import database
from webapp.extensions import db
from webapp.models import Event, SlaClock, Ticket
from webapp.services.calendar.business import Hours
from webapp.services.sla.alarm import BREACH, alarms_of
from webapp.services.sla.chip import chip_of, next_due
from webapp.services.sla.fold import WITHDRAWN, Clock, Happening, State, fold_state, settle, step
from webapp.services.sla.hours import hours_of
from webapp.services.sla.memory import Memory, dump, load
from webapp.services.sla.policy import Policy, load_policies
from webapp.services.sla.withdrawal import fired_again, keep_ended
from webapp.services.timer import clear_timer, set_timer
from webapp.tenancy import require_workspace_id
from webapp.upsert import put

RING = "sla.ring"
Key = tuple[str, int]


class _Lazily(Sequence[Policy]):
    """Policies that are read when somebody first looks: most events need none."""

    def __init__(self, read: Callable[[], list[Policy]]) -> None:
        self._read = read

    @cached_property
    def _found(self) -> list[Policy]:
        return self._read()

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, place: int) -> Policy: ...
    @overload
    def __getitem__(self, place: slice) -> list[Policy]: ...
    def __getitem__(self, place: int | slice) -> Policy | list[Policy]:
        return self._found[place]

    def __iter__(self) -> Iterator[Policy]:
        return iter(self._found)


@dataclass
class Rules:
    """What clocks are judged by: policies in their order, and hours by calendar or inbox; each read once."""

    session: Any
    policies: Sequence[Policy] = ()
    _hours: dict[tuple[Any, Any], Hours | None] = field(default_factory=dict)

    def hours(self, calendar_id: uuid.UUID | None, inbox_id: str | None) -> Hours | None:
        """As `fold.HoursOf`."""
        key = calendar_id, inbox_id
        if key not in self._hours:
            self._hours[key] = hours_of(calendar_id, inbox_id, session=self.session)
        return self._hours[key]


def rules_now(*, session: Any = None) -> Rules:
    """The workspace's rules as they stand."""
    session = session or db.session()
    return Rules(session, _Lazily(lambda: load_policies(session=session)))


# --- following the ledger -------------------------------------------------------------------------


def happening_of(event: Any) -> Happening:
    """What folding reads of an event's row."""
    return Happening(
        name=event.name,
        at=event.at or app_clock.now(),
        seq=event.ticket_seq,
        actor_kind=event.actor_kind,
        is_public=event.public_seq is not None,
        changes=event.changes or {},
        actor_id=event.actor_id,
    )


def read_history(ticket_ids: Iterable[uuid.UUID], *, session: Any = None) -> dict[uuid.UUID, list[Happening]]:
    """The ledger of these tickets, as `fold` takes it: `{ticket id: events in order}`. One query."""
    session = session or db.session()
    wanted = list(ticket_ids)
    names = ("name", "at", "ticket_seq", "actor_kind", "actor_id", "public_seq", "changes")
    columns = (getattr(Event, name) for name in names)
    here = Event.workspace_id == require_workspace_id()
    query = sa.select(Event.ticket_id, *columns).where(here, Event.ticket_id.in_(wanted))
    found: dict[uuid.UUID, list[Happening]] = {ticket_id: [] for ticket_id in wanted}
    query = query.order_by(Event.ticket_id, Event.ticket_seq)
    for row in session.execute(query, execution_options={"unscoped": True}):  # the fast way: see `here`
        found[row.ticket_id].append(happening_of(row))
    return found


def customer_facts(ticket: Ticket) -> dict[str, Any]:
    """What policies choose by that is the customer's, not the ticket's."""
    customer = ticket.customer
    organization_id = getattr(customer, "organization_id", None)
    return {"tier": customer.tier, "organization_id": str(organization_id) if organization_id else None}


def follow(
    ticket: Ticket, events: Iterable[Event], *, session: Any = None, rules: Rules | None = None
) -> None:
    """Moves a locked ticket's clocks on over events just recorded; those it knows are passed over."""
    session = session or db.session()
    if ticket.sla_state is None:
        rebuild(ticket, session=session, rules=rules)
        return
    rules = rules or rules_now(session=session)
    memory = load(ticket.sla_state)
    before = _by_key(memory.state)
    events = list(events)
    if any(event.name == WITHDRAWN and event.ticket_seq > memory.state.seq for event in events):
        _fold_again(ticket, memory, session=session, rules=rules)
        return
    felt = [step(memory.state, happening_of(event), rules.policies, rules.hours) for event in events]
    if any(felt):
        settle(memory.state, rules.policies, rules.hours)
        store(ticket, memory, before, session=session, rules=rules)
    else:
        ticket.sla_state = dump(memory)


def begin(ticket: Ticket, events: Iterable[Event], *, session: Any = None) -> None:
    """Starts the clocks of a ticket that this transaction has made, from all of its events so far.

    Looking at the rules does not write the ticket: that is done once, with its deadlines.
    """
    session = session or db.session()
    rules = rules_now(session=session)
    with session.no_autoflush:
        state = fold_state(map(happening_of, events), rules.policies, rules.hours)
        store(ticket, Memory(state), {}, session=session, rules=rules)


def refresh(ticket: Ticket, *, session: Any = None, rules: Rules | None = None) -> None:
    """Judges a locked ticket's running clocks anew, by the rules as they stand now; what has ended stays."""
    session = session or db.session()
    if ticket.sla_state is None:
        rebuild(ticket, session=session, rules=rules)
        return
    rules = rules or rules_now(session=session)
    memory = load(ticket.sla_state)
    before = _by_key(memory.state)
    settle(memory.state, rules.policies, rules.hours)
    store(ticket, memory, before, session=session, rules=rules)


def rebuild(ticket: Ticket, *, session: Any = None, rules: Rules | None = None) -> None:
    """Folds a locked ticket's whole ledger and puts the outcome in the place of what was stored."""
    session = session or db.session()
    session.flush()
    rules = rules or rules_now(session=session)
    state = fold_state(_whole_history(ticket, session), rules.policies, rules.hours)
    memory = load(ticket.sla_state) if ticket.sla_state else Memory(state)
    memory.state = state
    forgetting = sa.delete(SlaClock).where(SlaClock.ticket_id == ticket.id)
    session.execute(forgetting.execution_options(synchronize_session=False))
    store(ticket, memory, {}, session=session, rules=rules)


def _fold_again(ticket: Ticket, memory: Memory, *, session: Any, rules: Rules) -> None:
    """A reply was taken back: the whole ledger without it; what ended as before keeps its promise."""
    session.flush()
    known = memory.state
    memory.state = fold_state(_whole_history(ticket, session), rules.policies, rules.hours)
    rows = list(session.scalars(sa.select(SlaClock).where(SlaClock.ticket_id == ticket.id)))
    memory.fired = fired_again(memory, known, rows, rules.policies, rules.hours)
    _forget_fired(memory, {}, app_clock.now())
    rest = keep_ended(memory.state, known, rows)
    stale = [row for row in rows if row not in rest.kept]
    fired = {(row.metric, row.started_at): row.fired_at for row in stale}
    session.execute(_taking([row.id for row in stale]))
    made = [clock_row(ticket, memory, clock) for clock in rest.clocks]
    if made:
        _upsert([{**row, "fired_at": fired.get((row["metric"], row["started_at"]))} for row in made], session)
    _show(ticket, memory, session=session, rules=rules)


def _taking(ids: list[uuid.UUID]) -> Any:
    return sa.delete(SlaClock).where(SlaClock.id.in_(ids)).execution_options(synchronize_session="fetch")


def _whole_history(ticket: Ticket, session: Any) -> list[Happening]:
    """Its events; a row that came without any (an import, a test) begins as it stands."""
    found = read_history([ticket.id], session=session)[ticket.id]
    if any(happening.name == "ticket.created" for happening in found):
        return found
    fields = ("status", "pending_on", "priority", "channel", "category")
    changes = {name: [None, getattr(ticket, name)] for name in fields}
    ids = ("inbox_id", "team_id", "assigned_agent_id")
    changes |= {name: [None, str(value) if (value := getattr(ticket, name)) else None] for name in ids}
    changes |= {name: [None, value] for name, value in customer_facts(ticket).items()}
    return [Happening("ticket.created", ticket.created_at, 0, changes=changes), *found]


def _by_key(state: State) -> dict[Key, Clock]:
    return {(metric, clock.instance): clock for metric, clock in state.live.items()}


# --- storing --------------------------------------------------------------------------------------


def store(ticket: Ticket, memory: Memory, before: dict[Key, Clock], *, session: Any, rules: Rules) -> None:
    """Writes what changed since `before`: the clocks' rows, the ticket's deadline, the timer."""
    now = app_clock.now()
    _forget_fired(memory, before, now)
    changed = [clock for clock in _clocks(memory) if clock != before.get((clock.metric, clock.instance))]
    _show(ticket, memory, session=session, rules=rules)
    _write_rows(ticket, memory, changed, before, session)


def _show(ticket: Ticket, memory: Memory, *, session: Any, rules: Rules) -> None:
    """The ticket's own columns and its timer."""
    ticket.next_due_at = next_due(memory.state)
    ticket.sla = chip_of(memory.state)
    schedule(ticket, memory, session=session, rules=rules)


def schedule(ticket: Ticket, memory: Memory, *, session: Any, rules: Rules) -> None:
    """Sets the ticket's one timer to whatever goes off next, and keeps the memory."""
    alarms = alarms_of(memory, rules.policies, rules.hours)
    rings_at = alarms[0].at if alarms else None
    has_moved, memory.rings_at = rings_at != memory.rings_at, rings_at
    ticket.sla_state = dump(memory)  # first: setting the timer writes the ticket, too
    if has_moved and rings_at is None:
        clear_timer(RING, ticket.id, session=session)
    elif has_moved and rings_at is not None:
        set_timer(RING, ticket.id, rings_at, ticket_id=ticket.id, session=session)


def _clocks(memory: Memory) -> list[Clock]:
    return [*memory.state.past, *memory.state.live.values()]


def _forget_fired(memory: Memory, before: dict[Key, Clock], now: datetime) -> None:
    """A new instance begins in silence, and so does a deadline that was moved back into the future."""
    for metric, clock in memory.state.live.items():
        fired = memory.fired.get(metric)
        if not fired:
            continue
        due = clock.verdict.due_at if clock.verdict else None
        is_new = bool(before) and (metric, clock.instance) not in before
        if is_new or (BREACH in fired and clock.ended_at is None and due is not None and due > now):
            del memory.fired[metric]


def _write_rows(
    ticket: Ticket, memory: Memory, changed: list[Clock], before: dict[Key, Clock], session: Any
) -> None:
    promised = [clock for clock in changed if clock.verdict]
    for clock in changed:
        old = before.get((clock.metric, clock.instance))
        if clock.verdict is None and old and old.verdict:
            mine = (SlaClock.metric == clock.metric, SlaClock.instance == clock.instance)
            taking = sa.delete(SlaClock).where(SlaClock.ticket_id == ticket.id, *mine)
            session.execute(taking.execution_options(synchronize_session=False))
    if promised:
        _upsert([clock_row(ticket, memory, clock) for clock in promised], session)


def _upsert(rows: list[dict[str, Any]], session: Any) -> None:
    keys = ("ticket_id", "metric", "instance")
    moved = tuple(name for name in rows[0] if name not in (*keys, "id", "workspace_id"))
    put(SlaClock, rows, keys=keys, moved=moved, session=session)


def clock_row(ticket: Ticket, memory: Memory, clock: Clock) -> dict[str, Any]:
    """The row of a clock that is held to something."""
    verdict = clock.verdict
    assert verdict is not None
    is_live = memory.state.live[clock.metric].instance == clock.instance
    has_fired = is_live and BREACH in memory.fired.get(clock.metric, ())
    return {
        "id": database.uuid7(),
        "workspace_id": ticket.workspace_id,
        "ticket_id": ticket.id,
        "metric": clock.metric,
        "instance": clock.instance,
        "policy_id": verdict.policy_id,
        "policy_name": verdict.policy_name,
        "policy_version": verdict.policy_version,
        "priority": verdict.priority,
        "tier": verdict.tier,
        "is_business": verdict.is_business,
        "state": clock.state,
        "target_seconds": verdict.target_seconds,
        "remaining_seconds": verdict.remaining_seconds,
        "started_at": clock.started_at,
        "due_at": verdict.due_at,
        "ended_at": clock.ended_at,
        "breached_at": clock.breached_at or (verdict.due_at if has_fired else None),
    }
