"""The queue in every order, page by page; and that no order needs a scan of the table."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.plans import plan_of, remember_tickets, scans
from webapp import clock as app_clock
from webapp.auth import acting_as
from webapp.database import transaction
from webapp.models import Ticket
from webapp.models.ticket import PRIORITIES
from webapp.services import ticket as tickets
from webapp.services.ticket.queue import DEFAULT_SORT, SORTS, VIEWS
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

LIVE_SORTS = [name for name in SORTS if name != "snooze"]


@pytest.fixture
def desk(make: Any, session: Any, clock: Any) -> Iterator[Any]:
    """Twelve tickets of every kind, and an admin who looks at them."""

    class Desk:
        workspace = make.workspace()
        boss = make.user(role="admin", name="Boss")
        made: list[uuid.UUID] = []

        def page(self, view: str, **query: Any) -> tuple[list[Any], Any]:
            return tickets.list_tickets(view, **query)

        def ids(self, view: str, **query: Any) -> list[uuid.UUID]:
            return [ticket.id for ticket in self.page(view, **query)[0]]

    made = Desk()
    with use_workspace(made.workspace.id), acting_as(make.actor(made.boss)):
        for number in range(12):
            with transaction():
                ticket = tickets.create_ticket(
                    f"T{number}", "", f"c{number}@example.com", PRIORITIES[number % 4]
                )
                made.made.append(ticket.id)
            clock.advance(minutes=1)
        place(made)
        yield made


def place(desk: Any) -> None:
    """Deadlines, waits, owners and shelves, so that each order is another."""
    now = app_clock.now()
    with transaction() as session:
        for number, ticket_id in enumerate(desk.made):
            ticket = session.get(Ticket, ticket_id)
            ticket.next_due_at = now + timedelta(minutes=(number * 37) % 90 - 20) if number % 3 else None
            ticket.waiting_since = now - timedelta(minutes=(number * 11) % 30) if number % 2 else None
            ticket.assigned_agent_id = desk.boss.id if number % 4 == 1 else None
            ticket.updated_at = now - timedelta(minutes=(number * 7) % 40)
        for number, status in ((2, "pending"), (3, "resolved"), (8, "closed")):
            tickets.update_ticket(desk.made[number], status=status)
        tickets.snooze_ticket(desk.made[4], now + timedelta(hours=5))
        tickets.snooze_ticket(desk.made[6], now + timedelta(hours=2))
        tickets.delete_ticket(desk.made[10])


def test_the_default_is_the_next_deadline_then_who_waits_longest(desk: Any) -> None:
    page, _ = desk.page("all")
    far = app_clock.now() + timedelta(days=9_999)
    assert page == sorted(
        page, key=lambda ticket: (ticket.next_due_at or far, *_waits(ticket), ticket.number)
    )
    assert page[0].next_due_at < app_clock.now(), "what has breached stands before all"
    assert page[-1].next_due_at is None


def _waits(ticket: Any) -> tuple[bool, Any]:
    return ticket.waiting_since is None, ticket.waiting_since or ticket.created_at


ORDERS: dict[str, Any] = {
    "waiting": lambda ticket: (*_waits(ticket), ticket.number),
    "priority": lambda ticket: (-PRIORITIES.index(ticket.priority), *_waits(ticket), ticket.number),
    "oldest_activity": lambda ticket: (ticket.updated_at, ticket.number),
    "oldest": lambda ticket: ticket.number,
}


@pytest.mark.parametrize("sort", ORDERS)
def test_each_order_is_what_its_name_says(desk: Any, sort: str) -> None:
    page, _ = desk.page("all", sort=sort)
    assert len(page) > 5
    assert page == sorted(page, key=ORDERS[sort])


def test_the_newest_come_first_where_that_is_asked(desk: Any) -> None:
    for sort in ("oldest", "oldest_activity"):
        assert desk.ids("all", sort=sort.replace("oldest", "newest")) == desk.ids("all", sort=sort)[::-1]


def test_each_view_holds_what_its_name_says(desk: Any) -> None:
    at = desk.made
    now = app_clock.now()
    on_queue = {ticket.id for ticket in desk.page("all")[0]}
    assert on_queue == set(at) - {at[3], at[8], at[4], at[6], at[10]}
    assert desk.ids("snoozed") == [at[6], at[4]]
    assert set(desk.ids("done")) == {at[3], at[8]}
    assert desk.ids("trash") == [at[10]]
    assert desk.ids("waiting") == [at[2]]
    for view, (least, most) in {"breached": (-99, 0), "risk": (0, 30)}.items():
        due = {ticket.id: ticket.next_due_at for ticket in desk.page("all")[0] if ticket.next_due_at}
        wanted = {
            one for one, moment in due.items() if least * 60 < (moment - now).total_seconds() <= most * 60
        }
        assert wanted, view
        assert set(desk.ids(view)) == wanted, view
    assert tickets.count_views() == {view: len(desk.ids(view)) for view in VIEWS if view != "done"}


@pytest.mark.parametrize("view", ["all", "unassigned", "done", "snoozed"])
def test_pages_follow_each_other_without_gap_or_repeat(desk: Any, view: str) -> None:
    for sort in [*LIVE_SORTS, None]:
        whole, found, cursor = desk.ids(view, sort=sort), [], None
        while cursor or not found:
            page, cursor = desk.page(view, sort=sort, cursor=cursor, limit=2)
            found += [ticket.id for ticket in page]
            if cursor is None:
                break
        assert found == whole, sort


def test_a_page_goes_on_where_it_was_though_rows_before_it_went(desk: Any) -> None:
    whole = desk.ids("all")
    _, cursor = desk.page("all", limit=3)
    with transaction():
        tickets.update_ticket(whole[0], status="closed")
        tickets.update_ticket(whole[2], status="closed")
    page, _ = desk.page("all", cursor=cursor, limit=3)
    assert [ticket.id for ticket in page] == whole[3:6]


def test_a_cursor_of_another_order_is_refused(desk: Any, make: Any, agent: Any) -> None:
    from webapp.errors import Invalid

    _, cursor = desk.page("all", sort="priority", limit=2)
    with pytest.raises(Invalid):
        desk.page("all", sort="due", cursor=cursor)
    with pytest.raises(Invalid):
        desk.page("all", sort="snooze")


def test_only_admins_see_the_trash(desk: Any, make: Any) -> None:
    from webapp.errors import Forbidden

    ana = make.actor(make.user(role="agent"))
    with pytest.raises(Forbidden):
        tickets.list_tickets("trash", actor=ana)
    assert tickets.count_views(actor=ana)["trash"] == 0


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_in_no_order_scans_the_table(desk: Any, view: str) -> None:
    with transaction():
        remember_tickets()
    for sort in [DEFAULT_SORT[view]] if view in DEFAULT_SORT else LIVE_SORTS:
        _, cursor = desk.page(view, sort=sort, limit=1)
        for place in (None, cursor):
            asked = statements(lambda sort=sort, place=place: desk.page(view, sort=sort, cursor=place))
            by_index(asked[-1], f"{view} by {sort}")


def test_counting_asks_once_and_scans_no_table(desk: Any) -> None:
    with transaction():
        remember_tickets()
    asked = statements(tickets.count_views)
    assert len(asked) == 1
    by_index(asked[0], "counts")


def statements(call: Any) -> list[tuple[str, Any]]:
    """What a call asks of the table of tickets, with its parameters."""
    found: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, *asked: Any) -> None:
        if "FROM tickets" in asked[0]:
            found.append((asked[0], asked[1]))

    sa.event.listen(sa.engine.Engine, "before_cursor_execute", note)
    try:
        call()
    finally:
        sa.event.remove(sa.engine.Engine, "before_cursor_execute", note)
    return found


def by_index(asked: tuple[str, Any], what: str) -> None:
    """Fails if the plan reads the table of tickets from one end to the other."""
    plan = plan_of(*asked)
    assert not scans(plan, "tickets"), f"{what}: {plan}"
    assert "ix_tickets_" in plan, f"{what}: {plan}"
