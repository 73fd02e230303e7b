"""Who comes through REST: staff by their session cookie, customers by their visitor token."""

import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from flask import Response, g, request

from webapp.auth import Actor, acting_as, current_actor, require, session_cookie_name
from webapp.config import settings
from webapp.database import read_only
from webapp.errors import Forbidden, Invalid, NotFound, TooLarge, UnsupportedMediaType
from webapp.services.chat import actor_for_visitor
from webapp.services.session import actor_for_token
from webapp.tenancy import use_workspace

UPLOAD_OVERHEAD_BYTES = 64 * 1024


def access(rule: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Names a view's rule: a permission, or `public`, `visitor`, `staff`. A test looks for it."""

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        view.access = rule  # type: ignore[attr-defined]
        return view

    return mark


def enter_staff() -> None:
    """Before each request of staff: who they are, their workspace, their right to this view."""
    _check_body()
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("Requests from other sites are not taken", code="cross_site")
    token = request.cookies.get(session_cookie_name(settings().is_secure))
    with read_only():  # no lock may outlast this: the body is yet to be read, however slowly it comes
        actor = actor_for_token(token, door="api")
    _enter(actor)
    rule = _rule()
    if rule != "staff":
        require(current_actor(), rule)


def enter_visitor() -> None:
    """Before each request of a customer's browser; `public` views do without a token."""
    if request.method == "OPTIONS":
        return  # a preflight carries no token; what it may ask for is in the view's CORS headers
    _check_body()
    if _rule() == "public" and not request.headers.get("Authorization"):
        return
    with read_only():
        actor = actor_for_visitor(bearer_token(), door="api")
    _enter(replace(actor, address=request.remote_addr))  # limits and blocks go by where they are now


def bearer_token() -> str | None:
    """The token of the Authorization header, if it is a bearer's."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _rule() -> str:
    from flask import current_app

    view = current_app.view_functions[request.endpoint or ""]
    return str(getattr(view, "access", "nobody"))


def _enter(actor: Actor) -> None:
    g.doors = doors = ExitStack()
    doors.enter_context(use_workspace(actor.workspace_id))
    doors.enter_context(acting_as(actor))


def leave(_error: BaseException | None) -> None:
    """After each request: out of the workspace again."""
    doors = g.pop("doors", None)
    if doors is not None:
        doors.close()


def _check_body() -> None:
    if request.method not in ("POST", "PUT", "PATCH"):
        return
    if request.endpoint and request.endpoint.endswith("attachments"):
        request.max_content_length = settings().attachment_bytes + UPLOAD_OVERHEAD_BYTES
        request.max_form_memory_size = UPLOAD_OVERHEAD_BYTES
        if (request.content_length or 0) > request.max_content_length:
            raise TooLarge(f"Files may have at most {settings().attachment_bytes // 1024 // 1024} MB")
        if request.mimetype != "multipart/form-data":
            raise UnsupportedMediaType("Send multipart/form-data")
        return
    if (request.content_length or 0) > (request.max_content_length or 0):
        raise TooLarge("The body is larger than 256 KB")
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send application/json")
    if not isinstance(_json(), dict):
        raise Invalid(
            "The body is not a JSON object",
            detail=[{"loc": ["body"], "msg": "Not a JSON object", "type": "json"}],
        )


def _json() -> Any:
    try:
        return request.get_json(silent=True)
    except RecursionError:  # nested deeper than anybody means
        return None


def uploaded() -> tuple[str, bytes, uuid.UUID | None]:
    """The one file of a multipart body: its name, bytes and `client_id`. Raises `Invalid`."""
    file = request.files.get("file")
    if file is None:
        raise Invalid.field("file", "Choose a file")
    given = request.form.get("client_id")
    try:
        client_id = uuid.UUID(given) if given else None
    except ValueError:
        raise Invalid.field("client_id", "This is not a UUID") from None
    return file.filename or "", file.stream.read(), client_id


def created(body: Any) -> tuple[Any, int]:
    """A body with 201."""
    return body, 201


def nothing() -> Response:
    """204."""
    return Response(status=204)


__all__ = [
    "NotFound",
    "access",
    "bearer_token",
    "created",
    "enter_staff",
    "enter_visitor",
    "leave",
    "nothing",
    "uploaded",
]
