"""The pages of CRM and billing: connecting, fields, log and disconnecting; their hooks; what REST says."""

import base64
import hashlib
import hmac
import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from tests.support.connected import TOKEN, connect, vendor_at
from tests.support.pages import form_of, submit
from tests.support.vendor_servers import APP_SECRET, ORGANIZATION, HubSpot, Salesforce, Stripe
from webapp.database import transaction
from webapp.extensions import db
from webapp.models import Connection, CrmContact, Customer, Event, Job, SyncEntry
from webapp.services import billing, connection
from webapp.tasks import worker
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration
HERE = "/settings/connections"
SERVERS = {"hubspot": HubSpot, "salesforce": Salesforce, "stripe": Stripe}


class Desk:
    """An admin's browser, and a vendor on loopback."""

    def __init__(self, app, make, sign_in, kind, server):
        self.app, self.make, self.kind, self.server = app, make, kind, server
        self.workspace = make.workspace()
        self.browser = sign_in(make.user(role="admin"))
        self.page = f"{HERE}/{kind}"

    def form(self, **more):
        app = {"client_id": "app-1", "client_secret": APP_SECRET}
        typed = {
            "hubspot": {"method": "token", "token": TOKEN},
            "salesforce": {"method": "token", **app},
            "stripe": {"token": TOKEN},
        }[self.kind]
        return {**typed, **more}

    def connect(self, **more):
        return submit(self.browser, self.page, self.form(**more), page=self.page)

    def text(self, path=""):
        return self.browser.get(f"{self.page}{path}").text

    def inside(self, call):
        with self.app.app_context(), use_workspace(self.workspace.id):
            return call()

    def rows(self, model):
        return self.inside(lambda: list(db.session.scalars(sa.select(model))))

    def run_due(self):
        with self.app.app_context():
            worker.run_due()


@pytest.fixture
def desk_of(app, make, sign_in, request):
    """`desk_of("hubspot")`."""

    def made(kind):
        server = SERVERS[kind]()
        request.addfinalizer(lambda: server.__exit__(None, None, None))
        server.__enter__()
        urls = {kind: server.url} | ({"hubspot_app": server.url} if kind == "hubspot" else {})
        at = vendor_at(app, **urls)
        at.__enter__()
        request.addfinalizer(lambda: at.__exit__(None, None, None))
        return Desk(app, make, sign_in, kind, server)

    return made


@pytest.fixture(params=["hubspot", "salesforce"])
def desk(request, desk_of):
    """Of each CRM."""
    return desk_of(request.param)


class TestConnecting:
    @pytest.mark.parametrize("kind", SERVERS)
    def test_a_key_is_tried_and_kept_sealed(self, desk_of, kind):
        desk = desk_of(kind)
        assert "Not connected" in desk.browser.get(HERE).text
        answer = desk.connect()
        assert (answer.status_code, answer.location) == (302, desk.page)
        assert "Connected" in desk.text()
        (found,) = desk.rows(Connection)
        for secret in (TOKEN, APP_SECRET):
            assert secret not in found.secret_box
            assert secret not in desk.text()
        assert found.account == {"hubspot": "4711", "salesforce": ORGANIZATION, "stripe": ""}[kind]
        names = [event.name for event in desk.rows(Event)]
        assert names.count("connection.created") == 1

    @pytest.mark.parametrize("kind", SERVERS)
    def test_a_key_that_opens_nothing_is_said_at_its_field_and_not_kept(self, desk_of, kind):
        desk = desk_of(kind)
        wrong = {"client_secret": "wrong"} if kind == "salesforce" else {"token": "a-wrong-token-of-theirs"}
        answer = desk.connect(**wrong)
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
        assert not any(value in answer.text for value in wrong.values() if value != "wrong")
        assert desk.rows(Connection) == []

    def test_nothing_typed_names_the_field(self, desk):
        missing = {"token": "", "client_id": "", "client_secret": ""}
        assert desk.connect(**missing).status_code == 422
        assert desk.connect(**{**missing, "method": "oauth"}).status_code == 422
        assert desk.server.asked == []

    def test_a_vendor_that_does_not_answer_is_said(self, desk):
        desk.server.fail(503, times=9)
        answer = desk.connect()
        assert answer.status_code == 422
        assert "trouble of its own" in answer.text

    @pytest.mark.parametrize(
        "url",
        [
            "http://acme.my.salesforce.com",
            "https://acme.example.com",
            "https://x.salesforce.com.evil.example",
            "https://127.0.0.1",
            "https://acme.my.salesforce.com:8443",
            "https://salesforce.com@evil.example",
        ],
    )
    def test_only_salesforce_is_asked_for_salesforce(self, desk_of, url):
        desk = desk_of("salesforce")
        answer = desk.connect(url=url)
        assert answer.status_code == 422
        assert "An address of Salesforce" in answer.text
        assert desk.server.asked == []

    def test_a_second_crm_is_refused_until_the_first_is_cut(self, desk_of):
        desk = desk_of("hubspot")
        desk.connect()
        text = desk.browser.get(f"{HERE}/salesforce").text
        assert "connected to HubSpot" in text
        assert desk.browser.get(f"{HERE}/nobody").status_code == 404
        assert desk.browser.get(f"{HERE}/stripe/fields").status_code == 404


class TestByOAuth:
    def begin(self, desk, **more):
        app = {"client_id": "app-1", "client_secret": APP_SECRET}
        return desk.connect(**{**app, "method": "oauth", "token": "", **more}).location

    def test_there_and_back(self, desk):
        url = self.begin(desk)
        asked = parse_qs(urlsplit(url).query)
        assert asked["redirect_uri"][0].endswith("/settings/connections/callback")
        assert APP_SECRET not in url
        answer = desk.browser.get(desk.server.approve(url))
        assert answer.location == desk.page
        (found,) = desk.rows(Connection)
        secrets = desk.inside(lambda: connection.account_of(found).secrets)
        assert secrets["refresh"] in desk.server.refresh_tokens
        assert secrets["access"] in desk.server.tokens

    def test_a_forged_or_old_or_foreign_answer_connects_nothing(self, desk, clock, make, sign_in):
        back = desk.server.approve(self.begin(desk))
        forged = re.sub(r"state=[^&]+", "state=forged", back)
        assert "could not be confirmed" in desk.browser.get(forged).text
        back = desk.server.approve(self.begin(desk))
        assert "could not be confirmed" in sign_in(make.user(role="admin")).get(back).text
        clock.advance(minutes=20)
        assert "could not be confirmed" in desk.browser.get(back).text
        assert desk.rows(Connection) == []

    def test_a_refusal_there_is_said(self, desk):
        url = desk.server.approve(self.begin(desk))
        state = parse_qs(urlsplit(url).query)["state"][0]
        text = desk.browser.get(f"{HERE}/callback?error=access_denied&state={state}").text
        assert "did not let us in" in text
        back = desk.server.approve(self.begin(desk))
        text = desk.browser.get(re.sub(r"code=[^&]+", "code=unknown", back)).text
        assert "gave no access" in text
        assert desk.browser.get(f"{HERE}/callback?state={'x' * 5000}").status_code == 422

    def test_an_address_of_another_house_in_the_answer_is_not_followed(self, desk_of):
        desk = desk_of("salesforce")
        desk.server.instance_url = "http://169.254.169.254"
        text = desk.browser.get(desk.server.approve(self.begin(desk))).text
        assert "an address that is not theirs" in text
        assert desk.rows(Connection) == []


class TestOnceConnected:
    def test_the_test_says_whether_it_works(self, desk):
        desk.connect()
        answer = submit(desk.browser, f"{desk.page}/test", {}, page=desk.page)
        assert "waiting for its answer" in desk.browser.get(answer.location).text
        desk.run_due()
        assert "It works." in desk.browser.get(answer.location).text
        desk.server.fail(503, times=9)
        answer = submit(desk.browser, f"{desk.page}/test", {}, page=desk.page)
        desk.run_due()
        assert "trouble of its own" in desk.browser.get(answer.location).text

    def test_fields_are_mapped_and_given_back_filled(self, desk):
        desk.connect()
        page = f"{desk.page}/fields"
        good = {
            "fields.locale.direction": "out",
            "fields.locale.theirs": "Language__c",
            "tiers.premium": "Gold, VIP",
        }
        assert submit(desk.browser, page, good, page=page).status_code == 302
        (found,) = desk.rows(Connection)
        assert found.mapping["fields"]["locale"] == {"direction": "out", "theirs": "Language__c"}
        assert found.mapping["tiers"]["premium"] == ["Gold", "VIP"]
        assert "Gold, VIP" in desk.text("/fields")
        for wrong in (
            {"fields.locale.theirs": ""},
            {"fields.locale.theirs": "a b; c"},
            {"fields.nobody.direction": "in"},
            {"fields.support_plan.direction": "out"},
            {"fields.company.direction": "out", "fields.company.theirs": "Language__c"},
        ):
            typed = {**form_of(desk.text("/fields"), page), **wrong}
            answer = desk.browser.post(page, data=typed)
            assert answer.status_code == 422, wrong
            assert "Gold, VIP" in answer.text

    def test_two_people_at_the_fields_do_not_overwrite_each_other(self, desk):
        desk.connect()
        page = f"{desk.page}/fields"
        good = {"fields.locale.direction": "out", "fields.locale.theirs": "Language__c"}
        first = desk.text("/fields")
        version = re.search(r'name="version" value="([^"]*)"', first)[1]
        submit(desk.browser, page, good, page=page)
        answer = submit(desk.browser, page, {"name": "off", "version": version}, page=page)
        assert answer.status_code == 409

    def test_the_log_says_what_happened_and_failures_can_be_retried(self, desk):
        desk.connect()
        page = f"{desk.page}/fields"
        odd = {"fields.company.direction": "out", "fields.company.theirs": "nowhere"}
        submit(desk.browser, page, odd, page=page)
        desk.browser.post(
            "/api/v1/customers",
            json={"email": "ann@example.com", "name": "Ann", "company": "Acme"},
            headers=_csrf(desk),
        )
        desk.run_due()
        text = desk.text("?only=failed")
        assert "nowhere" in text
        assert "1 refused" in text
        (customer,) = desk.rows(Customer)
        submit(desk.browser, page, {"fields.company.direction": "off"}, page=page)
        path = f"{desk.page}/customers/{customer.id}/retry"
        assert submit(desk.browser, path, {}, page=f"{desk.page}?only=failed").status_code == 302
        desk.run_due()
        assert "1 level" in desk.text()
        assert submit(desk.browser, f"{desk.page}/retry", {}, page=desk.page).status_code == 302
        assert "Nothing of this kind" in desk.text("?only=waiting")
        assert desk.browser.get(f"{desk.page}?before=nonsense").status_code == 200

    def test_those_from_before_are_told_of_when_asked_for(self, desk):
        for number in range(2):
            desk.make.customer(email=f"p{number}@example.com", workspace=desk.workspace)
        desk.connect()
        assert "2 not told of yet" in desk.text()
        submit(desk.browser, f"{desk.page}/everybody", {}, page=desk.page)
        desk.run_due()
        assert len(desk.server.contacts) == 2

    def test_disconnecting_wants_the_name_typed_and_forgets_everything(self, desk):
        desk.connect()
        customer = desk.make.customer(email="a@example.com", workspace=desk.workspace)
        submit(desk.browser, f"{desk.page}/everybody", {}, page=desk.page)
        desk.run_due()
        path = f"{desk.page}/disconnect"
        label = connection.LABELS[desk.kind]
        assert submit(desk.browser, path, {}, page=desk.page).status_code == 200
        assert submit(desk.browser, path, {"confirm": "wrong"}, page=desk.page).status_code == 422
        assert submit(desk.browser, path, {"confirm": label.lower()}, page=desk.page).status_code == 302
        for model in (Connection, CrmContact, SyncEntry):
            assert desk.rows(model) == []
        assert [one.crm_id for one in desk.rows(Customer) if one.id == customer.id] == [None]
        assert len(desk.server.contacts) == 1  # nothing is deleted there


def _csrf(desk):
    text = desk.browser.get("/agent/v/all").text
    return {"X-CSRF-Token": re.search(r'"csrf": ?"([^"]+)"', text)[1]}


class TestTheirHooks:
    @pytest.fixture
    def told(self, desk):
        """A customer of whom the CRM has heard: the desk, the customer, and where changes are posted to."""
        customer = desk.make.customer(email="maria@example.com", workspace=desk.workspace)
        desk.inside(lambda: connect(desk.kind, desk.server, workspace_id=desk.workspace.id))
        submit(desk.browser, f"{desk.page}/everybody", {}, page=desk.page)
        desk.run_due()
        (found,) = desk.rows(Connection)
        desk.hook = desk.inside(lambda: connection.hook_path(found))
        desk.server.asked.clear()
        (desk.crm_id,) = desk.server.contacts
        desk.customer_id = customer.id
        return desk

    def body(self, desk, *crm_ids, **more):
        if desk.kind == "salesforce":
            return Salesforce.message(*crm_ids, **more), {"Content-Type": "text/xml"}
        events = [{"objectId": int(one), "propertyName": "support_tier"} for one in crm_ids]
        body, headers = HubSpot.hook(f"http://localhost:5000{desk.hook}", *events, **more)
        return body, {**headers, "Content-Type": "application/json"}

    def tier(self, desk):
        return next(one.tier for one in desk.rows(Customer) if one.id == desk.customer_id)

    def change(self, desk, tier):
        name = "support_tier" if desk.kind == "hubspot" else "Support_Tier__c"
        desk.server.change(desk.crm_id, **{name: tier})

    def test_a_change_there_is_here_within_seconds_and_read_once(self, told, client, clock):
        self.change(told, "enterprise")
        body, headers = self.body(told, told.crm_id)
        for _ in range(3):  # they send more than once, and in bursts
            assert client.post(told.hook, data=body, headers=headers).status_code == 200
        assert told.server.asked == []
        clock.advance(seconds=6)
        told.run_due()
        assert self.tier(told) == "enterprise"
        assert [one.method for one in told.server.asked] == ["GET"]

    def test_salesforce_gets_its_acknowledgement(self, told, client):
        body, headers = self.body(told, told.crm_id)
        answer = client.post(told.hook, data=body, headers=headers)
        if told.kind == "salesforce":
            assert "<Ack>true</Ack>" in answer.text
            assert answer.mimetype == "text/xml"
        else:
            assert answer.get_json() == {"taken": 1}

    def test_what_is_not_theirs_is_refused_and_asks_nobody(self, told, client, clock):
        body, headers = self.body(told, told.crm_id)
        changed = told.hook[:-3] + ("abc" if not told.hook.endswith("abc") else "xyz")
        assert client.post(changed, data=body, headers=headers).status_code == 404
        if told.kind == "hubspot":
            assert client.post(told.hook, data=body + " ", headers=headers).status_code == 401
            assert client.post(told.hook, data=body, content_type="application/json").status_code == 401
            forged, signed = HubSpot.hook(f"http://localhost:5000{told.hook}", secret="another")
            assert client.post(told.hook, data=forged, headers=signed).status_code == 401
            clock.advance(minutes=6)
            assert client.post(told.hook, data=body, headers=headers).status_code == 401
        else:
            foreign, _ = self.body(told, told.crm_id, organization="00D000000000009EAA")
            assert client.post(told.hook, data=foreign, headers=headers).status_code == 401
        told.run_due()
        assert told.server.asked == []

    @pytest.mark.parametrize(
        "data",
        [b"", b"{}", b"[1]", b"<a/>", b"\xff\xfe", b"[" * 5000, b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'],
        ids=["empty", "object", "number", "xml", "bytes", "deep", "entity"],
    )
    def test_a_body_of_another_kind_is_no_crash(self, told, client, data):
        if told.kind == "salesforce":
            assert client.post(told.hook, data=data, content_type="text/xml").status_code in (401, 422)
            return

        stamp = str(int(time.time() * 1000))
        text = f"POSThttp://localhost:5000{told.hook}".encode() + data + stamp.encode()
        made = base64.b64encode(hmac.new(APP_SECRET.encode(), text, hashlib.sha256).digest()).decode()
        headers = {"X-HubSpot-Signature-v3": made, "X-HubSpot-Request-Timestamp": stamp}
        assert client.post(told.hook, data=data, headers=headers).status_code == 422

    def test_merged_there_the_new_id_is_kept_even_where_the_old_one_leads_nowhere(self, told, client, clock):
        other = told.server.add(email="x@example.com", support_tier="premium")
        now = told.server.merge(other, told.crm_id)
        if told.kind == "hubspot":
            told.server.merged.clear()
            event = {
                "subscriptionType": "contact.merge",
                "objectId": int(now),
                "primaryObjectId": int(other),
                "mergedObjectIds": [int(told.crm_id)],
                "newObjectId": int(now),
            }
            body, headers = HubSpot.hook(f"http://localhost:5000{told.hook}", event)
        else:
            body, headers = self.body(told, told.crm_id)
        assert client.post(told.hook, data=body, headers=headers).status_code == 200
        clock.advance(seconds=6)
        told.run_due()
        assert next(one.crm_id for one in told.rows(Customer) if one.id == told.customer_id) == now

    def test_after_disconnecting_the_address_is_dead(self, told, client):
        body, headers = self.body(told, told.crm_id)
        told.inside(lambda: _cut(told.kind))
        assert client.post(told.hook, data=body, headers=headers).status_code == 404


def _cut(kind):
    with transaction() as session:
        session.execute(sa.delete(SyncEntry), execution_options={"synchronize_session": False})
        session.delete(connection.find_connection(kind))


class TestBilling:
    @pytest.fixture
    def paid(self, desk_of):
        desk = desk_of("stripe")
        desk.customer = desk.make.customer(email="maria@example.com", workspace=desk.workspace)
        desk.path = f"/api/v1/customers/{desk.customer.id}/accounts"
        return desk

    def test_without_a_connection_there_is_nothing_to_show(self, paid):
        assert paid.browser.get(paid.path).get_json() == {"crm": None, "billing": None, "asking": False}

    def test_subscription_and_invoices_come_at_once_and_are_kept_with_their_age(self, paid, clock):
        key = paid.server.add("maria@example.com")
        paid.connect()
        paid.server.asked.clear()
        found = paid.browser.get(paid.path).get_json()["billing"]
        assert found["known"]
        assert found["subscriptions"][0]["plan"] == "Team, yearly"
        assert found["subscriptions"][0]["amount"] == 48000
        assert [one["status"] for one in found["invoices"]] == ["open", "paid"]
        assert found["url"] == f"https://dashboard.stripe.com/customers/{key}"
        asked = len(paid.server.asked)
        paid.browser.get(paid.path)
        assert len(paid.server.asked) == asked
        clock.advance(minutes=20)
        again = paid.browser.get(paid.path).get_json()["billing"]
        assert again["as_of"] == found["as_of"]
        assert len(paid.server.asked) == asked  # shown at once, asked aside
        paid.run_due()
        assert paid.browser.get(paid.path).get_json()["billing"]["as_of"] > found["as_of"]

    def test_of_several_with_the_address_the_newest_that_pays_is_shown_and_that_there_are_more(self, paid):
        _oldest, paying, newest = (paid.server.add("maria@example.com") for _ in range(3))
        paid.server.subscriptions = [one for one in paid.server.subscriptions if one["customer"] != newest]
        paid.connect()
        found = paid.browser.get(paid.path).get_json()["billing"]
        assert found["url"].endswith(f"/{paying}")
        assert (found["others"], found["label"]) == (2, "Stripe (1 of 3 with this address)")
        paid.server.subscriptions.clear()
        paid.server.customers[paying]["email"] = "maria@other.example"
        found = paid.browser.get(f"{paid.path}?anew=true").get_json()["billing"]
        assert found["url"].endswith(f"/{newest}"), "nobody pays: the newest of the address"
        assert found["others"] == 2, "the one that was shown is still known"
        paid.server.customers.clear()
        assert paid.browser.get(f"{paid.path}?anew=true").get_json()["billing"]["known"] is False

    def test_asked_anew_it_is_asked_now(self, paid):
        paid.server.add("maria@example.com")
        paid.connect()
        paid.browser.get(paid.path)
        asked = len(paid.server.asked)
        assert paid.browser.get(f"{paid.path}?anew=true").status_code == 200
        assert len(paid.server.asked) > asked

    def test_nobody_there_and_somebody_deleted_there(self, paid):
        paid.connect()
        assert not paid.browser.get(paid.path).get_json()["billing"]["known"]
        key = paid.server.add("maria@example.com")
        assert paid.browser.get(f"{paid.path}?anew=true").get_json()["billing"]["known"]
        paid.server.delete(key)
        assert not paid.browser.get(f"{paid.path}?anew=true").get_json()["billing"]["known"]
        other = paid.server.add("maria@example.com")
        found = paid.browser.get(f"{paid.path}?anew=true").get_json()["billing"]
        assert found["url"].endswith(other)

    def test_while_they_have_trouble_the_last_answer_stays_and_says_so(self, paid):
        paid.server.add("maria@example.com")
        paid.connect()
        paid.browser.get(paid.path)
        paid.server.fail(500, times=9)
        found = paid.browser.get(f"{paid.path}?anew=true").get_json()["billing"]
        assert found["known"]
        assert "500" in found["problem"]

    def test_too_many_requests_are_waited_for_as_long_as_they_say_and_said(self, paid, clock):
        paid.server.add("maria@example.com")
        paid.connect()
        paid.browser.get(paid.path)
        paid.server.fail(429, {"error": {"message": "Rate limit"}}, {"Retry-After": "900"}, times=1)
        found = paid.browser.get(f"{paid.path}?anew=true").get_json()["billing"]
        assert found["known"]
        assert "fewer requests" in found["problem"]
        assert "fewer requests" in paid.text()
        asked = len(paid.server.asked)
        paid.browser.get(f"{paid.path}?anew=true")
        assert len(paid.server.asked) == asked
        clock.advance(minutes=16)
        found = paid.browser.get(f"{paid.path}?anew=true").get_json()["billing"]
        assert (found["known"], found["problem"]) == (True, None)
        assert "fewer requests" not in paid.text("?only=ok")

    def test_a_customer_changed_there_shows_what_is_so_now(self, paid):
        key = paid.server.add("maria@example.com")
        paid.connect()
        paid.browser.get(paid.path)
        paid.server.customers[key]["delinquent"] = True
        paid.server.subscriptions[0]["status"] = "past_due"
        found = paid.browser.get(f"{paid.path}?anew=true").get_json()["billing"]
        assert found["delinquent"]
        assert found["subscriptions"][0]["status"] == "past_due"

    def test_a_key_that_was_revoked_is_said_on_both_pages(self, paid):
        paid.server.add("maria@example.com")
        paid.connect()
        paid.server.expire()
        found = paid.browser.get(paid.path).get_json()["billing"]
        assert "Invalid API Key" in found["problem"]
        assert "Connect again" in paid.text()
        asked = len(paid.server.asked)
        paid.browser.get(paid.path)
        assert len(paid.server.asked) == asked

    def test_a_slow_answer_is_not_waited_for(self, paid, monkeypatch):
        monkeypatch.setattr(billing, "ASK_SECONDS", 0.2)
        paid.server.add("maria@example.com")
        paid.connect()
        paid.server.slow = 1
        found = paid.browser.get(paid.path).get_json()["billing"]
        assert not found["known"]
        assert found["problem"]


class TestTier:
    def test_the_route_gives_tier_plan_and_age(self, desk):
        desk.make.customer(email="maria@example.com", tier="premium", workspace=desk.workspace)
        path = "/api/v1/customers/maria@example.com/tier"
        found = desk.browser.get(path).get_json()
        assert (found["tier"], found["support_plan"], found["source"]) == ("premium", None, "parley")
        assert desk.browser.get("/api/v1/customers/nobody@example.com/tier").status_code == 404

    def test_an_old_answer_is_asked_for_aside(self, clock, desk):
        desk.make.customer(email="maria@example.com", workspace=desk.workspace)
        desk.inside(lambda: connect(desk.kind, desk.server, workspace_id=desk.workspace.id))
        path = "/api/v1/customers/maria@example.com/tier"
        assert desk.browser.get(path).get_json()["source"] == desk.kind
        clock.advance(hours=1)
        assert desk.browser.get(path).get_json()["age_seconds"] == 3600
        assert [job.type for job in desk.rows(Job)].count("crm.ask") == 1
        desk.run_due()
        assert desk.browser.get(path).get_json()["age_seconds"] == 0

    def test_the_panel_gives_the_last_answer_and_asks_for_another_one_aside(self, desk, clock):
        field = {"hubspot": "email", "salesforce": "Email"}[desk.kind]
        desk.server.add(**{field: "maria@example.com"})
        customer = desk.make.customer(email="maria@example.com", workspace=desk.workspace)
        desk.connect()
        path = f"/api/v1/customers/{customer.id}/accounts"
        first = desk.browser.get(path).get_json()
        assert (first["crm"]["as_of"], first["asking"]) == (None, True)
        desk.run_due()
        known = desk.browser.get(path).get_json()
        assert known["crm"]["as_of"]
        assert known["crm"]["url"]
        assert not known["asking"]
        clock.advance(minutes=1)
        again = desk.browser.get(f"{path}?anew=true").get_json()
        assert again["crm"]["as_of"] > known["crm"]["as_of"]
