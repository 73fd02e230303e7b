"""HubSpot and Salesforce are told of customers and heard, whatever they answer; nothing is lost."""

from html import unescape

import pytest
import sqlalchemy as sa

from tests.support.connected import connect, vendor_at
from tests.support.vendor_servers import (
    HUBSPOT_DAILY,
    HUBSPOT_ROLLING,
    SALESFORCE_LIMIT,
    HubSpot,
    Salesforce,
)
from webapp.auth import Actor
from webapp.database import transaction
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.integrations import breaker
from webapp.integrations.vendor import Busy
from webapp.models import Connection, CrmContact, Customer, Event, Job, SyncEntry
from webapp.schemas.connection import Mapping, Rule
from webapp.services import connection, crm
from webapp.services import customer as customers
from webapp.services.crm import setup, telling, work
from webapp.tasks import worker
from webapp.tasks.crm import ask_for_changes
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration
KINDS = {"hubspot": HubSpot, "salesforce": Salesforce}
NAMES = {
    "hubspot": ("email", "support_tier", "support_plan"),
    "salesforce": ("Email", "Support_Tier__c", "Support_Plan__c"),
}


class Scene:
    """A workspace that is connected to a CRM on loopback, and its admin."""

    def __init__(self, kind, server, make, clock):
        self.kind, self.server, self.make, self.clock = kind, server, make, clock
        self.workspace = make.workspace()
        self.admin: Actor = make.actor(make.user(role="admin"))
        names = {
            "hubspot": ("email", "support_tier", "support_plan"),
            "salesforce": ("Email", "Support_Tier__c", "Support_Plan__c"),
        }
        self.email, self.tier, self.plan = names[kind]

    def connect(self, **fields):
        with use_workspace(self.workspace.id):
            return connect(self.kind, self.server, workspace_id=self.workspace.id, **fields)

    def customer(self, **fields):
        """Somebody new, as staff enter them: the job is queued, not done."""
        fields = {"email": "maria@example.com", "name": "Maria de la Cruz", **fields}
        with transaction() as session:
            return customers.create_customer(session=session, actor=self.admin, **fields).id

    def update(self, customer_id, **changes):
        with transaction() as session:
            customers.update_customer(customer_id, session=session, actor=self.admin, **changes)

    def read(self, customer_id):
        db.session.rollback()
        return db.session.get(Customer, customer_id)

    def contact(self, customer_id):
        db.session.rollback()
        return db.session.scalar(sa.select(CrmContact).where(CrmContact.customer_id == customer_id))

    def state(self):
        db.session.rollback()
        return db.session.scalar(sa.select(Connection))

    def log(self):
        db.session.rollback()
        return [row.said for row in db.session.scalars(sa.select(SyncEntry).order_by(SyncEntry.id))]

    def add(self, email="maria@example.com", **more):
        """A contact that is there already."""
        more = {{"tier": self.tier, "plan": self.plan}.get(name, name): value for name, value in more.items()}
        return self.server.add(**{self.email: email, **more})

    def change(self, crm_id, **more):
        self.server.change(
            crm_id, **{{"tier": self.tier, "plan": self.plan}[name]: value for name, value in more.items()}
        )

    def remove(self, crm_id):
        if self.kind == "salesforce":
            self.server.delete(crm_id)
        else:
            del self.server.contacts[crm_id]

    def told_tier(self, email="maria@example.com"):
        return crm.tier_of(email, actor=self.admin)

    def later(self, **more):
        self.clock.advance(**more)
        return worker.run_due()


@pytest.fixture(params=KINDS)
def bare(request, app, session, make, clock):
    """Not connected yet."""
    with KINDS[request.param]() as server, vendor_at(app, **{request.param: server.url}):
        scene = Scene(request.param, server, make, clock)
        with use_workspace(scene.workspace.id):
            yield scene


@pytest.fixture
def scene(bare):
    bare.connect()
    return bare


class TestTelling:
    def test_a_new_customer_is_created_there_and_their_id_kept(self, scene):
        customer_id = scene.customer(company="Acme")
        assert scene.server.asked == []  # nothing is asked before the commit, nor by it
        worker.run_due()
        (crm_id,) = scene.server.contacts
        there = scene.server.contacts[crm_id]
        first, last = ("firstname", "lastname") if scene.kind == "hubspot" else ("FirstName", "LastName")
        assert (there[scene.email], there[first], there[last]) == ("maria@example.com", "Maria de la", "Cruz")
        assert scene.read(customer_id).crm_id == crm_id
        assert scene.contact(customer_id).status == "synced"
        assert "Created in" in scene.log()[-1]

    def test_who_is_there_already_is_found_by_the_address_and_their_tier_comes_along(self, scene):
        crm_id = scene.add(tier="Premium", plan="24/7")
        customer_id = scene.customer()
        worker.run_due()
        assert list(scene.server.contacts) == [crm_id]
        customer = scene.read(customer_id)
        assert (customer.crm_id, customer.tier) == (crm_id, "premium")
        assert scene.contact(customer_id).answer == {"tier": "premium", "support_plan": "24/7"}

    def test_a_change_is_told(self, scene):
        customer_id = scene.customer()
        worker.run_due()
        scene.update(customer_id, email="maria.cruz@example.com")
        worker.run_due()
        (there,) = scene.server.contacts.values()
        assert there[scene.email] == "maria.cruz@example.com"

    def test_a_change_of_what_is_not_shared_asks_nobody(self, scene):
        customer_id = scene.customer()
        worker.run_due()
        scene.server.asked.clear()
        scene.update(customer_id, tier="enterprise", locale="de")
        assert worker.run_due() <= 1
        assert scene.server.asked == []

    def test_many_changes_of_one_transaction_are_one_job(self, scene):
        with transaction() as session:
            made = customers.create_customer(email="a@example.com", session=session, actor=scene.admin)
            customers.update_customer(made.id, name="A", session=session, actor=scene.admin)
            customers.update_customer(made.id, name="B", session=session, actor=scene.admin)
        query = sa.select(sa.func.count()).select_from(Job).where(Job.type == telling.PUSH)
        assert db.session.scalar(query) == 1

    def test_a_visitor_without_a_verified_address_is_told_of_to_nobody(self, scene):
        customer_id = scene.customer(email=None, claimed_email="maria@example.com")
        worker.run_due()
        assert scene.server.asked == []
        assert crm.sync_customer_to_crm(customer_id)["sync_status"] == "skipped"

    def test_a_rolled_back_customer_leaves_no_job(self, scene):
        with pytest.raises(RuntimeError), transaction() as session:
            customers.create_customer(email="a@example.com", session=session, actor=scene.admin)
            session.flush()
            raise RuntimeError
        assert worker.run_due() == 0

    def test_a_change_while_it_is_told_is_told_next(self, scene, monkeypatch):
        customer_id = scene.customer(name="First")
        tell = telling.tell

        def slow(task, api):
            if task.wanted == 1:
                scene.update(customer_id, name="Second")
            return tell(task, api)

        monkeypatch.setattr(telling, "tell", slow)
        worker.run_due()
        (there,) = scene.server.contacts.values()
        assert "Second" in there.values()
        contact = scene.contact(customer_id)
        assert (contact.status, contact.wanted, contact.told) == ("synced", 2, 2)

    def test_two_workers_do_not_tell_of_one_customer_at_once(self, scene):
        customer_id = scene.customer()
        with transaction() as session:
            telling.claim(customer_id, session=session)
        with pytest.raises(telling.InHand):
            crm.sync_customer_to_crm(customer_id)
        scene.clock.advance(minutes=2)  # the first one died
        assert crm.sync_customer_to_crm(customer_id)["sync_status"] == "synced"

    def test_the_contract_says_how_it_went_and_keeps_the_id(self, scene):
        customer = scene.make.customer(email="ann@example.com", workspace=scene.workspace)
        found = crm.sync_customer_to_crm(customer.id)
        assert found["sync_status"] == "synced"
        assert scene.read(customer.id).crm_id == found["crm_id"]
        assert crm.sync_customer_to_crm(customer.id)["sync_status"] == "synced"
        assert len(scene.server.contacts) == 1

    def test_nobody_is_not_found_and_without_a_crm_nothing_is_done(self, bare):
        with pytest.raises(NotFound):
            crm.sync_customer_to_crm(bare.workspace.id)
        customer = bare.make.customer(email="ann@example.com", workspace=bare.workspace)
        assert crm.sync_customer_to_crm(customer.id)["sync_status"] == "off"
        bare.customer()
        assert worker.run_due() == 0

    def test_everybody_from_before_is_told_once_asked_for(self, bare):
        for number in range(3):
            bare.make.customer(email=f"p{number}@example.com", workspace=bare.workspace)
        bare.make.customer(name="A visitor", workspace=bare.workspace)
        bare.connect()
        with transaction() as session:
            assert crm.want_everybody(session=session) == 3
        worker.run_due()
        assert len(bare.server.contacts) == 3


class TestMerging:
    def test_merged_here_the_contact_there_becomes_the_one_that_stays(self, scene):
        one = scene.customer()
        worker.run_due()
        crm_id = scene.read(one).crm_id
        two = scene.make.customer(name="Maria", workspace=scene.workspace).id
        with transaction() as session:
            customers.merge_customers(two, one, session=session, actor=scene.admin)
        worker.run_due()
        assert scene.read(two).crm_id == crm_id
        assert list(scene.server.contacts) == [crm_id]
        assert scene.contact(one) is None

    def test_two_contacts_there_are_left_to_whoever_may_merge_them_and_said(self, scene):
        one, two = scene.customer(), scene.customer(email="mc@example.com")
        worker.run_due()
        other = scene.read(two).crm_id
        with transaction() as session:
            customers.merge_customers(one, two, session=session, actor=scene.admin)
        worker.run_due()
        assert len(scene.server.contacts) == 2
        assert any(f"two contacts, this and {other}" in said for said in scene.log())

    def test_merged_there_the_customer_follows(self, scene):
        customer_id = scene.customer()
        worker.run_due()
        old = scene.read(customer_id).crm_id
        winner = scene.add("winner@example.com", tier="enterprise")
        now = scene.server.merge(winner, old)
        scene.update(customer_id, name="Maria Cruz")
        worker.run_due()
        customer = scene.read(customer_id)
        assert (customer.crm_id, customer.tier) == (now, "enterprise")
        assert any("merged" in said for said in scene.log())


class TestGone:
    def test_deleted_there_it_is_not_made_again_by_itself_and_said(self, scene):
        customer_id = scene.customer()
        worker.run_due()
        scene.remove(scene.read(customer_id).crm_id)
        scene.update(customer_id, name="Maria Cruz")
        worker.run_due()
        assert scene.server.contacts == {}
        contact = scene.contact(customer_id)
        assert contact.status == "gone"
        assert "not made again unless you retry" in contact.said
        scene.update(customer_id, name="Maria C.")
        worker.run_due()
        assert scene.server.contacts == {}

    def test_a_person_may_have_it_made_again(self, scene):
        customer_id = scene.customer()
        worker.run_due()
        scene.remove(scene.read(customer_id).crm_id)
        scene.update(customer_id, name="Maria Cruz")
        worker.run_due()
        with transaction() as session:
            crm.retry(customer_id, session=session)
        worker.run_due()
        assert list(scene.server.contacts) == [scene.read(customer_id).crm_id]

    def test_restored_under_another_id_it_is_found_by_the_address(self, scene):
        customer_id = scene.customer()
        worker.run_due()
        scene.remove(scene.read(customer_id).crm_id)
        again = scene.add()
        scene.update(customer_id, name="Maria Cruz")
        worker.run_due()
        assert scene.read(customer_id).crm_id == again


class TestTroubleOfTheirs:
    def test_what_they_cannot_take_now_is_told_later_by_itself(self, scene):
        scene.server.fail(503, times=3)
        customer_id = scene.customer()
        worker.run_due()
        contact = scene.contact(customer_id)
        assert contact.status == "waiting"
        assert "503" in contact.said
        scene.later(hours=1)
        assert scene.contact(customer_id).status == "synced"
        assert len(scene.server.contacts) == 1

    def test_an_answer_that_is_none_is_their_trouble_not_our_crash(self, scene):
        for body in (b"<html>", {"unexpected": True}, [], None):
            scene.server.faults.append((200, body, {}))
            customer_id = scene.customer(email=f"x{len(scene.server.asked)}@example.com")
            worker.run_due()
            assert scene.contact(customer_id).status in ("waiting", "failed")
            scene.server.faults.clear()

    def test_the_daily_limit_pauses_everything_and_then_it_goes_on(self, scene):
        limit = (429, HUBSPOT_DAILY) if scene.kind == "hubspot" else (403, SALESFORCE_LIMIT)
        scene.server.fail(*limit, times=9)
        ids = [scene.customer(email=f"p{number}@example.com") for number in range(3)]
        worker.run_due()
        asked = len(scene.server.asked)
        assert asked <= 3
        assert {scene.contact(one).status for one in ids} == {"waiting"}
        assert "daily limit" in scene.state().said
        assert sum("It goes on at" in said for said in scene.log()) == 1
        scene.server.faults.clear()
        assert len(scene.server.asked) == asked
        scene.later(minutes=30)
        assert len(scene.server.asked) == asked  # still paused: nobody asks
        for _ in range(3):
            scene.later(hours=1)
        assert {scene.contact(one).status for one in ids} == {"synced"}
        assert scene.state().said == ""

    def test_too_many_requests_a_second_are_asked_more_slowly(self, scene):
        body = HUBSPOT_ROLLING if scene.kind == "hubspot" else [{"errorCode": "X", "message": "slow down"}]
        scene.server.fail(429, body, {"Retry-After": "45"})
        customer_id = scene.customer()
        worker.run_due()
        assert len(scene.server.asked) == 1
        assert scene.contact(customer_id).status == "waiting"
        scene.later(minutes=3)
        assert scene.contact(customer_id).status == "synced"

    def test_a_field_they_do_not_have_is_a_failure_that_waits_for_somebody(self, scene):
        mapping = Mapping(fields={"company": Rule(direction="out", theirs="nowhere")})
        with transaction() as session:
            setup.save_mapping(scene.kind, mapping, session=session, actor=scene.admin)
        customer_id = scene.customer(company="Acme")
        worker.run_due()
        assert scene.contact(customer_id).status == "failed"
        assert "nowhere" in scene.contact(customer_id).said
        assert worker.run_due() == 0
        with transaction() as session:
            setup.save_mapping(scene.kind, Mapping(), session=session, actor=scene.admin)
            assert crm.retry_waiting(failed=True, session=session) == 1
        worker.run_due()
        assert scene.contact(customer_id).status == "synced"


class TestTokens:
    def test_an_expired_token_is_renewed_and_kept(self, bare):
        bare.server.refresh_tokens.add("refresh-1")
        app = {"client_id": "app-1", "refresh": "refresh-1"}
        bare.connect(method="oauth", secrets=app)
        bare.server.expire()
        customer_id = bare.customer()
        worker.run_due()
        assert bare.contact(customer_id).status == "synced"
        token = connection.account_of(bare.state()).secrets["access"]
        assert token in bare.server.tokens
        asked = len(bare.server.asked)
        bare.update(customer_id, name="Maria Cruz")
        worker.run_due()
        assert bare.server.asked[asked].method == "PATCH"  # no token is asked for again

    def test_without_another_token_everything_waits_until_somebody_connects_again(self, scene):
        scene.server.expire()
        ids = [scene.customer(email=f"p{number}@example.com") for number in range(3)]
        worker.run_due()
        assert {scene.contact(one).status for one in ids} == {"waiting"}
        assert scene.state().status == "broken"
        assert "Connect again" in scene.state().said
        assert sum("until you connect again" in said for said in scene.log()) == 1
        names = [event.name for event in db.session.scalars(sa.select(Event))]
        assert names.count("connection.broken") == 1
        scene.server.tokens.add("another-token-of-some-length")
        secrets = {"access": "another-token-of-some-length"}
        checked = setup.Checked(connection.account_of(scene.state()), "token", [])
        checked = setup.Checked(
            setup.replace(checked.account, secrets=secrets), checked.method, checked.names
        )
        with transaction() as session:
            setup.save_checked(checked, session=session, actor=scene.admin)
        worker.run_due()
        assert {scene.contact(one).status for one in ids} == {"synced"}

    def test_a_revoked_refresh_token_says_so(self, bare):
        bare.connect(method="oauth", secrets={"client_id": "app-1", "refresh": "revoked"})
        bare.server.expire()
        bare.customer()
        worker.run_due()
        assert bare.state().status == "broken"
        assert "gave no access" in bare.state().said

    def test_secrets_that_cannot_be_opened_are_no_crash(self, scene):
        with transaction() as session:
            session.scalar(sa.select(Connection)).secret_box = "sealed with another key"
        customer_id = scene.customer()
        worker.run_due()
        assert scene.contact(customer_id).status == "waiting"
        assert "SECRET_KEY" in scene.state().said

    def test_no_secret_is_in_any_row_but_sealed(self, scene):
        scene.customer()
        worker.run_due()
        for model in (SyncEntry, Event, Job, CrmContact, Connection):
            for row in db.session.scalars(sa.select(model)):
                text = " ".join(str(value) for value in vars(row).values())
                assert "token-of-some-length" not in text
                assert "secret-of-the-app" not in text


class TestHearing:
    def test_what_was_changed_there_is_found_by_asking(self, scene):
        customer_id = scene.customer()
        worker.run_due()
        scene.change(scene.read(customer_id).crm_id, tier="Enterprise", plan="Gold")
        with transaction() as session:
            session.scalar(sa.select(Connection)).seen_until = scene.state().created_at
        ask_for_changes()
        worker.run_due()
        scene.later(seconds=10)
        assert scene.read(customer_id).tier == "enterprise"
        assert scene.contact(customer_id).answer["support_plan"] == "Gold"
        assert any("changed tier" in said for said in scene.log())

    def test_what_they_tell_is_not_told_back(self, scene):
        customer_id = scene.customer()
        worker.run_due()
        crm_id = scene.read(customer_id).crm_id
        scene.change(crm_id, tier="enterprise")
        scene.server.asked.clear()
        crm.pull_contact(crm_id)
        worker.run_due()
        assert scene.read(customer_id).tier == "enterprise"
        assert [one.method for one in scene.server.asked] == ["GET"]

    def test_a_word_that_is_no_tier_changes_nothing_and_is_said(self, scene):
        customer_id = scene.customer()
        worker.run_due()
        crm_id = scene.read(customer_id).crm_id
        scene.change(crm_id, tier="Galactic")
        crm.pull_contact(crm_id)
        assert scene.read(customer_id).tier == "basic"
        assert any("“Galactic”" in said for said in scene.log())

    def test_their_words_for_our_tiers(self, scene):
        tier = Rule(direction="in", theirs=scene.tier)
        mapping = Mapping(fields={"tier": tier}, tiers={"premium": ["Gold", "Silver"]})
        with transaction() as session:
            setup.save_mapping(scene.kind, mapping, session=session, actor=scene.admin)
        customer_id = scene.customer()
        worker.run_due()
        crm_id = scene.read(customer_id).crm_id
        scene.change(crm_id, tier="  gold ")
        crm.pull_contact(crm_id)
        assert scene.read(customer_id).tier == "premium"

    def test_an_empty_field_of_theirs_takes_nothing_away(self, scene):
        customer_id = scene.customer(tier="premium")
        worker.run_due()
        crm.pull_contact(scene.read(customer_id).crm_id)
        assert scene.read(customer_id).tier == "premium"

    def test_deleted_there_the_last_answer_stays(self, scene):
        scene.add(tier="premium", plan="Gold")
        customer_id = scene.customer()
        worker.run_due()
        crm_id = scene.read(customer_id).crm_id
        scene.remove(crm_id)
        assert crm.pull_contact(crm_id) == {"status": "gone"}
        contact = scene.contact(customer_id)
        assert (contact.status, contact.answer["support_plan"]) == ("gone", "Gold")

    def test_contacts_that_are_nobody_here_are_not_asked_for(self, scene):
        scene.add("stranger@example.com")
        with transaction() as session:
            session.scalar(sa.select(Connection)).seen_until = scene.state().created_at
        ask_for_changes()
        worker.run_due()
        scene.later(seconds=10)
        assert len(scene.server.asked) <= 2


class TestTier:
    def test_without_an_answer_the_crm_is_asked(self, scene):
        scene.add(tier="enterprise", plan="Platinum")
        customer = scene.make.customer(email="maria@example.com", workspace=scene.workspace)
        found = scene.told_tier("Maria@Example.com")
        assert (found["tier"], found["support_plan"], found["source"]) == (
            "enterprise",
            "Platinum",
            scene.kind,
        )
        assert found["age_seconds"] == 0
        assert scene.read(customer.id).tier == "enterprise"

    def test_the_stored_answer_is_given_with_its_age_and_asked_for_aside_when_old(self, scene):
        scene.add(tier="enterprise", plan="Platinum")
        scene.make.customer(email="maria@example.com", workspace=scene.workspace)
        scene.told_tier()
        asked = len(scene.server.asked)
        scene.clock.advance(minutes=5)
        assert scene.told_tier()["age_seconds"] == 300
        scene.clock.advance(hours=2)
        found = scene.told_tier()
        assert (found["support_plan"], found["age_seconds"]) == ("Platinum", 7500)
        assert len(scene.server.asked) == asked
        worker.run_due()
        assert scene.told_tier()["age_seconds"] == 0

    def test_the_last_known_answer_is_given_while_the_crm_is_down(self, scene):
        scene.add(tier="enterprise", plan="Platinum")
        customer = scene.make.customer(email="maria@example.com", workspace=scene.workspace)
        scene.told_tier()
        scene.clock.advance(hours=2)
        scene.server.fail(500, times=20)
        assert crm.refresh_answer(customer.id)["status"] == "waiting"
        found = scene.told_tier()
        assert (found["support_plan"], found["age_seconds"]) == ("Platinum", 7200)
        assert "500" in found["problem"]
        scene.server.faults.clear()
        breaker.forget()
        crm.refresh_answer(customer.id)
        assert (scene.told_tier()["problem"], scene.told_tier()["age_seconds"]) == (None, 0)

    def test_never_asked_and_down_it_is_our_own_tier_and_says_why(self, scene):
        scene.server.fail(500, times=20)
        scene.make.customer(email="maria@example.com", tier="premium", workspace=scene.workspace)
        found = scene.told_tier()
        assert (found["tier"], found["source"], found["as_of"]) == ("premium", "parley", None)
        assert "500" in found["problem"]

    def test_that_they_know_nobody_is_an_answer(self, scene):
        scene.make.customer(email="maria@example.com", workspace=scene.workspace)
        assert scene.told_tier()["tier"] == "basic"
        asked = len(scene.server.asked)
        scene.told_tier()
        assert len(scene.server.asked) == asked


class TestWhatThePagesSay:
    """Each story ends with a look at what a person reads: the connection's page, and the side panel."""

    @pytest.fixture
    def look(self, scene, sign_in):
        browser = sign_in(scene.make.user(role="admin", workspace=scene.workspace))

        def seen(customer_id):
            page = unescape(browser.get(f"/settings/connections/{scene.kind}").text)
            panel = browser.get(f"/api/v1/customers/{customer_id}/accounts").json["crm"]
            return page, panel

        return seen

    def test_created_updated_and_merged_there(self, scene, look):
        customer_id = scene.customer()
        worker.run_due()
        page, panel = look(customer_id)
        assert ("Created in" in page, "1 level" in page) == (True, True)
        assert (panel["sync_status"], panel["crm_id"]) == ("synced", scene.read(customer_id).crm_id)
        scene.update(customer_id, name="Maria Cruz")
        worker.run_due()
        page, panel = look(customer_id)
        assert ("Updated in" in page, panel["problem"]) == (True, None)
        winner = scene.add("winner@example.com", tier="enterprise", plan="Gold")
        now = scene.server.merge(winner, panel["crm_id"])
        scene.update(customer_id, name="Maria C.")
        worker.run_due()
        page, panel = look(customer_id)
        assert f"has merged this contact into {now}" in page
        assert (panel["crm_id"], panel["tier"], panel["support_plan"]) == (now, "enterprise", "Gold")

    def test_gone(self, scene, look):
        customer_id = scene.customer()
        worker.run_due()
        scene.remove(scene.read(customer_id).crm_id)
        scene.update(customer_id, name="Maria Cruz")
        worker.run_due()
        page, panel = look(customer_id)
        assert ("1 deleted there" in page, "not made again unless you retry" in page) == (True, True)
        assert panel["sync_status"] == "gone"

    def test_a_token_that_expired(self, scene, look):
        scene.server.expire()
        customer_id = scene.customer()
        worker.run_due()
        page, panel = look(customer_id)
        assert ("Connect again" in page, "1 waiting" in page) == (True, True)
        assert "What there is to tell waits here" in page
        assert (panel["sync_status"], "Connect again" in panel["problem"]) == ("waiting", True)

    def test_the_daily_limit(self, scene, look):
        limit = (429, HUBSPOT_DAILY) if scene.kind == "hubspot" else (403, SALESFORCE_LIMIT)
        scene.server.fail(*limit, times=9)
        customer_id = scene.customer()
        worker.run_due()
        page, panel = look(customer_id)
        assert ("daily limit" in page, "It goes on at" in page, "1 waiting" in page) == (True, True, True)
        assert (panel["sync_status"], "daily limit" in panel["problem"]) == ("waiting", True)
        scene.server.faults.clear()
        scene.later(hours=2)
        page, panel = look(customer_id)
        assert ("1 level" in page, "1 waiting" in page) == (True, False)
        assert (panel["sync_status"], panel["problem"]) == ("synced", None)


class TestAskingInTrouble:
    def test_reading_a_contact_waits_for_them_and_says_why(self, scene):
        customer_id = scene.customer()
        worker.run_due()
        crm_id = scene.read(customer_id).crm_id
        scene.server.fail(503, times=9)
        with pytest.raises(Busy):
            crm.pull_contact(crm_id)
        scene.server.faults.clear()
        breaker.forget()
        scene.change(crm_id, tier="enterprise")
        crm.pull_contact(crm_id)
        assert scene.read(customer_id).tier == "enterprise"

    def test_whom_nobody_here_is_nobody_is_asked_about(self, scene):
        assert crm.pull_contact("nobody") == {"status": "nobody"}
        with transaction() as session:
            session.scalar(sa.select(Connection)).status = "broken"
        assert crm.pull_contact("nobody") == {"status": "off"}
        assert crm.poll_changes() == {"status": "off"}
        assert scene.server.asked == []

    def test_changes_that_cannot_be_asked_for_now_are_asked_for_later(self, scene):
        before = scene.state().seen_until
        scene.server.fail(500, times=9)
        assert crm.poll_changes()["status"] == "waiting"
        assert scene.state().seen_until == before
        scene.server.faults.clear()
        breaker.forget()
        assert crm.poll_changes()["status"] == "asked"
        assert scene.state().seen_until is not None

    def test_more_changes_than_one_look_takes_are_asked_for_the_next_time(self, scene, monkeypatch):
        pages = iter([[("1", scene.clock.now())], [("2", scene.clock.now())], [("3", scene.clock.now())]])
        monkeypatch.setattr(work, "MOST_PAGES", 2)
        monkeypatch.setattr(work.crm_of(scene.kind), "changed", lambda *_: next(pages))
        assert crm.poll_changes() == {"status": "asked", "changed": 2, "known": 0}

    def test_what_does_not_fit_here_is_said_and_the_rest_of_the_desk_goes_on(self, scene):
        rule = Rule(direction="in", theirs=scene.plan)
        with transaction() as session:
            setup.save_mapping(
                scene.kind, Mapping(fields={"locale": rule}), session=session, actor=scene.admin
            )
        customer_id = scene.customer()
        worker.run_due()
        crm_id = scene.read(customer_id).crm_id
        scene.change(crm_id, plan="x" * 300)
        crm.pull_contact(crm_id)
        assert "does not fit here" in scene.log()[-1]
        assert "does not fit here" in scene.contact(customer_id).said

    def test_restored_there_it_is_level_again_once_it_is_heard_of(self, scene):
        scene.add(tier="premium")
        customer_id = scene.customer()
        worker.run_due()
        crm_id = scene.read(customer_id).crm_id
        with transaction() as session:
            contact = session.scalar(sa.select(CrmContact))
            contact.status, contact.said = "gone", "Deleted"
        crm.pull_contact(crm_id)
        assert (scene.contact(customer_id).status, scene.contact(customer_id).said) == ("synced", "")

    def test_whom_they_deleted_they_know_no_more_and_that_is_an_answer(self, scene):
        customer_id = scene.customer()
        worker.run_due()
        scene.remove(scene.read(customer_id).crm_id)
        scene.clock.advance(hours=3)
        assert crm.refresh_answer(customer_id) == {"status": "asked"}
        assert scene.told_tier()["problem"] is None
        assert crm.refresh_answer(customer_id) == {"status": "fresh"}

    def test_who_is_not_here_is_not_found(self, scene):
        with pytest.raises(NotFound):
            crm.refresh_answer(scene.workspace.id)
        with pytest.raises(NotFound):
            scene.told_tier("nobody@example.com")

    def test_trying_what_is_not_connected_says_so(self, bare):
        assert "is not connected" in crm.try_connection(bare.kind)
        assert crm.refresh_billing(bare.customer()) == {"status": "fresh"}

    def test_a_connection_that_lets_us_in_again_tells_what_has_waited(self, scene):
        tokens = set(scene.server.tokens)
        scene.server.expire()
        customer_id = scene.customer()
        worker.run_due()
        assert scene.state().status == "broken"
        assert crm.try_connection(scene.kind)
        scene.server.tokens |= tokens
        assert crm.try_connection(scene.kind) == ""
        assert scene.state().status == "active"
        worker.run_due()
        assert scene.contact(customer_id).status == "synced"
