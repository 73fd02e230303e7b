"""Bringing data along: what comes in, what it does to the desk, and that it may be done again."""

import dataclasses
import io
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from webapp.auth import acting_as
from webapp.database import read_only, transaction
from webapp.errors import Conflict, Invalid, NotFound, TooLarge
from webapp.models import (
    Comment,
    Customer,
    Event,
    Import,
    ImportedRow,
    Job,
    Measurement,
    Notification,
    Organization,
    SearchDocument,
    SlaClock,
    Ticket,
    Timer,
)
from webapp.services import importing, report
from webapp.services import ticket as tickets
from webapp.tasks.importing import forget_import_files
from webapp.tasks.worker import report_progress, run_due
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

HEAD = (
    "id,subject,description,status,priority,tags,requester_email,requester_name,assignee,"
    "created_at,resolved_at"
)
FIRST = "1,Printer,It smokes,solved,urgent,hardware;office,ann@example.com,Ann,ana@desk.example"
ROWS = (
    f"{FIRST},2024-03-01 09:00,2024-03-01 12:00",
    '2,Where is my order?,"Number 77, please",open,normal,,bo@example.com,Bo,,2024-03-02T10:00:00Z,',
    "3,Slow login,,pending,low,,ann@example.com,Ann,Somebody Else,2024-03-03 10:00:00,",
)
TICKETS = "\n".join((HEAD, *ROWS))


class Desk:
    """Sends files to one workspace, as its admin."""

    def __init__(self, make: Any, session: Any) -> None:
        self.workspace = make.workspace()
        self.admin = make.user(role="admin", name="Nora")
        self.ana = make.user(role="agent", name="Ana", email="ana@desk.example")
        self.make, self.session = make, session

    def send(
        self, data: str | bytes, subject: str = "ticket", name: str = "file.csv", **more: Any
    ) -> uuid.UUID:
        raw = data.encode() if isinstance(data, str) else data
        with transaction():
            return importing.create_import(io.BytesIO(raw), name, subject, **more).id

    def work(self, import_id: uuid.UUID, type_: str) -> Import:
        with transaction():
            importing.request_work(import_id, type_)
        run_due()
        return self.get(import_id)

    def check(self, data: str | bytes, subject: str = "ticket", **more: Any) -> Import:
        return self.work(self.send(data, subject, **more), importing.CHECK)

    def bring(self, data: str | bytes, subject: str = "ticket", **more: Any) -> Import:
        checked = self.check(data, subject, **more)
        assert checked.phase == "checked", self.problems(checked)
        return self.work(checked.id, importing.RUN)

    def get(self, import_id: uuid.UUID) -> Import:
        with read_only():
            return importing.find_import(import_id)

    def problems(self, found: Import) -> list[tuple[int, str, str]]:
        with read_only():
            rows = importing.list_problems(found.id, limit=100)
            return [(row.row, row.field, row.message) for row in rows]

    def all(self, model: Any, *where: Any) -> list[Any]:
        self.session.expire_all()
        return list(self.session.scalars(sa.select(model).where(*where).order_by(model.id)))

    def ticket(self, title: str) -> Ticket:
        (found,) = self.all(Ticket, Ticket.title == title)
        return found


@pytest.fixture
def desk(make: Any, session: Any) -> Iterator[Desk]:
    made = Desk(make, session)
    with use_workspace(made.workspace.id), acting_as(make.actor(made.admin)):
        yield made


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def test_tickets_come_in_with_their_own_times(desk: Desk) -> None:
    done = desk.bring(TICKETS)
    assert (done.phase, done.position, done.problems) == ("completed", 3, 0)
    assert done.counts == {"ticket": {"created": 3}}
    first = desk.ticket("Printer")
    assert (first.number, first.status, first.priority) == (1, "resolved", "critical")
    assert (first.created_at, first.resolved_at) == (at(2024, 3, 1, 9), at(2024, 3, 1, 12))
    assert first.tags == ["hardware", "office"]
    assert first.assigned_agent_id == desk.ana.id
    assert first.customer.email == "ann@example.com"
    assert first.customer.created_at == at(2024, 3, 1, 9)
    assert [comment.content for comment in first.comments] == ["It smokes"]
    assert first.metadata_ == {"imported": {"source": "file", "id": "1"}}
    third = desk.ticket("Slow login")
    assert (third.status, third.pending_on, third.assigned_agent_id) == ("pending", "customer", None)


def test_nobody_is_told_and_nothing_is_promised(desk: Desk, mailbox: Any) -> None:
    desk.bring(TICKETS)
    assert mailbox.collect() == []
    assert {job.type for job in desk.all(Job)} <= {"import.check", "import.run"}
    assert desk.all(SlaClock) == []
    assert desk.all(Timer) == []
    assert [row for row in desk.all(Notification) if row.user_id == desk.ana.id] == []


def test_a_ticket_from_elsewhere_is_never_promised_anything(desk: Desk, clock: Any) -> None:
    desk.bring(TICKETS)
    ticket = desk.ticket("Where is my order?")
    with transaction():
        tickets.add_comment(ticket.id, "We are looking")
        tickets.assign_ticket(ticket.id, desk.ana.id)
    clock.advance(days=30)
    run_due()
    assert desk.all(SlaClock) == []
    assert desk.ticket("Where is my order?").escalated is False


def test_reports_and_search_have_them(desk: Desk) -> None:
    desk.bring(TICKETS)
    with transaction() as session:
        while not report.catch_up(session=session):
            pass
    first = desk.ticket("Printer")
    mine = sa.select(Measurement).where(Measurement.ticket_id == first.id)
    kinds = {row.kind: row for row in desk.session.scalars(mine)}
    assert kinds["created"].at == at(2024, 3, 1, 9)
    assert kinds["resolved"].at == at(2024, 3, 1, 12)
    assert kinds["total"].seconds == 3 * 3600
    assert not any(kind.startswith("sla.") for kind in kinds)
    words = {row.title + row.body for row in desk.all(SearchDocument)}
    assert {"printer", "it smokes"} <= words


# --- Zendesk --------------------------------------------------------------------------------------

USERS = [
    {"id": 11, "name": "Ann", "email": "Ann@Example.com", "role": "end-user", "organization_id": 5},
    {"id": 12, "name": "Ana", "email": "ana@desk.example", "role": "agent"},
    {"id": 13, "name": "Gone Greta", "email": "greta@old.example", "role": "admin"},
]
ORGANIZATION = {"id": 5, "name": "Acme", "domain_names": ["acme.example"], "details": "Good people"}
COMMENTS = [
    {
        "id": 101,
        "author_id": 11,
        "body": "My lamp is dark",
        "public": True,
        "created_at": "2024-01-01T08:00:00Z",
    },
    {"id": 102, "author_id": 13, "body": "Which one?", "public": True, "created_at": "2024-01-01T08:30:00Z"},
    {"id": 103, "author_id": 12, "body": "She is new", "public": False, "created_at": "2024-01-01T08:40:00Z"},
    {"id": 104, "author_id": 11, "body": "The red one", "public": True, "created_at": "2024-01-01T09:00:00Z"},
]
TICKET = {
    "id": 1,
    "subject": "Dark lamp",
    "description": "My lamp is dark",
    "status": "hold",
    "priority": "urgent",
    "type": "incident",
    "tags": ["lamps", "Red"],
    "requester_id": 11,
    "assignee_id": 12,
    "via": {"channel": "email"},
    "created_at": "2024-01-01T08:00:00Z",
    "updated_at": "2024-01-02T08:00:00Z",
    "comments": COMMENTS,
}


def lines(*rows: Any) -> str:
    return "\n".join(map(json.dumps, rows))


def zendesk(desk: Desk, *rows: Any) -> Import:
    return desk.bring(lines(*rows), "zendesk")


def test_a_zendesk_export_comes_in_whole(desk: Desk) -> None:
    done = zendesk(desk, ORGANIZATION, *USERS, TICKET)
    assert done.counts == {
        "organization": {"created": 1},
        "customer": {"created": 1},
        "agent": {"created": 2},
        "ticket": {"created": 1},
    }
    (organization,) = desk.all(Organization)
    assert (organization.name, organization.domains, organization.notes) == (
        "Acme",
        ["acme.example"],
        "Good people",
    )
    ticket = desk.ticket("Dark lamp")
    assert (ticket.status, ticket.pending_on, ticket.priority, ticket.category, ticket.channel) == (
        "pending",
        "third_party",
        "critical",
        "incident",
        "email",
    )
    assert ticket.tags == ["lamps", "Red"]
    assert (ticket.customer.email, ticket.customer.organization_id) == ("ann@example.com", organization.id)
    assert ticket.assigned_agent_id == desk.ana.id
    said = [(one.author_kind, one.author_name, one.kind, one.content) for one in ticket.comments]
    assert said == [
        ("customer", "Ann", "reply", "My lamp is dark"),
        ("user", "Gone Greta", "reply", "Which one?"),
        ("user", "Ana", "note", "She is new"),
        ("customer", "Ann", "reply", "The red one"),
    ]
    assert ticket.waiting_since == at(2024, 1, 1, 9)
    assert (ticket.answered_at, ticket.comment_count) == (at(2024, 1, 1, 8, 30), 4)
    assert [event.name for event in desk.all(Event, Event.ticket_id == ticket.id)] == [
        "ticket.created",
        "ticket.tagged",
        "comment.created",
        "ticket.assigned",
        "comment.created",
        "comment.created",
        "comment.created",
        "ticket.status_changed",
    ]


def test_pages_of_the_api_come_in_file_by_file(desk: Desk) -> None:
    plain = {name: value for name, value in TICKET.items() if name != "comments"}
    desk.bring(
        json.dumps({"users": USERS[:1], "count": 1}).replace(
            '"organization_id": 5', '"organization_id": null'
        ),
        "zendesk",
    )
    desk.bring(json.dumps({"tickets": [plain], "next_page": None}), "zendesk")
    done = desk.bring(json.dumps({"comments": [{**one, "ticket_id": 1} for one in COMMENTS]}), "zendesk")
    assert done.counts == {"comment": {"same": 1, "created": 3}}
    assert [one.content for one in desk.ticket("Dark lamp").comments] == [one["body"] for one in COMMENTS]


# --- again ----------------------------------------------------------------------------------------


def totals(desk: Desk) -> dict[str, int]:
    return {
        model.__name__: len(desk.all(model))
        for model in (Customer, Ticket, Comment, ImportedRow, Organization)
    }


def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    zendesk(desk, ORGANIZATION, *USERS, TICKET)
    before, events = totals(desk), len(desk.all(Event, Event.ticket_id.is_not(None)))
    done = zendesk(desk, ORGANIZATION, *USERS, TICKET)
    assert {what for of in done.counts.values() for what in of} == {"same"}
    assert totals(desk) == before
    assert len(desk.all(Event, Event.ticket_id.is_not(None))) == events


def test_a_newer_file_changes_what_has_changed(desk: Desk) -> None:
    zendesk(desk, ORGANIZATION, *USERS, TICKET)
    more = {"id": 105, "author_id": 12, "body": "Sent", "public": True, "created_at": "2024-01-03T08:00:00Z"}
    newer = {
        **TICKET,
        "subject": "Dark red lamp",
        "status": "solved",
        "priority": "low",
        "tags": ["lamps", "sent"],
        "updated_at": "2024-01-03T09:00:00Z",
        "comments": [*COMMENTS, more],
    }
    ann = {**USERS[0], "name": "Ann Archer", "email": "archer@example.com"}
    acme = {**ORGANIZATION, "name": "Acme Ltd", "domain_names": ["acme.example", "acme.test"]}
    done = zendesk(desk, acme, ann, *USERS[1:], newer)
    assert done.counts == {
        "organization": {"updated": 1},
        "customer": {"updated": 1},
        "agent": {"same": 2},
        "ticket": {"updated": 1},
    }
    ticket = desk.ticket("Dark red lamp")
    assert (ticket.status, ticket.priority, ticket.tags) == ("resolved", "low", ["lamps", "sent"])
    assert (ticket.resolved_at, ticket.waiting_since) == (at(2024, 1, 3, 9), None)
    assert [one.content for one in ticket.comments][3:] == ["The red one", "Sent"]
    assert (ticket.customer.name, ticket.customer.email) == ("Ann Archer", "archer@example.com")
    assert desk.all(Organization)[0].name == "Acme Ltd"


def test_what_somebody_here_has_worked_on_is_left_as_it_is(desk: Desk) -> None:
    zendesk(desk, ORGANIZATION, *USERS, TICKET)
    with transaction():
        tickets.add_comment(desk.ticket("Dark lamp").id, "We have it", kind="note")
    done = zendesk(desk, ORGANIZATION, *USERS, {**TICKET, "subject": "Another title"})
    assert done.counts["ticket"] == {"left": 1}
    assert desk.ticket("Dark lamp").comment_count == 5


def test_whoever_was_here_before_keeps_what_is_known_of_them(desk: Desk) -> None:
    ann = desk.make.customer(email="ann@example.com", name="Ann of ours")
    desk.bring("id,email,name,company,tier\n11,ann@example.com,Ann,Acme,premium\n", "customer")
    (found,) = desk.all(Customer)
    assert (found.id, found.name, found.company, found.tier) == (ann.id, "Ann of ours", "Acme", "premium")
    desk.bring("id,email,name,company\n11,ann@example.com,Ann Changed,Other\n", "customer")
    assert (desk.all(Customer)[0].name, desk.all(Customer)[0].company) == ("Ann of ours", "Acme")


def test_an_export_of_ours_comes_in_again_elsewhere(desk: Desk) -> None:
    rows = (
        "number,id,title,status,priority,channel,category,tags,customer_name,customer_email,company,"
        "organization,agent,created_at,resolved_at\n"
        '7,0190-a,"\'=1+1",in_progress,high,chat,Billing,"a, b",Ann,ann@example.com,Acme,Acme,Ana,'
        "2024-01-01T08:00:00.000Z,\n"
    )
    desk.bring("name\nAcme\n", "organization")
    done = desk.bring(rows)
    ticket = desk.ticket("=1+1")
    assert (done.problems, ticket.status, ticket.channel) == (0, "in_progress", "api")
    assert (ticket.tags, ticket.assigned_agent_id) == (["a", "b"], desk.ana.id)


def test_comments_of_a_table_find_their_ticket_and_author(desk: Desk) -> None:
    desk.bring(TICKETS)
    rows = (
        "ticket_id,body,author_email,author_name,public,created_at\n"
        "1,Any news?,ann@example.com,Ann,yes,2024-03-01 10:00\n"
        "1,Soon,ana@desk.example,,yes,2024-03-01 10:05\n"
        "1,Somebody wrote,,Old Colleague,no,2024-03-01 10:06\n"
        "99,Lost,,,,\n"
    )
    done = desk.bring(rows, "comment")
    assert done.counts == {"comment": {"created": 3, "failed": 1}}
    said = [(one.author_kind, one.author_name, one.kind) for one in desk.ticket("Printer").comments]
    assert said[1:] == [
        ("customer", "Ann", "reply"),
        ("user", "Ana", "reply"),
        ("user", "Old Colleague", "note"),
    ]
    assert desk.bring(rows, "comment").counts == {"comment": {"same": 3, "failed": 1}}


# --- trying, stopping, dying, taking back ---------------------------------------------------------


def test_a_dry_run_takes_nothing_in_and_says_what_would_happen(desk: Desk) -> None:
    rows = f"{TICKETS}\n4,,,,,,,,,,\n5,No one,,,,,,,,,\n1,Again,,,,,ann@example.com,,,,\n"
    tried = desk.check(rows)
    assert (tried.phase, tried.total) == ("checked", 6)
    assert tried.counts == {"ticket": {"created": 3, "updated": 1, "failed": 2}}
    assert [(row, field) for row, field, _ in desk.problems(tried)] == [(4, "title"), (5, "customer_email")]
    assert desk.all(Ticket) == desk.all(Customer) == desk.all(ImportedRow) == []


def test_a_dry_run_knows_what_comes_earlier_in_the_file(desk: Desk) -> None:
    early = desk.check(lines(TICKET, *USERS, ORGANIZATION), "zendesk")
    assert early.counts["ticket"] == {"failed": 1}
    assert early.counts["customer"] == {"failed": 1}
    late = desk.check(lines(ORGANIZATION, *USERS, TICKET, {**COMMENTS[0], "ticket_id": 1}), "zendesk")
    assert late.problems == 0
    assert desk.check(lines({**COMMENTS[0], "ticket_id": 1}), "zendesk").problems == 1


def test_a_file_that_breaks_off_is_not_taken_in(desk: Desk) -> None:
    with pytest.raises(Invalid):
        desk.send(lines(*USERS)[:-20], "zendesk")
    people = [{"id": n, "email": f"p{n}@example.com", "role": "end-user"} for n in range(1100)]
    tried = desk.check(lines(*people)[:-20], "zendesk")
    assert tried.phase == "uploaded"
    assert desk.problems(tried) == [(1100, "", "This is no JSON, or the end of the file is missing")]
    with transaction(), pytest.raises(Conflict):
        importing.request_work(tried.id, importing.RUN)


def many(count: int) -> str:
    rows = (
        f"{n},Ticket {n},Text {n},open,,,c{n % 7}@example.com,,,2024-01-01,\n" for n in range(1, count + 1)
    )
    return f"{HEAD}\n{''.join(rows)}"


class Killed(BaseException):
    """As a process that ends there and then."""


def test_r01_an_import_whose_worker_is_killed_goes_on_and_has_each_row_once(
    desk: Desk, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = desk.check(many(100))
    with transaction():
        importing.request_work(tried.id, importing.RUN)
    deaths = iter(range(3))

    def die(*_: Any) -> None:
        if next(deaths, None) is not None:
            raise Killed

    monkeypatch.setattr("webapp.tasks.importing.report_progress", die)
    for _ in range(3):
        with pytest.raises(Killed):
            run_due()
        clock.advance(minutes=5)
    assert desk.get(tried.id).position == 75
    run_due()
    done = desk.get(tried.id)
    assert (done.phase, done.counts) == ("completed", {"ticket": {"created": 100}})
    assert sorted(one.number for one in desk.all(Ticket)) == list(range(1, 101))
    seqs = [event.workspace_seq for event in desk.all(Event)]
    assert sorted(seqs) == list(range(1, len(seqs) + 1))


def test_what_comes_next_need_not_wait_until_the_work_before_is_recorded_as_ended(
    desk: Desk, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise Killed

    sent = desk.send(many(30))
    monkeypatch.setattr("webapp.tasks.worker._end", die)
    with pytest.raises(Killed):
        desk.work(sent, importing.CHECK)
    monkeypatch.undo()
    assert desk.get(sent).phase == "checked"
    assert desk.work(sent, importing.RUN).phase == "completed"
    clock.advance(minutes=5)
    run_due()  # the check whose end nobody heard of comes back, and is told that it is late
    done = desk.get(sent)
    assert (done.phase, done.counts) == ("completed", {"ticket": {"created": 30}})
    assert {job.status for job in desk.all(Job)} == {"completed"}


def test_a_csv_file_is_not_taken_for_a_zendesk_export_whose_rows_say_what_they_are(desk: Desk) -> None:
    with pytest.raises(Invalid, match="check the marked") as raised:
        desk.send(TICKETS, "zendesk")
    assert (raised.value.detail[0]["loc"], "this is CSV" in raised.value.detail[0]["msg"]) == (
        ["body", "subject"],
        True,
    )
    assert desk.all(Import) == []


def test_an_import_can_be_stopped_and_go_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = desk.check(many(60))
    real = report_progress

    def stop_it(*given: Any) -> None:
        with transaction():
            importing.stop(tried.id)
        real(*given)

    with transaction():
        importing.request_work(tried.id, importing.RUN)
    monkeypatch.setattr("webapp.tasks.importing.report_progress", stop_it)
    run_due()
    monkeypatch.undo()
    stopped = desk.get(tried.id)
    assert (stopped.phase, stopped.position) == ("running", 25)
    with transaction(), pytest.raises(Conflict):
        importing.stop(tried.id)
    assert desk.work(tried.id, importing.RUN).phase == "completed"
    assert len(desk.all(Ticket)) == 60


def test_two_imports_of_a_workspace_wait_for_each_other(desk: Desk) -> None:
    one, other = desk.send(TICKETS), desk.send(TICKETS)
    with transaction():
        importing.request_work(one, importing.CHECK)
        with pytest.raises(Conflict, match="Another import"):
            importing.request_work(other, importing.CHECK)


def test_taking_back_leaves_what_somebody_has_worked_on(desk: Desk) -> None:
    done = desk.bring(TICKETS)
    with transaction():
        tickets.add_comment(desk.ticket("Slow login").id, "Mine", kind="note")
    back = desk.work(done.id, importing.UNDO)
    assert back.phase == "undone"
    gone = {one.title for one in desk.all(Ticket) if one.deleted_at}
    assert gone == {"Printer", "Where is my order?"}
    again = desk.bring(TICKETS)
    assert again.counts == {"ticket": {"created": 2, "same": 1}}
    with transaction() as session:
        while not report.catch_up(session=session):
            pass


# --- what is refused ------------------------------------------------------------------------------

REFUSED = {
    "an empty file": (b"", {"subject": "ticket"}, "file"),
    "an archive": (b"PK\x03\x04", {"subject": "ticket"}, "file"),
    "only a heading": (b"id,title\n", {"subject": "ticket"}, "file"),
    "another kind": (b"id\n1", {"subject": "macro"}, "subject"),
    "a long source": (b"id\n1", {"subject": "ticket", "source": "x" * 61}, "source"),
}


@pytest.mark.parametrize("data, given, field", REFUSED.values(), ids=REFUSED)
def test_a_file_that_will_not_do_is_refused(desk: Desk, data: bytes, given: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        desk.send(data, **given)
    assert refused.value.detail[0]["loc"][-1] == field
    assert desk.all(Import) == []


def test_a_file_that_is_too_large_leaves_nothing(desk: Desk, app: Any) -> None:
    known = app.config["PARLEY"]
    app.config["PARLEY"] = dataclasses.replace(known, import_bytes=100)
    folder = known.instance_path / "imports"
    before = set(folder.glob("*")) if folder.exists() else set()
    try:
        with pytest.raises(TooLarge):
            desk.send(b"id,title\n" + b"1,a\n" * 100)
    finally:
        app.config["PARLEY"] = known
    assert set(folder.glob("*")) == before


def test_columns_can_be_chosen_until_rows_come_in(desk: Desk) -> None:
    chosen = desk.send("nr,what,who\n1,Broken,ann@example.com\n")
    assert desk.get(chosen).mapping == {"ticket": {}}
    mapping = {"id": "nr", "title": "what", "customer_email": "who", "status": ""}
    for wrong, field in (
        ({"ticket": {**mapping, "title": "nothing"}}, "ticket.title"),
        ({"ticket": {"id": "nr"}}, "ticket.title"),
        ({"ticket": {**mapping, "colour": "what"}}, "mapping"),
        ({"comment": {}}, "mapping"),
    ):
        with transaction(), pytest.raises(Invalid) as refused:
            importing.set_mapping(chosen, wrong)
        assert refused.value.detail[0]["loc"][-1] == field
    with transaction():
        importing.set_mapping(chosen, {"ticket": mapping})
    desk.work(chosen, importing.CHECK)
    assert desk.work(chosen, importing.RUN).counts == {"ticket": {"created": 1}}
    with transaction(), pytest.raises(Conflict):
        importing.set_mapping(chosen, {"ticket": mapping})


def test_files_are_forgotten_after_a_month(desk: Desk, clock: Any) -> None:
    sent = desk.send(TICKETS)
    forget_import_files()
    assert importing.import_path(sent).exists()
    clock.advance(days=31)
    forget_import_files()
    assert not importing.import_path(sent).exists()
    with read_only(), pytest.raises(NotFound):
        importing.preview(importing.find_import(sent))


def test_the_rows_of_another_workspace_are_not_known_here(desk: Desk, make: Any) -> None:
    desk.bring(TICKETS)
    other = make.workspace("Elsewhere")
    admin = make.user(role="admin", workspace=other)
    with use_workspace(other.id), acting_as(make.actor(admin)):
        done = desk.bring(TICKETS)
        assert done.counts == {"ticket": {"created": 3}}


def test_customers_bring_their_organizations_by_name(desk: Desk, make: Any) -> None:
    make.organization(name="Acme")
    people = ("ann@example.com,Ann,Acme", "bo@example.com,Bo,New Ltd", "cy@example.com,Cy,new ltd")
    rows = "\n".join(("email,name,organization", *people))
    assert desk.bring(rows, "customer").counts == {"customer": {"created": 3}}
    assert [one.name for one in desk.all(Organization)] == ["Acme", "New Ltd"]
    assert all(one.organization_id for one in desk.all(Customer))
    desk.bring("name,domains,tier\nAcme,acme.example,premium\n", "organization")
    assert desk.all(Organization)[0].domains == ["acme.example"]


def test_an_organizations_rows_that_its_own_rules_refuse_stay_out(desk: Desk) -> None:
    rows = "name,domains\nGmail people,gmail.com\nAcme,acme.example\nOther,acme.example\n"
    done = desk.bring(rows, "organization")
    assert done.counts == {"organization": {"failed": 2, "created": 1}}
    assert [(row, field) for row, field, _ in desk.problems(done)] == [(1, "domains"), (3, "domains")]
    assert [one.name for one in desk.all(Organization)] == ["Acme"]


def test_an_unknown_organization_keeps_its_customer_out(desk: Desk) -> None:
    done = desk.bring("id,email,organization_id\n1,ann@example.com,99\n2,bo@example.com,\n", "customer")
    assert done.counts == {"customer": {"failed": 1, "created": 1}}
