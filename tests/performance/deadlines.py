"""How late a promise's deadline is told: watched to the second and, beside it, looked for once a minute."""

import statistics
import time
from datetime import datetime, timedelta

import sqlalchemy as sa

from tests.performance.live_board import sites
from tests.support.live import Site
from tests.support.process import wait_until
from webapp.database import read_only, transaction
from webapp.models import SlaClock, SlaPolicy
from webapp.services import ticket as tickets
from webapp.tenancy import use_workspace

DEADLINES, APART_SECONDS, PROMISED_SECONDS = 60, 0.3, 3
MOST_LATE_SECONDS = 2.0
LOOKED_FOR = timedelta(minutes=1)
TIERS = ("free", "basic", "premium", "enterprise")
PRIORITIES = ("low", "medium", "high", "critical")
BEGIN, END = "<!-- begin: deadlines, made by make bench -->", "<!-- end of the deadlines -->"


def promise() -> None:
    """Every ticket is to be answered in some seconds."""
    grid = {priority: dict.fromkeys(TIERS, PROMISED_SECONDS) for priority in PRIORITIES}
    target = {"metric": "first_response", "clock": "calendar", "seconds": grid}
    with transaction() as session:
        session.add(SlaPolicy(name="Soon", targets=[target]))


def fired() -> list[tuple[datetime, datetime]]:
    """When each deadline was due, and when it was told."""
    with read_only() as session:
        told = sa.select(SlaClock.due_at, SlaClock.fired_at).where(SlaClock.fired_at.is_not(None))
        return [(row.due_at, row.fired_at) for row in session.execute(told)]


def measure(made: Site) -> tuple[list[float], list[float]]:
    """Seconds that each deadline was told late, and that it would have been if looked for once a minute."""
    with made.app.app_context(), use_workspace(made.workspace.id):
        promise()
        for number in range(DEADLINES):
            with transaction():
                tickets.create_ticket(f"Ticket {number}", "", f"c{number}@example.com")
            time.sleep(APART_SECONDS)
        wait_until(lambda: len(fired()) == DEADLINES, "every deadline", 120)
        pairs = fired()
    looked_for = [(LOOKED_FOR - timedelta(seconds=due.timestamp() % 60)).total_seconds() for due, _ in pairs]
    return [(at - due).total_seconds() for due, at in pairs], looked_for


def table() -> tuple[list[str], list[str]]:
    """The lines of the table, and the bounds that are broken."""
    found = [
        f"| deadlines | median | latest of {DEADLINES} | bound | looked for once a minute, median |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    problems = []
    with sites() as made:
        for name, one, _ in made[:2]:
            late, looked_for = measure(one)
            median, latest = statistics.median(late) * 1000, max(late)
            figures = f"{median:.0f} ms | {latest * 1000:.0f} ms | {MOST_LATE_SECONDS:g} s"
            shown = name.replace("same process", "two processes")
            found.append(f"| {shown} | {figures} | {statistics.median(looked_for):.0f} s |")
            print(found[-1], flush=True)
            if min(late) < 0 or latest > MOST_LATE_SECONDS:
                problems.append(f"{name}: deadlines were told {min(late):.2f} to {latest:.2f} s late")
    return found, problems


if __name__ == "__main__":
    print("\n".join(table()[0]))
