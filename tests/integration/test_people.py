"""Who works here: invitations, roles, and access taken away."""

import pytest
import sqlalchemy as sa

from tests.integration.test_reset import link_token
from tests.support.pages import submit
from webapp import bus
from webapp.extensions import db
from webapp.models import Event, User
from webapp.services.session import SessionsEnded
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

HERE = "/settings/people"


@pytest.fixture
def boss(make):
    return make.user(role="admin", name="Nora")


@pytest.fixture
def admin(boss, sign_in):
    return sign_in(boss)


def found(app, email):
    with app.app_context():
        user = db.session.scalar(sa.select(User).where(User.email == email))
        if user is not None:
            db.session.expunge(user)
        return user


def test_somebody_invited_sets_a_password_and_signs_in(app, admin, mailbox):
    answer = submit(admin, HERE, {"name": "Mei", "email": "Mei@Example.com", "role": "senior_agent"})

    assert answer.location == HERE
    assert "Invited" in admin.get(HERE).text
    (message,) = mailbox.collect()
    assert message["To"] == "mei@example.com"
    browser = app.test_client()
    token = link_token(message)
    assert "Welcome, Mei" in browser.get(f"/reset/{token}").text
    assert submit(browser, f"/reset/{token}", {"password": "a long password"}).location == "/agent"
    assert browser.get("/api/v1/me").json["user"]["email"] == "mei@example.com"
    assert submit(browser, "/sign-out", {}, page="/profile").location == "/sign-in"
    signed_in = submit(browser, "/sign-in", {"email": "mei@example.com", "password": "a long password"})
    assert signed_in.status_code == 302
    assert browser.get("/api/v1/me").json["user"]["role"] == "senior_agent"


def test_s40_an_invitation_ends(app, admin, mailbox, clock):
    submit(admin, HERE, {"name": "Mei", "email": "mei@example.com", "role": "agent"})
    (message,) = mailbox.collect()

    clock.advance(days=7, minutes=1)

    assert app.test_client().get(f"/reset/{link_token(message)}").status_code == 404


def test_a_second_invitation_ends_the_first(app, admin, mailbox):
    submit(admin, HERE, {"name": "Mei", "email": "mei@example.com", "role": "agent"})
    first = link_token(mailbox.collect()[0])
    mailbox.clear()

    submit(admin, f"{HERE}/{found(app, 'mei@example.com').id}/invite", page=HERE)

    (message,) = mailbox.collect()
    assert app.test_client().get(f"/reset/{first}").status_code == 404
    assert app.test_client().get(f"/reset/{link_token(message)}").status_code == 200


def test_s44_invitations_of_one_person_are_limited(app, admin, mailbox):
    submit(admin, HERE, {"name": "Mei", "email": "mei@example.com", "role": "agent"})
    path = f"{HERE}/{found(app, 'mei@example.com').id}/invite"

    answers = [submit(admin, path, page=HERE).status_code for _ in range(6)]

    assert answers == [302] * 5 + [429]


def test_who_has_a_password_needs_no_invitation(admin, make, mailbox):
    user = make.user()

    assert submit(admin, f"{HERE}/{user.id}/invite", page=HERE).status_code == 409
    assert mailbox.collect() == []


@pytest.mark.parametrize(
    "data",
    [
        {"name": "", "email": "mei@example.com", "role": "agent"},
        {"name": "Mei", "email": "mei", "role": "agent"},
        {"name": "Mei", "email": "mei@example.com", "role": "owner"},
        {"name": "Mei", "email": "x" * 250 + "@example.com", "role": "agent"},
        {"name": "Mei", "email": "mei@example.com", "role": "agent", "workspace_id": "x"},
    ],
    ids=["no-name", "no-address", "no-role", "long-address", "s14-more"],
)
def test_a_mistake_adds_nobody_and_loses_nothing(app, admin, mailbox, data):
    answer = submit(admin, HERE, data)

    assert answer.status_code == 422
    assert data["email"] in answer.text
    assert found(app, "mei@example.com") is None
    assert mailbox.collect() == []


def test_an_address_is_taken_once_in_the_whole_installation(admin, make):
    other = make.user(workspace=make.workspace(), email="taken@example.com")

    answer = submit(admin, HERE, {"name": "Mei", "email": other.email.upper(), "role": "agent"})

    assert answer.status_code == 422
    assert "is here already" in answer.text


def test_another_role_ends_the_sessions(app, admin, boss, make, sign_in):
    heard = []
    bus.subscribe(SessionsEnded, heard.append)
    user = make.user()
    browser = sign_in(user)

    submit(admin, f"{HERE}/{user.id}/role", {"role": "viewer"}, page=HERE)

    assert browser.get("/profile").status_code == 302
    assert found(app, user.email).role == "viewer"
    assert heard[-1].reason == "role_changed"
    with app.app_context(), use_workspace(user.workspace_id):
        (event,) = db.session.scalars(sa.select(Event).where(Event.name == "user.updated"))
        assert (event.changes, event.actor_id) == ({"role": ["agent", "viewer"]}, boss.id)


def test_access_goes_and_comes_back(app, admin, make, sign_in):
    user = make.user()
    browser = sign_in(user)

    submit(admin, f"{HERE}/{user.id}/deactivate", page=HERE)
    assert browser.get("/profile").status_code == 302
    assert "No access" in admin.get(HERE).text

    submit(admin, f"{HERE}/{user.id}/activate", page=HERE)
    assert found(app, user.email).is_active
    assert browser.get("/profile").status_code == 302, "old sessions stay ended"


@pytest.mark.parametrize("verb, data", [("deactivate", {}), ("role", {"role": "agent"})])
def test_the_last_admin_stays(admin, boss, make, verb, data):
    make.user(role="admin", deactivated_at=boss.created_at)

    answer = submit(admin, f"{HERE}/{boss.id}/{verb}", data, page=HERE)

    assert answer.status_code == 409
    assert "only admin" in answer.text
    assert admin.get(HERE).status_code == 200


@pytest.mark.parametrize("verb", ["invite", "role", "deactivate", "activate"])
def test_people_of_another_workspace_are_not_there(app, admin, make, verb):
    other = make.user(workspace=make.workspace(), name="Foreign")

    answer = submit(
        admin, f"{HERE}/{other.id}/{verb}", {"role": "viewer"} if verb == "role" else {}, page=HERE
    )

    assert answer.status_code == 404
    assert "Foreign" not in admin.get(HERE).text
    assert found(app, other.email).role == "agent"


@pytest.mark.parametrize("role", ["viewer", "agent", "senior_agent"])
def test_only_admins_may(app, make, sign_in, role):
    make.user(role="admin")
    user = make.user()
    browser = sign_in(make.user(role=role))

    for verb in ("role", "deactivate", "activate", "invite"):
        answer = submit(browser, f"{HERE}/{user.id}/{verb}", {"role": "admin"}, page="/profile")
        assert answer.status_code == 403
    assert submit(browser, HERE, {"name": "M", "email": "m@example.com"}, page="/profile").status_code == 403
    assert found(app, user.email).role == "agent"


def test_a_reason_is_one_that_the_workspace_offers(app, make, agent):
    socket = agent(make.user()).connect()

    assert socket.say("availability.set", {"availability": "away", "reason": "Lunch"})["ok"]
    refused = socket.say("availability.set", {"availability": "away", "reason": "Golf"})

    assert refused["error"]["detail"][0]["loc"] == ["body", "reason"]
