"""Saved reports: the list, one's own name and plan for each, and the way off a mailing list."""

import uuid
from collections.abc import Callable
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, Response, flash, redirect, render_template

from webapp.auth import current_actor
from webapp.database import read_only, transaction
from webapp.errors import AppError, NotFound
from webapp.models import SavedReport
from webapp.pages.auth import public, staff_page
from webapp.pages.forms import check_unchanged, form_page, form_values, handled, read_form
from webapp.schemas.report import Scope
from webapp.schemas.saved_report import ReportPlanForm, SavedReportEdit, SavedReportForm, ShownForm
from webapp.services import report_plan as plans
from webapp.services import saved_report as saved
from webapp.services.edit import About, version_of
from webapp.services.report import zone_name
from webapp.services.report_mail import TITLES
from webapp.signing import open_report_token
from webapp.tenancy import use_workspace

bp = Blueprint("saved_reports", __name__)

HERE = "/admin/reports/saved"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
RHYTHMS = {"day": "Every day", "week": "Every week", "month": "On the first of each month"}


@bp.get(HERE)
@staff_page("report:read")
def show() -> Response:
    """One's own reports, and those for everybody."""
    return _list()


def _list(error: AppError | None = None) -> Response:
    actor = current_actor()
    with read_only():
        by_report = plans.plans_by_report()
        landing = saved.landing()
        rows = [
            {
                "report": report,
                "owner": owner,
                "is_own": report.owner_id == actor.id,
                "may_change": saved.may_change(report, actor),
                "gone": saved.gone_filters(report),
                "plan": said_plan(by_report[report.id]) if report.id in by_report else "",
                "problem": by_report[report.id].error if report.id in by_report else None,
                "is_landing": landing is not None and landing.id == report.id,
            }
            for report, owner in saved.list_saved()
        ]
    return form_page(
        "reports/saved.html", error, rows=rows, titles=TITLES, typed=form_values() if error else {}
    )


def said_plan(plan: Any) -> str:
    """When it is mailed, in words."""
    when = f"Every {DAYS[plan.weekday]}" if plan.every == "week" else RHYTHMS[plan.every]
    return f"{when}, {plan.hour:02}:00 ({plan.zone})"


@bp.post(HERE)
@staff_page("report:read")
def create() -> Response:
    """Keeps what a screen shows under a name."""

    def act() -> Response:
        form = read_form(SavedReportForm)
        with transaction():
            address = saved.address_of(saved.save_report(form))
        flash("Saved")
        return redirect(address)  # type: ignore[return-value]

    return handled(act, _list)


@bp.get(f"{HERE}/<uuid:report_id>")
@staff_page("report:read")
def open_report(report_id: uuid.UUID) -> Any:
    """Leads to its screen."""
    with read_only():
        return redirect(saved.address_of(saved.saved_for(report_id)))


@bp.post(f"{HERE}/<uuid:report_id>/shown")
@staff_page("report:read")
def update_shown(report_id: uuid.UUID) -> Response:
    """Lets it show what its reader sees now."""

    def act() -> Response:
        form = read_form(ShownForm)
        with transaction():
            address = saved.address_of(saved.update_shown(report_id, form))
        flash("It shows this from now on.")
        return redirect(address)  # type: ignore[return-value]

    return handled(act, _list)


@bp.get(f"{HERE}/<uuid:report_id>/edit")
@staff_page("report:read")
def edit(report_id: uuid.UUID) -> Response:
    """Its name, who sees it, when it is mailed to whom, and what became of that."""
    return _edit(report_id)


def _values(report: SavedReport) -> dict[str, Any]:
    plan = plans.plan_of(report)
    values: dict[str, Any] = {"name": report.name, "is_shared": report.is_shared}
    if plan is not None:
        chosen = sorted(str(row.user_id) for row in plans.recipients_of(plan))
        when = {"every": plan.every, "weekday": plan.weekday, "hour": plan.hour, "zone": plan.zone}
        values["plan"] = {**when, "recipients": chosen}
    return values


def _edit(report_id: uuid.UUID, error: AppError | None = None, at: str = "") -> Response:
    """`at`: which of the two forms was sent and is at fault."""
    actor = current_actor()
    with read_only():
        report = saved.saved_for(report_id)
        values, plan, landing = _values(report), plans.plan_of(report), saved.landing()
        new = {
            "every": "week",
            "weekday": 0,
            "hour": 8,
            "zone": zone_name(Scope()),
            "recipients": [str(actor.id)],
        }
        planned = values.get("plan") or new
        context = {
            "report": report,
            "address": saved.address_of(report),
            "may_change": saved.may_change(report, actor),
            "gone": saved.gone_filters(report),
            "people": [(str(user.id), user.name, user.email) for user in plans.colleagues()],
            "has_plan": plan is not None,
            "plan": {**planned, **(_typed_plan() if at == "plan" else {})},
            "problem": plan.error if plan else None,
            "outcomes": plans.outcomes(plan) if plan else [],
            "mailed_at": plan.due_at if plan else None,
            "next_at": plans.next_due(report) if plan else None,
            "is_landing": landing is not None and landing.id == report.id,
        }
    return form_page(
        "reports/saved_edit.html",
        error,
        at=at,
        values={**values, **(_typed() if at == "name" else {})},
        version=version_of(values),
        titles=TITLES,
        days=list(enumerate(DAYS)),
        rhythms=list(RHYTHMS.items()),
        hours=[(hour, f"{hour:02}:00") for hour in range(24)],
        zones=[(name, name.replace("_", " ")) for name in sorted(available_timezones())],
        **context,
    )


def _typed() -> dict[str, Any]:
    typed = form_values()
    return {"name": typed.get("name", ""), "is_shared": "is_shared" in typed}


def _typed_plan() -> dict[str, Any]:
    typed = form_values()
    chosen = typed.get("recipients")
    return {**typed, "recipients": list(chosen) if isinstance(chosen, dict) else []}


def _change(report_id: uuid.UUID, change: Callable[[], Any], at: str, text: str) -> Response:
    """Saves one of the forms of a report's page, unless somebody else did meanwhile."""

    def act() -> Response:
        with transaction():
            check_unchanged(lambda: _values(saved.saved_for(report_id)), About("saved_report", report_id))
            change()
        flash(text)
        return redirect(f"{HERE}/{report_id}/edit")  # type: ignore[return-value]

    return handled(act, lambda error: _edit(report_id, error, at))


@bp.post(f"{HERE}/<uuid:report_id>")
@staff_page("report:read")
def update(report_id: uuid.UUID) -> Response:
    """Renames it, or shares it."""
    return _change(
        report_id, lambda: saved.update_saved(report_id, read_form(SavedReportEdit)), "name", "Saved"
    )


@bp.post(f"{HERE}/<uuid:report_id>/plan")
@staff_page("report:read")
def save_plan(report_id: uuid.UUID) -> Response:
    """Sets when it is mailed to whom."""
    return _change(
        report_id, lambda: plans.save_plan(report_id, read_form(ReportPlanForm)), "plan", "It is planned."
    )


@bp.post(f"{HERE}/<uuid:report_id>/plan/remove")
@staff_page("report:read")
def remove_plan(report_id: uuid.UUID) -> Response:
    """Mails it no more."""
    return _change(report_id, lambda: plans.remove_plan(report_id), "", "It is mailed no more.")


@bp.post(f"{HERE}/<uuid:report_id>/delete")
@staff_page("report:read")
def delete(report_id: uuid.UUID) -> Response:
    """Deletes it with its plan."""
    with transaction():
        saved.delete_saved(report_id)
    flash("Deleted")
    return redirect(HERE)  # type: ignore[return-value]


@bp.post(f"{HERE}/<uuid:report_id>/landing")
@staff_page("report:read")
def toggle_landing(report_id: uuid.UUID) -> Response:
    """Lets one's reports begin with it, or as usual again."""
    with transaction():
        current = saved.landing()
        is_on = current is None or current.id != report_id
        saved.set_landing(report_id if is_on else None)
    flash("Your reports begin with it." if is_on else "Your reports begin as usual.")
    return redirect(HERE)  # type: ignore[return-value]


# --- off a list, without signing in ---------------------------------------------------------------


def _claim(token: str) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    found = open_report_token(token)
    if found is None:
        raise NotFound("There is no such list")
    return found


@bp.get("/reports/unsubscribe/<token>")
@public
def ask_unsubscribe(token: str) -> Any:
    """Asks first: programs that look at links must take nobody off a list."""
    workspace_id, plan_id, user_id = _claim(token)
    with use_workspace(workspace_id), read_only():
        row, name = plans.find_subscription(plan_id, user_id)
        return render_template("reports/unsubscribe.html", name=name, is_off=row.unsubscribed_at is not None)


@bp.post("/reports/unsubscribe/<token>")
@public
def unsubscribe(token: str) -> Any:
    """Takes one person off; mail programs may do so with one click (RFC 8058)."""
    workspace_id, plan_id, user_id = _claim(token)
    with use_workspace(workspace_id), transaction():
        name = plans.unsubscribe(plan_id, user_id)
    return render_template("reports/unsubscribe.html", name=name, is_off=True)
