"""Signing in with an OpenID provider: one on loopback, and every way in which its word can be wrong."""

import base64
import hashlib
import hmac
import json
import re
import time
from urllib.parse import parse_qs, urlsplit

import jwt
import pyotp
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.factories import PASSWORD
from tests.support.oidc_provider import CLIENT_ID, SECRET, OidcProvider, public_jwk
from tests.support.pages import form_of, submit
from webapp import create_app
from webapp.auth import session_cookie_name
from webapp.database import transaction, utc_now
from webapp.extensions import db
from webapp.integrations import oidc as wire
from webapp.integrations import safe_http
from webapp.models import AuditEntry, Event, User, UserIdentity, UserSession, Workspace
from webapp.services import account_token
from webapp.services.safety import policy
from webapp.signing import seal, unseal
from webapp.tasks import worker
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

COOKIE = session_cookie_name(secure=False)
CALLBACK = "/sign-in/oidc/callback"
HERE = "/settings/safety"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def provider():
    wire.forget()
    with OidcProvider() as running:
        yield running
    wire.forget()


@pytest.fixture
def use(make, sign_in, provider):
    """`use(domains="…")`: the first workspace's admin saves the provider with these settings."""
    make.workspace()
    admin = make.user(role="admin", email="admin@example.com")

    def save(**more):
        answer = submit(sign_in(admin), f"{HERE}/oidc", provider.settings(**more), page=HERE)
        assert answer.status_code == 302, answer.text
        return admin

    return save


def leave(browser, **arguments):
    """Off to the provider: where our answer sends the browser."""
    return browser.get("/sign-in/oidc", query_string=arguments).location


def go(browser, provider, **arguments):
    """All the way: off, approved there, and back here."""
    return browser.get(provider.approve(leave(browser, **arguments)))


def is_in(browser):
    return browser.get_cookie(COOKIE) is not None


def said(answer):
    return re.search(r'role="alert".*?<p>(.*?)</p>', answer.text, re.DOTALL)[1]


def identities(app, workspace_id):
    with app.app_context(), use_workspace(workspace_id):
        rows = db.session.scalars(sa.select(UserIdentity))
        return [(row.user_id, row.subject) for row in rows]


def events(app, workspace_id, name):
    with app.app_context(), use_workspace(workspace_id):
        return list(db.session.scalars(sa.select(Event).where(Event.name == name)))


class TestTheWayIn:
    def test_somebody_who_is_here_comes_in_by_their_verified_address(self, app, client, make, use, provider):
        use()
        user = make.user(email="maria@example.com")
        assert 'href="/sign-in/oidc?workspace=' in client.get("/sign-in").text
        assert "Continue with Acme account" in client.get("/sign-in").text

        answer = go(client, provider, next="/customers?q=x")

        assert answer.location == "/customers?q=x"
        assert user.email in client.get("/profile").text
        assert identities(app, user.workspace_id) == [(user.id, "user-1")]
        linked = events(app, user.workspace_id, "user.identity_linked")
        assert [(event.subject_id, event.changes) for event in linked] == [
            (user.id, {"issuer": [None, provider.url]})
        ]
        assert {"method": [None, "oidc"]} in [
            event.changes for event in events(app, user.workspace_id, "session.created")
        ]

    def test_afterwards_the_subject_counts_and_the_address_does_not(self, app, make, use, provider):
        use()
        user = make.user(email="maria@example.com")
        make.user(email="other@example.com")
        go(app.test_client(), provider)

        for email, verified in (("other@example.com", True), ("maria@example.com", False), ("", False)):
            provider.person.update(email=email, email_verified=verified)
            browser = app.test_client()
            go(browser, provider)
            assert user.email in browser.get("/profile").text
        assert len(events(app, user.workspace_id, "user.identity_linked")) == 1

    def test_s42_the_session_is_new_and_the_forms_begin_anew(self, client, make, use, provider):
        use()
        make.user(email="maria@example.com")
        client.set_cookie(COOKIE, "planted")
        go(client, provider)

        assert client.get_cookie(COOKIE).value != "planted"
        assert client.get_cookie("parley_form") is None

    @pytest.mark.parametrize("methods", [["client_secret_basic"], ["client_secret_post"]])
    def test_we_prove_who_we_are_as_the_provider_wants_it(self, client, make, use, provider, methods):
        provider.discovery = {"token_endpoint_auth_methods_supported": methods}
        use()
        make.user(email="maria@example.com")

        assert go(client, provider).location == "/agent"

    def test_an_elliptic_key_will_do_too(self, client, make, use, provider):
        provider.key, provider.alg = ec.generate_private_key(ec.SECP256R1()), "ES256"
        use()
        make.user(email="maria@example.com")

        assert go(client, provider).location == "/agent"

    def test_whoever_is_new_joins_if_the_workspace_says_so(self, app, client, make, use, provider):
        admin = use(joins_as="agent", domains="example.com")

        assert go(client, provider).location == "/agent"

        with app.app_context():
            made = db.session.scalar(sa.select(User).where(User.email == "maria@example.com"))
        assert (made.workspace_id, made.role, made.name) == (admin.workspace_id, "agent", "Maria")
        assert (made.password_hash, made.has_joined) == (None, True)

    def test_and_not_otherwise(self, app, client, use, provider):
        use()

        answer = go(client, provider)

        assert (answer.status_code, is_in(client)) == (422, False)
        assert "no account for you here" in said(answer)

    def test_only_the_domains_that_are_named(self, app, client, make, use, provider):
        use(joins_as="agent", domains="@example.org, example.net")
        make.user(email="maria@example.com")

        assert "no account for you here" in said(go(client, provider))
        for email in ("x@sub.example.org", "x@example.org.evil.example", "example.org@evil.example"):
            provider.person["email"] = email
            assert go(client, provider).status_code == 422
        provider.person["email"] = "maria@Example.ORG"
        assert go(client, provider).status_code == 302

    def test_with_several_workspaces_the_link_names_one(self, app, client, make, use, provider):
        admin = use()
        make.workspace("Elsewhere")
        make.user(email="maria@example.com")
        with app.app_context():
            slug = db.session.get(Workspace, admin.workspace_id).slug

        assert "Acme account" not in client.get("/sign-in").text
        assert client.get("/sign-in/oidc").status_code == 404
        assert "Acme account" in client.get(f"/sign-in?workspace={slug}").text
        assert go(client, provider, workspace=slug).location == "/agent"
        assert client.get("/sign-in/oidc?workspace=%00").status_code == 404


class TestWhatIsWrongWithTheWord:
    """Each is refused in the same plain words, and nobody is signed in."""

    @pytest.fixture
    def refused(self, app, client, make, use, provider):
        use()
        user = make.user(email="maria@example.com")

        def check(answer=None):
            answer = answer or go(client, provider)
            assert answer.status_code == 422
            assert not is_in(client)
            assert identities(app, user.workspace_id) == []
            return said(answer)

        return check

    UNCONFIRMED = "Your sign-in could not be confirmed. Please try again"

    CLAIMS = {
        "nonce": {"nonce": "another"},
        "no nonce": {"nonce": None},
        "issuer": {"iss": "https://evil.example"},
        "audience": {"aud": "another-client"},
        "audiences without us": {"aud": ["a", "b"]},
        "made for another of two": {"aud": [CLIENT_ID, "other"], "azp": "other"},
        "two audiences, for nobody": {"aud": [CLIENT_ID, "other"]},
        "made for another": {"azp": "other"},
        "expired": {"exp": int(time.time()) - 120, "iat": int(time.time()) - 600},
        "from the future": {"nbf": int(time.time()) + 6000},
        "subject of another kind": {"sub": 7},
        "no subject": {"sub": ""},
        "endless subject": {"sub": "x" * 300},
    }

    @pytest.mark.parametrize("claims", CLAIMS.values(), ids=list(CLAIMS))
    def test_a_wrong_claim(self, refused, provider, claims):
        provider.claims = claims

        assert refused() == self.UNCONFIRMED

    @pytest.mark.parametrize("name", ["iss", "aud", "exp", "iat", "sub", "nonce"])
    def test_a_missing_claim(self, refused, provider, name):
        provider.without = (name,)

        assert refused() == self.UNCONFIRMED

    def test_no_signature(self, refused, provider):
        provider.sign = lambda claims: jwt.encode(claims, None, "none")

        assert refused() == self.UNCONFIRMED

    def test_the_public_key_taken_for_a_shared_secret(self, refused, provider):
        pem = provider.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

        def part(value):
            return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

        def confuse(claims):
            text = part({"alg": "HS256", "kid": provider.kid}) + b"." + part(claims)
            mark = hmac.new(pem, text, hashlib.sha256).digest()
            return (text + b"." + base64.urlsafe_b64encode(mark).rstrip(b"=")).decode()

        provider.sign = confuse

        assert refused() == self.UNCONFIRMED

    def test_signed_with_our_own_secret(self, refused, provider):
        provider.sign = lambda claims: jwt.encode(claims, SECRET, "HS256", headers={"kid": provider.kid})

        assert refused() == self.UNCONFIRMED

    def test_a_key_that_is_not_for_signing_or_not_for_this_algorithm(self, refused, provider):
        for more in ({"use": "enc"}, {"alg": "PS256"}):
            wire.forget()
            provider.shown = [public_jwk(provider.key, provider.kid, **more)]
            assert refused() == self.UNCONFIRMED

    def test_another_signature(self, refused, provider):
        provider.sign = lambda claims: provider._sign(claims)[:-8] + "AAAAAAAA"

        assert refused() == self.UNCONFIRMED

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "....", None, 7])
    def test_no_token_at_all(self, refused, provider, token):
        provider.token_body = {"id_token": token}

        assert refused() == self.UNCONFIRMED

    def test_an_address_that_is_not_verified(self, refused, provider):
        for verified in (False, "true", 1, None):
            provider.person["email_verified"] = verified
            assert "does not vouch" in refused()
        provider.without = ("email_verified",)
        assert "does not vouch" in refused()

    @pytest.mark.parametrize(
        "email", ["", "nonsense", "maria@example.com\x00", 7, None, ["maria@example.com"]]
    )
    def test_no_address(self, refused, provider, email):
        provider.person["email"] = email

        assert "does not vouch" in refused()

    def test_an_address_that_only_folds_to_somebodys(self, refused, make, provider):
        make.user(email="kim@example.com")
        for email in ("\u212aim@example.com", "maria\u200b@example.com"):
            provider.person["email"] = email
            assert "does not vouch" in refused()


class TestWhatIsWrongWithTheWay:
    @pytest.fixture(autouse=True)
    def maria(self, make, use):
        use()
        return make.user(email="maria@example.com")

    def test_another_state(self, client, provider):
        back = provider.approve(leave(client))

        answer = client.get(re.sub(r"state=[^&]+", "state=another", back))

        assert (answer.status_code, is_in(client)) == (422, False)

    def test_the_state_is_bound_to_the_browser(self, app, client, provider):
        """Somebody's finished sign-in, sent to another browser as a link."""
        back = provider.approve(leave(app.test_client()))

        assert client.get(back).status_code == 422
        leave(client)
        assert client.get(back).status_code == 422
        assert not is_in(client)

    def test_an_answer_is_taken_once(self, client, provider):
        back = provider.approve(leave(client))
        assert client.get(back).location == "/agent"
        client.delete_cookie(COOKIE)

        assert client.get(back).status_code == 422
        assert not is_in(client)

    def test_a_code_that_was_used_elsewhere(self, client, provider):
        back = provider.approve(leave(client))
        provider.codes.clear()

        assert client.get(back).status_code == 422

    def test_another_sign_ins_code_under_our_state(self, app, client, provider):
        """PKCE: a stolen code is of no use to who has not begun that sign-in."""
        stolen = parse_qs(urlsplit(provider.approve(leave(app.test_client()))).query)["code"][0]
        mine = provider.approve(leave(client))

        answer = client.get(re.sub(r"code=[^&]+", f"code={stolen}", mine))

        assert (answer.status_code, is_in(client)) == (422, False)

    def test_another_providers_answer(self, client, provider):
        answer = client.get(provider.approve(leave(client), iss="https://evil.example"))

        assert answer.status_code == 422
        assert client.get(provider.approve(leave(client), iss=provider.url)).status_code == 302

    def test_too_late(self, client, provider, clock):
        back = provider.approve(leave(client))
        clock.advance(minutes=16)

        assert "too long" in said(client.get(back))

    def test_it_was_cancelled_there(self, client, provider):
        state = parse_qs(urlsplit(leave(client)).query)["state"][0]

        answer = client.get(f"{CALLBACK}?error=access_denied&error_description=<b>evil</b>&state={state}")

        assert "not finished there" in said(answer)
        assert "evil" not in answer.text

    @pytest.mark.parametrize(
        "query", ["", "?code=x", "?state=x&code=y", "?code=%00&state=%00", f"?x={'y' * 5000}"]
    )
    def test_out_of_the_blue(self, client, query):
        assert client.get(CALLBACK + query).status_code == 422

    @pytest.mark.parametrize(
        "target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"]
    )
    def test_s45_next_leads_nowhere_else(self, client, provider, target):
        assert go(client, provider, next=target).location == "/agent"

    def test_the_provider_is_away(self, client, provider):
        back = provider.approve(leave(client))
        provider.stop()

        answer = client.get(back)

        assert "does not answer" in said(answer)
        assert provider.url not in answer.text

    def test_it_answers_nonsense(self, client, provider):
        provider.token_status, provider.token_body = 500, {"secret": "inside"}
        answer = go(client, provider)

        assert answer.status_code == 422
        assert "inside" not in answer.text

    def test_s44_starts_are_limited_by_address(self, client, provider):
        answers = [client.get("/sign-in/oidc") for _ in range(31)]

        assert answers[-1].status_code == 429
        assert {answer.status_code for answer in answers[:-1]} == {302}


class TestKeys:
    def test_are_fetched_once_and_again_when_they_were_changed(self, app, make, use, provider):
        use()
        make.user(email="maria@example.com")
        for _ in range(3):
            assert go(app.test_client(), provider).location == "/agent"
        assert provider.requests.count("/keys") == 1

        provider.rotate()

        assert go(app.test_client(), provider).location == "/agent"
        assert provider.requests.count("/keys") == 2

    def test_made_up_ones_do_not_make_us_ask_again_and_again(self, app, make, use, provider):
        use()
        make.user(email="maria@example.com")
        provider.sign = lambda claims: jwt.encode(claims, provider.key, "RS256", headers={"kid": "made-up"})

        for _ in range(5):
            assert go(app.test_client(), provider).status_code == 422
        assert provider.requests.count("/keys") == 2


class TestWhoseAccountThatIs:
    def test_somebody_of_another_workspace_stays_there(self, app, client, make, use, provider):
        admin = use(joins_as="agent")
        elsewhere = make.workspace("Elsewhere")
        make.user(email="maria@example.com", workspace=elsewhere)
        with app.app_context():
            slug = db.session.get(Workspace, admin.workspace_id).slug

        answer = go(client, provider, workspace=slug)

        assert "no account for you here" in said(answer)
        assert not is_in(client)
        assert identities(app, elsewhere.id) == []

    def test_who_lost_access_stays_out_before_and_after_they_were_linked(self, app, make, use, provider):
        use(joins_as="agent")
        user = make.user(email="maria@example.com")
        go(app.test_client(), provider)
        with app.app_context(), transaction() as session:
            session.execute(sa.update(User).where(User.id == user.id).values(deactivated_at=utc_now()))

        for subject in ("user-1", "user-2"):
            provider.person["sub"] = subject
            browser = app.test_client()
            answer = go(browser, provider)
            assert "no account for you here" in said(answer)
            assert not is_in(browser)

    def test_an_address_that_changed_hands_opens_nothing(self, app, client, make, use, provider):
        use()
        user = make.user(email="maria@example.com")
        go(app.test_client(), provider)
        provider.person["sub"] = "somebody-else"

        assert "no account for you here" in said(go(client, provider))
        assert identities(app, user.workspace_id) == [(user.id, "user-1")]

    def test_until_an_admin_cuts_the_tie(self, app, make, sign_in, use, provider):
        admin = use()
        user = make.user(email="maria@example.com")
        first, client = app.test_client(), app.test_client()
        go(first, provider)
        page = f"/settings/people/{user.id}/safety"

        answer = submit(sign_in(admin), f"{page}/provider/unlink", page=page)

        assert answer.status_code == 302
        assert first.get("/profile").status_code == 302
        assert len(events(app, user.workspace_id, "user.identity_unlinked")) == 1
        provider.person["sub"] = "somebody-else"
        assert go(client, provider).location == "/agent"

    def test_who_was_invited_needs_no_password(self, app, client, make, use, provider):
        use()
        user = make.user(email="maria@example.com")
        with app.app_context(), transaction() as session:
            session.execute(sa.update(User).where(User.id == user.id).values(password_hash=None))

        assert go(client, provider).location == "/agent"


class TestBesidesTheSecondFactor:
    @pytest.fixture
    def maria(self, make):
        return lambda **more: make.user(email="maria@example.com", **more)

    def with_factor(self, app, user):
        with app.app_context(), transaction() as session:
            values = {"second_factor_box": seal(SEED)}
            session.execute(sa.update(User).where(User.id == user.id).values(values))

    def test_who_has_one_here_gives_its_code(self, app, client, use, maria, provider):
        use()
        self.with_factor(app, maria())

        assert go(client, provider, next="/customers").location == "/sign-in/code"
        assert not is_in(client)
        code = pyotp.TOTP(SEED).now()
        assert submit(client, "/sign-in/code", {"code": code}).location == "/customers"

    def test_unless_the_provider_counts_as_one(self, app, client, use, maria, provider):
        use(is_second_factor="1")
        self.with_factor(app, maria())

        assert go(client, provider).location == "/agent"
        assert is_in(client)

    @pytest.mark.parametrize("counts", [True, False])
    def test_a_role_that_must_have_one(self, app, make, use, provider, counts):
        admin = use(**({"is_second_factor": "1"} if counts else {}))
        make.user(email="maria@example.com")
        client = app.test_client()
        with app.app_context(), use_workspace(admin.workspace_id), transaction():
            policy.save_required_roles(["agent"], actor=make.actor(admin))
        go(client, provider)

        assert client.get("/profile").status_code == (200 if counts else 302)


class TestPasswordsOff:
    @pytest.fixture
    def only(self, app, make, sign_in, use, provider):
        """The admin has signed in with the provider and turned passwords off; everybody's settings."""
        admin = use()
        provider.person.update(sub="admin", email=admin.email)
        browser = app.test_client()
        go(browser, provider)
        provider.person.update(sub="user-1", email="maria@example.com")
        answer = submit(browser, f"{HERE}/oidc", provider.settings(only="1"), page=HERE)
        assert answer.status_code == 302, answer.text
        return admin

    def test_wants_an_admin_who_has_signed_in_this_way(self, app, sign_in, use, provider):
        admin = use()

        answer = submit(sign_in(admin), f"{HERE}/oidc", provider.settings(only="1"), page=HERE)

        assert answer.status_code == 422
        assert "Sign in this way yourself first" in answer.text

    def test_a_password_opens_nothing_and_the_answer_is_the_same(self, app, client, make, only, provider):
        user = make.user(email="maria@example.com")

        answers = [
            submit(client, "/sign-in", {"email": email, "password": password}, page="/reset")
            for email, password in (
                (user.email, PASSWORD),
                (user.email, "wrong password"),
                ("no@example.com", "x"),
            )
        ]

        assert {(answer.status_code, said(answer)) for answer in answers} == {
            (422, "This e-mail address and password do not belong together")
        }
        assert not is_in(client)
        assert 'name="password"' not in client.get("/sign-in").text
        assert go(client, provider).location == "/agent"

    def test_no_reset_link_is_mailed_and_an_invitation_leads_to_the_provider(
        self, app, client, make, only, mailbox
    ):
        user = make.user(email="maria@example.com")
        submit(client, "/reset", {"email": user.email})
        assert mailbox.collect() == []
        with app.app_context(), use_workspace(user.workspace_id), transaction():
            token = account_token.issue(user.id, "invite")
        assert client.get(f"/reset/{token}").location.startswith("/sign-in?workspace=")

    def test_the_command_line_breaks_the_glass(self, app, client, make, only):
        user = make.user(email="maria@example.com")

        result = app.test_cli_runner().invoke(args=["safety", "allow-passwords"])

        assert "Passwords sign in again" in result.output
        assert submit(client, "/sign-in", {"email": user.email, "password": PASSWORD}).location == "/agent"
        told = [event.changes for event in events(app, user.workspace_id, "workspace.updated")]
        assert {"oidc.only": [True, False]} in told


class TestItsSettings:
    def test_the_secret_is_sealed_never_shown_and_not_in_the_ledger(self, app, sign_in, use, provider):
        admin = use()
        with app.app_context():
            box = db.session.get(Workspace, admin.workspace_id).settings["oidc"]["secret_box"]
            assert unseal(box) == SECRET
        page = sign_in(admin).get(HERE).text
        ledger = json.dumps([event.changes for event in events(app, admin.workspace_id, "workspace.updated")])
        for text in (page, ledger):
            assert SECRET not in text
            assert box not in text
        assert '"oidc.secret_box": [false, true]' in ledger

    def test_it_stays_when_it_is_not_typed_again_but_goes_to_nobody_else(self, app, sign_in, use, provider):
        admin = use()
        browser = sign_in(admin)

        def stored():
            with app.app_context():
                return db.session.get(Workspace, admin.workspace_id).settings["oidc"]["secret_box"]

        box = stored()
        submit(browser, f"{HERE}/oidc", provider.settings(secret="", label="Other"), page=HERE)
        assert stored() == box
        with OidcProvider() as other:
            submit(browser, f"{HERE}/oidc", other.settings(secret=""), page=HERE)
        assert stored() == ""

    ISSUERS = [
        "",
        "nonsense",
        "ftp://id.example.com",
        "http://id.example.com",
        "https://user:pw@id.example.com",
        "https://id.example.com/#x",
        "https://id.example.com/?x=1",
        "javascript:alert(1)",
        "https://",
    ]

    @pytest.mark.parametrize("issuer", ISSUERS)
    def test_an_issuer_is_an_https_address(self, sign_in, use, provider, issuer):
        browser = sign_in(use())

        answer = submit(browser, f"{HERE}/oidc", provider.settings(issuer=issuer), page=HERE)

        assert answer.status_code == 422
        assert 'id="f-issuer-error">An https address' in answer.text

    def test_what_is_no_provider_is_said_to_be_none(self, sign_in, use, provider):
        browser = sign_in(use())
        provider.discovery = {"issuer": "https://evil.example"}
        wrong = submit(browser, f"{HERE}/oidc", provider.settings(label="New"), page=HERE)
        provider.discovery = {"token_endpoint": "http://evil.example/token"}
        odd = submit(browser, f"{HERE}/oidc", provider.settings(), page=HERE)

        assert (wrong.status_code, odd.status_code) == (422, 422)
        assert "names another issuer" in wrong.text
        assert "no usable token_endpoint" in odd.text
        assert form_of(wrong.text, f"{HERE}/oidc")["label"] == "New"

    def test_trusting_its_addresses_wants_domains(self, client, make, sign_in, use, provider):
        browser = sign_in(use())
        make.user(email="maria@example.com")
        provider.without = ("email_verified",)
        alone = provider.settings(trust_addresses="1")
        assert submit(browser, f"{HERE}/oidc", alone, page=HERE).status_code == 422

        named = provider.settings(trust_addresses="1", domains="example.com")
        assert submit(browser, f"{HERE}/oidc", named, page=HERE).status_code == 302

        assert go(client, provider).location == "/agent"
        provider.without, provider.person["email_verified"] = (), False
        provider.person["sub"] = "user-2"
        assert "does not vouch" in said(go(client, provider))

    def test_s30_private_addresses_are_asked_only_where_the_installation_allows_it(self, database, provider):
        made = create_app({**database.settings(), "OIDC_PRIVATE_ISSUERS": "0"})
        with made.app_context():
            client = wire.Client(provider.url, CLIENT_ID, None, "http://x/cb", private=False)
            with pytest.raises(Exception, match="not https"):
                wire.check(client)
            assert not made.config["PARLEY"].private_issuers
            db.engine.dispose()
        for url in ("https://127.0.0.1:1", "https://10.0.0.1", "https://[::1]", "https://169.254.169.254"):
            with pytest.raises(safe_http.Unreachable):
                wire.check(wire.Client(url, CLIENT_ID, None, "http://x/cb", private=False))
        assert provider.requests == []


def test_s44_a_refused_word_about_somebody_here_is_in_the_audit_log(app, client, make, use, provider):
    boss = use()
    maria = make.user(email="maria@example.com", name="Maria", deactivated_at=utc_now())
    go(client, provider)
    provider.person.update(sub="user-9", email="nobody@example.com")
    go(client, provider)

    with app.app_context():
        worker.run_due()
        with use_workspace(boss.workspace_id):
            refused = sa.select(AuditEntry).where(AuditEntry.name == "session.refused")
            [entry] = db.session.scalars(refused)
    assert (entry.subject_id, json.loads(entry.changes)) == (maria.id, {"reason": [None, "provider"]})


def test_no_session_is_left_behind_by_what_was_refused(app, client, make, use, provider):
    use()
    make.user(email="maria@example.com")
    with app.app_context():
        before = db.session.scalar(sa.select(sa.func.count()).select_from(UserSession))
    provider.claims = {"nonce": "another"}
    go(client, provider)

    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(UserSession)) == before
