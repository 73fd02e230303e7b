"""One's own second factor: set up by a code of the app, turned off by password and code; recovery codes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import segno
from flask import Blueprint, Response, flash, redirect, request

from webapp.auth import current_actor, verify_password
from webapp.database import read_only, transaction
from webapp.errors import AppError, Conflict, Invalid, NotFound
from webapp.models import User
from webapp.pages.auth import safe_next, staff_page
from webapp.pages.forms import form_page, handled, read_form
from webapp.pages.steps import count_code
from webapp.schemas.safety import CodeForm, DisableForm, SetUpForm
from webapp.services import audit
from webapp.services import user as users
from webapp.services.safety import rules, second_factor

bp = Blueprint("second_factor", __name__, url_prefix="/profile/second-factor")

HERE = "/profile/second-factor"


@bp.get("")
@staff_page(unfinished=True)
def show() -> Any:
    """What to scan for somebody who has none yet, else what can be done with theirs."""
    with read_only():
        has_one = users.current_user().has_second_factor
    return _manage() if has_one else _set_up(second_factor.begin(), request.args.get("next"))


def _set_up(begun: second_factor.Begun, target: str | None, error: AppError | None = None) -> Response:
    with read_only():
        is_required = rules.is_required(current_actor().role)
    picture = segno.make(begun.uri, error="m").svg_data_uri(scale=4, light="white")
    return form_page(
        "safety/set_up.html",
        error,
        begun=begun,
        picture=picture,
        is_required=is_required,
        next=safe_next(target, "/profile"),
    )


@bp.post("")
@staff_page(unfinished=True)
def enable() -> Response:
    """Turns it on for whoever shows a code of it, and shows the recovery codes."""

    def act() -> Response:
        form = read_form(SetUpForm)
        count_code(current_actor().id)
        with transaction():
            codes = second_factor.enable(form.box, form.code)
        return _codes(codes, safe_next(form.next, "/profile"))

    return handled(act, _set_up_again)


def _set_up_again(error: AppError) -> Response:
    with read_only():
        if users.current_user().has_second_factor:
            return _manage(error)
    try:
        begun = second_factor.resume(request.form.get("box", ""))
    except Conflict as too_old:
        begun, error = second_factor.begin(), too_old
    return _set_up(begun, request.form.get("next"), error)


def _codes(codes: list[str], target: str) -> Response:
    return form_page("safety/codes.html", codes=codes, next=target)


def _with_one() -> User:
    user = users.current_user()
    if not user.has_second_factor:
        raise NotFound("You have no second factor")
    return user


def _manage(error: AppError | None = None) -> Response:
    with read_only():
        user = _with_one()
        return form_page(
            "safety/manage.html",
            error,
            left=second_factor.codes_left(user.id),
            since=user.second_factor_at,
            is_required=rules.is_required(user.role),
        )


@contextmanager
def _noted(reason: str) -> Iterator[None]:
    """What does not fit is noted in the audit log: it may be somebody else at an open browser."""
    try:
        yield
    except Invalid:
        with transaction():
            me, said = users.current_user(), {"reason": [None, reason]}
            audit.note_access("user.second_factor_refused", me.id, subject=me.name, changes=said, once=False)
        raise


@bp.post("/codes")
@staff_page()
def renew_codes() -> Response:
    """New recovery codes for a code of the app."""

    def act() -> Response:
        code = read_form(CodeForm).code
        count_code(current_actor().id)
        with _noted("code"), transaction():
            codes = second_factor.renew_codes(code)
        return _codes(codes, "/profile")

    return handled(act, _manage)


@bp.get("/disable")
@staff_page()
def show_disable() -> Any:
    """Asks for the password and a code."""
    return _ask()


def _ask(error: AppError | None = None) -> Response:
    with read_only():
        has_password = _with_one().password_hash is not None
    return form_page("safety/disable.html", error, has_password=has_password)


@bp.post("/disable")
@staff_page()
def disable() -> Response:
    """Turns it off, for the password and a code."""
    return handled(_disable, _ask)


def _disable() -> Response:
    form = read_form(DisableForm)
    count_code(current_actor().id)
    with read_only():
        known = _with_one().password_hash
    # Who signs in with their provider alone has no password to give.
    with _noted("password"):
        if known is not None and not verify_password(known, form.password):
            raise Invalid.field("password", "This is not your password")
    with _noted("code"), transaction():
        second_factor.disable(form.code)
    flash("Your second factor is off.")
    return redirect("/profile")  # type: ignore[return-value]
