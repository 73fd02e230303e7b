"""Takes the pictures of docs/screenshots: a demo of its own, a real browser, a customer and an agent.

.venv/bin/python tools/screenshots.py [folder]
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, expect, sync_playwright  # noqa: E402

from tests.support import browser as browsers  # noqa: E402
from tests.support.actors import Agent, Chat, Widget  # noqa: E402
from tests.support.demo import Demo  # noqa: E402
from webapp import clock  # noqa: E402

DESKTOP = {"width": 1440, "height": 900}
LAPTOP = {"width": 1180, "height": 740}
PHONE = {"width": 390, "height": 844}
MOST_BYTES = 300 * 1024
QUESTION = "Hello! Does the storm jacket run large? I am between M and L."
ANSWER = (
    "Hello Maria! It is cut to go over a thick jumper, so take your usual size.\n"
    "The size table: https://harbour.example/sizes"
)
THANKS = "M it is then. Can it be here by Friday?"
SOON = "If you order before 16:00, it will."
ARABIC = {
    "question": "مرحبا! هل المعطف مقاوم للماء؟",
    "answer": "نعم، إنه يتحمل المطر الغزير والرياح القوية.",
    "thanks": "شكرا جزيلا، سأطلبه اليوم.",
}


def morning() -> str:
    """A time zone where it is about ten in the morning."""
    ahead = (10 - clock.now().hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


class Camera:
    """Pages of a browser, and pictures of them."""

    def __init__(self, browser: Browser, target: Path) -> None:
        self.browser = browser
        self.target = target
        target.mkdir(parents=True, exist_ok=True)

    def page(self, size: dict[str, int] = DESKTOP, *, state: Any = None, **options: Any) -> Page:
        """A page in a browser of its own."""
        if size is PHONE:
            options = {"device_scale_factor": 2, "has_touch": True, "is_mobile": True, **options}
        ours = {
            "locale": "en-GB",
            "timezone_id": morning(),
            "reduced_motion": "reduce",
            "storage_state": state,
        }
        options = {**ours, **options}
        return self.browser.new_context(viewport=size, **options).new_page()

    def take(self, page: Page, name: str, *, whole: bool = False) -> None:
        """A picture, once all that moves has come to rest; `whole`: what one has to scroll to, too."""
        page.evaluate("document.fonts.ready")
        page.wait_for_load_state("networkidle")
        path = self.target / f"{name}.png"
        page.screenshot(path=path, animations="disabled", caret="hide", full_page=whole)
        size = path.stat().st_size
        print(f"{path.name:<24} {size // 1024:>4} KB")
        if size > MOST_BYTES:
            sys.exit(f"{path.name} is larger than {MOST_BYTES // 1024} KB")


def fill_form(chat: Chat, text: str, name: str, email: str) -> None:
    """The form before the first message, in any language."""
    form = chat.scope.locator("form.form")
    form.locator("[name=name]").fill(name)
    form.locator("[name=email]").fill(email)
    form.locator("[name=content]").fill(text)
    form.locator("[name=consent]").check()


def send_form(chat: Chat) -> None:
    """Sends it."""
    chat.scope.locator("form.form button[type=submit]").click()
    expect(chat.composer).to_be_visible()


def converse(agent: Agent, chat: Chat, lines: list[tuple[str, str]], opening: str) -> None:
    """Both in turn, after the customer's opening."""
    agent.page.goto(f"{agent.desk_url}/agent/v/unassigned")
    agent.open(opening)
    agent.button("Take").click()
    for who, text in lines:
        if who == "agent":
            agent.say(text)
            expect(chat.log.get_by_text(text.split("\n", maxsplit=1)[0])).to_be_visible()
        else:
            chat.composer.fill(text)
            chat.scope.locator("button[type=submit]").click()
            expect(agent.messages.get_by_text(text)).to_be_visible()


def picture_chats(camera: Camera, demo: Demo, agent: Agent) -> None:
    """The widget on the shop, and the chat on its own page in four looks."""
    shop = camera.page()
    shop.goto(demo.shop_url + "/")
    widget = Widget(shop)
    expect(widget.launcher).to_be_visible()
    camera.take(shop, "widget-closed")
    widget.launcher.click()
    fill_form(widget, QUESTION, "Maria Silva", "maria.silva@example.com")
    camera.take(shop, "widget-form")
    send_form(widget)
    lines = [("agent", ANSWER), ("customer", THANKS), ("agent", SOON)]
    converse(agent, widget, lines, "Does the storm jacket")
    camera.take(shop, "widget-chat")
    agent.page.get_by_role("tab", name="Note").click()
    agent.write_note("Asked for M. Second order this year, free shipping applies.")
    agent.page.get_by_role("tab", name="Reply").click()
    agent.reply.fill("Shall I put one aside")
    widget.composer.press_sequentially("Wonderful, ")
    expect(agent.messages.get_by_text("is typing…")).to_be_visible()
    camera.take(agent.page, "desk-thread")

    for name, size, options in (
        ("chat-desktop", {"width": 900, "height": 760}, {}),
        ("chat-phone", PHONE, {}),
        ("chat-dark", PHONE, {"color_scheme": "dark"}),
        ("chat-arabic", PHONE, {"locale": "ar"}),
    ):
        page = camera.page(size, **options)
        page.goto(demo.chat_url)
        chat = Chat(page)
        arabic = name == "chat-arabic"
        opening = ARABIC["question"] if arabic else QUESTION
        person = "مريم" if arabic else "Maria Silva"
        fill_form(chat, opening, person, f"{name}@example.com")
        send_form(chat)
        said = lines
        if arabic:
            said = [("agent", ARABIC["answer"]), ("customer", ARABIC["thanks"])]
        converse(agent, chat, said, opening)
        expect(chat.log.locator("[data-state=seen]").last).to_be_attached()
        camera.take(page, name)
        page.close()


def picture_desk(camera: Camera, demo: Demo, agent: Agent) -> None:
    """The queue in four looks, and the pages of settings."""
    state = agent.page.context.storage_state()
    agent.page.goto(demo.url + "/agent/v/all")
    number = agent.row("Daniel Osei").get_attribute("data-number")
    for name, size, options, path in (
        ("desk-queue", DESKTOP, {}, f"/agent/v/all/t/{number}"),
        ("desk-laptop", LAPTOP, {}, f"/agent/v/all/t/{number}"),
        ("desk-dark", DESKTOP, {"color_scheme": "dark"}, f"/agent/v/all/t/{number}"),
        ("desk-phone-queue", PHONE, {}, "/agent/v/all"),
        ("desk-phone-thread", PHONE, {}, f"/agent/v/all/t/{number}"),
    ):
        page = camera.page(size, state=state, **options)
        page.goto(demo.url + path)
        expect(
            page.locator(".row").first if "/t/" not in path else page.locator(".msg").first
        ).to_be_visible()
        camera.take(page, name)
        page.close()


def picture_pages(camera: Camera, demo: Demo) -> None:
    """Sign-in, and the inbox page."""
    page = camera.page()
    page.goto(demo.url + "/sign-in")
    camera.take(page, "sign-in")
    demo.sign_in(page, "nora@harbour.example")
    page.goto(demo.url + "/settings/inboxes")
    page.get_by_role("main").get_by_role("link").filter(has_text="Harbour").click()
    expect(page.get_by_role("heading", name="What customers see")).to_be_visible()
    camera.take(page, "inbox")
    page.goto(demo.url + "/settings/people")
    camera.take(page, "people")


def picture_work(camera: Camera, demo: Demo) -> None:
    """What the desk does by itself, as the admin sees it."""
    page = camera.page()
    demo.sign_in(page, "nora@harbour.example")
    nora = Agent(page, demo.url, None).goto("/agent/v/all", live=False)
    nora.open("Hannah Schulz")
    camera.take(page, "desk-sla")
    page.get_by_role("button", name="Service levels").click()
    expect(page.get_by_role("dialog", name="Service levels").get_by_role("listitem").first).to_be_visible()
    camera.take(page, "desk-account")
    page.keyboard.press("Escape")
    nora.open("Noah Fischer")
    why = nora.details.get_by_text("was the least busy").first
    expect(why).to_be_visible()
    page.get_by_text("How it was decided").click()
    page.locator(".why").evaluate("(one) => one.scrollIntoView({block: 'end'})")
    camera.take(page, "desk-routed")
    page.keyboard.press("/")
    page.keyboard.type("jacket")
    expect(page.locator(".is-found").first).to_be_visible()
    camera.take(page, "desk-search")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Notifications").click()
    expect(page.get_by_role("dialog", name="Notifications").get_by_role("link").first).to_be_visible()
    camera.take(page, "notifications")
    for name, path, link in (
        ("customer", "/customers", "Hannah Schulz"),
        ("policy", "/settings/policies", "Premium and enterprise"),
        ("calendar", "/settings/calendars", "Desk hours"),
        ("routing", "/settings/routing", None),
        ("mail", "/settings/mail", None),
    ):
        page.goto(demo.url + path)
        if link:
            page.get_by_role("main").get_by_role("link").filter(has_text=link).first.click()
            expect(page.get_by_role("main").get_by_role("heading").first).to_be_visible()
        if name == "policy":
            page.locator("summary").filter(has_text="First response").click()
            heading = page.get_by_role("heading", name="What is promised")
            heading.evaluate("(one) => one.scrollIntoView({block: 'start'})")
        camera.take(page, name)
    picture_export(camera, page, demo)


def picture_export(camera: Camera, page: Page, demo: Demo) -> None:
    """An export that is ready."""
    page.goto(demo.url + "/settings/exports")
    page.get_by_role("button", name="Write the export").click()
    expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=20_000)
    camera.take(page, "exports")


def picture_reports(camera: Camera, demo: Demo) -> None:
    """What the admin looks at: now and on a wall, over time, and who did what to the settings."""
    state = None
    for name, size, options, path in (
        ("now", DESKTOP, {}, "/admin/live"),
        ("wallboard", {"width": 1920, "height": 1080}, {"color_scheme": "dark"}, "/admin/live?tv=1"),
        ("report-sla", DESKTOP, {}, "/admin/reports/sla"),
        ("report-volume", DESKTOP, {}, "/admin/reports/volume"),
        ("report-speed", DESKTOP, {"color_scheme": "dark"}, "/admin/reports/speed"),
        ("report-phone", PHONE, {}, "/admin/reports/volume"),
        ("audit", DESKTOP, {}, "/settings/audit"),
        ("roles", DESKTOP, {}, "/settings/roles"),
    ):
        page = camera.page(size, state=state, **options)
        if state is None:
            demo.sign_in(page, "nora@harbour.example")
            state = page.context.storage_state()
        page.goto(demo.url + path)
        expect(page.get_by_role("heading").first).to_be_visible()
        camera.take(page, name)
        page.close()


def picture_form(camera: Camera, demo: Demo) -> None:
    """The web form's own page."""
    page = camera.page()
    demo.sign_in(page, "nora@harbour.example")
    page.goto(demo.url + "/settings/inboxes")
    page.get_by_role("main").get_by_role("link").filter(has_text="Contact form").click()
    page.goto(demo.url + str(page.locator(".form-preview").get_attribute("src")))
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    camera.take(page, "form")


def picture_first_run(camera: Camera, folder: Path) -> None:
    """The page of an installation that nobody has set up."""
    with Demo(folder, DEMO="0").serving() as empty:
        for name, size in (("first-run", DESKTOP), ("first-run-phone", PHONE)):
            page = camera.page(size)
            page.goto(empty.url)
            camera.take(page, name, whole=True)
            page.close()


def main() -> None:
    """All of them."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots"
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**browsers.launch_options())
        camera = Camera(browser, target)
        (Path(made) / "demo").mkdir()
        with Demo(Path(made) / "demo").serving() as demo:
            picture_work(camera, demo)  # before anybody signs in to whom routing gives what waits
            picture_reports(camera, demo)
            picture_form(camera, demo)
            page = camera.page()
            demo.sign_in(page, "mei@harbour.example")
            agent = Agent(page, demo.url, None)
            picture_desk(camera, demo, agent)
            picture_chats(camera, demo, agent)
            picture_pages(camera, demo)
        (Path(made) / "empty").mkdir()
        picture_first_run(camera, Path(made) / "empty")
        browser.close()


if __name__ == "__main__":
    main()
