"""CRM and billing: telling, hearing, asking aside, and the look at what changed there."""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp.database import read_only, transaction
from webapp.models import Workspace
from webapp.services import billing, connection, crm
from webapp.services.crm.answer import ASK
from webapp.services.crm.hearing import POLL, PULL
from webapp.services.crm.setup import TEST
from webapp.services.crm.telling import PUSH
from webapp.services.job import enqueue
from webapp.tasks.worker import job
from webapp.tenancy import use_workspace

Params = dict[str, Any]


@job(PUSH)
def push(params: Params, _job_id: uuid.UUID) -> dict[str, str]:
    """Tells the CRM of one customer, if anything has changed since it was told."""
    return crm.sync_customer_to_crm(uuid.UUID(params["customer_id"]), only_wanted=True)


@job(PULL)
def pull(params: Params, _job_id: uuid.UUID) -> dict[str, Any]:
    """Reads a contact that has changed there."""
    return crm.pull_contact(params["crm_id"], params.get("became"))


@job(POLL, max_attempts=3)
def poll(_params: Params, _job_id: uuid.UUID) -> dict[str, Any]:
    """Asks the CRM what has changed there."""
    return crm.poll_changes()


@job(ASK, max_attempts=1)
def refresh_answer(params: Params, _job_id: uuid.UUID) -> dict[str, str]:
    """Asks the CRM for a customer's tier anew."""
    return crm.refresh_answer(uuid.UUID(params["customer_id"]))


@job(billing.REFRESH, max_attempts=1)
def refresh_billing(params: Params, _job_id: uuid.UUID) -> dict[str, str]:
    """Asks billing about a customer anew."""
    return crm.refresh_billing(uuid.UUID(params["customer_id"]))


@job(TEST, max_attempts=1)
def test(params: Params, _job_id: uuid.UUID) -> dict[str, Any]:
    """Asks a connection whether it works; what is wrong is the result, too."""
    said = crm.try_connection(params["kind"])
    return {"ok": not said, "said": said or "It works."}


def ask_for_changes() -> None:
    """Queues the look at what changed in each workspace's CRM, and forgets old lines of the logs."""
    with read_only() as session:
        workspaces = list(session.scalars(sa.select(Workspace.id)))
    for workspace_id in workspaces:
        with use_workspace(workspace_id):
            with read_only():
                is_connected = connection.find_crm() is not None
            if is_connected:
                with transaction() as session:
                    connection.forget_old_entries(session=session)
                    enqueue(POLL, {}, session=session, unique_key=f"{POLL}:{workspace_id}")
