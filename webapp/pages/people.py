"""Who works here: admins invite, give roles and take access away."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, redirect, request

from webapp.auth import ROLES, current_actor
from webapp.database import read_only, transaction
from webapp.errors import AppError
from webapp.pages.auth import staff_page
from webapp.pages.forms import form_page, handled, read_form
from webapp.schemas.user import InviteForm, RoleForm, member_out
from webapp.services import user as users

bp = Blueprint("people", __name__, url_prefix="/settings/people")

HERE = "/settings/people"


@bp.get("")
@staff_page("user:manage")
def show() -> Any:
    """The list, and the form for one more."""
    return _page()


def _page(error: AppError | None = None, typed: dict[str, Any] | None = None) -> Response:
    with read_only():
        people = [member_out(user) for user in users.list_users()]
    own_id = str(current_actor().id)
    return form_page("people.html", error, people=people, roles=ROLES, values=typed or {}, own_id=own_id)


@bp.post("")
@staff_page("user:manage")
def invite() -> Response:
    """Adds somebody, who is mailed a link to set a password."""

    def act() -> Response:
        form = read_form(InviteForm)
        with transaction():
            made = users.create_user(form.email, form.name, form.role)
            said = f"{made.name} was invited: {made.email} gets a link that works for 7 days."
        flash(said)
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, lambda error: _page(error, request.form.to_dict()))


@bp.post("/<uuid:user_id>/invite")
@staff_page("user:manage")
def invite_again(user_id: uuid.UUID) -> Response:
    """Mails a new link; the old one stops working."""
    return _change(lambda: users.invite(user_id), "A new invitation is on its way.")


@bp.post("/<uuid:user_id>/role")
@staff_page("user:manage")
def set_role(user_id: uuid.UUID) -> Response:
    """Gives somebody another role; they sign in again."""
    return _change(lambda: users.set_role(user_id, read_form(RoleForm).role), "The role was changed.")


@bp.post("/<uuid:user_id>/deactivate")
@staff_page("user:manage")
def deactivate(user_id: uuid.UUID) -> Response:
    """Takes access away, at once."""
    return _change(lambda: users.deactivate_user(user_id), "Access was taken away; open pages are closed.")


@bp.post("/<uuid:user_id>/activate")
@staff_page("user:manage")
def activate(user_id: uuid.UUID) -> Response:
    """Gives access back."""
    return _change(lambda: users.activate_user(user_id), "This person has access again.")


def _change(change: Callable[[], Any], said: str) -> Response:
    def act() -> Response:
        with transaction():
            change()
        flash(said)
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, _page)
