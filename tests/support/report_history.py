"""A desk with some weeks behind it: tickets to which all kinds of things happened, the same for a seed."""

import random
from typing import Any

import sqlalchemy as sa

from tests.integration.test_sla_property import MOVES, World, acting_system
from tests.support import slow_reports
from tests.support.slow_figures import Slow
from webapp import clock
from webapp.auth import acting_as
from webapp.database import transaction
from webapp.extensions import db
from webapp.models import Ticket, TicketTag
from webapp.services import report
from webapp.services import ticket as tickets
from webapp.services.ticket.comment import CommentDraft
from webapp.tasks import timer as timers

WAITS = (0.0, 3.0, 12.0, 50.0, 200.0, 900.0, 3000.0)
COMMON = ("reply", "resolve", "take", "ask", "reopen")


class History(World):
    """Call `live` in the workspace, with the clock moved; then `slow` knows what reports must say."""

    def live(self, seed: int, *, count: int, moves: int) -> None:
        """Makes tickets, and lets things happen to them."""
        chance = random.Random(seed)
        self.begin(by_staff=False)
        self.team = self.make.team(self.ana, workspace=self.workspace)
        inbox = self.make.inbox(workspace=self.workspace)
        mine = [(self.ticket_id, self.customer_id)]
        for number in range(moves):
            if len(mine) < count and number % max(1, moves // count) == 0:
                mine.append(self.open_ticket(chance, inbox))
            self.ticket_id, self.customer_id = chance.choice(mine)
            name = chance.choice(COMMON if chance.random() < 0.6 else [*MOVES, "team_up"])
            self.do(name, chance.choice(WAITS))
            timers.fire_due()
        clock.advance(minutes=chance.choice(WAITS))
        for _ in range(100):
            with transaction():
                if report.catch_up():
                    return
        raise AssertionError("it never became level")

    def open_ticket(self, chance: random.Random, inbox: Any) -> Any:
        """One more ticket."""
        channel, priority = chance.choice(("chat", "email", "form")), chance.choice(("low", "medium", "high"))
        with transaction(), acting_as(self.make.actor(self.boss)):
            address = f"{chance.getrandbits(40)}@example.com"
            made = tickets.create_ticket(
                "Random",
                "",
                address,
                first=CommentDraft("Hello"),
                channel=channel,
                inbox=inbox if chance.random() < 0.7 else None,
                actor=acting_system(),
            )
            tickets.update_ticket(made.id, priority=priority)
            return made.id, made.customer_id

    def team_up(self, _session: Any) -> None:
        tickets.update_ticket(self.ticket_id, team_id=self.team.id)

    def slow(self) -> Slow:
        """All facts, straight from the ledger."""
        facts = slow_reports.facts()
        tags: dict[Any, set[str]] = {}
        for row in db.session.scalars(sa.select(TicketTag)):
            tags.setdefault(row.ticket_id, set()).add(str(row.tag_id))
        statuses = {ticket.id: ticket.status for ticket in db.session.scalars(sa.select(Ticket))}
        return Slow(facts, facts, tags, statuses, clock.now())
