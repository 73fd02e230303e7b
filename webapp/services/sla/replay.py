"""What the last days would have been under a draft policy. Pure folding; writes nothing but its result."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock as app_clock
from webapp import green
from webapp.auth import Actor, current_actor, require
from webapp.errors import Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.models import Job, SlaPolicy, Ticket
from webapp.schemas.sla import PolicyIn
from webapp.services import job as jobs
from webapp.services.sla.clocks import Rules, read_history
from webapp.services.sla.editing import check_policy, create_policy, list_policies, update_policy
from webapp.services.sla.fold import Clock, Happening, HoursOf, fold
from webapp.services.sla.policy import Policy, load_policies
from webapp.tenancy import require_workspace_id

TYPE = "sla.replay"
MAX_DAYS = 365
BATCH = 25
MAX_LISTED = 200
OUTCOMES = ("met", "breached", "open")


@dataclass
class Tally:
    """Promises kept and broken by metric, before and after; and the tickets for which it differs."""

    tickets: int = 0
    skipped: int = 0
    changed: int = 0
    metrics: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def count(self, side: str, outcomes: dict[str, str]) -> None:
        """Adds one ticket's outcomes to a side (`before`, `after`)."""
        for key, outcome in outcomes.items():
            sides = self.metrics.setdefault(
                key.split(".")[0], {one: dict.fromkeys(OUTCOMES, 0) for one in ("before", "after")}
            )
            sides[side][outcome] += 1

    def result(self, days: int, draft: str) -> dict[str, Any]:
        """The job's result."""
        return {
            "days": days,
            "draft": draft,
            "tickets": self.tickets,
            "skipped": self.skipped,
            "metrics": self.metrics,
            "changed_count": self.changed,
            "changed": self.rows,
        }


def outcomes_of(
    history: Sequence[Happening], policies: Sequence[Policy], hours: HoursOf, now: datetime
) -> dict[str, str]:
    """How each promise to one ticket ended: {"metric.instance": met, breached or open}. Pure."""
    clocks = fold(history, policies, hours)
    found = {f"{clock.metric}.{clock.instance}": _outcome(clock, now) for clock in clocks}
    return {key: outcome for key, outcome in found.items() if outcome}


def _outcome(clock: Clock, now: datetime) -> str | None:
    if clock.state == "dropped":
        return None
    if clock.state in ("met", "breached"):
        return clock.state
    due = clock.verdict.due_at if clock.verdict else None
    return "breached" if due is not None and due <= now else "open"


def compare(
    tally: Tally,
    ticket: dict[str, Any],
    history: Sequence[Happening],
    rules: tuple[Rules, Rules],
    now: datetime,
) -> None:
    """Folds one ticket under both sets of rules and adds what came of it."""
    if not history or history[0].name != "ticket.created":
        tally.skipped += 1
        return
    tally.tickets += 1
    before, after = rules
    was = outcomes_of(history, before.policies, before.hours, now)
    would_be = outcomes_of(history, after.policies, after.hours, now)
    tally.count("before", was)
    tally.count("after", would_be)
    keys = [key for key in dict.fromkeys((*was, *would_be)) if was.get(key) != would_be.get(key)]
    if keys:
        tally.changed += 1
        if len(tally.rows) < MAX_LISTED:
            moved = [
                {"metric": key.split(".")[0], "before": was.get(key), "after": would_be.get(key)}
                for key in keys
            ]
            tally.rows.append({**ticket, "moved": moved[:10]})


# --- as a job -------------------------------------------------------------------------------------


def request_replay(
    given: PolicyIn,
    days: int,
    *,
    policy_id: uuid.UUID | None = None,
    session: Any = None,
    actor: Actor | None = None,
) -> Job:
    """Enqueues a replay of a draft in the place of a policy; without one it is tried first.

    Raises `Invalid` naming the field, `Conflict` while another one runs in this workspace.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    if not 1 <= days <= MAX_DAYS:
        raise Invalid.field("days", f"From 1 to {MAX_DAYS} days")
    rows = list_policies(session=session, actor=actor)
    check_policy(given, [row for row in rows if row.id != policy_id], session=session)
    params = {
        "version": next((row.version for row in rows if row.id == policy_id), None),
        "days": days,
        "policy_id": str(policy_id) if policy_id else None,
        "draft": given.model_dump(mode="json"),
    }
    key = f"{TYPE}:{require_workspace_id()}"
    made = jobs.enqueue(
        TYPE, params, session=session, unique_key=key, max_attempts=3, requested_by_id=actor.id
    )
    if made is None:
        raise Conflict("Another replay is under way; wait for it or call it off")
    return made


def apply_draft(job_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> SlaPolicy:
    """Saves the draft that a replay tried, in the place of the policy it was tried for, or as a new one.

    Raises `Conflict` where that policy has changed since, `NotFound` where there is no such replay.
    """
    found = jobs.get_job(job_id, actor=actor)
    if found.type != TYPE:
        raise NotFound("There is no such replay")
    given = PolicyIn.model_validate_json(json.dumps(found.params["draft"]))
    if found.params["policy_id"] is None:
        return create_policy(given, session=session, actor=actor)
    policy_id, version = uuid.UUID(found.params["policy_id"]), found.params.get("version")
    return update_policy(policy_id, given, version=version, session=session, actor=actor)


def draft_of(given: PolicyIn, policy_id: uuid.UUID | None = None) -> Policy:
    """A policy that is not saved, as the pure thing."""
    plain = given.model_dump(mode="json")
    names = ("name", "conditions", "targets", "warnings", "ladder")
    return Policy(id=policy_id, calendar_id=given.calendar_id, **{name: plain[name] for name in names})


def with_draft(policies: list[Policy], draft: Policy, *, is_active: bool = True) -> list[Policy]:
    """The policies with the draft in the place of the one that has its id; else the draft first."""
    if draft.id is None or all(policy.id != draft.id for policy in policies):
        return [draft, *policies] if is_active else policies
    swapped = [draft if policy.id == draft.id else policy for policy in policies]
    return swapped if is_active else [policy for policy in swapped if policy is not draft]


def rules_of(params: dict[str, Any], *, session: Any) -> tuple[Rules, Rules]:
    """The rules as they are, and as they would be with a job's draft."""
    given = PolicyIn.model_validate_json(json.dumps(params["draft"]))
    draft = draft_of(given, uuid.UUID(params["policy_id"]) if params["policy_id"] else None)
    present = load_policies(session=session)
    return Rules(session, present), Rules(session, with_draft(present, draft, is_active=given.is_active))


def tickets_since(
    cutoff: datetime, after: uuid.UUID | None, *, limit: int = BATCH, session: Any = None
) -> list[Any]:
    """The next tickets made since then: rows of id, number and title. Ids are in order of time."""
    session = session or db.session()
    query = sa.select(Ticket.id, Ticket.number, Ticket.title).where(
        Ticket.id > (after or first_id(cutoff)), Ticket.created_at >= cutoff, Ticket.deleted_at.is_(None)
    )
    return list(session.execute(query.order_by(Ticket.id).limit(limit)))


def count_since(cutoff: datetime, *, session: Any = None) -> int:
    """How many tickets a replay goes through."""
    session = session or db.session()
    query = (
        sa.select(sa.func.count())
        .select_from(Ticket)
        .where(Ticket.id > first_id(cutoff), Ticket.created_at >= cutoff, Ticket.deleted_at.is_(None))
    )
    return int(session.scalar(query) or 0)


def first_id(at: datetime) -> uuid.UUID:
    """The lowest id that a row made then could have; a day's grace for clocks that differ."""
    stamp = int((at - timedelta(days=1)).timestamp() * 1000)
    return uuid.UUID(int=(max(stamp, 0) << 80))


def compare_batch(tally: Tally, batch: Sequence[Any], before: Rules, after: Rules, *, session: Any) -> None:
    """Folds a batch of tickets; lets others work after each."""
    histories = read_history([row.id for row in batch], session=session)
    now = app_clock.now()
    for row in batch:
        ticket = {"number": row.number, "title": row.title}
        compare(tally, ticket, histories[row.id], (before, after), now)
        green.pause()
