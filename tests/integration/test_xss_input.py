"""S-20, the server's half: what people type stays text, in JSON, pages, mails and errors."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.support.browsers import StaffBrowser, Visitor
from tests.support.world import file_body
from tests.support.xss import PAYLOADS
from webapp.pages.chat import _inlined as inlined_config
from webapp.services.email import render_email

pytestmark = pytest.mark.integration


class Reader(HTMLParser):
    """What a browser would make of a page: its elements, handlers and the content of its scripts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.scripts: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = self._in_script and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def boot(html: str) -> Any:
    """A page's first data, as the page's script reads it."""
    [found] = [script for script in read(html).scripts if script.strip().startswith("{")]
    return json.loads(found)


def shape(html: str) -> tuple[list[str], list[str]]:
    """The elements and attribute names of a page: what no text may change."""
    reader = read(html)
    return reader.elements, sorted({name for name, _ in reader.attributes})


@pytest.fixture
def desk(make: Any, agent: Any) -> StaffBrowser:
    """An agent's browser."""
    return agent(make.user(role="agent"))


def test_s20_the_corpus_is_large_and_holds_no_repetition() -> None:
    assert len(PAYLOADS) >= 150
    assert len(set(PAYLOADS)) == len(PAYLOADS)


def test_s20_every_text_a_visitor_sends_comes_back_as_the_same_text(
    app: Any, make: Any, desk: StaffBrowser
) -> None:
    inbox = make.inbox()
    for start in range(0, len(PAYLOADS), 12):
        chunk = PAYLOADS[start : start + 12]
        app.extensions["parley_limiter"].reset()
        page = dict(zip(("url", "title", "referrer"), [*chunk, "x", "x"], strict=False))
        guest = Visitor(app, inbox, locale="en", page=page)
        ticket_id = None
        for payload in chunk:
            name = {"name": payload, "email": "x@example.com"}
            sent = guest.post("comments", guest.message(payload, ticket_id=ticket_id, prechat=name))
            assert sent.status_code == 201, f"{payload!r}: {sent.text}"
            assert sent.mimetype == "application/json"
            ticket_id = sent.json["ticket"]["id"]
        shown = desk.get(f"tickets/{ticket_id}").json
        said = [event["comment"]["content"] for event in shown["events"] if event.get("comment")]
        assert said == [payload.strip() for payload in chunk]
        assert shown["ticket"]["page"] == {name: value[:500] for name, value in page.items()}


@pytest.mark.parametrize("surface", ["chat", "agent"])
def test_s20_first_data_in_a_page_stays_data(app: Any, make: Any, agent: Any, surface: str) -> None:
    page = chat_page if surface == "chat" else agent_page
    plain = shape(page(app, make, agent, ["x"] * 8))
    for number in range(0, len(PAYLOADS), 8):
        texts = [*PAYLOADS[number : number + 8], *["x"] * 8][:8]
        html = page(app, make, agent, texts)
        assert shape(html) == plain, f"{texts} changed the page's elements"
        body = re.search(r'<script type="application/json" id="boot">(.*?)</script>', html, re.DOTALL)
        assert body is not None
        assert not re.search(r"[<>&']", body[1]), "only escaped characters in the first data"


def chat_page(app: Any, make: Any, agent: Any, texts: list[str]) -> str:
    name, greeting, label, option, consent, link, *rest = texts
    made = make.inbox(
        name=name[:100],
        greeting="\n".join([greeting, *rest]),
        prechat=[
            {"name": "topic", "label": label, "type": "select", "required": True, "options": [option, "x"]}
        ],
        consent={"text": consent, "url": link},
    )
    answer = app.test_client().get(f"/chat/{made.key}")
    assert answer.status_code == 200, answer.text
    inbox = boot(answer.text)["inbox"]
    field = inbox["prechat"][0]
    kept = [
        inbox["name"],
        field["label"],
        field["options"][0],
        inbox["consent"]["text"],
        inbox["consent"]["url"],
    ]
    assert kept == [name[:100], label, option, consent, link]
    assert inbox["greeting"] == "\n".join([greeting, *rest])
    return answer.text


def agent_page(app: Any, make: Any, agent: Any, texts: list[str]) -> str:
    desk = agent(make.user(role="agent", name=texts[0][:100]))
    make.inbox(name=texts[1][:100])
    make.team(name=texts[2][:90] + "!")
    guest = Visitor(app, make.inbox())
    app.extensions["parley_limiter"].reset()
    guest.write(texts[3], prechat={"name": texts[4], "email": "x@example.com"})
    answer = desk.http.get("/agent/v/all")
    assert answer.status_code == 200, answer.text
    first = boot(answer.text)
    assert first["user"]["name"] == texts[0][:100]
    assert first["queue"]["data"]
    return answer.text


def test_s20_names_lose_what_cannot_be_seen_and_nothing_else(app: Any, make: Any, agent: Any) -> None:
    desk = agent(make.user(role="admin"))
    for payload in PAYLOADS:
        answer = desk.send("PATCH", "me", {"name": payload[:100]})
        if answer.status_code == 422:
            continue
        name = answer.json["user"]["name"]
        assert not re.search(r"[\x00-\x1f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]", name), repr(name)
        assert "{{" not in payload or "{{" in name, "templates stay as they were typed"


def test_s20_pages_show_what_people_typed_as_text(app: Any, make: Any, agent: Any) -> None:
    admin = agent(make.user(role="admin", name="Ada"))
    paths = ("/profile", "/settings/people", "/settings/inboxes")
    for payload in PAYLOADS[::6]:
        make.user(role="agent", name=payload[:100])
        made = make.inbox(name=payload[:100], greeting=payload)
        for path in (*paths, f"/settings/inboxes/{made.id}"):
            reader = read(admin.http.get(path).text)
            assert not [name for name, _ in reader.attributes if name.startswith("on")], (
                f"{path}: {payload!r}"
            )
            links = [
                value for name, value in reader.attributes if name in ("href", "src", "action", "formaction")
            ]
            bad = [
                link
                for link in links
                if re.match(r"\s*(javascript|data|vbscript):|//evil", link, re.IGNORECASE)
            ]
            assert bad == [], f"{path}: {payload!r}"
            inline = [
                script
                for script in reader.scripts
                if script.strip() and not script.strip().startswith(("{", "["))
            ]
            assert inline == [], f"{path}: {payload!r}"


def test_s20_forms_that_come_back_keep_what_was_typed_as_text(app: Any) -> None:
    browser = StaffBrowser(app, None, app.test_client())
    token = browser.csrf
    for payload in PAYLOADS[::4]:
        app.extensions["parley_limiter"].reset()
        for path, form in (
            ("/sign-in", {"email": payload, "password": "x", "next": payload}),
            ("/reset", {"email": payload}),
        ):
            answer = browser.http.post(path, data={**form, "csrf_token": token})
            if answer.status_code in (302, 303):
                continue
            reader = read(answer.text)
            assert not [name for name, _ in reader.attributes if name.startswith("on")], (
                f"{path}: {payload!r}"
            )
            assert all(not script.strip() for script in reader.scripts), f"{path}: {payload!r}"


def test_s20_error_pages_repeat_nothing_of_the_request(app: Any) -> None:
    client = app.test_client()
    for payload in PAYLOADS:
        quoted = payload.encode("utf-8", "surrogatepass").hex()
        for answer in (
            client.get("/nothing/canary", query_string={"q": payload}, headers={"Accept": "text/html"}),
            client.get("/chat/" + "canary" + quoted, headers={"Accept": "text/html"}),
            client.get("/api/v1/me", query_string={"q": payload}),
            client.get("/agent/v/canary", query_string={"q": payload}),
            client.post("/nothing", data={"x": payload}, headers={"Accept": "text/html"}),
        ):
            if answer.status_code == 302:
                target = answer.headers["Location"]
                assert target.startswith("/sign-in"), target
                assert not re.search(r"[<>\"'\\\s]", target), target
                continue
            assert answer.status_code in (401, 403, 404, 405), answer.status_code
            assert payload not in answer.text or len(payload) < 12, payload
            assert "canary" not in answer.text


def test_s20_mails_escape_in_html_and_stay_one_line_in_the_subject(app: Any) -> None:
    with app.test_request_context():
        for payload in PAYLOADS:
            data = {
                "name": payload,
                "workspace": payload,
                "workspace_name": payload,
                "path": "/reset/x",
                "hours": 1,
            }
            data |= {
                "url": "http://localhost/reset/x",
                "link": "http://localhost/reset/x",
                "subject_line": payload,
                "body": payload,
            }
            for template in ("invite", "reset", "plain"):
                subject, _text, html = render_email(template, data)
                assert "\n" not in subject
                reader = read(html)
                assert not [name for name, _ in reader.attributes if name.startswith("on")], payload
                assert not set(reader.elements) & {"script", "iframe", "object", "form", "svg", "base"}, (
                    payload
                )
                links = [value for name, value in reader.attributes if name in ("href", "src")]
                assert not [link for link in links if link.startswith(("javascript", "data", "//"))], payload


def test_s20_the_loader_inlines_nothing_that_ends_its_script(app: Any, make: Any) -> None:
    for payload in PAYLOADS:
        inlined = inlined_config({"name": payload})
        assert json.loads(inlined) == {"name": payload}
        assert "<" not in inlined
        assert "\u2028" not in inlined
    answer = app.test_client().get(f"/w/{make.inbox(name='</script>').key}.js")
    assert answer.mimetype == "text/javascript"
    assert "</script" not in answer.text[answer.text.rindex("}(") :]


def test_s20_file_names_leave_in_headers_and_json_alone(app: Any, make: Any) -> None:
    guest = Visitor(app, make.inbox())
    for payload in PAYLOADS[::2]:
        app.extensions["parley_limiter"].reset()
        made = guest.post("attachments", **file_body(f"{payload}.png".replace("\n", " ")))
        if made.status_code == 422:
            continue
        opened = app.test_client().get(made.json["url"])
        assert opened.status_code == 200, payload
        assert re.fullmatch(r"inline; filename\*=UTF-8''[\w.%~-]+", opened.headers["Content-Disposition"])


def test_s20_what_a_browser_says_of_itself_is_kept_as_known_words_alone(
    app: Any, make: Any, desk: StaffBrowser
) -> None:
    inbox = make.inbox()
    for payload in PAYLOADS[::4]:
        app.extensions["parley_limiter"].reset()
        agent_name = f"Mozilla/5.0 {payload} Chrome/140".replace("\n", " ").replace("\r", " ")
        header = agent_name.encode().decode("latin-1")
        client = app.test_client()
        answer = client.post(
            "/api/v1/chat/visitors", json={"inbox_key": inbox.key}, headers={"User-Agent": header}
        )
        guest = Visitor(app, inbox)
        guest.token = answer.json["token"]
        ticket = guest.write("Hello")["ticket"]["id"]
        shown = desk.get(f"tickets/{ticket}").json["ticket"]["client"]
        assert re.fullmatch(r"[\w ]*", shown["browser"] + shown["os"]), shown
