"""Whether the desk itself works: its jobs, its mail, its timers, its database.

What belongs to a workspace is its own; what is the installation's is for those who may manage jobs.
"""

import platform
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.auth import SYSTEM, Actor, current_actor, require
from webapp.config import ROOT
from webapp.extensions import db
from webapp.migration import head_revision
from webapp.models import (
    Job,
    MailDelivery,
    MailSuppression,
    Schedule,
    Timer,
    WebhookDelivery,
    WebhookSubscription,
)
from webapp.reading import fetch_aside
from webapp.services.report.follow import measured_until
from webapp.tenancy import require_workspace_id

LATE = timedelta(seconds=60)
"""Periodic work that should have begun longer ago than this is late."""
BEHIND = timedelta(seconds=5)
HOURS = 24
LONGEST_SECONDS = 10.0


@dataclass(frozen=True)
class JobKind:
    """A type of job: how many wait, are due later, run, failed for good, and were done in the last hours."""

    type: str
    waiting: int
    later: int
    running: int
    failed: int
    done: int


@dataclass(frozen=True)
class JobHealth:
    """The queue. `done_by_hour`: (beginning, jobs done) of each of the last hours, oldest first."""

    kinds: list[JobKind]
    oldest_waiting: datetime | None
    done_by_hour: list[tuple[datetime, int]]

    def total(self, what: str) -> int:
        """Of all types together."""
        return sum(getattr(kind, what) for kind in self.kinds)


@dataclass(frozen=True)
class Carrier:
    """A provider: the mails it took, those of them that came back, and those that the next one took."""

    name: str
    sent: int
    bounced: int
    passed_over: int


@dataclass(frozen=True)
class MailHealth:
    """Mail that was to go in a range. `median_seconds`: from its time to a provider's yes."""

    carriers: list[Carrier]
    failed: int
    suppressed: int
    queued: int
    oldest_queued: datetime | None
    passed_over: int
    median_seconds: int | None
    stopped_addresses: int


@dataclass(frozen=True)
class TimerHealth:
    """What is due at a moment. `behind`: it was due and is not done; `failing`: tried in vain before."""

    waiting: int
    behind: int
    failing: int
    oldest_due: datetime | None


@dataclass(frozen=True)
class WebhookHealth:
    """Endpoints now, and the messages that were made for them in a range. `median_ms`: of the last attempts.

    `oldest_due`: since when something waits that should have gone by now.
    """

    endpoints: int
    failing: int
    turned_off: int
    waiting: int
    delivered: int
    failed: int
    oldest_due: datetime | None
    median_ms: int | None


@dataclass(frozen=True)
class Installation:
    """What all workspaces share."""

    schedules: list[Schedule]
    late: list[str]
    database: str
    database_bytes: int
    versions: dict[str, str]


def job_health(*, session: Any = None, actor: Actor | None = None) -> JobHealth:
    """The workspace's jobs now."""
    session = session or db.session()
    require(actor or current_actor(), "report:read")
    now = clock.now()
    mine = Job.workspace_id == require_workspace_id()
    live = (
        sa.select(Job.type, *_states(now)).where(mine, _is_shown(now)).group_by(Job.type).order_by(Job.type)
    )
    due = sa.and_(mine, Job.status == "pending", Job.run_at <= now)
    oldest: datetime | None = session.scalar(sa.select(sa.func.min(Job.run_at)).where(due))
    kinds = [JobKind(*row) for row in session.execute(live)]
    return JobHealth(kinds, oldest, _done_by_hour(mine, now, session))


def _states(now: datetime) -> list[Any]:
    pending = Job.status == "pending"
    states = (
        sa.and_(pending, Job.run_at <= now),
        sa.and_(pending, Job.run_at > now),
        Job.status == "running",
        Job.status == "failed",
        Job.status == "completed",
    )
    return [_count(state) for state in states]


def _is_shown(now: datetime) -> Any:
    return sa.or_(Job.status != "completed", Job.finished_at > now - timedelta(hours=HOURS))


def _count(condition: Any) -> Any:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def _done_by_hour(mine: Any, now: datetime, session: Any) -> list[tuple[datetime, int]]:
    """In the last 24 hours up to now, each an hour long."""
    starts = [now - timedelta(hours=back) for back in range(HOURS, 0, -1)]
    within = [
        _count(sa.and_(Job.finished_at > start, Job.finished_at <= start + timedelta(hours=1)))
        for start in starts
    ]
    done = sa.select(*within).where(mine, Job.status == "completed", Job.finished_at > starts[0])
    return list(zip(starts, session.execute(done).one(), strict=True))


# --- at a glance ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Glance:
    """What tells that the page has something else to say: `Health` of docs/realtime.md."""

    shown: dict[str, Any]
    next_at: datetime | None = None


def read_glance(*, session: Any = None) -> Glance:
    """How jobs, timers and periodic work stand: few numbers, asked for often while it is watched."""
    session = session or db.session()
    now = clock.now()
    jobs = sa.select(*_states(now)).where(Job.workspace_id == require_workspace_id(), _is_shown(now))
    timers = timer_health(session=session, actor=SYSTEM)
    late = sa.select(Schedule.name).where(Schedule.next_at < now - LATE).order_by(Schedule.name)
    states = ("waiting", "later", "running", "failed", "done")
    return Glance(
        {
            **dict(zip(states, session.execute(jobs).one(), strict=True)),
            "timers": timers.waiting,
            "timers_behind": timers.behind,
            "timers_failing": timers.failing,
            "late": list(session.scalars(late)),
            # How long something waits is told in minutes: so often there is something else to say.
            "minute": clock.iso(now.replace(second=0, microsecond=0)),
        }
    )


def sees_installation(actor: Actor) -> bool:
    """Whether somebody may know of what all workspaces share."""
    return actor.may("job:manage")


def without_installation(shown: dict[str, Any]) -> dict[str, Any]:
    """What is at a glance, without what all workspaces share."""
    return {name: value for name, value in shown.items() if name != "late"}


# --- mail -----------------------------------------------------------------------------------------


def mail_health(
    start: datetime, end: datetime, *, session: Any = None, actor: Actor | None = None
) -> MailHealth:
    """The workspace's mail that was to go in [start, end)."""
    session = session or db.session()
    require(actor or current_actor(), "report:read")
    table = MailDelivery.__table__.c
    mine = table.workspace_id == require_workspace_id()
    within = sa.and_(mine, table.send_at >= start, table.send_at < end)
    counting = sa.select(
        table.status, table.provider, table.passed_over, sa.func.count(), sa.func.min(table.send_at)
    )
    rows = _aside(counting.where(within).group_by(table.status, table.provider, table.passed_over), session)
    by_status = {name: [row for row in rows if row[0] == name] for name in ("failed", "suppressed", "queued")}
    passed = [(name, count) for _, _, names, count, _ in rows for name in (names or "").split(",") if name]
    stopped = session.scalar(sa.select(sa.func.count()).select_from(MailSuppression))
    return MailHealth(
        carriers=_carriers(rows, passed),
        failed=_sum(by_status["failed"]),
        suppressed=_sum(by_status["suppressed"]),
        queued=_sum(by_status["queued"]),
        oldest_queued=min((row[4] for row in by_status["queued"]), default=None),
        passed_over=_sum([row for row in rows if row[2]]),
        median_seconds=_median_seconds(within, session),
        stopped_addresses=stopped or 0,
    )


def _sum(rows: list[Any]) -> int:
    return sum(row[3] for row in rows)


def _carriers(rows: list[Any], passed: list[tuple[str, int]]) -> list[Carrier]:
    names = {row[1] for row in rows if row[1]} | {name for name, _ in passed}
    return [
        Carrier(
            name,
            sent=_sum([row for row in rows if row[1] == name and row[0] in ("sent", "bounced")]),
            bounced=_sum([row for row in rows if row[1] == name and row[0] == "bounced"]),
            passed_over=sum(count for other, count in passed if other == name),
        )
        for name in sorted(names)
    ]


def _median_seconds(within: Any, session: Any) -> int | None:
    """Nearest rank, of what was handed over."""
    table = MailDelivery.__table__.c
    seconds = _seconds(table.send_at, table.sent_at, session)
    sent = sa.and_(within, table.sent_at.is_not(None))
    count = _aside(sa.select(sa.func.count()).where(sent), session)[0][0]
    if not count:
        return None
    middle = sa.select(seconds).where(sent).order_by(seconds).limit(1).offset((count + 1) // 2 - 1)
    return max(0, round(float(_aside(middle, session)[0][0])))


def _seconds(start: Any, end: Any, session: Any) -> Any:
    if session.get_bind().dialect.name == "sqlite":
        return (sa.func.julianday(end) - sa.func.julianday(start)) * 86_400.0
    return sa.cast(sa.extract("epoch", end - start), sa.Float)


def _aside(query: Any, session: Any) -> list[Any]:
    return fetch_aside(session, query.execution_options(unscoped=True), seconds=LONGEST_SECONDS)


# --- webhooks -------------------------------------------------------------------------------------


def webhook_health(
    start: datetime, end: datetime, *, session: Any = None, actor: Actor | None = None
) -> WebhookHealth:
    """The workspace's webhooks now, and their messages made in [start, end)."""
    session = session or db.session()
    require(actor or current_actor(), "report:read")
    hook, row = WebhookSubscription, WebhookDelivery.__table__.c
    failing = _count(sa.and_(hook.active, hook.failing_since.is_not(None)))
    turned_off = _count(hook.disabled_reason.is_not(None))
    endpoints = session.execute(sa.select(sa.func.count(), failing, turned_off).select_from(hook)).one()
    mine = row.workspace_id == require_workspace_id()
    within = sa.and_(mine, row.created_at >= start, row.created_at < end)
    late = sa.and_(row.next_attempt_at < clock.now() - BEHIND, row.subscription_id.in_(_sending()))
    due = sa.and_(row.status == "waiting", late)
    counted = [_count(row.status == status) for status in ("waiting", "delivered", "failed")]
    oldest = sa.func.min(sa.case((due, row.next_attempt_at)))
    made = _aside(sa.select(*counted, oldest).where(within), session)[0]
    delivered = sa.and_(within, row.status == "delivered")
    middle = sa.select(row.milliseconds).where(delivered).order_by(row.milliseconds).limit(1)
    median = _aside(middle.offset((made[1] + 1) // 2 - 1), session) if made[1] else []
    return WebhookHealth(*endpoints, *made, median_ms=median[0][0] if median else None)


def _sending() -> Any:
    """The endpoints whose messages should go when they are due: not those that are off or left alone."""
    hook = WebhookSubscription
    rests = hook.resting_until > clock.now()
    return sa.select(hook.id).where(hook.active, sa.or_(hook.resting_until.is_(None), ~rests))


# --- timers and the installation ------------------------------------------------------------------


def timer_health(*, session: Any = None, actor: Actor | None = None) -> TimerHealth:
    """The workspace's timers now."""
    session = session or db.session()
    require(actor or current_actor(), "report:read")
    late = Timer.due_at < clock.now() - BEHIND
    oldest = sa.func.min(sa.case((late, Timer.due_at)))
    query = sa.select(sa.func.count(), _count(late), _count(Timer.attempts > 0), oldest)
    return TimerHealth(*session.execute(query.where(Timer.workspace_id == require_workspace_id())).one())


def measuring_lag(*, session: Any = None, actor: Actor | None = None) -> timedelta:
    """How far reports are behind the desk."""
    require(actor or current_actor(), "report:read")
    return max(timedelta(), clock.now() - measured_until(session=session))


def installation_health(*, session: Any = None, actor: Actor | None = None) -> Installation:
    """Periodic work, the database and the versions. Raises `Forbidden`."""
    session = session or db.session()
    require(actor or current_actor(), "job:manage")
    schedules = list(session.scalars(sa.select(Schedule).order_by(Schedule.name)))
    late = [row.name for row in schedules if row.next_at < clock.now() - LATE]
    kind, size = _database(session)
    return Installation(schedules, late, kind, size, _versions())


def _database(session: Any) -> tuple[str, int]:
    """What it is, and its size in bytes."""

    def ask(sql: str) -> Any:
        return session.scalar(sa.text(sql), execution_options={"unscoped": True})

    if session.get_bind().dialect.name == "sqlite":
        return f"SQLite {ask('SELECT sqlite_version()')}", ask("PRAGMA page_count") * ask("PRAGMA page_size")
    version = ask("SHOW server_version").split(" ")[0]
    return f"PostgreSQL {version}", ask("SELECT pg_database_size(current_database())")


@cache
def _versions() -> dict[str, str]:
    own = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return {"Parley": own, "Schema": head_revision(), "Python": platform.python_version()}
