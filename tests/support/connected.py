"""A workspace that is connected to a vendor on loopback."""

import json
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from tests.support.vendor_servers import APP_SECRET, ORGANIZATION, VendorServer
from webapp.database import transaction
from webapp.integrations import breaker
from webapp.models import Connection
from webapp.services import external
from webapp.signing import seal

TOKEN = "token-of-some-length"


@contextmanager
def vendor_at(app: Any, **urls: str) -> Any:
    """Inside, the environment names these addresses: `hubspot=server.url`."""
    settings, usual = app.config["PARLEY"], external.BACKOFF_SECONDS
    external.BACKOFF_SECONDS = 0.0
    breaker.forget()
    app.config["PARLEY"] = replace(settings, vendors=replace(settings.vendors, **urls))
    try:
        yield
    finally:
        app.config["PARLEY"], external.BACKOFF_SECONDS = settings, usual
        breaker.forget()


def connect(kind: str, server: VendorServer, *, workspace_id: Any, **fields: Any) -> Connection:
    """A connection as it is kept once somebody has connected; inside an application context."""
    secrets = {"access": TOKEN, "client_secret": APP_SECRET, **fields.pop("secrets", {})}
    account = {"hubspot": "4711", "salesforce": ORGANIZATION, "stripe": ""}[kind]
    values = {"method": "token", "account": account, "base_url": server.url, **fields}
    made = Connection(workspace_id=workspace_id, kind=kind, secret_box=seal(json.dumps(secrets)), **values)
    with transaction() as session:
        session.add(made)
    return made
