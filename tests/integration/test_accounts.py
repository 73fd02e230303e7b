"""Signing in and out, sessions, and what must not get in by any other way."""

import re
import uuid

import pytest
import sqlalchemy as sa

from tests.factories import PASSWORD
from tests.support.pages import csrf_token, submit
from webapp import bus, create_app
from webapp.auth import hash_token, session_cookie_name
from webapp.database import transaction
from webapp.errors import Unauthenticated
from webapp.extensions import db
from webapp.models import Event, UserSession
from webapp.services import account_token
from webapp.services import session as sessions
from webapp.services import user as users
from webapp.services.session import SessionsEnded
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

COOKIE = session_cookie_name(secure=False)


def try_sign_in(client, email, password=PASSWORD, **data):
    return submit(client, "/sign-in", {"email": email, "password": password, **data})


def events(app, workspace_id, name):
    with app.app_context(), use_workspace(workspace_id):
        return db.session.scalars(sa.select(Event).where(Event.name == name)).all()


class TestSigningIn:
    def test_leads_to_the_desk_with_a_session_of_its_own(self, app, client, make):
        user = make.user()

        answer = try_sign_in(client, user.email)

        assert (answer.status_code, answer.location) == (302, "/agent")
        cookie = client.get_cookie(COOKIE)
        with app.app_context():
            row = db.session.scalar(
                sa.select(UserSession).where(UserSession.token_hash == hash_token(cookie.value))
            )
            assert row.user_id == user.id
        assert [event.subject_id for event in events(app, user.workspace_id, "session.created")] == [row.id]

    def test_takes_the_address_in_any_case(self, client, make):
        make.user(email="maria@example.com")

        assert try_sign_in(client, " Maria@Example.COM ").status_code == 302

    def test_goes_on_to_where_one_was_going(self, client, make):
        user = make.user()

        sent_away = client.get("/profile?x=1")

        assert sent_away.location == "/sign-in?next=/profile%3Fx%3D1"
        page = client.get(sent_away.location)
        assert 'value="/profile?x=1"' in page.text
        assert try_sign_in(client, user.email, next="/profile?x=1").location == "/profile?x=1"

    def test_is_not_asked_twice(self, make, sign_in):
        assert sign_in(make.user()).get("/sign-in?next=/profile").location == "/profile"

    def test_keeps_the_address_but_never_the_password_when_refused(self, client, make):
        user = make.user()

        answer = try_sign_in(client, user.email, "not this one")

        assert answer.status_code == 422
        assert user.email in answer.text
        assert "not this one" not in answer.text


class TestTheSameAnswer:
    """Nothing tells an unknown address from a wrong password or a lost access."""

    def test_s04_s40_for_every_account_that_does_not_open(self, client, make, clock):
        user = make.user()
        gone = make.user(deactivated_at=clock.now())
        invited = make.user()
        with client.application.app_context():
            db.session.execute(
                sa.text("UPDATE users SET password_hash = NULL WHERE email = :email"),
                {"email": invited.email},
                execution_options={"unscoped": True},
            )
            db.session.commit()

        cases = [
            ("nobody@example.com", PASSWORD),
            (user.email, "wrong password"),
            (user.email, ""),
            (user.email, PASSWORD + "x" * 300),
            (user.email, PASSWORD.upper()),
            (gone.email, PASSWORD),
            (invited.email, PASSWORD),
            (invited.email, ""),
            ("", ""),
            ("\x00", PASSWORD),
        ]
        answers = [try_sign_in(client, *case) for case in cases]

        assert {answer.status_code for answer in answers} == {422}
        assert client.get_cookie(COOKIE) is None
        shown = {answer.text.partition('role="alert"')[2].partition("</div>")[0] for answer in answers[:-1]}
        assert len(shown) == 1

    def test_s40_costs_the_same_number_of_queries(self, app, client, make, queries):
        user = make.user()
        with queries() as known:
            try_sign_in(client, user.email, "wrong password")
        with queries() as unknown:
            try_sign_in(client, "nobody@example.com", "wrong password")

        assert known.count == unknown.count

    @pytest.mark.parametrize(
        "body", [{}, {"email": ""}, {"password": "x"}, {"email[]": "x", "password[]": "y"}]
    )
    def test_s04_odd_forms_sign_nobody_in(self, client, make, body):
        make.user()

        answer = submit(client, "/sign-in", body)

        assert answer.status_code == 422
        assert client.get_cookie(COOKIE) is None


class TestTokensThatOpenNothing:
    @pytest.mark.parametrize("token", [None, "", " ", "null", "0", "x" * 4000, "\x00"])
    def test_s05_no_identity_is_nobody(self, app, make, token):
        make.session_token(make.user())

        with app.app_context():
            with pytest.raises(Unauthenticated):
                sessions.actor_for_token(token, door="page")
            assert account_token.find_token(token) is None

    def test_s05_an_empty_hash_cannot_be_stored(self, app, make):
        user = make.user()
        empty = UserSession(
            workspace_id=user.workspace_id,
            user_id=user.id,
            token_hash="",
            csrf_token="c",
            expires_at=user.created_at,
        )
        with app.app_context(), pytest.raises(sa.exc.IntegrityError):
            db.session.add(empty)
            db.session.flush()

    def test_s04_a_deactivated_person_is_out_with_the_next_request(self, app, make, sign_in):
        admin, user = make.user(role="admin"), make.user()
        browser = sign_in(user)
        assert browser.get("/profile").status_code == 200

        submit(sign_in(admin), f"/settings/people/{user.id}/deactivate", page="/settings/people")

        assert browser.get("/profile").location == "/sign-in?next=/profile"

    def test_a_session_ends_by_itself(self, make, sign_in, clock):
        browser = sign_in(make.user())

        clock.advance(days=31)

        assert browser.get("/profile").status_code == 302


class TestTheCookie:
    def test_s42_is_new_at_sign_in_and_unseen_by_scripts(self, client, make):
        user = make.user()
        client.set_cookie(COOKIE, "planted by somebody")
        before = csrf_token(client, "/sign-in")

        answer = client.post(
            "/sign-in", data={"csrf_token": before, "email": user.email, "password": PASSWORD}
        )

        cookies = {line.partition("=")[0]: line for line in answer.headers.getlist("Set-Cookie")}
        assert client.get_cookie(COOKIE).value != "planted by somebody"
        assert "HttpOnly" in cookies[COOKIE]
        assert "SameSite=Lax" in cookies[COOKIE]
        assert "Domain" not in cookies[COOKIE]
        assert client.post("/profile", data={"csrf_token": before}).status_code == 403

    def test_s42_is_bound_to_host_and_https_where_there_is_https(self, database):
        made = create_app({**database.settings(), "BASE_URL": "https://desk.example.com"})
        with made.test_request_context(base_url="https://desk.example.com"):
            from flask import Response

            from webapp.pages.auth import set_session_cookie

            response = Response()
            set_session_cookie(response, "token")
        cookie = response.headers["Set-Cookie"]
        assert cookie.startswith("__Host-parley_session=token;")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
        assert made.config["SESSION_COOKIE_NAME"] == "__Host-parley_form"
        assert made.config["SESSION_COOKIE_SECURE"]
        with made.app_context():
            db.engine.dispose()

    def test_s42_two_sign_ins_are_two_sessions(self, app, make):
        user = make.user()
        tokens = []
        for _ in range(2):
            browser = app.test_client()
            try_sign_in(browser, user.email)
            tokens.append(browser.get_cookie(COOKIE).value)

        assert len(set(tokens)) == 2


class TestForgedForms:
    def test_s43_without_a_token_nothing_is_taken(self, app, make, sign_in):
        browser = sign_in(make.user(role="admin"))
        routes = [rule for rule in app.url_map.iter_rules() if "POST" in rule.methods]
        # A web form is for strangers, a mail program ends a plan by its link's token (RFC 8058), providers
        # come to /hooks/ with a key of their own: all act for nobody, whoever's cookies come along.
        others = ("/api/", "/socket.io", "/form/", "/reports/unsubscribe/", "/hooks/")
        pages = [rule.rule for rule in routes if not rule.rule.startswith(others)]
        assert len(pages) > 15

        for path in pages:
            filled = re.sub(r"<[^>]+>", str(uuid.uuid4()), path)
            assert browser.post(filled).status_code == 403, path

    def test_s43_with_the_token_of_somebody_else_nothing_is_taken(self, app, make, sign_in):
        mine, theirs = sign_in(make.user()), sign_in(make.user())
        csrf_token(mine, "/profile")

        answer = mine.post("/profile", data={"csrf_token": csrf_token(theirs, "/profile"), "name": "Changed"})

        assert answer.status_code == 403
        assert "Changed" not in mine.get("/profile").text

    def test_s43_reading_changes_nothing(self, app, make, sign_in):
        browser = sign_in(make.user(role="admin"))

        for path in ("/sign-out", "/profile/password", "/profile/devices/sign-out"):
            assert browser.get(path).status_code in (404, 405)
        assert browser.get("/profile").status_code == 200

    def test_s43_json_in_a_plain_body_is_no_form(self, make, sign_in):
        browser = sign_in(make.user())

        assert browser.post("/profile", data='{"name": "x"}', content_type="text/plain").status_code == 403


class TestGuessing:
    def test_s44_an_account_is_closed_to_guessing_from_many_addresses(self, app, make):
        user = make.user()
        statuses = []
        for number in range(11):
            browser = app.test_client()
            token = csrf_token(browser, "/sign-in")
            answer = browser.post(
                "/sign-in",
                data={"csrf_token": token, "email": user.email.upper(), "password": "wrong password"},
                environ_base={"REMOTE_ADDR": f"192.0.2.{number}"},
            )
            statuses.append(answer.status_code)

        assert statuses == [422] * 10 + [429]
        assert int(answer.headers["Retry-After"]) > 0
        assert "wait" in answer.text

    def test_s44_an_address_is_closed_to_guessing_many_accounts(self, client):
        statuses = [try_sign_in(client, f"person{number}@example.com").status_code for number in range(31)]

        assert statuses == [422] * 30 + [429]

    def test_s44_a_made_up_forwarding_header_does_not_help(self, client, make):
        user = make.user()
        token = csrf_token(client, "/sign-in")
        for number in range(11):
            answer = client.post(
                "/sign-in",
                data={"csrf_token": token, "email": user.email, "password": "wrong password"},
                headers={"X-Forwarded-For": f"203.0.113.{number}"},
            )

        assert answer.status_code == 429


class TestWhereNextLeads:
    FOREIGN = (
        "//evil.example",
        "///evil.example",
        "\\\\evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://evil.example/profile",
        "/\t/evil.example",
        "/%09/../\\evil.example",
        "javascript:alert(1)",
        "profile",
        " //evil.example",
        "/\n/evil.example",
        "",
    )

    @pytest.mark.parametrize("target", FOREIGN)
    def test_s45_next_only_leads_to_our_own_pages(self, client, make, target):
        user = make.user()

        assert try_sign_in(client, user.email, next=target).location == "/agent"

    def test_s45_the_link_of_the_form_is_clean_too(self, client, make):
        make.user()

        assert "evil" not in client.get("/sign-in?next=//evil.example").text


class TestSigningOut:
    def test_ends_the_session_and_says_so(self, app, make, sign_in):
        heard = []
        bus.subscribe(SessionsEnded, heard.append)
        user = make.user()
        browser = sign_in(user)
        token = browser.get_cookie(COOKIE).value

        answer = submit(browser, "/sign-out", page="/profile")

        assert answer.location == "/sign-in"
        assert browser.get_cookie(COOKIE) is None
        browser.set_cookie(COOKIE, token)
        assert browser.get("/profile").status_code == 302
        ended = events(app, user.workspace_id, "session.revoked")
        assert [(event.subject_id, event.changes) for event in ended] == [
            (heard[-1].session_ids[0], {"reason": [None, "signed_out"]})
        ]
        assert heard[-1].reason == "signed_out"

    def test_s64_nothing_of_a_page_stays_in_a_cache(self, make, sign_in):
        answer = sign_in(make.user()).get("/profile")

        assert answer.headers["Cache-Control"] == "no-store"
        assert "Cookie" in answer.headers["Vary"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"


class TestDevices:
    def test_are_listed_and_can_be_signed_out(self, app, make, sign_in):
        user = make.user()
        here, there = sign_in(user), app.test_client()
        there.set_cookie(
            COOKIE, make.session_token(user, browser="Firefox 140 on Windows", address="192.0.2.7")
        )

        page = here.get("/profile").text
        assert "Firefox 140 on Windows" in page
        assert "192.0.2.7" in page
        with app.app_context():
            other = db.session.scalar(
                sa.select(UserSession.id).where(UserSession.browser == "Firefox 140 on Windows")
            )

        submit(here, f"/profile/devices/{other}/sign-out", page="/profile")

        assert there.get("/profile").status_code == 302
        assert here.get("/profile").status_code == 200

    def test_all_others_at_once(self, make, sign_in):
        user = make.user()
        here, there, elsewhere = sign_in(user), sign_in(user), sign_in(user)

        submit(here, "/profile/devices/sign-out", page="/profile")

        assert [browser.get("/profile").status_code for browser in (here, there, elsewhere)] == [
            200,
            302,
            302,
        ]

    def test_of_others_are_not_there(self, app, make, sign_in):
        user, other = make.user(), make.user()
        sign_in(other)
        with app.app_context():
            foreign = db.session.scalar(sa.select(UserSession.id).where(UserSession.user_id == other.id))

        assert (
            submit(sign_in(user), f"/profile/devices/{foreign}/sign-out", page="/profile").status_code == 404
        )

    def test_last_use_is_noted_once_a_minute(self, app, make, sign_in, clock, queries):
        browser = sign_in(make.user())
        browser.get("/profile")
        clock.advance(seconds=61)
        with queries() as first:
            browser.get("/profile")
        with queries() as second:
            browser.get("/profile")

        assert [sql for sql in first.statements if sql.startswith("UPDATE user_sessions")]
        assert not [sql for sql in second.statements if sql.startswith("UPDATE")]


class TestProfile:
    def test_changes_name_and_preferences(self, make, sign_in):
        browser = sign_in(make.user(name="Maria"))

        answer = submit(browser, "/profile", {"name": "María", "availability": "busy", "enter_sends": "1"})

        assert answer.location == "/profile"
        me = browser.get("/api/v1/me").json["user"]
        assert (me["name"], me["availability"]) == ("María", "busy")
        assert me["settings"] == {"enter_sends": True, "shortcuts": False}

    @pytest.mark.parametrize(
        "extra", ["role", "is_admin", "workspace_id", "email", "password_hash", "id", "created_at"]
    )
    def test_s14_other_fields_are_refused(self, make, sign_in, extra):
        user = make.user()
        browser = sign_in(user)

        answer = submit(browser, "/profile", {"name": "New", "availability": "online", extra: "admin"})

        assert answer.status_code == 422
        assert browser.get("/api/v1/me").json["user"]["role"] == "agent"
        assert browser.get("/api/v1/me").json["user"]["name"] == user.name

    @pytest.mark.parametrize("name", ["", "   ", "x" * 101, "\u200b", "a\x00b"])
    def test_a_bad_name_comes_back_marked(self, make, sign_in, name):
        answer = submit(sign_in(make.user()), "/profile", {"name": name, "availability": "online"})

        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text

    def test_a_new_password_needs_the_current_one(self, make, sign_in):
        user = make.user()
        browser = sign_in(user)
        data = {"current": "not mine at all", "password": "another long password"}

        answer = submit(browser, "/profile/password", data, page="/profile")

        assert answer.status_code == 422
        assert "not your current password" in answer.text

    def test_a_new_password_signs_other_devices_out(self, app, make, sign_in):
        user = make.user()
        here, there = sign_in(user), sign_in(user)
        data = {"current": PASSWORD, "password": "another long password"}

        submit(here, "/profile/password", data, page="/profile")

        assert here.get("/profile").status_code == 200
        assert there.get("/profile").status_code == 302
        assert try_sign_in(app.test_client(), user.email).status_code == 422
        assert try_sign_in(app.test_client(), user.email, "another long password").status_code == 302

    @pytest.mark.parametrize("password", ["short", "123456789", "x" * 201])
    def test_a_new_password_is_neither_short_nor_endless(self, make, sign_in, password):
        data = {"current": PASSWORD, "password": password}

        answer = submit(sign_in(make.user()), "/profile/password", data, page="/profile")

        assert answer.status_code == 422


class TestBetweenTwoLooks:
    """An account that changes while its password is being checked."""

    def test_s04_a_new_password_stops_the_old_one(self, app, make):
        user = make.user()
        with app.app_context(), use_workspace(user.workspace_id):
            known = sessions.find_credentials(user.email)
            with transaction():
                users.set_password(user.id, "another hash")
            with pytest.raises(Unauthenticated), transaction():
                sessions.sign_in(known)

    def test_s04_a_lost_access_stops_everybody(self, app, make):
        make.user(role="admin")
        user = make.user()
        with app.app_context(), use_workspace(user.workspace_id):
            known = sessions.find_credentials(user.email)
            with transaction():
                users.deactivate_user(user.id)
            with pytest.raises(Unauthenticated), transaction():
                sessions.sign_in(known)


@pytest.mark.parametrize(
    "body",
    [
        {"settings": {"unknown": True}},
        {"settings": {"theme": True}},
        {"settings": {"theme": "x" * 21}},
        {"availability": "asleep"},
        {"role": "admin"},
        {"name": ""},
    ],
)
def test_s14_preferences_are_a_list_of_their_own(make, sign_in, body):
    browser = sign_in(make.user())
    token = csrf_token(browser, "/profile")

    answer = browser.patch("/api/v1/me", json=body, headers={"X-CSRF-Token": token})

    assert answer.status_code == 422
    assert answer.json["detail"][0]["loc"][0] == "body"
    assert browser.get("/api/v1/me").json["user"]["settings"] == {}
