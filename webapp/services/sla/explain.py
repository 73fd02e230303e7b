"""How a clock came to its deadline: as data for machines, as sentences for people."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from webapp import clock as app_clock
from webapp.auth import Actor, current_actor
from webapp.errors import Invalid, NotFound
from webapp.extensions import db
from webapp.models import SlaClock, Ticket
from webapp.models.sla import METRICS
from webapp.services.calendar.business import Hours, spans
from webapp.services.sla.clocks import Rules, read_history, rules_now
from webapp.services.sla.fold import Clock, State, Verdict, fold_state, runs
from webapp.services.sla.words import METRIC_NAMES, duration

MOST_STEPS = 60
"""Closed hours of a clock that runs for months are not told one by one."""

DASH = "\N{EN DASH}"
_STARTS = {
    "time_to_assignment": "waited for somebody to take it",
    "first_response": "waited for a first answer",
    "next_response": "the customer wrote",
    "periodic_update": "our last answer",
    "pausable_update": "our last answer",
}
_ENDS = {
    "time_to_assignment": "taken",
    "first_response": "answered",
    "next_response": "answered",
    "periodic_update": "answered",
    "pausable_update": "answered",
}
_WHY = {"pending": "pending", "hold": "on hold", "solved": "resolved"}


@dataclass(frozen=True)
class Account:
    """What one clock's story is told from."""

    clock: Clock
    line: list[tuple[datetime, str]]
    hours: Hours | None
    now: datetime
    zone: ZoneInfo


def explain(
    ticket_id: uuid.UUID,
    metric: str | None = None,
    *,
    timezone: str = "UTC",
    actor: Actor | None = None,
    session: Any = None,
) -> list[dict[str, Any]]:
    """`Account` of docs/realtime.md for every clock of the ticket (or one metric), the latest first.

    `timezone`: of the sentences; the data are in UTC. Raises `NotFound` for a ticket or metric there is not.
    """
    from webapp.services.ticket.access import ticket_for

    session, actor = session or db.session(), actor or current_actor()
    if metric is not None and metric not in METRICS:
        raise NotFound("There is no such clock")
    ticket = ticket_for(ticket_id, "ticket:read", session=session, actor=actor)
    rules = rules_now(session=session)
    state = folded(ticket, rules, session=session)
    now, zone = app_clock.now(), checked_zone(timezone)
    wanted = [clock for clock in _as_stored(state, ticket, session) if metric in (None, clock.metric)]
    wanted.sort(key=lambda clock: (clock.started_at, -METRICS.index(clock.metric)), reverse=True)
    return [tell(Account(clock, state.line, _hours(clock, state, rules), now, zone)) for clock in wanted]


def checked_zone(name: str) -> ZoneInfo:
    """The time zone of that name. Raises `Invalid`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid.field("timezone", "There is no such time zone", where="query") from None


def _as_stored(state: State, ticket: Ticket, session: Any) -> Iterator[Clock]:
    """The clocks with what was promised at their time: a policy may be another one by now."""
    rows = session.scalars(sa.select(SlaClock).where(SlaClock.ticket_id == ticket.id))
    stored = {(row.metric, row.instance): row for row in rows}
    for clock in (*state.past, *state.live.values()):
        row = stored.get((clock.metric, clock.instance))
        if row is not None:
            yield replace(clock, verdict=_verdict_of(row, clock))


def _verdict_of(row: SlaClock, clock: Clock) -> Verdict:
    return Verdict(
        policy_id=row.policy_id,
        policy_name=row.policy_name,
        policy_version=row.policy_version,
        priority=row.priority,
        tier=row.tier,
        is_business=row.is_business,
        target_seconds=row.target_seconds,
        due_at=row.due_at,
        remaining_seconds=row.remaining_seconds,
        soon_at=clock.verdict.soon_at if clock.verdict else None,
    )


def folded(ticket: Ticket, rules: Rules, *, session: Any) -> State:
    """The ticket's state from its whole ledger, the clocks of the past in it."""
    history = read_history([ticket.id], session=session)[ticket.id]
    return fold_state(history, rules.policies, rules.hours)


def _hours(clock: Clock, state: State, rules: Rules) -> Hours | None:
    verdict = clock.verdict
    if verdict is None or not verdict.is_business:
        return None
    policy = next((policy for policy in rules.policies if policy.id == verdict.policy_id), None)
    return rules.hours(policy.calendar_id if policy else None, state.facts.get("inbox_id"))


# --- as data --------------------------------------------------------------------------------------


def tell(account: Account) -> dict[str, Any]:
    """The account of one clock."""
    clock, verdict = account.clock, account.clock.verdict
    assert verdict is not None
    late = clock.is_late(account.now)
    steps = list(_steps(account))
    over = (clock.ended_at or account.now) - verdict.due_at if late and verdict.due_at else None
    return {
        "metric": clock.metric,
        "name": METRIC_NAMES[clock.metric],
        "instance": clock.instance,
        "state": clock.state,
        "late": late,
        "policy": verdict.policy_name,
        "target_seconds": verdict.target_seconds,
        "target": duration(timedelta(seconds=verdict.target_seconds)),
        "business": verdict.is_business,
        "started_at": app_clock.iso(clock.started_at),
        "due_at": app_clock.iso(verdict.due_at),
        "soon_at": app_clock.iso(verdict.soon_at),
        "ended_at": app_clock.iso(clock.ended_at),
        "remaining_seconds": verdict.remaining_seconds,
        "over_seconds": int(over.total_seconds()) if over else None,
        "steps": steps,
        "sentence": sentence(account, steps, over),
    }


def _steps(account: Account) -> Iterator[dict[str, Any]]:
    """Started, paused and closed stretches, the deadline, the end: in order of time."""
    clock, verdict = account.clock, account.clock.verdict
    assert verdict is not None
    found = [{"kind": "started", "at": clock.started_at, "why": _STARTS.get(clock.metric, "the ticket came")}]
    until = clock.ended_at or verdict.due_at or account.now
    until = min(until, verdict.due_at or until)  # what was closed after the deadline did not move it
    found += _pauses(account)
    found += _closings(account, until)[:MOST_STEPS]
    if verdict.due_at:
        found.append({"kind": "due", "at": verdict.due_at})
    if clock.ended_at:
        kind = {"met": "met", "breached": "missed"}.get(clock.state, "dropped")
        found.append({"kind": kind, "at": clock.ended_at, "why": _ENDS.get(clock.metric, "resolved")})
    order = ("started", "paused", "closed", "met", "missed", "dropped", "due")
    for one in sorted(found, key=lambda one: (one["at"], order.index(str(one["kind"])))):
        yield {**one, **{name: app_clock.iso(one[name]) for name in ("at", "until") if one.get(name)}}


def _pauses(account: Account) -> list[dict[str, Any]]:
    """Where it stood still, and because of which status."""
    clock = account.clock
    found = []
    counted = runs(clock, account.line)
    edges = [clock.started_at, *(until or account.now for _, until in counted)]
    starts = [since for since, _ in counted] + [clock.ended_at]
    for left, right in zip(edges, starts, strict=True):
        if right is None and counted and counted[-1][1] is None:
            continue  # it runs
        if right is None or left < right:
            why = _WHY[_phase_at(account.line, left)]
            found.append({"kind": "paused", "at": left, "until": right, "why": why})
    return found


def _phase_at(line: list[tuple[datetime, str]], at: datetime) -> str:
    phase = next((phase for since, phase in reversed(line) if since <= at), "pending")
    return phase if phase in _WHY else "pending"


def _closings(account: Account, until: datetime) -> list[dict[str, Any]]:
    """Where the calendar was closed while the clock would have run."""
    if account.hours is None:
        return []
    found = []
    for since, stop in runs(account.clock, account.line):
        edge = since
        end = min(stop or until, until)
        for opens, closes in (*spans(since, end, account.hours), (end, end)):
            if edge < opens:
                found.append({"kind": "closed", "at": edge, "until": opens})
            edge = closes
    return found


# --- in words -------------------------------------------------------------------------------------


def sentence(account: Account, steps: list[dict[str, Any]], over: timedelta | None) -> str:
    """`Started 09:02, paused since 10:15 while pending, 1 h 47 min left`: the whole story in one line."""
    clock, verdict = account.clock, account.clock.verdict
    assert verdict is not None
    day = clock.started_at.astimezone(account.zone).date()
    parts = [_part(one, account, day) for one in steps]
    if clock.ended_at is None and verdict.due_at is None:
        parts.append(f"{duration(timedelta(seconds=verdict.remaining_seconds or 0))} left")
    if over:
        parts.append(f"{duration(over)} too late" if clock.ended_at else f"{duration(over)} over")
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]


def _part(one: dict[str, Any], account: Account, day: Any) -> str:
    at = _wall(one["at"], account.zone, day)
    until = (
        f"{DASH}{_wall(one['until'], account.zone, _day(one['at'], account.zone))}"
        if one.get("until")
        else ""
    )
    if one["kind"] == "paused":
        stretch = f"{at}{until}" if until else f"since {at}"
        return f"paused {stretch} while {one['why']}"
    if one["kind"] == "missed":
        return f"{one['why']} {at}"
    if one["kind"] == "met":
        return f"{one['why']} {at}, in time"
    if one["kind"] == "dropped":
        return f"no longer owed from {at}"
    return f"{one['kind']} {at}{until}"


def _day(text: str, zone: ZoneInfo) -> Any:
    return datetime.fromisoformat(text).astimezone(zone).date()


def _wall(text: str, zone: ZoneInfo, day: Any) -> str:
    """The time by the wall clock, with its day where that is another one."""
    at = datetime.fromisoformat(text).astimezone(zone)
    shown = f"{at:%H:%M}"
    return shown if at.date() == day else f"{at:%a} {at.day} {at:%b} {shown}"
