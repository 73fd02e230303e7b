"""Read, ask, write down: work with the network in between, each an entry point with transactions of its own.

The only module of services that opens any: a transaction must not wait for a network.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from webapp import clock
from webapp.auth import Actor
from webapp.database import assert_no_transaction, read_only, transaction
from webapp.integrations import stripe
from webapp.integrations.vendor import Busy, Gone, NotAllowed, VendorError
from webapp.schemas.connection import LABELS
from webapp.services import billing, connection
from webapp.services.connection import Account, account_of
from webapp.services.crm import answer, hearing, telling
from webapp.services.crm.answer import ASK
from webapp.services.crm.vendors import crm_of, mapping_of
from webapp.services.crm.wire import BUDGET_SECONDS, Line, understood
from webapp.services.job import enqueue

MOST_PAGES = 10


def sync_customer_to_crm(customer_id: uuid.UUID, *, only_wanted: bool = False) -> dict[str, str]:
    """Tells the CRM of a customer and keeps the `crm_id`. Returns `sync_status`, `said` and the `crm_id`.

    `synced`, `waiting` (tried again by itself), `failed` (they refuse it), `gone` (deleted there), `skipped`
    (nobody with a verified address), `off` (no CRM). `only_wanted`: nothing is asked unless something
    changed. Raises `NotFound`, and `InHand` while another worker is at it.
    """
    assert_no_transaction()
    with transaction() as session:
        task = telling.claim(customer_id, only_wanted=only_wanted, session=session)
    if isinstance(task, dict):
        return task
    try:
        with understood(task.account.kind):
            told = telling.tell(task, _line(task.account))
    except VendorError as error:
        with transaction() as session:
            return telling.write_failed(task, error, session=session)
    with transaction() as session:
        return telling.write_told(task, told, session=session)


def _line(account: Account, budget_seconds: float = BUDGET_SECONDS, max_attempts: int = 3) -> Line:
    return Line(account, _keep, budget_seconds=budget_seconds, max_attempts=max_attempts)


def _keep(account: Account, secrets: dict[str, str], base_url: str) -> None:
    with transaction() as session:
        connection.keep_secrets(account.id, secrets, base_url, session=session)


# --- hearing --------------------------------------------------------------------------------------


def pull_contact(crm_id: str, became: str | None = None) -> dict[str, Any]:
    """Reads a contact of theirs anew and applies what it says. Raises `Busy` where that has to wait.

    `became`: what it was merged into, as they said; asked for where the old id leads nowhere.
    """
    assert_no_transaction()
    with read_only() as session:
        found = connection.find_crm(session=session)
        if found is None or found.status == "broken":
            return {"status": "off"}
        here = hearing.known_customers(crm_id, session=session, lock=False)
        asked = hearing.Question(account_of(found), mapping_of(found.kind, found.mapping), crm_id)
    if not here:
        return {"status": "nobody"}
    try:
        with understood(asked.account.kind):
            record = _read(asked, became)
    except Gone:
        with transaction() as session:
            hearing.write_gone(asked, session=session)
        return {"status": "gone"}
    except VendorError as error:
        note_trouble(asked.account, error)
        raise
    with transaction() as session:
        return {"status": "heard", "changed": hearing.write_heard(asked, record, session=session)}


def _read(asked: hearing.Question, became: str | None) -> Any:
    vendor, line = crm_of(asked.account.kind), _line(asked.account)
    names = hearing.names_of(asked.account)
    try:
        return vendor.read(line, asked.crm_id, names)
    except Gone:
        if not became:
            raise
        return vendor.read(line, became, names)


def note_trouble(account: Account, error: VendorError) -> None:
    """Writes down at the connection what concerns all of it."""
    with transaction() as session:
        if isinstance(error, NotAllowed):
            connection.note_broken(account.id, str(error), session=session)
        elif isinstance(error, Busy) and error.retry_after_seconds:
            until = clock.now() + timedelta(seconds=error.retry_after_seconds)
            connection.note_pause(account.id, str(error), until, session=session)
        elif not isinstance(error, Gone):
            connection.note_trouble(account.id, str(error), session=session)


def poll_changes() -> dict[str, Any]:
    """Asks the CRM what changed since the last time: what their webhooks did not bring."""
    assert_no_transaction()
    with read_only() as session:
        found = connection.find_crm(session=session)
        if found is None or not connection.may_ask(found):
            return {"status": "off"}
        account, since = account_of(found), found.seen_until or found.created_at
    began = clock.now()
    try:
        with understood(account.kind):
            changed, until = _changed(account, since - hearing.OVERLAP, began)
    except VendorError as error:
        note_trouble(account, error)
        return {"status": "waiting", "said": str(error)}
    with transaction() as session:
        count = hearing.write_polled(account.id, changed, until, session=session)
    return {"status": "asked", "changed": len(changed), "known": count}


def _changed(
    account: Account, since: datetime, began: datetime
) -> tuple[list[tuple[str, datetime]], datetime]:
    """Page after page until there is nothing newer; what is left is asked for the next time."""
    vendor, line, found = crm_of(account.kind), _line(account), {}
    for _ in range(MOST_PAGES):
        page = vendor.changed(line, since)
        fresh = {crm_id: at for crm_id, at in page if crm_id not in found or found[crm_id] != at}
        if not fresh:
            return list(found.items()), began
        found.update(fresh)
        since = page[-1][1]
    return list(found.items()), since


# --- answers for whoever looks --------------------------------------------------------------------


def tier_of(email: str, *, actor: Actor | None = None) -> dict[str, Any]:
    """A customer's `tier` and `support_plan`, who said so and when.

    Asks the CRM itself only where it never answered, for three seconds at most; an old answer is given at
    once and asked for aside. Raises `NotFound`.
    """
    assert_no_transaction()
    with read_only():
        asked = answer.standing(answer.find_customer(email, actor=actor))
    if asked.asks is None:
        return asked.answer
    if asked.has_answer:
        _ask_aside(ASK, asked.customer_id)
        return asked.answer
    if (said := _ask_crm(asked)) is not None:
        return {**asked.answer, "problem": said}
    with read_only():
        return answer.standing(answer.find_customer(email, actor=actor)).answer


def _ask_aside(job_type: str, customer_id: uuid.UUID) -> None:
    with transaction():
        enqueue(job_type, {"customer_id": str(customer_id)}, unique_key=f"{job_type}:{customer_id}")


def _ask_crm(asked: answer.Standing) -> str | None:
    """Asks and keeps the answer; None, or why there is none."""
    account = asked.asks
    assert account is not None
    try:
        with understood(account.kind):
            record = answer.ask(asked, _line(account, answer.ASK_SECONDS, 1))
    except VendorError as error:
        note_trouble(account, error)
        return str(error)
    with transaction() as session:
        answer.write_asked(asked, record, session=session)
    return None


def refresh_answer(customer_id: uuid.UUID, *, anew: bool = False) -> dict[str, str]:
    """Asks the CRM about one customer. Returns what came of it."""
    with read_only():
        asked = answer.standing(answer.read_customer(customer_id), anew=anew)
    said = _ask_crm(asked) if asked.asks else None
    return {"status": "waiting", "said": said} if said else {"status": "asked" if asked.asks else "fresh"}


def accounts_of(customer_id: uuid.UUID, *, anew: bool = False) -> dict[str, Any]:
    """What a customer is at the CRM and at billing; `asking`: they are being asked for newer answers, aside.

    Asks them itself where `anew`, and billing also where it never answered, for three seconds each at most.
    """
    assert_no_transaction()
    with read_only():
        at_crm = answer.standing(answer.read_customer(customer_id))
        at_billing = billing.question(customer_id, anew=anew)
    asking = False
    if anew:
        refresh_answer(customer_id, anew=True)
    elif at_crm.asks is not None:
        _ask_aside(ASK, customer_id)
        asking = True
    if at_billing is not None and at_billing.has_answer and not anew:
        _ask_aside(billing.REFRESH, customer_id)
        asking = True
    elif at_billing is not None:
        refresh_billing(customer_id, anew=anew)
    with read_only():
        known = {"crm": answer.crm_state(customer_id), "billing": billing.billing_state(customer_id)}
    return {**known, "asking": asking}


def refresh_billing(customer_id: uuid.UUID, *, anew: bool = False) -> dict[str, str]:
    """Asks billing about one customer and keeps the answer, or why there is none."""
    with read_only():
        asked = billing.question(customer_id, anew=anew)
    if asked is None:
        return {"status": "fresh"}
    try:
        with understood(asked.account.kind):
            found = billing.ask(asked, _line(asked.account, billing.ASK_SECONDS, 1))
    except VendorError as error:
        note_trouble(asked.account, error)
        with transaction() as session:
            billing.write_problem(asked, str(error), session=session)
        return {"status": "waiting", "said": str(error)}
    with transaction() as session:
        billing.write_answer(asked, found, session=session)
    return {"status": "asked"}


def try_connection(kind: str) -> str:
    """Asks an account whether it lets us in; "" if so, else what is wrong."""
    with read_only():
        found = connection.find_connection(kind)
        account = account_of(found) if found else None
    if account is None:
        return f"{LABELS[kind]} is not connected"
    line = _line(account, 10, 1)
    try:
        with understood(kind):
            names = _ask_names(account, line)
    except VendorError as error:
        note_trouble(account, error)
        return str(error)
    with transaction() as session:
        _note_works(kind, names, session)
    return ""


def _ask_names(account: Account, line: Line) -> list[str]:
    if account.kind == billing.BILLING:
        stripe.check(line)
        return []
    names: list[str] = crm_of(account.kind).field_names(line)
    return names


def _note_works(kind: str, names: list[str], session: Any) -> None:
    found = connection.find_connection(kind, session=session, lock=True)
    if found is None:
        return
    was_broken = found.status == "broken"
    found.status, found.said, found.paused_until, found.answered_at = "active", "", None, clock.now()
    found.their_fields = names or found.their_fields
    if kind != billing.BILLING and was_broken:
        telling.retry_waiting(session=session)


__all__ = [
    "accounts_of",
    "poll_changes",
    "pull_contact",
    "refresh_answer",
    "refresh_billing",
    "sync_customer_to_crm",
    "tier_of",
    "try_connection",
]
