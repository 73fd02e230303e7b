"""Mail: who carries it, when customers get some, in which words, and what became of it."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request

from webapp.auth import current_actor
from webapp.database import read_only, transaction
from webapp.errors import AppError, Invalid
from webapp.models.ticket import STATUSES
from webapp.pages.auth import staff_page
from webapp.pages.forms import check_unchanged, form_page, form_values, handled, read_form
from webapp.schemas import mail_provider
from webapp.schemas.mail import (
    AddressForm,
    MailForm,
    MailSection,
    TemplateForm,
    delivery_out,
    suppression_out,
)
from webapp.services import email
from webapp.services.edit import About, version_of
from webapp.services.email import carriers, catalogue, delivery, suppression, wording
from webapp.services.email.template import Wording
from webapp.services.setting import read_section, save_section
from webapp.services.workspace import get_workspace
from webapp.validators import is_valid_email

bp = Blueprint("mail_settings", __name__, url_prefix="/settings/mail")

HERE = "/settings/mail"
PROVIDERS = {**mail_provider.PROVIDERS, "outbox": "Outbox folder"}
PREVIEW_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


@bp.get("")
@staff_page("settings:manage")
def show() -> Any:
    """Providers, the form, and where to test."""
    return _page()


def _saved() -> dict[str, Any]:
    return read_section(MailSection).model_dump()


def _page(error: AppError | None = None, typed: dict[str, Any] | None = None) -> Response:
    with read_only():
        saved = _saved()
    used = [name for name in carriers.order() if carriers.is_in_use(name)]
    return form_page(
        "mail/settings.html",
        error,
        values={**saved, **(typed or {})},
        version=version_of(saved),
        statuses=STATUSES,
        languages=list(catalogue.LANGUAGES.items()),
        used=[PROVIDERS[name] for name in used] or [PROVIDERS["outbox"]],
        leaves=bool(used),
        sender=str(carriers.sender()),
        reply_to=carriers.reply_to(),
        test_to=(typed or {}).get("address", current_actor().email),
    )


@bp.post("")
@staff_page("settings:manage")
def update() -> Response:
    """Saves when customers are told."""

    def act() -> Response:
        form = read_form(MailForm)
        with transaction():
            check_unchanged(_saved, About("workspace", fields="mail."))
            save_section(MailSection(**form.model_dump()))
        flash("Saved")
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, lambda error: _page(error, _typed()))


def _typed() -> dict[str, Any]:
    typed = form_values()
    told = typed.get("status_mails")
    return {**typed, "tell_created": "tell_created" in typed, "status_mails": list(told or ())}


@bp.post("/test")
@staff_page("settings:manage")
def send_test() -> Response:
    """Queues a test mail to an address."""

    def act() -> Response:
        address = read_form(AddressForm).address.strip()
        if not is_valid_email(address):
            raise Invalid.field("address", "This is not an e-mail address")
        with transaction():
            data = {"workspace": {"name": get_workspace().name}, "agent": {"name": current_actor().name}}
            email.send_email(address, "test", data)
        flash(f"A test is on its way to {address}. What became of it is in the list.")
        return redirect(f"{HERE}/deliveries")  # type: ignore[return-value]

    return handled(act, lambda error: _page(error, {"address": request.form.get("address", "")}))


# --- what became of it ----------------------------------------------------------------------------


@bp.get("/deliveries")
@staff_page("settings:manage")
def show_deliveries() -> Any:
    """The last deliveries, and the addresses that get none."""
    return _deliveries()


def _deliveries(error: AppError | None = None, typed: str = "") -> Response:
    with read_only():
        rows = [delivery_out(row) for row in delivery.list_deliveries(limit=100)]
        stopped = [suppression_out(row) for row in suppression.list_suppressions()]
    says = {name: known.says for name, known in catalogue.CATALOGUE.items()}
    return form_page(
        "mail/deliveries.html",
        error,
        deliveries=rows,
        suppressions=stopped,
        says=says,
        providers=PROVIDERS,
        typed=typed,
    )


@bp.post("/deliveries/<uuid:delivery_id>/retry")
@staff_page("settings:manage")
def retry(delivery_id: uuid.UUID) -> Response:
    """Sends a failed mail again."""
    return _change(lambda: delivery.retry_delivery(delivery_id), "It goes again.")


@bp.post("/suppressions")
@staff_page("settings:manage")
def suppress() -> Response:
    """Keeps an address from getting mail."""

    def act() -> Response:
        address = read_form(AddressForm).address.strip()
        with transaction():
            suppression.suppress_by_hand(address)
        flash(f"{address} gets no more mail.")
        return redirect(f"{HERE}/deliveries")  # type: ignore[return-value]

    return handled(act, lambda error: _deliveries(error, request.form.get("address", "")))


@bp.post("/suppressions/<uuid:suppression_id>/remove")
@staff_page("settings:manage")
def unsuppress(suppression_id: uuid.UUID) -> Response:
    """Lets an address have mail again."""
    return _change(lambda: suppression.unsuppress(suppression_id), "This address may have mail again.")


def _change(change: Callable[[], Any], said: str) -> Response:
    def act() -> Response:
        with transaction():
            change()
        flash(said)
        return redirect(f"{HERE}/deliveries")  # type: ignore[return-value]

    return handled(act, _deliveries)


# --- in which words -------------------------------------------------------------------------------


@bp.get("/templates")
@staff_page("settings:manage")
def show_templates() -> Any:
    """Every mail, and the languages in which the workspace has words of its own."""
    with read_only():
        own = catalogue.own_languages()
    known = [mail for mail in catalogue.CATALOGUE.values() if mail.is_editable]
    return render_template("mail/templates.html", mails=known, own=own, languages=catalogue.LANGUAGES)


@bp.get("/templates/<name>/<language>")
@staff_page("settings:manage")
def show_template(name: str, language: str) -> Any:
    """One mail's words."""
    return _template(name, language)


def _template(
    name: str, language: str, error: AppError | None = None, typed: Wording | None = None
) -> Response:
    known = wording.editable(name, language)
    with read_only():
        own = catalogue.find_own(name, language)
        saved = catalogue.wording(name, language)[0]
        version = version_of(saved)
    words = typed or saved
    seen = wording.preview(name, words, language)
    return form_page(
        "mail/template.html",
        error,
        mail=known,
        language=language,
        languages=catalogue.LANGUAGES,
        words=words,
        is_own=own is not None,
        preview=seen,
        is_draft=typed is not None,
        version=version,
    )


@bp.get("/templates/<name>/<language>/preview")
@staff_page("settings:manage")
def show_preview(name: str, language: str) -> Response:
    """The saved words as HTML, in a document that can do nothing."""
    wording.editable(name, language)
    with read_only():
        words = catalogue.wording(name, language)[0]
    answer = Response(wording.preview(name, words, language).html, mimetype="text/html")
    answer.headers["Content-Security-Policy"] = PREVIEW_POLICY
    return answer


@bp.post("/templates/<name>/<language>")
@staff_page("settings:manage")
def save_template(name: str, language: str) -> Response:
    """Saves the words, or only shows how they would look."""
    wording.editable(name, language)

    def act() -> Response:
        form = read_form(TemplateForm)
        words = Wording(form.subject, form.text, form.html or None)
        if form.do == "preview":
            wording.check(name, language, words)
            return _template(name, language, typed=words)
        with transaction():
            check_unchanged(lambda: catalogue.wording(name, language)[0], About("mail_template"))
            wording.save_template(name, language, words)
        flash("Saved")
        return redirect(_place(name, language))  # type: ignore[return-value]

    typed = Wording(*(request.form.get(field, "") for field in Wording._fields))
    return handled(act, lambda error: _template(name, language, error, typed))


def _place(name: str, language: str) -> str:
    return f"{HERE}/templates/{name}/{language}"


@bp.post("/templates/<name>/<language>/test")
@staff_page("settings:manage")
def test_template(name: str, language: str) -> Response:
    """Mails the saved words, with made-up data, to whoever asks."""
    wording.editable(name, language)
    me = current_actor().email or ""
    with transaction():
        email.send_email(me, name, catalogue.sample_data(name), language=language)
    flash(f"It is on its way to {me}.")
    return redirect(_place(name, language))  # type: ignore[return-value]


@bp.post("/templates/<name>/<language>/reset")
@staff_page("settings:manage")
def reset_template(name: str, language: str) -> Response:
    """Back to our words."""
    with transaction():
        wording.reset_template(name, language)
    flash("These are our words again.")
    return redirect(_place(name, language))  # type: ignore[return-value]
