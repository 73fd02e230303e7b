"""The workspace's CRM: telling it of customers, hearing from it, what it says of their tier."""

from webapp.services.crm.answer import crm_state
from webapp.services.crm.reaction import follow
from webapp.services.crm.telling import PUSH, count_contacts, retry, retry_waiting, want_everybody
from webapp.services.crm.work import (
    accounts_of,
    poll_changes,
    pull_contact,
    refresh_answer,
    refresh_billing,
    sync_customer_to_crm,
    tier_of,
    try_connection,
)

__all__ = [
    "PUSH",
    "accounts_of",
    "count_contacts",
    "crm_state",
    "follow",
    "poll_changes",
    "pull_contact",
    "refresh_answer",
    "refresh_billing",
    "retry",
    "retry_waiting",
    "sync_customer_to_crm",
    "tier_of",
    "try_connection",
    "want_everybody",
]
