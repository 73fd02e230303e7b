"""The answers of the API, held against what their views declare."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, request, request_finished
from pydantic import ValidationError

from webapp.api.answers import Operation
from webapp.schemas.error import ErrorOut


@contextmanager
def held(app: Flask) -> Iterator[list[str]]:
    """Until it is left, each answer that breaks its declaration comes into the list."""
    broken: list[str] = []

    def hold(_app: Flask, response: Any, **_: Any) -> None:
        view = app.view_functions.get(request.endpoint or "")
        operation = getattr(view, "operation", None)
        if operation is not None and operation.answers and (wrong := _fault(operation, response)):
            broken.append(f"{request.method} {request.path}: {wrong}")

    with request_finished.connected_to(hold, app):
        yield broken


def _fault(operation: Operation, response: Any) -> str:
    status = response.status_code
    if status >= 400:
        return _misfit(ErrorOut, response) if status != 500 else ""
    found = [answer for answer in operation.answers if answer.status == status]
    if not found:
        return f"{status} is not declared"
    if found[0].model is not None:
        return _misfit(found[0].model, response)
    kinds = [answer.file for answer in found]
    return "" if (response.mimetype in kinds if any(kinds) else not response.data) else "another kind of body"


def _misfit(model: Any, response: Any) -> str:
    try:
        model.model_validate_json(response.data)
    except ValidationError as error:
        return str([(one["loc"], one["msg"]) for one in error.errors()][:5])
    return ""
