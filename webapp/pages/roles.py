"""Roles: what each allows, and the workspace's own."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request

from webapp.auth import ALWAYS, WORDS, current_actor
from webapp.database import read_only, transaction
from webapp.errors import AppError, NotFound
from webapp.pages.auth import staff_page
from webapp.pages.forms import check_unchanged, confirmed, form_page, form_values, handled, read_form
from webapp.schemas.role import GROUPS, ReplacementForm, RoleIn
from webapp.services import role as roles
from webapp.services.edit import About, version_of

bp = Blueprint("roles", __name__, url_prefix="/settings/roles")

HERE = "/settings/roles"


@bp.get("")
@staff_page("user:manage")
def show() -> Any:
    """Every role, and what each allows beside the others."""
    with read_only():
        found = roles.list_roles()
    return render_template("people/roles.html", roles=found, groups=GROUPS, words=WORDS, always=_always())


@bp.get("/new")
@staff_page("user:manage")
def new() -> Any:
    """A role that begins as another one is."""
    with read_only():
        found = roles.list_roles()
    start = next((role for role in found if role["key"] == request.args.get("like", "agent")), None)
    if start is None:
        raise NotFound("There is no such role")
    mine = current_actor().rights
    return _page(None, {"name": "", "permissions": start["permissions"] & mine}, like=start, all_roles=found)


@bp.post("/new")
@staff_page("user:manage")
def create() -> Response:
    """Makes a role."""

    def act() -> Response:
        given = read_form(RoleIn)
        with transaction():
            said = f"{roles.create_role(given).name} was made. Give it to people on their pages."
        flash(said)
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, lambda error: _page(None, _typed(), error))


@bp.get("/<uuid:role_id>")
@staff_page("user:manage")
def edit(role_id: uuid.UUID) -> Any:
    """One role of the workspace's own."""
    with read_only():
        found = _saved(role_id)
    return _page(role_id, found)


@bp.post("/<uuid:role_id>")
@staff_page("user:manage")
def save(role_id: uuid.UUID) -> Response:
    """Changes a role; whoever has it has the new rights at once."""

    def act() -> Response:
        with read_only():
            roles.role_for(role_id)
        given = read_form(RoleIn)
        with transaction():
            check_unchanged(lambda: _saved(role_id), About("role", role_id))
            roles.update_role(role_id, given)
        flash("Saved. It holds at once; open pages of people with this role begin again.")
        return redirect(f"{HERE}/{role_id}")  # type: ignore[return-value]

    return handled(act, lambda error: _page(role_id, _typed(), error))


@bp.post("/<uuid:role_id>/delete")
@staff_page("user:manage")
def delete(role_id: uuid.UUID) -> Response:
    """Takes a role away, and gives another to whoever had it."""
    with read_only():
        name = roles.role_for(role_id).name

    def act() -> Response:
        chosen = ReplacementForm(replacement=request.form.get("replacement", "")).replacement
        with transaction():
            moved = roles.delete_role(role_id, chosen)
        flash(f"{name} was taken away." + (f" {moved} had it." if moved else ""))
        return redirect(HERE)  # type: ignore[return-value]

    question = "Whoever has this role gets the other one and signs in again."
    back = f"{HERE}/{role_id}"
    sure = lambda: confirmed(name, act, question=question, verb="Take the role away", back=back)  # noqa: E731
    return handled(sure, lambda error: _page(role_id, None, error))


def _page(
    role_id: uuid.UUID | None,
    values: dict[str, Any] | None,
    error: AppError | None = None,
    *,
    like: dict[str, Any] | None = None,
    all_roles: list[dict[str, Any]] | None = None,
) -> Response:
    with read_only():
        found = all_roles or roles.list_roles()
        saved = _saved(role_id) if role_id else None
    return form_page(
        "people/role.html",
        error,
        role=next((role for role in found if role["id"] == str(role_id)), None),
        roles=found,
        like=like,
        values=values or saved,
        version=version_of(saved) if saved else None,
        groups=GROUPS,
        words=WORDS,
        always=_always(),
        mine=current_actor().rights,
    )


def _saved(role_id: uuid.UUID) -> dict[str, Any]:
    row = roles.role_for(role_id)
    return {"name": row.name, "permissions": sorted(row.permissions)}


def _typed() -> dict[str, Any]:
    ticked = form_values().get("permissions")
    return {
        "name": request.form.get("name", ""),
        "permissions": list(ticked) if isinstance(ticked, dict) else [],
    }


def _always() -> list[str]:
    return [words for name, words in WORDS.items() if name in ALWAYS]
