"""A customer's tier and support plan, and what they are at CRM and billing."""

from typing import Any

from webapp.api.doors import access, answers, staff_views
from webapp.schemas.connection import AccountsQuery, BillingOut, ContactOut, EmailPath, TierOut
from webapp.schemas.ticket_in import IdPath
from webapp.services import crm

bp = staff_views("crm", __name__)


@bp.get("/customers/<email>/tier")
@access("customer:read")
@answers(200, TierOut)
def read_tier(path: EmailPath) -> Any:
    """A customer's tier and support plan: the CRM's last answer, with its age."""
    return crm.tier_of(path.email)


@bp.get("/customers/<id>/accounts")
@access("customer:read")
@answers(crm=ContactOut | None, billing=BillingOut | None, asking=bool)
def read_accounts(path: IdPath, query: AccountsQuery) -> Any:
    """What a customer is at CRM and billing: the last answers, each with its age; null: not connected.

    An old answer is asked for aside, as `asking` says. `anew=true` asks at once, for some seconds at most.
    """
    return crm.accounts_of(path.id, anew=query.anew)
