"""S-10, S-03, S-05: who may do what, by the tables of `tests.support.who_may`; a new route needs a row."""

import re
import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.who_may import OWNED, PAYLOADS, ROUTES, SOCKET, ask, ids_of, outcome, path_of, rows, say
from tests.support.world import WHO, World, client_id, file_body, nowhere, undone
from webapp.auth import Actor, hash_token
from webapp.errors import Unauthenticated
from webapp.extensions import db
from webapp.models import UserSession
from webapp.realtime.commands import COMMANDS, run_command
from webapp.services.chat import actor_for_visitor
from webapp.services.session import actor_for_token
from webapp.services.wallboard import actor_for_link
from webapp.tenancy import tenant_tables

pytestmark = pytest.mark.integration


@pytest.fixture
def home(app: Any, make: Any, agent: Any) -> World:
    """Our workspace, with another one's admin at the door."""
    made = World("harbour", app, make, agent)
    made.people["foreigner"] = World("mountain", app, make, agent).people["admin"]
    return made


def test_s10_every_route_has_a_row_and_every_row_a_route(app: Any) -> None:
    routes = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == set(rows(ROUTES))


def test_s10_every_view_names_its_rule(app: Any) -> None:
    unnamed = [
        name
        for name, view in app.view_functions.items()
        if name != "static" and not getattr(view, "access", None)
    ]
    assert unnamed == []


def test_s03_every_command_has_a_row_and_every_row_a_command() -> None:
    assert {f"{namespace} {name}" for namespace, name in COMMANDS} == set(rows(SOCKET))


def test_s10_every_route_answers_everybody_as_the_table_says(app: Any, home: World) -> None:
    ids, wrong = ids_of(home), []
    for route, expected in rows(ROUTES).items():
        for who in WHO:
            with undone(app):
                answer = ask(home.people[who], route, ids)
            if outcome(answer) != expected[who]:
                wrong.append(f"{route} as {who}: {outcome(answer)}, not {expected[who]}: {answer.text[:120]}")
    assert not wrong, "\n".join(wrong)


def test_s10_who_is_refused_or_foreign_reads_nothing_of_the_workspace(app: Any, home: World) -> None:
    ids, told = ids_of(home), []
    for route, expected in rows(ROUTES).items():
        for who in WHO:
            if who != "foreigner" and expected[who] not in ("401", "403", "404", "in"):
                continue
            with undone(app):
                answer = ask(home.people[who], route, ids)
            if answer.mimetype.startswith("image/"):
                continue
            if found := [secret for secret in home.secrets if secret in answer.text]:
                told.append(f"{route} as {who}: {found}")
    assert not told, "\n".join(told)


def test_s10_a_role_is_refused_at_the_door_before_anything_is_looked_up(app: Any, home: World) -> None:
    ids = ids_of(home)
    absent = {**ids, **nowhere({kind: ids[kind] for kind in nowhere_kinds})}
    refused = [route for route, expected in rows(ROUTES).items() if expected["viewer"] == "403"]
    refused = [route for route in refused if not route.startswith(OWNED)]
    assert len(refused) > 15
    for route in refused:
        answer = ask(home.people["viewer"], route, absent)
        assert answer.status_code == 403, f"{route}: {answer.status_code}"


def test_s10_head_asks_no_less_than_get(app: Any, home: World) -> None:
    ids = ids_of(home)
    for route, expected in rows(ROUTES).items():
        method, path = path_of(route, ids)
        if method == "GET" and expected["anonymous"] in ("401", "in"):
            answer = home.people["anonymous"].ask("HEAD", path)
            assert outcome(answer) == expected["anonymous"], f"HEAD {path}"
            assert answer.data == b"", f"HEAD {path}"


def test_s03_every_command_answers_everybody_as_the_table_says(app: Any, home: World) -> None:
    wrong = []
    for command, expected in rows(SOCKET).items():
        for who in WHO:
            with undone(app):
                said = say(home.people[who], command, home.ids)
            if said["outcome"] != expected[who]:
                wrong.append(f"{command} as {who}: {said}, not {expected[who]}")
            if expected[who] != "ok" and any(secret in str(said) for secret in home.secrets):
                wrong.append(f"{command} as {who} tells secrets")
    assert not wrong, "\n".join(wrong)


# --- foreign ids look like ids of nothing ---------------------------------------------------------


def as_text(answer: Any, *lists: dict[str, str]) -> tuple[int, str]:
    """Status and body, with the ids asked for blotted out."""
    text = re.sub(r"(X-Request-Id: |csrf_token.{0,80}value=)\S+", "", answer.text)
    for ids in lists:
        for value in ids.values():
            text = text.replace(value, "*") if len(value) > 10 else text
    return answer.status_code, text


USES = {
    "POST /api/v1/tickets": ["customer"],
    "POST /api/v1/tickets/<ticket_id>/assign": ["ticket", "user", "team"],
    "POST /api/v1/tickets/<ticket_id>/links": ["ticket", "other_ticket"],
    "POST /api/v1/tags/<id>/merge": ["tag", "other_tag"],
    "POST /settings/tags/<uuid:tag_id>/merge": ["tag"],
    "POST /api/v1/blocks": ["customer"],
    "POST /api/v1/customers/<id>/merge": ["customer"],
    "POST /api/v1/organizations/<id>/merge": ["organization"],
    "POST /api/v1/teams": ["user"],
    "PUT /api/v1/policies/order": ["policy"],
    "POST /api/v1/chat/comments": ["ticket"],
    "POST /api/v1/chat/read": ["ticket"],
    "POST /api/v1/chat/typing": ["ticket"],
    "POST /api/v1/chat/end": ["ticket"],
    "POST /api/v1/chat/transcript": ["ticket"],
    "GET /api/v1/chat/events": ["ticket"],
}


def kinds_in(route: str) -> list[str]:
    """The kinds of ids that a route takes, in its path or body."""
    filled = path_of(
        route, {kind: f"<<{kind}>>" for kind in (*nowhere_kinds, "inbox_key", "form_key", "file", "session")}
    )[1]
    in_path = [kind for kind in re.findall(r"<<(\w+)>>", filled) if kind in nowhere_kinds]
    return sorted({*in_path, *USES.get(route, [])} - {"number"})


nowhere_kinds = (
    "key",
    "webhook",
    "message",
    "held_mail",
    "blocked_sender",
    "email_inbox",
    "import",
    "ticket",
    "number",
    "customer",
    "organization",
    "block",
    "user",
    "team",
    "inbox",
    "job",
    "comment",
    "delivery",
    "suppression",
    "wallboard",
    "saved_report",
    "tag",
    "other_tag",
    "field",
    "status",
    "link",
    "trashed",
    "other_ticket",
    "calendar",
    "holiday",
    "role",
    "policy",
    "replay",
    "skill",
    "spare_team",
    "note_file",
    "email",
)


def test_s10_an_id_of_another_workspace_is_answered_as_one_that_does_not_exist(
    app: Any, make: Any, agent: Any
) -> None:
    home, away = World("harbour", app, make, agent), World("mountain", app, make, agent)
    ours, theirs = ids_of(home), ids_of(away)
    before, tried = contents(app, away), 0
    for route in rows(ROUTES):
        who = home.people["customer" if "/chat/" in route else "admin"]
        for kind in kinds_in(route):
            missing = nowhere(theirs)
            with undone(app):
                foreign = as_text(ask(who, route, {**ours, kind: theirs[kind]}), theirs, missing)
            with undone(app):
                absent = as_text(ask(who, route, {**ours, kind: missing[kind]}), theirs, missing)
            assert foreign == absent, f"{route} tells a foreign {kind} from none"
            assert foreign[0] in (404, 422), f"{route} with a foreign {kind}: {foreign}"
            tried += 1
    assert tried > 25
    assert contents(app, away) == before


def contents(app: Any, world: World) -> dict[str, Any]:
    """Every tenant row of a workspace, as a count and, for tickets, whole."""
    with app.app_context():
        found = {}
        for table in tenant_tables():
            query = sa.select(table).where(table.c.workspace_id == world.workspace.id)
            found[table.name] = sorted(
                map(str, db.session.execute(query, execution_options={"unscoped": True}).all())
            )
        return found


def test_s10_foreign_ids_on_the_socket_are_answered_as_ids_of_nothing(
    app: Any, make: Any, agent: Any
) -> None:
    home, away = World("harbour", app, make, agent), World("mountain", app, make, agent)
    for command in rows(SOCKET):
        who = home.people["customer" if command.startswith("/chat") else "agent"]
        if "ticket_id" not in str(PAYLOADS.get(command, lambda _: "ticket_id")(home.ids)):
            continue
        answers = []
        for ticket_id in (away.ids["ticket"], str(uuid.uuid4())):
            with undone(app):
                said = say(who, command, {**home.ids, "ticket": ticket_id})
            answers.append(said)
        assert answers[0] == answers[1], f"{command} tells a foreign ticket from none"


def test_s10_files_of_others_in_a_comment_are_refused_like_files_of_nothing(
    app: Any, make: Any, agent: Any
) -> None:
    home, away = World("harbour", app, make, agent), World("mountain", app, make, agent)
    files = {
        "a file of another workspace": away.ids["loose_file"],
        "a note's file": home.ids["note_file"],
        "a reply's file": home.files["reply"]["id"],
        "another person's upload": home.ids["loose_file"],
        "no file at all": str(uuid.uuid4()),
    }
    for who, route in (
        ("stranger", "POST /api/v1/chat/comments"),
        ("admin", "POST /api/v1/tickets/<ticket_id>/comments"),
    ):
        answers = {}
        for label, file_id in files.items():
            body = {"client_id": client_id(), "content": "Look", "attachment_ids": [file_id]}
            method, path = path_of(route, home.ids)
            with undone(app):
                answer = home.people[who].ask(method, path, json=body)
            answers[label] = answer.status_code, answer.json
        assert answers["no file at all"][0] == 422, answers
        assert len({str(answer) for answer in answers.values()}) == 1, f"{who}: {answers}"


# --- S-05: nobody is not somebody -----------------------------------------------------------------

EMPTY = [None, "", " ", "\t", "null", "None", "undefined", "0", "false", "Bearer", hash_token("")]


def test_s05_an_empty_token_is_nobody(session: Any, make: Any) -> None:
    make.workspace()
    for token in EMPTY:
        for look_up in (actor_for_token, actor_for_visitor, actor_for_link):
            with pytest.raises(Unauthenticated):
                look_up(token, door="api")


def test_s05_no_row_can_have_an_empty_token(session: Any, make: Any) -> None:
    user = make.user()
    for table in ("user_sessions", "visitor_tokens", "account_tokens", "wallboard_links"):
        checks = {check["name"] for check in sa.inspect(session.connection()).get_check_constraints(table)}
        assert f"ck_{table}_token_hash" in checks, table
    with pytest.raises(sa.exc.IntegrityError):
        session.execute(
            sa.insert(UserSession).values(
                workspace_id=user.workspace_id,
                user_id=user.id,
                token_hash="",
                csrf_token="",
                expires_at=sa.func.now(),
            )
        )


def test_s05_every_request_with_an_empty_identity_is_refused(app: Any, home: World) -> None:
    ids, client = ids_of(home), app.test_client()
    for route, expected in rows(ROUTES).items():
        if expected["anonymous"] != "401":
            continue
        method, path = path_of(route, ids)
        for header in ("", " ", "Bearer", "Bearer ", "Bearer null", "Basic Og==", "bearer \t"):
            headers = {"Authorization": header, "X-CSRF-Token": home.people["anonymous"]._form.csrf}
            client.set_cookie("parley_session", header)
            body = file_body() if path.endswith("/attachments") else {"json": {}}
            answer = client.open(path, method=method, headers=headers, **body)
            assert answer.status_code in (401, 403), f"{route} with {header!r}: {answer.status_code}"


def test_s05_a_command_of_a_socket_that_never_came_in_is_refused(app: Any, home: World) -> None:
    for (namespace, name), command in COMMANDS.items():
        with app.test_request_context() as context:
            context.request.sid, context.request.namespace = "nobody", namespace
            payload = PAYLOADS.get(f"{namespace} {name}", lambda ids: {"ticket_id": ids["ticket"]})(home.ids)
            answer = run_command(command, payload)
        assert not answer["ok"], name
        assert answer["error"]["code"] == "unauthenticated", f"{name}: {answer}"


def test_s10_no_role_and_no_unknown_permission_may_do_anything() -> None:
    nobody = Actor(kind="user", id=None, workspace_id=None, name="", role="")
    for action in ("ticket:read", "chat:read", "staff", "public", "nobody", ""):
        assert not nobody.may(action)
