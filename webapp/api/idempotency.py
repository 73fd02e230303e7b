"""POST with an Idempotency-Key: done once, answered alike however often it is sent."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

from flask import Response, current_app, make_response, request

from webapp.auth import current_actor
from webapp.database import before_commit, joinable, transaction
from webapp.errors import Invalid
from webapp.services import idempotency
from webapp.signing import unseal

KEY = re.compile(r"[\x21-\x7e]{1,255}")


def once(view: Callable[[], Any]) -> Any:
    """The view's answer, or the one that the same request got before, marked `Idempotency-Replayed`.

    The answer is kept in the transaction of the work: either both are there afterwards or neither. What was
    refused changed nothing and is not kept. Uploads are told apart by their `client_id`.
    """
    key = request.headers.get("Idempotency-Key")
    if request.method != "POST" or key is None or request.mimetype == "multipart/form-data":
        return view()
    if not KEY.fullmatch(key):
        raise Invalid.field(
            "Idempotency-Key", "Send 1 to 255 letters, digits or signs without spaces", where="header"
        )
    actor = current_actor()
    scope = _hash(str(actor.id), str(actor.key_id or ""), request.path, key)
    with transaction() as session, joinable(session):
        if kept := idempotency.claim(scope, _hash(request.get_data(as_text=True)), session=session):
            return _again(kept.status or 200, unseal(kept.body))
        given = view()
        answers: list[Response] = []
        before_commit(
            session, lambda: answers.append(_kept(scope, given, session))
        )  # its numbers are given then
    return answers[0]


def _kept(scope: str, given: Any, session: Any) -> Response:
    answer: Response = make_response(given)
    if answer.status_code < 300:
        idempotency.keep(scope, answer.status_code, answer.get_data(as_text=True), session=session)
    return answer


def _again(status: int, body: str) -> Response:
    answer: Response = current_app.response_class(body, status, mimetype="application/json")
    answer.headers["Idempotency-Replayed"] = "true"
    return answer


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
