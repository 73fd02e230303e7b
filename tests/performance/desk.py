"""A desk with so many tickets, on a database of its own, and what is measured on it."""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from tests.factories import Factory
from tests.support import crowd, measured_crowd
from webapp import create_app, migration
from webapp.auth import SYSTEM, acting_as
from webapp.config import load_settings
from webapp.database import read_only, transaction
from webapp.extensions import db
from webapp.models import User, Workspace
from webapp.schemas.routing import RoutingSettings
from webapp.services.setting import save_section
from webapp.tasks.timer import fire_due
from webapp.tenancy import use_workspace

AGENTS = 20
GROWING = {
    "tickets",
    "customers",
    "events",
    "comments",
    "search_document",
    "jobs",
    "sla_clocks",
    "measurements",
}
"""Tables whose length a desk's age decides: nothing bounded may read one from end to end."""
PLANNED = ("SELECT", "WITH", "UPDATE", "DELETE", "SET LOCAL enable_")


class Desk:
    """Open it in a `with`; `timed()` and `scanned()` call work inside its workspace, as an agent."""

    def __init__(self, url: str, folder: Path, count: int) -> None:
        self.folder = folder
        self.environment = {
            "DATABASE_URL": url,
            "INSTANCE_PATH": str(folder),
            "SECRET_KEY": f"{count:040}",
            "TESTING": "1",
            "LOG_LEVEL": "error",
        }
        migration.upgrade(load_settings(self.environment))
        self.app = create_app(self.environment)
        self.count = count
        self.make = Factory(self.app)
        self.rounds = 0
        note = folder / "desk.json"
        if note.exists():
            self._find(uuid.UUID(json.loads(note.read_text())["workspace_id"]))
        else:
            self._fill(url)
            note.write_text(json.dumps({"workspace_id": str(self.workspace.id)}))
        self.actor = self.make.actor(self.agents[0])

    def _fill(self, url: str) -> None:
        self.workspace = self.make.workspace()
        self.agents = [self.make.user(role="agent") for _ in range(AGENTS)]
        self.actor = self.make.actor(self.agents[0])
        with self.inside(), acting_as(SYSTEM), transaction():
            save_section(RoutingSettings(is_on=True, capacity=1000))
        with self.inside():
            fire_due()  # switching it on asks for a first look
        agent_ids = [agent.id for agent in self.agents]
        crowd.fill(url, self.workspace.id, self.count, agent_ids)
        measured_crowd.fill(url, self.workspace.id, self.count, agent_ids)

    def _find(self, workspace_id: uuid.UUID) -> None:
        """What an earlier run filled and kept."""
        with self.app.app_context(), use_workspace(workspace_id), read_only() as session:
            self.workspace = session.get_one(Workspace, workspace_id)
            self.agents = list(session.scalars(sa.select(User).order_by(User.email, User.id)))
            session.expunge_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        with self.app.app_context():
            db.engine.dispose()

    @contextmanager
    def inside(self) -> Iterator[None]:
        """In a context of its own, so that nothing is left over from the round before."""
        with self.app.app_context(), use_workspace(self.workspace.id), acting_as(self.actor):
            yield

    def timed(self, call: Callable[["Desk"], Any]) -> float:
        """Seconds that one round takes, per unit if it returns how many units it did."""
        self.rounds += 1
        with self.inside():
            began = time.perf_counter()
            units = call(self)
            return (time.perf_counter() - began) / (units or 1)

    def scanned(self, call: Callable[["Desk"], Any]) -> list[str]:
        """The growing tables that a round reads from end to end, by the plans of its queries."""
        pattern = r"SCAN (\w+)(?! USING)$" if self.is_sqlite else r"Seq Scan on (\w+)"
        found = {name for line in self.planned(call) for name in re.findall(pattern, line)}
        return sorted(found & GROWING)

    def planned(self, call: Callable[["Desk"], Any]) -> list[str]:
        """What the database means to do for the queries of a round, step by step."""
        if self.is_sqlite:
            return [row[3] for plan in self._again(call, "EXPLAIN QUERY PLAN") for row in plan]
        return [row[0] for plan in self._again(call, "EXPLAIN") for row in plan]

    def looked_at(self, call: Callable[["Desk"], Any], table: str) -> list[int]:
        """On PostgreSQL: how many rows of a table each query of a round looks at, those it leaves out too."""
        plans = self._again(call, "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON)")
        return [_looked_at(plan[0][0][0]["Plan"], table) for plan in plans]

    @property
    def is_sqlite(self) -> bool:
        return self.environment["DATABASE_URL"].startswith("sqlite")

    def _again(self, call: Callable[["Desk"], Any], how: str) -> list[list[Any]]:
        """What the database says to each query of a round, asked once more with `how` before it."""
        found = []
        with self.inside():
            asked = self._asked(call)
            with db.engine.connect() as connection:
                if not self.is_sqlite:
                    scope = "SELECT set_config('app.workspace_id', %s, false)"
                    connection.exec_driver_sql(scope, (str(self.workspace.id),))
                for sql, values in asked:
                    if sql.startswith("SET LOCAL enable_"):
                        connection.exec_driver_sql(sql)
                    else:
                        found.append(list(connection.exec_driver_sql(f"{how} {sql}", values)))
        return found

    def _asked(self, call: Callable[["Desk"], Any]) -> list[tuple[str, Any]]:
        """The queries of a round. On SQLite also those that go past the engine, their values written out."""
        asked: list[tuple[str, Any]] = []

        def listen(_conn: Any, _cursor: Any, sql: str, values: Any, _context: Any, many: bool) -> None:
            if not many and sql.lstrip().startswith(PLANNED):
                asked.append((sql, values))

        def trace(sql: str) -> None:
            if sql.lstrip().startswith(PLANNED):
                asked.append((sql, ()))

        def checkout(connection: Any, _record: Any, _proxy: Any) -> None:
            connection.set_trace_callback(trace)

        def checkin(connection: Any, _record: Any) -> None:
            connection.set_trace_callback(None)

        engine = db.engine
        pooled = [(engine, "checkout", checkout), (engine, "checkin", checkin)]
        listeners = pooled if self.is_sqlite else [(engine, "before_cursor_execute", listen)]
        for listener in listeners:
            sa.event.listen(*listener)
        try:
            call(self)
        finally:
            for listener in listeners:
                sa.event.remove(*listener)
        return asked


def _looked_at(node: dict[str, Any], table: str) -> int:
    rows = 0
    if node.get("Relation Name") == table:
        left_out = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        rows = (node["Actual Rows"] + left_out) * node["Actual Loops"]
    return round(rows) + sum(_looked_at(child, table) for child in node.get("Plans", ()))
