"""Signing in with the workspace's OpenID provider: off to it, and back."""

from typing import Any

from flask import Blueprint, Response, redirect, request
from flask import session as form_session

from webapp.database import read_only, transaction
from webapp.errors import Invalid, NotFound, RateLimited, Unauthenticated
from webapp.pages import auth
from webapp.pages.auth import public, safe_next
from webapp.pages.signin import sign_in_page
from webapp.pages.steps import browser_name, go_on
from webapp.ratelimit import limiter
from webapp.services import audit
from webapp.services.safety import oidc
from webapp.services.safety.rules import OIDC
from webapp.tenancy import use_workspace

bp = Blueprint("oidc", __name__, url_prefix="/sign-in/oidc")

PER_ADDRESS = "30/5 minutes"
MOST_CHARS = 4000


@bp.get("")
@public
def leave() -> Any:
    """Sends the browser to the provider of the workspace that the link names, or of the only one."""
    target = safe_next(request.args.get("next"))
    try:
        limiter().hit("oidc:address", auth.address(), PER_ADDRESS)
        url, box = oidc.begin(_provider(request.args.get("workspace")), target)
    except (Invalid, RateLimited) as error:
        return sign_in_page(target, error)
    form_session["oidc"] = box
    return redirect(url)


def _provider(slug: str | None) -> oidc.Provider:
    with read_only():
        offer = oidc.find_offer(slug or None)
    if offer is None:
        raise NotFound("This workspace has no sign-in service")
    with use_workspace(offer.workspace_id), read_only():
        return oidc.find_provider()


@bp.get("/callback")
@public
def come_back() -> Any:
    """Where the provider sends the browser: its word is checked, and is the first step of signing in."""
    box = form_session.pop("oidc", None)
    try:
        limiter().hit("oidc:address", auth.address(), PER_ADDRESS)
        return _come_back(box, _answer())
    except (Invalid, RateLimited) as error:
        return sign_in_page("/agent", error)
    except (NotFound, Unauthenticated):
        return sign_in_page("/agent", Invalid(oidc.UNCONFIRMED))


def _answer() -> dict[str, str]:
    given = request.args.to_dict()
    if sum(len(value) for value in given.values()) > MOST_CHARS:
        raise Invalid(oidc.UNCONFIRMED)
    return given


def _note(word: oidc.Word) -> None:
    """A refusal for the audit log, if it is about somebody here."""
    with transaction():
        user_id = oidc.whose(word)
        if user_id is not None:
            said = {"address": auth.address(), "browser": browser_name()}
            audit.note_refusal("provider", user_id=user_id, **said)


def _come_back(box: str | None, answer: dict[str, str]) -> Response:
    trip = oidc.open_box(box, answer)
    with use_workspace(trip.workspace_id):
        with read_only():
            provider = oidc.find_provider()
        word = oidc.redeem(provider, trip, answer)
        try:
            with transaction():
                known = oidc.find_account(word)
        except Invalid:
            _note(word)
            raise
    return go_on(known, OIDC, trip.next)
