"""Jobs that send mail, and the links to accounts that go with them."""

import uuid
from typing import Any

from webapp.database import read_only, transaction
from webapp.integrations.mail import Mail, Refused
from webapp.services import account_token, email
from webapp.services.email import compose, delivery, provider_setup, providers
from webapp.services.workspace import get_workspace
from webapp.tasks.worker import job
from webapp.tenancy import use_workspace

Params = dict[str, Any]


class NotYet(Exception):
    """Another worker has this mail in hand: look again later, in case it dies."""


@job("email.send")
def send(params: Params, job_id: uuid.UUID) -> Any:
    """Sends one queued mail that belongs to no workspace."""
    return email.deliver_template(params["to"], params["template"], params["data"], key=str(job_id))


@job("email.deliver")
def deliver(params: Params, job_id: uuid.UUID) -> Any:  # noqa: ARG001 - the delivery is the idempotency key
    """Sends one delivery. Raises what the providers said, so that the job goes again."""
    delivery_id = uuid.UUID(params["delivery_id"])
    outcome = _deliver(delivery_id)
    if outcome is None:
        with read_only():
            status = delivery.get_delivery(delivery_id).status
        if status == "queued":
            raise NotYet
        return {"status": status}
    return outcome


@job(provider_setup.TEST)
def test(params: Params, job_id: uuid.UUID) -> dict[str, Any]:
    """Sends a test mail through one provider; what it answered is the result, whether good or bad."""
    with read_only():
        workspace = get_workspace().name
    data = {"workspace": {"name": workspace}, "agent": {"name": params["name"]}}
    subject, text, html = email.render_email("test", data)
    try:
        mail = email.make_mail(
            params["to"], subject, text, html=html, message_id=providers.own_id(str(job_id))
        )
        email.send_by(params["provider"], mail)
    except Exception as error:  # noqa: BLE001 - whatever went wrong is what the test is for
        return {"ok": False, "said": provider_setup.explain(providers.said(error))}
    return {"ok": True, "said": f"It took the mail for {params['to']}."}


def process_ticket_notifications(ticket_id: uuid.UUID) -> int:
    """Sends a ticket's mails that are due, each once, whoever else is at it; how many it sent.

    One that no provider takes stays queued: its job tries again.
    """
    with read_only():
        due = delivery.due_deliveries(ticket_id)
    sent = 0
    for delivery_id in due:
        try:
            outcome = _deliver(delivery_id)
        except Exception:  # noqa: BLE001, S112 - written down at the delivery, and its job goes again
            continue
        sent += bool(outcome and outcome["status"] == "sent")
    return sent


def _deliver(delivery_id: uuid.UUID) -> dict[str, Any] | None:
    """Claim, hand over, write down: only the middle waits for a network. None: it was not ours to send."""
    with transaction():
        row = delivery.claim(delivery_id)
        draft = compose.compose(row) if row is not None else None
    if draft is None:
        return None
    try:
        mail = compose.finish(draft)
        taken = email.hand_over(mail.to, mail.subject, mail.text, mail)
    except Exception as error:
        if _note_failure(delivery_id, error):
            return {"status": "failed"}
        raise
    _note_sent(delivery_id, mail, taken)
    return taken


def _note_sent(delivery_id: uuid.UUID, mail: Mail, taken: dict[str, str]) -> None:
    with transaction():
        delivery.note_sent(
            delivery_id,
            taken["provider"],
            taken.get("provider_id"),
            mail.message_id,
            passed_over=taken.get("passed_over"),
        )


def _note_failure(delivery_id: uuid.UUID, error: Exception) -> bool:
    said = str(error) if isinstance(error, email.MailError) else type(error).__name__
    final = isinstance(error, Refused | ValueError)
    with transaction():
        return delivery.note_failure(delivery_id, said, final=final)


@job("account.reset")
def mail_reset(params: Params, job_id: uuid.UUID) -> Any:
    """Mails a link that sets a new password, if somebody has that address."""
    with read_only():
        known = account_token.find_recipient(params["email"])
        if known and not account_token.opens_something(known):
            known = None
    return _mail_link(known, "reset", job_id) if known else {"status": "nobody"}


@job("account.invite")
def mail_invitation(params: Params, job_id: uuid.UUID) -> Any:
    """Mails a link by which somebody new sets their first password."""
    with read_only():
        known = account_token.recipient(uuid.UUID(params["user_id"]))
    return _mail_link(known, "invite", job_id) if known else {"status": "nobody"}


def _mail_link(known: account_token.Recipient, purpose: str, job_id: uuid.UUID) -> Any:
    # The token is made here and not by who asked: it is nowhere but in the mail and, hashed, in its row.
    with use_workspace(known.workspace_id):
        with transaction():
            token = account_token.issue(known.user_id, purpose)
        data = {"name": known.name, "workspace": known.workspace_name, "path": account_token.path(token)}
        return email.deliver_template(known.email, purpose, data, key=str(job_id))
