"""How mail leaves: who carries it, in which words, and which addresses get none."""

from typing import Any

from webapp.api.doors import access, answers, created, nothing, staff_views
from webapp.api.matching import matching
from webapp.database import read_only, transaction
from webapp.schemas.mail import (
    AddressForm,
    MailKindOut,
    SuppressionOut,
    WordingIn,
    WordingOut,
    suppression_out,
)
from webapp.schemas.mail_provider import (
    MailProviderOut,
    MailProviderPatch,
    MailProviderSection,
    mail_provider_out,
)
from webapp.schemas.paging import NewestQuery, PageQuery, cut, page_out
from webapp.schemas.text import Line, Strict
from webapp.schemas.ticket_in import IdPath
from webapp.services.email import catalogue, provider_setup, suppression, wording
from webapp.services.email.template import Wording
from webapp.services.setting import read_section

bp = staff_views("mail_settings_api", __name__)


class WordingPath(Strict):
    name: Line
    language: Line


# --- in which words -------------------------------------------------------------------------------


@bp.get("/mail/templates")
@access("settings:manage")
@answers(data=list[MailKindOut], next_cursor=str | None)
def list_templates(query: PageQuery) -> Any:
    """Every mail that can be worded."""
    with read_only():
        own = catalogue.own_languages()
    known = [mail for mail in catalogue.CATALOGUE.values() if mail.is_editable]
    page, cursor = cut(known, query, lambda mail: (mail.name,), str)
    return page_out(page, cursor, lambda mail: _kind(mail, own))


def _kind(mail: catalogue.Known, own: set[tuple[str, str]]) -> dict[str, Any]:
    languages = sorted(language for name, language in own if name == mail.name)
    return {"name": mail.name, "says": mail.says, "own_languages": languages}


@bp.get("/mail/templates/<name>/<language>")
@access("settings:manage")
@answers(template=WordingOut)
def read_template(path: WordingPath) -> Any:
    """The words of a mail in one language: the workspace's own, or ours."""
    known = wording.editable(path.name, path.language)
    with read_only():
        words, _ = catalogue.wording(path.name, path.language)
        is_own = catalogue.find_own(path.name, path.language) is not None
    told = {"is_own": is_own, "placeholders": sorted(known.sample)}
    return {"template": {**path.model_dump(), **words._asdict(), **told}}


@bp.put("/mail/templates/<name>/<language>")
@access("settings:manage")
@matching(read_template)
@answers(template=WordingOut)
def put_template(path: WordingPath, body: WordingIn) -> Any:
    """Gives a mail the workspace's own words."""
    with transaction():
        words = Wording(body.subject, body.text, body.html or None)
        wording.save_template(path.name, path.language, words)
    return read_template(path=path)


@bp.delete("/mail/templates/<name>/<language>")
@access("settings:manage")
@answers(204)
def delete_template(path: WordingPath) -> Any:
    """Goes back to our words."""
    with transaction():
        wording.reset_template(path.name, path.language)
    return nothing()


# --- who gets none --------------------------------------------------------------------------------


@bp.get("/suppressions")
@access("settings:manage")
@answers(data=list[SuppressionOut], next_cursor=str | None)
def list_suppressions(query: NewestQuery) -> Any:
    """The addresses that get no mail, newest first."""
    with read_only():
        return page_out(*suppression.page_of_suppressions(**query.model_dump()), suppression_out)


@bp.post("/suppressions")
@access("settings:manage")
@answers(201, suppression=SuppressionOut)
def create_suppression(body: AddressForm) -> Any:
    """Keeps an address from getting mail; the same again changes nothing."""
    with transaction():
        return created({"suppression": suppression_out(suppression.suppress_by_hand(body.address))})


@bp.delete("/suppressions/<id>")
@access("settings:manage")
@answers(204)
def delete_suppression(path: IdPath) -> Any:
    """Lets an address have mail again."""
    with transaction():
        suppression.unsuppress(path.id)
    return nothing()


# --- who carries it -------------------------------------------------------------------------------


@bp.get("/settings/mail-providers")
@access("settings:manage")
@answers(settings=MailProviderOut)
def read_mail_providers() -> Any:
    """Who carries the workspace's mail, in which order; never a secret."""
    with read_only():
        return {"settings": mail_provider_out(read_section(MailProviderSection))}


@bp.patch("/settings/mail-providers")
@access("settings:manage")
@matching(read_mail_providers)
@answers(settings=MailProviderOut)
def update_mail_providers(body: MailProviderPatch) -> Any:
    """Changes what is given of it. A stored password goes to no other server than it was given for."""
    with transaction():
        provider_setup.save_providers(body.over(read_section(MailProviderSection)))
        return {"settings": mail_provider_out(read_section(MailProviderSection))}
