"""The pages of inboxes: what they save, refuse, keep and show."""

import itertools
import re
import uuid

import pytest
import sqlalchemy as sa

from tests.support.pages import form_of, forms_of, submit
from webapp.extensions import db
from webapp.models import Event, Inbox
from webapp.signing import unseal
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

HERE = "/settings/inboxes"
FORM = {
    "name": "Shop",
    "is_active": "1",
    "allowed_sites": "https://Shop.Example.com/\nhttp://localhost:5001\n\nhttps://shop.example.com",
    "greeting": "Hello!\r\nHow can we help?",
    "colour": "#FFE08A",
    "timezone": "Europe/Berlin",
    "hours.mon.0.opens": "09:00",
    "hours.mon.0.closes": "12:00",
    "hours.mon.7.opens": "13:00",
    "hours.mon.7.closes": "17:30",
    "hours.fri.0.opens": "22:00",
    "hours.fri.0.closes": "02:00",
    "prechat.0.label": "Your name",
    "prechat.0.name": "name",
    "prechat.0.type": "text",
    "prechat.0.required": "1",
    "prechat.3.label": "Which branch?",
    "prechat.3.name": "",
    "prechat.3.type": "select",
    "prechat.3.options": "Kiel\r\nLübeck\r\n",
    "consent_text": "I agree.",
    "consent_url": "https://shop.example.com/privacy",
}


@pytest.fixture
def admin(make, sign_in):
    return sign_in(make.user(role="admin"))


@pytest.fixture
def load(app):
    def row(inbox_id=None):
        with app.app_context():
            query = sa.select(Inbox)
            found = db.session.scalar(query.where(Inbox.id == inbox_id) if inbox_id else query)
            if found is not None:
                db.session.expunge(found)
            return found

    return row


def test_a_new_inbox_is_what_was_typed(admin, load):
    answer = submit(admin, f"{HERE}/new", FORM)

    made = load()
    assert answer.location == f"{HERE}/{made.id}"
    assert made.allowed_sites == ["https://shop.example.com", "http://localhost:5001"]
    assert made.greeting == "Hello!\nHow can we help?"
    assert (made.colour, made.timezone) == ("#ffe08a", "Europe/Berlin")
    assert made.hours["mon"] == [["09:00", "12:00"], ["13:00", "17:30"]]
    assert made.hours["fri"] == [["22:00", "02:00"]]
    assert made.hours["sun"] == []
    assert made.prechat == [
        {"name": "name", "label": "Your name", "type": "text", "required": True},
        {
            "name": "which_branch",
            "label": "Which branch?",
            "type": "select",
            "required": False,
            "options": ["Kiel", "Lübeck"],
        },
    ]
    assert made.consent == {"text": "I agree.", "url": "https://shop.example.com/privacy"}
    assert len(made.key) == 16


def test_the_page_shows_what_is_saved_and_says_so(admin, load):
    created = submit(admin, f"{HERE}/new", FORM)

    page = admin.get(created.location).text

    assert 'role="status"' in page
    assert "Saved" in page
    for text in ("Lübeck", "13:00", "https://shop.example.com/privacy", f"/w/{load().key}.js&#34;"):
        assert text in page
    assert load().key in admin.get(created.location).text
    assert "Saved" not in admin.get(created.location).text.split("<form")[0]


def test_saving_what_is_shown_changes_nothing(app, admin, load, make):
    submit(admin, f"{HERE}/new", FORM)
    made = load()

    submit(admin, f"{HERE}/{made.id}", {**FORM, "version": made.version})

    assert load().version == made.version
    with app.app_context(), use_workspace(made.workspace_id):
        assert not db.session.scalars(sa.select(Event).where(Event.name == "inbox.updated")).all()


def test_a_change_is_in_the_ledger(app, admin, load):
    submit(admin, f"{HERE}/new", FORM)
    made = load()

    submit(admin, f"{HERE}/{made.id}", {**FORM, "version": 1, "name": "Boutique", "always_open": "1"})

    with app.app_context(), use_workspace(made.workspace_id):
        (event,) = db.session.scalars(sa.select(Event).where(Event.name == "inbox.updated"))
        assert event.changes == {"name": ["Shop", "Boutique"], "hours": [made.hours, {}]}
        assert event.door == "page"


BAD = [
    ("name", "", "name"),
    ("name", "x" * 101, "name"),
    ("allowed_sites", "ftp://shop.example.com", "allowed_sites"),
    ("allowed_sites", "https://shop.example.com/path", "allowed_sites"),
    ("allowed_sites", "https://*.example.com", "allowed_sites"),
    ("allowed_sites", "javascript:alert(1)", "allowed_sites"),
    ("allowed_sites", "https://shop.example.com 'unsafe-inline'", "allowed_sites"),
    ("allowed_sites", "https://shop.example.com;script-src", "allowed_sites"),
    ("colour", "red", "colour"),
    ("colour", "#12345", "colour"),
    ("timezone", "Mars/Olympus", "timezone"),
    ("timezone", "../../etc/passwd", "timezone"),
    ("hours.mon.0.opens", "25:00", "hours"),
    ("hours.mon.0.closes", "14:00", "hours"),
    ("prechat.0.label", " ", "prechat.0.label"),
    ("prechat.0.type", "password", "prechat.0.type"),
    ("prechat.3.options", "Kiel", None),
    ("consent_url", "javascript:alert(1)", "consent_url"),
    ("greeting", "a\x00b", "greeting"),
    ("greeting", "x" * 501, "greeting"),
]


@pytest.mark.parametrize(
    "field, value, marked", BAD, ids=[f"{field}-{number}" for number, (field, *_) in enumerate(BAD)]
)
def test_a_mistake_is_marked_at_its_field_and_nothing_is_lost(admin, load, field, value, marked):
    answer = submit(admin, f"{HERE}/new", {**FORM, field: value})

    assert answer.status_code == 422
    assert load() is None
    assert "Lübeck" in answer.text or field == "prechat.3.options"
    assert "17:30" in answer.text
    if marked and not marked.startswith("hours"):
        after = answer.text.split(f'name="{marked}"')[1]
        assert 'aria-invalid="true"' in after.split(">")[0]


@pytest.mark.parametrize(
    "extra",
    ["id", "workspace_id", "key", "secret_box", "channel", "created_at", "prechat.0.evil", "hours.mon.0.x"],
)
def test_s14_other_fields_are_refused(admin, load, make, extra):
    answer = submit(admin, f"{HERE}/new", {**FORM, extra: "1"})

    assert answer.status_code == 422
    assert load() is None


@pytest.mark.parametrize("extra", ["name.x", "hours", "prechat", "hours.noday.0.opens", "prechat.x.label"])
def test_forms_of_another_shape_are_refused(admin, load, extra):
    data = {name: value for name, value in FORM.items() if not name.startswith(extra + ".")}

    assert submit(admin, f"{HERE}/new", {**data, extra: "x"}).status_code == 422
    assert load() is None


class TestTwoAtOnce:
    def test_the_second_is_told_and_keeps_what_was_typed(self, admin, load):
        submit(admin, f"{HERE}/new", FORM)
        made = load()
        submit(admin, f"{HERE}/{made.id}", {**FORM, "version": 1, "name": "Boutique"})

        answer = submit(admin, f"{HERE}/{made.id}", {**FORM, "version": 1, "greeting": "Moin!"})

        assert answer.status_code == 409
        assert "Moin!" in answer.text
        assert "<del>Shop</del>" in answer.text
        assert "<ins>Boutique</ins>" in answer.text
        assert load().name == "Boutique"
        assert 'name="version" value="2"' in answer.text

    def test_saving_again_is_then_a_decision(self, admin, load):
        submit(admin, f"{HERE}/new", FORM)
        made = load()
        submit(admin, f"{HERE}/{made.id}", {**FORM, "version": 1, "name": "Boutique"})

        submit(admin, f"{HERE}/{made.id}", {**FORM, "version": 2, "greeting": "Moin!"})

        assert (load().name, load().greeting) == ("Shop", "Moin!")

    @pytest.mark.parametrize("version", ["", "x", "1.5"])
    def test_with_no_version_of_ours_nothing_is_saved(self, admin, load, version):
        submit(admin, f"{HERE}/new", FORM)

        answer = submit(admin, f"{HERE}/{load().id}", {**FORM, "version": version, "name": "New"})

        assert answer.status_code == 409
        assert load().name == "Shop"


class TestRowsWithoutScripts:
    def test_come(self, admin, load):
        answer = submit(admin, f"{HERE}/new", {**FORM, "add": "prechat"})

        assert answer.status_code == 200
        assert load() is None
        assert 'name="prechat.2.label"' in answer.text
        assert "17:30" in answer.text

    def test_come_to_a_day(self, admin):
        assert (
            'name="hours.tue.0.opens" value="09:00"'
            in submit(admin, f"{HERE}/new", {**FORM, "add": "tue"}).text
        )

    @pytest.mark.parametrize("place, gone", [("prechat.1", "Lübeck"), ("mon.1", "17:30"), ("fri.0", "22:00")])
    def test_go(self, admin, place, gone):
        assert gone not in submit(admin, f"{HERE}/new", {**FORM, "remove": place}).text

    @pytest.mark.parametrize("place", ["prechat.9", "mon.x", "nothing", "prechat.-1", "..", "mon."])
    def test_that_are_not_there_are_not_missed(self, admin, place):
        assert submit(admin, f"{HERE}/new", {**FORM, "remove": place}).status_code == 200


class TestSecrets:
    def test_s62_are_sealed_at_rest_and_shown_only_where_asked_for(self, app, admin, load):
        submit(admin, f"{HERE}/new", FORM)
        made = load()
        with app.app_context():
            secret = unseal(made.secret_box)

        assert secret not in made.secret_box
        assert secret not in admin.get(f"{HERE}/{made.id}").text
        shown = admin.get(f"{HERE}/{made.id}/secret")
        assert secret in shown.text
        assert shown.headers["Cache-Control"] == "no-store"

    def test_can_be_replaced_without_a_trace_in_the_ledger(self, app, admin, load):
        submit(admin, f"{HERE}/new", FORM)
        made = load()

        submit(admin, f"{HERE}/{made.id}/secret")

        with app.app_context(), use_workspace(made.workspace_id):
            secrets = [unseal(made.secret_box), unseal(load().secret_box)]
            assert secrets[0] != secrets[1]
            ledger = str([event.changes for event in db.session.scalars(sa.select(Event))])
        assert not [secret for secret in secrets if secret in ledger]

    def test_the_key_can_be_replaced(self, admin, load):
        submit(admin, f"{HERE}/new", FORM)
        made = load()

        submit(admin, f"{HERE}/{made.id}/key", page=f"{HERE}/{made.id}")

        assert load().key != made.key
        assert admin.get(f"/chat/{made.key}").status_code == 404
        assert admin.get(f"/chat/{load().key}").status_code == 200


@pytest.mark.parametrize("role", ["viewer", "agent", "senior_agent"])
def test_only_admins_get_in(make, sign_in, role):
    inbox = make.inbox()
    browser = sign_in(make.user(role=role))

    for path in (HERE, f"{HERE}/new", f"{HERE}/{inbox.id}", f"{HERE}/{inbox.id}/secret", "/settings/people"):
        answer = browser.get(path)
        assert answer.status_code == 403, path
        assert "Not for you" in answer.text
    assert f'href="{HERE}' not in browser.get("/profile").text
    assert 'href="/settings/people' not in browser.get("/profile").text
    for path in set(re.findall(r'href="(/settings[^"]*)"', browser.get("/profile").text)):
        assert browser.get(path).status_code == 200, f"{path} is offered"


def test_those_of_another_workspace_are_not_there(make, sign_in, load):
    ours, theirs = make.workspace(), make.workspace()
    inbox = make.inbox(workspace=theirs, name="Theirs")
    browser = sign_in(make.user(role="admin", workspace=ours))

    assert "Theirs" not in browser.get(HERE).text
    for path, method in itertools.product(
        (f"{HERE}/{inbox.id}", f"{HERE}/{inbox.id}/secret"), ("get", "post")
    ):
        if method == "get":
            assert browser.get(path).status_code == 404
        else:
            assert submit(browser, path, {**FORM, "version": 1}, page="/profile").status_code == 404
    assert submit(browser, f"{HERE}/{inbox.id}/key", page="/profile").status_code == 404
    assert load(inbox.id).name == "Theirs"


def test_a_name_with_markup_is_text(admin, load):
    name = '"><script>alert(1)</script>'

    submit(admin, f"{HERE}/new", {**FORM, "name": name, "greeting": name})

    for path in (HERE, f"{HERE}/{load().id}"):
        page = admin.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


class TestAnInboxThatIsOff:
    """It takes nothing new at any door, keeps what there is, is offered nowhere, and can come back."""

    def switch(self, admin, inbox, is_on):
        here = f"{HERE}/{inbox.id}"
        page = admin.get(here).text
        fields = next(found for where, found, given in forms_of(page) if given.get("id") == "inbox-form")
        fields.pop("is_active", None)
        saved = admin.post(here, data={**fields, **({"is_active": "1"} if is_on else {})})
        assert saved.status_code == 302
        assert "is offered nowhere" in page

    def test_its_chats_go_on_but_none_begins_until_it_is_on_again(
        self, app, admin, *, load, make, visitor, agent
    ):
        inbox = make.inbox(name="Shop")
        writing, reading = visitor(inbox), visitor(inbox, email="leo@example.com")
        ticket_id = writing.write("Hello")["ticket"]["id"]
        self.switch(admin, inbox, False)
        assert not load(inbox.id).is_active
        assert writing.write("Still there?")["ticket"]["id"] == ticket_id
        refused = reading.post("comments", {"client_id": str(uuid.uuid4()), "content": "Hi", "prechat": {}})
        assert (refused.status_code, refused.json["code"]) == (403, "inbox_off")
        assert reading.get("state").json["availability"]["state"] == "closed"
        asked = app.test_client().post("/api/v1/chat/visitors", json={"inbox_key": inbox.key})
        assert asked.status_code == 404
        assert app.test_client().get(f"/w/{inbox.key}.js").text == ""
        staff = agent(make.user(role="agent"))
        assert staff.get(f"tickets/{ticket_id}").status_code == 200
        self.switch(admin, inbox, True)
        assert reading.write("Hi")["ticket"]["id"] != ticket_id

    def test_it_is_offered_nowhere_but_where_it_was_chosen(self, admin, make):
        make.inbox(name="New shop")
        inbox = make.inbox(name="Old shop")
        team = make.team(name="Sales")
        places = ("/settings/policies/new", "/settings/routing", "/profile/notifications")
        self.switch(admin, inbox, False)
        for place in places:
            page = admin.get(place).text
            assert ("Old shop" in page, "New shop" in page) == (False, place != "/profile/notifications"), (
                place
            )
        self.switch(admin, inbox, True)
        rules = form_of(admin.get("/settings/routing").text, "")
        chosen = next(name for name, value in rules.items() if value == str(inbox.id))
        rules[chosen.replace("inbox_id", "team_id")] = str(team.id)
        assert admin.post("/settings/routing", data=rules).status_code == 302
        self.switch(admin, inbox, False)
        assert "Old shop" in admin.get("/settings/routing").text
        assert "Off</span>" in admin.get(HERE).text
