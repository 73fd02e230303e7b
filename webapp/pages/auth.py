"""Who may open a page. Every view says so in its `access` attribute, which a test lists.

`access`: "public", "staff" (anybody signed in), a permission such as "inbox:manage", "visitor" or "token".
"""

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

import sqlalchemy as sa
from flask import Response, g, redirect, request

from webapp.auth import Actor, acting_as, require, session_cookie_name
from webapp.config import settings
from webapp.database import read_only, transaction
from webapp.errors import Unauthenticated
from webapp.extensions import db
from webapp.models import Workspace
from webapp.services import session as sessions
from webapp.tenancy import use_workspace

View = Callable[..., Any]
SET_UP = "/profile/second-factor"


def public(view: View) -> View:
    """A page for everybody."""
    view.access = "public"  # type: ignore[attr-defined]
    return view


def staff_page(access: str = "staff", *, unfinished: bool = False) -> Callable[[View], View]:
    """A page for signed-in staff, and only for roles with that permission if one is named.

    `unfinished`: also for those who have to set up a second factor before anything else.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            try:
                actor = current_staff(unfinished=unfinished)
            except Unauthenticated:
                return to_sign_in()
            except sessions.MustSetUp:
                return redirect(f"{SET_UP}{_and_back()}")
            if access != "staff":
                require(actor, access)
            with use_workspace(actor.workspace_id), acting_as(actor):
                return view(*args, **kwargs)

        guarded.access = access  # type: ignore[attr-defined]
        return guarded

    return decorate


def current_staff(*, unfinished: bool = False) -> Actor:
    """Who is signed in with this request's cookie. Raises `Unauthenticated`, or `MustSetUp` unless
    `unfinished` will do.
    """
    with read_only():
        found = sessions.live_session(request.cookies.get(cookie_name()), unfinished=unfinished)
        actor = replace(sessions.actor_of(found, door="page"), address=address())
        stale = sessions.wants_touch(found)
        g.csrf_for_rest = found.csrf_token
        g.workspace_name = db.session.scalar(
            sa.select(Workspace.name).where(Workspace.id == actor.workspace_id)
        )
    if stale:
        with transaction():
            sessions.touch(actor.session_id, address=address())  # type: ignore[arg-type]
    return actor


def cookie_name() -> str:
    """The name of the session's cookie."""
    return session_cookie_name(settings().is_secure)


def address() -> str:
    """Where the request comes from; X-Forwarded-For counts only behind the configured proxies."""
    return request.remote_addr or ""


def to_sign_in() -> Response:
    """Off to the sign-in page, and back here afterwards."""
    return redirect(f"/sign-in{_and_back()}")  # type: ignore[return-value]


def _and_back() -> str:
    here = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return f"?next={quote(here, safe='/')}" if here != "/" else ""


def safe_next(target: str | None, default: str = "/agent") -> str:
    """`target` if it is a plain path of this site, else the default: no way out to another one."""
    if not target or not target.startswith("/") or target[1:2] in ("/", "\\"):
        return default
    if "\\" in target or any(ord(char) < 33 or ord(char) == 127 for char in target):
        return default
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or parts.path.startswith("//"):
        return default
    return target


def set_session_cookie(response: Response, token: str) -> None:
    """Puts a session's token into the browser."""
    secure = settings().is_secure
    response.set_cookie(
        cookie_name(),
        token,
        max_age=settings().session_days * 86400,
        path="/",
        secure=secure,
        httponly=True,
        samesite="Lax",
    )


def clear_session_cookie(response: Response) -> None:
    """Takes it out again."""
    response.delete_cookie(
        cookie_name(), path="/", secure=settings().is_secure, httponly=True, samesite="Lax"
    )
