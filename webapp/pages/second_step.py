"""The second step of signing in: a code of the app, or a recovery code."""

from typing import Any

from flask import Blueprint, Response, redirect
from flask import session as form_session

from webapp.database import transaction
from webapp.errors import AppError, Invalid, Unauthenticated
from webapp.pages import auth, steps
from webapp.pages.auth import public
from webapp.pages.forms import form_page, handled, read_form
from webapp.schemas.safety import CodeForm
from webapp.services import audit

bp = Blueprint("second_step", __name__)


@bp.get("/sign-in/code")
@public
def show() -> Any:
    """Asks for the code of whoever has just given their password in this browser."""
    try:
        steps.held()
    except Unauthenticated:
        return _back()
    return form_page("signin_code.html")


@bp.post("/sign-in/code")
@public
def submit() -> Response:
    """Checks the code and starts the session."""
    try:
        held = steps.held()
    except Unauthenticated:
        return _back()

    def act() -> Response:
        code = read_form(CodeForm).code
        steps.count_code(held.known.user_id)
        try:
            return steps.finish(held, code)
        except Invalid:
            _note(held)
            raise

    def again(error: AppError) -> Response:
        return form_page("signin_code.html", error)

    try:
        return handled(act, again)
    except Unauthenticated:  # the account was changed meanwhile
        return _back()


def _note(held: steps.Held) -> None:
    with transaction():
        user_id = held.known.user_id
        audit.note_refusal("code", user_id=user_id, address=auth.address(), browser=steps.browser_name())


def _back() -> Response:
    form_session.pop("held", None)
    return redirect("/sign-in")  # type: ignore[return-value]
