"""The workspace as a whole: its name, and what holds where nothing nearer says otherwise."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash, redirect, request

from webapp.database import read_only, transaction
from webapp.errors import AppError, Invalid
from webapp.pages.auth import staff_page
from webapp.pages.forms import check_unchanged, form_page, handled, read_form
from webapp.schemas.mail import MailSection
from webapp.schemas.text import time_zones
from webapp.schemas.workspace import WorkspaceForm, WorkspaceSection
from webapp.services import calendar as calendars
from webapp.services.edit import About, version_of
from webapp.services.email import catalogue
from webapp.services.setting import read_section, save_section
from webapp.services.workspace import get_workspace, rename_workspace

bp = Blueprint("workspace", __name__, url_prefix="/settings/workspace")

HERE = "/settings/workspace"


@bp.get("")
@staff_page("settings:manage")
def show() -> Any:
    """The settings, as they are."""
    return _page()


def _page(error: AppError | None = None, typed: dict[str, Any] | None = None) -> Response:
    with read_only():
        saved = _saved()
        offered = [(str(row.id), row.name) for row in calendars.list_calendars()]
        slug = get_workspace().slug
    return form_page(
        "workspace.html",
        error,
        values={**saved, **(typed or {})},
        version=version_of(saved),
        slug=slug,
        calendars=offered,
        zones=[(zone, zone.replace("_", " ")) for zone in time_zones()],
        languages=list(catalogue.LANGUAGES.items()),
    )


def _saved() -> dict[str, Any]:
    chosen = calendars.default_calendar()
    return {
        **read_section(WorkspaceSection).model_dump(),
        "name": get_workspace().name,
        "language": read_section(MailSection).language,
        "calendar_id": str(chosen.id) if chosen else "",
    }


@bp.post("")
@staff_page("settings:manage")
def save() -> Response:
    """Stores the settings; all of them, or none."""

    def act() -> Response:
        form = read_form(WorkspaceForm)
        with transaction():
            check_unchanged(_saved, About("workspace"))
            _save(form)
        flash("Saved")
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, lambda error: _page(error, request.form.to_dict()))


def _save(form: WorkspaceForm) -> None:
    rename_workspace(form.name)
    kept = {name: getattr(form, name) for name in WorkspaceSection.model_fields}
    save_section(WorkspaceSection(**kept))
    save_section(read_section(MailSection).model_copy(update={"language": form.language}))
    if form.calendar_id:
        calendars.update_calendar(_offered(form.calendar_id), is_default=True)


def _offered(calendar_id: str) -> uuid.UUID:
    """The id of one of the workspace's calendars. Raises `Invalid`."""
    known = {str(row.id): row.id for row in calendars.list_calendars()}
    if calendar_id not in known:
        raise Invalid.field("calendar_id", "Choose a calendar of the list")
    return known[calendar_id]
