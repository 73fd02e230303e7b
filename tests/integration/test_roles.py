"""Roles of the workspace's own: exactly their permissions, at every door, at once."""

import pytest
import sqlalchemy as sa

from tests.support.pages import form_of, submit
from tests.support.who_may import ROUTES, SOCKET, ask, ids_of, outcome, rows, say
from tests.support.world import Person, World, undone
from webapp.auth import ADMIN, ALWAYS, PERMISSIONS, ROLES, WORDS, Actor, acting_as
from webapp.database import transaction
from webapp.errors import Forbidden, Invalid
from webapp.extensions import db
from webapp.models import Event, Role, User
from webapp.realtime import revocation
from webapp.realtime.commands import COMMANDS
from webapp.schemas.role import GROUPS, RoleIn
from webapp.services import presence, role
from webapp.services import user as users
from webapp.services.notification.recipients import people
from webapp.services.permission import allows, people_with
from webapp.services.routing.pool import read_pool
from webapp.services.routing.rules import RoutingSettings
from webapp.services.session import actor_for_token
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

HERE = "/settings/roles"
SAMPLES = {
    "nothing": set(),
    "writes notes": {"ticket:note", "tag:edit"},
    "manages settings": {"settings:manage", "inbox:manage", "report:read"},
    "all but people": set(WORDS) - {"user:manage"},
}


@pytest.fixture
def boss(make):
    return make.user(role="admin", name="Nora")


@pytest.fixture
def admin(boss, sign_in):
    return sign_in(boss)


@pytest.fixture
def own_role(app, make, boss):
    """`own_role("Night", {"ticket:note"})` makes a role and gives its key."""

    def made(name, permissions, workspace_id=boss.workspace_id):
        with app.app_context(), use_workspace(workspace_id), transaction():
            return role.create_role(RoleIn(name=name, permissions=sorted(permissions))).key

    return made


MORE = {
    "POST /api/v1/tickets/<ticket_id>/comments/<comment_id>/withdraw",  # its author alone
    "POST /settings/mail/deliveries/<uuid:delivery_id>/retry",  # and whoever may reply
    "GET /mail/<uuid:mail_id>",  # a held one only for who decides on it
    "GET /mail/<uuid:mail_id>/original",
    "GET /api/v1/mails/<id>",
}


def access_of(app, route):
    """The permission that a route or command names, if it names one."""
    method, path = route.split(" ")
    for rule in app.url_map.iter_rules():
        if rule.rule == path and method in (rule.methods or ()):
            return getattr(app.view_functions[rule.endpoint], "access", "static")
    raise AssertionError(route)


# --- exactly its permissions ----------------------------------------------------------------------


@pytest.mark.parametrize("sample", SAMPLES)
def test_s10_a_role_gets_exactly_its_permissions_on_pages_rest_and_socket(app, make, agent, own_role, sample):
    world = World("harbour", app, make, agent)
    rights = SAMPLES[sample] | ALWAYS
    key = own_role(sample, SAMPLES[sample], world.workspace.id)
    somebody = Person(app, agent(make.user(role=key, workspace=world.workspace)))
    ids, wrong, asked = ids_of(world), [], 0
    for route in rows(ROUTES):
        access = access_of(app, route)
        if ":" not in access or access.startswith("chat:"):
            continue
        asked += 1
        with undone(app):
            answer = ask(somebody, route, ids)
        refused = outcome(answer) == "403"
        if refused is (access in rights) and not (refused and route in MORE):
            wrong.append(f"{route} ({access}): {outcome(answer)} {answer.text[:100]}")
    for command in rows(SOCKET):
        namespace, name = command.split()
        if namespace != "/agent":
            continue
        with undone(app):
            said = say(somebody, command, world.ids)
        if (said["outcome"] == "forbidden") is (COMMANDS[namespace, name].access in rights):
            wrong.append(f"{command}: {said}")
    assert asked > 60
    assert not wrong, "\n".join(wrong)


def test_the_page_of_the_desk_is_told_the_same_rights(app, make, own_role, sign_in):
    browser = sign_in(make.user(role=own_role("Notes", {"ticket:note"})))

    assert '"permissions": ["customer:read"' in browser.get("/agent/v/all").text.replace("&#34;", '"')


def test_every_permission_is_always_there_or_in_the_matrix_once():
    listed = [one for group in GROUPS.values() for one in group]

    assert sorted([*listed, *ALWAYS]) == sorted(WORDS)
    assert set(WORDS) == set().union(*(PERMISSIONS[name] for name in ROLES))


# --- who answers, and who runs the desk, by permission --------------------------------------------


def test_a_role_that_answers_is_asked_where_roles_that_answer_are(app, make, boss, own_role):
    answers = make.user(role=own_role("Night shift", {"ticket:reply"}), name="Ann")
    looks = make.user(role=own_role("Looks", {"ticket:note"}), name="Lu")
    runs = make.user(role=own_role("Runs it", {"settings:manage"}), name="Rita")
    with app.app_context(), use_workspace(boss.workspace_id):
        told = {user.id for user, _ in people(None, session=db.session)}
        assert answers.id in told
        assert looks.id not in told
        assert {user.id for user in people_with("settings:manage")} == {boss.id, runs.id}
        seats = {seat.id for seat in read_pool(RoutingSettings(), session=db.session)}
        assert seats == {answers.id}


def test_somebody_whose_own_role_answers_is_available(app, make, boss, own_role):
    looks = make.user(role=own_role("Looks", {"ticket:note"}))
    answers = make.user(role=own_role("Night shift", {"ticket:reply"}))
    with app.app_context():
        for person, expected in ((looks, False), (answers, True)):
            with use_workspace(boss.workspace_id), transaction():
                presence.opened("user", person.id, boss.workspace_id)
            assert presence.anyone_available(boss.workspace_id) is expected


# --- a change is in force at once -----------------------------------------------------------------


@pytest.fixture
def notes(make, own_role):
    return make.user(role=own_role("Notes", {"ticket:note"}))


def test_s09_a_change_of_a_role_holds_with_the_next_request_and_ends_its_sockets(
    app, boss, agent, admin, notes
):
    desk = agent(notes)
    socket = desk.connect()
    assert desk.get("tags").status_code == 200
    assert desk.post("tags", {"name": "x"}).status_code == 403
    with app.app_context(), use_workspace(boss.workspace_id):
        role_id = db.session.scalar(sa.select(Role.id))

    fields = form_of(admin.get(f"{HERE}/{role_id}").text, f"{HERE}/{role_id}")
    answer = admin.post(f"{HERE}/{role_id}", data={**fields, "permissions.tag:edit": "1"})

    assert answer.location == f"{HERE}/{role_id}"
    assert desk.post("tags", {"name": "x"}).status_code == 201
    assert not socket.is_connected


def test_s09_a_change_made_in_another_process_ends_the_sockets_at_the_next_look(
    app, make, agent, boss, own_role
):
    socket = agent(make.user(role=own_role("Notes", {"ticket:note"}))).connect()
    bystander = agent(make.user(role="agent")).connect()
    with app.app_context():
        revocation.poll()
    assert socket.is_connected
    with app.app_context(), use_workspace(boss.workspace_id):  # as the other process: nobody is told here
        db.session.execute(sa.update(Role).values(permissions=sorted(ALWAYS)))
        db.session.commit()

    with app.app_context():
        revocation.poll()

    assert not socket.is_connected
    assert bystander.is_connected


def test_s09_a_command_after_the_change_is_not_run_with_the_old_rights(app, make, agent, own_role, clock):
    person = make.user(role=own_role("Here", {"presence:share"}))
    socket = agent(person).connect()
    socket.must("availability.set", {"availability": "away"})
    with app.app_context(), use_workspace(person.workspace_id):
        db.session.execute(sa.update(Role).values(permissions=sorted(ALWAYS)))
        db.session.commit()
    clock.advance(seconds=3)

    assert socket.say("availability.set", {"availability": "busy"})["error"]["code"] == "unauthenticated"
    assert not socket.is_connected


# --- nobody gives what they don't have ------------------------------------------------------------


@pytest.fixture
def lead(make, own_role):
    """Somebody who manages people, and little else."""
    return make.user(role=own_role("Lead", {"user:manage", "ticket:reply"}), name="Lea")


def test_s11_nobody_gives_or_touches_rights_they_do_not_have(app, make, boss, lead, own_role):
    clerk = make.user(role=own_role("Clerk", {"ticket:reply"}))
    strong = own_role("Strong", {"settings:manage"})
    colleague = make.user(role=strong)
    forbidden = [
        lambda: users.set_role(lead.id, ADMIN),
        lambda: users.set_role(lead.id, strong),
        lambda: users.set_role(clerk.id, "senior_agent"),
        lambda: users.create_user("new@example.com", "New", ADMIN),
        lambda: users.set_role(colleague.id, "viewer"),
        lambda: users.set_role(boss.id, "viewer"),
        lambda: users.deactivate_user(boss.id),
        lambda: users.update_person(boss.id, name="Nora", email="lea@example.com"),
        lambda: users.set_password(boss.id, "x" * 20),
        lambda: role.create_role(RoleIn(name="Mine", permissions=["settings:manage"])),
        lambda: role.update_role(
            db.session.scalar(sa.select(Role.id).where(Role.key == lead.role)),
            RoleIn(name="Lead", permissions=["user:manage", "ticket:reply", "key:manage"]),
        ),
        lambda: role.update_role(
            db.session.scalar(sa.select(Role.id).where(Role.key == strong)), RoleIn(name="Strong")
        ),
        lambda: role.delete_role(db.session.scalar(sa.select(Role.id).where(Role.key == strong)), "viewer"),
        lambda: role.delete_role(db.session.scalar(sa.select(Role.id).where(Role.key == "clerk")), ADMIN),
    ]
    token = make.session_token(lead)
    with app.app_context(), use_workspace(lead.workspace_id), acting_as(actor_for_token(token, door="page")):
        for number, act in enumerate(forbidden):
            with pytest.raises(Forbidden):
                act()
            db.session.rollback()
            assert db.session.get(User, lead.id).role == lead.role, number
        users.set_role(clerk.id, lead.role)
        made = role.create_role(RoleIn(name="Mine too", permissions=["ticket:reply"]))
        assert set(made.permissions) == ALWAYS | {"ticket:reply"}


def test_s11_the_page_offers_only_rights_that_one_has(app, lead, sign_in):
    page = sign_in(lead).get(f"{HERE}/new?like=admin").text

    assert 'name="permissions.ticket:reply"' in page
    assert 'name="permissions.settings:manage"' not in page


# --- the roles themselves -------------------------------------------------------------------------


def test_a_role_is_made_from_another_and_given(app, admin, boss, make):
    page = admin.get(f"{HERE}/new?like=senior_agent").text
    fields = form_of(page, f"{HERE}/new")
    assert {name.partition(".")[2] for name in fields if name.startswith("permissions.")} == (
        PERMISSIONS["senior_agent"] - ALWAYS
    )
    fields.pop("permissions.ticket:export")

    answer = admin.post(f"{HERE}/new", data={**fields, "name": "Équipe Lead"})

    assert answer.location == HERE
    assert "Équipe Lead" in admin.get(HERE).text
    person = make.user(role="agent")
    submit(admin, f"/settings/people/{person.id}/role", {"role": "equipe_lead"}, page="/settings/people")
    with app.app_context(), use_workspace(boss.workspace_id):
        assert db.session.get(User, person.id).role == "equipe_lead"
        assert allows("equipe_lead", "tag:edit")
        assert not allows("equipe_lead", "ticket:export")
        (event,) = db.session.scalars(sa.select(Event).where(Event.name == "role.created"))
        assert event.actor_id == boss.id


@pytest.mark.parametrize("name", ["", " ", "Admin", "aGENT", "Night", "night", "x" * 61])
def test_s26_a_name_that_will_not_do_is_told_at_its_field(admin, own_role, name):
    own_role("Night", set())

    answer = submit(admin, f"{HERE}/new", {"name": name, "permissions.tag:edit": "1"})

    assert answer.status_code == 422
    assert 'id="f-name-error"></span>' not in answer.text
    assert 'name="permissions.tag:edit" value="1" checked' in answer.text


def test_s26_a_permission_that_there_is_not_is_refused(admin):
    answer = submit(admin, f"{HERE}/new", {"name": "Night", "permissions.root:everything": "1"})

    assert answer.status_code == 422
    assert "no such permission" in answer.text


def test_whoever_had_a_role_that_goes_has_the_other_one(app, admin, boss, make, own_role):
    person = make.user(role=own_role("Night", {"ticket:note"}))
    gone = make.user(role="night")
    with app.app_context(), use_workspace(boss.workspace_id):
        role_id = db.session.scalar(sa.select(Role.id))
        with transaction():
            users.deactivate_user(gone.id)
    place = f"{HERE}/{role_id}"
    asked = submit(admin, f"{place}/delete", {"replacement": "agent"}, page=place)
    assert "Type" in asked.text or "Night" in asked.text

    answer = submit(admin, f"{place}/delete", {"replacement": "agent", "confirm": "Night"}, page=place)

    assert answer.location == HERE
    with app.app_context(), use_workspace(boss.workspace_id):
        assert {db.session.get(User, one.id).role for one in (person, gone)} == {"agent"}
        assert db.session.scalar(sa.select(Role.id)) is None


@pytest.mark.parametrize("replacement", ["", "night", "nonsense", "system", "customer", "\x00"])
def test_a_role_is_not_taken_away_without_another(app, boss, own_role, replacement):
    own_role("Night", set())
    with app.app_context(), use_workspace(boss.workspace_id):
        role_id = db.session.scalar(sa.select(Role.id))
        with pytest.raises(Invalid):
            role.delete_role(role_id, replacement)


def test_another_workspaces_role_is_no_role(app, make, boss, own_role):
    key = own_role("Night", {"settings:manage"})
    other = make.workspace("Mountain")
    stray = make.user(role=key, workspace=other)
    with app.app_context(), use_workspace(other.id):
        assert not allows(key, "settings:manage")
        assert users.actor_of(db.session.get(User, stray.id)).rights == frozenset()
        with pytest.raises(Invalid):
            users.set_role(stray.id, key)


def test_an_actor_of_a_role_of_the_table_reads_no_rows(app, boss):
    actor = Actor(kind="user", id=boss.id, workspace_id=boss.workspace_id, name="Nora", role="admin")

    assert actor.rights == PERMISSIONS["admin"]
