"""Signing in and out."""

from typing import Any

from flask import Blueprint, Response, redirect, request
from flask import session as form_session

from webapp.auth import MAX_PASSWORD_CHARS, verify_password
from webapp.browser import describe_client
from webapp.database import read_only, transaction
from webapp.errors import AppError, Invalid, Unauthenticated
from webapp.pages import auth
from webapp.pages.auth import public, safe_next
from webapp.pages.forms import form_page, handled, read_form
from webapp.ratelimit import limiter
from webapp.schemas.user import SignInForm
from webapp.services import session as sessions
from webapp.services import workspace as workspaces
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
        auth.current_staff()
    except Unauthenticated:
        return form_page("signin.html", values={"next": target})
    return redirect(target)


@bp.post("/sign-in")
@public
def submit() -> Response:
    """Checks the password and starts a session. Who is unknown hears the same as who is wrong."""
    return handled(_sign_in, _again)


def _again(error: AppError) -> Response:
    typed = {"email": request.form.get("email", ""), "next": safe_next(request.form.get("next"))}
    return form_page("signin.html", error, values=typed)


def _sign_in() -> Response:
    form = read_form(SignInForm)
    limiter().hit("sign-in:address", auth.address(), PER_ADDRESS)
    limiter().hit("sign-in:account", fold_email(form.email), PER_ACCOUNT)
    known = _check(form)
    with use_workspace(known.workspace_id), transaction():
        try:
            token = sessions.sign_in(known, browser=browser_name(), address=auth.address())
        except Unauthenticated:
            raise _refused() from None
    response = redirect(safe_next(form.next))
    start_session(response, token)  # type: ignore[arg-type]
    return response  # type: ignore[return-value]


def _check(form: SignInForm) -> sessions.Credentials:
    with read_only():
        known = sessions.find_credentials(form.email)
    fits = verify_password(known.password_hash if known else None, form.password[:MAX_PASSWORD_CHARS])
    if known is None or not fits or len(form.password) > MAX_PASSWORD_CHARS:
        raise _refused()
    return known


def _refused() -> Invalid:
    return Invalid(REFUSED)


def start_session(response: Response, token: str) -> None:
    """The new session's cookie; the one of the forms begins anew, so that nothing planted before lives on."""
    form_session.clear()
    auth.set_session_cookie(response, token)


def browser_name() -> str:
    """The browser, for the list of devices."""
    found = describe_client(request.headers.get("User-Agent", ""))
    return " on ".join(part for part in (found["browser"], found["os"]) if part)


@bp.post("/sign-out")
@public
def sign_out() -> Any:
    """Ends this browser's session, if it has one."""
    response = redirect("/sign-in")
    try:
        actor = auth.current_staff()
    except Unauthenticated:
        pass
    else:
        with use_workspace(actor.workspace_id), transaction():
            sessions.revoke(actor.session_id, user_id=actor.id, reason="signed_out", actor=actor)  # type: ignore[arg-type]
    form_session.clear()
    auth.clear_session_cookie(response)  # type: ignore[arg-type]
    return response
