"""S-20 where it counts: what strangers write is text wherever a real browser shows it.

S-46: no token is in an address.
"""

import json
import re
import uuid
from typing import Any
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.support.actors import Chat, Widget
from tests.support.desk import Team
from tests.support.xss import PAYLOADS
from webapp.auth import session_cookie_name

FILE = {"mimeType": "text/plain", "buffer": b"plain text"}
# What only a payload brings into one of our pages; links and pictures are checked by where they lead.
FOREIGN = "iframe:not(#parley-frame), object, embed, base, style, math, marquee, video, audio, plaintext, xmp"
HANDLED = "[onerror], [onload], [onfocus], [ontoggle], [onmouseover], [onanimationstart], [onpointerenter]"
TARGETS = """[...document.querySelectorAll('[href], [src], [action]')]
  .map((one) => String(one.href?.baseVal ?? one.href ?? one.src ?? one.action))"""
CODE = re.compile(r"\s*(javascript|vbscript|data:text|file):", re.IGNORECASE)


class Visitor:
    """Writes straight to the API, past whatever a page would hold back."""

    def __init__(self, team: Team, **page: str) -> None:
        self.team = team
        self.base = f"{team.desk.server.url}/api/v1/chat/"
        body = {"inbox_key": team.inbox.key, "page": page or None}
        self.token = requests.post(self.base + "visitors", json=body, timeout=20).json()["token"]

    def write(self, text: str, **body: Any) -> Any:
        """A message."""
        body = {
            "ticket_id": None,
            "client_id": str(uuid.uuid4()),
            "content": text,
            "attachment_ids": [],
            **body,
        }
        return self._post("comments", json=body)

    def attach(self, name: str) -> Any:
        """A file of that name."""
        data = {"client_id": str(uuid.uuid4())}
        return self._post("attachments", data=data, files={"file": (name, b"plain text")})

    def _post(self, path: str, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.post(self.base + path, headers=headers, timeout=20, **body)


def check_harmless(page: Page) -> None:
    """Nothing ran, and nothing is there that we did not put there."""
    for frame in page.frames:
        if frame.url.startswith("chrome-error"):
            continue
        assert frame.evaluate("window.pwned ?? null") is None
        assert frame.locator(FOREIGN).count() == 0, frame.url
        assert frame.locator(HANDLED).count() == 0, frame.url
        assert not list(filter(CODE.match, frame.evaluate(TARGETS))), frame.url


def batches(size: int) -> list[list[str]]:
    """The corpus in messages of a readable size."""
    return [PAYLOADS[at : at + size] for at in range(0, len(PAYLOADS), size)]


@pytest.fixture
def asking(desk, sites) -> Team:
    """A workspace whose inbox asks for a name first and says hello with a payload."""
    prechat = [{"name": "name", "label": "<img src=x onerror=alert(1)>", "type": "text", "required": False}]
    return desk.team(
        name="<svg onload=alert(1)>",
        greeting="<script>alert(1)</script> javascript:alert(1)",
        prechat=prechat,
        allowed_sites=[sites.origin("shop")],
    )


class TestWhatStrangersWrite:
    def test_every_payload_is_a_message_like_any_other(self, team, sign_in, open_page):
        """Each of them, verbatim, in the customer's thread, the agent's and the queue."""
        agent = sign_in(team, team.person("Ana Costa"))
        visitor = Visitor(team)
        for batch in batches(10):
            answer = visitor.write("\n".join(batch), prechat={"email": "a@example.com"})
            assert answer.status_code == 201, answer.text
        said = ["\n".join(batch).strip() for batch in batches(10)]
        agent.goto()
        agent.queue.get_by_role("link").first.click()
        expect(agent.messages.locator(".bubble")).to_have_count(len(said))
        assert same(agent.messages.locator(".bubble").all_text_contents(), said)
        check_harmless(agent.page)

        page = open_page()
        chat = resume(page, visitor)
        expect(chat.bubbles).to_have_count(len(said))
        assert same(chat.bubbles.all_text_contents(), said)
        check_harmless(page)

    def test_names_pages_files_and_titles_stay_text(self, asking, sites, sign_in, open_page):
        team = asking
        agent = sign_in(team, team.person("Ana <img src=x onerror=alert(1)>"))
        odd = PAYLOADS[::12]
        for text in odd:
            where = {"url": f"https://shop.example.com/{quote(text)}", "title": text, "referrer": text}
            visitor = Visitor(team, **where)
            ids = [
                made.json()["id"]
                for made in [visitor.attach(f"{text[:80]}.txt".replace("/", "_"))]
                if made.ok
            ]
            prechat = {"email": "a@example.com", "name": text[:100]}
            assert visitor.write(text, prechat=prechat, attachment_ids=ids).ok
        evil = Visitor(team, url="javascript:alert(1)", title="<b>x</b>", referrer="javascript:alert(1)")
        assert evil.write("From nowhere", prechat={"email": "a@example.com", "name": "Mallory"}).ok

        agent.goto()
        expect(agent.queue.get_by_role("listitem")).to_have_count(len(odd) + 1)
        check_harmless(agent.page)
        for number in range(1, len(odd) + 2):
            agent.queue.locator(f"[data-number='{number}']").click()
            expect(agent.thread.get_by_text(f"#{number}", exact=True)).to_be_visible()
            expect(agent.messages.get_by_role("article").first).to_be_visible()
            check_harmless(agent.page)
        for link in agent.details.get_by_role("link").all():
            assert re.match(r"https?://|/agent|about:blank", link.get_attribute("href") or "http://")
        agent.say("Answer me")
        agent.button("Take").click()

        page = open_page()
        page.goto(sites.page("shop", f"<h1>Shop</h1>{team.snippet}"))
        widget = Widget(page)
        widget.launcher.click()
        expect(widget.scope.get_by_text("<script>alert(1)</script> javascript:alert(1)")).to_be_visible()
        expect(widget.scope.get_by_label("<img src=x onerror=alert(1)>")).to_be_visible()
        check_harmless(page)

    def test_what_staff_writes_stays_text_too(self, asking, sign_in, open_page):
        team = asking
        agent = sign_in(team, team.person("Ana <img src=x onerror=alert(1)>", "admin")).goto()
        visitor = Visitor(team)
        assert visitor.write("Hello", prechat={"email": "a@example.com", "name": "<b>Max</b>"}).ok
        page = open_page()
        chat = resume(page, visitor)
        agent.open("Hello")
        agent.button("Take").click()
        text = (
            "<img src=x onerror=alert(1)> javascript:alert(1) https://example.com/<script>alert(1)</script>"
        )
        agent.say(text)
        expect(chat.message(text)).to_be_visible()
        expect(page.get_by_role("heading", name="Ana <img src=x onerror=alert(1)>")).to_be_visible()
        agent.write_note(text)
        agent.page.get_by_role("button", name="Edit the title").or_(
            agent.thread.locator(".title-button")
        ).first.click()
        agent.page.get_by_role("textbox", name="Title").fill("<svg onload=alert(1)>")
        agent.page.keyboard.press("Enter")
        expect(agent.messages.get_by_text("<svg onload=alert(1)>")).to_be_visible()
        check_harmless(agent.page)
        check_harmless(page)
        for path in (
            f"/settings/inboxes/{team.inbox.id}",
            "/settings/inboxes",
            "/settings/people",
            "/profile",
        ):
            agent.page.goto(team.desk.url + path)
            check_harmless(agent.page)
        agent.page.goto(f"{team.desk.url}/settings/inboxes/{team.inbox.id}")
        agent.page.get_by_label("Greeting").fill("</p><script>alert(1)</script>")
        agent.page.get_by_label("Name", exact=True).fill("<img src=x onerror=alert(1)>")
        expect(agent.page.locator("[data-preview-greeting]")).to_have_text("</p><script>alert(1)</script>")
        check_harmless(agent.page)
        agent.page.get_by_role("button", name="Save").click()
        expect(agent.page.get_by_role("status")).to_be_visible()
        check_harmless(agent.page)


def same(shown: list[str], said: list[str]) -> bool:
    """Whether the words arrived as they were written; what nobody sees may be gone."""
    unseen = re.compile(r"[\s\x00-\x1f\u200b-\u200f\u202a-\u202e\ufeff]+")
    assert [unseen.sub("", text) for text in shown] == [unseen.sub("", text) for text in said]
    return True


def resume(page: Page, visitor: Visitor) -> Chat:
    """The chat page in that visitor's browser."""
    kept = json.dumps([f"parley:{visitor.team.inbox.key}:token", visitor.token])
    page.add_init_script(f"localStorage.setItem(...{kept})")
    page.goto(visitor.team.chat_url)
    return Chat(page)


def test_no_token_is_in_any_address(team, sites, sign_in, open_page, watch):
    """S-46: what identifies somebody goes in headers, bodies and frames, never in a URL."""
    user = team.person("Ana Costa")
    agent = sign_in(team, user).goto()
    page = open_page()
    frames: list[str] = []
    page.on("websocket", lambda line: line.on("framesent", lambda frame: frames.append(str(frame))))
    page.goto(sites.page("shop", team.snippet))
    widget = Widget(page)
    widget.open()
    widget.begin("With a file")
    widget.scope.locator("#files").set_input_files([{"name": "list.txt", **FILE}])
    widget.say("Here it is")
    agent.open("With a file")
    for side in (widget.log, agent.messages):
        with side.page.expect_download():
            side.get_by_role("link", name="list.txt").click()
    page.reload()
    expect(widget.message("Here it is")).to_be_visible()

    token = page.evaluate("Object.entries(localStorage).find(([name]) => name.endsWith(':token'))[1]")
    cookie = next(
        one for one in agent.page.context.cookies() if one["name"] == session_cookie_name(secure=False)
    )
    csrf = json.loads(agent.page.locator("#boot").text_content())["csrf"]
    assert any(token in frame for frame in frames), "the token went over the socket, as it should"
    assert len(watch.urls) > 10
    for secret in (token, cookie["value"], csrf):
        assert not [url for url in watch.urls if secret in url or quote(secret) in url]
        assert secret not in team.desk.server.log
