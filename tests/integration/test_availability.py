"""Why people step out: the workspace's own reasons, what they count as, and who gets tickets all the same."""

from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.pages import form_of
from webapp import clock, migration
from webapp.config import load_settings
from webapp.database import transaction, uuid7
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.models import Event, Ticket, User, Workspace
from webapp.schemas.availability import MAX_REASONS, AvailabilitySettings, AwayReason
from webapp.schemas.routing import RoutingSettings
from webapp.services import presence
from webapp.services import ticket as tickets
from webapp.services import user as users
from webapp.services.availability import list_reasons, save_reasons
from webapp.services.setting import read_section, save_section
from webapp.services.ticket.transitions import is_agent_available
from webapp.tasks import timer as timers
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

HERE = "/settings/availability"


@pytest.fixture
def boss(make: Any) -> User:
    return make.user(role="admin", name="Nora")


@pytest.fixture
def ana(make: Any, boss: Any) -> User:
    return make.user(role="agent", name="Ana")


@pytest.fixture
def admin(boss: Any, sign_in: Any) -> Any:
    return sign_in(boss)


@pytest.fixture
def read(app: Any, boss: Any) -> Any:
    """`read(function)` inside the workspace, in a context of its own."""

    def called(function: Any) -> Any:
        with app.app_context(), use_workspace(boss.workspace_id):
            return function()

    return called


def submit(browser: Any, path: str, changes: dict[str, str]) -> Any:
    """Fills in what is different on a page's form, and sends all of it."""
    return browser.post(path, data={**form_of(browser.get(path).text, path), **changes})


def names() -> list[str]:
    return [reason.name for reason in read_section(AvailabilitySettings).reasons]


# --- the page -------------------------------------------------------------------------------------


def test_what_is_typed_is_kept_in_its_order_and_told_in_the_audit_log(admin: Any, read: Any) -> None:
    form = form_of(admin.get(HERE).text, HERE)
    assert [form[f"reasons.{place}.name"] for place in range(4)] == ["Lunch", "Break", "Training", "Meeting"]
    rows = {
        "reasons.0.name": " Dentist ",
        "reasons.1.counts_as": "busy",
        "reasons.1.takes_tickets": "1",
        "reasons.1000.name": "Night shift",
        "reasons.1000.counts_as": "offline",
        "reasons.1000.is_offered": "1",
        "reasons.1001.name": "  ",
    }
    assert submit(admin, HERE, rows).status_code == 302
    kept = read(lambda: read_section(AvailabilitySettings).reasons)
    assert [reason.name for reason in kept] == ["Dentist", "Break", "Training", "Meeting", "Night shift"]
    assert [reason.id for reason in kept[:2]] == ["lunch", "break"]
    assert (kept[1].counts_as, kept[1].takes_tickets) == ("busy", True)
    assert (kept[4].counts_as, kept[4].is_offered, len(kept[4].id)) == ("offline", True, 32)
    entry = admin.get("/api/v1/audit").json["data"][0]
    assert entry["name"] == "workspace.updated"
    assert "Dentist" in str(entry["changes"])


@pytest.mark.parametrize(
    "rows, field, message",
    [
        ({"reasons.1.name": "lunch"}, "reasons.1.name", "This one is there twice"),
        ({"reasons.1.name": ""}, "reasons.1.name", "Please fill this in"),
        ({"reasons.2.name": "x" * 61}, "reasons.2.name", "60"),
        ({"reasons.0.counts_as": "gone"}, "reasons.0.counts_as", "Input should be"),
        (
            {"reasons.0.counts_as": "offline", "reasons.0.takes_tickets": "1"},
            "reasons.0.takes_tickets",
            "gets no tickets",
        ),
        ({f"reasons.{place}.name": f"No {place}" for place in range(100, 131)}, "reasons", f"{MAX_REASONS}"),
    ],
    ids=["twice", "empty", "long", "unknown", "offline", "many"],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_typed_is_lost(
    admin: Any, read: Any, rows: dict[str, str], field: str, message: str
) -> None:
    answer = submit(admin, HERE, {**rows, "reasons.3.name": "Gathering"})
    assert answer.status_code == 422
    assert message in answer.text
    assert form_of(answer.text, HERE)["reasons.3.name"] == "Gathering"
    assert "data-dirty" in answer.text
    assert read(names) == ["Lunch", "Break", "Training", "Meeting"]


def test_rows_move_come_and_go_without_a_script_and_are_saved_only_then(admin: Any, read: Any) -> None:
    page = submit(admin, HERE, {"reasons.2.up": "1"})
    assert form_of(page.text, HERE)["reasons.1.name"] == "Training"
    for button in ({"reasons.0.up": "1"}, {"reasons.0.remove": "1"}, {"add": "reasons"}):
        page = admin.post(HERE, data={**form_of(page.text, HERE), **button})
        assert page.status_code == 200
    form = form_of(page.text, HERE)
    assert [form[f"reasons.{place}.name"] for place in range(4)] == ["Training", "Break", "Meeting", ""]
    assert read(names) == ["Lunch", "Break", "Training", "Meeting"]
    assert admin.post(HERE, data=form).status_code == 302
    assert read(names) == ["Training", "Break", "Meeting"]


# --- choosing one ---------------------------------------------------------------------------------


def offered(app: Any, boss: Any, *reasons: AwayReason) -> None:
    with app.app_context(), use_workspace(boss.workspace_id), transaction():
        save_reasons(AvailabilitySettings(reasons=list(reasons)))


CALL = AwayReason(id="call", name="On a call", counts_as="busy", takes_tickets=True)
LUNCH = AwayReason(id="lunch", name="Lunch")
OLD = AwayReason(id="old", name="Smoke", is_offered=False)


def test_a_reason_says_what_it_counts_as_at_every_door(app: Any, boss: Any, ana: Any, agent: Any) -> None:
    offered(app, boss, CALL, LUNCH, OLD)
    browser = agent(ana)
    socket = browser.connect()
    page = browser.http.get("/agent/v/all").text
    assert "On a call" in page
    assert "Smoke" not in page

    def patch(**body: str) -> Any:
        return browser.send("PATCH", "me", body).json

    said = patch(reason="On a call")["user"]
    assert (said["availability"], said["reason"]) == ("busy", "On a call")
    assert socket.say("availability.set", {"availability": "away", "reason": "Lunch"})["ok"]
    refused = socket.say("availability.set", {"availability": "away", "reason": "On a call"})
    assert refused["error"]["detail"][0]["loc"] == ["body", "availability"]
    for reason in ("Smoke", "Golf"):
        answer = patch(availability="away", reason=reason)
        assert answer["detail"][0]["loc"] == ["body", "reason"]
    same = patch(availability="away")["user"]
    assert same["reason"] == "Lunch"
    assert patch(availability="online")["user"]["reason"] is None


def test_the_profile_offers_them_and_keeps_one_that_is_offered_no_more(
    app: Any, boss: Any, ana: Any, sign_in: Any, read: Any
) -> None:
    offered(app, boss, CALL, OLD)
    browser = sign_in(ana)
    page = browser.get("/profile").text
    assert "On a call (busy)" in page
    assert "Smoke" not in page
    assert submit(browser, "/profile", {"availability": "reason:On a call"}).status_code == 302
    found = read(lambda: users.user_for(ana.id))
    assert (found.availability, found.availability_reason) == ("busy", "On a call")
    offered(app, boss, CALL.model_copy(update={"is_offered": False}))
    assert form_of(browser.get("/profile").text, "/profile")["availability"] == "reason:On a call"
    assert submit(browser, "/profile", {"name": "Anna"}).status_code == 302
    assert submit(browser, "/profile", {"availability": "busy"}).status_code == 302
    assert read(lambda: users.user_for(ana.id)).availability_reason is None
    assert submit(browser, "/profile", {"availability": "reason:On a call"}).status_code == 422
    assert submit(browser, "/profile", {"availability": "elsewhere"}).status_code == 422


def test_whoever_is_away_for_a_reason_goes_along_when_names_change_even_crosswise(
    app: Any, boss: Any, ana: Any, make: Any, read: Any
) -> None:
    ben = make.user(role="agent", name="Ben")
    offered(app, boss, CALL, LUNCH)
    for person, reason in ((ana, "On a call"), (ben, "Lunch")):
        with app.app_context(), use_workspace(boss.workspace_id), transaction():
            users.set_availability(None, reason, actor=users.actor_of(users.user_for(person.id)))
    offered(app, boss, CALL.model_copy(update={"name": "Lunch"}), LUNCH.model_copy(update={"name": "Meal"}))
    assert read(lambda: users.user_for(ana.id).availability_reason) == "Lunch"
    assert read(lambda: users.user_for(ben.id).availability_reason) == "Meal"
    told = sa.select(Event.changes).where(Event.name == "user.updated", Event.subject_id == ben.id)
    assert {"availability_reason": ["Lunch", "Meal"]} in read(lambda: db.session.scalars(told).all())


# --- what follows ---------------------------------------------------------------------------------


def holder(ticket_id: Any) -> Any:
    db.session.expire_all()
    return db.session.get(Ticket, ticket_id).assigned_agent_id


def test_routing_goes_on_for_reasons_that_allow_it_and_starts_when_one_begins_to(
    make: Any, boss: Any, ana: Any, session: Any
) -> None:
    make.inbox()

    def written() -> Any:
        with transaction():
            made = tickets.create_ticket("Help", "", "maria@example.com", "medium")
            made.waiting_since = made.created_at
        timers.fire_due()
        return made.id

    with use_workspace(boss.workspace_id):
        with transaction():
            save_section(RoutingSettings(is_on=True))
            save_reasons(AvailabilitySettings(reasons=[CALL, LUNCH]))
            presence.opened("user", ana.id, ana.workspace_id)
            users.set_availability(None, "On a call", actor=users.actor_of(users.user_for(ana.id)))
        timers.fire_due()
        first = written()
        assert holder(first) == ana.id
        assert is_agent_available(db.session.get(Ticket, first), session)
        assert presence.anyone_available(ana.workspace_id)

        with transaction():
            users.set_availability("away", "Lunch", actor=users.actor_of(users.user_for(ana.id)))
        second = written()
        assert holder(second) is None
        assert not is_agent_available(db.session.get(Ticket, first), session)
        assert not presence.anyone_available(ana.workspace_id)

        with transaction():
            save_reasons(
                AvailabilitySettings(reasons=[CALL, LUNCH.model_copy(update={"takes_tickets": True})])
            )
        timers.fire_due()
        assert holder(second) == ana.id


def test_a_reason_is_refused_that_is_offline_and_takes_tickets(session: Any, boss: Any) -> None:
    with use_workspace(boss.workspace_id), pytest.raises(Invalid) as refused:
        wrong = AwayReason(name="X", counts_as="offline", takes_tickets=True)
        save_reasons(AvailabilitySettings(reasons=[wrong]))
    assert refused.value.detail[0]["loc"] == ["body", "reasons.0.takes_tickets"]
    with use_workspace(boss.workspace_id):
        assert len(list_reasons()) == 4


def test_reasons_of_before_are_carried_over_and_back(database: Any) -> None:
    settings = load_settings(database.settings(database.fresh()))
    engine = migration.owner_engine(settings.database_url)
    migration.downgrade(settings, "0017")
    with engine.begin() as connection:
        for number, held in enumerate(({"hops": 2, "reasons": ["Gym"]}, {"hops": 4})):
            row = {"id": uuid7(), "name": "A", "slug": f"a{number}", "settings": {"routing": held}}
            connection.execute(sa.insert(Workspace.__table__), {**row, "created_at": clock.now()})

    def stored() -> dict[int, Any]:
        with engine.connect() as connection:
            query = sa.select(Workspace.__table__.c.settings)
            return {held["routing"]["hops"]: held for held in connection.scalars(query)}

    migration.upgrade(settings, "0018")
    after = stored()
    assert [reason.name for reason in AvailabilitySettings(**after[2]["availability"]).reasons] == ["Gym"]
    assert (after[2]["routing"], after[4]) == ({"hops": 2}, {"routing": {"hops": 4}})
    migration.downgrade(settings, "0017")
    assert stored() == {2: {"routing": {"hops": 2, "reasons": ["Gym"]}}, 4: {"routing": {"hops": 4}}}
    engine.dispose()
