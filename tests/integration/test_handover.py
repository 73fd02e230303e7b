"""Somebody leaves: who has what was theirs; and one person's page."""

import pytest
import sqlalchemy as sa

from tests.integration.test_reset import link_token
from tests.support.pages import form_of, submit
from webapp.database import transaction
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.models import Event, Team, Ticket, User, UserSession
from webapp.schemas.role import RoleIn
from webapp.schemas.routing import RoutingSettings
from webapp.schemas.sla import PolicyIn
from webapp.services import handover, presence, role, sla
from webapp.services import ticket as tickets
from webapp.services.setting import save_section
from webapp.services.team import team_for
from webapp.tasks import timer as timers
from webapp.tasks.worker import run_due
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

HERE = "/settings/people"


@pytest.fixture
def boss(make):
    return make.user(role="admin", name="Nora")


@pytest.fixture
def admin(boss, sign_in):
    return sign_in(boss)


@pytest.fixture
def ben(make, boss):
    return make.user(name="Ben")


@pytest.fixture
def held(app, ben):
    """`held(n)` gives Ben so many open tickets, and one that is closed."""

    def give(count):
        with app.app_context(), use_workspace(ben.workspace_id), transaction():
            for number in range(count + 1):
                ticket = tickets.create_ticket(f"Ticket {number}", "", f"c{number}@example.com")
                tickets.assign_ticket(ticket.id, ben.id)
                if number == count:
                    tickets.update_ticket_status(ticket.id, "closed")
                elif number == 1:
                    tickets.update_ticket_status(ticket.id, "pending")

    give.who = ben
    return give


@pytest.fixture
def mei(make, boss):
    return make.user(name="Mei")


def holders(app, workspace_id):
    """Who has the open tickets: `{agent id: count}`."""
    with app.app_context(), use_workspace(workspace_id):
        counted = sa.select(Ticket.assigned_agent_id, sa.func.count()).where(Ticket.status != "closed")
        return dict(db.session.execute(counted.group_by(Ticket.assigned_agent_id)).all())


@pytest.mark.parametrize("count", [3, 45], ids=["few", "many"])
def test_open_tickets_go_to_a_colleague_with_the_access(app, admin, mei, held, count):
    ben = held.who
    held(count)
    page = admin.get(f"{HERE}/{ben.id}").text
    assert f"<dd>{count}</dd>" in page

    answer = submit(admin, f"{HERE}/{ben.id}/deactivate", {"to": f"user:{mei.id}"}, page=f"{HERE}/{ben.id}")

    assert answer.location == f"{HERE}/{ben.id}"
    assert f"{count} open tickets were handed over" in admin.get(f"{HERE}/{ben.id}").text
    with app.app_context():
        timers.fire_due()
        run_due()
    assert holders(app, ben.workspace_id) == {mei.id: count}
    with app.app_context(), use_workspace(ben.workspace_id):
        assert not db.session.get(User, ben.id).is_active
        (gone,) = db.session.scalars(sa.select(Event).where(Event.name == "user.deactivated"))
        assert gone.changes == {"tickets_to": [None, "Mei"]}
        assert handover.count_open(ben.id) == 0
        assert not handover.is_under_way(ben.id)


def test_while_the_job_runs_routing_leaves_the_tickets_alone(app, admin, ben, make, held):
    mei = make.user(name="Mei")
    held(25)
    with app.app_context(), use_workspace(ben.workspace_id), transaction():
        save_section(RoutingSettings(is_on=True))
    submit(admin, f"{HERE}/{ben.id}/deactivate", {"to": f"user:{mei.id}"}, page=f"{HERE}/{ben.id}")

    with app.app_context():
        timers.fire_due()

    assert holders(app, ben.workspace_id) == {ben.id: 25}
    with app.app_context():
        run_due()
    assert holders(app, ben.workspace_id) == {mei.id: 25}


def test_open_tickets_go_to_a_team(app, admin, ben, make, held):
    mei = make.user(name="Mei")
    team = make.team(mei)
    held(3)

    submit(admin, f"{HERE}/{ben.id}/deactivate", {"to": f"team:{team.id}"}, page=f"{HERE}/{ben.id}")

    assert holders(app, ben.workspace_id) == {None: 3}
    with app.app_context(), use_workspace(ben.workspace_id):
        theirs = sa.select(Ticket.team_id).where(Ticket.status != "closed").distinct()
        assert list(db.session.scalars(theirs)) == [team.id]


def test_open_tickets_go_back_to_routing(app, admin, ben, make, held):
    mei = make.user(name="Mei")
    held(3)
    with app.app_context(), use_workspace(ben.workspace_id), transaction():
        save_section(RoutingSettings(is_on=True))
        presence.opened("user", mei.id, mei.workspace_id)

    submit(admin, f"{HERE}/{ben.id}/deactivate", page=f"{HERE}/{ben.id}")
    with app.app_context():
        timers.fire_due()
        run_due()

    assert ben.id not in holders(app, ben.workspace_id)
    assert holders(app, ben.workspace_id).get(mei.id)


@pytest.mark.parametrize("who", ["viewer", "gone", "foreign", "themselves", "nonsense"])
def test_s26_tickets_go_to_nobody_who_cannot_take_them(app, admin, make, held, who):
    ben = held.who
    held(2)
    other = {
        "viewer": lambda: make.user(role="viewer").id,
        "gone": lambda: make.user(deactivated_at=ben.created_at).id,
        "foreign": lambda: make.user(workspace=make.workspace("Mountain")).id,
        "themselves": lambda: ben.id,
        "nonsense": lambda: "x",
    }[who]()

    answer = submit(admin, f"{HERE}/{ben.id}/deactivate", {"to": f"user:{other}"}, page=f"{HERE}/{ben.id}")

    assert answer.status_code == 422
    assert 'id="f-to-error"></span>' not in answer.text
    assert holders(app, ben.workspace_id) == {ben.id: 2}
    with app.app_context(), use_workspace(ben.workspace_id):
        assert db.session.get(User, ben.id).is_active
        with pytest.raises(Invalid):
            handover.heir_for("", ben.id)


def test_what_points_to_a_person_is_shown(app, admin, ben, make, boss):
    make.team(ben, name="Night", lead_id=ben.id)
    step = {"metric": "total", "at_percent": 100, "actions": [{"do": "notify", "user_ids": [str(ben.id)]}]}
    target = {"metric": "total", "seconds": {"low": {"free": 86_400}}}
    with app.app_context(), use_workspace(ben.workspace_id), transaction():
        given = PolicyIn.model_validate({"name": "Gold", "targets": [target]})
        policy = sla.create_policy(given)
        policy.ladder, policy_id = [step], policy.id

    page = admin.get(f"{HERE}/{ben.id}").text

    assert "Night" in page
    assert f'href="/settings/policies/{policy_id}"' in page


# --- one person's page ----------------------------------------------------------------------------


def test_another_address_ends_the_links_and_an_invited_person_is_invited_again(app, admin, mailbox):
    submit(admin, HERE, {"name": "Mei", "email": "mei@example.com", "role": "agent"})
    (first,) = mailbox.collect()
    with app.app_context():
        mei = db.session.scalar(sa.select(User.id).where(User.email == "mei@example.com"))

    fields = form_of(admin.get(f"{HERE}/{mei}").text, f"{HERE}/{mei}")
    answer = admin.post(f"{HERE}/{mei}", data={**fields, "email": "Mei@new.example"})

    assert answer.location == f"{HERE}/{mei}"
    second = mailbox.collect()[-1]
    assert second["To"] == "mei@new.example"
    assert app.test_client().get(f"/reset/{link_token(first)}").status_code == 404
    assert app.test_client().get(f"/reset/{link_token(second)}").status_code == 200


@pytest.mark.parametrize("fields", [{"name": ""}, {"email": "x"}, {"email": "TAKEN@example.com"}])
def test_s26_wrong_details_are_told_at_their_field(admin, ben, make, fields):
    make.user(email="taken@example.com")

    typed = {"name": "Ben", "email": "ben@example.com", **fields}
    answer = submit(admin, f"{HERE}/{ben.id}", typed, page=HERE)

    assert answer.status_code == 422
    (name,) = fields
    assert f'id="f-{name}-error"></span>' not in answer.text


def test_two_admins_at_one_person_are_told_of_each_other(admin, ben):
    fields = form_of(admin.get(f"{HERE}/{ben.id}").text, f"{HERE}/{ben.id}")
    assert admin.post(f"{HERE}/{ben.id}", data={**fields, "name": "Benedict"}).status_code == 302

    answer = admin.post(f"{HERE}/{ben.id}", data={**fields, "name": "Benny"})

    assert answer.status_code == 409
    assert "saved this while you had it open" in answer.text


def test_an_admin_sees_and_ends_somebodys_sessions(app, admin, ben, sign_in, make):
    browser, other = sign_in(ben), sign_in(ben)
    page = f"{HERE}/{ben.id}"
    with app.app_context():
        one = db.session.scalar(sa.select(UserSession.id).where(UserSession.user_id == ben.id))
    submit(admin, f"{page}/sessions/end", {"session_id": str(one)}, page=page)
    assert {browser.get("/profile").status_code, other.get("/profile").status_code} == {200, 302}

    submit(admin, f"{page}/sessions/end", page=page)

    assert {browser.get("/profile").status_code, other.get("/profile").status_code} == {302}


def test_teams_are_chosen_on_the_persons_page(app, admin, ben, make):
    old, new = make.team(ben, name="Old", lead_id=ben.id), make.team(name="New")
    page = f"{HERE}/{ben.id}"

    submit(admin, f"{page}/teams", {"team_ids": str(new.id)}, page=page)

    with app.app_context(), use_workspace(ben.workspace_id):
        assert team_for(old.id).lead_id == ben.id
        changed = sa.select(Event.subject_id).where(Event.name == "team.updated")
        assert set(db.session.scalars(changed)) == {old.id, new.id}
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Team)) == 2


# --- several at once ------------------------------------------------------------------------------


def test_several_are_invited_by_their_addresses(app, admin, mailbox, boss):
    lines = "ann.berg@example.com\r\n\r\nLi Na <li@example.com>\r\n"

    answer = submit(admin, f"{HERE}/several", {"addresses": lines, "role": "viewer"}, page=HERE)

    assert answer.location == HERE
    assert {message["To"] for message in mailbox.collect()} == {"ann.berg@example.com", "li@example.com"}
    with app.app_context():
        query = sa.select(User.name, User.role).where(User.id != boss.id).order_by(User.name)
        assert [tuple(row) for row in db.session.execute(query)] == [
            ("Ann Berg", "viewer"),
            ("Li Na", "viewer"),
        ]


def test_one_wrong_line_invites_nobody_and_says_which(app, admin, mailbox, boss):
    lines = f"ann@example.com\nnonsense\n{boss.email}\nann@example.com"

    answer = submit(admin, f"{HERE}/several", {"addresses": lines, "role": "agent"}, page=HERE)

    assert answer.status_code == 422
    assert "nonsense: This is not an e-mail address" in answer.text
    assert answer.text.count("is here already") == 2
    assert "ann@example.com\nnonsense" in answer.text
    assert mailbox.collect() == []
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 1


def test_the_list_is_searched_by_name_and_address(admin, make):
    make.user(name="Zoë Adams", email="zoe@example.com")
    make.user(name="Bob", email="bob@example.com")

    for wanted in ("zoë", "ZOE@ex"):
        page = admin.get(HERE, query_string={"q": wanted}).text
        assert "Zoë Adams" in page
        assert "Bob" not in page
    assert "Nobody is called that" in admin.get(HERE, query_string={"q": "xyzzy"}).text


def test_the_question_says_how_many_tickets_go_where(admin, ben, mei, held):
    path = f"{HERE}/{ben.id}"
    assert "They have no open tickets." in admin.get(path).text
    held(2)

    page = admin.get(path).text

    assert "2 open tickets go {chosen}." in page
    assert f'value="user:{mei.id}" data-said="to Mei"' in page
    assert 'value="routing" data-said="back to the queue' in page


class TestSkillsAndCapacityOfAPerson:
    @pytest.fixture
    def path(self, ben):
        return f"{HERE}/{ben.id}"

    @pytest.fixture
    def fields(self, admin, path):
        """The form as it is now."""
        return lambda: form_of(admin.get(path).text, f"{path}/skills")

    def test_are_set_on_their_page(self, admin, path, fields):
        submit(admin, "/settings/skills", {"name": "German"})
        [german] = [name for name in fields() if name.startswith("skills.")]

        answer = admin.post(f"{path}/skills", data={**fields(), german: "3", "capacity": "7"})

        assert answer.location == path
        assert (fields()[german], fields()["capacity"]) == ("3", "7")
        listed = form_of(admin.get("/settings/skills").text, f"/settings/skills/people/{path[-36:]}")
        assert (listed[german], listed["capacity"]) == ("3", "7")

    def test_a_mistake_comes_back_at_its_field(self, admin, path, fields):
        answer = admin.post(f"{path}/skills", data={**fields(), "capacity": "lots"})

        assert answer.status_code == 422
        assert "A whole number, or nothing" in answer.text
        assert form_of(answer.text, f"{path}/skills")["capacity"] == "lots"

    def test_the_second_to_save_is_told(self, admin, path, fields):
        mine = fields()
        admin.post(f"{path}/skills", data={**fields(), "capacity": "7"})

        assert admin.post(f"{path}/skills", data={**mine, "capacity": "8"}).status_code == 409

    def test_are_for_those_who_may_set_them(self, app, make, ben, path, sign_in):
        with app.app_context(), use_workspace(ben.workspace_id), transaction():
            key = role.create_role(RoleIn(name="Staffing", permissions=["user:manage"])).key
        page = sign_in(make.user(role=key)).get(path).text

        assert "Skills and capacity" not in page
