"""Who was online, away, busy or gone for how long: facts written once, and what is counted from them."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.performance.desk import Desk
from tests.support import crowd
from tests.support.parallel import House, together
from webapp import clock as app_clock
from webapp.database import read_only, transaction
from webapp.extensions import db
from webapp.models import AuditEntry, Event, Presence
from webapp.realtime import presence as live
from webapp.schemas.availability import AvailabilitySettings, AwayReason
from webapp.services import presence
from webapp.services import user as users
from webapp.services.availability import save_reasons
from webapp.services.report.presence import STATES, time_by_reason, time_in_status
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

SOON = timedelta(seconds=1)
TOLD = ("user.came_online", "user.went_offline")


@pytest.fixture(autouse=True)
def nobody_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_sockets", "_leaving", "_available"):
        monkeypatch.setattr(live, name, type(getattr(live, name))())
    live._sockets.default_factory = set


def told(workspace_id: uuid.UUID) -> list[str]:
    with use_workspace(workspace_id):
        found = db.session.scalars(sa.select(Event).where(Event.name.in_(TOLD)).order_by(Event.workspace_seq))
        return [event.name for event in found]


def test_coming_and_going_is_told_once_whatever_the_number_of_pages(
    app: Any, make: Any, agent: Any, clock: Any
) -> None:
    ben = make.user(name="Ben")
    first, second = agent(ben).connect(), agent(ben).connect()
    first.client.disconnect("/agent")
    with app.app_context():
        live.announce_gone()
        assert told(ben.workspace_id) == ["user.came_online"]
    left_at = app_clock.now()
    second.client.disconnect("/agent")
    clock.advance(seconds=1)
    with app.app_context():
        live.announce_gone()
        live.renew()
        assert told(ben.workspace_id) == list(TOLD)
        with use_workspace(ben.workspace_id):
            gone = db.session.scalar(sa.select(Event).where(Event.name == TOLD[1]))
            assert gone.subject_id == ben.id
            assert abs(presence.datetime.fromisoformat(gone.changes["at"][1]) - left_at) < timedelta(
                seconds=1
            )
            assert db.session.scalar(sa.select(AuditEntry.seq).where(AuditEntry.name.in_(TOLD))) is None


def test_whoever_a_dead_process_held_is_gone_as_of_its_last_word(
    app: Any, make: Any, clock: Any, monkeypatch: Any
) -> None:
    ben = make.user(name="Ben")
    with app.app_context():
        with use_workspace(ben.workspace_id), transaction():
            presence.opened("user", ben.id, ben.workspace_id)
        with use_workspace(ben.workspace_id):
            expired = db.session.scalar(sa.select(Presence.expires_at))
        monkeypatch.setattr(presence, "PROCESS_ID", "another")
        clock.advance(hours=8)
        live.renew()
        assert told(ben.workspace_id) == list(TOLD)
        with use_workspace(ben.workspace_id):
            start = expired - timedelta(hours=1)
            spent = time_in_status(start, app_clock.now())[ben.id]
    assert spent["online"] < 3600
    assert spent["offline"] > 7 * 3600


def test_several_processes_at_once_tell_it_once(database: Any, tmp_path: Any) -> None:
    house = House(database.settings(database.fresh()), tmp_path)
    try:
        ben = house.make.user(name="Ben")

        def come() -> None:
            with house.app.app_context(), use_workspace(ben.workspace_id), transaction():
                presence.opened("user", ben.id, ben.workspace_id)

        def go() -> None:
            with house.app.app_context(), use_workspace(ben.workspace_id), transaction():
                presence.went(ben.id, app_clock.now())

        together([come] * 6)
        with house.app.app_context():
            assert told(ben.workspace_id) == ["user.came_online"]
            with transaction():
                presence.closed("user", ben.id)
        together([go] * 6)
        with house.app.app_context():
            assert told(ben.workspace_id) == list(TOLD)
        together([come, go] * 4)
        with house.app.app_context():
            names = told(ben.workspace_id)
            assert names == [TOLD[place % 2] for place in range(len(names))]
            assert names[-1] == TOLD[0]
    finally:
        house.close()


def test_the_time_in_each_status_is_counted_from_the_ledger(app: Any, make: Any, clock: Any) -> None:
    ben = make.user(name="Ben", created_at=app_clock.now() - timedelta(days=3))
    idle = make.user(name="Idle", created_at=app_clock.now() - timedelta(days=3))
    start = app_clock.now()

    def passes(minutes: int, act: Any) -> None:
        clock.advance(minutes=minutes)
        with transaction():
            act()

    with app.app_context(), use_workspace(ben.workspace_id):
        actor = users.actor_of(users.user_for(ben.id))
        passes(10, lambda: presence.opened("user", ben.id, ben.workspace_id))
        passes(20, lambda: users.set_availability("busy", actor=actor))
        passes(5, lambda: users.set_availability("away", actor=actor))
        middle = app_clock.now()
        passes(15, lambda: users.set_availability("online", actor=actor))
        passes(30, lambda: presence.closed("user", ben.id))
        with transaction():
            presence.went(ben.id, app_clock.now())
        clock.advance(minutes=40)
        whole = time_in_status(start, start + timedelta(hours=2))
        part = time_in_status(middle, middle + timedelta(minutes=25), user_ids=[ben.id])
    assert as_minutes(whole[ben.id]) == {"online": 50, "away": 15, "busy": 5, "offline": 50}
    assert as_minutes(whole[idle.id]) == {"online": 0, "away": 0, "busy": 0, "offline": 120}
    assert {user: as_minutes(spent) for user, spent in part.items()} == {
        ben.id: {"online": 10, "away": 15, "busy": 0, "offline": 0}
    }


def test_the_time_for_each_reason_is_part_of_it_under_the_name_of_then(
    app: Any, make: Any, clock: Any
) -> None:
    ben = make.user(name="Ben", created_at=app_clock.now() - timedelta(days=3))
    make.user(name="Idle")
    lunch, call = AwayReason(id="lunch", name="Lunch"), AwayReason(id="call", name="Call", counts_as="busy")
    start = app_clock.now()

    def passes(minutes: int, act: Any) -> None:
        clock.advance(minutes=minutes)
        with transaction():
            act()

    with app.app_context(), use_workspace(ben.workspace_id):
        actor = users.actor_of(users.user_for(ben.id))
        passes(0, lambda: save_reasons(AvailabilitySettings(reasons=[lunch, call])))
        passes(10, lambda: presence.opened("user", ben.id, ben.workspace_id))
        passes(20, lambda: users.set_availability(None, "Lunch", actor=actor))
        meal = lunch.model_copy(update={"name": "Meal"})
        passes(5, lambda: save_reasons(AvailabilitySettings(reasons=[meal, call])))
        passes(10, lambda: users.set_availability("busy", "Call", actor=actor))
        middle = app_clock.now()
        passes(15, lambda: users.set_availability("busy", "", actor=actor))
        passes(7, lambda: users.set_availability("online", actor=actor))
        whole, spent = time_by_reason(start, app_clock.now()), time_in_status(start, app_clock.now())
        part = time_by_reason(middle, middle + timedelta(minutes=5), user_ids=[ben.id])
    assert {who: as_minutes(times) for who, times in whole.items()} == {
        ben.id: {"Lunch": 5, "Meal": 10, "Call": 15}
    }
    assert as_minutes(spent[ben.id]) == {"online": 20, "away": 15, "busy": 22, "offline": 10}
    assert as_minutes(part[ben.id]) == {"Call": 5}


def as_minutes(spent: dict[str, int]) -> dict[str, int]:
    return {name: round(seconds / 60) for name, seconds in spent.items()}


STEPS = st.lists(
    st.tuples(st.integers(1, 90), st.sampled_from(("here", "gone", "online", "away", "busy"))), max_size=12
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, window=st.tuples(st.integers(0, 200), st.integers(1, 400)))
def test_any_history_counts_as_a_minute_by_minute_look_does(
    make: Any, session: Any, clock: Any, steps: Any, window: Any
) -> None:
    (begins, lasts), ben = window, make.user(created_at=app_clock.now() - timedelta(days=3))
    start = app_clock.now()
    states, here, availability = [], False, "online"
    with use_workspace(ben.workspace_id):
        actor = users.actor_of(users.user_for(ben.id))
        for minutes, step in [*steps, (700, "here")]:
            shown = availability if here else "offline"
            states += [shown] * minutes
            clock.advance(minutes=minutes)
            with transaction():
                if step == "here":
                    presence.opened("user", ben.id, ben.workspace_id)
                    here = True
                elif step == "gone":
                    presence.closed("user", ben.id)
                    presence.went(ben.id, app_clock.now())
                    here = False
                else:
                    users.set_availability(step, actor=actor)
                    availability = step
        since = start + timedelta(minutes=begins)
        spent = as_minutes(time_in_status(since, since + timedelta(minutes=lasts), user_ids=[ben.id])[ben.id])
    seen = states[begins : begins + lasts]
    assert spent == {state: seen.count(state) for state in STATES}


def test_it_is_read_by_an_index_and_not_through_the_whole_ledger(database: Any, tmp_path: Any) -> None:
    def work(_desk: Any) -> None:
        with read_only():
            time_in_status(app_clock.now() - timedelta(days=7), app_clock.now())

    with app_clock.moved(crowd.NOW), Desk(database.fresh(), tmp_path, 2000) as desk:
        assert "events" not in desk.scanned(work)
