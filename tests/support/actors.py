"""The two people of a chat, as they see it: roles, names and words, no classes where there is a role."""

import re
from typing import Any

from playwright.sync_api import FrameLocator, Locator, Page, expect


def hide(page: Page, state: str = "hidden") -> None:
    """What a browser tells a page whose tab is put behind another; headless ones show all their tabs."""
    page.evaluate(
        """(state) => {
          Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
          document.hasFocus = () => state === "visible";
          document.dispatchEvent(new Event("visibilitychange"));
          window.dispatchEvent(new Event(state === "visible" ? "focus" : "blur"));
        }""",
        state,
    )


def press_in_a_row(page: Page, *signs: str) -> None:
    """Keys that belong together only where little time lies between them, however slow this machine is."""
    page.evaluate(
        """(signs) => signs.forEach((key) =>
          document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true})))""",
        signs,
    )


def keep_toasts(page: Page) -> None:
    """What a page offers for ten seconds it offers for ten minutes, however slow this machine is."""
    page.evaluate(
        """() => {
          const set = window.setTimeout;
          window.setTimeout = (act, after, ...rest) => set(act, after === 10_000 ? 600_000 : after, ...rest);
        }"""
    )


class Chat:
    """The customer's chat, in the widget's frame or on its own page."""

    def __init__(self, page: Page, scope: Page | FrameLocator | None = None) -> None:
        self.page = page
        self.scope = scope or page
        self.composer = self.scope.locator("#composer")
        self.log = self.scope.get_by_role("log")
        self.bubbles = self.log.locator("li .bubble")

    def say(self, text: str) -> None:
        """Writes and sends by Enter."""
        self.composer.fill(text)
        self.composer.press("Enter")

    def begin(self, text: str) -> None:
        """The first message, with an address where nobody is there; returns when the server has it."""
        expect(self.composer).to_be_visible()
        self.say(text)
        address = self.scope.locator("#email")
        expect(self.message(text).or_(address).first).to_be_visible()
        if address.is_visible():
            address.fill("visitor@example.com")
            self.composer.press("Enter")
        expect(self.message(text)).to_have_attribute("data-state", re.compile("sent|delivered|seen"))

    def message(self, text: str) -> Locator:
        """The line with that text."""
        return self.log.get_by_role("listitem").filter(has_text=text)

    def texts(self) -> list[str]:
        """What was said, in order."""
        return [text.strip() for text in self.bubbles.all_inner_texts()]

    def menu(self, item: str) -> None:
        """Chooses from the menu."""
        self.scope.get_by_role("button", name="Menu").click()
        self.scope.locator("#menu").get_by_role("button", name=item).click()


class Widget(Chat):
    """The chat on somebody's page."""

    def __init__(self, page: Page) -> None:
        super().__init__(page, page.frame_locator("#parley-frame"))
        self.frame = page.locator("#parley-frame")
        self.launcher = page.locator("button.launcher")

    def open(self) -> None:
        """Opens it by its button; returns when one can write."""
        self.launcher.click()
        expect(self.composer).to_be_visible()

    def close(self) -> None:
        """Closes it by its own button."""
        self.scope.get_by_role("button", name="Close chat").click()
        expect(self.frame).to_be_hidden()


class Agent:
    """An agent at the queue."""

    def __init__(self, page: Page, desk_url: str, user: Any) -> None:
        self.page = page
        self.desk_url = desk_url
        self.user = user
        self.queue = page.get_by_role("region", name="Queue")
        self.thread = page.get_by_role("main")
        self.messages = page.get_by_role("region", name="Messages")
        self.details = page.get_by_role("complementary", name="Customer and details")
        self.reply = page.get_by_role("textbox", name="Reply", exact=True)
        self.note = page.get_by_role("textbox", name="Internal note", exact=True)

    def goto(self, path: str = "/agent/v/unassigned", *, live: bool = True) -> "Agent":
        """Opens the desk; returns when it is live: then the others see this agent there."""
        if not live:
            self.page.goto(self.desk_url + path)
            return self
        joined: list[Any] = []

        def listen(line: Any) -> None:
            line.on("framereceived", lambda frame: str(frame).startswith("40/agent") and joined.append(line))

        self.page.on("websocket", listen)  # before it goes there: what has been heard is not told again
        self.page.goto(self.desk_url + path)
        while not joined:
            self.page.wait_for_timeout(20)  # the browser tells of it; the test's own time-out ends the wait
        self.page.remove_listener("websocket", listen)
        return self

    def row(self, text: str) -> Locator:
        """The queue's row with that text."""
        return self.queue.get_by_role("link").filter(has_text=text)

    def open(self, text: str) -> None:
        """Opens the row with that text; returns when the thread is there."""
        self.row(text).click()
        expect(self.messages).to_be_visible()

    def say(self, text: str) -> None:
        """Writes a reply and sends it by Enter."""
        self.page.get_by_role("tab", name="Reply").click()
        self.reply.fill(text)
        self.reply.press("Enter")

    def write_note(self, text: str) -> None:
        """Writes an internal note."""
        self.page.get_by_role("tab", name="Note").click()
        self.note.fill(text)
        self.note.press("Enter")

    def texts(self) -> list[str]:
        """What was said, in order."""
        return [text.strip() for text in self.messages.locator(".bubble").all_inner_texts()]

    def button(self, name: str) -> Locator:
        """A button of the thread."""
        return self.thread.get_by_role("button", name=name, exact=True)
