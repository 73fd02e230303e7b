"""Saved reports: whose they are, what they show, and what happens when their filters go."""

import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from tests.support.pages import form_of, submit
from webapp.database import transaction
from webapp.extensions import db
from webapp.models import Event, SavedReport
from webapp.services import saved_report as saved
from webapp.services import team as teams
from webapp.services.user import actor_of
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

HERE = "/admin/reports/saved"


class Desk:
    """An admin and a viewer of one workspace."""

    def __init__(self, app: Any, make: Any, sign_in: Any) -> None:
        self.app, self.workspace = app, make.workspace()
        self.staff = {role: make.user(role=role, workspace=self.workspace) for role in ("admin", "viewer")}
        self.admin, self.viewer = (sign_in(user) for user in self.staff.values())

    def save(self, who: Any, name: str = "Last week", arguments: str = "range=7d", **more: str) -> str:
        """Its id."""
        body = {"name": name, "screen": "sla", "arguments": arguments, **more}
        answer = submit(who, HERE, body, page="/profile")
        assert answer.status_code == 302, answer.text
        return parse_qs(urlsplit(answer.location).query)["saved"][0]

    def row(self, report_id: str) -> SavedReport | None:
        with self.app.app_context(), use_workspace(self.workspace):
            return db.session.get(SavedReport, uuid.UUID(report_id))


@pytest.fixture
def desk(app: Any, make: Any, sign_in: Any) -> Desk:
    return Desk(app, make, sign_in)


def test_what_a_screen_shows_is_opened_again_by_its_name(desk: Desk) -> None:
    report = desk.save(
        desk.viewer, arguments="range=7d&priority=high&priority=low&compare=1&by=agent&nonsense=1"
    )
    assert "Last week" in desk.viewer.get(HERE).text
    opened = urlsplit(desk.viewer.get(f"{HERE}/{report}").location)
    assert opened.path == "/admin/reports/sla"
    assert parse_qs(opened.query) == {
        "range": ["7d"],
        "priority": ["high", "low"],
        "compare": ["1"],
        "by": ["agent"],
        "saved": [report],
    }


def test_every_screen_offers_to_save_what_it_shows(desk: Desk) -> None:
    for screen in ("sla", "volume", "speed", "team"):
        shown = desk.viewer.get(f"/admin/reports/{screen}?range=7d&priority=high")
        form = form_of(shown.text, HERE)
        assert (form["screen"], form["arguments"]) == (screen, "range=7d&priority=high")
        answer = desk.viewer.post(HERE, data={**form, "name": f"High {screen}"})
        assert answer.location.startswith(f"/admin/reports/{screen}?range=7d&priority=high&saved=")
        again = desk.viewer.get(answer.location)
        assert again.status_code == 200
        assert "Let the saved one show this" in again.text


@pytest.mark.parametrize(
    "fields, field",
    [
        ({"arguments": "range=forever"}, "range"),
        ({"arguments": "range=custom&from=2026-02-30&to=2026-03-01"}, "from"),
        ({"name": " \u200b"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"screen": "money"}, "screen"),
    ],
)
def test_what_no_report_can_be_asked_is_not_saved(desk: Desk, fields: dict[str, str], field: str) -> None:
    body = {"name": "Mine", "screen": "sla", "arguments": "", **fields}
    answer = submit(desk.viewer, HERE, body, page="/profile")
    assert answer.status_code == 422
    assert 'data-kind="bad"' in answer.text
    assert "None yet" in desk.viewer.get(HERE).text


def test_a_personal_one_is_nobody_else_s_and_a_shared_one_everybody_s(desk: Desk) -> None:
    own, shared = desk.save(desk.admin, "My own"), desk.save(desk.admin, "Ours", is_shared="1")
    page = desk.viewer.get(HERE).text
    assert "My own" not in page
    assert "Ours" in page
    assert desk.viewer.get(f"{HERE}/{own}").status_code == 404
    assert desk.viewer.get(f"{HERE}/{shared}").status_code == 302
    for act, body in (("", {"name": "Theirs"}), ("/delete", {}), ("/shown", {"screen": "speed"})):
        answer = submit(desk.viewer, f"{HERE}/{shared}{act}", body, page="/profile")
        assert answer.status_code == 403
    assert desk.row(shared).name == "Ours"  # type: ignore[union-attr]


def test_a_viewer_shares_nothing_with_everybody(desk: Desk) -> None:
    body = {"name": "Mine", "screen": "sla", "is_shared": "1"}
    assert submit(desk.viewer, HERE, body, page="/profile").status_code == 422
    report = desk.save(desk.viewer)
    answer = submit(
        desk.viewer, f"{HERE}/{report}", {"name": "Mine", "is_shared": "1"}, page=f"{HERE}/{report}/edit"
    )
    assert answer.status_code == 422


def test_it_is_renamed_shown_anew_and_deleted_and_the_ledger_tells(desk: Desk) -> None:
    report = desk.save(desk.admin)
    page = f"{HERE}/{report}/edit"
    renamed = {
        **form_of(desk.admin.get(page).text, f"{HERE}/{report}"),
        "name": "This month",
        "is_shared": "1",
    }
    assert desk.admin.post(f"{HERE}/{report}", data=renamed).status_code == 302
    shown = submit(
        desk.admin, f"{HERE}/{report}/shown", {"screen": "speed", "arguments": "range=90d"}, page=page
    )
    assert shown.location.startswith("/admin/reports/speed?range=90d")
    row = desk.row(report)
    assert row is not None
    assert (row.name, row.screen, row.arguments, row.is_shared) == (
        "This month",
        "speed",
        {"range": "90d"},
        True,
    )
    assert submit(desk.admin, f"{HERE}/{report}/delete", {}, page=page).status_code == 302
    assert desk.row(report) is None
    with desk.app.app_context(), use_workspace(desk.workspace):
        query = (
            sa.select(Event.name).where(Event.subject_id == uuid.UUID(report)).order_by(Event.workspace_seq)
        )
        names = list(db.session.scalars(query))
    assert names == [
        "saved_report.created",
        "saved_report.updated",
        "saved_report.updated",
        "saved_report.deleted",
    ]


def test_two_who_rename_it_the_second_is_told(desk: Desk) -> None:
    report = desk.save(desk.admin)
    mine = form_of(desk.admin.get(f"{HERE}/{report}/edit").text, f"{HERE}/{report}")
    assert desk.admin.post(f"{HERE}/{report}", data={**mine, "name": "First"}).status_code == 302
    second = desk.admin.post(f"{HERE}/{report}", data={**mine, "name": "Second"})
    assert second.status_code == 409
    assert 'value="Second"' in second.text


def test_a_team_that_is_gone_is_said_so_and_nothing_fails(desk: Desk) -> None:
    with desk.app.app_context(), use_workspace(desk.workspace), transaction():
        team = teams.create_team("Second line", actor=actor_of(desk.staff["admin"])).id
    report = desk.save(desk.admin, arguments=f"team={team}&team=none")
    assert "gone" not in desk.admin.get(HERE).text
    with desk.app.app_context(), use_workspace(desk.workspace), transaction():
        teams.delete_team(team, actor=actor_of(desk.staff["admin"]))
    assert "It filters by a team that is gone" in desk.admin.get(HERE).text
    assert "has been deleted" in desk.admin.get(f"{HERE}/{report}/edit").text
    assert desk.admin.get(f"{HERE}/{report}").status_code == 302


def test_one_that_this_version_cannot_read_is_said_so(desk: Desk) -> None:
    report = desk.save(desk.admin)
    with desk.app.app_context(), use_workspace(desk.workspace), transaction() as session:
        session.get(SavedReport, uuid.UUID(report)).arguments = {"range": "century"}
    assert "unknown by now" in desk.admin.get(HERE).text


def test_reports_begin_with_the_one_that_was_chosen_until_it_is_gone(desk: Desk) -> None:
    report = desk.save(desk.viewer)
    me = actor_of(desk.staff["viewer"])

    def landing() -> str | None:
        with desk.app.app_context(), use_workspace(desk.workspace):
            found = saved.landing(actor=me)
            return str(found.id) if found else None

    assert landing() is None
    for expected in (report, None, report):
        submit(desk.viewer, f"{HERE}/{report}/landing", {}, page=HERE)
        assert landing() == expected
    assert "Your start" in desk.viewer.get(HERE).text
    assert f"saved={report}" in desk.viewer.get("/admin/reports").location
    assert desk.admin.get("/admin/reports").location == "/admin/reports/sla"
    submit(desk.viewer, f"{HERE}/{report}/delete", {}, page=HERE)
    assert landing() is None


def test_nobody_saves_without_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "MOST", 1)
    desk.save(desk.viewer)
    answer = submit(desk.viewer, HERE, {"name": "Another", "screen": "sla"}, page="/profile")
    assert answer.status_code == 422
