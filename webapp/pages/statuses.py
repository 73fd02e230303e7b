"""What statuses are called here, and the workspace's own inside the six."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, redirect, request

from webapp.database import read_only, transaction
from webapp.errors import AppError
from webapp.pages.auth import staff_page
from webapp.pages.forms import check_unchanged, form_page, handled, read_form
from webapp.schemas.ticket_status import CodeForm, StatusForm, StatusIn, status_out
from webapp.services import ticket_status as statuses
from webapp.services.edit import About, version_of

bp = Blueprint("status_pages", __name__, url_prefix="/settings/statuses")

HERE = "/settings/statuses"


@bp.get("")
@staff_page("settings:manage")
def show() -> Any:
    """The six with what lies inside each."""
    return _page()


def _page(error: AppError | None = None, at: str | None = None) -> Response:
    with read_only():
        listed = [{**row, "version": version_of(row)} for row in _rows().values()]
    groups = [
        {
            "code": row["code"],
            "label": row["label"],
            "version": row["version"],
            "own": [one for one in listed if one["code"] == row["code"] and one["id"]],
        }
        for row in listed
        if not row["id"]
    ]
    typed = request.form.to_dict() if error else {}
    names = statuses.LABELS
    return form_page("tickets/statuses.html", error, groups=groups, names=names, values=typed, at=at)


def _rows() -> dict[str, dict[str, Any]]:
    """Every status, by its code or its id."""
    rows = [status_out(status) for status in statuses.list_statuses()]
    return {row["id"] or row["code"]: row for row in rows}


def _check(key: str) -> None:
    check_unchanged(lambda: _rows().get(key), About("ticket_status"))


@bp.post("")
@staff_page("settings:manage")
def create() -> Response:
    """Makes a status inside a code."""

    def act() -> None:
        form = read_form(StatusIn)
        statuses.create_status(form.code, form.label, pending_on=form.pending_on)

    return _change(act, "The status is there.")


@bp.post("/<code>/name")
@staff_page("settings:manage")
def rename(code: str) -> Response:
    """Gives one of the six another name."""

    def act() -> None:
        label = read_form(CodeForm).label
        _check(code)
        statuses.rename_code(code, label)

    return _change(act, "Saved.", code)


@bp.post("/<uuid:status_id>")
@staff_page("settings:manage")
def update(status_id: uuid.UUID) -> Response:
    """Renames a status, or says whom it waits for."""

    def act() -> None:
        form = read_form(StatusForm)
        _check(str(status_id))
        statuses.update_status(status_id, label=form.label, pending_on=form.pending_on or None)

    return _change(act, "Saved.", str(status_id))


@bp.post("/<uuid:status_id>/retire")
@staff_page("settings:manage")
def retire(status_id: uuid.UUID) -> Response:
    """Nobody can choose it any more; tickets that have it keep it."""
    return _change(lambda: statuses.update_status(status_id, is_active=False), "It can no longer be chosen.")


@bp.post("/<uuid:status_id>/activate")
@staff_page("settings:manage")
def activate(status_id: uuid.UUID) -> Response:
    """It can be chosen again."""
    return _change(lambda: statuses.update_status(status_id, is_active=True), "It can be chosen again.")


def _change(change: Callable[[], Any], said: str, at: str | None = None) -> Response:
    def act() -> Response:
        with transaction():
            change()
        flash(said)
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, lambda error: _page(error, at))
