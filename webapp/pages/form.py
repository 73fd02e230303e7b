"""The public page of a web form, by itself or in a frame of the sites that may show it."""

import json
import uuid
from contextlib import ExitStack
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request

from webapp.colour import readable_on
from webapp.config import ROOT, settings
from webapp.database import read_only, transaction
from webapp.errors import AppError, Forbidden, Invalid, NotFound, RateLimited, TooLarge
from webapp.middleware import content_security_policy
from webapp.models import Inbox
from webapp.pages.auth import address, public
from webapp.pages.chat import direction, pick_locale
from webapp.services import form
from webapp.services.attachment import stored_file
from webapp.services.ticket.comment import MAX_CHARS
from webapp.tenancy import use_workspace
from webapp.validators import has_unstorable

bp = Blueprint("form_pages", __name__)

OVERHEAD_BYTES = 128 * 1024
TRAP = "website"
"""A field that no person sees; whoever fills it in is a program."""


@bp.before_request
def _make_room() -> None:
    """Files come with the form."""
    request.max_content_length = settings().attachment_bytes + OVERHEAD_BYTES
    request.max_form_memory_size = OVERHEAD_BYTES


@bp.get("/form/<key>")
@public
def show(key: str) -> Response:
    """The empty form."""
    return _page(key)


@bp.post("/form/<key>")
@public
def send(key: str) -> Response:
    """Takes a message; what cannot be taken comes back as it was typed."""
    try:
        given = _given()
        inbox = _inbox(key)
        if request.form.get(TRAP):
            return _thanks(inbox, None)
        number = _take(inbox, given)
    except (RateLimited, Forbidden, TooLarge, Invalid, NotFound) as error:
        return _again(key, error)
    return _thanks(inbox, number)


def _again(key: str, error: AppError) -> Response:
    texts = strings(pick_locale())
    said: AppError = error
    if isinstance(error, RateLimited | Forbidden):
        said = AppError(texts["slow" if isinstance(error, RateLimited) else "refused"])
    elif isinstance(error, TooLarge):
        said = Invalid.field("files", error.message)
    return _page(key, said, status=error.status, retry_after=error.retry_after_seconds)


def _inbox(key: str) -> Inbox:
    with read_only() as session:
        found = form.form_by_key(key)
        session.expunge(found)
        return found


def _take(inbox: Inbox, given: form.Submission) -> int:
    with use_workspace(inbox.workspace_id), ExitStack() as stack:
        form.check_submission(inbox, given)  # before any file is looked at
        form.count_submission(address(), given.email)
        files = [stack.enter_context(held) for held in _files(inbox)]
        with transaction():
            made = form.submit(inbox, given, files=files, place=address(), locale=pick_locale())
            return made.number


def _files(inbox: Inbox) -> list[Any]:
    """The files, each to be checked and stored where it is entered."""
    sent = [file for file in request.files.getlist("files") if file.filename]
    if not form.form_settings(inbox)["files"]:
        return []
    if len(sent) > form.MOST_FILES:
        raise Invalid.field("files", f"At most {form.MOST_FILES} files")
    return [stored_file(file.filename or "", file.stream.read()) for file in sent]


def _given() -> form.Submission:
    typed = {name: request.form.get(name, "") for name in ("name", "email", "subject", "message")}
    answers: dict[str, Any] = {
        name.removeprefix("answers."): value
        for name, value in request.form.items()
        if name.startswith("answers.")
    }
    for text in (*typed.values(), *answers.values()):
        if has_unstorable(text):
            raise Invalid("The text holds characters that cannot be stored")
    boxes = {name: value == "1" if value in ("0", "1") else value for name, value in answers.items()}
    try:
        client_id = uuid.UUID(request.form.get("client_id", ""))
    except ValueError:
        client_id = None
    return form.Submission(**typed, answers=boxes, consent="consent" in request.form, client_id=client_id)


# --- pages ----------------------------------------------------------------------------------------


def _page(
    key: str, error: AppError | None = None, *, status: int = 200, retry_after: int | None = None
) -> Response:
    locale = pick_locale()
    texts = strings(locale)
    try:
        inbox = _inbox(key)
    except NotFound:
        page = render_template("form/closed.html", texts=texts, locale=locale, dir=direction(locale))
        return make_response(page, 404)
    page = render_template(
        "form/page.html",
        **_context(inbox, locale, texts),
        errors=_errors(error, texts),
        typed=request.form,
        client_id=request.form.get("client_id") or uuid.uuid4(),
        files_lost=error is not None and any(file.filename for file in request.files.getlist("files")),
    )
    response = make_response(page, status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return _framed(response, inbox)


def _thanks(inbox: Inbox, number: int | None) -> Response:
    locale = pick_locale()
    page = render_template(
        "form/thanks.html", **_context(inbox, locale, strings(locale)), number=number, key=inbox.key
    )
    return _framed(make_response(page), inbox)


def _context(inbox: Inbox, locale: str, texts: dict[str, str]) -> dict[str, Any]:
    return {
        "inbox": inbox,
        "asked": form.form_settings(inbox),
        "on_colour": readable_on(inbox.colour),
        "texts": texts,
        "locale": locale,
        "dir": direction(locale),
        "most_chars": MAX_CHARS // 2,
        "most_files": form.MOST_FILES,
        "most_mb": settings().attachment_bytes // 1024 // 1024,
    }


def _errors(error: AppError | None, texts: dict[str, str]) -> dict[str, str]:
    """What is wrong by field, in the reader's language where we have it; under "" what is said above all."""
    if error is None:
        return {}
    found = {
        ".".join(map(str, item["loc"][1:])): texts.get(item["msg"], item["msg"]) for item in error.detail
    }
    return {"files" if name == "file" else name: msg for name, msg in found.items()} | {
        "": texts["check"] if found else error.message
    }


def _framed(response: Response, inbox: Inbox) -> Response:
    ancestors = " ".join(["'self'", *inbox.allowed_sites])
    response.headers["Content-Security-Policy"] = content_security_policy(frame_ancestors=ancestors)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    return response


@lru_cache(maxsize=8)
def strings(locale: str) -> dict[str, str]:
    """A language's texts of the form over the English ones."""
    folder = ROOT / "static" / "i18n-form"
    english: dict[str, str] = json.loads((folder / "en.json").read_text())
    return {**english, **json.loads((folder / f"{locale}.json").read_text())}
