"""Forms of the settings: two people at once, what destroys, and what every form must have."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.support.pages import form_of, forms_of, submit
from tests.support.parallel import House, together
from webapp.extensions import db
from webapp.models import AuditEntry
from webapp.models.ticket import STATUSES
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


class Two:
    """Two admins of one workspace."""

    def __init__(self, make: Any, sign_in: Any) -> None:
        self.workspace_id = make.workspace().id
        self.ada: FlaskClient = sign_in(make.user(role="admin", name="Ada"))
        self.ben: FlaskClient = sign_in(make.user(role="admin", name="Ben"))


@pytest.fixture
def two(make: Any, sign_in: Any) -> Two:
    return Two(make, sign_in)


def tag_at(client: FlaskClient, name: str) -> str:
    """Makes a tag, and where its form leads."""
    submit(client, "/settings/tags", {"name": name, "colour": "blue"})
    [found] = [row for row in client.get("/api/v1/tags").json["data"] if row["name"] == name]
    return f"/settings/tags/{found['id']}"


class TestTwoAtOneForm:
    def test_the_second_gets_theirs_back_and_is_told_who_changed_what(self, two):
        mine = form_of(two.ada.get("/settings/lifecycle").text, "/settings/lifecycle")
        submit(two.ben, "/settings/lifecycle", {"reopen_days": "9", "close_after_days": "7"})

        answer = two.ada.post("/settings/lifecycle", data={**mine, "close_after_days": "3"})

        assert answer.status_code == 409
        assert "Ben saved this while you had it open" in answer.text
        assert "Reopen days" in answer.text
        assert "<ins>9</ins>" in answer.text
        assert form_of(answer.text, "/settings/lifecycle")["close_after_days"] == "3"
        assert form_of(two.ada.get("/settings/lifecycle").text, "/settings/lifecycle")["reopen_days"] == "9"

    def test_saving_again_is_a_decision_that_holds(self, two):
        mine = form_of(two.ada.get("/settings/lifecycle").text, "/settings/lifecycle")
        submit(two.ben, "/settings/lifecycle", {"reopen_days": "9", "close_after_days": "7"})
        refused = two.ada.post("/settings/lifecycle", data={**mine, "close_after_days": "3"})

        again = form_of(refused.text, "/settings/lifecycle")
        assert two.ada.post("/settings/lifecycle", data=again).status_code == 302

        saved = form_of(two.ben.get("/settings/lifecycle").text, "/settings/lifecycle")
        assert (saved["reopen_days"], saved["close_after_days"]) == (mine["reopen_days"], "3")

    def test_a_mistake_in_between_does_not_hide_the_other_ones_change(self, two):
        mine = form_of(two.ada.get("/settings/lifecycle").text, "/settings/lifecycle")
        submit(two.ben, "/settings/lifecycle", {"reopen_days": "9", "close_after_days": "7"})
        wrong = two.ada.post("/settings/lifecycle", data={**mine, "close_after_days": "x"})
        assert wrong.status_code == 422

        mended = {**form_of(wrong.text, "/settings/lifecycle"), "close_after_days": "3"}

        assert two.ada.post("/settings/lifecycle", data=mended).status_code == 409

    def test_what_another_form_saved_meanwhile_does_not_matter(self, two):
        one, other = tag_at(two.ada, "Billing"), tag_at(two.ada, "Shipping")
        mine = form_of(two.ada.get("/settings/tags").text, one)
        theirs = form_of(two.ben.get("/settings/tags").text, other)

        assert two.ben.post(other, data={**theirs, "name": "Delivery"}).status_code == 302
        assert two.ada.post(one, data={**mine, "name": "Invoices"}).status_code == 302

    def test_only_the_row_in_question_says_so(self, two):
        one, other = tag_at(two.ada, "Billing"), tag_at(two.ada, "Shipping")
        mine = form_of(two.ada.get("/settings/tags").text, one)
        theirs = form_of(two.ben.get("/settings/tags").text, one)
        two.ben.post(one, data={**theirs, "colour": "red"})

        answer = two.ada.post(one, data={**mine, "name": "Invoices"})

        assert answer.status_code == 409
        assert answer.text.count("Save mine anyway") == 1
        assert form_of(answer.text, one)["name"] == "Invoices"
        assert form_of(answer.text, other)["name"] == "Shipping"


EDITED: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "/settings/workspace": ("{page}", {"name": "Theirs"}, {"name": "Mine"}),
    "/settings/lifecycle": ("{page}", {"reopen_days": "9"}, {"close_after_days": "3"}),
    "/settings/routing": ("", {"capacity": "9"}, {"hops": "3"}),
    "/settings/availability": ("{page}", {"reasons.0.name": "Theirs"}, {"reasons.1.name": "Mine"}),
    "/settings/mail": ("{page}", {"undo_seconds": "9"}, {"digest_gap_minutes": "9"}),
    "/settings/mail/templates/reply/en": ("{page}", {"subject": "Theirs", "do": "save"}, {"subject": "Mine"}),
    "/settings/tags": ("/settings/tags/{tag}", {"name": "Theirs"}, {"name": "Mine"}),
    "/settings/fields": ("/settings/fields/{field}", {"label": "Theirs"}, {"hint": "Mine"}),
    "/settings/statuses": ("/settings/statuses/{status}", {"label": "Theirs"}, {"label": "Mine"}),
    "/settings/statuses#": ("/settings/statuses/open/name", {"label": "Theirs"}, {"label": "Mine"}),
    "/settings/teams": ("/settings/teams/{team}", {"name": "Theirs"}, {"name": "Mine"}),
    "/settings/mail/providers": (
        "{page}",
        {"sender_name": "Theirs", "sender_address": "a@example.com"},
        {"sender_name": "Mine"},
    ),
    "/settings/safety": ("{page}", {"roles.viewer": "1"}, {"roles.agent": "1"}),
    "/settings/safety#": ("/settings/safety/oidc", {"label": "Theirs"}, {"label": "Mine"}),
    "/settings/people/{agent}": ("{page}", {"name": "Theirs"}, {"name": "Mine"}),
    "/settings/people/{agent}#": ("{page}/role", {"role": "viewer"}, {"role": "senior_agent"}),
    "/settings/people/{agent}##": ("{page}/teams", {"team_ids": "{team}"}, {}),
    "/settings/people/{agent}###": ("{page}/skills", {"capacity": "9"}, {"capacity": "8"}),
    "/settings/roles/{role}": ("{page}", {"name": "Theirs"}, {"name": "Mine"}),
    "/settings/skills": ("/settings/skills/people/{agent}", {"capacity": "9"}, {"capacity": "8"}),
    "/settings/inboxes/{inbox}": ("", {"name": "Theirs"}, {"greeting": "Mine"}),
    "/settings/calendars/{calendar}": ("{page}", {"name": "Theirs"}, {"name": "Mine"}),
    "/settings/policies/{policy}": ("{page}", {"name": "Theirs"}, {"name": "Mine"}),
    "/organizations/{organization}": ("", {"name": "Theirs"}, {"notes": "Mine"}),
    "/customers/{customer}": ("{page}", {"name": "Theirs"}, {"company": "Mine"}),
}
"""Page: where its form leads, what the other one changes, and what whoever comes second does."""


NEVER_WRONG = {
    "/settings/people/{agent}##": "ticks alone",
    "/settings/safety": "ticks alone",
}
"""What cannot be typed wrongly, and why."""

ACTS = {
    "/settings/exports": "asks for a file",
    "/settings/import": "sends a file",
    "/settings/mail/test": "sends a mail",
    "/settings/people/{agent}/deactivate": "asks, and can be undone",
    "/settings/held-mail/several": "buttons",
    "/settings/policies/{policy}/move": "a button",
    "/settings/roles/{role}/delete": "asks for the name",
}
"""Forms that keep nothing that was typed, and what they do instead."""

MAKES_NEW = {
    "/settings/calendars/new",
    "/settings/calendars/{calendar}/holidays",
    "/settings/calendars/{calendar}/public",
    "/settings/calendars/{calendar}/ical",
    "/settings/fields",
    "/settings/held-mail/senders",
    "/settings/inboxes/new",
    "/settings/keys",
    "/settings/mail/suppressions",
    "/settings/people",
    "/settings/people/several",
    "/settings/policies/new",
    "/settings/roles/new",
    "/settings/skills",
    "/settings/statuses",
    "/settings/tags",
    "/settings/teams",
    "/settings/wallboards",
    "/settings/webhooks/new",
}
"""Forms that make something, which nobody else can have changed."""

ALIKE = {
    *(f"/settings/statuses/{code}/name" for code in STATUSES),
    "/settings/skills/people/{None}",
}
"""Forms like one that is tried."""


def edited(path: str, rows: dict[str, str]) -> tuple[str, str, dict[str, str], dict[str, str]]:
    """A row of `EDITED`: the page, where its form leads, what the other one changes, what the second does."""
    action, theirs, mine = EDITED[path]
    page = path.rstrip("#").format(**rows)
    first, second = ({key: value.format(**rows) for key, value in one.items()} for one in (theirs, mine))
    return page, action.format(page=page, **rows), first, second


def nameless(address: str, rows: dict[str, str]) -> str:
    """An address with nouns in the place of ids."""
    nouns = {row_id: noun for noun, row_id in rows.items()}
    return re.sub(r"[0-9a-f-]{36}", lambda found: f"{{{nouns.get(found[0])}}}", address)


@pytest.fixture
def audited(app: Any, two: Two) -> Any:
    """`audited()`: who stands in the audit log, oldest first."""

    def names() -> list[str]:
        with app.app_context(), use_workspace(two.workspace_id):
            return list(db.session.scalars(sa.select(AuditEntry.actor_name).order_by(AuditEntry.seq)))

    return names


@pytest.fixture
def rows(app: Any, make: Any, two: Two) -> dict[str, str]:
    """Ids of one of each of what forms edit."""

    def made(path: str, data: dict[str, str], listed: str, key: str = "data") -> str:
        submit(two.ada, path, data)
        return str(two.ada.get(f"/api/v1/{listed}").json[key][-1]["id"])

    ids = {
        "language": "en",
        "name": "reply",
        "agent": str(make.user(role="agent").id),
        "team": str(make.team().id),
        "inbox": str(make.inbox(name="Shop").id),
        "customer": str(make.customer(name="Maria").id),
        "tag": made("/settings/tags", {"name": "Billing", "colour": "blue"}, "tags"),
        "field": made("/settings/fields", {"label": "Order", "kind": "text"}, "fields"),
    }
    status = {"code": "open", "label": "New", "pending_on": ""}
    submit(two.ada, "/settings/statuses", status)
    own = [row["id"] for row in two.ada.get("/api/v1/statuses").json["data"] if row["id"]]
    ids["status"] = own[0]
    week = {"week.mon.0.opens": "09:00", "week.mon.0.closes": "17:00"}
    calendar = submit(two.ada, "/settings/calendars/new", {"name": "Desk", "timezone": "UTC", **week})
    ids["calendar"] = calendar.location.rsplit("/", 1)[1]
    submit(two.ada, "/settings/roles/new", {"name": "Night", "permissions.ticket:note": "1"})
    ids["role"] = re.findall(r"/settings/roles/([0-9a-f-]{36})", two.ada.get("/settings/roles").text)[0]
    organization = submit(two.ada, "/organizations/new", {"name": "Acme"})
    ids["organization"] = organization.location.rsplit("/", 1)[1]
    promise = {"name": "Gold", "targets.first_response.high.premium": "1h", "is_active": "1"}
    submit(two.ada, "/settings/policies/new", promise)
    page = two.ada.get("/settings/policies").text
    ids["policy"] = re.findall(r"/settings/policies/([0-9a-f-]{36})", page)[0]
    return ids


class TestEveryForm:
    @pytest.mark.parametrize("path", EDITED)
    def test_tells_the_second_and_saves_theirs_once_they_insist(self, two, rows, path):
        page, action, theirs, mine = edited(path, rows)
        shown, seen = (form_of(browser.get(page).text, action) for browser in (two.ada, two.ben))
        assert two.ben.post(action or page, data={**seen, **theirs}).status_code == 302

        refused = two.ada.post(action or page, data={**shown, **mine})

        assert refused.status_code == 409, refused.text
        assert "Ben saved this while you had it open" in refused.text
        again = form_of(refused.text, action)
        assert again.items() >= mine.items()
        assert two.ada.post(action or page, data=again).status_code == 302
        kept = form_of(two.ben.get(page).text, action)
        assert kept.items() >= mine.items()

    @pytest.mark.parametrize("path", [path for path in EDITED if path.startswith("/settings/")])
    def test_stands_in_the_audit_log_and_says_what_is_wrong_at_its_field(self, two, rows, audited, path):
        page, action, theirs, _ = edited(path, rows)
        seen = form_of(two.ben.get(page).text, action)
        before = len(audited())
        if path not in NEVER_WRONG:
            wrong = two.ben.post(action or page, data={**seen, next(iter(theirs)): "x" * 20_000})
            assert wrong.status_code == 422
            assert 'aria-invalid="true"' in wrong.text
            assert len(audited()) == before

        assert two.ben.post(action or page, data={**seen, **theirs}).status_code == 302

        assert audited()[before:][:1] == ["Ben"]

    def test_may_neither_be_lost_nor_overwritten(self, two, rows, app):
        """Whatever can be typed into is guarded; what was saved before has a version, and is tried here."""
        tried = {nameless(action or page, rows) for page, action, _, _ in (edited(at, rows) for at in EDITED)}
        lacking = [
            said
            for page in settings_pages(app, rows)
            for form in forms_of(two.ada.get(page).text)
            for said in lacks(nameless(form[0] or page, rows), form[1], form[2], tried)
        ]
        assert not lacking, "\n".join(sorted(set(lacking)))


def settings_pages(app: Any, rows: dict[str, str]) -> list[str]:
    """The address of every page of settings, with the ids of `rows`."""

    def filled(part: re.Match[str]) -> str:
        return rows.get({"user": "agent"}.get(part[1], part[1]), "<>")

    rules = [str(rule) for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    pages = [re.sub(r"<(?:\w+:)?(\w+?)(?:_id)?>", filled, rule) for rule in sorted(rules)]
    found = [page for page in pages if page.startswith("/settings/") and "<>" not in page]
    assert len(found) > 35
    return found


def lacks(place: str, fields: dict[str, Any], attributes: dict[str, Any], tried: set[str]) -> Iterator[str]:
    """What a form is without."""
    is_empty = not set(fields) - {"csrf_token", "version", "seen"} and "version" not in fields
    if attributes.get("method") != "post" or place in ACTS or is_empty:
        return
    if "data-guard" not in attributes:
        yield f"{place} has no guard"
    if place not in MAKES_NEW and "version" not in fields:
        yield f"{place} has no version"
    if "version" in fields and place not in tried | ALIKE:
        yield f"{place} is not tried in EDITED"


@pytest.fixture
def house(database: Any, tmp_path: Path) -> Iterator[House]:
    """A workspace on a database of its own, for people who save at the same moment."""
    made = House(database.settings(database.fresh()), tmp_path)
    yield made
    made.close()


def test_of_ten_who_save_at_the_same_moment_one_is_first_and_nine_are_told(house: House) -> None:
    path = "/settings/lifecycle"
    browsers = [desk.http for desk in house.desks(10, house.make.user(role="admin"))]
    shown = [form_of(browser.get(path).text, path) for browser in browsers]

    def save(number: int) -> Any:
        return browsers[number].post(path, data={**shown[number], "reopen_days": str(20 + number)})

    answers = together([partial(save, number) for number in range(10)])

    assert sorted(answer.status_code for answer in answers) == [302, *[409] * 9]
    [first] = [number for number, answer in enumerate(answers) if answer.status_code == 302]
    assert form_of(browsers[0].get(path).text, path)["reopen_days"] == str(20 + first)


class TestWhatDestroys:
    def test_asks_for_the_name_on_a_page_of_its_own_without_scripts(self, two):
        tag = tag_at(two.ada, "Billing")

        asked = submit(two.ada, f"{tag}/delete", page="/settings/tags")
        assert asked.status_code == 200
        assert "Type “Billing” to go on" in asked.text
        wrong = two.ada.post(
            f"{tag}/delete", data={**form_of(asked.text, f"{tag}/delete"), "confirm": "Shipping"}
        )
        assert wrong.status_code == 422
        assert "Billing" in two.ada.get("/settings/tags").text

        right = {**form_of(wrong.text, f"{tag}/delete"), "confirm": " billing "}
        assert two.ada.post(f"{tag}/delete", data=right).location == "/settings/tags"
        assert form_of(two.ada.get("/settings/tags").text, "/settings/tags")["name"] == ""
        assert two.ada.get("/api/v1/tags").json["data"] == []
