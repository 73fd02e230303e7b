"""What policies do to tickets: open ones recalculated, past ones replayed under a draft."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template

from webapp.database import read_only, transaction
from webapp.errors import AppError, NotFound
from webapp.pages.auth import staff_page
from webapp.pages.forms import form_page, handled
from webapp.schemas.export import job_out
from webapp.services import job as jobs
from webapp.services.sla import recalculation, replay
from webapp.services.sla.words import METRIC_NAMES

bp = Blueprint("policy_reviews", __name__, url_prefix="/settings/policies")

HERE = "/settings/policies/recalculate"


@bp.get("/recalculate")
@staff_page("settings:manage")
def show() -> Any:
    """What would move, and how far a recalculation is."""
    return _page()


def _page(error: AppError | None = None) -> Response:
    with read_only():
        found = recalculation.preview()
        under_way = [job_out(job) for job in jobs.list_own_jobs(recalculation.TYPE, limit=1)]
    job = under_way[0] if under_way else None
    return form_page("policies/recalculate.html", error, preview=found, job=job, metrics=METRIC_NAMES)


@bp.post("/recalculate")
@staff_page("settings:manage")
def apply() -> Response:
    """Moves them, in the background."""

    def act() -> Response:
        with transaction():
            recalculation.request_recalculation()
        flash("Open tickets are being recalculated. You can leave this page.")
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, _page)


@bp.get("/replays/<uuid:job_id>")
@staff_page("settings:manage")
def show_replay(job_id: uuid.UUID) -> Any:
    """How far a replay is, and then what came of it."""
    with read_only():
        found = jobs.get_job(job_id)
        if found.type != replay.TYPE:
            raise NotFound("There is no such replay")
        job, asked = job_out(found), found.params
        result = found.result
    return render_template(
        "policies/replay.html",
        job=job,
        asked=asked,
        result=result,
        metrics=METRIC_NAMES,
        sides=_sides(result["metrics"]) if result else [],
    )


@bp.post("/replays/<uuid:job_id>/apply")
@staff_page("settings:manage")
def apply_replay(job_id: uuid.UUID) -> Response:
    """Saves the draft, and goes on to which open tickets it would move."""

    def act() -> Response:
        with transaction():
            replay.apply_draft(job_id)
        flash("Saved. New tickets go by it from now on; below is what would change for open ones.")
        return redirect(HERE)  # type: ignore[return-value]

    def again(error: AppError) -> Response:
        flash(error.message)
        return redirect(f"/settings/policies/replays/{job_id}")  # type: ignore[return-value]

    return handled(act, again)


def _sides(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each metric: how many promises were kept, before and after."""
    return [
        {
            "name": METRIC_NAMES[metric],
            "before": {**sides["before"], "share": _share(sides["before"])},
            "after": {**sides["after"], "share": _share(sides["after"])},
        }
        for metric, sides in metrics.items()
    ]


def _share(counts: dict[str, int]) -> str:
    total = counts["met"] + counts["breached"]
    return f"{100 * counts['met'] / total:.1f} %" if total else "\N{EN DASH}"
