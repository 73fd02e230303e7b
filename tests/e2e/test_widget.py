"""The widget on other people's pages: what it weighs, what it asks for, whom it listens to, whom it knows."""

import json
import re
import urllib.request
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from playwright.sync_api import Page, expect

from tests.support.actors import Widget
from tests.support.desk import Team
from webapp import clock

SECRET = "s" * 43
KIB = 1024
# The stub that queues what is said before the loader has come.
QUEUE = (
    "<script>window.parley = window.parley || function () { (parley.q = parley.q || []).push(arguments) };"
    "%s</script>"
)


def weight(requests: list[Any]) -> dict[str, int]:
    """The bytes on the wire of each answer to a browser that takes gzip, by path."""
    found = {}
    for url in {request.url for request in requests}:
        parts = urlsplit(url)
        headers = {"Host": parts.netloc, "Accept-Encoding": "gzip"}
        local = f"http://127.0.0.1:{parts.port}{parts.path}?{parts.query}"
        with urllib.request.urlopen(urllib.request.Request(local, headers=headers)) as answer:
            assert answer.headers["Content-Encoding"] == "gzip", url
            found[parts.path] = len(answer.read())
    return found


def told(page: Page) -> Any:
    """What the page kept of the widget's token."""
    return page.evaluate(
        "Object.entries(localStorage).find(([name]) => name.endsWith(':token'))?.[1] ?? null"
    )


class TestWeight:
    def test_a_page_view_costs_one_small_request(self, team, sites, open_page, watch):
        page = open_page()
        page.goto(sites.page("shop", team.snippet))
        expect(Widget(page).launcher).to_be_visible()
        page.evaluate("new Promise((done) => requestIdleCallback(() => setTimeout(done, 300)))")
        ours = [request for request in watch.requests if request.url.startswith(team.desk.url)]
        assert [urlsplit(request.url).path for request in ours] == [f"/w/{team.inbox.key}.js"]
        assert sum(weight(ours).values()) <= 4 * KIB
        assert page.locator("iframe").count() == 0
        assert page.context.cookies() == []
        assert page.evaluate("localStorage.length + sessionStorage.length") == 0

    def test_the_first_opening_fits_in_forty_kilobytes(self, team, sites, open_page, watch):
        page = open_page()
        page.goto(sites.page("shop", team.snippet))
        Widget(page).open()
        page.wait_for_load_state("networkidle")
        files = [
            request
            for request in watch.requests
            if request.url.startswith(team.desk.url)
            and request.resource_type in ("document", "script", "stylesheet")
            and "/w/" not in request.url
        ]
        sizes = weight(files)
        assert sum(request.resource_type == "script" for request in files) <= 3, sizes
        assert sum(sizes.values()) <= 40 * KIB, sizes
        assert page.context.cookies() == []

    def test_the_agents_app_fits_in_seventy_kilobytes(self, team, sign_in, watch):
        sign_in(team, team.person("Ana Costa")).goto()
        sizes = weight([one for one in watch.requests if one.resource_type in ("script", "stylesheet")])
        assert sizes
        assert sum(sizes.values()) <= 70 * KIB, sizes

    def test_nobody_else_is_asked_for_anything(self, team, sites, open_page, sign_in, watch):
        agent = sign_in(team, team.person("Ana Costa")).goto()
        page = open_page()
        page.goto(sites.page("shop", team.snippet))
        widget = Widget(page)
        widget.open()
        widget.begin("Hello")
        agent.open("Hello")
        agent.say("Hello, too")
        expect(widget.message("Hello, too")).to_be_visible()
        known = {urlsplit(team.desk.url).netloc, urlsplit(sites.origin("shop")).netloc}
        assert watch.origins == known


class TestHostPages:
    def test_a_strict_policy_lets_it_work(self, team, sites, open_page):
        ours = team.desk.url
        policy = f"default-src 'none'; script-src {ours}; frame-src {ours}; style-src 'none'; img-src data:"
        page = open_page()
        page.goto(sites.page("shop", "<h1>Strict</h1>" + team.snippet, policy=policy))
        widget = Widget(page)
        widget.open()
        widget.begin("Through the policy")
        box = widget.frame.bounding_box()
        assert box["width"] == 400
        assert box["height"] > 500

    def test_it_may_be_included_twice(self, team, sites, open_page):
        page = open_page()
        page.goto(sites.page("shop", team.snippet + team.snippet))
        Widget(page).open()
        assert page.locator("[data-parley]").count() == 1
        assert page.locator("iframe").count() == 1

    def test_what_was_said_before_it_came_is_done(self, team, sites, open_page):
        early = (
            "for (const name of ['open', 'ready']) parley('on', name, () => heard.push(name));"
            "window.heard = []; parley('open');"
        )
        page = open_page()
        page.goto(sites.page("shop", QUEUE % early + team.snippet))
        widget = Widget(page)
        expect(widget.composer).to_be_visible()
        page.wait_for_function("heard.length === 2")
        assert page.evaluate("heard") == ["open", "ready"]
        page.evaluate("parley('close')")
        expect(widget.frame).to_be_hidden()
        page.evaluate("parley('hide')")
        expect(widget.launcher).to_be_hidden()
        page.evaluate("parley('show')")
        expect(widget.launcher).to_be_visible()
        page.evaluate("parley('toggle')")
        expect(widget.composer).to_be_visible()

    def test_it_stays_when_the_page_is_swapped_and_follows_its_addresses(
        self, team, sites, sign_in, open_page
    ):
        agent = sign_in(team, team.person("Ana Costa")).goto()
        page = open_page()
        page.goto(sites.page("shop", team.snippet + '<p id="content">One</p>'))
        widget = Widget(page)
        widget.open()
        widget.begin("Where am I?")
        agent.open("Where am I?")
        page.evaluate("document.title = 'Page two'; history.pushState({}, '', '/two')")
        expect(agent.details.get_by_role("link", name="Page two")).to_have_attribute(
            "href", sites.origin("shop") + "/two"
        )
        page.evaluate("document.body.replaceWith(document.createElement('body'))")
        expect(widget.message("Where am I?")).to_be_visible()

    def test_a_link_of_the_page_opens_it_and_gets_the_focus_back(self, team, sites, open_page):
        page = open_page()
        page.goto(sites.page("shop", '<a href="/contact" data-parley-open>Ask us</a>' + team.snippet))
        widget = Widget(page)
        expect(widget.launcher).to_be_visible()
        page.get_by_role("link", name="Ask us").click()
        expect(widget.composer).to_be_focused()
        widget.composer.press("Escape")
        expect(page.get_by_role("link", name="Ask us")).to_be_focused()

    def test_a_paused_inbox_is_silence(self, desk, sites, open_page):
        team = desk.team(is_active=False, allowed_sites=[sites.origin("shop")])
        page = open_page()
        page.goto(sites.page("shop", "<h1>Shop</h1>" + team.snippet))
        page.wait_for_load_state("networkidle")
        assert page.locator("[data-parley]").count() == 0


class TestIdentity:
    def test_survives_a_reload_and_either_storage(self, team, sites, open_page):
        page = open_page()
        page.goto(sites.page("shop", team.snippet))
        widget = Widget(page)
        widget.open()
        widget.begin("Remember me")
        token = told(page)
        assert token

        page.reload()
        expect(widget.message("Remember me")).to_be_visible()
        assert told(page) == token

        page.evaluate("localStorage.clear()")
        page.reload()
        expect(widget.message("Remember me")).to_be_visible()
        assert told(page) == token

        frame = page.frame(url=re.compile("/chat/"))
        frame.evaluate("localStorage.clear()")
        page.reload()
        expect(widget.message("Remember me")).to_be_visible()
        assert told(page) == token

    def test_is_another_on_another_site_and_on_the_chats_own_page(self, desk, sites, open_context):
        team = desk.team(allowed_sites=[sites.origin("shop"), sites.origin("blog")])
        context = open_context()
        tokens = set()
        for name in ("shop", "blog"):
            page = context.new_page()
            page.goto(sites.page(name, team.snippet))
            widget = Widget(page)
            widget.open()
            widget.begin(f"From the {name}")
            assert widget.texts()[-1] == f"From the {name}"
            tokens.add(told(page))
        own = context.new_page()
        own.goto(team.chat_url)
        expect(own.get_by_role("textbox", name="Message", exact=True)).to_be_visible()
        expect(own.get_by_text("From the shop")).to_have_count(0)
        tokens.add(told(own))
        assert len(tokens) == 3

    def test_a_signed_person_takes_the_chat_along_and_reset_leaves_it(
        self, team, sites, sign_in, open_context
    ):
        agent = sign_in(team, team.person("Ana Costa")).goto()
        page = open_context().new_page()
        page.goto(sites.page("shop", team.snippet))
        widget = Widget(page)
        widget.open()
        widget.begin("I was nobody")
        agent.open("I was nobody")
        expect(agent.details.get_by_text("Unverified", exact=True)).to_be_visible()

        page.evaluate("(token) => parley('identify', {jwt: token})", signed(team))
        expect(agent.details.get_by_text("Verified", exact=True)).to_be_visible()
        expect(agent.details.get_by_role("heading", name="Maria Silva")).to_be_visible()
        expect(widget.message("I was nobody")).to_be_visible()
        widget.say("Now I am Maria")
        expect(agent.messages.get_by_text("Now I am Maria")).to_be_visible()
        assert agent.texts() == ["I was nobody", "Now I am Maria"]
        assert told(page) is None

        # Elsewhere the same signature finds the same chat.
        other = open_context().new_page()
        early = QUEUE % f"parley('identify', {{jwt: '{signed(team)}'}})"
        other.goto(sites.page("shop", early + team.snippet))
        elsewhere = Widget(other)
        elsewhere.open()
        expect(elsewhere.message("Now I am Maria")).to_be_visible()

        page.evaluate("parley('reset')")
        expect(widget.message("Now I am Maria")).to_have_count(0)
        widget.begin("Somebody else at this computer")
        expect(agent.row("Somebody else at this computer")).to_be_visible()
        page.goto(sites.page("shop", team.snippet))
        expect(widget.message("Somebody else at this computer")).to_be_visible()

    def test_a_false_signature_is_an_error_and_loses_nothing(self, team, sites, open_page, watch):
        watch.expects("status of 422")
        page = open_page()
        page.goto(sites.page("shop", team.snippet))
        widget = Widget(page)
        widget.open()
        widget.begin("Still me")
        page.evaluate("window.errors = []; parley('on', 'error', (text) => errors.push(text))")
        page.evaluate("(token) => parley('identify', {jwt: token})", signed(team, secret="x" * 43))
        page.wait_for_function("errors.length === 1")
        expect(widget.message("Still me")).to_be_visible()


def signed(team: Team, *, secret: str = SECRET) -> str:
    """What the host's server says of its customer."""
    claims = {"sub": "customer-7", "aud": team.inbox.key, "name": "Maria Silva", "email": "maria@example.com"}
    return jwt.encode({**claims, "exp": clock.now() + timedelta(minutes=10)}, secret, algorithm="HS256")


class TestStrangers:
    """S-08: who may frame the chat, and what posted messages can do."""

    @pytest.fixture
    def messages(self, team) -> list[dict[str, Any]]:
        """Every type of message there is between loader and frame, with what would do harm."""
        bodies = {
            "parley:hello": {"token": "stolen", "page": {"url": "x"}, "settings": {"open": True}},
            "parley:listening": {},
            "token": {"value": "forged"},
            "open_chat": {"value": True},
            "event": {
                "name": "message",
                "data": {"direction": "received", "author": "Mallory", "text": "Pay here"},
            },
            "identify": {"value": {"jwt": signed(team)}},
            "page": {"page": {"url": "https://evil.example", "title": "Evil"}},
            "unread": {"n": 99},
            "error": {"value": "x"},
        }
        bare = {kind: {} for kind in ("open", "close", "reset", "ready")}
        return [{"type": kind, **body} for kind, body in {**bodies, **bare}.items()]

    def test_s08_a_site_that_is_not_allowed_cannot_frame_the_chat(self, team, sites, open_page, watch):
        watch.expects("frame-ancestors", "ERR_BLOCKED_BY_RESPONSE")
        page = open_page()
        page.goto(
            sites.page(
                "evil", f'<h1>Evil</h1><iframe src="{team.chat_url}" width="400" height="600"></iframe>'
            )
        )
        page.wait_for_load_state("networkidle")
        while not any("frame-ancestors" in problem for problem in watch.problems):
            page.wait_for_timeout(50)  # the browser tells of it; the test's own time-out ends the wait
        assert not any("/api/" in url or "socket.io" in url for url in watch.urls)
        expect(page.frame_locator("iframe").get_by_role("textbox")).to_have_count(0)

    def test_the_loader_on_a_site_that_is_not_allowed_shows_no_chat(self, team, sites, open_page, watch):
        watch.expects("frame-ancestors", "ERR_BLOCKED_BY_RESPONSE")
        page = open_page()
        page.goto(sites.page("evil", team.snippet))
        page.locator("button.launcher").click()
        page.wait_for_load_state("networkidle")
        expect(page.frame_locator("#parley-frame").get_by_role("textbox")).to_have_count(0)
        assert not any("/api/" in url or "socket.io" in url for url in watch.urls)

    def test_s08_what_the_frame_is_told_by_its_page_has_no_effect(self, team, messages, sites, open_page):
        page = open_page()
        page.goto(sites.page("shop", team.snippet))
        widget = Widget(page)
        widget.open()
        widget.begin("Mine")
        token = told(page)
        page.evaluate(POST_TO_FRAME, messages)
        settle(page)
        expect(widget.message("Mine")).to_be_visible()
        expect(widget.frame).to_be_visible()
        assert told(page) == token
        widget.say("Still mine")
        expect(widget.message("Still mine")).to_have_attribute(
            "data-state", re.compile("sent|delivered|seen")
        )

    def test_s08_what_the_loader_is_told_by_others_has_no_effect(self, team, messages, sites, open_page):
        script = (
            "addEventListener('message', ({ports}) => { window.port = ports[0] });"
            f"for (const one of {json.dumps(messages)}) parent.postMessage(one, '*');"
        )
        evil = sites.page("evil", f"<script>{script}</script>")
        page = open_page()
        page.goto(sites.page("shop", team.snippet + f'<iframe id="evil" src="{evil}"></iframe>'))
        page.wait_for_load_state("networkidle")
        widget = Widget(page)
        expect(widget.launcher).to_have_attribute("aria-expanded", "false")
        assert page.locator("#parley-frame").count() == 0
        widget.open()
        widget.begin("Mine alone")
        page.evaluate("document.querySelector('#evil').src += '?again'")
        page.wait_for_load_state("networkidle")
        settle(page)
        assert told(page) not in (None, "forged", "stolen")
        expect(widget.frame).to_be_visible()
        expect(widget.message("Mine alone")).to_be_visible()
        assert page.frames[1].evaluate("window.port ?? null") is None
        page.evaluate("(all) => all.forEach((one) => postMessage(one, '*'))", messages)
        settle(page)
        assert told(page) not in (None, "forged", "stolen")
        expect(widget.message("Mine alone")).to_be_visible()
        page.evaluate("parley('reset')")  # the frame still hears the loader, on the port that it was given
        expect(widget.message("Mine alone")).to_have_count(0)

    def test_s08_the_chats_own_page_listens_to_nobody_who_opened_it(
        self, team, messages, sites, open_context
    ):
        context = open_context()
        page = context.new_page()
        page.goto(sites.page("evil", "<h1>Evil</h1>"))
        with page.expect_popup() as opened:
            page.evaluate("(url) => { window.chat = open(url) }", team.chat_url)
        chat = opened.value
        expect(chat.get_by_role("textbox", name="Message", exact=True)).to_be_visible()
        token = told(chat)
        page.evaluate(
            "(all) => all.forEach((one) => chat.postMessage(one, '*', [new MessageChannel().port1]))",
            messages,
        )
        settle(chat)
        assert told(chat) == token
        expect(chat.get_by_role("textbox", name="Message", exact=True)).to_be_visible()


POST_TO_FRAME = """(all) => {
  const frame = document.querySelector('[data-parley]').shadowRoot.querySelector('iframe').contentWindow;
  for (const one of all) {
    frame.postMessage(one, '*');
    frame.postMessage(one, '*', [new MessageChannel().port1]);
  }
}"""


SETTLED = """new Promise((done) => {
  const {port1, port2} = new MessageChannel();
  port1.onmessage = () => requestAnimationFrame(() => setTimeout(done));
  port2.postMessage(1);
})"""


def settle(page: Page) -> None:
    """Until what was posted has been heard: each frame hears in order."""
    for frame in page.frames:
        frame.evaluate(SETTLED)
