"""What billing knows of a customer: asked aside, kept with its age, shown to whoever helps them."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor, require
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.integrations import stripe
from webapp.integrations.vendor import Api
from webapp.models import BillingAccount, Customer
from webapp.models.connection import BILLING, SAID_CHARS
from webapp.schemas.connection import billing_out
from webapp.services import connection
from webapp.services.connection import Account, account_of

REFRESH = "billing.refresh"
FRESH = timedelta(minutes=10)
ASK_SECONDS = 3.0


@dataclass(frozen=True)
class Question:
    """A customer that billing is to be asked about. `has_answer`: there is one to show meanwhile."""

    customer_id: uuid.UUID
    account: Account
    email: str
    known_id: str | None
    has_answer: bool


def account_for(customer_id: uuid.UUID, *, session: Any = None, lock: bool = False) -> BillingAccount | None:
    """What is kept of a customer at billing."""
    query = sa.select(BillingAccount).where(BillingAccount.customer_id == customer_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found: BillingAccount | None = (session or db.session()).scalar(query)
    return found


def question(customer_id: uuid.UUID, *, anew: bool = False, actor: Actor | None = None) -> Question | None:
    """What to ask billing; None where it is not connected, or its answer is fresh, unless asked `anew`.

    Raises `NotFound`.
    """
    require(actor or current_actor(), "customer:read")
    customer = db.session.scalar(sa.select(Customer).where(Customer.id == customer_id))
    if customer is None:
        raise NotFound("There is no such customer")
    found = connection.find_connection(BILLING)
    if found is None or not connection.may_ask(found) or not customer.email:
        return None
    kept = account_for(customer_id)
    answered_at = kept.answered_at if kept else None
    if answered_at and clock.now() - answered_at < FRESH and not anew:
        return None
    known = kept.external_id if kept else None
    return Question(customer.id, account_of(found), customer.email, known, answered_at is not None)


def ask(asked: Question, api: Api) -> dict[str, Any]:
    """What billing says now; {} if it knows nobody. Raises `VendorError`."""
    return stripe.read(api, asked.email, asked.known_id) or {}


def write_answer(asked: Question, answer: dict[str, Any], *, session: Any) -> None:
    """Keeps what billing said."""
    kept = _kept(asked, session)
    if kept is not None:
        kept.answer, kept.external_id = answer, answer.get("id")
        kept.answered_at, kept.said = clock.now(), ""
        connection.note_answered(asked.account.id, session=session)


def write_problem(asked: Question, said: str, *, session: Any) -> None:
    """Keeps why there is no newer answer; the last one stays."""
    kept = _kept(asked, session)
    if kept is not None:
        kept.said = said[:SAID_CHARS]


def _kept(asked: Question, session: Any) -> BillingAccount | None:
    """The row, made if there is none; None if billing was disconnected meanwhile."""
    if connection.find_connection(BILLING, session=session) is None:
        return None

    def make() -> BillingAccount:
        made = BillingAccount(id=database.uuid7(), customer_id=asked.customer_id, answer={})
        session.add(made)
        session.flush()
        return made

    find = lambda: account_for(asked.customer_id, session=session, lock=True)  # noqa: E731
    found: BillingAccount = database.find_or_make(find, make)
    return found


def billing_state(customer_id: uuid.UUID, *, actor: Actor | None = None) -> dict[str, Any] | None:
    """What is kept of a customer at billing, as staff see it; None where billing is not connected."""
    require(actor or current_actor(), "customer:read")
    found = connection.find_connection(BILLING)
    if found is None:
        return None
    kept = account_for(customer_id)
    answer = kept.answer if kept else {}
    url = stripe.link(answer["id"], live=answer["live"]) if answer else ""
    return billing_out(kept, url=url, said=found.said or (kept.said if kept else ""))
