"""Who carries the workspace's mail: accounts at providers, in which order, and a test of each."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash, redirect, request

from webapp.config import settings
from webapp.database import read_only, transaction
from webapp.errors import AppError, NotFound
from webapp.models import Job
from webapp.pages.auth import staff_page
from webapp.pages.forms import check_unchanged, form_page, form_values, handled, read_form
from webapp.schemas.mail_provider import ORDERS, PROVIDERS, SECRETS, MailProviderForm
from webapp.services.edit import About, version_of
from webapp.services.email import carriers, provider_setup

bp = Blueprint("mail_providers", __name__, url_prefix="/settings/mail/providers")

HERE = "/settings/mail/providers"
TLS = [("starttls", "STARTTLS (port 587)"), ("tls", "TLS from the start (port 465)"), ("off", "None")]


@bp.get("")
@staff_page("settings:manage")
def show() -> Response:
    """The form, and what the last test said."""
    return _page()


def _saved() -> dict[str, Any]:
    return carriers.section().model_dump()


def _page(error: AppError | None = None) -> Response:
    own = carriers.section()
    saved = own.model_dump()
    values = {**saved, "order": ",".join(own.order), **(_typed() if error else {})}
    return form_page(
        "mail/providers.html",
        error,
        values=values,
        version=version_of(saved),
        secrets=provider_setup.shown_secrets(own),
        providers=PROVIDERS,
        orders=list(ORDERS.items()),
        tls=TLS,
        usual=settings().mail,
        test=_test(),
    )


def _typed() -> dict[str, Any]:
    """What was typed; a secret is never given back."""
    return {**form_values(), **dict.fromkeys(SECRETS, "")}


def _test() -> dict[str, Any] | None:
    """The test that the address names, as the page shows it."""
    try:
        job_id = uuid.UUID(request.args.get("test", ""))
        with read_only():
            job = provider_setup.find_test(job_id)
            return _test_row(job) if job else None
    except (ValueError, NotFound):
        return None


def _test_row(job: Job) -> dict[str, Any]:
    result = job.result or {"ok": False, "said": "The test could not be done. Try it again."}
    return {
        "id": job.id,
        "provider": job.params["provider"],
        "is_done": job.status not in ("pending", "running"),
        "ok": result["ok"],
        "said": result["said"],
    }


@bp.post("")
@staff_page("settings:manage")
def update() -> Response:
    """Saves, and sends a test if a provider's button was pressed."""

    def act() -> Response:
        form = read_form(MailProviderForm)
        with transaction():
            check_unchanged(_saved, About("workspace", fields="mail_providers."))
            provider_setup.save_providers(form)
            job_id = provider_setup.request_test(form.test).id if form.test else None
        flash("Saved")
        return redirect(f"{HERE}?test={job_id}#{form.test}" if job_id else HERE)  # type: ignore[return-value]

    return handled(act, _page)
