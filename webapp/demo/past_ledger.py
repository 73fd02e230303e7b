"""From what was done to a ticket of the past to its events, comments and clocks, and to its row."""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from webapp import clock
from webapp.auth import SYSTEM
from webapp.demo.house import Cast
from webapp.demo.past import Act, Life, closing, id_at, with_acts
from webapp.models.ticket import ENDED, PRIORITIES, Ticket, ranks_of
from webapp.schemas.lifecycle import Lifecycle
from webapp.schemas.ticket import CUSTOMER_STATUS
from webapp.services.sla.chip import chip_of
from webapp.services.sla.clocks import Rules, clock_row
from webapp.services.sla.fold import Clock, Happening, State, fold_state
from webapp.services.sla.memory import Memory, dump
from webapp.services.ticket.comment import PREVIEW_CHARS
from webapp.services.ticket.transitions import LEAST_NOTICE, NEXT_STEP

CLIMBS_ON = ("time_to_assignment", "first_response")
ACTIONS = ["raise_priority", "tag", "alert_team_lead", "notify"]
Row = dict[str, Any]


@dataclass
class Rows:
    """A ticket as the tables have it; its events are not in the feed yet."""

    ticket: Row
    events: list[Row]
    comments: list[Row]
    clocks: list[Row]
    timer: Row | None


def rows_of(life: Life, cast: Cast, rules: Rules, now: datetime, until: datetime) -> Rows:
    """A life with all that followed from it by itself: its closing, and what went off when it was late."""
    closes_at = _closes_at(life)
    if closes_at <= until:
        life = closing(life, closes_at)
    told = Telling(life, cast)
    state = told.fold(rules)
    while late := _unheard(state, told):
        life = with_acts(life, _alarms(late))
        told = Telling(life, cast)
        state = told.fold(rules)
    memory = Memory(state, {one: ["b"] for one in state.live if (one, state.live[one].instance) in told.late})
    ticket = told.ticket_row() | {"sla": chip_of(state), "sla_state": dump(memory)}
    promised = [one for one in (*state.past, *state.live.values()) if one.verdict]
    clocks = [clock_row(SimpleNamespace(**ticket), memory, one) for one in promised]
    for row in clocks:
        row["fired_at"] = row["breached_at"]
    timer = None
    if told.status == "resolved":
        ticket["next_step_at"] = closes_at = max(closes_at, now + timedelta(hours=1))
        timer = _timer(ticket, closes_at)
    return Rows(ticket, told.events, told.comments, clocks, timer)


def _closes_at(life: Life) -> datetime:
    """As `services.ticket.transitions` has it, by the rules that come with the house."""
    replied = max(act.at for act in life.acts if act.name == "say" and act.actor.kind == "user")
    patience = timedelta(days=Lifecycle().close_after_days)
    return max(replied + patience, life.acts[-1].at + LEAST_NOTICE)


def _timer(ticket: Row, due_at: datetime) -> Row:
    here = {name: ticket[name] for name in ("workspace_id",)}
    ids = {"id": uuid.uuid4(), "subject_id": ticket["id"], "ticket_id": ticket["id"]}
    return {**here, **ids, "kind": NEXT_STEP, "params": {}, "due_at": due_at, "fire_at": due_at}


def _unheard(state: State, told: "Telling") -> Clock | None:
    """The first deadline that passed and made itself heard not yet."""
    late = [
        one
        for one in (*state.past, *state.live.values())
        if one.breached_at and (one.metric, one.instance) not in told.late
    ]
    return min(late, key=lambda one: (one.breached_at, one.metric), default=None)


def _alarms(late: Clock) -> Iterator[Act]:
    """What goes off at a deadline: the demo's policies send two kinds of them up."""
    assert late.breached_at is not None
    given = {"metric": late.metric, "instance": late.instance}
    yield Act(late.breached_at, "breach", SYSTEM, given)
    if late.metric in CLIMBS_ON:
        yield Act(late.breached_at, "escalate", SYSTEM, given)
        yield Act(late.breached_at, "tag", SYSTEM, {"names": ["Escalated"]})


class Telling:
    """Does to a ticket, event by event, what was done to it."""

    def __init__(self, life: Life, cast: Cast) -> None:
        self.life, self.cast = life, cast
        self.chance = random.Random(life.number)
        self.id = id_at(self.chance, life.began)
        self.workspace_id = cast.staff["Nora"].workspace_id
        self.status, self.priority = "open", life.priority
        self.agent: str | None = None
        self.team_id: uuid.UUID | None = None
        self.tags: list[str] = []
        self.fields: Row = {}
        self.events: list[Row] = []
        self.comments: list[Row] = []
        self.late: set[tuple[str, int]] = set()
        self.public_seq = 0
        self.moments: dict[str, datetime] = {}
        for act in life.acts:
            getattr(self, f"_{act.name}")(act, **act.given)

    def fold(self, rules: Rules) -> State:
        """Its clocks."""
        happenings = [
            Happening(
                row["name"],
                row["at"],
                row["ticket_seq"],
                row["actor_kind"],
                row["public_seq"] is not None,
                row["changes"],
                row["actor_id"],
            )
            for row in self.events
        ]
        return fold_state(happenings, rules.policies, rules.hours)

    def _event(
        self,
        name: str,
        act: Act,
        changes: Row | None = None,
        public: Row | None = None,
        *,
        shown: bool = False,
    ) -> Row:
        self.public_seq += shown
        row = {
            "id": id_at(self.chance, act.at),
            "workspace_id": self.workspace_id,
            "name": name,
            "actor_kind": act.actor.kind,
            "actor_id": act.actor.id,
            "actor_name": act.actor.name,
            "door": act.actor.door,
            "at": act.at,
            "ticket_id": self.id,
            "comment_id": None,
            "subject_id": None,
            "changes": changes or {},
            "public_changes": public,
            "ticket_seq": len(self.events) + 1,
            "public_seq": self.public_seq if shown else None,
        }
        self.events.append(row)
        return row

    # --- what is done -----------------------------------------------------------------------------

    def _create(self, act: Act) -> None:
        values = {
            "title": self.title,
            "status": "open",
            "priority": self.priority,
            "channel": self.life.channel,
            "category": self.life.topic.category,
            "number": self.life.number,
            "customer_id": str(self.life.person.id),
            "tier": self.life.person.tier,
            "organization_id": None,
            "inbox_id": str(self.inbox_id) if self.inbox_id else None,
        }
        self._event(
            "ticket.created", act, {name: [None, value] for name, value in values.items()}, shown=True
        )

    @property
    def title(self) -> str:
        """A chat is called by its first words."""
        return self.life.question[:80] if self.life.channel == "chat" else self.life.topic.subject

    @property
    def inbox_id(self) -> uuid.UUID | None:
        return {"chat": self.cast.inbox_id, "form": self.cast.form_id}.get(self.life.channel)

    def _say(self, act: Act, text: str, kind: str = "reply") -> None:
        is_staff = act.actor.kind == "user"
        event = self._event("comment.created", act, shown=kind == "reply")
        event["comment_id"] = id_at(self.chance, act.at)
        self.comments.append(
            {
                "id": event["comment_id"],
                "workspace_id": self.workspace_id,
                "ticket_id": self.id,
                "kind": kind,
                "content": text,
                "author_kind": act.actor.kind,
                "author_id": act.actor.id,
                "author_name": act.actor.name,
                "author_email": act.actor.email,
                "seq": event["ticket_seq"],
                "public_seq": event["public_seq"],
                "created_at": act.at,
            }
        )
        if is_staff and kind == "reply":
            self.moments.setdefault("answered_at", act.at)
            self.moments["replied_at"] = act.at
            if self.status in ("open", "assigned") and act.actor == self.cast.staff.get(self.agent or ""):
                self._move(act, "in_progress")

    def _assign(self, act: Act, agent: str, team_id: uuid.UUID | None = None) -> None:
        old, new = self.cast.staff.get(self.agent or ""), self.cast.staff[agent]
        changes: Row = {"assigned_agent_id": [str(old.id) if old else None, str(new.id)]}
        if team_id and team_id != self.team_id:
            changes = {"team_id": [None, str(team_id)], **changes}
            self.team_id = team_id
        if self.status not in ("pending", "assigned"):
            changes["status"] = [self.status, "assigned"]
            self.status = "assigned"
        self.agent, self.moments["assigned_at"] = agent, act.at
        self._event("ticket.assigned", act, changes, {"agent": [_called(old), _called(new)]}, shown=True)

    def _set_status(self, act: Act, status: str, cause: str | None = None) -> None:
        if cause and self.fields.get("cause") != cause:
            self._event("ticket.updated", act, {"fields.cause": [self.fields.get("cause"), cause]})
            self.fields = {"cause": cause}
        self._move(act, status)

    def _go_on(self, act: Act) -> None:
        """The customer writes: what waited for them waits no more."""
        if self.status in ("pending", "resolved"):
            self._move(act, "in_progress")

    def _move(self, act: Act, status: str) -> None:
        old, self.status = self.status, status
        changes: Row = {"status": [old, status]}
        if "pending" in (old, status):
            changes["pending_on"] = [None, "customer"] if status == "pending" else ["customer", None]
        words = [CUSTOMER_STATUS[old], CUSTOMER_STATUS[status]]
        public = {"status": words} if words[0] != words[1] else None
        self.moments["status_changed_at"] = act.at
        if status not in ENDED:
            self.moments.pop("resolved_at", None)
        else:
            self.moments.setdefault("resolved_at", act.at)
        self._event("ticket.status_changed", act, changes, public, shown=bool(public))

    def _tag(self, act: Act, names: list[str]) -> None:
        old, self.tags = self.tags, sorted({*self.tags, *names}, key=str.casefold)
        if old != self.tags:
            self._event("ticket.tagged", act, {"tags": [old, self.tags]})

    def _breach(self, act: Act, metric: str, instance: int) -> None:
        self.late.add((metric, instance))
        self._event("sla.breached", act, {"metric": [None, metric], "due_at": [None, clock.iso(act.at)]})

    def _escalate(self, act: Act, metric: str, instance: int) -> None:  # noqa: ARG002 - as it was given
        changes: Row = {"metric": [None, metric], "actions": [None, ACTIONS]}
        if not any(row["name"] == "ticket.escalated" for row in self.events):
            changes["escalated"] = [False, True]
        place = PRIORITIES.index(self.priority)
        if place + 1 < len(PRIORITIES):
            changes["priority"] = [self.priority, PRIORITIES[place + 1]]
            self.priority = PRIORITIES[place + 1]
        self._event("ticket.escalated", act, changes)

    # --- what it comes to -------------------------------------------------------------------------

    def ticket_row(self) -> Row:
        """Its row, but for its clocks."""
        theirs = [row["public_seq"] for row in self.comments if row["author_kind"] == "customer"]
        agent = self.cast.staff.get(self.agent or "")
        row = {
            "id": self.id,
            "workspace_id": self.workspace_id,
            "number": self.life.number,
            "title": self.title,
            "channel": self.life.channel,
            "inbox_id": self.inbox_id,
            "priority": self.priority,
            "status": self.status,
            "category": self.life.topic.category,
            "tags": self.tags,
            "fields": self.fields,
            "customer_id": self.life.person.id,
            "team_id": self.team_id,
            "assigned_agent_id": agent.id if agent else None,
            "escalated": any(row["name"] == "ticket.escalated" for row in self.events),
            "comment_count": len(self.comments),
            "last_seq": len(self.events),
            "last_public_seq": self.public_seq,
            "last_customer_seq": max(theirs),
            "last_comment": _preview(self.comments[-1]),
            "created_at": self.life.began,
            "updated_at": self.events[-1]["at"],
            "next_step_at": None,
            **self.moments,
        }
        return row | ranks_of(Ticket(**row))


def _called(agent: Any) -> Row | None:
    return {"name": agent.name} if agent else None


def _preview(comment: Row) -> Row:
    author = {"kind": comment["author_kind"], "id": str(comment["author_id"]), "name": comment["author_name"]}
    return {
        "preview": comment["content"][:PREVIEW_CHARS],
        "kind": comment["kind"],
        "author": author,
        "at": clock.iso(comment["created_at"]),
    }
