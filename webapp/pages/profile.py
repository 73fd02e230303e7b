"""One's own details, password and signed-in devices."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash, redirect, request

from webapp.auth import current_actor, verify_password
from webapp.database import read_only, transaction
from webapp.errors import AppError, Invalid
from webapp.models.user import AVAILABILITIES
from webapp.pages.auth import staff_page
from webapp.pages.forms import form_page, handled, read_form
from webapp.ratelimit import limiter
from webapp.schemas.user import FOR_A_REASON, PasswordForm, ProfileForm, session_out, user_out
from webapp.services import session as sessions
from webapp.services import user as users
from webapp.services.availability import list_reasons

bp = Blueprint("profile", __name__, url_prefix="/profile")

HERE = "/profile"
PASSWORDS = "10/15 minutes"


@bp.get("")
@staff_page()
def show() -> Any:
    """Everything on one page."""
    return _page()


def _page(error: AppError | None = None, *, form: str = "", typed: dict[str, Any] | None = None) -> Response:
    actor = current_actor()
    with read_only():
        user = users.current_user()
        person = {**user_out(user), "has_second_factor": user.has_second_factor}
        choices = _availabilities(person["reason"])
        devices = [session_out(row, current=actor.session_id) for row in sessions.list_sessions(actor.id)]  # type: ignore[arg-type]
    values = typed or {
        "name": person["name"],
        "availability": FOR_A_REASON + person["reason"] if person["reason"] else person["availability"],
        "enter_sends": person["settings"].get("enter_sends", True),
        "shortcuts": person["settings"].get("shortcuts", True),
    }
    return form_page(
        "profile.html",
        error,
        person=person,
        devices=devices,
        values=values,
        failed_form=form,
        availabilities=choices,
    )


def _availabilities(current: str | None) -> list[tuple[str, str]]:
    """What can be chosen, (value, label): the four, then the reasons with what they count as."""
    reasons = {reason.name: f"{reason.name} ({reason.counts_as})" for reason in list_reasons()}
    if current is not None:
        reasons.setdefault(current, current)
    return [
        *((state, state.capitalize()) for state in AVAILABILITIES),
        *((FOR_A_REASON + name, label) for name, label in reasons.items()),
    ]


@bp.post("")
@staff_page("profile:update")
def update() -> Response:
    """Name, availability and preferences."""

    def act() -> Response:
        form = read_form(ProfileForm)
        preferences = {"enter_sends": form.enter_sends, "shortcuts": form.shortcuts}
        with transaction():
            users.update_profile(name=form.name, settings=preferences, **form.presence())
        flash("Saved")
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, lambda error: _page(error, form="details", typed=request.form.to_dict()))


@bp.post("/password")
@staff_page("profile:update")
def change_password() -> Response:
    """A new password for the one who knows the old one; other devices are signed out."""
    return handled(_change_password, lambda error: _page(error, form="password"))


def _change_password() -> Response:
    actor = current_actor()
    form = read_form(PasswordForm)
    limiter().hit("password:account", str(actor.id), PASSWORDS)
    with read_only():
        known = users.current_user().password_hash
    if not verify_password(known, form.current):
        raise Invalid.field("current", "This is not your current password")
    password_hash = users.new_password_hash(form.password)
    with transaction():
        users.set_password(actor.id, password_hash, keep_session=actor.session_id)  # type: ignore[arg-type]
    flash("Your password was changed; other devices were signed out.")
    return redirect(HERE)  # type: ignore[return-value]


@bp.post("/devices/<uuid:session_id>/sign-out")
@staff_page()
def sign_out_device(session_id: uuid.UUID) -> Any:
    """Ends one session."""
    with transaction():
        sessions.revoke(session_id, user_id=current_actor().id, reason="signed_out")  # type: ignore[arg-type]
    flash("That device was signed out.")
    return redirect(HERE)


@bp.post("/devices/sign-out")
@staff_page()
def sign_out_others() -> Any:
    """Ends every session but this one."""
    actor = current_actor()
    with transaction():
        sessions.revoke_all(actor.id, keep=actor.session_id, reason="signed_out")  # type: ignore[arg-type]
    flash("All other devices were signed out.")
    return redirect(HERE)
