"""The audit log: what is in it, that it is only added to, and that whatever was done to it is found."""

import csv
import hashlib
import io
import itertools
import json
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.pages import submit
from tests.support.parallel import House, together
from webapp import migration
from webapp.auth import acting_as
from webapp.database import transaction
from webapp.events import ACCESSES, CATALOGUE
from webapp.extensions import db
from webapp.models import AuditEntry, AuditHead
from webapp.schemas.change import SECRET
from webapp.services import audit
from webapp.services import tag as tags
from webapp.tasks import worker
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def house(database: Any, tmp_path: Path) -> Iterator[House]:
    """A workspace on a database of its own."""
    made = House(database.settings(database.fresh()), tmp_path)
    yield made
    made.close()


def entries(name: str = "%") -> list[AuditEntry]:
    """The workspace's entries of that name, oldest first."""
    return list(db.session.scalars(sa.select(AuditEntry).where(AuditEntry.name.like(name)).order_by("seq")))


@pytest.fixture
def inside(house: House) -> Iterator[Any]:
    """In the house, as its admin, who has made five tags."""
    boss = house.make.user(role="admin", name="Nora")
    with house.acting(boss):
        for number in range(5):
            with transaction():
                tags.create_tag(f"Tag {number}")
        yield boss


NOT_KEPT = {
    *("customer.created", "customer.updated", "customer.identified"),
    *("user.came_online", "user.went_offline", "mail.received"),
}
"""Facts that are about no ticket and yet no administrative act: what customers and their agents do."""


class TestWhatIsKept:
    def test_every_fact_that_is_about_no_ticket_but_those_decided_otherwise(self):
        kept = {fact.name for fact in CATALOGUE.values() if fact.is_audited}
        assert {fact.name for fact in CATALOGUE.values() if not fact.on_ticket} - kept == NOT_KEPT
        assert {name for name in kept if CATALOGUE[name].on_ticket} == {"ticket.deleted", "ticket.restored"}
        assert not kept & ACCESSES.keys()

    def test_work_on_tickets_and_being_away_is_not_kept(self, app, make, sign_in, agent):
        make.workspace()
        ana = agent(make.user(name="Ana"))
        ana.post("tickets", {"title": "Jacket", "customer": {"email": "maria@example.com"}})
        assert ana.send("PATCH", "me", {"availability": "away"}).status_code == 200
        with app.app_context(), use_workspace(ana.user.workspace_id):
            assert entries() == []

    def test_secrets_and_what_customers_are_called_are_not_in_it(self, app, make, sign_in):
        make.workspace()
        boss, inbox = make.user(role="admin"), make.inbox()
        one, other = make.customer(name="Maria Secret"), make.customer(name="Mary Secret")
        browser = sign_in(boss)
        submit(browser, f"/settings/inboxes/{inbox.id}/secret")
        submit(browser, f"/customers/{one.id}/merge", {"other": str(other.id), "take.name": "other"})
        with app.app_context(), use_workspace(boss.workspace_id):
            [rotated], [merged] = entries("inbox.updated"), entries("customer.merged")
            assert SECRET in rotated.changes
            assert "Secret" not in merged.changes + merged.subject
            assert str(other.id) in merged.changes

    def test_an_act_is_kept_with_who_whence_and_what_changed(self, app, make, sign_in):
        make.workspace()
        boss = make.user(role="admin", name="Nora")
        browser = sign_in(boss)
        submit(browser, "/settings/tags", {"name": "Billing", "colour": "blue"})

        with app.app_context(), use_workspace(boss.workspace_id):
            [entry] = entries("tag.created")
        assert (entry.actor_name, entry.actor_id, entry.door) == ("Nora", boss.id, "page")
        assert entry.address == "127.0.0.1"
        assert entry.subject == "Billing"
        assert json.loads(entry.changes) == {"colour": [None, "blue"], "name": [None, "Billing"]}

    def test_what_is_rolled_back_leaves_nothing(self, inside):
        before = [entry.hash for entry in entries()]
        with pytest.raises(RuntimeError), transaction():
            tags.create_tag("Never")
            raise RuntimeError
        assert [entry.hash for entry in entries()] == before
        with transaction():
            tags.create_tag("After all")
        assert audit.verify().is_whole

    def test_fifty_acts_at_once_make_one_unbroken_chain(self, house, inside):
        def act(number: int) -> None:
            with house.acting(inside), transaction():
                tags.create_tag(f"At once {number}")

        together([partial(act, number) for number in range(50)])

        kept = entries("tag.created")
        assert len(kept) == 55
        assert [entry.seq for entry in entries()] == list(range(1, len(entries()) + 1))
        assert audit.verify().is_whole

    def test_each_workspace_has_a_chain_of_its_own(self, app, make):
        ours, theirs = make.workspace("One"), make.workspace("Two")
        for workspace in (ours, theirs, ours):
            with app.app_context(), use_workspace(workspace.id), transaction():
                tags.create_tag(f"Tag {uuid.uuid4().hex}")
        for workspace, count in ((ours, 2), (theirs, 1)):
            with app.app_context(), use_workspace(workspace.id):
                assert [entry.seq for entry in entries()] == list(range(1, count + 1))
                assert audit.verify().is_whole

    def test_the_app_itself_can_neither_change_nor_remove_an_entry(self, inside):
        for statement in (
            sa.update(AuditEntry).values(actor_name="Nobody"),
            sa.delete(AuditEntry).where(AuditEntry.seq == 1),
        ):
            with pytest.raises(sa.exc.DBAPIError, match=r"only added to|permission denied"), transaction():
                db.session.execute(statement.execution_options(synchronize_session=False))
        assert audit.verify().is_whole


# --- what was done to it by hand ------------------------------------------------------------------

FORGED: dict[str, Any] = {
    "workspace_id": None,
    "at": "2020-01-01 00:00:00.000000",
    "name": "tag.deleted",
    "actor_kind": "system",
    "actor_id": None,
    "actor_name": "Mallory",
    "door": "cli",
    "address": "192.0.2.1",
    "browser": "Lynx",
    "subject_id": None,
    "subject": "Other",
    "changes": '{"name":[null,"Other"]}',
    "previous_hash": "f" * 64,
    "hash": "f" * 64,
}


def by_hand(house: House, *statements: str, **values: Any) -> None:
    """Runs SQL as the owner of the tables, who is stopped by nothing."""
    db.session.rollback()
    engine = migration.owner_engine(house.url)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            for name in ("UPDATE", "DELETE"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS audit_entries_{name}")
        for statement in statements:
            connection.execute(
                sa.text(statement), {name: values[name] for name in values if f":{name}" in statement}
            )
    engine.dispose()


class TestTampering:
    @pytest.mark.parametrize("field", [name for name in FORGED if name != "workspace_id"])
    def test_a_changed_field_is_found(self, house, inside, field):
        if field in ("actor_id", "subject_id") and house.url.startswith("sqlite"):
            changed = "x'00'" if False else "NULL"
        else:
            changed = ":value"
        by_hand(house, f"UPDATE audit_entries SET {field} = {changed} WHERE seq = 3", value=FORGED[field])
        verdict = audit.verify()
        assert verdict.broken_seq == 3
        assert verdict.seq == 2

    def test_one_taken_out_is_found(self, house, inside):
        by_hand(house, "DELETE FROM audit_entries WHERE seq = 3")
        assert (audit.verify().broken_seq, audit.verify().how) == (3, "Entry 3 is missing")

    def test_two_that_changed_places_are_found(self, house, inside):
        by_hand(
            house,
            "UPDATE audit_entries SET seq = 99 WHERE seq = 2",
            "UPDATE audit_entries SET seq = 2 WHERE seq = 3",
            "UPDATE audit_entries SET seq = 3 WHERE seq = 99",
        )
        assert audit.verify().broken_seq == 2

    def test_an_end_that_was_cut_off_is_found(self, house, inside):
        by_hand(house, "DELETE FROM audit_entries WHERE seq >= 4")
        assert audit.verify().how == "The end was cut off: entries 4 to 5 are missing"

    def test_an_end_cut_off_with_its_mark_is_found_by_a_head_noted_elsewhere(self, house, inside):
        noted = audit.verify()
        by_hand(
            house,
            "DELETE FROM audit_entries WHERE seq >= 4",
            "UPDATE audit_heads SET seq = 3, hash = (SELECT hash FROM audit_entries WHERE seq = 3)",
        )
        assert audit.verify().is_whole
        assert audit.verify(known=(noted.seq, noted.hash)).broken_seq == 4

    def test_a_chain_written_anew_is_found_by_a_head_noted_elsewhere(self, house, inside):
        noted = audit.verify()
        rows = entries()
        for row in rows:
            db.session.expunge(row)
        rows[1].actor_name = "Mallory"
        for before, row in itertools.pairwise(rows):
            row.previous_hash = before.hash
            row.hash = audit.chain.digest(row)
            changing = (
                "UPDATE audit_entries SET actor_name=:who, previous_hash=:before, hash=:own WHERE seq=:seq"
            )
            by_hand(house, changing, who=row.actor_name, before=row.previous_hash, own=row.hash, seq=row.seq)
        by_hand(house, "UPDATE audit_heads SET hash = :own", own=rows[-1].hash)
        assert audit.verify().is_whole
        assert audit.verify(known=(noted.seq, noted.hash)).broken_seq == noted.seq

    def test_one_replaced_with_a_fitting_hash_of_its_own_is_found(self, house, inside):
        [row] = [entry for entry in entries() if entry.seq == 3]
        db.session.expunge(row)
        row.actor_name = "Mallory"
        by_hand(
            house,
            "UPDATE audit_entries SET actor_name = 'Mallory', hash = :own WHERE seq = 3",
            own=audit.chain.digest(row),
        )
        verdict = audit.verify()
        assert verdict.broken_seq == 3
        assert "replaced" in verdict.how

    def test_one_added_past_the_log_is_found(self, house, inside):
        others = ", ".join(column.name for column in AuditEntry.__table__.columns if column.name != "seq")
        copy = f"SELECT 6, {others} FROM audit_entries WHERE seq = 5"
        by_hand(house, f"INSERT INTO audit_entries (seq, {others}) {copy}")
        assert audit.verify().broken_seq == 6


class TestAccess:
    def test_opening_a_customer_is_noted_once_an_hour_per_person_and_customer(
        self, app, make, sign_in, clock
    ):
        make.workspace()
        maria, ana, ben = make.customer(name="Maria"), make.user(name="Ana"), make.user(name="Ben")
        for _ in range(3):
            assert sign_in(ana).get(f"/customers/{maria.id}").status_code == 200
        assert sign_in(ben).get(f"/api/v1/customers/{maria.id}").status_code == 200
        clock.advance(minutes=61)
        sign_in(ana).get(f"/customers/{maria.id}")

        with app.app_context(), use_workspace(ana.workspace_id):
            kept = entries("customer.viewed")
        assert [entry.actor_name for entry in kept] == ["Ana", "Ben", "Ana"]
        assert {entry.subject_id for entry in kept} == {maria.id}
        assert "Maria" not in "".join(f"{entry.subject}{entry.changes}" for entry in kept)

    def test_what_another_process_noted_is_not_noted_again(self, app, make, monkeypatch):
        make.workspace()
        ana, maria = make.user(), make.customer()
        with app.app_context(), use_workspace(ana.workspace_id), acting_as(make.actor(ana)):
            with transaction():
                assert audit.note_access("customer.viewed", maria.id)
            monkeypatch.setattr("webapp.services.audit.keeping._noted", {})
            assert audit.wants_note("customer.viewed", maria.id)
            with transaction():
                assert not audit.note_access("customer.viewed", maria.id)
            assert len(entries()) == 1

    def test_searching_customers_is_noted_without_what_was_looked_for(self, app, make, sign_in):
        make.workspace()
        ana = make.user(name="Ana")
        browser = sign_in(ana)
        browser.get("/customers?q=maria")
        browser.get("/api/v1/customers?q=maria")
        browser.get("/api/v1/search?scope=customers&q=maria")
        with app.app_context(), use_workspace(ana.workspace_id):
            [entry] = entries()
        assert entry.name == "customer.searched"
        assert "maria" not in entry.changes

    def test_a_download_and_a_look_at_a_secret_are_noted_each_time(self, app, make, sign_in):
        make.workspace()
        boss, inbox = make.user(role="admin"), make.inbox(name="Shop")
        for _ in range(2):
            assert sign_in(boss).get(f"/settings/inboxes/{inbox.id}/secret").status_code == 200
        with app.app_context(), use_workspace(boss.workspace_id):
            assert [entry.subject for entry in entries("inbox.secret_viewed")] == ["Shop", "Shop"]

    def test_s44_refused_sign_ins_are_entered_and_unknown_addresses_cost_the_same(
        self, app, make, client, queries
    ):
        make.workspace()
        ana = make.user(name="Ana", email="ana@example.com")
        asked = []
        for email in ("ana@example.com", "nobody@example.com"):
            with queries() as counted:
                answer = submit(client, "/sign-in", {"email": email, "password": "not the right one"})
            assert answer.status_code == 422
            asked.append(counted.count)
        assert asked[0] == asked[1]
        with app.app_context():
            worker.run_due()
        with app.app_context(), use_workspace(ana.workspace_id):
            [entry] = entries("session.refused")
        assert (entry.actor_id, entry.subject_id, entry.subject) == (None, ana.id, "Ana")
        assert (entry.address, json.loads(entry.changes)) == ("127.0.0.1", {"reason": [None, "password"]})

    def test_head_is_kept_with_the_last_entry(self, inside):
        head = db.session.scalar(sa.select(AuditHead))
        assert (head.seq, head.hash) == (5, entries()[-1].hash)


class Log:
    """Nora's log: two tags, a changed setting, a person."""

    def __init__(self, make: Any, sign_in: Any) -> None:
        make.workspace("Acme")
        self.nora, self.ben = make.user(role="admin", name="Nora"), make.user(role="admin", name="Ben")
        self.http, other = sign_in(self.nora), sign_in(self.ben)
        submit(self.http, "/settings/tags", {"name": "Billing", "colour": "blue"})
        submit(other, "/settings/tags", {"name": "=1+1", "colour": "red"})
        submit(self.http, "/settings/lifecycle", {"reopen_days": "9", "close_after_days": "7"})

    def names(self, **query: Any) -> list[str]:
        """What REST answers, newest first."""
        answer = self.http.get("/api/v1/audit", query_string=query)
        assert answer.status_code == 200, answer.text
        return [entry["name"] for entry in answer.json["data"]]


@pytest.fixture
def log(make: Any, sign_in: Any) -> Log:
    return Log(make, sign_in)


class TestReading:
    def test_each_filter_finds_what_it_should(self, log):
        assert log.names() == ["workspace.updated", "tag.created", "tag.created"]
        assert log.names(actor=log.ben.id) == ["tag.created"]
        assert log.names(area="settings") == ["workspace.updated"]
        assert log.names(name="tag.created") == ["tag.created", "tag.created"]
        assert log.names(door="cli") == []
        assert log.names(text="billing") == ["tag.created"]
        assert log.names(text="100%") == []
        assert log.names(to="2020-01-01") == []
        assert len(log.names(**{"from": "2020-01-01"})) == 3
        subject = log.http.get("/api/v1/audit?text=Billing").json["data"][0]["subject_id"]
        assert log.names(subject=subject) == ["tag.created"]

    def test_pages_follow_each_other_without_a_gap(self, log):
        seen, cursor = [], {}
        while cursor is not None:
            answer = log.http.get("/api/v1/audit", query_string={"limit": 2, **cursor}).json
            seen += [entry["seq"] for entry in answer["data"]]
            cursor = {"cursor": answer["next_cursor"]} if answer["next_cursor"] else None
        assert seen == [3, 2, 1]
        assert answer["head"]["seq"] == 3

    def test_the_page_says_it_in_words_and_keeps_its_filters(self, log):
        shown = log.http.get(f"/settings/audit?actor={log.nora.id}&area=&text=").text
        assert "Settings of the workspace changed." in shown
        assert "Reopen days" in shown
        assert "<ins>9</ins>" in shown
        assert f'<option value="{log.nora.id}" selected>' in shown
        assert f"export.csv?actor={log.nora.id}" in shown
        assert ">=1+1<" not in shown

    def test_a_wrong_filter_is_named(self, log):
        answer = log.http.get("/settings/audit?from=yesterday")
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
        assert log.http.get("/settings/audit?area=moon").status_code == 422
        assert log.http.get("/api/v1/audit?door=moon").status_code == 422

    def test_the_csv_says_its_head_and_holds_no_formula(self, log):
        answer = log.http.get("/settings/audit/export.csv?name=tag.created")
        first, heading, *rows = csv.reader(io.StringIO(answer.text.lstrip("\ufeff")))
        head = log.http.get("/api/v1/audit").json["head"]
        assert first[:2] == ["Audit log of", "Acme"]
        assert head["seq"] == 4, "the export itself is in the log"
        assert first[-1] == f"{head['seq']}:{head['hash']}"
        assert [row[heading.index("subject")] for row in rows] == ["Billing", "'=1+1"]

    def test_the_json_can_be_verified_by_anybody(self, log):
        answer = log.http.get("/settings/audit/export.json").json
        before = "0" * 64
        for entry in answer["entries"]:
            assert entry["previous_hash"] == before
            flat = {
                "workspace_id": answer["workspace_id"],
                "actor_kind": entry["actor"]["kind"],
                "actor_id": entry["actor"]["id"],
                "actor_name": entry["actor"]["name"],
                **{name: entry[name] for name in ("seq", "name", "door", "address", "browser")},
                **{name: entry[name] for name in ("subject_id", "subject", "previous_hash")},
                "at": entry["at"],
                "changes": json.dumps(
                    entry["changes"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
                ),
            }
            text = json.dumps(flat, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            assert hashlib.sha256(text.encode()).hexdigest() == entry["hash"]
            before = entry["hash"]
        assert answer["head"]["hash"] == before

    def test_a_check_in_the_background_is_shown(self, app, log):
        assert "not checked yet" in log.http.get("/settings/audit").text
        submit(log.http, "/settings/audit/verify", page="/settings/audit")
        with app.app_context():
            worker.run_due()
        assert "up to entry 3" in log.http.get("/settings/audit").text


class TestCommandLine:
    def test_says_the_head_and_that_it_is_whole(self, house, inside):
        answer = house.app.test_cli_runner().invoke(args=["audit", "verify"])
        assert answer.exit_code == 0
        assert f"5 entries, unbroken. Head: 5:{entries()[-1].hash}" in answer.output

    def test_names_the_first_entry_at_fault_and_fails(self, house, inside):
        by_hand(house, "UPDATE audit_entries SET actor_name = 'Mallory' WHERE seq = 2")
        answer = house.app.test_cli_runner().invoke(args=["audit", "verify"])
        assert answer.exit_code == 1
        assert "Entry 2 was changed after it was written" in answer.output

    def test_holds_a_noted_head_against_it(self, house, inside):
        run = house.app.test_cli_runner().invoke
        noted = f"3:{entries()[2].hash}"
        assert run(args=["audit", "verify", "--head", noted]).exit_code == 0
        assert run(args=["audit", "verify", "--head", "3:00"]).exit_code == 1
        assert run(args=["audit", "verify", "--head", "9:00"]).exit_code == 1
        assert "is a number" in run(args=["audit", "verify", "--head", "abc"]).output
