"""Saved reports: a screen with its range and filters, under a name."""

from typing import Any

from webapp.api.doors import access, answers, created, nothing, staff_views
from webapp.api.matching import matching
from webapp.database import read_only, transaction
from webapp.models import SavedReport
from webapp.schemas.paging import PageQuery, cut, page_out
from webapp.schemas.saved_report import (
    ReportPlanIn,
    ReportPlanOut,
    SavedReportIn,
    SavedReportOut,
    SavedReportPatch,
    report_plan_out,
    saved_report_out,
)
from webapp.schemas.ticket_in import IdPath
from webapp.services import report_plan as plans
from webapp.services import saved_report as saved

bp = staff_views("saved_reports_api", __name__)


@bp.get("/reports/saved")
@access("report:read")
@answers(data=list[SavedReportOut], next_cursor=str | None)
def list_saved(query: PageQuery) -> Any:
    """One's own reports, and those for everybody, by name."""
    with read_only():
        rows = [row for row, _owner in saved.list_saved()]
        page, cursor = cut(rows, query, lambda row: (row.name, str(row.id)), str, str)
        return page_out(page, cursor, saved_report_out)


@bp.post("/reports/saved")
@access("report:read")
@answers(201, report=SavedReportOut, may=(409,))
def create_saved(body: SavedReportIn) -> Any:
    """Keeps a screen under a name."""
    with transaction():
        return created({"report": saved_report_out(saved.save_report(body.form()))})


@bp.get("/reports/saved/<id>")
@access("report:read")
@answers(report=SavedReportOut)
def read_saved(path: IdPath) -> Any:
    """A report: which screen, of which time, filtered by what."""
    with read_only():
        return {"report": saved_report_out(saved.saved_for(path.id))}


@bp.patch("/reports/saved/<id>")
@access("report:read")
@matching(read_saved)
@answers(report=SavedReportOut, may=(409,))
def update_saved(path: IdPath, body: SavedReportPatch) -> Any:
    """Sets what is named; its author's, and who manages the settings, to change."""
    with transaction():
        found = saved.saved_for(path.id)
        if body.names_it():
            saved.update_saved(path.id, body.edit(found))
        if body.shows():
            saved.update_shown(path.id, body.shown(found))
        return {"report": saved_report_out(found)}


@bp.delete("/reports/saved/<id>")
@access("report:read")
@answers(204)
def delete_saved(path: IdPath) -> Any:
    """Deletes it with its plan."""
    with transaction():
        saved.delete_saved(path.id)
    return nothing()


# --- when it is mailed ----------------------------------------------------------------------------


@bp.get("/reports/saved/<id>/plan")
@access("report:read")
@answers(plan=ReportPlanOut | None)
def read_plan(path: IdPath) -> Any:
    """When a report is mailed to whom; null where it is not mailed."""
    with read_only():
        return {"plan": _plan(saved.saved_for(path.id))}


def _plan(report: SavedReport) -> dict[str, Any] | None:
    plan = plans.plan_of(report)
    return report_plan_out(plan, plans.recipients_of(plan), plans.next_due(report)) if plan else None


@bp.put("/reports/saved/<id>/plan")
@access("report:read")
@matching(read_plan, besides=frozenset({"next_at", "problem"}))
@answers(plan=ReportPlanOut)
def put_plan(path: IdPath, body: ReportPlanIn) -> Any:
    """Sets when it is mailed to whom: oneself, or with `settings:manage` whoever may read reports."""
    with transaction():
        plans.save_plan(path.id, body)
        return {"plan": _plan(saved.saved_for(path.id))}


@bp.delete("/reports/saved/<id>/plan")
@access("report:read")
@answers(204)
def delete_plan(path: IdPath) -> Any:
    """Mails it no more."""
    with transaction():
        plans.remove_plan(path.id)
    return nothing()
