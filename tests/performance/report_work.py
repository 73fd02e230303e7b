"""The report screens, over the last thirty days and over the two years that there are.

A screen is built whole, with its charts, as a page or a job does. Beside it stands what the same figures cost
straight from the ledger: what `tests.support.slow_reports` takes for a ticket, measured in the same rounds on
tickets that lived as the others did, times the tickets that began in the range and in the one it is compared
with. That is less than it would take: finding these tickets, and what is done with their facts, is left out,
and so are those that began before and went on in the range.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.support import slow_reports
from tests.support.crowd import NOW
from webapp import clock
from webapp.auth import acting_as
from webapp.database import patient, read_only, transaction
from webapp.schemas.report import Scope
from webapp.services import health, report
from webapp.services import ticket as tickets
from webapp.services.report import open_report, screen
from webapp.services.report.compute import JOB_SECONDS
from webapp.services.report.screen.source import Source
from webapp.services.ticket.comment import CommentDraft
from webapp.tenancy import use_workspace

BERLIN = {"zone": "Europe/Berlin"}
USUAL = "30 days"
"""What a screen begins with."""
RANGES = {
    USUAL: Scope(range="30d", compare=True, **BERLIN),
    "two years": Scope.model_validate(
        {"range": "custom", "from": "2024-11-02", "to": "2026-11-01", **BERLIN}
    ),
}
SCREENS: dict[str, Callable[[Source], Any]] = {
    "SLA": screen.sla_screen,
    "volume": screen.volume_screen,
    "speed": screen.speed_screen,
    "team": screen.team_screen,
}
SAMPLE = 60


class Asked(NamedTuple):
    """A screen over a range."""

    screen: str
    over: str

    @property
    def name(self) -> str:
        return f"report_{self.screen}_{self.over}".lower().replace(" ", "_")

    def __call__(self, _desk: Any) -> None:
        """Builds it once."""
        with clock.moved(NOW), read_only() as session, patient(session, JOB_SECONDS):
            SCREENS[self.screen](Source(open_report(RANGES[self.over], session=session)))


EVERY = [Asked(name, over) for name in SCREENS for over in RANGES]


def health_figures(_desk: Any) -> None:
    """What the health page counts over thirty days."""
    with clock.moved(NOW), read_only():
        start, end = open_report(RANGES[USUAL]).frame.span
        health.job_health()
        health.mail_health(start, end)
        health.timer_health()
        health.measuring_lag()


def began_in(desk: Any, over: str) -> int:
    """How many tickets began in a range, and in the one before where that is compared."""
    with desk.inside(), clock.moved(NOW), read_only() as session, patient(session, JOB_SECONDS):
        found = report.figure("created", RANGES[over], session=session)
        return found.n + (found.previous_n or 0)


class Ledger:
    """Tickets in a workspace of their own, to be read straight from the ledger."""

    def __init__(self, desk: Any) -> None:
        own = uuid.uuid4().hex[:8]  # a desk that is kept has those of other runs
        workspace = desk.make.workspace(f"Ledger-{own}")
        agent = desk.make.user(role="agent", workspace=workspace, email=f"{own}@example.com")
        inbox = desk.make.inbox(workspace=workspace, key=f"ib{own}")
        self.desk, self.workspace, self.actor = desk, workspace, desk.make.actor(agent)
        with self.inside():
            for number in range(SAMPLE):
                live(number, inbox, agent)

    @contextmanager
    def inside(self) -> Iterator[None]:
        with self.desk.app.app_context(), use_workspace(self.workspace.id), acting_as(self.actor):
            yield

    def seconds(self) -> float:
        """What one ticket's facts take; not the rules, which are read once for all of them."""
        with self.inside(), read_only() as session:
            rules = slow_reports.read_rules(session)
            session.expunge_all()
            began = time.perf_counter()
            slow_reports.facts(session=session, rules=rules)
            return (time.perf_counter() - began) / SAMPLE


def live(number: int, inbox: Any, agent: Any) -> None:
    """A ticket as most are: asked, taken, answered, resolved."""
    with transaction():
        address = f"sample{number}@example.com"
        made = tickets.create_ticket(
            "Sample", "", address, first=CommentDraft("Where is it?"), channel="email", inbox=inbox
        )
        tickets.assign_ticket(made.id, agent.id)
        tickets.add_comment(made.id, "On its way")
        tickets.update_ticket(made.id, status="resolved")
