"""REST under /api/v1: parse, one transaction, one service call, present."""

from typing import Any

from webapp.api import (
    chat,
    customers,
    fields,
    jobs,
    links,
    mail,
    me,
    notifications,
    routing,
    search,
    sla,
    sla_review,
    statuses,
    tags,
    tickets,
)
from webapp.extensions import csrf

STAFF = (
    customers,
    fields,
    jobs,
    links,
    mail,
    me,
    notifications,
    routing,
    search,
    sla,
    sla_review,
    statuses,
    tags,
    tickets,
)


def register_api(app: Any) -> None:
    """Registers the REST blueprints. Customers send a bearer token, no cookie: no CSRF token is needed."""
    for module in STAFF:
        app.register_api(module.bp)
    app.register_api(chat.bp)
    csrf.exempt(chat.bp)
