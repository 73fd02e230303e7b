"""The customer's chat: a page of its own, and the frame of the widget; and the widget's loader."""

import hashlib
import json
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request

from webapp.assets import loader_source
from webapp.colour import readable_on
from webapp.compression import compressed
from webapp.config import ROOT, settings
from webapp.database import read_only
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.middleware import content_security_policy
from webapp.models import Inbox, Workspace
from webapp.pages.auth import public
from webapp.services import chat
from webapp.services.attachment import PER_COMMENT, TYPES
from webapp.services.ticket.comment import MAX_CHARS
from webapp.tenancy import use_workspace

bp = Blueprint("chat_pages", __name__)

LOCALES = ("en", "zh", "de", "ar")
RIGHT_TO_LEFT = {"ar"}
LOADER_CACHE = "public, max-age=300, stale-while-revalidate=86400"
LOADER_KEYS = "loader."


@bp.get("/chat/<key>")
@public
def chat_page(key: str) -> Response:
    """The chat of an inbox; framed only by the sites it allows."""
    locale = pick_locale()
    texts = strings(locale)
    with read_only():
        try:
            inbox = chat.inbox_by_key(key)
        except NotFound:
            page = render_template(
                "chat/unavailable.html", locale=locale, dir=direction(locale), strings=texts
            )
            return make_response(page, 404)
        with use_workspace(inbox.workspace_id):
            boot = _boot(inbox, locale, texts)
    page = render_template(
        "chat/page.html", boot=boot, locale=locale, dir=direction(locale), title=boot["inbox"]["name"]
    )
    response = make_response(page)
    ancestors = " ".join(["'self'", *inbox_sites(boot)])
    response.headers["Content-Security-Policy"] = content_security_policy(frame_ancestors=ancestors)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    return compressed(response)


def inbox_sites(boot: dict[str, Any]) -> list[str]:
    """The origins that may frame this chat."""
    return list(boot["origins"])


@bp.get("/w/<key>.js")
@public
def loader(key: str) -> Response:
    """The widget's loader with the inbox's public configuration inlined: one request a page view."""
    with read_only():
        try:
            config = _loader_config(chat.inbox_by_key(key))
            script = f"!function(PARLEY_CONFIG){{{loader_source()}}}({_inlined(config)});"
        except NotFound:
            script = ""  # a paused inbox is silence on the host's page, no error
    response = make_response(script)
    response.headers["Content-Type"] = "text/javascript; charset=utf-8"
    response.headers["Cache-Control"] = LOADER_CACHE
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.set_etag(hashlib.sha256(script.encode()).hexdigest()[:20])
    return compressed(response).make_conditional(request)


def _inlined(config: dict[str, Any]) -> str:
    text = json.dumps(config, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028")


def _loader_config(inbox: Inbox) -> dict[str, Any]:
    return {
        "base": settings().base_url,
        "key": inbox.key,
        "colour": inbox.colour,
        "on_colour": readable_on(inbox.colour),
        "texts": {locale: _loader_texts(locale) for locale in LOCALES},
    }


def _loader_texts(locale: str) -> dict[str, str]:
    texts = strings(locale).items()
    return {name.removeprefix(LOADER_KEYS): text for name, text in texts if name.startswith(LOADER_KEYS)}


def _boot(inbox: Inbox, locale: str, texts: dict[str, str]) -> dict[str, Any]:
    return {
        "inbox": {
            "key": inbox.key,
            "name": inbox.name,
            "workspace": _workspace_name(inbox),
            "greeting": inbox.greeting,
            "colour": inbox.colour,
            "on_colour": readable_on(inbox.colour),
            "prechat": inbox.prechat,
            "consent": inbox.consent,
            "identified_only": inbox.identified_only,
        },
        "availability": chat.availability(inbox),
        "locale": locale,
        "dir": direction(locale),
        "strings": texts,
        "limits": limits(),
        "origins": inbox.allowed_sites,
    }


def limits() -> dict[str, Any]:
    """How much and what may be sent."""
    return {
        "comment_chars": MAX_CHARS,
        "attachment_bytes": settings().attachment_bytes,
        "attachments_per_comment": PER_COMMENT,
        "attachment_types": sorted(TYPES),
    }


def _workspace_name(inbox: Inbox) -> str:
    workspace = db.session.get(Workspace, inbox.workspace_id)
    return workspace.name if workspace else ""


def pick_locale() -> str:
    """The language asked for (`?l=`, as the widget passes the host page's), else the browser's best."""
    asked = request.args.get("l", "").split("-")[0].lower()
    if asked in LOCALES:
        return asked
    return request.accept_languages.best_match(LOCALES) or "en"


def direction(locale: str) -> str:
    """`rtl` or `ltr`."""
    return "rtl" if locale in RIGHT_TO_LEFT else "ltr"


@lru_cache(maxsize=len(LOCALES))
def strings(locale: str) -> dict[str, str]:
    """A language's texts over the English ones."""
    folder = ROOT / "static" / "i18n"
    english: dict[str, str] = json.loads((folder / "en.json").read_text())
    return {**english, **json.loads((folder / f"{locale}.json").read_text())}
