"""The second factor: set up by its code, asked for at sign-in, each code once, and what a role must have."""

import json
import re
import uuid

import pyotp
import pytest
import sqlalchemy as sa

from tests.factories import PASSWORD
from tests.support.pages import csrf_token, submit
from webapp import bus
from webapp.auth import hash_token, session_cookie_name
from webapp.database import transaction
from webapp.extensions import db
from webapp.models import AuditEntry, Event, RecoveryCode, User, UserSession
from webapp.services.safety import second_factor
from webapp.services.session import SessionsEnded
from webapp.signing import seal, unseal
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

COOKIE = session_cookie_name(secure=False)
SET_UP = "/profile/second-factor"


def code_of(secret, clock, steps=0):
    return pyotp.TOTP(secret).at(int(clock.now().timestamp()) + 30 * steps)


class Phone:
    """Somebody's authenticator app and the recovery codes they wrote down."""

    def __init__(self, secret, recovery_codes, clock):
        self.secret, self.recovery_codes, self.clock = secret, recovery_codes, clock

    def code(self, steps=0):
        return code_of(self.secret, self.clock, steps)

    def next_code(self):
        self.clock.advance(seconds=30)
        return self.code()


@pytest.fixture
def set_up(sign_in, clock):
    """`set_up(user)`: a second factor set up through the page, a step ago."""

    def act(user, browser=None):
        phone = enable(browser or sign_in(user), clock)
        clock.advance(seconds=30)
        return phone

    return act


def enable(browser, clock, path=SET_UP):
    page = browser.get(path).text
    secret = re.search(r'<code id="key">([A-Z2-7 ]+)</code>', page)[1].replace(" ", "")
    answer = browser.post(
        SET_UP,
        data={
            "csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', page)[1],
            "box": re.search(r'name="box" value="([^"]+)"', page)[1],
            "next": re.search(r'name="next" value="([^"]+)"', page)[1],
            "code": code_of(secret, clock),
        },
    )
    assert answer.status_code == 200, answer.text
    codes = re.search(r'<code id="codes" class="codes">([^<]+)</code>', answer.text)[1].split()
    return Phone(secret, codes, clock)


def give_password(browser, user, **data):
    return submit(browser, "/sign-in", {"email": user.email, "password": PASSWORD, **data})


def give_code(browser, code):
    return submit(browser, "/sign-in/code", {"code": code})


def events(app, user, *names):
    with app.app_context(), use_workspace(user.workspace_id):
        query = sa.select(Event).where(Event.name.in_(names)).order_by(Event.workspace_seq)
        return list(db.session.scalars(query))


class TestSettingUp:
    def test_takes_a_code_and_gives_ten_recovery_codes_once(self, app, make, sign_in, clock):
        user = make.user()
        browser = sign_in(user)

        phone = enable(browser, clock)

        assert len(set(phone.recovery_codes)) == 10
        assert all(re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", code) for code in phone.recovery_codes)
        assert not any(code in browser.get(SET_UP).text for code in (phone.secret, *phone.recovery_codes))
        assert "10 recovery codes left" in browser.get(SET_UP).text
        assert [event.subject_id for event in events(app, user, "user.second_factor_enabled")] == [user.id]

    def test_at_rest_the_secret_is_sealed_and_the_recovery_codes_hashed(self, app, make, set_up):
        user = make.user()
        phone = set_up(user)

        with app.app_context(), use_workspace(user.workspace_id):
            stored = db.session.get(User, user.id)
            assert phone.secret not in stored.second_factor_box
            assert unseal(stored.second_factor_box) == phone.secret
            hashes = set(db.session.scalars(sa.select(RecoveryCode.code_hash)))
        assert hashes == {hash_token(code.replace("-", "")) for code in phone.recovery_codes}

    def test_signs_the_other_devices_out(self, make, sign_in, set_up):
        user = make.user()
        other, here = sign_in(user), sign_in(user)

        set_up(user, here)

        assert other.get("/profile").status_code == 302
        assert here.get("/profile").status_code == 200

    def test_a_wrong_code_leaves_the_page_as_it_was(self, app, make, sign_in, clock):
        user = make.user()
        browser = sign_in(user)
        page = browser.get(SET_UP).text
        box = re.search(r'name="box" value="([^"]+)"', page)[1]

        answer = submit(browser, SET_UP, {"box": box, "code": "000000"})

        assert answer.status_code == 422
        assert box in answer.text
        assert "does not fit" in answer.text
        assert not events(app, user, "user.second_factor_enabled")

    def test_the_box_of_another_person_or_of_long_ago_is_refused(self, app, make, sign_in, clock):
        user = make.user()
        browser = sign_in(user)
        with app.app_context():
            foreign = second_factor.begin(actor=make.actor(make.user()))
            old = second_factor.begin(actor=make.actor(user))

        refused = submit(browser, SET_UP, {"box": foreign.box, "code": code_of(foreign.secret, clock)})
        clock.advance(minutes=31)
        late = submit(browser, SET_UP, {"box": old.box, "code": code_of(old.secret, clock)})
        with app.app_context():
            odd = [
                submit(browser, SET_UP, {"box": box, "code": "1"})
                for box in ("", "x", seal("[]"), seal("{}"))
            ]

        assert {answer.status_code for answer in (refused, late, *odd)} == {409}
        assert foreign.box not in refused.text

    def test_twice_is_refused(self, app, make, sign_in, set_up, clock):
        user = make.user()
        browser = sign_in(user)
        with app.app_context():
            second = second_factor.begin(actor=make.actor(user))
        set_up(user, browser)

        answer = submit(browser, SET_UP, {"box": second.box, "code": code_of(second.secret, clock)})

        assert answer.status_code == 409
        assert len(events(app, user, "user.second_factor_enabled")) == 1


class TestSigningIn:
    def test_s42_the_password_alone_makes_no_session(self, app, client, make, set_up):
        user = make.user()
        set_up(user)
        with app.app_context():
            before = db.session.scalar(sa.select(sa.func.count()).select_from(UserSession))

        answer = give_password(client, user, next="/customers?q=x")

        assert answer.location == "/sign-in/code"
        assert client.get_cookie(COOKIE) is None
        for path in ("/profile", "/agent/v/all", SET_UP, "/settings/people"):
            assert client.get(path).location.startswith("/sign-in?next=")
        assert client.get("/api/v1/me").status_code == 401
        with app.app_context():
            assert db.session.scalar(sa.select(sa.func.count()).select_from(UserSession)) == before

    def test_s42_s45_the_code_makes_it_and_next_survives(self, app, client, make, set_up):
        user = make.user()
        phone = set_up(user)
        give_password(client, user, next="/customers?q=x")

        answer = give_code(client, phone.code())

        assert answer.location == "/customers?q=x"
        assert client.get("/profile").status_code == 200
        assert events(app, user, "session.created")[-1].changes == {"method": [None, "code"]}
        assert client.get("/sign-in/code").location == "/sign-in"

    @pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
    def test_s45_next_leads_nowhere_else(self, client, make, set_up, target):
        user = make.user()
        phone = set_up(user)
        give_password(client, user, next=target)

        assert give_code(client, phone.code()).location == "/agent"

    @pytest.mark.parametrize("steps", [-1, 0, 1])
    def test_a_clock_may_be_half_a_minute_off(self, client, make, set_up, clock, steps):
        user = make.user()
        phone = set_up(user)
        clock.advance(minutes=5)
        give_password(client, user)

        assert give_code(client, phone.code(steps)).status_code == 302

    @pytest.mark.parametrize("steps", [-2, 2])
    def test_but_not_more(self, client, make, set_up, clock, steps):
        user = make.user()
        phone = set_up(user)
        clock.advance(minutes=5)
        give_password(client, user)

        assert give_code(client, phone.code(steps)).status_code == 422

    def test_each_code_is_taken_once_and_none_before_it(self, app, make, set_up, clock):
        user = make.user()
        phone = set_up(user)
        clock.advance(minutes=5)
        code, earlier = phone.code(), phone.code(-1)
        first, second = app.test_client(), app.test_client()
        for browser in (first, second):
            give_password(browser, user)

        assert give_code(first, code).status_code == 302
        assert [give_code(second, used).status_code for used in (code, earlier)] == [422, 422]

    def test_a_recovery_code_serves_once_however_it_is_typed(self, app, make, set_up):
        user = make.user()
        phone = set_up(user)
        first, second = app.test_client(), app.test_client()
        for browser in (first, second):
            give_password(browser, user)
        typed = phone.recovery_codes[3].upper().replace("-", " ")

        assert give_code(first, typed).status_code == 302
        assert give_code(second, phone.recovery_codes[3]).status_code == 422
        assert "9 recovery codes left" in first.get(SET_UP).text
        used = events(app, user, "user.recovery_code_used")
        assert [(event.changes, event.actor_id) for event in used] == [({"codes_left": [10, 9]}, user.id)]

    def test_whatever_is_wrong_gets_the_same_answer(self, app, client, make, set_up):
        user, other = make.user(), make.user()
        phone, foreign = set_up(user), set_up(other)
        used = phone.recovery_codes[0]
        first = app.test_client()
        give_password(first, user)
        give_code(first, used)
        give_password(client, user)

        shown = set()
        for code in ("000000", "", "1", used, foreign.recovery_codes[0], "x" * 16, "١٢٣٤٥٦", "12345é"):
            app.extensions["parley_limiter"].reset()
            answer = give_code(client, code)
            shown.add((answer.status_code, re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text)))

        assert len(shown) == 1
        assert client.get_cookie(COOKIE) is None

    def test_the_step_between_is_bound_to_the_browser(self, app, client, make, set_up):
        user = make.user()
        phone = set_up(user)
        give_password(client, user)
        other = app.test_client()
        token = csrf_token(other, "/sign-in")

        assert other.get("/sign-in/code").location == "/sign-in"
        answer = other.post("/sign-in/code", data={"csrf_token": token, "code": phone.code()})
        assert answer.location == "/sign-in"
        assert other.get_cookie(COOKIE) is None

    def test_the_step_between_ends_after_ten_minutes(self, client, make, set_up, clock):
        user = make.user()
        phone = set_up(user)
        give_password(client, user)
        token = csrf_token(client, "/sign-in/code")

        clock.advance(minutes=11)

        answer = client.post("/sign-in/code", data={"csrf_token": token, "code": phone.code()})
        assert answer.location == "/sign-in"

    def test_the_step_between_ends_with_another_password_or_without_access(self, app, client, make, set_up):
        user = make.user()
        phone = set_up(user)
        for change in ({"password_hash": "other"}, {"deactivated_at": phone.clock.now()}):
            give_password(client, user)
            token = csrf_token(client, "/sign-in/code")
            with app.app_context(), transaction() as session:
                kept = {name: getattr(session.get(User, user.id), name) for name in change}
                session.execute(sa.update(User).where(User.id == user.id).values(change))
            answer = client.post("/sign-in/code", data={"csrf_token": token, "code": phone.next_code()})
            assert (answer.location, client.get_cookie(COOKIE)) == ("/sign-in", None)
            with app.app_context(), transaction() as session:
                session.execute(sa.update(User).where(User.id == user.id).values(kept))

    def test_s44_guessing_codes_ends_by_account_wherever_it_comes_from(self, app, make, set_up):
        user = make.user()
        set_up(user)
        statuses = []
        for number in range(6):
            browser = app.test_client()
            give_password(browser, user)
            token = csrf_token(browser, "/sign-in/code")
            answer = browser.post(
                "/sign-in/code",
                data={"csrf_token": token, "code": f"00000{number}"},
                environ_base={"REMOTE_ADDR": f"192.0.2.{number}"},
            )
            statuses.append(answer.status_code)

        # One try was the setting up itself.
        assert statuses == [422] * 4 + [429] * 2
        assert int(answer.headers["Retry-After"]) > 0

    def test_s43_the_code_wants_the_pages_own_token(self, client, make, set_up):
        user = make.user()
        phone = set_up(user)
        before = csrf_token(client, "/sign-in")
        give_password(client, user)

        assert (
            client.post("/sign-in/code", data={"csrf_token": before, "code": phone.code()}).status_code == 403
        )


class TestTurningItOff:
    def test_takes_password_and_code(self, app, make, sign_in, clock):
        user = make.user()
        browser = sign_in(user)
        phone = enable(browser, clock)
        path = f"{SET_UP}/disable"

        wrong = [
            {"password": "not this one", "code": phone.next_code()},
            {"password": PASSWORD, "code": "000000"},
            {"password": "", "code": ""},
        ]
        assert {submit(browser, path, data).status_code for data in wrong} == {422}
        answer = submit(browser, path, {"password": PASSWORD, "code": phone.next_code()})

        assert answer.location == "/profile"
        assert give_password(app.test_client(), user).location == "/agent"
        assert len(events(app, user, "user.second_factor_disabled")) == 1
        with app.app_context(), use_workspace(user.workspace_id):
            assert db.session.scalars(sa.select(RecoveryCode)).all() == []

    def test_what_does_not_fit_stands_in_the_audit_log(self, app, make, sign_in, clock):
        user = make.user(name="Mei")
        browser = sign_in(user)
        phone = enable(browser, clock)
        path = f"{SET_UP}/disable"

        submit(browser, path, {"password": "not this one", "code": phone.next_code()})
        submit(browser, path, {"password": PASSWORD, "code": "000000"})
        submit(browser, f"{SET_UP}/codes", {"code": "000000"}, page=SET_UP)
        submit(browser, path, {"password": PASSWORD, "code": phone.next_code()})

        with app.app_context(), use_workspace(user.workspace_id):
            query = sa.select(AuditEntry).where(AuditEntry.name == "user.second_factor_refused")
            entries = list(db.session.scalars(query.order_by(AuditEntry.seq)))
        assert [json.loads(entry.changes)["reason"] for entry in entries] == [
            [None, "password"],
            [None, "code"],
            [None, "code"],
        ]
        assert {(entry.actor_id, entry.subject_id, entry.subject) for entry in entries} == {
            (user.id, user.id, "Mei")
        }

    def test_new_recovery_codes_end_the_old_ones(self, app, make, sign_in, clock):
        user = make.user()
        browser = sign_in(user)
        phone = enable(browser, clock)

        answer = submit(browser, f"{SET_UP}/codes", {"code": phone.next_code()}, page=SET_UP)

        new = re.search(r'class="codes">([^<]+)</code>', answer.text)[1].split()
        assert not set(new) & set(phone.recovery_codes)
        other = app.test_client()
        give_password(other, user)
        assert give_code(other, phone.recovery_codes[0]).status_code == 422
        assert give_code(other, new[0]).status_code == 302
        assert len(events(app, user, "user.recovery_codes_renewed")) == 1


class TestAnAdminResetsIt:
    def test_and_the_person_is_signed_out_everywhere(self, app, make, set_up, sign_in):
        admin, user = make.user(role="admin"), make.user()
        browser = sign_in(user)
        set_up(user, browser)
        ended = []
        bus.subscribe(SessionsEnded, ended.append)

        with app.app_context(), use_workspace(user.workspace_id), transaction():
            second_factor.reset(user.id, actor=make.actor(admin))

        assert browser.get("/profile").status_code == 302
        assert ended[-1].reason == "second_factor_reset"
        assert give_password(app.test_client(), user).location == "/agent"
        (event,) = events(app, user, "user.second_factor_reset")
        assert (event.actor_id, event.subject_id) == (admin.id, user.id)
        assert uuid.UUID(str(event.id))

    def test_from_the_page_and_from_the_command_line(self, app, make, set_up, sign_in):
        admin, user, other = make.user(role="admin"), make.user(), make.user()
        set_up(user)
        set_up(other)
        page = f"/settings/people/{user.id}/safety"

        answer = submit(sign_in(admin), f"{page}/second-factor/reset", page=page)
        result = app.test_cli_runner().invoke(args=["user", "reset-second-factor", other.email])

        assert answer.location == page
        assert "without a code" in result.output
        for person in (user, other):
            assert give_password(app.test_client(), person).location == "/agent"
        doors = [event.door for event in events(app, user, "user.second_factor_reset")]
        assert doors == ["page", "cli"]

    def test_but_not_their_own(self, make, set_up, sign_in):
        admin = make.user(role="admin")
        browser = sign_in(admin)
        set_up(admin, browser)
        page = f"/settings/people/{admin.id}/safety"

        assert submit(browser, f"{page}/second-factor/reset", page=page).status_code == 409


class TestARoleThatMustHaveOne:
    @pytest.fixture
    def require(self, app, make, sign_in, set_up):
        """An admin with a second factor, who says so on the page."""
        make.workspace()
        admin = make.user(role="admin")
        browser = sign_in(admin)
        set_up(admin, browser)

        def act(*roles):
            data = {f"roles.{role}": "1" for role in roles}
            answer = submit(browser, "/settings/safety", data)
            assert answer.status_code == 302, answer.text
            return browser

        return act

    def test_who_has_none_is_signed_out_and_led_to_set_it_up(self, app, make, sign_in, require, clock):
        user = make.user()
        before = sign_in(user)

        require("agent")

        assert before.get("/profile").location == "/sign-in?next=/profile"
        browser = app.test_client()
        answer = give_password(browser, user, next="/customers?q=x")
        assert answer.location == "/customers?q=x"
        assert browser.get("/customers?q=x").location == f"{SET_UP}?next=/customers%3Fq%3Dx"
        assert browser.get("/sign-in").location == "/agent"
        phone = enable(browser, clock, f"{SET_UP}?next=/customers%3Fq%3Dx")
        assert len(phone.recovery_codes) == 10
        assert browser.get("/customers?q=x").status_code == 200
        other = app.test_client()
        clock.advance(seconds=30)
        give_password(other, user)
        assert give_code(other, phone.code()).location == "/agent"
        assert other.get("/profile").status_code == 200

    def test_until_then_they_can_do_nothing_else(self, app, make, agent, require):
        user = make.user()
        require("agent")
        browser = app.test_client()
        give_password(browser, user)

        open_pages = set()
        for rule in app.url_map.iter_rules():
            view = app.view_functions[rule.endpoint]
            staff_only = getattr(view, "access", "") not in ("public", "visitor", "token", "nobody", "")
            if not staff_only or "GET" not in rule.methods:
                continue
            path = re.sub(r"<(int:)[^>]+>", "1", rule.rule)
            path = re.sub(r"<[^>]+>", "00000000-0000-7000-8000-000000000000", path)
            answer = browser.get(path)
            if path.startswith("/api/"):
                assert (answer.status_code, answer.json["code"]) == (403, "second_factor_required"), path
            elif not (answer.status_code == 302 and answer.location.startswith(SET_UP)):
                open_pages.add(path)

        assert open_pages == {SET_UP}
        token = csrf_token(browser, SET_UP)
        for path in ("/profile", "/profile/password", f"{SET_UP}/disable", "/profile/devices/sign-out"):
            assert browser.post(path, data={"csrf_token": token, "name": "x"}).location.startswith(SET_UP)
        staff = agent(user)
        staff.http = browser
        assert not staff.connect().is_connected
        assert submit(browser, "/sign-out", page=SET_UP).location == "/sign-in"

    def test_an_open_socket_is_closed_at_once(self, make, agent, require):
        staff = agent(make.user())
        socket = staff.connect()
        assert socket.is_connected

        require("agent")

        assert not socket.is_connected

    def test_cannot_be_turned_off_while_it_holds(self, app, make, sign_in, set_up, require):
        user = make.user()
        browser = sign_in(user)
        phone = set_up(user, browser)
        require("agent")

        data = {"password": PASSWORD, "code": phone.code()}
        answer = submit(browser, f"{SET_UP}/disable", data)

        assert answer.status_code == 409
        assert "must have a second factor" in answer.text
        assert "cannot be turned off" in browser.get(SET_UP).text

    def test_nobody_else_is_touched(self, make, sign_in, require):
        viewer = sign_in(make.user(role="viewer"))
        elsewhere = sign_in(make.user(workspace=make.workspace("Elsewhere")))

        require("agent")

        assert viewer.get("/profile").status_code == 200
        assert elsewhere.get("/profile").status_code == 200

    def test_when_it_is_lifted_they_go_on(self, app, make, require):
        user = make.user()
        require("agent")
        browser = app.test_client()
        give_password(browser, user)
        assert browser.get("/profile").status_code == 302

        require()

        assert browser.get("/profile").status_code == 200

    def test_an_admin_sets_up_their_own_first(self, make, sign_in):
        browser = sign_in(make.user(role="admin"))

        answer = submit(browser, "/settings/safety", {"roles.admin": "1", "roles.agent": "1"})

        assert answer.status_code == 422
        assert "Set up your own second factor first" in answer.text
        assert browser.get("/profile").status_code == 200

    def test_a_role_that_is_none_is_refused(self, make, sign_in):
        browser = sign_in(make.user(role="admin"))

        assert submit(browser, "/settings/safety", {"roles.owner": "1"}).status_code == 422

    def test_it_is_recorded(self, app, make, require):
        require("agent", "viewer")

        (event,) = events(app, make.user(), "workspace.updated")
        assert event.changes == {"safety.required_roles": [[], ["agent", "viewer"]]}


class TestSomebodysDevices:
    def test_an_admin_sees_and_ends_them(self, app, make, sign_in):
        admin, user = make.user(role="admin"), make.user()
        token = make.session_token(user, browser="Firefox 140 on Windows", address="192.0.2.7")
        there, here = app.test_client(), sign_in(admin)
        there.set_cookie(COOKIE, token)
        page = f"/settings/people/{user.id}/safety"
        assert "Firefox 140 on Windows" in here.get(page).text
        assert "192.0.2.7" in here.get(page).text
        with app.app_context():
            held = db.session.scalar(sa.select(UserSession.id).where(UserSession.user_id == user.id))

        assert submit(here, f"{page}/devices/{held}/sign-out", page=page).location == page

        assert there.get("/profile").status_code == 302
        ended = events(app, user, "session.revoked")
        assert [(event.actor_id, event.changes) for event in ended] == [
            (admin.id, {"reason": [None, "ended_by_admin"]})
        ]

    def test_all_at_once(self, make, sign_in):
        admin, user = sign_in(make.user(role="admin")), make.user()
        browsers = [sign_in(user), sign_in(user)]
        page = f"/settings/people/{user.id}/safety"

        submit(admin, f"{page}/devices/sign-out", page=page)

        assert [browser.get("/profile").status_code for browser in browsers] == [302, 302]
        assert admin.get("/profile").status_code == 200
