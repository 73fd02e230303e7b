"""What a database means to do, where its planner has a reason to choose: a past, which it knows.

Of a handful of rows one index costs it as much as the other, and what others did before decides.
"""

import uuid
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp.extensions import db
from webapp.models import Ticket

UNSCOPED = {"unscoped": True}


def remember_tickets(count: int = 2000) -> None:
    """As many tickets of former days as that, like the first of the workspace, but done or in the trash."""
    table = Ticket.__table__
    first = db.session.execute(sa.select(table).limit(1), execution_options=UNSCOPED).mappings().one()
    rows = [
        {
            **first,
            "id": uuid.uuid4(),
            "number": 100_000 + number,
            "shelf": ("done", "trash")[number % 2],
            "status": "closed",
            **dict.fromkeys(("next_due_at", "waiting_since", "assigned_agent_id", "external_id")),
            **{
                name: first[name] - timedelta(hours=number)
                for name in ("created_at", "updated_at", "due_rank", "wait_rank")
            },
        }
        for number in range(1, count + 1)
    ]
    db.session.execute(sa.insert(table), rows, execution_options=UNSCOPED)
    tell_planner("tickets")


def tell_planner(*tables: str) -> None:
    """What these tables hold by now. Only their owner may; SQLite's planner never looks."""
    connection = db.session.connection()
    if connection.dialect.name == "sqlite":
        return
    role = connection.exec_driver_sql("SELECT current_user").scalar()
    connection.exec_driver_sql("SET LOCAL ROLE NONE")
    connection.exec_driver_sql(f"ANALYZE {', '.join(tables)}")
    connection.exec_driver_sql(f'SET LOCAL ROLE "{role}"')


def plan_of(statement: str, values: Any) -> str:
    """How the database would answer a statement; on PostgreSQL as if tables were too large to be read."""
    connection = db.session.connection()
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        return "\n".join(str(row[-1]) for row in rows)
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    return "\n".join(str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values))


def scans(plan: str, table: str) -> bool:
    """Whether a plan reads a table from one end to the other."""
    lines = [line.strip() for line in plan.splitlines()]
    return any(line == f"SCAN {table}" or f"Seq Scan on {table}" in line for line in lines)
