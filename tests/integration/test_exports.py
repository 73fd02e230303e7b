"""Exports: asked for, written in the background, fetched by whoever may."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask

from tests.support.pages import submit
from webapp import clock as app_clock
from webapp.database import transaction
from webapp.models import Job, Ticket
from webapp.schemas.export import ExportIn
from webapp.services import export
from webapp.services import field as fields
from webapp.services import tag as tags
from webapp.services import ticket as tickets
from webapp.services.export.request import TYPE
from webapp.tasks import export as export_tasks
from webapp.tasks import worker
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

MARCH = "2026-03-01"
NASTY = '=HYPERLINK("http://evil.example","x")'


@pytest.fixture
def desk(make: Any, app: Flask) -> Any:
    """A workspace with three tickets, one of them with a title that wants to be a formula."""
    workspace = make.workspace()
    with app.app_context(), use_workspace(workspace.id), transaction():
        for title, priority in (("Broken scanner", "high"), (NASTY, "low"), ("Zoë's örder", "low")):
            tickets.create_ticket(title, "", "ann@example.com", priority)
    return workspace


@pytest.fixture
def folder(app: Flask) -> Path:
    return app.config["PARLEY"].instance_path / "exports"


def ask(browser: Any, **body: Any) -> str:
    answer = browser.post("exports", body)
    assert answer.status_code == 202, answer.json
    return str(answer.json["job"]["id"])


def finished(app: Flask, browser: Any, job_id: str) -> dict[str, Any]:
    with app.app_context():
        worker.run_due()
    job: dict[str, Any] = browser.get(f"jobs/{job_id}").json["job"]
    assert job["status"] == "completed", job
    return job


def download(browser: Any, job: dict[str, Any]) -> bytes:
    with browser.http.get(job["result"]["file_url"]) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment")
        return bytes(answer.data)


@pytest.fixture
def senior(make: Any, agent: Any, desk: Any) -> Any:
    return agent(make.user(role="senior_agent", workspace=desk))


def test_s24_a_csv_export_holds_every_ticket_and_no_formula(app: Flask, senior: Any) -> None:
    job = finished(app, senior, ask(senior, format="csv"))
    assert job["result"]["row_count"] == 3
    rows = list(csv.DictReader(io.StringIO(download(senior, job).decode("utf-8-sig"))))
    assert [row["title"] for row in rows] == ["Broken scanner", f"'{NASTY}", "Zoë's örder"]
    assert [row["number"] for row in rows] == ["1", "2", "3"]
    assert {row["customer_email"] for row in rows} == {"ann@example.com"}


def test_s24_an_xlsx_export_holds_texts_and_numbers_but_no_formula_or_link(app: Flask, senior: Any) -> None:
    job = finished(app, senior, ask(senior, format="xlsx"))
    data = download(senior, job)
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    rows = list(sheet.iter_rows(values_only=True))
    title = rows[0].index("title")
    assert [row[title] for row in rows[1:]] == ["Broken scanner", f"'{NASTY}", "Zoë's örder"]
    assert rows[1][rows[0].index("number")] == 1
    xml = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in xml
    assert b"hyperlink" not in xml


def test_a_json_export_holds_what_was_asked_for(app: Flask, senior: Any) -> None:
    job = finished(app, senior, ask(senior, format="json", filters={"priority": ["low"]}))
    rows = json.loads(download(senior, job))
    assert [row["title"] for row in rows] == [NASTY, "Zoë's örder"]


def test_tags_the_organization_and_the_workspaces_own_fields_have_columns(
    app: Flask, senior: Any, desk: Any, make: Any
) -> None:
    with app.app_context(), use_workspace(desk.id), transaction() as session:
        fields.create_field("Order number", "text")
        ticket = session.scalars(sa.select(Ticket).where(Ticket.number == 1)).one()
        tags.set_tags(ticket, add=["Billing", "Late"])
        fields.set_values(ticket, {"order_number": "=1+1"})
    rows = json.loads(download(senior, finished(app, senior, ask(senior, format="json"))))
    assert (rows[0]["tags"], rows[0]["field.order_number"]) == ("Billing, Late", "=1+1")
    assert (rows[1]["tags"], rows[1]["field.order_number"], rows[1]["organization"]) == ("", None, None)
    held = download(senior, finished(app, senior, ask(senior))).decode("utf-8-sig")
    assert next(csv.DictReader(io.StringIO(held)))["field.order_number"] == "'=1+1"


def test_days_count_whole_and_both_ends(app: Flask, desk: Any, session: Any) -> None:
    moment = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)
    with use_workspace(desk.id):
        with app_clock.moved(moment), transaction():
            tickets.create_ticket("In March", "", "ann@example.com")
        for first, last, count in ((MARCH, MARCH, 1), ("2026-03-02", None, 3), (None, "2026-02-28", 0)):
            spec = ExportIn.model_validate({"date_range": {"first": first, "last": last}})
            assert export.count_rows(spec) == count
            assert len(list(export.iter_rows(spec))) == count


def test_batches_leave_no_ticket_out(desk: Any, session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.services.export.rows.BATCH", 2)
    with use_workspace(desk.id):
        assert [row[0] for row in export.iter_rows(ExportIn())] == [1, 2, 3]


def test_the_contracts_job_ends_completed_with_its_file_and_count(desk: Any, session: Any) -> None:
    with use_workspace(desk.id):
        with transaction():
            job_id = export.request_export(ExportIn()).id
        export_tasks.export_tickets_job(job_id)
        job = session.get(Job, job_id, populate_existing=True)
    assert (job.status, job.result["row_count"]) == ("completed", 3)
    assert job.result["file_url"].startswith("/exports/")


def test_an_address_is_for_staff_of_its_workspace_who_may_export_and_expires(
    *, app: Flask, senior: Any, make: Any, sign_in: Any, desk: Any, client: Any, clock: Any
) -> None:
    url = finished(app, senior, ask(senior))["result"]["file_url"]
    assert client.get(url).status_code == 302
    assert sign_in(make.user(role="agent", workspace=desk)).get(url).status_code == 403
    stranger = make.user(role="admin", workspace=make.workspace("Elsewhere"))
    assert sign_in(stranger).get(url).status_code == 404
    assert senior.http.get(url.replace("~", "~x")).status_code == 404
    clock.advance(hours=25)
    assert senior.http.get(url).status_code == 404


def test_another_persons_export_is_not_found(senior: Any, make: Any, agent: Any, desk: Any) -> None:
    job_id = ask(senior)
    other = agent(make.user(role="senior_agent", workspace=desk))
    assert other.get(f"jobs/{job_id}").status_code == 404
    assert other.post(f"jobs/{job_id}/cancel").status_code == 404


def test_a_cancelled_export_stops_at_its_next_batch_and_leaves_no_file(
    app: Flask, senior: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.tasks.export.BATCH", 1)
    seen = []

    def watched(job_id: Any, percent: float, note: str = "") -> None:
        if not seen:
            senior.post(f"jobs/{job_id}/cancel")
        seen.append(percent)
        worker.report_progress(job_id, percent, note)

    monkeypatch.setattr("webapp.tasks.export.report_progress", watched)
    job_id = ask(senior)
    with app.app_context():
        worker.run_due()
    assert senior.get(f"jobs/{job_id}").json["job"]["status"] == "cancelled"
    assert len(seen) == 1
    assert not list(folder.glob(f"{job_id.replace('-', '')}*"))


def test_the_form_gives_back_what_was_typed_when_the_days_are_the_wrong_way_round(senior: Any) -> None:
    data = {"format": "xlsx", "first": "2026-05-02", "last": "2026-05-01"}
    answer = submit(senior.http, "/settings/exports", data)
    assert answer.status_code == 422
    assert "The first day lies after the last" in answer.text
    assert 'value="2026-05-02"' in answer.text


def test_the_form_asks_for_several_statuses_and_ones_own_at_once(
    app: Flask, senior: Any, session: Any
) -> None:
    number = senior.get("tickets", view="all").json["data"][0]["number"]
    ticket = senior.get(f"tickets/{number}").json["ticket"]["id"]
    senior.send("PATCH", f"tickets/{ticket}", {"status": "resolved"})

    def exported(**filters: str) -> Any:
        submit(senior.http, "/settings/exports", {"format": "json", **filters})
        with app.app_context():
            worker.run_due()
        job = session.scalars(sa.select(Job).where(Job.type == TYPE).order_by(Job.id.desc())).first()
        return job.result["row_count"]

    assert (exported(status="ended"), exported(status="active")) == (1, 2)
    assert exported(status="active", agent="me") == 0
    senior.post(f"tickets/{ticket}/assign", {"agent_id": senior.get("me").json["user"]["id"]})
    senior.send("PATCH", f"tickets/{ticket}", {"status": "open"})
    senior.post(f"tickets/{ticket}/assign", {"agent_id": senior.get("me").json["user"]["id"]})
    assert exported(status="active", agent="me") == 1


def test_the_page_takes_its_filters_from_the_address(senior: Any) -> None:
    page = senior.http.get(
        "/settings/exports?status=active&priority=high&channel=chat&agent=me&first=2026-05-01"
    ).text
    for chosen in ("active", "high", "chat", "me"):
        assert f'<option value="{chosen}" selected' in page
    assert 'value="2026-05-01"' in page


def test_old_exports_are_removed_after_a_week(app: Flask, senior: Any, folder: Path, clock: Any) -> None:
    url = finished(app, senior, ask(senior))["result"]["file_url"]
    clock.advance(days=8)
    with app.app_context():
        export_tasks.forget_exports()
    clock.advance(days=-8)
    assert senior.http.get(url).status_code == 404
