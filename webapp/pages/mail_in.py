"""Mail that came in: what waits for a decision, one mail whole, and how it comes to an inbox."""

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, flash, redirect, render_template, request

from webapp import clock, green
from webapp.config import settings
from webapp.database import read_only, transaction
from webapp.errors import AppError, Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.pages.auth import staff_page
from webapp.pages.files import FILE_POLICY
from webapp.pages.forms import check_unchanged, form_page, form_values, handled, read_form
from webapp.schemas.mail_in import MailboxForm, SenderForm, SeveralForm, mail_row
from webapp.services import inbox as inboxes
from webapp.services import mail_in
from webapp.services.attachment import read_file
from webapp.services.edit import About, version_of
from webapp.services.mail_in import bucket, polling
from webapp.services.mail_in.mailbox import FIELDS, mailbox_for, save_mailbox
from webapp.services.mail_in.parse import parse

bp = Blueprint("mail_in", __name__)

HELD = "/settings/held-mail"


# --- what waits -----------------------------------------------------------------------------------


@bp.get(HELD)
@staff_page("ticket:spam")
def show_held() -> Response:
    """Everything that waits, and whose mail is not taken."""
    return _held_page()


def _held_page(error: AppError | None = None) -> Response:
    with read_only():
        held = [mail_row(mail, mail_in.REASONS) for mail in mail_in.list_held()]
        blocked = [{"id": row.id, "address": row.address} for row in mail_in.list_blocked_senders()]
    typed = form_values().get("address", "") if error else ""
    return form_page("mail_in/held.html", error, held=held, blocked=blocked, typed=typed)


@bp.post(f"{HELD}/<uuid:mail_id>/accept")
@staff_page("ticket:spam")
def accept(mail_id: uuid.UUID) -> Response:
    """Lets a mail in."""

    def act() -> Response:
        flash(_said_of(_accept(mail_id)))
        return redirect(HELD)  # type: ignore[return-value]

    return handled(act, _held_page)


def _accept(mail_id: uuid.UUID) -> int | None:
    """The number of the ticket that a held mail became, or came to; None if its sender is blocked."""
    ticket = mail_in.let_in(mail_id)
    return ticket.number if ticket else None


def _said_of(number: int | None) -> str:
    return f"It is in ticket #{number} now" if number else "Its sender is blocked: it was deleted"


@bp.post(f"{HELD}/several")
@staff_page("ticket:spam")
def decide_several() -> Response:
    """Lets in, or deletes, all that are ticked; one that somebody else decided on is left out."""

    def act() -> Response:
        form = read_form(SeveralForm)
        if not form.mails:
            raise Invalid("Tick at least one mail")
        done = sum(_decided(form.verb, mail_id) for mail_id in form.mails)
        left = len(form.mails) - done
        said = f"{done} let in" if form.verb == "accept" else f"{done} deleted"
        flash(f"{said}, {left} not: decided on already, or without a sender" if left else said)
        return redirect(HELD)  # type: ignore[return-value]

    return handled(act, _held_page)


def _decided(verb: str, mail_id: uuid.UUID) -> bool:
    """Each in a transaction of its own, so that one that cannot be leaves the others done."""
    try:
        if verb == "accept":
            _accept(mail_id)
        else:
            with transaction():
                mail_in.discard_mail(mail_id)
    except (Conflict, Invalid, NotFound):
        return False
    return True


@bp.post(f"{HELD}/<uuid:mail_id>/discard")
@staff_page("ticket:spam")
def discard(mail_id: uuid.UUID) -> Response:
    """Deletes a mail."""
    return _change(lambda: mail_in.discard_mail(mail_id), "Deleted")


@bp.post(f"{HELD}/senders")
@staff_page("ticket:spam")
def block() -> Response:
    """Takes no more mail of somebody; what is held of them goes."""
    return _change(lambda: mail_in.block_sender(read_form(SenderForm).address), "Blocked")


@bp.post(f"{HELD}/senders/<uuid:blocked_id>/remove")
@staff_page("ticket:spam")
def unblock(blocked_id: uuid.UUID) -> Response:
    """Takes mail of somebody again."""
    return _change(lambda: mail_in.unblock_sender(blocked_id), "Their mail is taken again")


def _change(change: Callable[[], Any], said: str) -> Response:
    def act() -> Response:
        with transaction():
            change()
        flash(said)
        return redirect(HELD)  # type: ignore[return-value]

    return handled(act, _held_page)


# --- one mail -------------------------------------------------------------------------------------


@bp.get("/mail/<uuid:mail_id>")
@staff_page("ticket:read")
def show_mail(mail_id: uuid.UUID) -> Any:
    """A mail whole: who, to whom, what it quotes, and where its original is."""
    found, raw = _original(mail_id)
    return render_template("mail_in/mail.html", mail=found, parsed=green.run_in_thread(parse, raw))


@bp.get("/mail/<uuid:mail_id>/original")
@staff_page("ticket:read")
def download(mail_id: uuid.UUID) -> Response:
    """Its bytes as they came, never to be shown by a browser."""
    found, raw = _original(mail_id)
    response = Response(raw, mimetype="application/octet-stream")
    name = quote(f"{found['subject'][:60] or 'mail'}.eml", safe="")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    response.headers["Content-Security-Policy"] = FILE_POLICY
    return response


def _original(mail_id: uuid.UUID) -> tuple[dict[str, Any], bytes]:
    with read_only():
        found = mail_row(mail_in.get_mail(mail_id), mail_in.REASONS)
    return found, read_file(found["storage_key"])


# --- how it comes to an inbox ---------------------------------------------------------------------


@bp.get("/settings/inboxes/<uuid:inbox_id>/mail")
@staff_page("inbox:manage")
def show_mailbox(inbox_id: uuid.UUID) -> Response:
    """How mail comes to this inbox."""
    return _mailbox_page(inbox_id)


@bp.post("/settings/inboxes/<uuid:inbox_id>/mail")
@staff_page("inbox:manage")
def update_mailbox(inbox_id: uuid.UUID) -> Response:
    """Saves it."""

    def act() -> Response:
        form = read_form(MailboxForm)
        with transaction():
            check_unchanged(lambda: _values(inbox_id), About("mailbox", inbox_id))
            row = save_mailbox(inbox_id, form.model_dump(include=set(FIELDS)), password=form.imap_password)
            job_id = polling.request_test(row.id).id if form.test else None
        flash("Saved")
        here = f"/settings/inboxes/{inbox_id}/mail"
        return redirect(f"{here}?test={job_id}#imap" if job_id else here)  # type: ignore[return-value]

    return handled(act, lambda error: _mailbox_page(inbox_id, error))


def _test() -> dict[str, Any] | None:
    """The look into the mailbox that the address names, as the page shows it."""
    try:
        job = polling.find_test(uuid.UUID(request.args.get("test", "")))
    except (ValueError, NotFound):
        return None
    if job is None:
        return None
    result = job.result or {"ok": False, "said": "The test could not be done. Try it again."}
    return {"id": job.id, "is_done": job.status not in ("pending", "running"), **result}


def _values(inbox_id: uuid.UUID) -> dict[str, Any]:
    row = mailbox_for(inbox_id, session=db.session())
    return {name: getattr(row, name) for name in FIELDS}


def _mailbox_page(inbox_id: uuid.UUID, error: AppError | None = None) -> Response:
    with read_only():
        found = inboxes.inbox_for(inbox_id)
        inbox = {"id": found.id, "name": found.name, "key": found.key}
        saved = _values(inbox_id)
        row = mailbox_for(inbox_id)
        state = {
            "has_password": bool(row.imap_password_box),
            "polled_at": clock.iso(row.polled_at) if row.polled_at else None,
            "last_error": row.last_error,
        }
        test = _test()
        fetches = bucket.may_fetch()
    typed = {"is_polling": "", **form_values(), "imap_password": ""} if error else {}
    values = {**saved, **typed}
    return form_page(
        "mail_in/mailbox.html",
        error,
        inbox=inbox,
        values=values,
        version=version_of(saved),
        base=settings().base_url,
        state=state,
        test=test,
        fetches=fetches,
    )
