"""Routing reads what is in hand, however many tickets there ever were: no query of it scans the table."""

import re
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from tests.support.plans import plan_of, remember_tickets, scans
from webapp.database import transaction
from webapp.extensions import db
from webapp.models import Ticket
from webapp.schemas.routing import RoutingSettings
from webapp.services import routing
from webapp.services import ticket as tickets
from webapp.services.routing import place
from webapp.services.setting import save_section
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

LOCKS = re.compile("FOR NO KEY UPDATE( SKIP LOCKED)?")


@pytest.fixture
def house(make: Any, session: Any) -> Any:
    workspace = make.workspace()
    make.user(role="agent", name="Ana")
    inbox = make.inbox()
    with use_workspace(workspace.id):
        with transaction():
            save_section(RoutingSettings(is_on=True))
            for number in range(60):
                made = tickets.create_ticket(
                    f"Ticket {number}", "", f"{number}@x.example", channel="chat", inbox=inbox
                )
                if number > 9:
                    tickets.update_ticket_status(made.id, "resolved")
            remember_tickets()
        yield make


def asked_of_tickets(call: Any) -> list[tuple[str, Any]]:
    """The statements on tickets that a call makes, with their values."""
    found: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT") and "FROM tickets" in statement:
            found.append((LOCKS.sub("", statement), values))

    connection = db.session.connection()
    event.listen(connection, "before_cursor_execute", note)
    try:
        call()
    finally:
        event.remove(connection, "before_cursor_execute", note)
    return found


def test_no_query_of_a_run_or_of_the_places_scans_the_tickets(house: Any) -> None:
    with transaction():
        waiting = db.session.scalar(sa.select(Ticket.id).where(Ticket.status == "open"))
        asked = asked_of_tickets(lambda: (routing.route_waiting(trigger="test"), place.tell_places()))
        asked += asked_of_tickets(lambda: routing.route_one(waiting, trigger="test"))
        assert len(asked) >= 5
        for statement, values in asked:
            plan = plan_of(statement, values)
            assert not scans(plan, "tickets"), f"{statement}\n{plan}"


def test_the_queries_that_grow_with_the_desk_use_the_indexes_made_for_them(house: Any) -> None:
    with transaction():
        asked = asked_of_tickets(lambda: (routing.route_waiting(trigger="test"), place.tell_places()))
        plans = "\n".join(plan_of(statement, values) for statement, values in asked)
    for index in ("ix_tickets_waiting", "ix_tickets_waiting_chats", "ix_tickets_handled_chats"):
        assert f"{index} " in plans, plans
    assert "ix_tickets_load" in plans or "ix_tickets_by_agent" in plans, (
        "what people hold, not what they held"
    )
