"""Forms of pages: read into a schema, and given back filled with a message at each field at fault.

A field's name is its place: `hours.mon.0.opens` is the same as `loc` `["body", "hours", "mon", 0, "opens"]`.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, make_response, render_template, request
from pydantic import BaseModel, ValidationError

from webapp.errors import AppError, Conflict, Invalid, RateLimited, from_pydantic

Schema = TypeVar("Schema", bound=BaseModel)
OURS = ("csrf_token", "version", "add", "remove")
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
    response = make_response(render_template(template, errors=errors, failed=error, **context))
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
