"""The doors of REST: who comes in, and how a view is written.

Staff come with their browser's session or, as programs, with a key.

    bp = staff_views("tags", __name__)

    @bp.post("/tags")
    @access("tag:edit")
    @answers(201, tag=TagOut, may=(409,))
    def create_tag(body: TagIn) -> Any:
        # Makes a tag.  (the docstring: its first line is the summary, the rest the description)
        with transaction():
            return created({"tag": tag_out(tags.create_tag(body.name))})

`staff_views` or `visitor_views`: the module's docstring describes them in the document at
/api/v1/openapi.json, which is made of just this. `access`: a permission, or staff, visitor, public.
`path`, `query`, `body`: strict models, checked before. `answers(204)`: no body. `answers(200, SomeOut)`:
the whole body. `answers(200, data=list[TagOut], next_cursor=str | None)`: an object of these.
`answers(file="text/csv")`: a file. Twice for a view with two answers. `may`: refusals beyond the usual.
`@takes_file`: the body is one file, see `uploaded`. Out-models are strict and stand beside their
serializer; every answer in the tests is held against them.
"""

import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from flask import Response, current_app, g, request

from webapp.api.answers import answers, operation_of, takes_file, takes_import
from webapp.api.binding import Views
from webapp.auth import Actor, acting_as, current_actor, require, session_cookie_name
from webapp.config import settings
from webapp.database import read_only, transaction
from webapp.errors import Forbidden, Invalid, TooLarge, UnsupportedMediaType
from webapp.extensions import bearer_token
from webapp.ratelimit import Window, limiter
from webapp.services import api_key
from webapp.services.chat import actor_for_visitor
from webapp.services.session import actor_for_token
from webapp.tenancy import use_workspace

UPLOAD_OVERHEAD_BYTES = 64 * 1024
LIMITED = "api:key"


def access(rule: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Names a view's rule: a permission, or `public`, `visitor`, `staff`. A test looks for it."""

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        view.access = rule  # type: ignore[attr-defined]
        return view

    return mark


def staff_views(name: str, import_name: str, url_prefix: str = "/api/v1") -> Views:
    """A blueprint whose views are for staff and their programs."""
    return _views(name, import_name, url_prefix, enter_staff)


def visitor_views(name: str, import_name: str, url_prefix: str) -> Views:
    """A blueprint whose views are for customers' browsers."""
    return _views(name, import_name, url_prefix, enter_visitor)


def public_views(name: str, import_name: str, url_prefix: str) -> Views:
    """A blueprint whose views ask nobody who they are."""
    return Views(name, import_name, url_prefix=url_prefix)


def _views(name: str, import_name: str, url_prefix: str, enter: Callable[[], None]) -> Views:
    made = Views(name, import_name, url_prefix=url_prefix)
    made.before_request(enter)
    made.after_request(_tell_limit)
    made.teardown_request(leave)
    return made


def enter_staff() -> None:
    """Before each request of staff: who they are, their workspace, their right to this view."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("Requests from other sites are not taken", code="cross_site")
    key = bearer_token()
    actor = _of_session() if key is None else _of_key(key)  # a bad key never falls back to the cookie
    _check_body()
    _enter(replace(actor, address=request.remote_addr))
    rule = _rule()
    if rule != "staff":
        require(current_actor(), rule)


def _of_session() -> Actor:
    token = request.cookies.get(session_cookie_name(settings().is_secure))
    with read_only():  # no lock may outlast this: the body is yet to be read, however slowly it comes
        return actor_for_token(token, door="api")


def _of_key(token: str) -> Actor:
    with read_only():
        found = api_key.find_by_token(token)
        actor, stale = api_key.actor_of(found, door="api"), api_key.wants_note(found)
    key_id = actor.key_id
    assert key_id is not None
    _count_request(str(key_id))
    if stale:
        with transaction():
            api_key.note_use(key_id)
    return replace(actor, browser=request.user_agent.string[:200])


def _count_request(key_id: str) -> None:
    limit = settings().api_limit
    try:
        limiter().hit(LIMITED, key_id, limit, message="This key asks too often; please wait")
    finally:
        g.window = limiter().window(LIMITED, key_id, limit)


def _tell_limit(response: Response) -> Response:
    """How many requests the key has left, on every answer it gets."""
    window: Window | None = g.get("window")
    if window is not None:
        response.headers["RateLimit-Limit"] = str(window.limit)
        response.headers["RateLimit-Remaining"] = str(window.remaining)
        response.headers["RateLimit-Reset"] = str(window.reset_seconds)
    return response


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


def _view() -> Any:
    return current_app.view_functions[request.endpoint or ""]


def _rule() -> str:
    return str(getattr(_view(), "access", "nobody"))


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
    if operation_of(_view()).takes_file:
        most = getattr(settings(), operation_of(_view()).file_limit)
        request.max_content_length = most + UPLOAD_OVERHEAD_BYTES
        request.max_form_memory_size = UPLOAD_OVERHEAD_BYTES
        if (request.content_length or 0) > request.max_content_length:
            raise TooLarge(f"Files may have at most {most // 1024 // 1024} MB")
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
    "access",
    "answers",
    "bearer_token",
    "created",
    "enter_staff",
    "enter_visitor",
    "leave",
    "nothing",
    "public_views",
    "staff_views",
    "takes_file",
    "takes_import",
    "uploaded",
    "visitor_views",
]
