"""What reports must say, worked out slowly: one ticket after the other, straight from the ledger.

It shares no code with `services.report` and `services.sla.fold`; of the application it uses the rows of the
ledger and the arithmetic of business time (`services.calendar.business`, which has its own tests). Promises
go by the policies and calendars as they are now, so a test that changes them in between cannot use it.

    facts = slow_reports.facts()                     # of the current workspace
    [fact for fact in facts if fact.kind == "resolved" and start <= fact.at < end]
    slow_reports.backlog_at(facts, instant)          # the facts of the tickets unfinished then
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp.extensions import db
from webapp.models import Calendar, Event, Inbox, SlaPolicy
from webapp.services import calendar as calendars
from webapp.services.calendar.business import Hours, NeverOpen, add, between

SOLVED = ("resolved", "closed")
CONDITIONS = {
    "priorities": "priority",
    "tiers": "tier",
    "channels": "channel",
    "inbox_ids": "inbox_id",
    "team_ids": "team_id",
    "organization_ids": "organization_id",
    "categories": "category",
}
FACTS = (*CONDITIONS.values(), "tags")
STANDARD_HOURS = {"critical": 1, "high": 4, "medium": 24, "low": 72}
COUNTS_WHILE = {
    "time_to_assignment": ("open", "hold"),
    "pausable_update": ("open", "hold"),
    "requester_wait": ("open", "hold"),
    "agent_work": ("open",),
}
TIMED = (
    "time_to_assignment", "first_response", "next_response", "requester_wait", "agent_work", "total",
)  # fmt: skip
METRICS = (*TIMED, "periodic_update", "pausable_update")


@dataclass(frozen=True)
class Fact:
    """One row that reports count; fields as in `webapp.models.Measurement`."""

    ticket_id: uuid.UUID
    kind: str
    at: datetime | None
    agent_id: str | None
    team_id: str | None
    inbox_id: str | None
    channel: str
    priority: str
    tier: str
    until: datetime | None = None
    outcome: str | None = None
    seconds: int | None = None
    business_seconds: int | None = None
    target_seconds: int | None = None
    policy_id: str | None = None


@dataclass(frozen=True)
class Moment:
    """A ticket just after one of its events."""

    event: Any
    status: str
    pending_on: str | None
    is_spam: bool
    is_trashed: bool
    is_merged: bool
    is_gone: bool
    agent_id: str | None
    facts: dict[str, Any]

    @property
    def at(self) -> datetime:
        return self.event.at

    @property
    def is_unfinished(self) -> bool:
        hidden = self.is_spam or self.is_trashed or self.is_merged
        return not hidden and self.status not in SOLVED

    @property
    def phase(self) -> str:
        if self.is_gone or self.status in SOLVED:
            return "solved"
        if self.status != "pending":
            return "open"
        return "hold" if self.pending_on == "third_party" else "pending"


@dataclass(frozen=True)
class Stretch:
    """A metric's clock once: from which moment to which (None: it runs), `is_kept`: what ended it kept it."""

    metric: str
    starts: Moment
    ends: Moment | None = None
    is_kept: bool = False


@dataclass
class Rules:
    """What promises go by: `policies` in their order; the hours of a calendar, and of an inbox at a time."""

    policies: Sequence[Any]
    calendar_hours: Callable[[Any], Hours | None]
    inbox_hours: Callable[[str | None, datetime | None], Hours | None]


# --- reading --------------------------------------------------------------------------------------


def facts(*, session: Any = None, rules: Rules | None = None) -> list[Fact]:
    """Every fact of the current workspace's tickets. `rules`: where they have been read already."""
    session = session or db.session()
    query = sa.select(Event).where(Event.ticket_id.is_not(None)).order_by(Event.ticket_id, Event.ticket_seq)
    ledgers: dict[uuid.UUID, list[Any]] = {}
    for event in session.scalars(query):
        ledgers.setdefault(event.ticket_id, []).append(event)
    rules = rules or read_rules(session)
    return [fact for events in ledgers.values() for fact in facts_of(events, rules)]


def read_rules(session: Any) -> Rules:
    """The workspace's rules as they stand, and its inboxes' hours as they were."""
    rows = list(session.scalars(sa.select(SlaPolicy).order_by(SlaPolicy.position, SlaPolicy.id)))
    known = {row.id: calendars.hours_of(row, session=session) for row in session.scalars(sa.select(Calendar))}
    inboxes = {str(row.id): row for row in session.scalars(sa.select(Inbox))}
    moves = list(session.scalars(sa.select(Event).where(Event.name == "inbox.updated")))

    def inbox_hours(inbox_id: str | None, at: datetime | None) -> Hours | None:
        if inbox_id is None:
            return None
        week = _at(moves, inbox_id, "hours", inboxes[inbox_id].hours, at)
        return Hours(_at(moves, inbox_id, "timezone", inboxes[inbox_id].timezone, at), week) if week else None

    active = [row for row in rows if row.is_active]
    return Rules(active if rows else [standard()], lambda calendar_id: known[calendar_id], inbox_hours)


def _at(moves: Iterable[Any], inbox_id: str, name: str, present: Any, at: datetime | None) -> Any:
    """What an inbox's setting was then: what the first change after that changed."""
    later = [one for one in moves if at and str(one.subject_id) == inbox_id and one.at > at]
    changed = [one for one in sorted(later, key=lambda one: one.at) if name in one.changes]
    return changed[0].changes[name][0] if changed else present


def standard() -> Any:
    """What holds in a workspace without a policy."""
    grid = {
        priority: dict.fromkeys(("free", "basic", "premium", "enterprise"), hours * 3600)
        for priority, hours in STANDARD_HOURS.items()
    }
    targets = [{"metric": "time_to_assignment", "clock": "calendar", "seconds": grid}]
    return SlaPolicy(id=None, name="Standard", conditions={}, targets=targets, calendar_id=None)


# --- a ticket's life ------------------------------------------------------------------------------


def facts_of(events: Sequence[Any], rules: Rules) -> list[Fact]:
    """One ticket's facts from its events in order, beginning with `ticket.created`."""
    withdrawn = {one.changes["comment_seq"][0] for one in events if one.name == "comment.withdrawn"}
    counted = [one for one in events if one.name != "comment.created" or one.ticket_seq not in withdrawn]
    life = moments_of(counted)
    if life[-1].is_spam or life[-1].is_trashed:
        return []
    stretches = clocks_of(_without_undone_merges(life))
    found = [*_happenings(life), *_backlog(life)]
    judged = [(one, number, judge(one, clock_life, rules)) for one, number, clock_life in stretches]
    for one, _number, clock_life in stretches:
        if one.metric in TIMED and one.ends and one.is_kept:
            found.append(_duration(one, clock_life, rules))
    found += [_promise(one, verdict, life, rules) for one, _, verdict in judged if verdict.is_there]
    return found + _escalations(life, judged)


def moments_of(events: Sequence[Any]) -> list[Moment]:
    """The ticket after each of its events."""
    known: dict[str, Any] = {"tags": None}
    flags = {"is_trashed": False, "is_merged": False, "is_gone": False}
    life = []
    was_gone = False
    for event in events:
        known |= {name: pair[1] for name, pair in event.changes.items() if isinstance(pair, list)}
        if event.name == "ticket.merged":
            was_gone = flags["is_gone"]
        if event.name in ("ticket.deleted", "ticket.merged"):
            flags["is_gone"] = True
        if event.name in ("ticket.restored", "ticket.unmerged"):
            flags["is_gone"] = event.name == "ticket.unmerged" and was_gone
        if event.name in ("ticket.deleted", "ticket.restored"):
            flags["is_trashed"] = event.name == "ticket.deleted"
        if event.name in ("ticket.merged", "ticket.unmerged"):
            flags["is_merged"] = event.name == "ticket.merged"
        life.append(
            Moment(
                event,
                known.get("status") or "open",
                known.get("pending_on"),
                bool(known.get("spam")),
                agent_id=known.get("assigned_agent_id"),
                facts={name: known.get(name) or None for name in FACTS},
                **flags,
            )
        )
    return life


def _fact(kind: str, moment: Moment, at: datetime | None = None, **more: Any) -> Fact:
    return Fact(
        ticket_id=moment.event.ticket_id,
        kind=kind,
        at=at,
        **{
            "agent_id": moment.agent_id,
            "team_id": moment.facts["team_id"],
            "inbox_id": moment.facts["inbox_id"],
            "channel": moment.facts["channel"],
            "priority": moment.facts["priority"],
            "tier": moment.facts["tier"] or "basic",
            **more,
        },
    )


def _is_reply(event: Any) -> bool:
    is_public = event.public_seq is not None
    return event.name == "comment.created" and is_public and event.actor_kind == "user"


def _is_question(event: Any) -> bool:
    is_public = event.public_seq is not None
    return event.name == "comment.created" and is_public and event.actor_kind == "customer"


def _happenings(life: Sequence[Moment]) -> list[Fact]:
    first = life[0]
    by = {"agent_id": str(first.event.actor_id)} if first.event.actor_kind == "user" else {}
    found = [_fact("created", first, first.at, **by)]
    owes_reopening = False
    for before, moment in zip([None, *life], life, strict=False):
        event = moment.event
        given = event.changes.get("assigned_agent_id")
        if given and given[1]:
            found.append(_fact("assigned", moment, moment.at))
        if _is_reply(event):
            found.append(_fact("replied", moment, moment.at, agent_id=str(event.actor_id)))
        if before and before.is_unfinished and not moment.is_unfinished and _is_resolution(moment):
            found.append(_fact("resolved", moment, moment.at))
            owes_reopening = True
        if moment.is_unfinished and owes_reopening:
            found.append(_fact("reopened", moment, moment.at))
            owes_reopening = False
    return found


def _is_resolution(moment: Moment) -> bool:
    return not (moment.is_spam or moment.is_trashed or moment.is_merged)


def _backlog(life: Sequence[Moment]) -> list[Fact]:
    """One fact from each event to the next while unfinished, then neighbours that look the same as one."""
    found: list[Fact] = []
    for moment, following in zip(life, [*life[1:], None], strict=False):
        until = following.at if following else None
        if not moment.is_unfinished or (until and until <= moment.at):
            continue
        fact = _fact("backlog", moment, moment.at, until=until)
        if found and found[-1].until == moment.at and replace(found[-1], at=fact.at, until=until) == fact:
            fact = replace(found.pop(), until=until)
        found.append(fact)
    return found


def backlog_at(known: Iterable[Fact], instant: datetime) -> list[Fact]:
    """The facts of the tickets that were unfinished at an instant: one for each."""
    return [
        fact
        for fact in known
        if fact.kind == "backlog" and fact.at <= instant and (fact.until is None or instant < fact.until)
    ]


# --- clocks ---------------------------------------------------------------------------------------


def _without_undone_merges(life: Sequence[Moment]) -> list[Moment]:
    """As if a merge that was taken back had not been: while it lasted nothing but facts moved."""
    undone = max((place for place, one in enumerate(life) if one.event.name == "ticket.unmerged"), default=-1)
    found: list[Moment] = []
    asleep: Moment | None = None
    for place, moment in enumerate(life):
        if moment.event.name == "ticket.merged" and place < undone:
            asleep = found[-1]
        elif moment.event.name == "ticket.unmerged":
            asleep = None
        elif asleep is None:
            found.append(moment)
        else:  # its facts go on
            found.append(replace(asleep, facts=moment.facts, event=_Asleep(moment.event)))
    return found


class _Asleep:
    """An event on a ticket that lay in another: it moves facts at most."""

    def __init__(self, event: Any) -> None:
        self.at, self.ticket_id, self.changes = event.at, event.ticket_id, {}
        self.name, self.actor_kind, self.actor_id, self.public_seq = "asleep", "system", None, None
        self.ticket_seq = event.ticket_seq


def clocks_of(life: list[Moment]) -> list[tuple[Stretch, int, list[Moment]]]:
    """Every clock of every metric, with its number and the life that it went by."""
    found = []
    for metric in METRICS:
        for number, one in enumerate(_STRETCHES[metric](metric, life), start=1):
            found.append((one, number, life))
    return found


def _taking(metric: str, life: Sequence[Moment]) -> list[Stretch]:
    """As long as it is unsolved and nobody's; kept if somebody gets it."""
    found: list[Stretch] = []
    starts: Moment | None = None
    for moment in life:
        waits = moment.phase != "solved" and moment.agent_id is None
        if waits and starts is None:
            starts = moment
        if not waits and starts is not None:
            found.append(Stretch(metric, starts, moment, is_kept=moment.agent_id is not None))
            starts = None
    return found + ([Stretch(metric, starts)] if starts else [])


def _answering(metric: str, life: Sequence[Moment]) -> list[Stretch]:
    """From a question (the ticket itself is the first) to our reply."""
    found: list[Stretch] = []
    starts: Moment | None = None
    is_answered, by_staff = False, life[0].event.actor_kind == "user"
    for before, moment in zip([None, *life], life, strict=False):
        mine = is_answered == (metric == "next_response")
        is_asked = _is_question(moment.event) and not moment.is_gone and mine
        if _is_reply(moment.event):
            is_answered = True
            if starts is not None:
                found.append(Stretch(metric, starts, moment, is_kept=True))
                starts = None
        woken = (before is None or before.phase == "solved") and moment.phase != "solved"
        begins = woken and metric == "first_response" and not is_answered and not by_staff
        if before and before.phase != "solved" and moment.phase == "solved" and starts is not None:
            found.append(Stretch(metric, starts, moment))
            starts = None
        if (is_asked or begins) and starts is None:
            starts = moment
    return found + ([Stretch(metric, starts)] if starts else [])


def _updating(metric: str, life: Sequence[Moment]) -> list[Stretch]:
    """From one reply of ours to the next."""
    found: list[Stretch] = []
    starts: Moment | None = None
    for moment in life:
        is_reply, is_solved = _is_reply(moment.event), moment.phase == "solved"
        if starts is not None and (is_reply or is_solved):
            found.append(Stretch(metric, starts, moment, is_kept=is_reply))
            starts = None
        if is_reply and not is_solved:
            starts = moment
    return found + ([Stretch(metric, starts)] if starts else [])


def _resolving(metric: str, life: Sequence[Moment]) -> list[Stretch]:
    """From its first unsolved moment to the last time it was solved, if it still is."""
    starts = next((moment for moment in life if moment.phase != "solved"), None)
    if starts is None:
        return []
    if life[-1].phase != "solved":
        return [Stretch(metric, starts)]
    last = max(place for place, moment in enumerate(life) if moment.phase != "solved") + 1
    return [Stretch(metric, starts, life[last], is_kept=not life[last].is_gone)]


_STRETCHES: dict[str, Any] = {
    "time_to_assignment": _taking,
    "first_response": _answering,
    "next_response": _answering,
    "periodic_update": _updating,
    "pausable_update": _updating,
    **dict.fromkeys(("requester_wait", "agent_work", "total"), _resolving),
}


def counted_spans(
    one: Stretch, life: Sequence[Moment], ends: datetime | None, upto: int | None = None
) -> list[tuple[datetime, datetime | None]]:
    """When the clock counted, between events; the last span is open while it runs. `upto`: events known."""
    phases = COUNTS_WHILE.get(one.metric, ("open", "hold", "pending", "solved"))
    known = list(life[:upto])
    found = []
    for moment, following in zip(known, [*known[1:], None], strict=False):
        until = following.at if following else ends
        until = min(until, ends) if until and ends else until
        since = max(moment.at, one.starts.at)
        if moment.phase in phases and (until is None or since < until):
            found.append((since, until))
    return found


def _duration(one: Stretch, life: Sequence[Moment], rules: Rules) -> Fact:
    assert one.ends is not None
    at = one.ends.at
    spans = [(since, until or at) for since, until in counted_spans(one, life, at)]
    hours = rules.inbox_hours(one.ends.facts["inbox_id"], at)
    spent = {"seconds": _whole(spans, None), "business_seconds": _whole(spans, hours)}
    return _fact(one.metric, one.ends, at, **spent, **_who(one))


def _who(one: Stretch) -> dict[str, Any]:
    event = one.ends.event if one.ends else None
    return {"agent_id": str(event.actor_id)} if event is not None and _is_reply(event) else {}


def _whole(spans: Iterable[tuple[datetime, datetime]], hours: Hours | None) -> int:
    microseconds = sum(round(between(since, until, hours) * 1_000_000) for since, until in spans)
    return microseconds // 1_000_000


# --- promises -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """What became of a promise; `fate`: met, breached, active or paused; None: there was none."""

    fate: str | None = None
    due_at: datetime | None = None
    facts: dict[str, Any] | None = None
    policy_id: str | None = None
    target_seconds: int | None = None

    @property
    def is_there(self) -> bool:
        return self.fate in ("met", "breached", "active", "paused")


def judge(one: Stretch, life: list[Moment], rules: Rules) -> Verdict:
    """The promise at the clock's end, or now.

    By the ticket's facts of that moment; but a deadline that had passed stays, and so do its facts.
    """
    first = life.index(one.starts)
    held: dict[str, Any] | None = None
    ended = False
    for place in range(first + 1, len(life)):
        moment, before = life[place], life[place - 1]
        if one.ends and place > life.index(one.ends):
            break
        is_ending = one.metric in ("requester_wait", "agent_work", "total") and moment.phase == "solved"
        if not ended and held is None and moment.facts != before.facts and moment.event.name != "asleep":
            due = _due(one, life, before.facts, rules, upto=place)[0]
            if due is not None and due <= moment.at:
                held = before.facts
        if is_ending and not ended:  # solved for a while: what it missed by then, it missed
            by = held or moment.facts
            due = _due(one, life, by, rules, moment.at, upto=place + 1)[0]
            ended, held = True, by if due is not None and due < moment.at else None
        elif ended and moment.phase != "solved":
            ended = False
    moment = one.ends or life[-1]
    by = held or moment.facts
    due, promise = _due(one, life, by, rules, one.ends.at if one.ends else None)
    if promise is None:
        return Verdict()
    return Verdict(_fate(one, due), due, by, promise[0] and str(promise[0]), promise[1])


def _fate(one: Stretch, due: datetime | None) -> str:
    if one.ends is None:
        return "active" if due else "paused"
    if due is not None and due < one.ends.at:
        return "breached"
    return "met" if one.is_kept else "dropped"


def _due(
    one: Stretch,
    life: Sequence[Moment],
    by: dict[str, Any],
    rules: Rules,
    ends: datetime | None = None,
    *,
    upto: int | None = None,
) -> tuple[datetime | None, tuple[Any, int] | None]:
    """The deadline by these facts (None: it is paused), and the policy and its seconds, if there are any."""
    policy = next((row for row in rules.policies if _fits(row, by)), None)
    target = next((row for row in policy.targets if row["metric"] == one.metric), None) if policy else None
    seconds = target["seconds"].get(by["priority"], {}).get(by["tier"] or "basic") if target else None
    if policy is None or target is None or not seconds:
        return None, None
    hours = None
    if target.get("clock") == "business":
        given = policy.calendar_id
        hours = rules.calendar_hours(given) if given else rules.inbox_hours(by["inbox_id"], None)
    return _when(counted_spans(one, life, ends, upto), seconds, hours, ends), (policy.id, seconds)


def _when(
    spans: Sequence[tuple[datetime, datetime | None]],
    seconds: float,
    hours: Hours | None,
    ends: datetime | None,
) -> datetime | None:
    left = seconds
    try:
        for since, until in spans:
            spent = left if until is None else between(since, until, hours)
            if spent >= left:
                return add(since, left, hours)
            left -= spent
        return add(ends, left, hours) if ends else None
    except NeverOpen:
        return None


def _fits(policy: Any, by: dict[str, Any]) -> bool:
    for name, fact in CONDITIONS.items():
        if policy.conditions.get(name) and by[fact] not in policy.conditions[name]:
            return False
    wanted = {tag.casefold() for tag in policy.conditions.get("tags") or ()}
    return not wanted or bool(wanted & {tag.casefold() for tag in by["tags"] or ()})


def _promise(one: Stretch, verdict: Verdict, life: Sequence[Moment], rules: Rules) -> Fact:
    """The fact of a promise: when it was kept, or its deadline."""
    assert verdict.facts is not None
    about = {
        "policy_id": verdict.policy_id,
        "target_seconds": verdict.target_seconds,
        "priority": verdict.facts["priority"],
        "tier": verdict.facts["tier"] or "basic",
    }
    kind = f"sla.{one.metric}"
    if verdict.fate == "paused":
        return _fact(kind, life[-1], None, **about)
    if verdict.fate == "met":
        assert one.ends is not None
        return _fact(kind, one.ends, one.ends.at, outcome="met", until=verdict.due_at, **about, **_who(one))
    then = [moment for moment in life if moment.at <= verdict.due_at]
    about |= {"outcome": "breached"}
    if one.ends and one.is_kept:
        late = [(verdict.due_at, one.ends.at)]
        hours = rules.inbox_hours(one.ends.facts["inbox_id"], one.ends.at)
        about |= {
            "until": one.ends.at,
            "seconds": _whole(late, None),
            "business_seconds": _whole(late, hours),
        }
    return _fact(kind, then[-1] if then else life[0], verdict.due_at, **about)


def _escalations(life: Sequence[Moment], judged: Sequence[tuple[Stretch, int, Verdict]]) -> list[Fact]:
    found = []
    for moment in life:
        if moment.event.name != "ticket.escalated":
            continue
        metric = moment.event.changes["metric"][1]
        mine = [
            verdict
            for one, _, verdict in judged
            if one.metric == metric and one.starts.at <= moment.at and verdict.target_seconds
        ]
        verdict = mine[-1] if mine else Verdict()
        was_late = verdict.due_at is not None and verdict.due_at <= moment.at
        outcome = "breached" if was_late or verdict.fate == "breached" else None
        outcome = outcome or ("met" if verdict.fate == "met" else None)
        found.append(_fact("escalated", moment, moment.at, outcome=outcome, policy_id=verdict.policy_id))
    return found
