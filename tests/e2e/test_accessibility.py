"""For everybody: axe on what is live, in every theme, language and size; keyboard alone; narrow screens.

The pages of forms have theirs in `test_staff_pages.py`.
"""

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.support import axe
from tests.support.actors import Chat, Widget, press_in_a_row
from webapp import clock

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
LOOKS = [("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE), ("dark", PHONE)]
LOCALES = ("en", "zh", "de", "ar")
# In both themes and both sizes everywhere; all four together in one language.
LOOKS_IN = {"en": LOOKS, "zh": LOOKS[::3], "de": LOOKS[1:3], "ar": LOOKS[::3]}
PRECHAT = [
    {"name": "name", "label": "Your name", "type": "text", "required": True},
    {"name": "email", "label": "E-mail", "type": "email", "required": True},
    {"name": "topic", "label": "Topic", "type": "select", "required": False, "options": ["Order", "Else"]},
    {"name": "news", "label": "Send me news", "type": "checkbox", "required": False},
]
CONSENT = {"text": "I agree to the privacy notice.", "url": "https://shop.example.com/privacy"}


def check_looks(page: Page, part: Any = None, *, looks: list[Any] = LOOKS) -> None:
    """axe in both themes and sizes, and nothing that sticks out at the side."""
    for scheme, size in looks:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size(size)
        axe.check(part or page)
        assert fits(page), f"{page.url} at {size['width']}"
    page.set_viewport_size(DESKTOP)


def fits(page: Page) -> bool:
    """Whether nothing sticks out at the side."""
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def closed_hours() -> dict[str, list[list[str]]]:
    """Hours that are not now."""
    return {(clock.now() + timedelta(days=3)).strftime("%a").lower(): [["03:00", "04:00"]]}


class TestChat:
    @pytest.mark.parametrize("locale", LOCALES)
    def test_every_face_in_every_language(self, locale, desk, team, sign_in, open_page):
        agent = sign_in(team, team.person("Ana Costa")).goto()
        page = open_page()
        asks = team.make.inbox(name="Asks", prechat=PRECHAT, consent=CONSENT, greeting="Hello")
        page.goto(f"{desk.url}/chat/{asks.key}?l={locale}")
        page.locator("form button[type=submit]").click()
        expect(page.locator("[aria-invalid=true]").first).to_be_focused()
        check_looks(page, looks=LOOKS_IN[locale])

        page.goto(f"{team.chat_url}?l={locale}")
        chat = Chat(page)
        assert page.locator("html").get_attribute("dir") == ("rtl" if locale == "ar" else "ltr")
        check_looks(page, looks=LOOKS_IN[locale])
        chat.begin(f"Where is my order? {locale}")
        agent.open(f"Where is my order? {locale}")
        agent.button("Take").click()
        agent.say("On its way: https://post.example.com/track?id=1")
        content = io.BytesIO()
        Image.new("RGB", (60, 40), "#0f5c6e").save(content, "PNG")
        picture = {"name": "box.png", "mimeType": "image/png", "buffer": content.getvalue()}
        text = {"name": "receipt.txt", "mimeType": "text/plain", "buffer": b"1 lantern"}
        page.locator("#files").set_input_files([picture, text])
        check_looks(page, looks=LOOKS_IN[locale])
        chat.say("With the receipt")
        expect(chat.log.get_by_role("link", name="receipt.txt")).to_be_visible()
        expect(chat.log.get_by_text("https://post.example.com")).to_be_visible()
        check_looks(page, looks=LOOKS_IN[locale])

        page.locator("button[aria-controls=menu]").click()
        check_looks(page, looks=LOOKS_IN[locale])
        page.locator("#menu button").last.click()
        expect(page.locator("[aria-labelledby=end-question]")).to_be_visible()
        check_looks(page, looks=LOOKS_IN[locale])
        page.locator("[aria-labelledby=end-question] button.primary").click()
        expect(page.locator(".ended")).to_be_visible()
        check_looks(page, looks=LOOKS_IN[locale])

    @pytest.mark.parametrize("locale", LOCALES)
    def test_when_nobody_answers(self, locale, desk, team, open_page, watch):
        watch.expects("status of 404")
        page = open_page()
        shut = team.make.inbox(name="Shut", hours=closed_hours(), greeting="Hello")
        page.goto(f"{desk.url}/chat/{shut.key}?l={locale}")
        expect(page.locator(".availability")).to_have_attribute("data-state", "closed")
        check_looks(page, looks=LOOKS_IN[locale])
        page.goto(f"{desk.url}/chat/nothing?l={locale}")
        check_looks(page, looks=LOOKS_IN[locale])

    def test_the_widget_on_a_page(self, team, sites, sign_in, open_page):
        agent = sign_in(team, team.person("Ana Costa")).goto()
        page = open_page()
        page.goto(sites.page("shop", f"<main><h1>Shop</h1></main>{team.snippet}"))
        widget = Widget(page)
        expect(widget.launcher).to_be_visible()
        check_looks(page, page.main_frame)
        widget.open()
        widget.begin("Hello?")
        agent.open("Hello?")
        check_looks(page, page.main_frame)
        widget.close()
        agent.say("Hello!")
        expect(page.get_by_role("status").get_by_text("Hello!")).to_be_visible()
        check_looks(page, page.main_frame)

    def test_the_keyboard_is_enough(self, team, sites, sign_in, open_page):
        agent = sign_in(team, team.person("Ana Costa")).goto()
        page = open_page()
        page.goto(sites.page("shop", f'<a href="#x">A link</a>{team.snippet}'))
        widget = Widget(page)
        expect(widget.launcher).to_be_visible()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(widget.launcher).to_be_focused()
        assert has_ring(widget.launcher)
        page.keyboard.press("Enter")
        expect(widget.composer).to_be_focused()
        page.keyboard.type("By keyboard alone")
        page.keyboard.press("Enter")
        expect(widget.message("By keyboard alone")).to_be_visible()
        expect(widget.composer).to_be_focused()
        agent.open("By keyboard alone")
        agent.say("I read you")
        said = widget.scope.get_by_role("status").filter(has_text="Ana Costa: I read you")
        expect(said).to_be_attached()
        seen = set()
        frame = page.frame(url=re.compile("/chat/"))
        for _ in range(8):
            page.keyboard.press("Tab")
            name = frame.evaluate(RING)
            if name is None:
                break
            assert name["ring"], f"no visible focus on {name['name']}"
            seen.add(name["name"])
        page.keyboard.press("Shift+Tab")
        assert {"Emoji", "Attach files", "Send"} <= seen
        page.keyboard.press("Escape")
        expect(widget.frame).to_be_hidden()
        expect(widget.launcher).to_be_focused()
        page.keyboard.press("Enter")
        expect(widget.composer).to_be_focused()
        page.keyboard.press("Shift+Tab")
        expect(widget.log).to_be_focused()


# The name of the focused element, and whether its focus shows: on itself or on the box around it.
RING = """() => {
  const focused = document.activeElement;
  if (!focused || focused === document.body) return null;
  let ring = false;
  for (let one = focused, i = 0; one && i < 3; one = one.parentElement, i += 1) {
    const {outlineStyle, outlineWidth, boxShadow} = getComputedStyle(one);
    ring ||= outlineStyle !== 'none' && outlineWidth !== '0px';
    ring ||= boxShadow !== 'none' && one.matches(':focus-within');
  }
  return {name: focused.getAttribute('aria-label') || focused.textContent.trim() || focused.name, ring};
}"""


def has_ring(target: Any) -> bool:
    """Whether the focused element shows that it is."""
    return target.evaluate("(one) => getComputedStyle(one).outlineStyle !== 'none'")


class TestDesk:
    @pytest.fixture
    def busy(self, team, sign_in, open_page) -> Any:
        """A desk with some conversations, one of them open."""
        agent = sign_in(team, team.person("Ana Costa", "admin")).goto()
        for text in ("First in line", "Second in line", "Third in line"):
            page = open_page()
            page.goto(team.chat_url)
            Chat(page).begin(text)
        expect(agent.queue.get_by_role("listitem")).to_have_count(3)
        return agent

    def test_every_face(self, busy, watch):
        watch.expects("status of 404")
        page = busy.page
        check_looks(page)
        busy.open("First in line")
        busy.button("Take").click()
        busy.write_note("A word among us")
        busy.say("Good morning")
        expect(busy.messages.get_by_text("Good morning")).to_be_visible()
        check_looks(page)
        page.goto(page.url.replace("unassigned", "done").split("/t/")[0])
        expect(page.get_by_role("heading", name="Nothing done yet")).to_be_visible()
        check_looks(page)
        page.goto(page.url.split("/v/")[0] + "/v/all/t/999")
        expect(page.get_by_role("heading", name="#999 was not found")).to_be_visible()
        check_looks(page)

    def test_menus_and_dialogs(self, busy):
        page = busy.page
        busy.open("Second in line")
        for name in ("Status: ", "Priority: ", "Assignee: ", "More actions", "your menu", "Availability: "):
            page.get_by_role("button", name=re.compile(name)).click()
            expect(page.locator("[popover]:popover-open")).to_be_visible()
            axe.check(page)
            page.keyboard.press("Escape")
            expect(page.locator("[popover]:popover-open")).to_have_count(0)
        for name, key in (("New ticket", "c"), ("Keyboard shortcuts", "?")):
            page.keyboard.press(key)
            expect(page.get_by_role("dialog", name=name)).to_be_visible()
            check_looks(page)
            page.keyboard.press("Escape")
        for item, name in (
            ("Transfer with a note…", "Transfer the conversation"),
            ("Block customer…", "Block"),
        ):
            page.get_by_role("button", name="More actions").click()
            page.get_by_role("menuitem", name=item).click()
            expect(page.get_by_role("dialog", name=name)).to_be_visible()
            check_looks(page)
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)

    def test_the_keyboard_is_enough(self, busy):
        page = busy.page
        order = [row.get_attribute("data-number") for row in busy.queue.get_by_role("link").all()]
        page.keyboard.press("j")
        expect(page).to_have_url(re.compile(f"/t/{order[0]}$"))
        page.keyboard.press("j")
        expect(page).to_have_url(re.compile(f"/t/{order[1]}$"))
        page.keyboard.press("k")
        expect(page).to_have_url(re.compile(f"/t/{order[0]}$"))
        expect(busy.reply).to_be_visible()
        page.keyboard.press("Enter")
        expect(busy.reply).to_be_focused()
        page.keyboard.type("jkn?")
        expect(busy.reply).to_have_value("jkn?")
        page.keyboard.press("Escape")
        page.keyboard.press("n")
        expect(busy.note).to_be_focused()
        page.keyboard.type("For us")
        page.keyboard.press("Enter")
        expect(busy.messages.get_by_text("For us")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("r")
        expect(busy.reply).to_be_focused()
        expect(busy.reply).to_have_value("jkn?")
        page.keyboard.press("Escape")
        page.keyboard.press("i")
        expect(busy.button("Assignee: Ana Costa")).to_be_visible()
        page.keyboard.press("p")
        menu = page.get_by_role("menu", name=re.compile("Priority"))
        expect(menu.locator(":focus")).to_be_visible()  # it has the keys now
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        expect(busy.button("Priority: High")).to_be_visible()
        press_in_a_row(page, "g", "m")
        expect(busy.queue.get_by_role("heading", name="Mine")).to_be_visible()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)

    def test_the_focus_shows(self, busy):
        page = busy.page
        busy.open("First in line")
        page.evaluate("document.activeElement.blur()")
        seen = set()
        for _ in range(25):
            page.keyboard.press("Tab")
            focus = page.evaluate(RING)
            if focus:
                assert focus["ring"], f"no visible focus on {focus['name']}"
                seen.add(focus["name"])
        assert len(seen) > 12


def test_nothing_needs_scrolling_sideways_at_320_pixels(team, sites, sign_in, open_page, watch):
    watch.expects("status of 404")
    admin = sign_in(team, team.person("Nora Lindqvist", "admin")).goto("/agent/v/all")
    page = open_page()
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(team.chat_url)
    chat = Chat(page)
    long = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 3
    chat.begin(f"{long} https://shop.example.com/{'a' * 90}")
    assert fits(page)
    page.goto(sites.page("shop", f"<h1>Shop</h1>{team.snippet}"))
    Widget(page).open()
    assert fits(page)
    desk_page = admin.page
    desk_page.set_viewport_size({"width": 320, "height": 640})
    assert fits(desk_page)
    admin.row("Donau").click()
    expect(admin.messages).to_be_visible()
    assert fits(desk_page)
    inbox = f"/settings/inboxes/{team.inbox.id}"
    for path in (
        "/settings/inboxes",
        inbox,
        f"{inbox}/secret",
        "/settings/people",
        "/settings/mail/providers",
        "/settings/import",
        "/settings/calendars/new",
        "/settings/policies",
        "/settings/policies/new",
        "/settings/policies/recalculate",
        "/profile",
        "/nowhere",
    ):
        desk_page.goto(team.desk.url + path)
        assert fits(desk_page), path
