"""Measurements of a crowd of tickets, made by the database itself: two years of a desk in Berlin.

Tickets come by the hour of the week, few at night, at the weekend and on holidays, by a clock that is put
forward and back. Business time is exact: a table of the hours knows how much of it there was before each.
"""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import holidays
import sqlalchemy as sa

from tests.support.crowd import NOW, SPAN_SECONDS, Sql
from webapp import migration
from webapp.models import Measurement

ZONE = ZoneInfo("Europe/Berlin")
CLOSED = holidays.country_holidays("DE", years=range(2024, 2028))
OPENS, CLOSES, HOUR, DAY = 9, 17, 3600, 86400
BY_HOUR = (1, 1, 1, 1, 1, 2, 4, 8, 14, 20, 22, 20, 16, 18, 20, 18, 14, 10, 8, 6, 5, 4, 3, 2)
NOW_SECONDS = int(NOW.timestamp())
FIRST_HOUR = (NOW_SECONDS - SPAN_SECONDS) // HOUR
ANSWER_SECONDS, SOLVE_SECONDS = 2 * HOUR, DAY
"""What is promised."""
HELPERS = (
    "CREATE TABLE crowd_hours (hour INTEGER PRIMARY KEY, before BIGINT, is_open INTEGER)",
    "CREATE TABLE crowd_slots (first INTEGER PRIMARY KEY, many INTEGER, began BIGINT)",
    "CREATE TABLE crowd_tickets (n INTEGER PRIMARY KEY, began BIGINT, answered BIGINT, resolved BIGINT)",
)

ADD_HOUR = "INSERT INTO crowd_hours VALUES (:hour, :before, :is_open)"
ADD_SLOT = "INSERT INTO crowd_slots VALUES (:first, :many, :began)"


def fill(url: str, workspace_id: uuid.UUID, count: int, agent_ids: list[uuid.UUID]) -> None:
    """Measures `count` tickets that `crowd.fill` made, and brings the statistics up to date."""
    engine = migration.owner_engine(url)
    sql = _Measured(engine.dialect.name == "sqlite", workspace_id, agent_ids)
    with engine.begin() as connection:
        for helper in HELPERS:
            connection.execute(sa.text(helper))
        connection.execute(
            sa.text("INSERT INTO crowd_hours VALUES (:hour, :before, :is_open)"), list(hours())
        )
        connection.execute(
            sa.text("INSERT INTO crowd_slots VALUES (:first, :many, :began)"), list(slots(count))
        )
        connection.execute(sa.text(sql.tickets(count)))
        for kind in sql.kinds():
            connection.execute(sa.text(sql.rows(*kind)))
        for table in ("crowd_hours", "crowd_slots", "crowd_tickets"):
            connection.execute(sa.text(f"DROP TABLE {table}"))
        connection.execute(sa.text(sql.level()))
    # What PostgreSQL does by itself after a while: counting in an index needs it.
    tidy = "ANALYZE" if sql.sqlite else "VACUUM (ANALYZE)"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(tidy))
    engine.dispose()


def local(hour: int) -> datetime:
    """What the clock in Berlin shows at an hour of UTC."""
    return datetime.fromtimestamp(hour * HOUR, UTC).astimezone(ZONE)


def hours() -> Iterator[dict[str, int]]:
    """Each hour of UTC, some days longer than anything takes: the business seconds before it, and in it."""
    before = 0
    for hour in range(FIRST_HOUR, NOW_SECONDS // HOUR + 100 * 24):
        shown = local(hour)
        is_open = shown.weekday() < 5 and OPENS <= shown.hour < CLOSES and shown.date() not in CLOSED
        yield {"hour": hour, "before": before, "is_open": int(is_open)}
        before += HOUR if is_open else 0


def weight(hour: int) -> int:
    """How many tickets come in an hour, beside others."""
    shown = local(hour)
    is_quiet = shown.weekday() > 4 or shown.date() in CLOSED
    return max(1, BY_HOUR[shown.hour] // (6 if is_quiet else 1))


def slots(count: int) -> Iterator[dict[str, int]]:
    """The hours in which tickets began: the first one's number, and how many."""
    span = range(FIRST_HOUR, NOW_SECONDS // HOUR)
    weights = [weight(hour) for hour in span]
    whole, so_far, last = sum(weights), 0, 0
    for hour, heavy in zip(span, weights, strict=True):
        so_far += heavy
        upto = count * so_far // whole
        if upto > last:
            yield {"first": last + 1, "many": upto - last, "began": hour * HOUR}
        last = upto


class _Measured(Sql):
    """Expressions over a row `t` of `crowd_tickets`."""

    def at(self, seconds: str) -> str:
        """A moment from seconds since 1970."""
        if self.sqlite:
            return f"strftime('%Y-%m-%d %H\\:%M\\:%S.000000', {seconds}, 'unixepoch')"
        return f"to_timestamp({seconds})"

    def tickets(self, count: int) -> str:
        """INSERT of when each began, was answered and was resolved, the last two only if by now."""
        recursive = f"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count})"
        numbers = (
            f"{recursive} SELECT n FROM n" if self.sqlite else f"SELECT generate_series(1, {count}) AS n"
        )
        placed = "SELECT n, (SELECT max(first) FROM crowd_slots WHERE first <= n) AS first"
        placed = f"{placed} FROM ({numbers}) AS numbered"
        spread = "((CAST(n AS BIGINT) * 7919) % 997)"
        began = f"SELECT n, s.began + (n - s.first) * 3600 / s.many AS began FROM ({placed}) AS placed"
        began = f"{began} JOIN crowd_slots s ON s.first = placed.first"
        answered = (
            f"SELECT n, began, began + 60 + {spread} * {spread} / 60 AS answered FROM ({began}) AS begun"
        )
        resolved = "answered + 300 + ((CAST(n AS BIGINT) * 104729) % 9973) * 20"
        is_solved = f"NOT ({self.is_open(count)}) AND {resolved} <= {NOW_SECONDS}"
        return (
            f"INSERT INTO crowd_tickets SELECT n, began,"
            f" CASE WHEN answered <= {NOW_SECONDS} THEN answered END,"
            f" CASE WHEN {is_solved} THEN {resolved} END"
            f" FROM ({answered}) AS replied"
        )

    def business(self, moment: str) -> str:
        """Business seconds before a moment."""
        found = (
            f"SELECT before + is_open * ({moment} % {HOUR}) FROM crowd_hours WHERE hour = ({moment}) / {HOUR}"
        )
        return f"({found})"

    def kinds(self) -> Iterator[tuple[str, str, dict[str, str]]]:
        """(kind, which tickets, its own columns)."""
        is_answered, is_resolved = "t.answered IS NOT NULL", "t.resolved IS NOT NULL"
        yield "created", "1 = 1", {"at": self.at("t.began")}
        yield "assigned", is_answered, {"at": self.at("t.began + (t.answered - t.began) / 2")}
        yield "replied", is_answered, {"at": self.at("t.answered")}
        yield "resolved", is_resolved, {"at": self.at("t.resolved")}
        yield "time_to_assignment", is_answered, self.timed("t.began + (t.answered - t.began) / 2")
        yield "first_response", is_answered, self.timed("t.answered")
        yield "requester_wait", is_resolved, self.timed("t.resolved", "(t.n % 4) * 600")
        yield "agent_work", is_resolved, self.timed("t.resolved", "(t.n % 6) * 600")
        yield "total", is_resolved, self.timed("t.resolved")
        yield "backlog", "1 = 1", {"at": self.at("t.began"), "until": self.at("t.resolved")}
        yield "sla.first_response", "1 = 1", self.promised("t.answered", ANSWER_SECONDS)
        yield "sla.total", "1 = 1", self.promised("t.resolved", SOLVE_SECONDS)

    def timed(self, end: str, less: str = "0") -> dict[str, str]:
        """A duration from the beginning to a moment, less what was paused."""
        business = f"{self.business(end)} - {self.business('t.began')}"
        taken = f"CASE WHEN {end} - t.began > {less} THEN {end} - t.began - {less} ELSE 0 END"
        return {"at": self.at(end), "seconds": taken, "business_seconds": business}

    def promised(self, kept: str, target: int) -> dict[str, str]:
        """What became of a promise; one not kept is a breach at its deadline, which may be to come."""
        due = f"t.began + {target}"
        is_met = f"({kept} IS NOT NULL AND {kept} <= {due})"
        return {
            "at": f"CASE WHEN {is_met} THEN {self.at(kept)} ELSE {self.at(due)} END",
            "until": f"CASE WHEN {is_met} THEN {self.at(due)} ELSE {self.at(kept)} END",
            "outcome": f"CASE WHEN {is_met} THEN 'met' ELSE 'breached' END",
            "target_seconds": str(target),
            "seconds": f"CASE WHEN NOT {is_met} THEN {kept} - ({due}) END",
            "policy_id": self.id(0x90, "1 + t.n % 3"),
        }

    def rows(self, kind: str, which: str, own: dict[str, str]) -> str:
        """INSERT of one kind's rows."""
        values = {
            "workspace_id": self.uuid(self.workspace_id),
            "ticket_id": self.id(0x71, "t.n"),
            "kind": f"'{kind.replace(':', '')}'",
            "instance": "1",
            "agent_id": self.pick([self.uuid(agent_id) for agent_id in self.agent_ids], "t.n / 3"),
            "team_id": self.id(0x7E, "1 + t.n % 8"),
            "inbox_id": self.id(0x1B, "1 + t.n % 5"),
            "channel": self.text(("chat", "email", "form", "api"), "t.n"),
            "priority": self.text(("low", "medium", "medium", "high", "critical"), "t.n / 7"),
            "tier": self.text(("free", "basic", "premium", "enterprise"), "t.n / 5"),
            **own,
        }
        names, given = ", ".join(f'"{name}"' for name in values), ", ".join(values.values())
        table = Measurement.__tablename__
        return f"INSERT INTO {table} ({names}) SELECT {given} FROM crowd_tickets t WHERE {which} ORDER BY t.n"

    def level(self) -> str:
        """The follower's mark: all of it is measured."""
        here = self.uuid(self.workspace_id)
        return (
            "INSERT INTO measured_up_to (workspace_id, seq) SELECT workspace_id, seq FROM workspace_feeds"
            f" WHERE workspace_id = {here} ON CONFLICT (workspace_id) DO UPDATE SET seq = excluded.seq"
        )
