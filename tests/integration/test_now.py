"""The live board: its figures, what it costs, who sees what of it, and how changes reach those who watch."""

import random
import uuid
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support import node
from tests.support.plans import plan_of, remember_tickets, scans, tell_planner
from tests.support.queries import counted
from webapp import clock as clocks
from webapp.database import read_only, transaction
from webapp.extensions import db
from webapp.models import Job, Measurement, Schedule, Ticket, User
from webapp.models.ticket import shelf_of
from webapp.realtime import boards
from webapp.schemas.sla import PolicyIn
from webapp.services import now as now_services
from webapp.services import report, sla
from webapp.services import ticket as tickets
from webapp.services.now.response import midnight
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

SECONDS = {
    priority: dict.fromkeys(("free", "basic", "premium", "enterprise"), minutes * 60)
    for priority, minutes in {"low": 300, "medium": 90, "high": 40, "critical": 10}.items()
}
NAMES = ("Ana", "Ben", "Cleo")
DEEDS = ("reply", "reply", "assign", "assign", "unassign", "status", "snooze", "spam")
STATUSES = ("pending", "resolved", "in_progress")
TARGETS = [{"metric": metric, "seconds": SECONDS} for metric in ("first_response", "total")]


class House:
    """A workspace with promises in minutes, agents and an inbox; `happen()` lets a random thing happen."""

    def __init__(self, make: Any, clock: Any, seed: int) -> None:
        self.random, self.clock = random.Random(seed), clock
        self.workspace = make.workspace()
        self.people = [make.user(role="agent", name=name, workspace=self.workspace) for name in NAMES]
        self.actors = [make.actor(person) for person in self.people]
        self.inbox = make.inbox(workspace=self.workspace)
        with use_workspace(self.workspace.id), transaction():
            sla.create_policy(PolicyIn.model_validate({"name": "Quick", "targets": TARGETS}))

    def happen(self) -> None:
        self.clock.advance(minutes=self.random.randint(0, 12))
        found = list(db.session.scalars(sa.select(Ticket).where(Ticket.merged_into_id.is_(None))))
        if not found or self.random.random() < 0.35:
            self.arrive()
        else:
            self.work_on(self.random.choice(found))

    def arrive(self) -> None:
        channel = self.random.choice(("chat", "chat", "email", "form"))
        made = tickets.create_ticket(
            f"Ticket {self.random.random()}",
            "",
            f"c{self.random.randint(1, 9)}@x.example",
            channel=channel,
            inbox=self.inbox,
            priority=self.random.choice(tuple(SECONDS)),
        )
        if self.random.random() < 0.7:
            made.waiting_since = self.clock.now()

    def work_on(self, ticket: Any) -> None:
        one = self.random.choice(DEEDS)
        person = self.random.choice(self.people)
        if one == "reply":
            tickets.add_comment(ticket.id, "An answer", actor=self.random.choice(self.actors))
        elif one == "assign":
            tickets.assign_ticket(ticket.id, person.id)
        elif one == "unassign":
            tickets.assign_ticket(ticket.id, None)
        elif one == "status":
            tickets.update_ticket_status(ticket.id, self.random.choice(STATUSES))
        elif one == "snooze":
            tickets.snooze_ticket(ticket.id, self.clock.now() + timedelta(hours=3))
        elif one == "spam":
            tickets.mark_spam(ticket.id, True)


@pytest.fixture
def house(make: Any, session: Any, clock: Any) -> Any:
    made = House(make, clock, seed=1)
    with use_workspace(made.workspace.id):
        yield made


def live(house: House, count: int) -> None:
    from webapp.errors import AppError

    for _ in range(count):
        try:
            with transaction():
                house.happen()
        except AppError:
            continue


def slow_board(at: Any) -> dict[str, Any]:
    """The same numbers, ticket by ticket."""
    queue = [one for one in db.session.scalars(sa.select(Ticket)) if shelf_of(one) == "queue"]
    ahead = [one.next_due_at - at for one in queue if one.next_due_at]
    chats = [one for one in queue if one.channel == "chat" and not one.ended_at]
    waits = [one.waiting_since for one in queue if one.waiting_since]

    def due(minutes: int) -> int:
        return sum(timedelta() < left <= timedelta(minutes=minutes) for left in ahead)

    return {
        "open": len(queue),
        "unassigned": sum(one.assigned_agent_id is None for one in queue),
        "waiting": len(waits),
        **{f"risk_{minutes}": due(minutes) for minutes in (5, 15, 30, 60)},
        "breached": sum(left <= timedelta() for left in ahead),
        "chats_active": sum(
            one.assigned_agent_id is not None and one.status in ("assigned", "in_progress") for one in chats
        ),
        "chats_queued": sum(one.assigned_agent_id is None and one.status == "open" for one in chats),
        "waiting_since": min(waits, default=None),
    }


@pytest.mark.parametrize("seed", [3, 14, 159])
def test_the_board_says_what_counting_every_ticket_says(
    make: Any, session: Any, clock: Any, seed: int
) -> None:
    house = House(make, clock, seed)
    with use_workspace(house.workspace.id):
        for _ in range(3):
            live(house, 20)
            with read_only():
                board = now_services.read_board().shown
                expected = slow_board(clock.now())
                expected["waiting_since"] = clock.iso(expected["waiting_since"])
                assert {name: board[name] for name in expected} == expected
                names = [row["number"] for row in board["next"] + board["late"]]
                assert len(names) == len(set(names))
                for name in now_services.NUMBERS:
                    behind, _ = now_services.tickets_behind(name, limit=100)
                    assert len(behind) == board[name], f"the list behind {name} is as long as it says"


def test_the_lists_hold_the_nearest_and_the_oldest_breaches_in_order(house: Any, clock: Any) -> None:
    live(house, 50)
    with read_only():
        board = now_services.read_board().shown
        due = sorted(
            one.due_rank
            for one in db.session.scalars(sa.select(Ticket))
            if shelf_of(one) == "queue" and one.next_due_at
        )
    at = clock.now()
    assert [row["due_at"] for row in board["next"]] == [clock.iso(one) for one in due if one > at][:10]
    assert [row["due_at"] for row in board["late"]] == [clock.iso(one) for one in due if one <= at][:10]


def test_todays_first_responses_are_measured_by_nearest_rank_beside_their_promise(
    house: Any, clock: Any
) -> None:
    clock.advance(hours=36 - clock.now().hour)  # about noon: all of it is of one day
    for _ in range(7):
        with transaction():
            house.arrive()
    for ticket in list(db.session.scalars(sa.select(Ticket))):
        clock.advance(minutes=house.random.randint(1, 9))
        with transaction():
            tickets.add_comment(ticket.id, "An answer", actor=house.actors[0])
    with transaction():
        while not report.catch_up():
            pass
    with read_only():
        shown = now_services.read_board().shown["response"]
        since = midnight(clock.now(), session=db.session())
        query = sa.select(Measurement).where(Measurement.kind == "first_response", Measurement.at >= since)
        seconds = sorted(row.seconds for row in db.session.scalars(query))
    assert len(seconds) == 7
    assert shown["n"] == len(seconds)
    assert shown["median_seconds"] == seconds[(len(seconds) + 1) // 2 - 1]
    assert shown["target_seconds"] in {row["basic"] for row in SECONDS.values()}


def test_the_board_knows_when_time_alone_will_change_it(house: Any, clock: Any) -> None:
    live(house, 15)
    for _ in range(25):
        with read_only():
            before = now_services.read_board()
        if before.next_at is None:
            break
        counted_now = {name: before.shown[name] for name in now_services.NUMBERS}
        clock.advance(seconds=max(0, (before.next_at - clock.now()).total_seconds() - 1))
        with read_only():
            shown = now_services.read_board().shown
            assert {name: shown[name] for name in counted_now} == counted_now, "not before"
        clock.advance(seconds=1.1)
        with read_only():
            shown = now_services.read_board().shown
            assert {name: shown[name] for name in counted_now} != counted_now, "but then"


# --- what it costs --------------------------------------------------------------------------------


def test_the_board_asks_ten_questions_at_most_however_much_there_is(house: Any) -> None:
    def asked() -> int:
        with read_only(), counted() as found:
            now_services.read_board()
        return found.count

    live(house, 3)
    few = asked()
    live(house, 25)
    assert asked() == few <= 10


def test_no_query_of_the_board_reads_more_than_what_is_in_hand(house: Any) -> None:
    live(house, 20)
    remember_a_year()
    with transaction():
        connection = db.session.connection()
        asked: list[tuple[str, Any]] = []

        def note(_conn: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
            asked.append((statement, values))

        sa.event.listen(connection, "before_cursor_execute", note)
        now_services.read_board()
        sa.event.remove(connection, "before_cursor_execute", note)
        about = [
            (sql, values) for sql, values in asked if "FROM tickets" in sql or "FROM measurements" in sql
        ]
        assert len(about) == 5
        plans = [plan_of(*one) for one in about]
    for (statement, _), plan in zip(about, plans, strict=True):
        for table in ("tickets", "measurements"):
            assert not scans(plan, table), f"{statement}\n{plan}"
    assert "ix_tickets_by_due" in "".join(plans[-2:])
    assert "ix_measurements_at" in "".join(plans)


def remember_a_year() -> None:
    """So many rows of former days that the planner has a reason to choose, and knows them.

    Of a handful, one index costs it as much as the other.
    """
    with transaction():
        ticket = db.session.scalars(sa.select(Ticket)).first()
        row = {"workspace_id": ticket.workspace_id, "ticket_id": ticket.id}
        row |= {"channel": ticket.channel, "priority": ticket.priority, "tier": ticket.customer.tier}
        rows = [
            row | {"kind": kind, "instance": 1000 + day, "at": ticket.created_at - timedelta(days=day)}
            for day in range(1, 366)
            for kind in ("first_response", "sla.first_response", "taken")
        ]
        db.session.execute(sa.insert(Measurement), rows, execution_options={"unscoped": True})
        remember_tickets()
        tell_planner("measurements")


# --- who sees what --------------------------------------------------------------------------------


def test_another_workspaces_tickets_and_people_are_on_no_board(make: Any, session: Any, clock: Any) -> None:
    ours, theirs = House(make, clock, 5), House(make, clock, 6)
    with use_workspace(theirs.workspace.id):
        live(theirs, 15)
    with use_workspace(ours.workspace.id), read_only():
        board = now_services.read_board().shown
        assert {board[name] for name in now_services.NUMBERS} == {0}
        assert (board["next"], board["late"]) == ([], [])
        mine = {
            str(one)
            for one in db.session.scalars(sa.select(User.id).where(User.workspace_id == ours.workspace.id))
        }
        assert {one["id"] for one in board["agents"]} <= mine


@pytest.fixture
def watched(make: Any, agent: Any, visitor: Any, monkeypatch: Any) -> Any:
    """A desk whose board is computed as often as it is asked for."""
    monkeypatch.setattr(boards, "SPACING_SECONDS", 0)
    monkeypatch.setattr(boards, "GAP_SECONDS", 0)

    class Scene:
        workspace = make.workspace()
        inbox = make.inbox()
        admin = agent(make.user(role="admin", name="Ada"))
        ana = make.user(role="agent", name="Ana")
        desk = agent(ana)
        maria = visitor(inbox)

        def push(self) -> None:
            with self.desk.app.app_context():
                boards.push_due()

    yield Scene()
    boards._watches.clear()


FOLD = """
import {readFileSync} from 'node:fs';
import {newState, reduce} from './static/js/now/now-state.js';
const {boot, whole, updates} = JSON.parse(readFileSync(0));
let state = reduce(newState(boot, 0), {type: 'whole', whole, at: 0});
for (const update of updates) state = reduce(state, {type: 'update', update, at: 1});
console.log(JSON.stringify({board: state.board, seq: state.seq, gap: state.gap}));
"""


def test_what_is_pushed_folds_to_what_a_fresh_board_says(watched: Any) -> None:
    socket = watched.desk.connect()
    whole = socket.must("now.watch")
    assert whole["board"]["open"] == 0
    ticket_id = watched.maria.write("Hello")["ticket"]["id"]
    watched.push()
    watched.desk.post(f"tickets/{ticket_id}/assign", {"agent_id": str(watched.ana.id)})
    watched.push()
    watched.desk.reply(ticket_id, "Hi")
    watched.push()
    updates = socket.heard("now.updated")
    assert [update["seq"] for update in updates] == [whole["seq"] + count for count in (1, 2, 3)]
    assert updates[0]["changed"]["open"] == 1
    assert "open" not in updates[1]["changed"], "only what is another"
    folded: Any = node.evaluate(FOLD, {"boot": whole, "whole": whole, "updates": updates})
    fresh = watched.desk.connect().must("now.watch")
    assert (folded["board"], folded["seq"], folded["gap"]) == (fresh["board"], fresh["seq"], False)


def test_nothing_is_computed_while_nobody_watches(watched: Any) -> None:
    socket = watched.desk.connect()
    socket.must("now.watch")
    socket.must("now.leave")
    with counted() as asked:
        watched.push()
    assert asked.count == 0
    watched.maria.write("Hello")
    watched.push()
    assert socket.heard("now.updated") == []


def test_a_board_shows_what_another_program_wrote_without_a_word(watched: Any) -> None:
    socket = watched.desk.connect()
    socket.must("now.watch")
    watched.maria.write("Hello")
    boards._watches[watched.workspace.id, boards.NOW].is_stale = False  # as if it had been another process
    watched.push()
    assert socket.heard("now.updated")[0]["changed"]["open"] == 1


def test_time_alone_moves_a_watched_board(watched: Any, clock: Any) -> None:
    watched.maria.write("Hello")
    socket = watched.desk.connect()
    assert socket.must("now.watch")["board"]["risk_60"] == 0
    with watched.desk.app.app_context():
        clock.advance(hours=23.5)
    watched.push()
    assert socket.heard("now.updated")[-1]["changed"]["risk_30"] == 1


def test_watchers_hear_that_we_are_there(watched: Any, monkeypatch: Any) -> None:
    socket = watched.desk.connect()
    seq = socket.must("now.watch")["seq"]
    watched.push()
    assert socket.heard("now.updated") == []
    monkeypatch.setattr(boards, "LIFE_SECONDS", 0)
    watched.push()
    said = socket.heard("now.updated")
    assert [(one["seq"], one["changed"]) for one in said] == [(seq, {})]


# --- Health, by the same means --------------------------------------------------------------------


def fail(watched: Any, count: int = 1) -> None:
    """Jobs that failed for good, written by another program as far as anybody here is told."""
    with watched.desk.app.app_context(), use_workspace(watched.workspace), transaction() as session:
        session.add_all(
            Job(workspace_id=watched.workspace.id, type="tag.merge", status="failed", run_at=clocks.now())
            for _ in range(count)
        )


def test_health_is_pushed_where_it_is_another_and_only_while_somebody_watches(
    watched: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(boards, "HEALTH_SECONDS", 0)
    socket = watched.desk.connect()
    whole = socket.must("health.watch")
    assert (whole["board"]["failed"], whole["board"]["waiting"]) == (0, 0)
    fail(watched, 2)
    watched.push()
    watched.push()
    said = socket.heard("health.updated")
    assert [(one["seq"], one["changed"].get("failed")) for one in said] == [(whole["seq"] + 1, 2)]
    assert socket.heard("now.updated") == []
    socket.must("health.leave")
    fail(watched)
    with counted() as asked:
        watched.push()
    assert (asked.count, socket.heard("health.updated")) == (0, [])


def test_health_tells_whoever_may_manage_it_of_the_installation(watched: Any, make: Any, agent: Any) -> None:
    with watched.desk.app.app_context(), transaction() as session:
        session.add(Schedule(name="sweep", next_at=clocks.now() - timedelta(hours=1)))
    viewer = agent(make.user(role="viewer"))
    assert "late" not in viewer.connect().must("health.watch")["board"]
    assert "sweep" in watched.admin.connect().must("health.watch")["board"]["late"]


def test_a_watched_health_is_looked_at_now_and_then_and_says_that_it_is_there(monkeypatch: Any) -> None:
    at = [0.0]
    monkeypatch.setattr(boards.time, "monotonic", lambda: at[0])
    watch = boards.Watch(uuid.uuid4(), boards.HEALTH)
    watch.is_stale = False
    watch.spend()
    due = []
    for tenths in range(100):
        at[0] = tenths / 10
        if watch.is_due:
            due.append(at[0])
            watch.spend()
    assert due == [3.0, 6.0, 9.0]


# --- links for screens ----------------------------------------------------------------------------


def make_link(watched: Any, **fields: str) -> str:
    """A link, by its page; its token."""
    page = watched.admin.http.post(
        "/settings/wallboards", data={"name": "Window", "csrf_token": watched.admin.csrf, **fields}
    )
    assert page.status_code == 200, page.text
    return str(page.text.split("/tv/")[1].split("<")[0])


def screen(watched: Any, token: str) -> Any:
    from tests.support.browsers import Socket

    return Socket(watched.admin.app, "/tv", auth={"token": token})


def test_a_link_opens_the_board_without_names_or_words_and_is_shown_once(watched: Any) -> None:
    from webapp.models import WallboardLink

    watched.maria.write("My secret words")
    token = make_link(watched)
    assert token not in watched.admin.http.get("/settings/wallboards").text
    with watched.admin.app.app_context():
        assert token not in str(db.session.scalar(sa.select(WallboardLink.token_hash)))
    page = watched.admin.app.test_client().get(f"/tv/{token}")
    assert page.status_code == 200
    assert page.headers["Referrer-Policy"] == "no-referrer"
    for word in ("secret", "maria", "Maria"):
        assert word not in page.text
    shown = screen(watched, token).must("now.watch")
    assert shown["board"]["open"] == 1
    assert [row["title"] for row in shown["board"]["next"]] == [None]
    titled = screen(watched, make_link(watched, shows_titles="1")).must("now.watch")
    assert [row["title"] for row in titled["board"]["next"]] == ["My secret words"]


def test_a_screen_hears_changes_without_titles_and_may_say_nothing_else(watched: Any) -> None:
    socket = screen(watched, make_link(watched))
    socket.must("now.watch")
    watched.maria.write("My secret words")
    watched.push()
    heard = socket.heard()
    assert [name for name, _ in heard] == ["now.updated"]
    assert "secret" not in str(heard)
    for command in ("ticket.open", "comment.create", "availability.set", "chat.resume"):
        assert socket.say(command, {})["error"]["code"] == "unknown_command"


def test_an_ended_link_closes_its_screens_and_opens_nothing(watched: Any) -> None:
    token = make_link(watched)
    socket = screen(watched, token)
    socket.must("now.watch")
    from webapp.models import WallboardLink

    with watched.admin.app.app_context():
        link_id = db.session.scalar(sa.select(WallboardLink.id))
    answer = watched.admin.http.post(
        f"/settings/wallboards/{link_id}/revoke", data={"csrf_token": watched.admin.csrf}
    )
    assert answer.status_code == 302
    assert not socket.is_connected
    assert watched.admin.app.test_client().get(f"/tv/{token}").status_code == 404
    assert not screen(watched, token).is_connected
    again = watched.admin.http.post(
        f"/settings/wallboards/{link_id}/revoke", data={"csrf_token": watched.admin.csrf}
    )
    assert again.status_code == 404


def test_a_link_without_a_name_comes_back_with_what_is_wrong(watched: Any) -> None:
    page = watched.admin.http.post(
        "/settings/wallboards", data={"name": " ", "csrf_token": watched.admin.csrf}
    )
    assert page.status_code == 422
    assert "Say which screen it is for" in page.text


def test_the_page_behind_a_number_lists_its_tickets(watched: Any) -> None:
    watched.maria.write("Hello there")
    page = watched.desk.http.get("/admin/live/tickets?of=unassigned").text
    assert "Tickets nobody has taken: 1" in page
    assert "Hello there" in page
    assert "None at the moment" in watched.desk.http.get("/admin/live/tickets?of=breached").text
    assert watched.desk.http.get("/admin/live/tickets?of=nonsense").status_code == 404


def test_a_board_is_computed_a_few_times_in_a_row_and_then_once_a_second(monkeypatch: Any) -> None:
    at = [1000.0]
    monkeypatch.setattr(boards.time, "monotonic", lambda: at[0])
    watch = boards.Watch(uuid.uuid4())
    computed = []
    for _ in range(100):
        at[0] += 0.1
        watch.is_stale = True
        if watch.is_due:
            watch.spend()
            computed.append(round(at[0] - 1000, 1))
    assert len([moment for moment in computed if moment < 1]) == boards.BURST
    assert 9 + boards.BURST - 1 <= len(computed) <= 10 + boards.BURST
