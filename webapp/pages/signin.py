"""Signing in and out."""

from typing import Any

from flask import Blueprint, Response, redirect, request
from flask import session as form_session

from webapp.auth import MAX_PASSWORD_CHARS, verify_password
from webapp.database import read_only, transaction
from webapp.errors import AppError, Invalid, Unauthenticated
from webapp.pages import auth
from webapp.pages.auth import public, safe_next
from webapp.pages.forms import form_page, handled, read_form
from webapp.pages.steps import browser_name, go_on
from webapp.ratelimit import limiter
from webapp.schemas.user import SignInForm
from webapp.services import audit
from webapp.services import session as sessions
from webapp.services import workspace as workspaces
from webapp.services.safety import oidc
from webapp.services.safety.rules import PASSWORD
from webapp.tenancy import use_workspace
from webapp.validators import fold_email

bp = Blueprint("sign_in", __name__)

PER_ADDRESS = "30/5 minutes"
PER_ACCOUNT = "10/15 minutes"
REFUSED = "This e-mail address and password do not belong together"


@bp.get("/")
@public
def front_door() -> Any:
    """To the queue, to the sign-in page, or to the first run."""
    with read_only():
        is_set_up = workspaces.any_workspace()
    return redirect("/agent" if is_set_up else "/setup")


@bp.get("/sign-in")
@public
def show() -> Any:
    """The form; whoever is signed in already goes on."""
    target = safe_next(request.args.get("next"))
    try:
        auth.current_staff(unfinished=True)
    except Unauthenticated:
        return sign_in_page(target)
    return redirect(target)


def sign_in_page(target: str, error: AppError | None = None) -> Response:
    """The form, and the way through the provider of the workspace in question, if it has one."""
    slug = request.values.get("workspace") or None
    with read_only():
        offer = oidc.find_offer(slug)
    values = {"email": request.form.get("email", ""), "next": target, "workspace": slug or ""}
    return form_page("signin.html", error, values=values, offer=offer)


@bp.post("/sign-in")
@public
def submit() -> Response:
    """Checks the password and starts a session. Who is unknown hears the same as who is wrong."""
    return handled(_sign_in, _again)


def _again(error: AppError) -> Response:
    return sign_in_page(safe_next(request.form.get("next")), error)


def _sign_in() -> Response:
    form = read_form(SignInForm)
    limiter().hit("sign-in:address", auth.address(), PER_ADDRESS)
    limiter().hit("sign-in:account", fold_email(form.email), PER_ACCOUNT)
    try:
        return go_on(_check(form), PASSWORD, form.next)
    except Unauthenticated:
        with transaction():
            audit.note_refusal("password", email=form.email, address=auth.address(), browser=browser_name())
        raise Invalid(REFUSED) from None


def _check(form: SignInForm) -> sessions.Credentials:
    with read_only():
        known = sessions.find_credentials(form.email)
    fits = verify_password(known.password_hash if known else None, form.password[:MAX_PASSWORD_CHARS])
    if known is None or not fits or len(form.password) > MAX_PASSWORD_CHARS:
        raise Unauthenticated(REFUSED)
    return known


@bp.post("/sign-out")
@public
def sign_out() -> Any:
    """Ends this browser's session, if it has one."""
    response = redirect("/sign-in")
    try:
        actor = auth.current_staff(unfinished=True)
    except Unauthenticated:
        pass
    else:
        with use_workspace(actor.workspace_id), transaction():
            sessions.revoke(actor.session_id, user_id=actor.id, reason="signed_out", actor=actor)  # type: ignore[arg-type]
    form_session.clear()
    auth.clear_session_cookie(response)  # type: ignore[arg-type]
    return response
