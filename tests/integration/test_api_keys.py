"""Keys for programs: what they open, for how long, and what is never seen of them."""

import logging
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.pages import csrf_token
from webapp.auth import PERMISSIONS, hash_token
from webapp.database import Base, read_only, transaction
from webapp.errors import Conflict, Forbidden, Invalid, NotFound
from webapp.extensions import db
from webapp.models import ApiKey, Event, Ticket, User
from webapp.schemas.api_key import KeyIn, ServiceKeyIn
from webapp.schemas.role import RoleIn
from webapp.services import api_key as keys
from webapp.services import role, user
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration
READ, CREATE = "ticket:read", "ticket:create"
TICKET = {"title": "No light", "customer_email": "maria@example.com", "description": "The lamp is dark."}


class Program:
    """Asks the API with a token and nothing else."""

    def __init__(self, app: Any, token: str) -> None:
        self.http, self.token = app.test_client(), token

    def ask(self, path: str, body: Any = None, **headers: str) -> Any:
        """GET, or POST where there is a body."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"Authorization": f"Bearer {self.token}", **named}
        if body is None:
            return self.http.get(f"/api/v1/{path}", headers=given)
        return self.http.post(f"/api/v1/{path}", json=body, headers=given)

    def end(self, key_id: Any) -> Any:
        """Revokes a key."""
        return self.http.delete(f"/api/v1/keys/{key_id}", headers={"Authorization": f"Bearer {self.token}"})


class Desk:
    """The workspace's admin, who makes and ends keys by the services."""

    def __init__(self, app: Any, make: Any) -> None:
        self.app, self.make = app, make
        self.admin = make.user(role="admin")

    def do(self, call: Any, *args: Any, who: Any = None, **options: Any) -> Any:
        """Calls a service in a transaction of its own, as `who` or the admin."""
        with self.app.app_context(), use_workspace(self.admin.workspace_id), transaction():
            acting = user.actor_of(user.user_for((who or self.admin).id))
            return call(*args, actor=acting, **options)

    def personal(self, owner: Any, *scopes: str, **given: Any) -> tuple[Any, Program]:
        """A personal key: its id, and a program that has it."""
        made = KeyIn(name="Script", scopes=list(scopes), **given)
        return self._program(lambda actor: keys.create_key(made, actor=actor), owner)

    def service(self, *scopes: str, role: str = "agent", **given: Any) -> tuple[Any, Program]:
        """A service key, likewise."""
        made = ServiceKeyIn(name="Shop", scopes=list(scopes), role=role, **given)
        return self._program(lambda actor: keys.create_service_key(made, actor=actor), self.admin)

    def rotate(self, key_id: Any, who: Any = None) -> Program:
        """A program with the key's new token."""
        return self._program(lambda actor: keys.rotate_key(key_id, actor=actor), who)[1]

    def _program(self, call: Any, who: Any) -> tuple[Any, Program]:
        def act(*, actor: Any) -> tuple[Any, str]:
            row, token = call(actor)
            return row.id, token

        key_id, token = self.do(act, who=who)
        return key_id, Program(self.app, token)

    def row(self, key_id: Any) -> Any:
        """The key as it stands."""
        with self.app.app_context(), read_only():
            return db.session.execute(sa.select(ApiKey.__table__).where(ApiKey.id == key_id)).one()

    def events(self, name: str) -> list[Any]:
        """What the ledger says."""
        with self.app.app_context(), use_workspace(self.admin.workspace_id), read_only():
            query = sa.select(Event).where(Event.name == name).order_by(Event.workspace_seq)
            return [
                (one.actor_kind, one.actor_id, one.actor_name, one.changes)
                for one in db.session.scalars(query)
            ]


@pytest.fixture
def desk(app: Any, make: Any) -> Desk:
    return Desk(app, make)


@pytest.fixture
def ana(desk: Desk) -> Any:
    return desk.make.user(role="agent", name="Ana Silva")


def test_a_personal_key_acts_as_its_person_without_cookie_and_csrf_token(desk: Desk, ana: Any) -> None:
    _, program = desk.personal(ana, READ, CREATE)
    made = program.ask("tickets", TICKET)
    assert made.status_code == 201, made.text
    assert program.ask(f"tickets/{made.json['ticket']['id']}").status_code == 200
    assert program.ask("me").json["user"]["name"] == "Ana Silva"
    assert desk.events("ticket.created")[0][:3] == ("user", ana.id, "Ana Silva")


def test_a_service_key_acts_as_itself(desk: Desk) -> None:
    key_id, program = desk.service(READ, CREATE)
    assert program.ask("tickets", TICKET).status_code == 201
    assert desk.events("ticket.created")[0][:3] == ("system", key_id, "Shop")


def test_what_was_not_given_is_refused(desk: Desk, ana: Any) -> None:
    _, program = desk.personal(ana, READ)
    assert program.ask("tickets").status_code == 200
    answer = program.ask("tickets", TICKET)
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")


def test_a_key_gets_nothing_beyond_its_owners_and_its_roles_rights(desk: Desk, ana: Any) -> None:
    with pytest.raises(Invalid) as refused:
        desk.personal(ana, "key:manage")
    assert refused.value.detail[0]["loc"] == ["body", "scopes"]
    with pytest.raises(Invalid) as refused:
        desk.service("key:manage", READ, role="agent")
    assert refused.value.detail[0]["msg"] == "This role does not allow: Manage keys"
    with pytest.raises(Invalid) as refused:
        desk.service(READ, role="nobody")
    assert refused.value.detail[0]["loc"] == ["body", "role"]
    with pytest.raises(Forbidden):
        desk.do(keys.create_service_key, ServiceKeyIn(name="x", scopes=[READ], role="agent"), who=ana)


@pytest.mark.parametrize("right", sorted(keys.PERSONAL))
def test_what_only_people_do_is_not_given_to_services(desk: Desk, right: str) -> None:
    with pytest.raises(Invalid):
        desk.service(right, role="admin")


def test_another_role_of_the_owner_narrows_the_key_at_once(desk: Desk, ana: Any) -> None:
    _, program = desk.personal(ana, READ, CREATE)
    desk.do(user.set_role, ana.id, "viewer")
    assert program.ask("tickets", TICKET).status_code == 403
    assert program.ask("tickets").status_code == 200
    desk.do(user.set_role, ana.id, "agent")
    assert program.ask("tickets", TICKET).status_code == 201


def test_another_content_of_the_role_narrows_service_keys_at_once(desk: Desk) -> None:
    def make_role(*, actor: Any) -> Any:
        made = role.create_role(RoleIn(name="Shop floor", permissions=[CREATE]), actor=actor)
        return made.id, made.key

    role_id, name = desk.do(make_role)
    _, program = desk.service(READ, CREATE, role=name)
    assert program.ask("tickets", TICKET).status_code == 201
    desk.do(role.update_role, role_id, RoleIn(name="Shop floor", permissions=[]))
    assert program.ask("tickets", TICKET).status_code == 403
    assert program.ask("tickets").status_code == 200
    desk.do(role.delete_role, role_id, "agent")
    assert program.ask("tickets").status_code == 403


def test_keys_of_the_deactivated_open_nothing_ever_again(desk: Desk, ana: Any) -> None:
    _, program = desk.personal(ana, READ)
    desk.do(user.deactivate_user, ana.id)
    assert program.ask("tickets").status_code == 401
    desk.do(user.activate_user, ana.id)
    assert program.ask("tickets").status_code == 401
    assert len(desk.events("apikey.revoked")) == 1


def test_a_revoked_key_opens_nothing_from_then_on(desk: Desk, ana: Any) -> None:
    key_id, program = desk.personal(ana, READ)
    renewed = desk.rotate(key_id, ana)
    desk.do(keys.revoke_key, key_id)
    for one in (program, renewed):
        answer = one.ask("tickets")
        assert (answer.status_code, answer.json["message"]) == (401, "This key was revoked")
    with pytest.raises(NotFound):
        desk.do(keys.revoke_key, key_id)


def test_an_expired_key_opens_nothing_and_takes_no_new_token(desk: Desk, ana: Any, clock: Any) -> None:
    key_id, program = desk.personal(ana, READ, expires_in_days=30)
    clock.advance(days=29)
    assert program.ask("tickets").status_code == 200
    clock.advance(days=1, seconds=1)
    answer = program.ask("tickets")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json["message"] == f"This key expired on {desk.row(key_id).expires_at:%Y-%m-%d}"
    with pytest.raises(Conflict):
        desk.rotate(key_id, ana)


def test_after_a_rotation_both_tokens_open_for_a_day(desk: Desk, ana: Any, clock: Any) -> None:
    key_id, old = desk.personal(ana, READ, expires_in_days=0)
    new = desk.rotate(key_id, ana)
    assert [one.ask("tickets").status_code for one in (old, new)] == [200, 200]
    clock.advance(hours=24, seconds=1)
    assert [one.ask("tickets").status_code for one in (old, new)] == [401, 200]
    assert old.ask("tickets").json["message"] == "This key has another token since"


def test_a_second_rotation_ends_the_first_token_at_once(desk: Desk, ana: Any) -> None:
    key_id, first = desk.personal(ana, READ)
    second = desk.rotate(key_id, ana)
    third = desk.rotate(key_id, ana)
    assert [one.ask("tickets").status_code for one in (first, second, third)] == [401, 200, 200]


def test_the_token_before_can_be_ended_at_once_by_whoever_may_end_the_key(desk: Desk, ana: Any) -> None:
    key_id, old = desk.personal(ana, READ)
    new = desk.rotate(key_id, ana)
    with pytest.raises(NotFound):
        desk.do(keys.end_previous, key_id, who=desk.make.user(role="agent"))
    for _ in range(2):
        desk.do(keys.end_previous, key_id, who=desk.admin)
    assert [one.ask("tickets").status_code for one in (old, new)] == [401, 200]
    assert old.ask("tickets").json["message"] == "This key has another token since"
    assert len(desk.events("apikey.previous_ended")) == 1
    program = desk.service("key:manage", role="admin")[1]
    assert program.end(f"{key_id}/previous").status_code == 204


def test_nobody_else_gets_the_token_of_a_personal_key(desk: Desk, ana: Any) -> None:
    key_id, _ = desk.personal(ana, READ)
    for who in (desk.admin, desk.make.user(role="agent")):
        with pytest.raises(NotFound):
            desk.rotate(key_id, who)
    with pytest.raises(NotFound):
        desk.do(keys.revoke_key, key_id, who=desk.make.user(role="agent"))
    desk.do(keys.revoke_key, key_id, who=ana)


def test_keys_of_another_workspace_are_out_of_reach(desk: Desk, ana: Any) -> None:
    key_id, program = desk.personal(ana, READ, CREATE)
    ours = program.ask("tickets", TICKET).json["ticket"]["id"]
    other = Desk(desk.app, desk.make)
    other.admin = desk.make.user(role="admin", workspace=desk.make.workspace())
    with pytest.raises(NotFound):
        other.do(keys.revoke_key, key_id)
    assert other.do(keys.list_keys) == []
    _, theirs = other.personal(other.admin, READ)
    assert theirs.ask(f"tickets/{ours}").status_code == 404


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer pk_", "bearer pk_" + "x" * 43, "Bearer x", "Bearer pk_\u00fc"],
    ids=["bare", "empty", "beginning", "unknown", "other", "letter"],
)
def test_a_bad_key_never_falls_back_to_the_cookie(desk: Desk, ana: Any, agent: Any, header: str) -> None:
    browser = agent(ana)
    assert browser.get("tickets").status_code == 200
    answer = browser.http.get("/api/v1/tickets", headers={"Authorization": header})
    assert answer.status_code == 401


def test_only_requests_with_a_key_do_without_the_csrf_token(desk: Desk, ana: Any, agent: Any) -> None:
    browser = agent(ana)
    _, program = desk.personal(ana, CREATE)
    for header, status in ((None, 403), ("Basic eDp4", 403), ("Bearer x", 401), (program.token, 403)):
        given = {"Authorization": header} if header else {}
        answer = browser.http.post("/api/v1/tickets", json=TICKET, headers=given)
        assert answer.status_code == status, header
    form = browser.http.post("/profile", data={"name": "X"}, headers={"Authorization": "Bearer x"})
    assert form.status_code == 403


def test_every_door_of_the_api_looks_at_the_key_first(app: Any) -> None:
    from webapp.api.doors import enter_staff, enter_visitor

    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/"):
            doors = app.before_request_funcs.get(rule.endpoint.partition(".")[0], [])
            is_public = getattr(app.view_functions[rule.endpoint], "access", "") == "public"
            assert enter_staff in doors or enter_visitor in doors or is_public, rule.rule


def test_pages_take_no_key(desk: Desk, ana: Any) -> None:
    _, program = desk.personal(ana, READ)
    answer = program.http.get("/agent", headers={"Authorization": f"Bearer {program.token}"})
    assert answer.status_code == 302


def test_its_use_is_noted_at_most_once_a_minute(desk: Desk, ana: Any, clock: Any) -> None:
    key_id, program = desk.personal(ana, READ)
    assert desk.row(key_id).last_used_at is None
    program.ask("tickets")
    first = desk.row(key_id).last_used_at
    assert first is not None
    clock.advance(seconds=30)
    program.ask("tickets")
    assert desk.row(key_id).last_used_at == first
    clock.advance(seconds=31)
    program.ask("tickets")
    assert desk.row(key_id).last_used_at > first


def test_each_key_has_its_own_limit_and_is_told_of_it(desk: Desk, ana: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(desk.app.config, "PARLEY", limited(desk.app, "3/minute"))
    (_, one), (_, other) = desk.personal(ana, READ), desk.personal(ana, READ)
    left = [one.ask("tickets").headers["RateLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    refused = one.ask("tickets")
    assert (refused.status_code, refused.json["code"]) == (429, "rate_limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit-Limit"] == "3"
    assert 1 <= int(refused.headers["RateLimit-Reset"]) <= 60
    assert other.ask("tickets").status_code == 200


def test_refused_requests_count_and_are_told_what_is_left_too(desk: Desk, ana: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(desk.app.config, "PARLEY", limited(desk.app, "5/minute"))
    _, program = desk.personal(ana, READ)
    answers = [
        program.ask("tickets", TICKET),
        program.ask(f"tickets/{uuid.uuid4()}"),
        program.ask("tickets?nothing=1"),
        program.ask("tickets"),
    ]
    assert [answer.status_code for answer in answers] == [403, 404, 422, 200]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["4", "3", "2", "1"]


def limited(app: Any, limit: str) -> Any:
    """The app's settings with another limit."""
    from dataclasses import replace

    return replace(app.config["PARLEY"], api_limit=limit)


def test_a_browser_has_no_such_limit(ana: Any, agent: Any) -> None:
    assert "RateLimit-Limit" not in agent(ana).get("tickets").headers


def test_the_same_idempotency_key_of_another_key_is_another_request(desk: Desk, ana: Any) -> None:
    programs = [desk.personal(ana, READ, CREATE)[1] for _ in range(2)]
    ids = [
        program.ask("tickets", TICKET, Idempotency_Key="k1").json["ticket"]["id"]
        for program in (*programs, programs[0])
    ]
    assert ids[0] == ids[2] != ids[1]
    with desk.app.app_context(), use_workspace(ana.workspace_id), read_only() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Ticket)) == 2


def test_the_token_is_kept_nowhere_and_told_nowhere(desk: Desk, ana: Any, caplog: Any, capsys: Any) -> None:
    caplog.set_level(logging.DEBUG)
    key_id, program = desk.personal(ana, READ)
    renewed = desk.rotate(key_id, ana)
    program.ask("tickets")
    renewed.ask("nothing/here")
    written = caplog.text + "".join(capsys.readouterr())
    row = desk.row(key_id)
    for token in (program.token, renewed.token):
        assert len(token) == 46
        assert token.startswith("pk_")
        assert token not in written
        assert token not in str(tuple(row))
        assert token not in str(desk.events("apikey.created") + desk.events("apikey.rotated"))
    assert row.token_hash == hash_token(renewed.token)
    assert renewed.token.startswith(row.prefix)


def test_there_is_an_end_to_how_many_keys_there_are(desk: Desk, ana: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(keys, "MOST_PERSONAL", 1)
    monkeypatch.setattr(keys, "MOST_OF_SERVICES", 1)
    desk.personal(ana, READ)
    desk.service(READ)
    with pytest.raises(Conflict):
        desk.personal(ana, READ)
    with pytest.raises(Conflict):
        desk.service(READ)


def test_a_service_key_is_refused_where_a_person_is_needed(desk: Desk) -> None:
    _, program = desk.service(*(PERMISSIONS["admin"] - keys.PERSONAL), role="admin")
    ticket = program.ask("tickets", TICKET).json["ticket"]["id"]
    for path, body in (
        ("me", None),
        ("offers", None),
        (f"tickets/{ticket}/read", {"seen": 1}),
        ("reports/saved", {"name": "Mine", "screen": "sla"}),
    ):
        assert program.ask(path, body).status_code < 500, path


def test_no_table_holds_a_token(desk: Desk, ana: Any) -> None:
    key_id, program = desk.personal(ana, READ, "profile:update")
    renewed = desk.rotate(key_id, ana)
    given = {"name": "Other", "scopes": [READ], "expires_in_days": 30}
    made, again = (renewed.ask("keys", given, Idempotency_Key="k1") for _ in range(2))
    assert made.json["token"] == again.json["token"]
    with desk.app.app_context(), use_workspace(ana.workspace_id), read_only() as session:
        tables = [table for table in Base.metadata.sorted_tables if table.name != "search_documents"]
        dump = "".join(
            str(session.execute(sa.select(table).execution_options(unscoped=True)).all()) for table in tables
        )
    assert hash_token(renewed.token) in dump
    for token in (program.token, renewed.token, made.json["token"]):
        assert token not in dump


def test_the_owner_who_is_gone_and_whose_key_is_not_revoked_gets_in_nowhere(desk: Desk, ana: Any) -> None:
    _, program = desk.personal(ana, READ)
    with desk.app.app_context(), use_workspace(ana.workspace_id), transaction() as session:
        session.execute(sa.update(User).where(User.id == ana.id).values(deactivated_at=datetime.now(UTC)))
    answer = program.ask("tickets")
    assert answer.status_code == 401
    assert answer.json["message"] == "This key's owner has no access any more"


# --- REST -----------------------------------------------------------------------------------------


def test_a_program_makes_sees_rotates_and_revokes_keys_of_services(desk: Desk) -> None:
    _, program = desk.service(READ, "key:manage", role="admin")
    given = {"name": "Shop", "scopes": [READ], "role": "viewer", "expires_in_days": 30}
    answer = program.ask("keys", given)
    assert answer.status_code == 201, answer.text
    made, first = answer.json["key"], Program(desk.app, answer.json["token"])
    assert (made["role"], made["user_id"], made["scopes"]) == ("viewer", None, [READ])
    assert first.token.startswith(made["prefix"])
    assert first.ask("tickets").status_code == 200
    seen = program.ask(f"keys/{made['id']}").json["key"]
    assert seen["last_used_at"] is not None
    assert first.token not in program.ask("keys").text
    renewed = program.ask(f"keys/{made['id']}/rotate", {}).json
    assert renewed["key"]["previous_until"] is not None
    assert [one.ask("tickets").status_code for one in (first, Program(desk.app, renewed["token"]))] == [
        200
    ] * 2
    assert program.end(made["id"]).status_code == 204
    assert first.ask("tickets").status_code == 401
    assert [program.ask(f"keys/{made['id']}").status_code, program.end(made["id"]).status_code] == [404, 404]


def test_keys_come_in_pages_by_name(desk: Desk) -> None:
    for _ in range(3):
        desk.service(READ)
    _, program = desk.service("key:manage", role="admin")
    names, cursor = [], ""
    for _ in range(2):
        page = program.ask(f"keys?limit=2{cursor}").json
        names += [key["id"] for key in page["data"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert len(set(names)) == 4
    assert page["next_cursor"] is None


def test_everybody_manages_their_own_keys_and_nobody_elses(desk: Desk, ana: Any, agent: Any) -> None:
    browser, (foreign, _) = agent(ana), desk.service(READ)
    made = browser.post("keys", {"name": "Mine", "scopes": [READ, "profile:update"]}).json
    assert made["key"]["owner"] == "Ana Silva"
    assert [key["id"] for key in browser.get("keys").json["data"]] == [made["key"]["id"]]
    assert browser.get(f"keys/{foreign}").status_code == 404
    assert browser.post(f"keys/{foreign}/rotate").status_code == 404
    assert browser.send("DELETE", f"keys/{foreign}").status_code == 404
    refused = browser.post("keys", {"name": "Shop", "scopes": [READ], "role": "agent"})
    assert refused.status_code == 403
    program = Program(desk.app, made["token"])
    renewed = program.ask(f"keys/{made['key']['id']}/rotate", {})
    assert renewed.status_code == 200
    assert Program(desk.app, renewed.json["token"]).end(made["key"]["id"]).status_code == 204
    assert program.ask("tickets").status_code == 401


def test_an_admin_revokes_a_personal_key_and_never_gets_its_token(desk: Desk, ana: Any, agent: Any) -> None:
    key_id, program = desk.personal(ana, READ)
    browser = agent(desk.admin)
    assert browser.get(f"keys/{key_id}").json["key"]["owner"] == "Ana Silva"
    assert browser.post(f"keys/{key_id}/rotate").status_code == 404
    assert browser.send("DELETE", f"keys/{key_id}").status_code == 204
    assert program.ask("tickets").status_code == 401


def test_a_key_that_was_not_given_it_manages_no_keys(desk: Desk, ana: Any) -> None:
    key_id, program = desk.personal(ana, READ)
    for answer in (
        program.ask("keys"),
        program.ask(f"keys/{key_id}"),
        program.ask("keys", {"name": "More", "scopes": [READ]}),
        program.ask(f"keys/{key_id}/rotate", {}),
        program.end(key_id),
    ):
        assert (answer.status_code, answer.json["code"]) == (403, "forbidden")


def test_a_key_makes_none_with_more_rights_or_more_time_than_its_own(desk: Desk, ana: Any) -> None:
    eternal, _ = desk.personal(ana, READ, expires_in_days=0)
    key_id, program = desk.personal(ana, READ, "profile:update", expires_in_days=30)
    for more in ({"scopes": [READ, CREATE]}, {"expires_in_days": 0}, {"expires_in_days": 31}):
        answer = program.ask("keys", {"name": "More", "scopes": [READ], "expires_in_days": 30, **more})
        assert answer.status_code == 422
        assert answer.json["detail"][0]["loc"] == ["body", *list(more)]
    assert program.ask(f"keys/{eternal}/rotate", {}).status_code == 403
    assert program.ask(f"keys/{key_id}/rotate", {}).status_code == 200
    fewer = {"name": "Fewer", "scopes": [READ], "expires_in_days": 29}
    assert program.ask("keys", fewer).status_code == 201


# --- pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["/settings/keys", "/profile/keys"], ids=["services", "own"])
def test_a_page_shows_the_token_once_and_the_key_from_then_on(desk: Desk, sign_in: Any, page: str) -> None:
    browser = sign_in(desk.admin)
    form = {"csrf_token": csrf_token(browser, page), "name": "Shop", "scopes.ticket:read": "1"}
    made = browser.post(
        page, data={**form, "role": "agent", "expires_in_days": "30"} if "set" in page else form
    )
    assert made.status_code == 200, made.text
    first = token_in(made.text)
    assert Program(desk.app, first).ask("tickets").status_code == 200
    later = browser.get(page).text
    assert first not in later
    assert first[:9] in later
    (key,) = desk.do(lambda *, actor: [str(row.id) for row in keys.list_keys(actor=actor)])
    again = browser.post(f"{page}/{key}/rotate", data=form)
    second = token_in(again.text)
    assert second != first
    assert "Previous token works until" in browser.get(page).text
    ended = browser.post(f"{page}/{key}/end-previous", data={"csrf_token": form["csrf_token"]})
    assert (ended.status_code, ended.location) == (302, page)
    assert "Previous token works" not in browser.get(page).text
    assert [Program(desk.app, one).ask("tickets").status_code for one in (first, second)] == [401, 200]
    asked = browser.post(f"{page}/{key}/revoke", data={"csrf_token": form["csrf_token"]})
    assert "Type “Shop”" in asked.text
    assert Program(desk.app, second).ask("tickets").status_code == 200
    gone = browser.post(f"{page}/{key}/revoke", data={"csrf_token": form["csrf_token"], "confirm": "shop"})
    assert gone.status_code == 302
    assert Program(desk.app, second).ask("tickets").status_code == 401


def token_in(text: str) -> str:
    """The token that a page shows."""
    return text.partition('<code id="key-token">')[2].partition("<")[0]


def test_a_page_comes_back_filled_with_what_was_wrong(desk: Desk, ana: Any, sign_in: Any) -> None:
    browser = sign_in(ana)
    form = {"csrf_token": csrf_token(browser, "/profile/keys"), "name": "Mine"}
    answer = browser.post("/profile/keys", data=form)
    assert answer.status_code == 422
    assert "Choose what the key may do" in answer.text
    assert 'value="Mine"' in answer.text
    answer = browser.post("/profile/keys", data={**form, "name": " ", "scopes.ticket:read": "1"})
    assert "Say what it is for" in answer.text
    assert 'name="scopes.ticket:read" value="1" checked' in answer.text
    answer = browser.post("/profile/keys", data={**form, "scopes.key:manage": "1"})
    assert "This takes rights that you do not have yourself: Manage keys" in answer.text
    answer = browser.post("/profile/keys", data={**form, "scopes.no:such": "1"})
    assert "There is no such permission" in answer.text


def test_the_page_of_services_lists_personal_keys_and_offers_no_token_of_theirs(
    desk: Desk, ana: Any, sign_in: Any
) -> None:
    key_id, program = desk.personal(ana, READ)
    browser = sign_in(desk.admin)
    shown = browser.get("/settings/keys").text
    assert "Ana Silva" in shown
    assert f"/settings/keys/{key_id}/rotate" not in shown
    form = {"csrf_token": csrf_token(browser, "/settings/keys"), "confirm": "Script"}
    assert browser.post(f"/settings/keys/{key_id}/rotate", data=form).status_code == 404
    assert browser.post(f"/settings/keys/{key_id}/revoke", data=form).status_code == 302
    assert program.ask("tickets").status_code == 401
