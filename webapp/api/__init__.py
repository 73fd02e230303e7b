"""REST under /api/v1: parse, one transaction, one service call, present."""

from typing import Any

from webapp.api import (
    attachments,
    audit,
    calendars,
    chat,
    connections,
    crm,
    customers,
    docs,
    events,
    fields,
    imports,
    inboxes,
    jobs,
    keys,
    links,
    mail,
    mail_hooks,
    mail_in,
    mail_settings,
    me,
    notifications,
    organizations,
    policies,
    reports,
    roles,
    routing,
    saved_reports,
    search,
    settings,
    skills,
    sla,
    sla_review,
    statuses,
    tags,
    teams,
    tickets,
    users,
    wallboards,
    webhooks,
)
from webapp.extensions import csrf

STAFF = (
    attachments,
    audit,
    calendars,
    connections,
    crm,
    customers,
    events,
    fields,
    imports,
    inboxes,
    jobs,
    keys,
    links,
    mail,
    mail_in,
    mail_settings,
    me,
    notifications,
    organizations,
    policies,
    reports,
    roles,
    routing,
    saved_reports,
    search,
    settings,
    skills,
    sla,
    sla_review,
    statuses,
    tags,
    teams,
    tickets,
    users,
    wallboards,
    webhooks,
)


def register_api(app: Any) -> None:
    """Registers the REST blueprints. Customers send a bearer token, no cookie: no CSRF token is needed."""
    for module in STAFF:
        app.register_api(module.bp)
    app.register_api(docs.bp)
    app.register_api(chat.bp)
    csrf.exempt(chat.bp)
    app.register_blueprint(mail_hooks.bp)
    csrf.exempt(mail_hooks.bp)
