"""Stripe: a customer with their subscriptions and last invoices, read only."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from webapp.integrations.safe_http import Answer
from webapp.integrations.vendor import (
    Api,
    Busy,
    Gone,
    VendorError,
    parsed,
    quoted,
    retry_after,
    usual_fault,
)

LABEL = "Stripe"
VERSION = "2024-06-20"
"""Of their API: what comes back keeps this shape whatever they do next."""
CONFLICT = 409
INVOICES = 5
SUBSCRIPTIONS = 3
CUSTOMERS = 5
"""So many with one address are looked at: each costs a question."""
RUNNING = ("active", "trialing", "past_due")


def fault(answer: Answer) -> VendorError | None:
    """What an answer says went wrong, if anything."""
    if answer.status < 300:
        return None
    said = parsed(answer)
    said = said.get("error", {}) if isinstance(said, dict) else {}
    if answer.status == CONFLICT:
        return Busy("Stripe is at work on this just now", retry_after(answer))
    return usual_fault(LABEL, answer, quoted(said.get("message")))


def check(api: Api) -> None:
    """Asks for what a key must be allowed to read. Raises `NotAllowed`."""
    for path in ("/v1/customers", "/v1/subscriptions", "/v1/invoices"):
        api("GET", path, query={"limit": 1})


def read(api: Api, email: str, known_id: str | None) -> dict[str, Any] | None:
    """What the customer has and owes there, found by the address and `known_id`; None if nobody is.

    Of several, the newest with a subscription that runs, else the newest; `others` says how many more.
    """
    found = _customers(api, email, known_id)
    if not found:
        return None
    chosen, subscriptions = _first_paying(api, found)
    invoices = api("GET", "/v1/invoices", query={"customer": chosen["id"], "limit": INVOICES})
    return {
        "id": chosen["id"],
        "live": bool(chosen.get("livemode")),
        "others": len(found) - 1,
        "currency": chosen.get("currency"),
        "balance": chosen.get("balance") or 0,
        "delinquent": bool(chosen.get("delinquent")),
        "subscriptions": [_subscription(one) for one in subscriptions],
        "invoices": [_invoice(one) for one in invoices["data"]],
    }


def _customers(api: Api, email: str, known_id: str | None) -> list[dict[str, Any]]:
    """Who has the address, the newest first; last the one we knew, if they have another by now."""
    found: list[dict[str, Any]] = api("GET", "/v1/customers", query={"email": email, "limit": CUSTOMERS})[
        "data"
    ]
    if known_id is None or any(one["id"] == known_id for one in found):
        return found
    try:
        known: dict[str, Any] = api("GET", f"/v1/customers/{quote(known_id, safe='')}")
    except Gone:
        return found
    return found if known.get("deleted") else [*found, known]


def _first_paying(api: Api, found: list[dict[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The first of them with a subscription that runs, else the first; and the subscriptions."""
    asked: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    for one in found:
        query = {"customer": one["id"], "status": "all", "limit": SUBSCRIPTIONS}
        asked.append((one, api("GET", "/v1/subscriptions", query=query)["data"]))
        if any(subscription.get("status") in RUNNING for subscription in asked[-1][1]):
            return asked[-1]
    return asked[0]


def _subscription(one: dict[str, Any]) -> dict[str, Any]:
    items = (one.get("items") or {}).get("data") or [{}]
    price = items[0].get("price") or {}
    recurring = price.get("recurring") or {}
    return {
        "status": one.get("status"),
        "plan": price.get("nickname") or price.get("lookup_key") or price.get("id") or "",
        "amount": (price.get("unit_amount") or 0) * (items[0].get("quantity") or 1),
        "currency": price.get("currency"),
        "interval": recurring.get("interval"),
        "until": _at(one.get("current_period_end")),
        "ends": bool(one.get("cancel_at_period_end")),
    }


def _invoice(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": one.get("number") or "",
        "status": one.get("status"),
        "total": one.get("total") or 0,
        "currency": one.get("currency"),
        "at": _at(one.get("created")),
        "due_at": _at(one.get("due_date")),
        "url": one.get("hosted_invoice_url") or None,
    }


def _at(stamp: int | None) -> str | None:
    return datetime.fromtimestamp(stamp, UTC).isoformat().replace("+00:00", "Z") if stamp else None


def link(customer_id: str, *, live: bool) -> str:
    """Where a person sees the customer."""
    return f"https://dashboard.stripe.com/{'' if live else 'test/'}customers/{quote(customer_id)}"
