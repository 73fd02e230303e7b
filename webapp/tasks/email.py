"""Jobs that send mail, and the links to accounts that go with them."""

import uuid
from typing import Any

from webapp.database import read_only, transaction
from webapp.services import account_token, email
from webapp.tasks.worker import job
from webapp.tenancy import use_workspace

Params = dict[str, Any]


@job("email.send")
def send(params: Params, job_id: uuid.UUID) -> Any:
    """Sends one queued mail."""
    return email.deliver_template(params["to"], params["template"], params["data"], key=str(job_id))


@job("account.reset")
def mail_reset(params: Params, job_id: uuid.UUID) -> Any:
    """Mails a link that sets a new password, if somebody has that address."""
    with read_only():
        known = account_token.find_recipient(params["email"])
    return _mail_link(known, "reset", job_id) if known else {"status": "nobody"}


@job("account.invite")
def mail_invitation(params: Params, job_id: uuid.UUID) -> Any:
    """Mails a link by which somebody new sets their first password."""
    with read_only():
        known = account_token.recipient(uuid.UUID(params["user_id"]))
    return _mail_link(known, "invite", job_id) if known else {"status": "nobody"}


def _mail_link(known: account_token.Recipient, purpose: str, job_id: uuid.UUID) -> Any:
    # The token is made here and not by who asked: it is nowhere but in the mail and, hashed, in its row.
    with use_workspace(known.workspace_id), transaction():
        token = account_token.issue(known.user_id, purpose)
    data = {"name": known.name, "workspace": known.workspace_name, "path": account_token.path(token)}
    return email.deliver_template(known.email, purpose, data, key=str(job_id))
