"""CRM and billing in a browser: beside the conversation, and on the pages of an admin."""

import pytest
from playwright.sync_api import expect

from tests.support import axe
from webapp import clock
from webapp.database import transaction
from webapp.models import BillingAccount, Connection, CrmContact
from webapp.services import ticket as tickets
from webapp.signing import seal
from webapp.tenancy import use_workspace

ANSWER = {
    "id": "cus_1",
    "live": True,
    "currency": "eur",
    "balance": 0,
    "delinquent": True,
    "subscriptions": [
        {
            "status": "past_due",
            "plan": "Team, yearly",
            "amount": 48000,
            "currency": "eur",
            "interval": "year",
            "until": "2027-12-28T00:00:00Z",
            "ends": False,
        }
    ],
    "invoices": [
        {
            "number": "AC-0001",
            "status": "open",
            "total": 48000,
            "currency": "eur",
            "at": "2026-10-14T00:00:00Z",
            "due_at": "2026-11-01T00:00:00Z",
            "url": "https://invoice.stripe.com/i/1",
        }
    ],
}


@pytest.fixture
def told(team):
    """A customer of whom CRM and billing have said something before they closed their doors."""
    with team.desk.app.app_context(), use_workspace(team.workspace.id), transaction() as session:
        ticket = tickets.create_ticket("Which plan do I have?", "", "maria@example.com")
        for kind in ("hubspot", "stripe"):
            said = "They do not take the token any more"
            session.add(
                Connection(kind=kind, method="token", status="broken", said=said, secret_box=seal("{}"))
            )
        at = clock.now()
        answer = {"tier": "enterprise", "support_plan": "Platinum"}
        session.add(
            CrmContact(customer_id=ticket.customer_id, status="synced", answer=answer, answered_at=at)
        )
        session.add(BillingAccount(customer_id=ticket.customer_id, answer=ANSWER, answered_at=at))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_last_answers_stand_beside_the_conversation(team, told, sign_in, scheme):
    ana = sign_in(team, team.person("Ana Costa"), color_scheme=scheme).goto()
    ana.open("Which plan do I have?")
    crm = ana.details.get_by_role("region", name="HubSpot")
    expect(crm).to_contain_text("Platinum")
    expect(crm).to_contain_text("Last known")
    billing = ana.details.get_by_role("region", name="Stripe")
    for words in ("Team, yearly", "€480.00 a year", "AC-0001", "Overdue"):
        expect(billing).to_contain_text(words)
    axe.check(ana.page, include=".context")


@pytest.mark.parametrize("width", [320, 1280])
def test_the_pages_of_connections_are_accessible_and_fit(team, told, sign_in, width):
    page = sign_in(team, team.person("Nora Lindqvist", "admin")).page
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("", "/hubspot", "/hubspot/fields", "/salesforce", "/stripe"):
        page.goto(f"{team.desk.url}/settings/connections{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        axe.check(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
