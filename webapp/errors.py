"""Everything a caller may be told went wrong: one shape over REST, socket and pages.

`{code, message, detail: [{loc, msg, type}]}`; a 409 adds `current`. The input is never echoed.
"""

import logging
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from webapp.database import AWAY

log = logging.getLogger(__name__)

Detail = dict[str, Any]


class AppError(Exception):
    """A refusal with an HTTP status and a code for machines; its text is for people."""

    status = 400
    code = "bad_request"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        detail: list[Detail] | None = None,
        current: Any = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.detail = detail or []
        self.current = current
        self.retry_after_seconds = retry_after_seconds

    def to_dict(self) -> dict[str, Any]:
        """The error as every door sends it."""
        body: dict[str, Any] = {"code": self.code, "message": self.message, "detail": self.detail}
        if self.current is not None:
            body["current"] = self.current
        return body


class Unauthenticated(AppError):
    status, code = 401, "unauthenticated"


class Forbidden(AppError):
    status, code = 403, "forbidden"


class NotFound(AppError):
    status, code = 404, "not_found"


class Conflict(AppError):
    status, code = 409, "conflict"


class PreconditionFailed(AppError):
    status, code = 412, "changed"


class TooLarge(AppError):
    status, code = 413, "too_large"


class UnsupportedMediaType(AppError):
    status, code = 415, "unsupported_media_type"


class Invalid(AppError):
    """Input that breaks a rule; `Invalid.field` names the one it is about."""

    status, code = 422, "invalid"

    @classmethod
    def field(cls, name: str, msg: str, *, where: str = "body", type_: str = "value_error") -> "Invalid":
        """An error about one field: `loc` is `[where, name]`."""
        return cls(
            "Please check the marked fields", detail=[{"loc": [where, name], "msg": msg, "type": type_}]
        )


class RateLimited(AppError):
    status, code = 429, "rate_limited"


class Unavailable(AppError):
    status, code = 503, "unavailable"


class NoSpace(AppError):
    status, code = 507, "no_space"


# --- the one shape, at every door -----------------------------------------------------------------


def from_pydantic(error: Any, *, where: str = "body") -> Invalid:
    """Pydantic's findings as `Invalid`: each names its field, none repeats the input.

    `where` the fields were: body, query, path or header.
    """
    detail = [
        {"loc": [where, *found["loc"]], "msg": _plain(found["msg"]), "type": found["type"]}
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return Invalid("Please check the marked fields", detail=detail)


def _plain(msg: str) -> str:
    return msg.removeprefix("Value error, ")


_HTTP_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}
_HTTP_MESSAGES = {
    400: "The request could not be read",
    404: "There is nothing here",
    405: "This address does not take that method",
    413: "That is too large",
    415: "That kind of body is not taken here",
}


def from_http(error: HTTPException) -> AppError:
    """Werkzeug's refusals in our shape, in our words."""
    status = error.code or 500
    found = AppError(
        _HTTP_MESSAGES.get(status, "The request was refused"), code=_HTTP_CODES.get(status, "bad_request")
    )
    found.status = status
    return found


INTERNAL = {
    "code": "internal",
    "message": "Something went wrong on our side; it has been noted",
    "detail": [],
}


def register_error_handlers(app: Flask) -> None:
    """Every failure of a request in the one shape; nothing of the inside shows."""
    app.register_error_handler(AppError, _answer)
    app.register_error_handler(CSRFError, _answer_csrf)
    app.register_error_handler(HTTPException, _answer_http)
    for away in AWAY:
        app.register_error_handler(away, _answer_busy)
    app.register_error_handler(sa.exc.IntegrityError, _ask_again)
    app.register_error_handler(Exception, _answer_unknown)


def _answer(error: AppError) -> Response:
    response = _body(error.to_dict(), error.status)
    if error.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, Unauthenticated):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _answer_csrf(_error: CSRFError) -> Response:
    return _answer(Forbidden("This page has been open too long; load it again and retry", code="csrf_failed"))


def _answer_http(error: HTTPException) -> Response:
    if error.response is not None or (error.code or 500) < 400:
        return error.get_response()  # type: ignore[return-value]
    answer = _answer(from_http(error))
    for name, value in error.get_headers():  # Allow, Retry-After
        if name.lower() != "content-type":
            answer.headers[name] = value
    return answer


def _answer_busy(error: Exception) -> Response:
    log.error("database unavailable: %s", type(getattr(error, "orig", None) or error).__name__)
    return _answer(Unavailable("The service is busy; please try again", retry_after_seconds=2))


def _ask_again(error: sa.exc.IntegrityError) -> Any:
    """Does a request once more whose row met one that somebody else was writing at the same moment.

    Nothing of the first time is left, and now it sees that row: it is told what it would have been told had
    it come a moment later, by the rule that knows the name, the address or the key in question.
    """
    if g.get("is_asked_again"):
        return _answer_unknown(error)
    g.is_asked_again = True
    for file in request.files.values():
        file.stream.seek(0)
    try:
        return current_app.dispatch_request()
    except Exception as refusal:  # noqa: BLE001 - answered as the first time
        return current_app.handle_user_exception(refusal)


def _answer_unknown(error: Exception) -> Response:
    log.error("request failed", exc_info=error)
    return _body(INTERNAL, 500)


def _body(body: dict[str, Any], status: int) -> Response:
    if wants_json():
        response = jsonify(body)
    else:
        response = make_response(render_template("errors/error.html", error=body, status=status))
    response.status_code = status
    return response


def wants_json() -> bool:
    """Whether the asker is a program: the API's paths, or JSON preferred over HTML."""
    if request.path.startswith(("/api/", "/socket.io", "/files/", "/hooks/")):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"
