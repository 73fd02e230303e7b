"""A desk with so many tickets, on a database of its own, and what is measured on it."""

import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from tests.factories import Factory
from tests.support import crowd
from webapp import create_app, migration
from webapp.auth import SYSTEM, acting_as
from webapp.config import load_settings
from webapp.database import transaction
from webapp.extensions import db
from webapp.schemas.routing import RoutingSettings
from webapp.services.setting import save_section
from webapp.tasks.timer import fire_due
from webapp.tenancy import use_workspace

AGENTS = 20
GROWING = {"tickets", "customers", "events", "comments", "search_document", "jobs", "sla_clocks"}
"""Tables whose length a desk's age decides: nothing bounded may read one from end to end."""


class Desk:
    """Open it in a `with`; `timed()` and `scanned()` call work inside its workspace, as an agent."""

    def __init__(self, url: str, folder: Path, count: int) -> None:
        environment = {
            "DATABASE_URL": url,
            "INSTANCE_PATH": str(folder),
            "SECRET_KEY": uuid.uuid4().hex * 2,
            "TESTING": "1",
            "LOG_LEVEL": "error",
        }
        migration.upgrade(load_settings(environment))
        self.app = create_app(environment)
        self.count = count
        make = Factory(self.app)
        self.workspace = make.workspace()
        self.agents = [make.user(role="agent") for _ in range(AGENTS)]
        self.actor = make.actor(self.agents[0])
        self.rounds = 0
        with self.inside(), acting_as(SYSTEM), transaction():
            save_section(RoutingSettings(is_on=True, capacity=1000))
        with self.inside():
            fire_due()  # switching it on asks for a first look
        crowd.fill(url, self.workspace.id, count, [agent.id for agent in self.agents])

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
        asked: list[tuple[str, Any]] = []
        with self.inside():
            engine = db.engine

            def listen(_conn: Any, _cursor: Any, sql: str, values: Any, _context: Any, many: bool) -> None:
                if not many and sql.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
                    asked.append((sql, values))

            sa.event.listen(engine, "before_cursor_execute", listen)
            try:
                call(self)
            finally:
                sa.event.remove(engine, "before_cursor_execute", listen)
            with use_workspace(self.workspace.id), engine.connect() as connection:
                found = {table for sql, values in asked for table in self._scans(connection, sql, values)}
        return sorted(found & GROWING)

    def _scans(self, connection: Any, sql: str, values: Any) -> list[str]:
        if connection.dialect.name == "sqlite":
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
            return [name for row in plan for name in re.findall(r"^SCAN (\w+)(?! USING)", row[3])]
        scope = "SELECT set_config('app.workspace_id', %s, false)"
        connection.exec_driver_sql(scope, (str(self.workspace.id),))
        plan = connection.exec_driver_sql(f"EXPLAIN {sql}", values)
        return [name for row in plan for name in re.findall(r"Seq Scan on (\w+)", row[0])]
