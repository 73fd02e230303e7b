"""Every mail there is: who gets it, what it may say, and its words: the workspace's own, else ours."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from webapp.config import ROOT
from webapp.extensions import db
from webapp.models import MailTemplate
from webapp.services.email.template import Wording, parse_texts
from webapp.tenancy import current_workspace_id

LANGUAGES = {"en": "English", "de": "Deutsch", "zh": "中文", "ar": "العربية"}
FOLDER = ROOT / "templates" / "emails"

_ALWAYS = {
    "workspace.name": "Harbour Supplies",
    "customer.name": "Maria Silva",
    "link": "https://example.com/",
}
_TICKET = {**_ALWAYS, "ticket.number": "20418", "ticket.title": "A jacket that is too small"}
_AGENT = {**_TICKET, "agent.name": "Mei Tanaka"}
_TALK = "Mei Tanaka, 14:02\nShall I put four aside for you?"


@dataclass(frozen=True)
class Known:
    """One kind of mail. `sample`: the placeholders it knows, each with what a preview shows for it.

    `is_editable`: whether a workspace may put it in its own words. `is_automatic`: sent without a person's
    doing.
    """

    name: str
    says: str
    sample: dict[str, str]
    is_editable: bool = True
    is_automatic: bool = True


def _status(status: str, says: str) -> Known:
    return Known(f"ticket_{status}", says, _AGENT)


_ALL = (
    Known("ticket_received", "A ticket was opened", _TICKET),
    Known(
        "ticket_received_unverified",
        "A ticket was opened for an address that nobody has verified",
        {name: _TICKET[name] for name in ("workspace.name", "ticket.number")},
    ),
    Known("reply", "An agent's reply", {**_AGENT, "reply.text": "It leaves the house today."}, True, False),
    _status("open", "Status: open again"),
    _status("assigned", "Status: assigned"),
    _status("in_progress", "Status: in progress"),
    _status("pending", "Status: pending"),
    _status("resolved", "Status: resolved"),
    _status("closed", "Status: closed"),
    Known(
        "resolve_warning",
        "Before a ticket is resolved for silence",
        {**_TICKET, "closes_at": "24 Nov, 14:00"},
    ),
    Known("digest", "Answers that a customer who left the chat has not seen", {**_TICKET, "messages": _TALK}),
    Known("transcript", "A conversation's transcript", {**_TICKET, "transcript": _TALK, "timezone": "UTC"}),
    Known(
        "notification",
        "A notification to staff",
        {
            **_ALWAYS,
            "notification.title": "#20418 was assigned to you",
            "notification.body": "By Tomas Okafor",
        },
    ),
    Known(
        "invite", "An invitation", {"name": "Mei", "workspace": "Harbour", "path": "/", "base_url": ""}, False
    ),
    Known(
        "reset", "A new password", {"name": "Mei", "workspace": "Harbour", "path": "/", "base_url": ""}, False
    ),
    Known("test", "A test from the settings", {**_ALWAYS, "agent.name": "Mei Tanaka"}, False),
    Known("report", "A report by its plan", {"report.name": "Last week", "report.text": "Created: 7"}, False),
    Known("plain", "A text as it is", {"subject_line": "Hello", "body": "A text"}, False),
)
CATALOGUE: dict[str, Known] = {known.name: known for known in _ALL}


def sample_data(name: str) -> dict[str, Any]:
    """What a preview puts in: nothing secret, nobody real."""
    return dict(CATALOGUE[name].sample)


@cache
def _texts(language: str) -> dict[str, Wording]:
    path = FOLDER / f"{language}.txt"
    return parse_texts(path.read_text()) if path.exists() else {}


def built_in(name: str, language: str) -> tuple[Wording, str]:
    """Our own words, and the language they are in: English where there are none in the one asked for.

    Raises `LookupError` for a mail that nobody knows.
    """
    if found := _texts(language).get(name):
        return found, language
    return _texts("en")[name], "en"


def wording(name: str, language: str, *, session: Any = None) -> tuple[Wording, str]:
    """The words to use now, and their language."""
    if (own := find_own(name, language, session=session)) is not None:
        return Wording(own.subject, own.text, own.html), language
    return built_in(name, language)


def find_own(name: str, language: str, *, session: Any = None) -> MailTemplate | None:
    """The workspace's own words for a mail in one language, if it has any."""
    if current_workspace_id() is None:
        return None
    given = {"name": name, "language": language}
    found: MailTemplate | None = (session or db.session()).scalar(_own(), given)
    return found


@cache
def _own() -> Any:
    name, language = sa.bindparam("name", type_=sa.String), sa.bindparam("language", type_=sa.String)
    return sa.select(MailTemplate).where(MailTemplate.name == name, MailTemplate.language == language)


def own_languages(*, session: Any = None) -> set[tuple[str, str]]:
    """The mails, by name and language, that the workspace has put in its own words."""
    query = sa.select(MailTemplate.name, MailTemplate.language)
    return {(name, language) for name, language in (session or db.session()).execute(query)}


def language_of(locale: str | None, default: str) -> str:
    """The language of a customer's locale that mails are written in, else the workspace's."""
    base = (locale or "").replace("_", "-").split("-")[0].lower()
    return base if base in LANGUAGES else default
