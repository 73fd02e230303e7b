"""Setting a password by a mailed link. Nothing here tells who has an account."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash, redirect, request
from flask import session as form_session

from webapp.database import read_only, transaction
from webapp.errors import AppError, NotFound
from webapp.pages import auth
from webapp.pages.auth import public
from webapp.pages.forms import form_page, handled, read_form
from webapp.pages.steps import go_on
from webapp.ratelimit import limiter
from webapp.schemas.user import NewPasswordForm, ResetForm
from webapp.services import account_token
from webapp.services import session as sessions
from webapp.services import user as users
from webapp.services.safety import rules
from webapp.services.safety.rules import PASSWORD
from webapp.services.workspace import get_workspace
from webapp.tenancy import use_workspace
from webapp.validators import fold_email, is_valid_email

bp = Blueprint("reset", __name__)

PER_ADDRESS = "5/30 minutes"
PER_MAIL = "5/hour"
LINKS_PER_ADDRESS = "60/10 minutes"


@bp.get("/reset")
@public
def show() -> Any:
    """Asks for the address."""
    return form_page("reset/ask.html", values={})


@bp.post("/reset")
@public
def ask() -> Response:
    """Queues one job, whether the address is known or not."""
    return handled(
        _ask,
        lambda error: form_page("reset/ask.html", error, values={"email": request.form.get("email", "")}),
    )


def _ask() -> Response:
    email = fold_email(read_form(ResetForm).email)
    if not is_valid_email(email):
        raise users.invalid_email()
    limiter().hit("reset:address", auth.address(), PER_ADDRESS)
    limiter().hit("reset:mail", email, PER_MAIL)
    with transaction():
        account_token.request_reset(email)
    return redirect("/reset/sent")  # type: ignore[return-value]


@bp.get("/reset/sent")
@public
def sent() -> Any:
    """Says what happens next, to everybody the same."""
    return form_page("reset/sent.html")


@bp.get("/reset/<token>")
@public
def choose(token: str) -> Any:
    """The form for the new password, if the link still works."""
    limiter().hit("reset:link", auth.address(), LINKS_PER_ADDRESS)
    with read_only():
        known = _known(token)
    if known is None:
        return form_page("reset/dead.html", NotFound("This link no longer works"))
    if known["closed"]:  # a password would open nothing: they sign in with their provider
        return redirect(f"/sign-in?workspace={known['closed']}")
    return form_page("reset/choose.html", known=known, token=token)


@bp.post("/reset/<token>")
@public
def set_password(token: str) -> Any:
    """Sets the password and ends every session of that person.

    Whoever was invited is in; after a reset they sign in, so that who reads the mail alone has no session.
    """
    limiter().hit("reset:link", auth.address(), LINKS_PER_ADDRESS)
    with read_only():
        known = _known(token)
    if known is None:
        return form_page("reset/dead.html", NotFound("This link no longer works"))

    def act() -> Response:
        password_hash = users.new_password_hash(read_form(NewPasswordForm).password)
        with use_workspace(known["workspace_id"]), transaction():
            owner_id = account_token.use_token(token, password_hash).id
        form_session.clear()
        if known["purpose"] == "invite":
            return _enter(owner_id)
        flash("Your password is set. Please sign in.")
        return redirect("/sign-in")  # type: ignore[return-value]

    def again(error: AppError) -> Response:
        return form_page("reset/choose.html", error, known=known, token=token)

    try:
        return handled(act, again)
    except NotFound as error:  # somebody was quicker
        return form_page("reset/dead.html", error)


def _enter(user_id: uuid.UUID) -> Response:
    with read_only():
        credentials = sessions.credentials_of(user_id)
    if credentials is None:  # deactivated in this very moment
        raise NotFound("This link no longer works")
    return go_on(credentials, PASSWORD, "/agent")


def _known(token: str) -> dict[str, Any] | None:
    found = account_token.find_token(token)
    if found is None:
        return None
    user = found.user
    with use_workspace(found.workspace_id):
        closed = None if rules.passwords_open() else get_workspace().slug
    return {
        "closed": closed,
        "workspace_id": found.workspace_id,
        "purpose": found.purpose,
        "name": user.name,
        "email": user.email,
    }
