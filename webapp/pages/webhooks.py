"""Webhooks: which programs are told of what, what became of each message, and sending again."""

import json
import uuid
from typing import Any

from flask import Blueprint, Response, flash, redirect, request

from webapp import clock
from webapp.database import read_only, transaction
from webapp.errors import AppError
from webapp.pages.auth import staff_page
from webapp.pages.forms import check_unchanged, confirmed, form_page, form_values, handled, read_form
from webapp.schemas.webhook import (
    GROUPS,
    DeliveryQuery,
    SpanForm,
    WebhookIn,
    delivery_out,
    ticked_events,
    webhook_out,
)
from webapp.services import webhooks
from webapp.services.edit import About, version_of

bp = Blueprint("webhook_pages", __name__, url_prefix="/settings/webhooks")

HERE = "/settings/webhooks"
EMPTY = {"url": "", "description": "", "events": ["*"], "condition": ""}
FIELDS = tuple(EMPTY)
LOG_SIZE = 30


@bp.get("")
@staff_page("webhook:manage")
def show() -> Any:
    """The list."""
    with read_only():
        rows = [
            {**webhook_out(row), "counts": webhooks.count_deliveries(row.id)}
            for row in webhooks.list_webhooks()
        ]
    return form_page("webhooks/list.html", webhooks=rows)


# --- one webhook's form ---------------------------------------------------------------------------


@bp.get("/new")
@staff_page("webhook:manage")
def new() -> Any:
    """A form for another."""
    return _form(EMPTY)


@bp.post("/new")
@staff_page("webhook:manage")
def create() -> Response:
    """Makes a webhook and shows its secret, this once."""

    def act() -> Response:
        form = read_form(WebhookIn)
        with transaction():
            made, secret = webhooks.create_webhook(**form.model_dump())
            shown = webhook_out(made)
        return form_page("webhooks/secret.html", webhook=shown, secret=secret, is_new=True)

    return handled(act, lambda error: _form(_typed(), error))


@bp.get("/<uuid:webhook_id>/edit")
@staff_page("webhook:manage")
def edit(webhook_id: uuid.UUID) -> Any:
    """What goes where."""
    with read_only():
        return _form(_saved(webhook_id), webhook_id=webhook_id)


@bp.post("/<uuid:webhook_id>/edit")
@staff_page("webhook:manage")
def update(webhook_id: uuid.UUID) -> Response:
    """Changes it."""

    def act() -> Response:
        form = read_form(WebhookIn)
        with transaction():
            check_unchanged(lambda: _saved(webhook_id), About("webhook", webhook_id))
            webhooks.update_webhook(webhook_id, **form.model_dump())
        return _back(webhook_id, "Saved.")

    return handled(act, lambda error: _form(_typed(), error, webhook_id=webhook_id))


def _form(
    values: dict[str, Any], error: AppError | None = None, *, webhook_id: uuid.UUID | None = None
) -> Response:
    with read_only():
        saved = _saved(webhook_id) if webhook_id else None
    return form_page(
        "webhooks/edit.html",
        error,
        values=values,
        groups=GROUPS,
        webhook_id=webhook_id,
        name=saved["description"] if saved else None,
        version=version_of(saved) if saved else None,
    )


def _saved(webhook_id: uuid.UUID) -> dict[str, Any]:
    row = webhooks.webhook_for(webhook_id)
    return {name: getattr(row, name) for name in FIELDS}


def _typed() -> dict[str, Any]:
    values = form_values()
    return {**{name: values.get(name, "") for name in FIELDS}, "events": ticked_events(values.get("events"))}


# --- one webhook ----------------------------------------------------------------------------------


@bp.get("/<uuid:webhook_id>")
@staff_page("webhook:manage")
def read(webhook_id: uuid.UUID) -> Any:
    """How it does, and its log."""
    return _page(webhook_id)


def _page(webhook_id: uuid.UUID, error: AppError | None = None) -> Response:
    asked = DeliveryQuery.model_validate(
        {name: request.args[name] for name in ("status", "event", "cursor") if name in request.args}
    )
    with read_only():
        rows, cursor = webhooks.list_deliveries(
            webhook_id, status=asked.status, event=asked.event, cursor=asked.cursor, limit=LOG_SIZE
        )
        context = {
            "webhook": webhook_out(webhooks.webhook_for(webhook_id)),
            "counts": webhooks.count_deliveries(webhook_id),
            "deliveries": [delivery_out(row) for row in rows],
        }
    return form_page(
        "webhooks/show.html",
        error,
        **context,
        asked=asked,
        cursor=cursor,
        typed=request.form if error else {},
        today=clock.now().date().isoformat(),
    )


@bp.post("/<uuid:webhook_id>/active")
@staff_page("webhook:manage")
def turn(webhook_id: uuid.UUID) -> Response:
    """Pauses it, or turns it on again."""
    active = request.form.get("active") == "1"
    with transaction():
        webhooks.update_webhook(webhook_id, active=active)
    said = "It is on. What waited goes now." if active else "It is paused. What happens now is not sent."
    return _back(webhook_id, said)


@bp.post("/<uuid:webhook_id>/secret")
@staff_page("webhook:manage")
def rotate(webhook_id: uuid.UUID) -> Response:
    """Makes a new secret and shows it, this once."""
    with transaction():
        secret = webhooks.rotate_secret(webhook_id)
        shown = webhook_out(webhooks.webhook_for(webhook_id))
    return form_page("webhooks/secret.html", webhook=shown, secret=secret, is_new=False)


@bp.post("/<uuid:webhook_id>/test")
@staff_page("webhook:manage")
def try_out(webhook_id: uuid.UUID) -> Response:
    """Sends a message to try the endpoint, and shows what comes of it."""
    with transaction():
        message_id = webhooks.send_test(webhook_id).id
    return redirect(f"{HERE}/{webhook_id}/deliveries/{message_id}")  # type: ignore[return-value]


@bp.post("/<uuid:webhook_id>/replay")
@staff_page("webhook:manage")
def replay_span(webhook_id: uuid.UUID) -> Response:
    """Sends again what was made in some days, in UTC."""

    def act() -> Response:
        form = read_form(SpanForm)
        with transaction():
            count = webhooks.replay_span(webhook_id, form.since, form.until, what=form.what)
        return _back(webhook_id, f"{count} {'message goes' if count == 1 else 'messages go'} now.")

    return handled(act, lambda error: _page(webhook_id, error))


@bp.post("/<uuid:webhook_id>/delete")
@staff_page("webhook:manage")
def delete(webhook_id: uuid.UUID) -> Response:
    """Deletes it with its log."""
    with read_only():
        name = webhooks.webhook_for(webhook_id).description

    def act() -> Response:
        with transaction():
            webhooks.delete_webhook(webhook_id)
        flash(f"{name} is gone.")
        return redirect(HERE)  # type: ignore[return-value]

    question = "Nothing is sent there any more, and its log is gone with it."
    return confirmed(name, act, question=question, verb="Delete the webhook", back=f"{HERE}/{webhook_id}")


def _back(webhook_id: uuid.UUID, said: str) -> Response:
    flash(said)
    return redirect(f"{HERE}/{webhook_id}")  # type: ignore[return-value]


# --- one message ----------------------------------------------------------------------------------


@bp.get("/<uuid:webhook_id>/deliveries/<uuid:message_id>")
@staff_page("webhook:manage")
def message(webhook_id: uuid.UUID, message_id: uuid.UUID) -> Any:
    """What was sent, and what was answered."""
    return _message(webhook_id, message_id)


def _message(webhook_id: uuid.UUID, message_id: uuid.UUID, error: AppError | None = None) -> Response:
    with read_only():
        shown = delivery_out(webhooks.delivery_for(webhook_id, message_id), whole=True)
        about = webhook_out(webhooks.webhook_for(webhook_id))
    return form_page(
        "webhooks/message.html", error, message=shown, body=_readable(shown["body"]), webhook=about
    )


def _readable(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:  # cut short, or not made yet
        return body


@bp.post("/<uuid:webhook_id>/deliveries/<uuid:message_id>/replay")
@staff_page("webhook:manage")
def replay(webhook_id: uuid.UUID, message_id: uuid.UUID) -> Response:
    """Sends a message again."""

    def act() -> Response:
        with transaction():
            webhooks.replay_delivery(webhook_id, message_id)
        return redirect(f"{HERE}/{webhook_id}/deliveries/{message_id}")  # type: ignore[return-value]

    return handled(act, lambda error: _message(webhook_id, message_id, error))
