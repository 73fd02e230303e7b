"""The first run: workspace, admin and first inbox on one page, which is gone afterwards."""

from typing import Any

from flask import Blueprint, Response, redirect, request

from webapp.auth import ADMIN, same
from webapp.config import is_loopback, settings
from webapp.database import read_only, transaction, uuid7
from webapp.errors import AppError, Invalid, NotFound
from webapp.middleware import host_name
from webapp.pages import auth
from webapp.pages.auth import public
from webapp.pages.forms import form_page, handled, read_form
from webapp.pages.steps import browser_name, start_session
from webapp.ratelimit import limiter
from webapp.schemas.text import time_zones
from webapp.schemas.workspace import SetupForm, WorkspaceSection
from webapp.services import inbox as inboxes
from webapp.services import session as sessions
from webapp.services import user as users
from webapp.services import workspace as workspaces
from webapp.services.setting import save_section
from webapp.tenancy import use_workspace

bp = Blueprint("setup", __name__)

PER_ADDRESS = "10/10 minutes"
_FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded")


@bp.get("/setup")
@public
def show() -> Any:
    """The form, as long as there is no workspace."""
    _refuse_if_set_up()
    return _page({})


@bp.post("/setup")
@public
def submit() -> Response:
    """Makes everything in one transaction and signs its admin in."""
    _refuse_if_set_up()
    typed = {name: value for name, value in request.form.items() if name not in ("password", "csrf_token")}

    return handled(_set_up, lambda error: _page(typed, error))


def _page(values: dict[str, str], error: AppError | None = None) -> Response:
    zones = [(zone, zone.replace("_", " ")) for zone in time_zones()]
    return form_page("setup.html", error, values=values, wants_code=not _is_local(), zones=zones)


def _set_up() -> Response:
    form = read_form(SetupForm)
    limiter().hit("setup", auth.address(), PER_ADDRESS)
    if not _is_local() and not same(form.code.strip(), workspaces.setup_code()):
        raise Invalid.field("code", "This is not the code that the server printed")
    password_hash = users.new_password_hash(form.password)
    with use_workspace(uuid7()) as workspace_id, transaction():
        workspaces.create_workspace(form.workspace, only_first=True)
        admin = users.create_user(form.email, form.name, ADMIN, password_hash=password_hash)
        save_section(WorkspaceSection(time_zone=form.time_zone))
        inboxes.create_inbox(form.inbox_name, allowed_sites=form.allowed_sites)
        known = sessions.Credentials(admin.id, workspace_id, password_hash)
        token = sessions.sign_in(known, browser=browser_name(), address=auth.address())
    workspaces.forget_setup_code()
    response = redirect("/settings/start")
    start_session(response, token)  # type: ignore[arg-type]
    return response  # type: ignore[return-value]


def _refuse_if_set_up() -> None:
    with read_only():
        if workspaces.any_workspace():
            raise NotFound("This installation has been set up")


def _is_local() -> bool:
    """Whether the browser runs on this machine, and no proxy brings strangers here under its address."""
    names = (settings().host, host_name(request.host), host_name(settings().base_url.partition("://")[2]))
    forwarded = any(header in request.headers for header in _FORWARDED)
    return is_loopback(auth.address()) and all(map(is_loopback, names)) and not forwarded
