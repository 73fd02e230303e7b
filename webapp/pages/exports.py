"""Exports of tickets: ask for one, watch it, fetch it."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash, redirect, request, send_file

from webapp.auth import current_actor
from webapp.database import read_only, transaction
from webapp.errors import AppError, NotFound
from webapp.pages.auth import staff_page
from webapp.pages.forms import form_page, handled, read_form
from webapp.schemas.export import ExportForm, job_out
from webapp.services import export
from webapp.services import job as jobs
from webapp.services.export.request import FILES
from webapp.signing import export_url, open_export_claim

bp = Blueprint("exports", __name__)
HERE = "/settings/exports"


@bp.get("/settings/exports")
@staff_page("ticket:export")
def show() -> Any:
    """The form, and one's own exports."""
    return _page(typed=request.args.to_dict())


def _page(error: AppError | None = None, typed: dict[str, Any] | None = None) -> Response:
    workspace_id = current_actor().workspace_id
    with read_only():
        written = [job for type_ in FILES for job in jobs.list_own_jobs(type_)]
    own = [job_out(job) for job in sorted(written, key=lambda job: job.created_at, reverse=True)]
    for row in own:
        if row["result"] and workspace_id:
            name = row["result"]["file_name"]
            row["url"] = export_url(workspace_id, uuid.UUID(row["id"]), name)
    return form_page("exports.html", error, exports=own, values=typed or {})


@bp.post("/settings/exports")
@staff_page("ticket:export")
def create() -> Response:
    """Asks for an export."""

    def act() -> Response:
        spec = read_form(ExportForm).spec(current_actor().id)
        with transaction():
            export.request_export(spec)
        flash("The export is being written. You can leave this page.")
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, lambda error: _page(error, request.form.to_dict()))


@bp.get("/exports/<claim>/<name>")
@staff_page("ticket:export")
def download(claim: str, name: str) -> Response:  # noqa: ARG001 - the name is for people and the disk
    """An export's file, by its signed address, for staff of its workspace."""
    opened = open_export_claim(claim)
    if opened is None or opened[0] != current_actor().workspace_id:
        raise NotFound("There is no such export, or its address has expired")
    with transaction():
        path, file_name = export.take_export(opened[1])
    response = send_file(path, as_attachment=True, download_name=file_name, etag=False, max_age=0)
    response.headers["Cache-Control"] = "private, no-store"
    return response
