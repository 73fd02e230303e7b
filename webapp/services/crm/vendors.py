"""Which CRM speaks how: its module, and what is shared with it until somebody says otherwise."""

from typing import Any, cast

from webapp.config import settings
from webapp.integrations import hubspot, null, salesforce
from webapp.integrations.vendor import App, Crm, Vendor
from webapp.schemas.connection import Mapping, Rule

CALLBACK = "/settings/connections/callback"
VENDORS: dict[str, Vendor] = {
    "hubspot": cast("Vendor", hubspot),
    "salesforce": cast("Vendor", salesforce),
}
USUAL = {
    "hubspot": Mapping(
        fields={
            "company": Rule(direction="out", theirs="company"),
            "tier": Rule(direction="in", theirs="support_tier"),
            "support_plan": Rule(direction="in", theirs="support_plan"),
        }
    ),
    "salesforce": Mapping(
        fields={
            "tier": Rule(direction="in", theirs="Support_Tier__c"),
            "support_plan": Rule(direction="in", theirs="Support_Plan__c"),
        }
    ),
}


def crm_of(kind: str | None) -> Crm:
    """The module of that CRM; the plain twin where there is none."""
    return VENDORS[kind] if kind in VENDORS else cast("Crm", null)


def mapping_of(kind: str, stored: dict[str, Any]) -> Mapping:
    """What is shared with that CRM."""
    return Mapping.model_validate(stored) if stored else USUAL[kind]


def app_of(kind: str, secrets: dict[str, str]) -> App:
    """Us, as the OAuth server of that vendor knows us."""
    urls = settings().vendors
    url = secrets.get("url") or (urls.hubspot_app if kind == "hubspot" else urls.salesforce)
    return App(
        url=url,
        token_url=urls.hubspot if kind == "hubspot" else url,
        client_id=secrets.get("client_id", ""),
        secret=secrets.get("client_secret", ""),
        redirect_uri=f"{settings().base_url}{CALLBACK}",
    )


def is_trusted(url: str) -> bool:
    """Whether an address is of Salesforce, or the one that the environment names."""
    return salesforce.is_theirs(url) or url == settings().vendors.salesforce
