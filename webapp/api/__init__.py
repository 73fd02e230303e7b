"""REST under /api/v1: parse, one transaction, one service call, present."""

from typing import Any

from webapp.api import chat, customers, jobs, me, notifications, search, tickets
from webapp.extensions import csrf


def register_api(app: Any) -> None:
    """Registers the REST blueprints. Customers send a bearer token, no cookie: no CSRF token is needed."""
    for module in (tickets, customers, me, notifications, jobs, search):
        app.register_api(module.bp)
    app.register_api(chat.bp)
    csrf.exempt(chat.bp)
