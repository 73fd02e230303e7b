"""A workspace's own words for its mails: reading, saving, going back to ours, and how they would look."""

from typing import Any

from webapp import clock, database
from webapp.auth import Actor, current_actor, require
from webapp.errors import Invalid, NotFound
from webapp.extensions import db
from webapp.models import MailTemplate
from webapp.services.email import catalogue
from webapp.services.email.template import Rendered, Wording, placeholders, render
from webapp.services.event import record


def editable(name: str, language: str) -> catalogue.Known:
    """A mail that a workspace may word itself. Raises `NotFound`."""
    known = catalogue.CATALOGUE.get(name)
    if known is None or not known.is_editable or language not in catalogue.LANGUAGES:
        raise NotFound("There is no such mail")
    return known


def save_template(
    name: str, language: str, words: Wording, *, session: Any = None, actor: Actor | None = None
) -> MailTemplate:
    """Gives a mail the workspace's own words. Raises `Invalid` at the field with an unknown placeholder."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    check(name, language, words)
    row = catalogue.find_own(name, language, session=session)
    if row is None:
        row = MailTemplate(id=database.uuid7(), name=name, language=language)
        session.add(row)
    row.subject, row.text, row.html = words.subject, words.text, words.html or None
    row.updated_at = clock.now()
    session.flush()
    _record(name, language, "own", session=session, actor=actor)
    return row


def check(name: str, language: str, words: Wording) -> None:
    """Raises `Invalid` at the field whose placeholder the mail does not know, `NotFound` for no such mail."""
    known = editable(name, language)
    for field, part in zip(Wording._fields, words, strict=True):
        unknown = placeholders(Wording(part or "", "")) - set(known.sample)
        if unknown:
            raise Invalid.field(field, f"This mail knows no {{{{{min(unknown)}}}}}")


def _record(name: str, language: str, words: str, *, session: Any, actor: Actor) -> None:
    changes = {"template": [None, name], "language": [None, language], "words": [None, words]}
    record("mail_template.updated", session=session, actor=actor, changes=changes)


def reset_template(name: str, language: str, *, session: Any = None, actor: Actor | None = None) -> None:
    """Goes back to our words."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    editable(name, language)
    row = catalogue.find_own(name, language, session=session)
    if row is not None:
        session.delete(row)
        _record(name, language, "built-in", session=session, actor=actor)


def preview(name: str, words: Wording, language: str) -> Rendered:
    """How a mail with these words would look, for nobody real."""
    return render(words, catalogue.sample_data(name), language)
