"""What an agent does from the desk besides answering: by menu, by dialog, in place and by key."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support import axe
from tests.support.actors import Agent, Chat, press_in_a_row
from tests.support.desk import Team
from webapp.database import transaction
from webapp.services import skill
from webapp.services import team as teams
from webapp.services import ticket as tickets
from webapp.tenancy import use_workspace


@pytest.fixture
def begin(team: Team) -> Any:
    """`begin(title, customer)`: a ticket of that customer; its number."""

    def begun(title: str, customer: str = "maria@example.com") -> int:
        with team.desk.app.app_context(), use_workspace(team.workspace.id), transaction():
            return int(tickets.create_ticket(title, "", customer, "medium").number)

    return begun


def test_a_reply_is_sent_and_the_conversation_put_off_in_one_go(team, sign_in, open_page):
    ana = sign_in(team, team.person("Ana Costa")).goto()
    chat = Chat(open_page())
    chat.page.goto(team.chat_url)
    chat.begin("My parcel is lost")
    ana.open("My parcel is lost")
    ana.reply.fill("We are looking for it")
    ana.page.get_by_role("button", name="More ways to send").click()
    axe.check(ana.page, include="#menu-send")
    ana.page.get_by_role("group", name="Send & snooze").get_by_role(
        "menuitem", name="Until they reply"
    ).click()
    expect(ana.page.get_by_text("is snoozed until they reply")).to_be_visible()  # for some seconds
    expect(chat.message("We are looking for it")).to_be_visible()
    views = ana.page.get_by_role("navigation", name="Views")
    expect(views.get_by_role("link", name="Snoozed 1")).to_be_visible()
    chat.say("Thank you")
    expect(views.get_by_role("link", name="Snoozed 1")).to_have_count(0)


def test_the_target_of_a_merge_is_found_by_text_or_number_and_what_cannot_take_it_says_why(
    team, sign_in, begin
):
    number, other, own = (
        begin("Lost parcel"),
        begin("Parcel for Ben", "ben@example.com"),
        begin("Wrong parcel"),
    )
    ana = sign_in(team, team.person("Ana Costa")).goto()
    page = ana.page
    ana.open("Lost parcel")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Merge into another…").click()
    dialog = page.get_by_role("dialog")
    choices = dialog.get_by_role("radio")
    expect(choices).to_have_count(1)
    box = dialog.get_by_label("Find by number or text")
    box.fill("parcel")
    expect(dialog.locator(".merge-choice")).to_have_text([re.compile(f"#{own} "), re.compile(f"#{other} ")])
    expect(choices.nth(1)).to_be_disabled()
    expect(dialog).to_contain_text("would read this; merge the customers first")
    axe.check(page, include="dialog")
    box.fill(f"#{number}")
    expect(dialog).to_contain_text("This is the ticket itself")
    box.fill(str(own))
    expect(choices).to_have_count(1)
    choices.check()
    dialog.get_by_role("button", name="Merge").click()
    expect(page.locator(".thread-number")).to_have_text(f"#{own}")


def test_category_team_and_skills_are_set_in_place(team, sign_in, begin):
    with team.desk.app.app_context(), use_workspace(team.workspace.id), transaction():
        skill.create_skill("German")
        teams.create_team("Returns")
    begin("Falsches Paket")
    ana = sign_in(team, team.person("Ana Costa")).goto()
    ben = sign_in(team, team.person("Ben Lund")).goto()
    for person in (ana, ben):
        person.open("Falsches Paket")
    details, seen = ana.details, ben.details
    details.get_by_role("button", name="Change category").click()
    expect(details.get_by_label("Category")).to_be_focused()
    axe.check(ana.page, include=".context")
    details.get_by_label("Category").fill("Shipping")
    details.get_by_label("Category").press("Enter")
    expect(details.get_by_role("button", name="Change category")).to_be_focused()
    details.get_by_role("button", name="Change team").click()
    details.get_by_label("Team").select_option("Returns")
    details.get_by_role("button", name="Save").click()
    details.get_by_role("button", name="Change needs").click()
    details.get_by_role("checkbox", name="German").check()
    details.get_by_role("button", name="Save").click()
    for one, text in (("category", "Shipping"), ("team", "Returns"), ("needs", "German")):
        for panel in (details, seen):
            expect(panel.get_by_role("button", name=f"Change {one}")).to_have_text(text)
    ana.page.get_by_role("button", name=re.compile(r"^\d events$")).click()
    expect(ana.messages).to_contain_text("You said that this needs German")


def test_a_field_that_was_opened_while_another_is_saved_stays_open(team, sign_in, begin):
    begin("Lost parcel")
    with team.desk.app.app_context(), use_workspace(team.workspace.id), transaction():
        skill.create_skill("German")
    ana = sign_in(team, team.person("Ana Costa")).goto()
    ana.open("Lost parcel")
    held: list[Any] = []
    saving = re.compile("/api/v1/tickets/[^/]+$")
    ana.page.route(saving, lambda route: held.append(route))  # noqa: PLW0108 - it is marked by the library
    ana.details.get_by_role("button", name="Change category").click()
    ana.details.get_by_label("Category").fill("Shipping")
    with ana.page.expect_request(saving):
        ana.details.get_by_role("button", name="Save").click()
    ana.details.get_by_role("button", name="Change needs").click()
    with ana.page.expect_response(saving):
        held.pop().continue_()
    expect(ana.details.get_by_role("button", name="Change category")).to_have_text("Shipping")
    expect(ana.details.get_by_role("checkbox", name="German")).to_be_visible()


def test_a_conversation_is_offered_to_a_colleague_who_takes_it(team, sign_in, begin):
    number = begin("Lost parcel")
    ana = sign_in(team, team.person("Ana Costa")).goto()
    ben = sign_in(team, team.person("Ben Lund")).goto()
    ana.open("Lost parcel")
    ana.page.keyboard.press("a")
    ana.page.get_by_role("button", name="Offer to a colleague…").click()
    dialog = ana.page.get_by_role("dialog", name=f"Offer #{number} to a colleague")
    dialog.get_by_role("button", name="Offer").click()
    expect(dialog.get_by_role("alert")).to_have_text("Choose whom to ask.")
    dialog.get_by_label("Colleague").select_option("Ben Lund")
    axe.check(ana.page, include="dialog")
    dialog.get_by_role("button", name="Offer").click()
    expect(ana.messages).to_contain_text("You offered this to Ben Lund")
    card = ben.page.get_by_role("article", name=f"Offer of #{number}")
    expect(card).to_contain_text("Ana Costa asks you to take it")
    card.get_by_role("button", name="Accept").click()
    expect(ana.page.get_by_role("button", name="Assignee: Ben Lund")).to_be_visible()


def test_single_keys_do_what_the_list_of_keys_says(team, sign_in, begin):
    begin("Lost parcel")
    begin("Wrong size")
    ana = sign_in(team, team.person("Ana Costa")).goto("/agent/v/all")
    page = ana.page
    status = page.get_by_role("button", name=re.compile("^Status: "))
    ana.open("Lost parcel")
    page.keyboard.press("i")
    expect(page.get_by_role("button", name="Assignee: Ana Costa")).to_be_visible()
    page.keyboard.press("e")
    expect(page.locator(".toast").filter(has_text="Resolved")).to_be_visible()
    expect(page.locator(".thread-title")).to_contain_text("Wrong size")
    page.keyboard.press("z")
    expect(ana.row("Lost parcel")).not_to_contain_text("Resolved")
    page.keyboard.press("e")
    expect(page.locator(".toast").filter(has_text="Resolved")).to_be_visible()
    press_in_a_row(page, "g", "d")
    ana.open("Wrong size")
    expect(status).to_have_accessible_name("Status: Resolved")
    page.keyboard.press("Shift+E")
    expect(status).not_to_have_accessible_name("Status: Resolved")
    for key, menu in (("s", "Status"), ("p", "Priority"), ("h", "Snooze")):
        page.keyboard.press(key)
        expect(page.get_by_role("menu", name=re.compile(menu))).to_be_visible()
        page.keyboard.press("Escape")
    width = lambda: page.get_by_role("navigation", name="Views").bounding_box()["width"]  # noqa: E731
    before = width()
    page.keyboard.press("[")
    expect(page.locator('.app[data-nav="narrow"]')).to_be_visible()
    assert width() < before / 2
    axe.check(page, include=".nav")


def test_the_switch_turns_single_keys_off(team, sign_in, begin):
    begin("Lost parcel")
    ana = sign_in(team, team.person("Ana Costa")).goto()
    page = ana.page
    page.keyboard.press("?")
    page.get_by_role("switch", name="Single-key shortcuts").uncheck()
    page.keyboard.press("Escape")
    ana.open("Lost parcel")
    page.keyboard.press("i")
    page.keyboard.press("e")
    page.keyboard.press("c")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Assignee: Nobody")).to_be_visible()
    expect(page.get_by_role("button", name="Status: Open")).to_be_visible()


def test_the_queue_leads_to_an_export_of_it_for_those_who_may(team, sign_in):
    def menu(person: Agent) -> Any:
        person.page.get_by_role("button", name=re.compile("^Order: ")).click()
        return person.page.get_by_role("menu", name=re.compile("^Order: "))

    ana = sign_in(team, team.person("Ana Costa")).goto("/agent/v/mine")
    expect(menu(ana).get_by_role("menuitem", name="Export…")).to_have_count(0)
    sam = sign_in(team, team.person("Sam Reed", role="senior_agent")).goto("/agent/v/mine")
    menu(sam).get_by_role("menuitem", name="Export…").click()
    expect(sam.page.get_by_label("Status")).to_have_value("active")
    expect(sam.page.get_by_label("Assigned to")).to_have_value("me")


def test_an_emoji_is_picked_by_its_name(team, sign_in, begin):
    begin("Late parcel")
    ana = sign_in(team, team.person("Ana Costa")).goto()
    ana.open("Late parcel")
    ana.reply.press_sequentially("Sorry :smi")
    choices = ana.page.get_by_role("listbox", name="Emoji")
    expect(choices.get_by_role("option").first).to_have_text(re.compile("smile"))
    ana.reply.press("Enter")
    expect(ana.reply).to_have_value("Sorry 😄 ")
    ana.reply.press_sequentially(":heart:")
    expect(ana.reply).to_have_value("Sorry 😄 ❤️ ")
    expect(choices).to_have_count(0)
