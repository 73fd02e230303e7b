"""S-06, S-41, S-43, S-64, the headers of every answer: what is checked before anybody says who they are."""

import json
from typing import Any

import pytest
from werkzeug.test import Client

from tests.support.bad_input import check_shape
from tests.support.who_may import ROUTES, ids_of, options_of, path_of, rows
from tests.support.world import World
from webapp.middleware import HEADERS, host_name

pytestmark = pytest.mark.integration


@pytest.fixture
def home(app: Any, make: Any, agent: Any) -> World:
    """Our workspace."""
    return World("harbour", app, make, agent)


@pytest.fixture
def wire(app: Any) -> Client:
    """The whole stack of WSGI layers."""
    return Client(app.wsgi_app)


# --- S-41, S-06: whose name we answer to ----------------------------------------------------------

FOREIGN_HOSTS = [
    *(
        "evil.example",
        "localhost.evil.example",
        "evil.example:5000",
        "localhost:5000.evil.example",
        "localhost@evil",
    ),
    *(
        "",
        " ",
        "localhost, evil.example",
        "127.0.0.1.evil.example",
        "[::1].evil",
        "0.0.0.0",
        "127.1",
        "2130706433",
    ),
    *("evil.example#localhost", "evil.example/localhost", "localhost\x00", "LOCALHOST."),
]
OWN_HOSTS = ["localhost", "LocalHost:5000", "127.0.0.1", "127.0.0.1:5000", "[::1]", "[::1]:5000"]


def test_s41_s06_an_unknown_host_is_refused_everywhere(wire: Client, home: World) -> None:
    for host in FOREIGN_HOSTS:
        for path in (
            "/",
            "/api/v1/me",
            "/socket.io/?EIO=4&transport=websocket",
            "/static/favicon.svg",
            "/nothing",
        ):
            answer = wire.get(path, headers={"Host": host})
            assert answer.status_code == 400, f"{host!r} {path}: {answer.status_code}"
            body = json.loads(answer.text)
            check_shape(body)
            assert "evil" not in answer.text
    for host in OWN_HOSTS:
        assert wire.get("/healthz", headers={"Host": host}).status_code == 200, host


def test_s41_forwarded_names_change_no_host(wire: Client) -> None:
    for header in (
        "X-Forwarded-Host",
        "X-Original-Host",
        "X-Host",
        "Forwarded",
        "X-Forwarded-Server",
        "X-Rewrite-Url",
    ):
        for value in ("evil.example", "host=evil.example"):
            answer = wire.get("/agent", headers={"Host": "localhost", header: value})
            assert answer.status_code == 302
            assert answer.headers["Location"].startswith("/sign-in")
            assert "evil" not in answer.text + str(answer.headers)
    assert (
        wire.get("/healthz", headers={"Host": "evil.example", "X-Forwarded-Host": "localhost"}).status_code
        == 400
    )


ORIGINS = [
    None,
    "",
    "null",
    "http://evil.example",
    "http://localhost:5000.evil.example",
    "https://localhost:5000",
]
ORIGINS += [
    "http://localhost",
    "http://localhost:5001",
    "http://evil.example:5000",
    "HTTP://LOCALHOST:5000",
    "*",
    "file://",
]


def test_s06_only_our_own_pages_open_a_socket(wire: Client) -> None:
    for origin in ORIGINS:
        for more in ({}, {"X-Forwarded-Host": "evil.example"}, {"X-Forwarded-Proto": "https"}):
            headers = {"Host": "localhost:5000", **more, **({"Origin": origin} if origin is not None else {})}
            answer = wire.get("/socket.io/?EIO=4&transport=websocket", headers=headers)
            assert (answer.status_code, json.loads(answer.text)["message"]) == (400, "unknown origin"), origin
    headers = {"Host": "evil.example:5000", "Origin": "http://evil.example:5000"}
    assert wire.get("/socket.io/?EIO=4&transport=websocket", headers=headers).status_code == 400
    own = wire.get(
        "/socket.io/?EIO=4&transport=polling",
        headers={"Host": "localhost:5000", "Origin": "http://localhost:5000"},
    )
    assert "unknown origin" not in own.text
    assert own.status_code == 400, "websocket only"


def test_s06_no_path_goes_round_the_guard(wire: Client) -> None:
    for path in (
        "/socket.io",
        "/socket.io/",
        "/socket.io/x",
        "/./socket.io/",
        "/%73ocket.io/",
    ):
        answer = wire.get(
            f"{path}?EIO=4&transport=websocket", headers={"Host": "localhost:5000", "Origin": "null"}
        )
        assert answer.status_code in (400, 404), path
        assert "sid" not in answer.text


def test_the_name_in_a_host_header_is_read_without_its_port() -> None:
    for header, name in (
        ("a:1", "a"),
        ("A", "a"),
        ("[::1]:80", "[::1]"),
        ("[::1]", "[::1]"),
        ("a:b", "a:b"),
        (":80", ":80"),
    ):
        assert host_name(header) == name


# --- S-43: requests from other sites --------------------------------------------------------------

# Customers' doors go by a token that no browser sends by itself, or, as the web form's, by nothing at all.
OPEN = ("/chat/", "/form/", "/hooks/", "/reports/unsubscribe/")
UNSAFE = [
    route for route in rows(ROUTES) if not route.startswith("GET") and not any(door in route for door in OPEN)
]


def test_s43_a_web_form_acts_for_a_stranger_whoever_is_signed_in(app: Any, home: World) -> None:
    ids = ids_of(home)
    route = "POST /form/<key>"
    _, path = path_of(route, ids)
    client = app.test_client()
    client._cookies = dict(home.people["admin"]._form.http._cookies)
    assert client.post(path, **options_of(route, ids)).status_code < 400
    rows_now = home.desks["admin"].get("tickets", view="all").json["data"]
    form = [row for row in rows_now if row["channel"] == "form"]
    assert [row["customer"]["verified"] for row in form] == [False]


def test_s43_every_unsafe_route_of_staff_needs_its_own_token(app: Any, home: World) -> None:
    ids, person = ids_of(home), home.people["admin"]
    other = home.people["agent"].browser.csrf
    for route in UNSAFE:
        method, path = path_of(route, ids)
        for token in (None, "", "x", other, other[:-1], person._form.csrf[:-1]):
            client = app.test_client()
            client._cookies = dict(person._form.http._cookies)
            headers = {"X-CSRF-Token": token} if token is not None else {}
            answer = client.open(
                path, method=method, headers=headers, buffered=True, **options_of(route, ids)
            )
            assert answer.status_code == 403, f"{route} with {token!r:.10}: {answer.status_code}"
            if "/api/" in path:
                check_shape(answer.json)
                assert answer.json["code"] == "csrf_failed"
    assert home.desks["admin"].get("me").json["user"]["name"] == "harbour admin"


def test_s43_the_token_is_taken_from_no_address(app: Any, home: World) -> None:
    person = home.people["admin"]
    client = app.test_client()
    client._cookies = dict(person._form.http._cookies)
    for path in ("/api/v1/me", f"/api/v1/tickets/{home.ids['ticket']}"):
        answer = client.patch(f"{path}?csrf_token={person._form.csrf}", json={})
        assert answer.status_code == 403


FOR_ALL = ("GET /api/docs", "GET /api/v1/openapi.json")


def test_s43_requests_that_another_site_started_are_refused(app: Any, home: World) -> None:
    ids, person = ids_of(home), home.people["admin"]
    for route in rows(ROUTES):
        if "/api/" not in route or "/chat/" in route or route in FOR_ALL:
            continue
        method, path = path_of(route, ids)
        for site in ("cross-site", "same-site", "", "x"):
            answer = person.ask(method, path, headers={"Sec-Fetch-Site": site}, **options_of(route, ids))
            assert (answer.status_code, answer.json["code"]) == (403, "cross_site"), f"{route} {site}"


def test_s43_json_under_a_forms_type_is_refused(home: World) -> None:
    ids = ids_of(home)
    for route in UNSAFE:
        method, path = path_of(route, ids)
        given = options_of(route, ids)
        if "/api/" not in route or method == "DELETE" or "json" not in given:  # a file comes as a form
            continue
        for kind in (
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "",
        ):
            body = json.dumps(given["json"])
            answer = home.people["admin"].ask(method, path, data=body, content_type=kind)
            assert answer.status_code == 415, f"{route} as {kind!r}"


def test_s43_no_get_changes_anything_and_no_override_turns_one_into_more(app: Any, home: World) -> None:
    for route in UNSAFE:
        method, path = path_of(route, ids_of(home))
        for headers in ({}, {"X-HTTP-Method-Override": method}, {"X-Method-Override": method}):
            answer = home.people["admin"].ask("GET", path + f"?_method={method}", headers=headers)
            assert answer.status_code in (200, 302, 404, 405, 422), f"{path}: {answer.status_code}"
    assert home.desks["admin"].get("me").json["user"]["name"] == "harbour admin"
    assert home.desks["admin"].get(f"tickets/{home.ids['ticket']}").json["ticket"]["priority"] == "medium"


def test_s43_a_cookie_opens_nothing_of_the_chat(home: World) -> None:
    staff = home.people["admin"]
    for path in ("state", "unread", "events"):
        assert staff.ask("GET", f"/api/v1/chat/{path}").status_code == 401


# --- headers, S-64 --------------------------------------------------------------------------------


def test_every_answer_carries_the_headers_errors_and_files_too(app: Any, home: World, wire: Client) -> None:
    def fail() -> None:
        raise RuntimeError("canary-inside")

    ids, admin = ids_of(home), home.people["admin"]
    view = app.view_functions["me.read_me"]
    app.view_functions["me.read_me"] = fail
    fail.access = "staff"  # type: ignore[attr-defined]
    try:
        broken = admin.ask("GET", "/api/v1/me")
    finally:
        app.view_functions["me.read_me"] = view
    answers = [admin.ask(*path_of(route, ids), **options_of(route, ids)) for route in rows(ROUTES)]
    answers += [
        admin.ask("GET", "/nothing"),
        admin.ask("DELETE", "/api/v1/me"),
        admin.ask("PATCH", "/api/v1/me", data="x" * 300_000, content_type="application/json"),
        admin.ask("GET", "/static/nothing.js"),
        admin.ask("OPTIONS", "/api/v1/me"),
        wire.get("/", headers={"Host": "evil.example"}),
        wire.get("/socket.io/", headers={"Host": "localhost"}),
        wire.get("/%ff%00", headers={"Host": "localhost"}),
    ]
    assert broken.status_code == 500
    check_shape(broken.json)
    for answer in [*answers, broken]:
        for name in HEADERS:
            assert answer.headers.get(name), f"{name} is missing on {answer.status_code} {answer.headers}"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy or "sandbox" in policy, policy
        assert "unsafe" not in policy
        assert "frame-ancestors" in policy
        assert "Server" not in answer.headers or "/" not in answer.headers["Server"]
        assert b"canary-inside" not in answer.data
        answer.close()


def test_s64_what_is_somebodys_own_is_never_kept_by_a_cache(app: Any, home: World) -> None:
    ids = ids_of(home)
    public = {"GET /w/<key>.js", "GET /static/<path:filename>", "GET /files/<claim>/<path:name>"}
    for route, expected in rows(ROUTES).items():
        for who in ("anonymous", "customer", "admin"):
            answer = home.people[who].ask(*path_of(route, ids), **options_of(route, ids))
            app.extensions["parley_limiter"].reset()
            if route in public:
                assert "no-store" not in answer.headers["Cache-Control"], route
                continue
            assert answer.headers["Cache-Control"] == "no-store", f"{route} as {who}"
            assert "Cookie" in answer.headers["Vary"], f"{route} as {who}"
            assert expected


def test_s64_nobodys_cookie_is_set_on_what_a_cache_may_keep(home: World) -> None:
    for route in ("GET /w/<key>.js", "GET /static/<path:filename>", "GET /files/<claim>/<path:name>"):
        answer = home.people["admin"].ask(*path_of(route, ids_of(home)))
        assert "Set-Cookie" not in answer.headers


def test_a_page_may_be_framed_by_the_inboxs_sites_alone(app: Any, make: Any) -> None:
    framed = make.inbox(allowed_sites=["https://shop.example"])
    policy = app.test_client().get(f"/chat/{framed.key}").headers["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://shop.example;" in policy
    for path in ("/sign-in", "/reset", "/nothing", "/chat/no-such-inbox"):
        assert "frame-ancestors 'none'" in app.test_client().get(path).headers["Content-Security-Policy"], (
            path
        )
