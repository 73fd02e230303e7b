"""What an agent is told, as they see and hear it: the bell in every tab, the sound, the desktop."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support import axe
from tests.support.actors import Agent, Chat, hide
from tests.support.network import Network
from tests.support.watch import NETWORK
from tests.support.who_may import PUSH
from webapp import clock

LISTEN = """
  window.tones = 0;
  window.shown = [];
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (at) { window.tones += 1; start.call(this, at); };
  window.Notification = class {
    static permission = 'granted';
    static requestPermission = async () => 'granted';
    constructor(title, options) { window.shown.push([title, options.body]); }
    close() {}
  };
"""


@pytest.fixture
def desk_of_two(team: Any, sign_in: Any, open_page: Any) -> tuple[Agent, Agent, Chat]:
    """Ana, whose page is listened to; Ben; and a customer who has begun a chat."""
    page = open_page()
    page.goto(team.chat_url)
    chat = Chat(page)
    chat.begin("Hello?")
    ana = sign_in(team, team.person("Ana Costa"))
    ana.page.context.add_init_script(LISTEN)
    ben = sign_in(team, team.person("Ben Berg")).goto("/agent/v/all")
    ben.open("Hello?")
    return ana.goto("/agent/v/all"), ben, chat


def until(page: Page, condition: str) -> None:
    """Waits until a function of the page says so; Playwright's own way is refused by the strict CSP."""
    asking = f"""async () => {{
      for (let i = 0; i < 1200; i += 1) {{
        if (await ({condition})()) return true;
        await new Promise((later) => setTimeout(later, 50));
      }}
      return false;
    }}"""
    assert page.evaluate(asking), condition


def bell(page: Page, unread: int = 0) -> Any:
    name = f"Notifications {unread} unread" if unread else "Notifications"
    return page.get_by_role("button", name=name, exact=True)


def centre(page: Page) -> Any:
    return page.get_by_role("dialog", name="Notifications")


def test_the_bell_is_in_step_in_every_tab(desk_of_two: Any, team: Any) -> None:
    ana, ben, _ = desk_of_two
    other = Agent(ana.page.context.new_page(), team.desk.url, ana.user).goto("/agent/v/all")
    ben.write_note("@Ana could you look at this?")
    ben.write_note("@Ana Costa, please")
    for page in (ana.page, other.page):
        expect(bell(page, 2)).to_be_visible()
    expect(ana.page).to_have_title(re.compile(r"^\(2\) "))
    expect(ana.page.locator("link[rel=icon]")).to_have_attribute("href", "/static/favicon-unread.svg")

    bell(ana.page, 2).click()
    entry = centre(ana.page).get_by_role("link").filter(has_text="Ben Berg mentioned you")
    expect(entry).to_have_count(1)
    expect(entry).to_contain_text("1 more")
    for scheme in ("dark", "light"):
        ana.page.emulate_media(color_scheme=scheme)
        axe.check(ana.page)
    entry.click()
    expect(ana.messages.get_by_text("could you look at this?")).to_be_visible()
    expect(centre(ana.page)).to_be_hidden()
    for page in (ana.page, other.page):
        expect(bell(page)).to_be_visible()


def test_after_a_break_the_bell_knows_what_was_missed(
    team: Any, sign_in: Any, open_page: Any, watch: Any
) -> None:
    watch.expects(NETWORK)
    page = open_page()
    page.goto(team.chat_url)
    Chat(page).begin("Hello?")
    ana = sign_in(team, team.person("Ana Costa"))
    network = Network(ana.page.context)
    ana.page.goto(team.desk.url + "/agent/v/all")
    expect(bell(ana.page)).to_be_visible()
    ben = sign_in(team, team.person("Ben Berg")).goto("/agent/v/all")
    ben.open("Hello?")
    network.cut()
    expect(ana.page.get_by_text("Reconnecting")).to_be_visible()
    ben.write_note("@Ana while you were away")
    expect(ben.messages.get_by_text("while you were away")).to_be_visible()
    network.mend()
    expect(bell(ana.page, 1)).to_be_visible()
    bell(ana.page, 1).click()
    centre(ana.page).get_by_role("button", name="Mark all read").click()
    expect(bell(ana.page)).to_be_visible()


def test_a_sound_for_what_is_not_looked_at_and_once_in_a_burst(desk_of_two: Any) -> None:
    ana, ben, chat = desk_of_two
    ana.page.get_by_role("main").click()  # browsers want a gesture before a sound
    ana.page.clock.set_fixed_time(clock.now())  # a burst, however long the writing takes
    for word in ("one", "two", "three"):
        ben.write_note(f"@Ana {word}")
    expect(bell(ana.page, 3)).to_be_visible()
    until(ana.page, "() => window.tones > 0")
    assert ana.page.evaluate("window.tones") == 2, "one sound is two tones"

    ana.open("Hello?")
    expect(bell(ana.page)).to_be_visible()
    ana.button("Take").click()
    expect(ana.button("Assignee: Ana Costa")).to_be_visible()
    ana.page.evaluate("window.tones = 0")
    ana.page.clock.set_fixed_time(clock.now() + timedelta(minutes=1))
    chat.say("Are you there?")
    expect(ana.messages.get_by_text("Are you there?")).to_be_visible()
    expect(bell(ana.page)).to_be_visible()
    assert ana.page.evaluate("window.tones") == 0, "the ticket that is looked at makes no sound"


def test_a_hidden_tab_shows_it_on_the_desktop_unless_this_browser_is_pushed_to(desk_of_two: Any) -> None:
    ana, ben, _ = desk_of_two
    hide(ana.page)
    ben.write_note("@Ana on the desktop")
    until(ana.page, "() => window.shown.length === 1")
    assert ana.page.evaluate("window.shown")[0][1] == "@Ana on the desktop"
    ana.page.evaluate("localStorage.setItem('parley:push', 'known')")
    ben.write_note("@Ana and again")
    expect(bell(ana.page, 2)).to_be_attached()
    assert len(ana.page.evaluate("window.shown")) == 1


SUBSCRIBE = """
  const made = {
    toJSON: () => (SUBSCRIPTION),
    unsubscribe: async () => { window.held = null; return true; },
  };
  window.held = null;
  PushManager.prototype.getSubscription = async () => window.held;
  PushManager.prototype.subscribe = async (options) => {
    window.asked = options;
    window.held = made;
    return made;
  };
  Notification.requestPermission = async () => 'granted';
  Object.defineProperty(Notification, 'permission', {get: () => 'granted'});
""".replace("SUBSCRIPTION", json.dumps({**PUSH, "expirationTime": None}))


def test_desktop_notifications_are_turned_on_by_a_click_and_shown_by_the_worker(
    team: Any, sign_in: Any, watch: Any
) -> None:
    ana = sign_in(team, team.person("Ana Costa"))
    page = ana.page
    page.context.grant_permissions(["notifications"], origin=team.desk.url)
    page.add_init_script(SUBSCRIBE)
    page.goto(f"{team.desk.url}/profile/notifications")
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        axe.check(page)
    page.get_by_role("button", name="Turn on in this browser").click()
    expect(page.get_by_text("On in this browser.")).to_be_visible()
    assert len(page.evaluate("window.asked.applicationServerKey")) == 87
    page.reload()
    expect(page.get_by_role("button", name=re.compile("^Remove"))).to_have_count(1)

    told = {"title": "Assigned to you", "body": "Broken scanner", "tag": "t1", "url": "/agent/v/all/t/1"}
    assert deliver(page, told) == [["Assigned to you", "Broken scanner"]]
    page.get_by_role("button", name=re.compile("^Remove")).click()
    expect(page.get_by_role("status").first).to_contain_text("no desktop notifications any more")


def deliver(page: Page, told: dict[str, str]) -> Any:
    """Hands a push message to the page's own service worker, as the browser does; what it then shows."""
    line = page.context.new_cdp_session(page)
    versions: list[Any] = []
    line.on("ServiceWorker.workerRegistrationUpdated", lambda event: versions.extend(event["registrations"]))
    line.send("ServiceWorker.enable")
    until(page, "async () => !!(await navigator.serviceWorker.getRegistration('/static/push/'))?.active")
    registration = next(one for one in versions if one["scopeURL"].endswith("/static/push/"))
    (worker,) = page.context.service_workers
    # Without a screen nothing can be shown; what would be is noted.
    worker.evaluate(
        """() => {
          self.shown = [];
          ServiceWorkerRegistration.prototype.showNotification = async (title, options) => {
            self.shown.push([title, options.body]);
          };
        }"""
    )
    line.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": page.evaluate("location.origin"),
            "registrationId": registration["registrationId"],
            "data": json.dumps(told),
        },
    )
    return worker.evaluate(
        """async () => {
          for (let i = 0; i < 1200 && !self.shown.length; i += 1)
            await new Promise((later) => setTimeout(later, 50));
          return self.shown;
        }"""
    )
