"""When a saved report is mailed, to whom, and what becomes of it.

A timer is set for the next time, by the wall clock of the plan's zone. When it fires, a job asks for the
figures once and writes a delivery for each who is still to have it; each goes its own way from there.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from webapp import clock, signing
from webapp.auth import Actor, current_actor
from webapp.errors import Forbidden, Invalid, NotFound
from webapp.extensions import db
from webapp.models import MailDelivery, ReportPlan, ReportRecipient, SavedReport, User
from webapp.schemas.saved_report import ReportPlanForm
from webapp.services import permission
from webapp.services.event import record
from webapp.services.job import enqueue
from webapp.services.saved_report import may_change, saved_for
from webapp.services.timer import clear_timer, set_timer, timer_due_at
from webapp.services.user import user_for

MAIL = "report.mail"
"""The timer's kind, with the saved report as its subject, and the job's type."""


# --- when -----------------------------------------------------------------------------------------


def next_time(plan: ReportPlan, after: datetime) -> datetime:
    """The first moment after `after` at which the plan is due, in UTC.

    An hour that the clocks leave out begins with the moment after the gap; one that they repeat is the first
    of the two.
    """
    zone = ZoneInfo(plan.zone)
    for day in _days(plan, after.astimezone(zone).date() - timedelta(days=1)):
        wall = datetime.combine(day, time(plan.hour), tzinfo=zone)
        if (due := wall.astimezone(UTC)) > after:
            return due
    raise AssertionError("there is always another day")


def _days(plan: ReportPlan, first: date) -> Iterator[date]:
    day = first
    while True:
        is_due = {"day": True, "week": day.weekday() == plan.weekday, "month": day.day == 1}
        if is_due[plan.every]:
            yield day
        day += timedelta(days=1)


# --- setting it up --------------------------------------------------------------------------------


def plan_of(report: SavedReport, *, session: Any = None) -> ReportPlan | None:
    """When it is mailed, if it is."""
    query = sa.select(ReportPlan).where(ReportPlan.saved_report_id == report.id)
    found: ReportPlan | None = (session or db.session()).scalar(query)
    return found


def plans_by_report(*, session: Any = None) -> dict[uuid.UUID, ReportPlan]:
    """Every plan of the workspace, by its report."""
    return {row.saved_report_id: row for row in (session or db.session()).scalars(sa.select(ReportPlan))}


def colleagues(*, session: Any = None, actor: Actor | None = None) -> list[User]:
    """Whom the actor may mail reports to: those who may read reports; without the settings, themselves."""
    actor = actor or current_actor()
    found = permission.people_with("report:read", session=session)
    chosen = found if actor.may("settings:manage") else [user for user in found if user.id == actor.id]
    return sorted(chosen, key=lambda user: (user.name, user.id))


def may_read(user: User) -> bool:
    """Whether somebody may (still) have reports."""
    return user.is_active and permission.allows(user.role, "report:read")


def save_plan(
    report_id: uuid.UUID, form: ReportPlanForm, *, session: Any = None, actor: Actor | None = None
) -> ReportPlan:
    """Sets when and to whom a report is mailed. Who has unsubscribed stays so, but for oneself.

    Raises `NotFound`, `Forbidden`, `Invalid`.
    """
    session, actor = session or db.session(), actor or current_actor()
    report = _changeable(report_id, session, actor)
    known = {user.id for user in colleagues(session=session, actor=actor)}
    if not form.recipients or not set(form.recipients) <= known:
        raise Invalid.field("recipients", "Choose whom to mail it to, of those in the list")
    plan = plan_of(report, session=session)
    if plan is None:
        plan = ReportPlan(saved_report_id=report.id)
        session.add(plan)
    wanted = {name: getattr(form, name) for name in ("every", "weekday", "hour", "zone")}
    changes = {
        f"plan.{name}": [getattr(plan, name), new]
        for name, new in wanted.items()
        if getattr(plan, name) != new
    }
    for name, value in wanted.items():
        setattr(plan, name, value)
    session.flush()
    changes.update(_set_recipients(plan, form.recipients, session, actor))
    _set_next(plan, clock.now(), session)
    record("saved_report.updated", session=session, actor=actor, subject_id=report.id, changes=changes)
    return plan


def _changeable(report_id: uuid.UUID, session: Any, actor: Actor) -> SavedReport:
    report = saved_for(report_id, session=session, actor=actor)
    if not may_change(report, actor):
        raise Forbidden("Only its author, and who manages the settings, may plan it")
    return report


def _set_recipients(
    plan: ReportPlan, wanted: list[uuid.UUID], session: Any, actor: Actor
) -> dict[str, list[Any]]:
    rows = {row.user_id: row for row in recipients_of(plan, session=session)}
    for user_id in rows.keys() - set(wanted):
        session.delete(rows[user_id])
    if (own := rows.get(actor.id)) is not None:  # type: ignore[arg-type]
        own.unsubscribed_at = None
    session.add_all(
        ReportRecipient(plan_id=plan.id, user_id=user_id) for user_id in set(wanted) - rows.keys()
    )
    session.flush()
    old, new = sorted(map(str, rows)), sorted(map(str, set(wanted)))
    return {"plan.recipients": [old, new]} if old != new else {}


def _set_next(plan: ReportPlan, after: datetime, session: Any) -> None:
    due_at = next_time(plan, after)
    set_timer(MAIL, plan.saved_report_id, due_at, params={"due_at": due_at.isoformat()}, session=session)


def remove_plan(report_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """Mails it no more. Raises `NotFound`, `Forbidden`."""
    session, actor = session or db.session(), actor or current_actor()
    report = _changeable(report_id, session, actor)
    clear_timer(MAIL, report.id, session=session)
    plan = plan_of(report, session=session)
    if plan is None:
        return
    session.delete(plan)
    session.flush()
    changes = {"plan.every": [plan.every, None]}
    record("saved_report.updated", session=session, actor=actor, subject_id=report.id, changes=changes)


def recipients_of(plan: ReportPlan, *, session: Any = None) -> list[ReportRecipient]:
    """Those on a plan, whether they still get it or not."""
    query = sa.select(ReportRecipient).where(ReportRecipient.plan_id == plan.id)
    return list((session or db.session()).scalars(query))


# --- doing it -------------------------------------------------------------------------------------


def on_time(report_id: uuid.UUID, due_at: datetime, *, session: Any = None) -> None:
    """The time has come: the job that mails it, and the timer for the next time, which is in the future."""
    session = session or db.session()
    plan = session.scalar(sa.select(ReportPlan).where(ReportPlan.saved_report_id == report_id))
    if plan is None:
        return
    params = {"plan_id": str(plan.id), "due_at": due_at.isoformat()}
    enqueue(MAIL, params, session=session, unique_key=f"report:{plan.id}:{due_at.isoformat()}")
    _set_next(plan, max(due_at, clock.now()), session)


def get_plan(plan_id: uuid.UUID, *, session: Any = None) -> tuple[ReportPlan, SavedReport] | None:
    """A plan and its report, if it has not been taken away."""
    joined = sa.select(ReportPlan, SavedReport).join(
        SavedReport, SavedReport.id == ReportPlan.saved_report_id
    )
    found = (session or db.session()).execute(joined.where(ReportPlan.id == plan_id)).first()
    return (found[0], found[1]) if found else None


def readers(plan: ReportPlan, report: SavedReport, *, session: Any = None) -> list[User]:
    """Who is to have it now: on the plan, not unsubscribed, and still allowed to read reports.

    Nobody, once the author of one that is not shared has left.
    """
    session = session or db.session()
    if not report.is_shared and not may_read(user_for(report.owner_id, session=session)):
        return []
    query = (
        sa.select(User)
        .join(ReportRecipient, ReportRecipient.user_id == User.id)
        .where(ReportRecipient.plan_id == plan.id, ReportRecipient.unsubscribed_at.is_(None))
    )
    return [user for user in session.scalars(query.order_by(User.id)) if may_read(user)]


def delivery_key(plan: ReportPlan, due_at: datetime, user_id: uuid.UUID) -> str:
    """By which a mail of a plan is written once, whoever tries."""
    return f"report:{plan.id}:{due_at.astimezone(UTC).isoformat()}:{user_id}"


@dataclass(frozen=True)
class Outcome:
    """What became of the last mail to one recipient. `status`: a delivery's, or why there was none."""

    name: str
    status: str
    error: str


def outcomes(plan: ReportPlan, *, session: Any = None) -> list[Outcome]:
    """For each on the plan what became of it the last time."""
    session = session or db.session()
    query = sa.select(ReportRecipient, User).join(User, User.id == ReportRecipient.user_id)
    rows = session.execute(query.where(ReportRecipient.plan_id == plan.id).order_by(User.name)).all()
    keys = [delivery_key(plan, plan.due_at, user.id) for _, user in rows] if plan.due_at else []
    sent = {
        row.key: row for row in session.scalars(sa.select(MailDelivery).where(MailDelivery.key.in_(keys)))
    }
    return [_outcome(plan, recipient, user, sent) for recipient, user in rows]


def _outcome(
    plan: ReportPlan, recipient: ReportRecipient, user: User, sent: dict[Any, MailDelivery]
) -> Outcome:
    if recipient.unsubscribed_at is not None:
        return Outcome(user.name, "unsubscribed", "")
    if not may_read(user):
        return Outcome(user.name, "no access", "")
    row = sent.get(delivery_key(plan, plan.due_at, user.id)) if plan.due_at else None
    return Outcome(user.name, row.status, row.error or "") if row else Outcome(user.name, "not yet", "")


def next_due(report: SavedReport, *, session: Any = None) -> datetime | None:
    """When it is mailed next."""
    return timer_due_at(MAIL, report.id, session=session)


# --- no more, thank you ---------------------------------------------------------------------------


def unsubscribe_address(plan: ReportPlan, user: User) -> str:
    """The path that takes one person off a plan, without signing in."""
    return f"/reports/unsubscribe/{signing.report_token(plan.workspace_id, plan.id, user.id)}"


def find_subscription(plan_id: uuid.UUID, user_id: uuid.UUID, *, session: Any = None) -> tuple[Any, str]:
    """A recipient and the report's name. Raises `NotFound` if they are not on the plan any more."""
    joined = (
        sa.select(ReportRecipient, SavedReport.name)
        .join(ReportPlan, ReportPlan.id == ReportRecipient.plan_id)
        .join(SavedReport, SavedReport.id == ReportPlan.saved_report_id)
    )
    one = joined.where(ReportRecipient.plan_id == plan_id, ReportRecipient.user_id == user_id)
    found = (session or db.session()).execute(one).first()
    if found is None:
        raise NotFound("You are not on this report's list any more")
    return found[0], found[1]


def unsubscribe(plan_id: uuid.UUID, user_id: uuid.UUID, *, session: Any = None) -> str:
    """Mails it to them no more; the report's name. The same again changes nothing. Raises `NotFound`."""
    session = session or db.session()
    row, name = find_subscription(plan_id, user_id, session=session)
    row.unsubscribed_at = row.unsubscribed_at or clock.now()
    session.flush()
    return str(name)
