"""S-14, S-26: whatever a body holds, the answer is a clear error of one shape, nothing half-written."""

import json
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.bad_input import (
    CANARY,
    FOREIGN_COLUMNS,
    SURROGATE,
    WRONG,
    Bad,
    bad_bodies,
    check_shape,
)
from tests.support.browsers import Socket
from tests.support.who_may import BODIES, PAYLOADS, ROUTES, ids_of, path_of, rows
from tests.support.world import World, client_id, undone
from webapp.database import Base
from webapp.extensions import db
from webapp.realtime.commands import COMMANDS
from webapp.schemas import (
    api_key,
    availability,
    calendar,
    connection,
    customer,
    export,
    field,
    importing,
    inbox,
    lifecycle,
    link,
    mail,
    mail_in,
    mail_provider,
    member,
    notification,
    now,
    organization,
    role,
    routing,
    safety,
    saved_report,
    sla,
    tag,
    team,
    ticket_in,
    ticket_status,
    webhook,
    workspace,
)
from webapp.schemas import chat as chat_schemas
from webapp.schemas import report as report_schemas
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

SCHEMAS = {
    "POST /api/v1/reports/exports": report_schemas.RowsExport,
    "PATCH /api/v1/me": ticket_in.MePatch,
    "POST /api/v1/tickets": ticket_in.TicketIn,
    "PATCH /api/v1/tickets/<ticket_id>": ticket_in.TicketPatch,
    "PATCH /api/v1/customers/<id>": ticket_in.CustomerPatch,
    "POST /api/v1/tickets/<ticket_id>/comments": ticket_in.CommentIn,
    "POST /api/v1/tickets/<ticket_id>/assign": ticket_in.AssignIn,
    "POST /api/v1/tickets/<ticket_id>/spam": ticket_in.SpamIn,
    "POST /api/v1/tickets/<ticket_id>/read": ticket_in.ReadIn,
    "PUT /api/v1/tickets/<ticket_id>/drafts/<kind>": ticket_in.DraftIn,
    "POST /api/v1/blocks": ticket_in.BlockIn,
    "POST /api/v1/chat/visitors": chat_schemas.VisitorIn,
    "POST /api/v1/chat/identify": chat_schemas.IdentifyIn,
    "POST /api/v1/chat/comments": chat_schemas.MessageIn,
    "POST /api/v1/chat/read": chat_schemas.MarkIn,
    "POST /api/v1/chat/typing": chat_schemas.TypingIn,
    "POST /api/v1/chat/end": chat_schemas.EndIn,
    "POST /api/v1/chat/transcript": chat_schemas.EndIn,
    "POST /api/v1/chat/continue": chat_schemas.ContinueIn,
    "POST /api/v1/tickets/<ticket_id>/snooze": ticket_in.SnoozeIn,
    "POST /api/v1/tickets/<ticket_id>/merge": ticket_in.MergeIn,
    "POST /api/v1/tickets/<ticket_id>/split": ticket_in.SplitIn,
    "POST /api/v1/tickets/<ticket_id>/links": link.LinkIn,
    "PUT /api/v1/tickets/<ticket_id>/skills": routing.TicketSkillsIn,
    "POST /api/v1/tickets/<ticket_id>/offers": routing.OfferIn,
    "POST /api/v1/notifications/read": notification.NotificationsReadIn,
    "POST /api/v1/notifications/subscriptions": notification.PushSubscriptionIn,
    "POST /api/v1/tags": tag.TagIn,
    "PATCH /api/v1/tags/<id>": tag.TagPatch,
    "POST /api/v1/tags/<id>/merge": tag.TagMerge,
    "POST /api/v1/fields": field.FieldIn,
    "PATCH /api/v1/fields/<id>": field.FieldPatch,
    "POST /api/v1/statuses": ticket_status.StatusIn,
    "PATCH /api/v1/statuses/<id>": ticket_status.StatusPatch,
    "POST /api/v1/exports": export.ExportIn,
    "POST /api/v1/webhooks": webhook.WebhookIn,
    "PATCH /api/v1/webhooks/<webhook_id>": webhook.WebhookPatch,
    "POST /api/v1/webhooks/<webhook_id>/replay": webhook.ReplayIn,
    "POST /api/v1/keys": api_key.ApiKeyIn,
    "PATCH /api/v1/imports/<import_id>": importing.MappingIn,
    "POST /api/v1/imports/<import_id>/work": importing.WorkIn,
    "POST /api/v1/customers": customer.CustomerIn,
    "POST /api/v1/customers/<id>/merge": customer.CustomerMerge,
    "POST /api/v1/organizations": organization.OrganizationIn,
    "PATCH /api/v1/organizations/<id>": organization.OrganizationPatch,
    "POST /api/v1/organizations/<id>/merge": organization.OrganizationMerge,
    "POST /api/v1/admin/users": member.MemberIn,
    "PATCH /api/v1/admin/users/<id>": member.MemberPatch,
    "POST /api/v1/admin/users/<id>/deactivate": member.LeavingIn,
    "POST /api/v1/teams": team.TeamIn,
    "PATCH /api/v1/teams/<id>": team.TeamPatch,
    "PATCH /api/v1/settings/workspace": workspace.WorkspaceSettings,
    "PATCH /api/v1/settings/routing": routing.RoutingSettings,
    "PATCH /api/v1/settings/lifecycle": lifecycle.Lifecycle,
    "PATCH /api/v1/settings/availability": availability.AvailabilitySettings,
    "PATCH /api/v1/settings/mail": mail.MailSection,
    "PATCH /api/v1/settings/second-factor": safety.SecondFactorRules,
    "PATCH /api/v1/settings/oidc": safety.OidcPatch,
    "PATCH /api/v1/settings/mail-providers": mail_provider.MailProviderPatch,
    "PUT /api/v1/mail/templates/<name>/<language>": mail.WordingIn,
    "POST /api/v1/suppressions": mail.AddressForm,
    "POST /api/v1/wallboards": now.WallboardIn,
    "PUT /api/v1/connections/<kind>": connection.ConnectIn,
    "PUT /api/v1/connections/<kind>/fields": connection.SharedIn,
    "PATCH /api/v1/inboxes/<id>/mail": mail_in.MailboxPatch,
    "PUT /api/v1/mails/<id>/decision": mail_in.DecisionIn,
    "POST /api/v1/blocked-senders": mail.AddressForm,
    "PUT /api/v1/reports/saved/<id>/plan": saved_report.ReportPlanIn,
    "POST /api/v1/skills": routing.SkillIn,
    "PATCH /api/v1/skills/<id>": routing.SkillIn,
    "POST /api/v1/roles": role.RoleIn,
    "PATCH /api/v1/roles/<id>": role.RolePatch,
    "POST /api/v1/inboxes": inbox.InboxIn,
    "PATCH /api/v1/inboxes/<id>": inbox.InboxPatch,
    "POST /api/v1/calendars": calendar.CalendarIn,
    "PATCH /api/v1/calendars/<id>": calendar.CalendarPatch,
    "POST /api/v1/calendars/<id>/holidays": calendar.HolidaysIn,
    "POST /api/v1/policies": sla.PolicyIn,
    "PATCH /api/v1/policies/<id>": sla.PolicyPatch,
    "PUT /api/v1/policies/order": sla.OrderIn,
    "POST /api/v1/reports/saved": saved_report.SavedReportIn,
    "PATCH /api/v1/reports/saved/<id>": saved_report.SavedReportPatch,
}
NO_BODY = {
    "POST /api/v1/admin/users/<id>/invite",
    "POST /api/v1/admin/users/<id>/activate",
    "POST /api/v1/inboxes/<id>/key",
    "POST /api/v1/keys/<id>/rotate",
    "POST /api/v1/offers/<offer_id>/accept",
    "POST /api/v1/offers/<offer_id>/decline",
    "POST /api/v1/tickets/<ticket_id>/restore",
    "PUT /api/v1/tickets/<ticket_id>/followers/<user_id>",
    "POST /api/v1/tickets/<ticket_id>/wake",
    "POST /api/v1/tickets/<ticket_id>/unmerge",
    "POST /api/v1/tickets/<ticket_id>/comments/<comment_id>/withdraw",
    "POST /api/v1/tickets/<ticket_id>/transcript",
    "POST /api/v1/connections/<kind>/test",
    "POST /api/v1/connections/<kind>/retry",
    "POST /api/v1/connections/<kind>/everybody",
    "POST /api/v1/inboxes/<id>/mail/test",
    "POST /api/v1/deliveries/<id>/retry",
    "POST /api/v1/jobs/<job_id>/cancel",
    "POST /api/v1/jobs/<job_id>/replay",
    "POST /api/v1/sla/recalculation",
    "POST /api/v1/webhooks/<webhook_id>/secret",
    "POST /api/v1/webhooks/<webhook_id>/test",
    "POST /api/v1/webhooks/<webhook_id>/deliveries/<message_id>/replay",
}
"""They take an empty object, and look into none."""
JSON_ROUTES = list(SCHEMAS)
NO_JSON = {"DELETE", "GET"}


@pytest.fixture
def world(app: Any, make: Any, agent: Any) -> World:
    """A workspace to break."""
    return World("harbour", app, make, agent)


def who_asks(world: World, place: str) -> Any:
    return world.people["customer" if "/chat" in place else "admin"]


def counts(app: Any) -> dict[str, int]:
    """How many rows each table holds, whoever they belong to; as PostgreSQL's owner sees it, or SQLite."""
    with app.app_context():
        found = {}
        for table in Base.metadata.sorted_tables:
            query = sa.select(sa.func.count()).select_from(table)
            found[table.name] = db.session.scalar(query, execution_options={"unscoped": True})
        db.session.rollback()
        return found


def everything(app: Any, world: World) -> dict[str, int]:
    with app.app_context(), use_workspace(world.workspace):
        return counts(app)


def test_s14_every_route_with_a_json_body_is_tried() -> None:
    with_body = {route for route in rows(ROUTES) if "/api/" in route and route.split()[0] not in NO_JSON}
    assert {route for route in with_body if not route.endswith(("attachments", "/imports"))} == set(
        SCHEMAS
    ) | NO_BODY


@pytest.mark.parametrize("route", sorted(NO_BODY))
def test_s26_a_route_without_a_body_takes_no_orders_from_one(app: Any, world: World, route: str) -> None:
    ids = ids_of(world)
    person, (method, path) = who_asks(world, route), path_of(route, ids)
    with undone(app):
        plain = person.ask(method, path, json={})
    for value in (*WRONG, f"{CANARY}\x00", f"{CANARY}{SURROGATE}"):
        body = dict.fromkeys((*FOREIGN_COLUMNS, *path.split("/")), value)
        with undone(app):
            answer = person.ask(method, path, data=json.dumps(body), content_type="application/json")
            assert answer.status_code == plain.status_code, f"{value!r:.20}: {answer.status_code}"
            assert CANARY not in answer.text
            if answer.status_code >= 400:
                check_shape(answer.json)


@pytest.mark.parametrize("route", JSON_ROUTES)
def test_s26_bad_bodies_over_rest_are_refused_in_the_one_shape(app: Any, world: World, route: str) -> None:
    ids = ids_of(world)
    person, (method, path) = who_asks(world, route), path_of(route, ids)
    before, wrong = everything(app, world), []
    for bad in bad_bodies(SCHEMAS[route], BODIES[route](ids)["json"]):
        with undone(app):
            answer = person.ask(method, path, data=json.dumps(bad.body), content_type="application/json")
            wrong += judge_rest(bad, answer)
            if answer.status_code >= 400 and everything(app, world) != before:
                wrong.append(f"{bad.label}: something was written")
    assert not wrong, "\n".join(wrong[:40])


def judge_rest(bad: Bad, answer: Any) -> list[str]:
    if answer.status_code >= 500:
        return [f"{bad.label}: {answer.status_code}"]
    if answer.status_code < 400:
        return [f"{bad.label}: taken with {answer.status_code}"] if bad.must_fail else []
    return judge_body(bad, answer.json) + (
        [f"{bad.label}: {answer.status_code}"] if _odd(bad, answer) else []
    )


def _odd(bad: Bad, answer: Any) -> bool:
    return bad.must_fail and answer.status_code != 422


def judge_body(bad: Bad, body: Any) -> list[str]:
    try:
        check_shape(body)
        named = [str(item["loc"][1]) for item in body["detail"] if len(item["loc"]) > 1]
        assert not bad.must_fail or bad.field in named, f"names {named}, not {bad.field}"
    except AssertionError as error:
        return [f"{bad.label}: {error}"]
    return []


SAID = [f"{namespace} {name}" for namespace, name in COMMANDS]


@pytest.mark.parametrize("command", SAID, ids=lambda command: command.replace(" ", ":"))
def test_s26_bad_payloads_on_the_socket_are_refused_in_the_one_shape(
    app: Any, world: World, command: str
) -> None:
    namespace, name = command.split(" ")
    good = PAYLOADS.get(command, lambda ids: {"ticket_id": ids["ticket"]})(world.ids)
    if namespace == "/tv":
        socket = Socket(app, namespace, auth={"token": world.screen_token})
    else:
        socket = who_asks(world, command).connect(namespace)
    before, wrong = everything(app, world), []
    for bad in bad_bodies(COMMANDS[namespace, name].schema, good):
        with undone(app):
            answer = socket.say(name, bad.body)
            if answer["ok"]:
                wrong += [f"{bad.label}: taken"] if bad.must_fail else []
                continue
            wrong += [f"{bad.label}: internal"] if answer["error"]["code"] == "internal" else []
            wrong += judge_body(bad, answer["error"])
            if everything(app, world) != before:
                wrong.append(f"{bad.label}: something was written")
    assert not wrong, "\n".join(wrong[:40])


# --- bodies that are no bodies --------------------------------------------------------------------

BIG = json.dumps({"content": "y" * (256 * 1024)})
RAW = {
    "empty": ("", "application/json", 422),
    "broken": ('{"content": "kan4rienvogel', "application/json", 422),
    "a list": ("[1, 2]", "application/json", 422),
    "a text": ('"kan4rienvogel"', "application/json", 422),
    "null": ("null", "application/json", 422),
    "nested without end": ("[" * 100_000, "application/json", 422),
    "objects without end": ('{"a":' * 30_000, "application/json", 422),
    "nested deeply, and whole": ('{"a":' * 20_000 + "1" + "}" * 20_000, "application/json", 422),
    "no number": ('{"seq": NaN, "days": Infinity, "x": -Infinity}', "application/json", 422),
    "a number without end": ('{"seq": ' + "9" * 10_000 + "}", "application/json", 422),
    "not UTF-8": (b'{"content": "\xff\xfe"}', "application/json", 422),
    "too large": (BIG, "application/json", 413),
    "too large, without its type": (BIG, "text/plain", 413),
    "plain text": ("{}", "text/plain", 415),
    "a form": ("content=x", "application/x-www-form-urlencoded", 415),
    "a file": ("--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 415),
    "no type": ("{}", "", 415),
    "another JSON": ("{}", "application/problem+json", 415),
}


@pytest.mark.parametrize("data, kind, status", RAW.values(), ids=RAW)
def test_s26_a_body_that_is_none_is_refused_by_every_route(
    app: Any, world: World, data: Any, kind: str, status: int
) -> None:
    ids, before = ids_of(world), everything(app, world)
    is_object = kind == "application/json" and '"seq"' in str(data)  # enough for who looks into none
    for route in JSON_ROUTES if is_object else (*JSON_ROUTES, *sorted(NO_BODY)):
        method, path = path_of(route, ids)
        answer = who_asks(world, route).ask(method, path, data=data, content_type=kind)
        assert answer.status_code == status, f"{route}: {answer.status_code} {answer.text[:200]}"
        check_shape(answer.json)
    assert everything(app, world) == before


def test_s26_a_compressed_body_is_not_unpacked(app: Any, world: World) -> None:
    import gzip

    body = gzip.compress(b'{"content": "' + b"y" * 10_000_000 + b'"}')
    for route in JSON_ROUTES:
        method, path = path_of(route, ids_of(world))
        answer = who_asks(world, route).ask(
            method, path, data=body, content_type="application/json", headers={"Content-Encoding": "gzip"}
        )
        assert answer.status_code in (413, 415, 422), route
        check_shape(answer.json)


# --- addresses ------------------------------------------------------------------------------------

QUERIES = {
    "tickets": {
        "view": [CANARY, "", "\x00", "all'--"],
        "limit": ["0", "101", "-1", "x", "1.5", "9" * 40, ""],
        "cursor": [
            CANARY,
            "\x00",
            "y" * 501,
            "bnVsbA",
            "WzEsMiwzXQ",
            "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkw",
            "SW5maW5pdHk",
            "W0luZmluaXR5LCAiMjAyNi0wMS0wMVQwMDowMDowMFoiLCAxXQ",
            "WzAsICIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwgMV0",
            "WzAsICIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsIDEwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDBd",
            "e30",
            "W1tdXQ",
            "é",
        ],
        CANARY: ["1"],
    },
    "events": {"after": ["-1", "x", "9" * 40, "1e3", "\x00"], "limit": ["0", "1000"], "workspace_id": ["x"]},
    "customers": {"q": ["\x00", "y" * 501], "role": ["x"]},
}


def test_s26_bad_queries_are_refused_in_the_one_shape(world: World) -> None:
    desk = world.desks["admin"]
    for path, fields in QUERIES.items():
        for name, values in fields.items():
            for value in values:
                for extra in ({}, {"view": "done"}) if name == "cursor" else ({},):
                    answer = desk.get(path, **{name: value, **extra})
                    assert answer.status_code == 422, f"{path}?{name}={value!r:.40}: {answer.status_code}"
                    check_shape(answer.json)
                    assert answer.json["detail"][0]["loc"] == ["query", name], answer.json


def test_s26_bad_ids_in_an_address_are_never_a_fault_of_ours(world: World) -> None:
    desk = world.desks["admin"]
    bad = [
        "x",
        "0",
        "-1",
        "999999999",
        "9" * 30,
        "%00",
        "%ff",
        "\u0661",
        "..%2f..",
        "'",
        "1.5",
        "y" * 600,
        "%f0%9f%98%80",
    ]
    for text in bad:
        for method, path in (
            ("GET", f"tickets/{text}"),
            ("GET", f"tickets/{text}/events"),
            ("PATCH", f"tickets/{text}"),
            ("GET", f"customers/{text}"),
            ("DELETE", f"blocks/{text}"),
            ("PUT", f"tickets/{world.ids['ticket']}/drafts/{text}"),
        ):
            body = {"content": "x"} if method == "PUT" else {"title": "x"}
            answer = desk.send(method, path, body) if method != "GET" else desk.get(path)
            if text == "\u0661" and answer.status_code < 400:
                continue  # a digit is a digit in any script
            assert answer.status_code in (404, 405, 422), f"{method} {path}: {answer.status_code}"
            check_shape(answer.json)


# --- S-14 and odd texts that must be taken --------------------------------------------------------


def test_s14_columns_named_in_a_body_change_nothing(app: Any, world: World) -> None:
    ids = ids_of(world)
    before = rows_of(app, world)
    for route in JSON_ROUTES:
        method, path = path_of(route, ids)
        for column in set(FOREIGN_COLUMNS) - set(SCHEMAS[route].model_fields):
            body = {**BODIES[route](ids)["json"], column: "admin"}
            answer = who_asks(world, route).ask(method, path, json=body)
            assert answer.status_code == 422, f"{route} took {column}"
            assert answer.json["detail"][0]["loc"] == ["body", column], answer.json
            app.extensions["parley_limiter"].reset()
    assert rows_of(app, world) == before


def rows_of(app: Any, world: World) -> dict[str, list[str]]:
    """Every row there is, as text."""
    with app.app_context(), use_workspace(world.workspace):
        unscoped = {"unscoped": True}
        return {
            table.name: sorted(map(str, db.session.execute(sa.select(table), execution_options=unscoped)))
            for table in Base.metadata.sorted_tables
        }


ODD = {
    "four bytes": "\U0001f600" * 50,
    "one huge grapheme": "e" + "\u0301" * 9_000,
    "right to left": "\u202egpj.exe",
    "bidi": "אבג def \u2067x\u2069",
    "not characters": "\ufffe\uffff\U0010ffff",
    "controls": "a\x01\x02\x1b[31m\x7f\x85",
    "line ends": "a\r\nb\rc\u2028d\u2029e",
    "decomposed": "re\u0301sume\u0301",
    "sql": "'; DROP TABLE customers; --",
    "format": "%s %n {0} {{7*7}} ${7*7} #{7*7}",
    "spaces": "\u00a0\u2003x\u3000",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_s26_odd_texts_are_kept_as_they_were_written(world: World, text: str) -> None:
    body = world.maria.message(text, ticket_id=world.ids["ticket"])
    answer = world.maria.post("comments", body)
    assert answer.status_code == 201, answer.json
    kept = answer.json["event"]["comment"]["content"]
    assert kept == text.replace("\r\n", "\n").strip()
    events = world.desks["agent"].get(f"tickets/{world.ids['ticket']}").json["events"]
    assert kept in [event["comment"]["content"] for event in events if event.get("comment")]
    repeated = world.maria.post("comments", body)
    assert repeated.json["event"] == answer.json["event"]


def test_s26_addresses_are_one_whatever_their_case_or_form(world: World) -> None:
    desk = world.desks["agent"]
    forms = ["Zoë@Example.com", "zoe\u0308@example.com", "ZOË@EXAMPLE.COM", "  zoë@example.com  "]
    made = [desk.post("tickets", {"title": "Call", "customer_email": form.strip()}) for form in forms]
    assert [answer.status_code for answer in made] == [201] * 4, [answer.json for answer in made]
    assert len({answer.json["ticket"]["customer"]["id"] for answer in made}) == 1


def test_s26_an_address_that_grows_by_folding_is_refused(world: World) -> None:
    grown = "ß" * 60 + "@" + ".".join(["d" * 60] * 3) + ".example"
    answer = world.desks["agent"].post("tickets", {"title": "Call", "customer_email": grown})
    assert answer.status_code == 422, answer.status_code
    body = {**world.maria.message("Hello", client_id=client_id()), "prechat": {"email": grown}}
    assert world.oskar.post("comments", body).status_code in (201, 422)
