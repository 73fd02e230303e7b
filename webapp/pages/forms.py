"""Forms of pages: read into a schema, and given back filled with a message at each field at fault.

A field's name is its place: `hours.mon.0.opens` is the same as `loc` `["body", "hours", "mon", 0, "opens"]`.
How a form is guarded, versioned and confirmed is said at the top of templates/layouts/form.html.
"""

import unicodedata
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, make_response, render_template, request
from pydantic import BaseModel, ValidationError

from webapp.database import read_only
from webapp.errors import AppError, Conflict, Invalid, RateLimited, from_pydantic
from webapp.services.edit import About, Stale, check_version
from webapp.services.event import feed_position
from webapp.tenancy import current_workspace_id

Schema = TypeVar("Schema", bound=BaseModel)
OURS = ("csrf_token", "version", "seen", "confirm", "add", "remove")
MOST = 18  # digits of a place in the feed
DEEPEST = 4


def read_form(schema: type[Schema]) -> Schema:
    """The request's form as the schema. Raises `Invalid`."""
    data = {name: value for name, value in form_values().items() if name not in OURS}
    try:
        return schema.model_validate(data)
    except ValidationError as error:
        raise from_pydantic(error) from None


def form_values() -> dict[str, Any]:
    """The request's form as nested dicts and lists, as typed."""
    root: dict[str, Any] = {}
    for name, value in request.form.items():
        _put(root, name.split(".")[:DEEPEST], value)
    return {name: _with_lists(node) for name, node in root.items()}


def _put(root: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        root = root.setdefault(part, {})
        if not isinstance(root, dict):
            raise Invalid("The form could not be read")
    root[path[-1]] = value


def _with_lists(node: Any) -> Any:
    """Dicts whose keys are all numbers are lists, with their gaps closed."""
    if not isinstance(node, dict):
        return node
    if node and all(key.isdecimal() and len(key) < 6 for key in node):
        return [_with_lists(node[key]) for key in sorted(node, key=int)]
    return {key: _with_lists(value) for key, value in node.items()}


def field_errors(error: AppError) -> dict[str, str]:
    """What is wrong, by the field's name; under "" what is about the whole form."""
    found: dict[str, str] = {}
    for item in error.detail:
        found.setdefault(".".join(str(part) for part in item["loc"][1:]), item["msg"])
    if not error.detail or isinstance(error, Conflict | RateLimited):
        found.setdefault("", error.message)
    return found


def form_page(template: str, error: AppError | None = None, **context: Any) -> Response:
    """A page with a form: the first time, or back with what was typed and what is wrong with it."""
    errors = field_errors(error) if error else {}
    stale = error.edits if isinstance(error, Stale) else None
    ours = {"errors": errors, "failed": error, "stale": stale, "seen": _place()}
    response = make_response(render_template(template, **ours, **context))
    if error is not None:
        response.status_code = error.status
        if error.retry_after_seconds is not None:
            response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def handled(act: Callable[[], Response], again: Callable[[AppError], Response]) -> Response:
    """Does what a form asks for, or shows it again with what was wrong."""
    try:
        return act()
    except (Invalid, Conflict, RateLimited) as error:
        return again(error)


def _place() -> int | None:
    """The feed's place as of this page, so that a form that comes too late is told what came after."""
    if current_workspace_id() is None:
        return None
    with read_only():
        return feed_position()


# --- two people at one form, and what destroys ----------------------------------------------------


def check_unchanged(current: Callable[[], Any], about: About) -> None:
    """First thing in the transaction that saves a form: refuses it where somebody else saved meanwhile.

    `current` reads what the form edits, as it was when `version_of` of it was put into the form. A form
    without a version is not checked. Raises `services.edit.Stale`, which `handled` gives back as the form.
    """
    seen = request.form.get("seen", "")
    place = int(seen) if seen.isdecimal() and len(seen) <= MOST else None
    check_version(request.form.get("version"), current, about, seen=place)


def confirmed(name: str, act: Callable[[], Response], *, question: str, verb: str, back: str) -> Response:
    """Does what destroys once its `name` was typed; else asks for it on a page of its own.

    `question` says what will be lost, `verb` is the button, `back` the way out. Whatever else the form sent
    comes along.
    """
    typed = request.form.get("confirm")
    if typed is not None and plain(typed) == plain(name):
        return act()
    error = Invalid.field("confirm", f"Type “{name}”, or go back") if typed else None
    carried = [(key, value) for key, value in request.form.items(multi=True) if key not in OURS]
    context = {"name": name, "question": question, "verb": verb, "back": back, "carried": carried}
    return form_page("layouts/confirm.html", error, **context)


def plain(text: str) -> str:
    """A name as it is compared with a typed one: capitals and spacing don't count."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
