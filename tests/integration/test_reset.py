"""Passwords set by a mailed link."""

import re
import time
from statistics import NormalDist

import pytest
import sqlalchemy as sa

from tests.factories import PASSWORD
from tests.support.pages import csrf_token, submit
from webapp.auth import hash_token
from webapp.database import transaction
from webapp.extensions import db
from webapp.models import AccountToken, Job, User
from webapp.services import account_token
from webapp.services import user as users
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

NEW = "a whole new password"
LINK = re.compile(r"http\S+/reset/(\S+)")


def ask(client, email, **options):
    return submit(client, "/reset", {"email": email}, **options)


def link_token(message):
    return LINK.search(message.get_body(("plain",)).get_content())[1]


@pytest.fixture
def mailed(client, mailbox):
    """Asks for a link and returns the token in the mail."""

    def ask_and_read(user):
        mailbox.clear()
        ask(client, user.email)
        (message,) = mailbox.collect()
        return link_token(message)

    return ask_and_read


def set_password(client, token, password=NEW):
    return submit(client, f"/reset/{token}", {"password": password})


def test_s40_a_link_sets_a_new_password_once(app, client, make, mailed):
    user = make.user()
    token = mailed(user)
    assert len(token) == 43  # 256 bits

    assert set_password(client, token).location == "/sign-in"

    assert submit(client, "/sign-in", {"email": user.email, "password": NEW}).status_code == 302
    assert app.test_client().get(f"/reset/{token}").status_code == 404
    again = app.test_client()
    other_form = csrf_token(again, "/reset")
    answer = again.post(f"/reset/{token}", data={"csrf_token": other_form, "password": "third password"})
    assert answer.status_code == 404


def test_s40_only_the_hash_is_stored(app, make, mailed):
    token = mailed(make.user())

    with app.app_context():
        stored = db.session.scalars(sa.select(AccountToken.token_hash)).all()
        jobs = [str(job.params) + str(job.result) for job in db.session.scalars(sa.select(Job))]
    assert stored == [hash_token(token)]
    assert not [text for text in jobs if token in text]


def test_s40_every_session_ends_with_the_old_password(client, make, mailed, sign_in):
    user = make.user()
    browser = sign_in(user)

    set_password(client, mailed(user))

    assert browser.get("/profile").status_code == 302
    assert submit(client, "/sign-in", {"email": user.email, "password": PASSWORD}).status_code == 422


def test_s40_a_link_works_for_an_hour(client, make, mailed, clock):
    token = mailed(make.user())

    clock.advance(minutes=59)
    assert client.get(f"/reset/{token}").status_code == 200
    clock.advance(minutes=2)

    assert client.get(f"/reset/{token}").status_code == 404


def test_s40_a_newer_link_ends_the_older_one(client, make, mailed):
    user = make.user()
    first = mailed(user)
    second = mailed(user)

    assert client.get(f"/reset/{first}").status_code == 404
    assert client.get(f"/reset/{second}").status_code == 200


def test_s40_a_changed_password_ends_the_link(app, client, make, mailed):
    user = make.user()
    token = mailed(user)

    with app.app_context(), use_workspace(user.workspace_id), transaction():
        users.set_password(user.id, user.password_hash)

    assert client.get(f"/reset/{token}").status_code == 404


def test_s40_another_address_ends_the_link(app, client, make, mailed):
    user = make.user()
    token = mailed(user)

    with app.app_context(), use_workspace(user.workspace_id), transaction():
        users.update_person(user.id, name=user.name, email="new@example.com")

    assert client.get(f"/reset/{token}").status_code == 404


def test_s40_every_socket_ends_with_the_old_password(client, make, mailed, agent):
    user = make.user()
    socket = agent(user).connect()
    assert socket.is_connected

    set_password(client, mailed(user))

    assert not socket.is_connected


def test_s40_a_link_tells_what_it_is_worth_in_the_same_words(client, make, mailed, clock):
    """Used, expired, replaced or made up: nobody learns which it was."""
    user = make.user()
    used, replaced, expired = mailed(user), None, None
    set_password(client, used)
    replaced = mailed(user)
    expired = mailed(user)
    clock.advance(minutes=61)

    answers = [client.get(f"/reset/{token}") for token in (used, replaced, expired, "made-up")]

    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}


def test_s40_a_lost_access_ends_the_link(app, client, make, mailed):
    make.user(role="admin")
    user = make.user()
    token = mailed(user)

    with app.app_context(), use_workspace(user.workspace_id), transaction():
        users.deactivate_user(user.id)
        users.activate_user(user.id)

    assert client.get(f"/reset/{token}").status_code == 404


@pytest.mark.parametrize(
    "spoil", [str.swapcase, lambda token: token[:-1], lambda token: token + "a", lambda _: "%20"]
)
def test_s40_only_the_exact_token_works(client, make, mailed, spoil):
    assert client.get(f"/reset/{spoil(mailed(make.user()))}").status_code == 404


def test_s40_two_at_the_same_link_set_one_password(app, make, mailed):
    user = make.user()
    token = mailed(user)

    with app.app_context(), use_workspace(user.workspace_id):
        with transaction():
            account_token.use_token(token, "first hash")
        with pytest.raises(Exception, match="no longer works"), transaction():
            account_token.use_token(token, "second hash")
        assert db.session.scalar(sa.select(User.password_hash).where(User.id == user.id)) == "first hash"


def likelihood(some, others):
    """How likely samples that differ so come from one source: Mann-Whitney's U, for large samples."""
    ranked = sorted([(value, True) for value in some] + [(value, False) for value in others])
    ranks = sum(rank for rank, (_, is_some) in enumerate(ranked, 1) if is_some)
    n, m = len(some), len(others)
    u = ranks - n * (n + 1) / 2
    return 2 * NormalDist().cdf(-abs(u - n * m / 2) / (n * m * (n + m + 1) / 12) ** 0.5)


def test_s40_the_rank_test_tells_a_difference():
    even, later = [n / 100 for n in range(200)], [n / 100 + 0.3 for n in range(200)]
    assert likelihood(even, even[::-1]) > 0.9
    assert likelihood(even, later) < 0.01


class TestNobodyLearnsWhoHasAnAccount:
    def test_s40_the_answer_is_the_same(self, client, make, clock):
        known = make.user()
        gone = make.user(deactivated_at=clock.now())

        answers = [ask(client, email) for email in (known.email, gone.email, "nobody@example.com")]

        assert {(answer.status_code, answer.location, answer.text) for answer in answers} == {
            (302, "/reset/sent", answers[0].text)
        }

    def test_s40_the_work_is_the_same(self, app, client, make, queries):
        known = make.user()
        counts, jobs = [], []
        for email in (known.email, "nobody@example.com"):
            with queries() as asked:
                ask(client, email)
            counts.append(asked.count)
            with app.app_context():
                jobs.append(db.session.scalar(sa.select(sa.func.count()).select_from(Job)))

        assert counts[0] == counts[1]
        assert jobs == [1, 2]

    def test_s40_the_time_is_the_same(self, app, client, make):
        """200 of each, taken in turn: no difference that a rank test sees. Chance alone errs once in 20."""
        known = make.user()
        token = csrf_token(client, "/reset")

        def seconds(email):
            app.extensions["parley_limiter"].reset()
            began = time.perf_counter()
            client.post("/reset", data={"csrf_token": token, "email": email})
            return time.perf_counter() - began

        def chance():
            taken = {known.email: [], "nobody@example.com": []}
            for n in range(200):  # each goes first in turn, or what comes second would differ by that alone
                for email in sorted(taken, reverse=bool(n % 2)):
                    taken[email].append(seconds(email))
            return likelihood(*taken.values())

        assert any(chance() > 0.05 for _ in range(4))

    def test_s40_an_unknown_address_gets_no_mail(self, client, make, mailbox):
        make.user()

        ask(client, "nobody@example.com")

        assert mailbox.collect() == []


def test_s40_asking_is_limited_by_mail_and_by_address(app, client, make):
    make.user()
    by_mail = []
    for number in range(6):
        token = csrf_token(client, "/reset")
        answer = client.post(
            "/reset",
            data={"csrf_token": token, "email": "maria@example.com"},
            environ_base={"REMOTE_ADDR": f"192.0.2.{number}"},
        )
        by_mail.append(answer.status_code)
    by_address = [ask(client, f"person{number}@example.com").status_code for number in range(6)]

    assert by_mail == [302] * 5 + [429]
    assert by_address == [302] * 5 + [429]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example"},
        {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example:443"},
        {"Host": "localhost:9999"},
    ],
)
def test_s41_links_carry_the_configured_address(client, make, mailbox, headers):
    user = make.user()
    token = csrf_token(client, "/reset")

    client.post("/reset", data={"csrf_token": token, "email": user.email}, headers=headers)

    (message,) = mailbox.collect()
    bodies = "".join(part.get_content() for part in message.walk() if not part.is_multipart())
    assert "http://localhost:5000/reset/" in bodies
    assert "evil" not in message.as_string()
    assert "9999" not in message.as_string()


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "evil.example:5000", "", "localhost@evil"]
)
def test_s41_an_unknown_host_is_refused(client, host):
    assert client.get("/reset", headers={"Host": host}).status_code == 400


def test_s46_the_page_of_a_link_tells_nobody_its_address(client, make, mailed):
    answer = client.get(f"/reset/{mailed(make.user())}")

    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "http" not in re.sub(r'xmlns="[^"]+"', "", answer.text.split("<body>")[1])


def test_the_mail_says_who_writes_and_to_whom(client, make, mailbox):
    user = make.user(name="Maria Silva")

    ask(client, user.email)

    (message,) = mailbox.collect()
    assert message["To"] == user.email
    assert message["Subject"] == "Set a new password for Harbour"
    assert "Maria Silva" in message.get_body(("plain",)).get_content()
    assert message.get_body(("html",)) is not None


def test_the_outbox_is_for_its_owner_alone(client, make, mailbox):
    ask(client, make.user().email)
    mailbox.collect()

    (path,) = mailbox.folder.glob("*.eml")
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("email", ["", "nonsense", "a@", "a\x00@example.com"])
def test_what_is_no_address_is_said_to_be_none(client, make, email):
    make.user()

    answer = ask(client, email)

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


def test_a_short_password_is_refused_and_the_link_stays(client, make, mailed):
    token = mailed(make.user())

    answer = set_password(client, token, "short")

    assert answer.status_code == 422
    assert "At least 10 characters" in answer.text
    assert set_password(client, token).status_code == 302
