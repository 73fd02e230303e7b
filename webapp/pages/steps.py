"""From a proven first step (a password, a provider's word) to a session, by a code where one is asked for.

What was proven is held in the browser's own sealed cookie for ten minutes and opens nothing but that page.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Response, redirect, request
from flask import session as form_session

from webapp import clock
from webapp.auth import hash_token, same
from webapp.browser import describe_client
from webapp.database import read_only, transaction
from webapp.errors import Unauthenticated
from webapp.pages import auth
from webapp.pages.auth import safe_next
from webapp.ratelimit import limiter
from webapp.services import session as sessions
from webapp.services.safety import rules, second_factor
from webapp.signing import seal, unseal
from webapp.tenancy import use_workspace

HELD_MINUTES = 10
CODES_PER_ACCOUNT = ("5/15 minutes", "50/day")
CODES_PER_ADDRESS = "30/5 minutes"


@dataclass(frozen=True)
class Held:
    """Somebody who has taken the first step, by `method`, and where they want to go."""

    known: sessions.Credentials
    method: str
    next: str


def go_on(known: sessions.Credentials, method: str, target: str) -> Response:
    """After the first step: a session, or off to the code. Raises `Unauthenticated` if it opens nothing."""
    try:
        with use_workspace(known.workspace_id), transaction():
            token = sessions.sign_in(known, method=method, browser=browser_name(), address=auth.address())
    except sessions.NeedsCode:
        _hold(known, method, target)
        return redirect("/sign-in/code")  # type: ignore[return-value]
    return _arrive(token, target)


def finish(held: Held, code: str) -> Response:
    """After the second step: the session. Raises `Invalid` for a code that does not fit."""
    known = held.known
    with use_workspace(known.workspace_id), transaction():
        rules.check_open(held.method)
        method = second_factor.accept(known.user_id, code)
        token = sessions.sign_in(known, method=method, browser=browser_name(), address=auth.address())
    return _arrive(token, held.next)


def count_code(user_id: Any) -> None:
    """Counts one try of a code against the account and the address. Raises `RateLimited`."""
    limiter().hit("code:address", auth.address(), CODES_PER_ADDRESS)
    for limit in CODES_PER_ACCOUNT:
        limiter().hit(f"code:account:{limit}", str(user_id), limit)


def _arrive(token: str, target: str) -> Response:
    response = redirect(safe_next(target))
    start_session(response, token)  # type: ignore[arg-type]
    return response  # type: ignore[return-value]


def _hold(known: sessions.Credentials, method: str, target: str) -> None:
    until = clock.now() + timedelta(minutes=HELD_MINUTES)
    claim = {
        "user": str(known.user_id),
        "password": _mark(known),
        "method": method,
        "next": safe_next(target),
        "until": until.timestamp(),
    }
    form_session.clear()
    form_session["held"] = seal(json.dumps(claim))


def held() -> Held:
    """Who has taken the first step in this browser. Raises `Unauthenticated` if nobody, or too long ago."""
    try:
        claim = json.loads(unseal(form_session["held"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Unauthenticated("Please sign in") from None
    with read_only():
        known = sessions.credentials_of(uuid.UUID(claim["user"]))
    is_late = claim["until"] <= clock.now().timestamp()
    if known is None or is_late or not same(claim["password"], _mark(known)):
        raise Unauthenticated("Please sign in again")
    return Held(known, claim["method"], claim["next"])


def _mark(known: sessions.Credentials) -> str:
    """Another one after each change of the password."""
    return hash_token(known.password_hash or "")


def start_session(response: Response, token: str) -> None:
    """The new session's cookie; the one of the forms begins anew, so that nothing planted before lives on."""
    form_session.clear()
    auth.set_session_cookie(response, token)


def browser_name() -> str:
    """The browser, for the list of devices."""
    found = describe_client(request.headers.get("User-Agent", ""))
    return " on ".join(part for part in (found["browser"], found["os"]) if part)
