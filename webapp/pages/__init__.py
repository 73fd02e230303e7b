"""HTML pages."""

from typing import Any

from flask import Flask

from webapp import green
from webapp.auth import current_actor
from webapp.extensions import csrf
from webapp.pages import (
    agent,
    audit,
    availability,
    calendars,
    chat,
    connections,
    crm_hooks,
    customers,
    entrances,
    exports,
    fields,
    files,
    first_steps,
    form,
    health,
    imports,
    inboxes,
    jobs,
    keys,
    lifecycle,
    mail,
    mail_in,
    mail_providers,
    notifications,
    now,
    oidc,
    organizations,
    people,
    person_safety,
    policies,
    policy_reviews,
    profile,
    report_health,
    reports,
    reset,
    roles,
    routing,
    safety,
    saved_reports,
    second_factor,
    second_step,
    setup,
    signin,
    statuses,
    tags,
    wallboards,
    webhooks,
    workspace,
)
from webapp.pages.navigation import report_links, settings_links

PAGES = (
    agent,
    audit,
    availability,
    calendars,
    chat,
    connections,
    crm_hooks,
    customers,
    entrances,
    exports,
    fields,
    files,
    first_steps,
    health,
    imports,
    inboxes,
    jobs,
    keys,
    lifecycle,
    mail,
    mail_in,
    mail_providers,
    notifications,
    now,
    oidc,
    organizations,
    people,
    person_safety,
    policies,
    policy_reviews,
    profile,
    report_health,
    reports,
    reset,
    roles,
    routing,
    safety,
    saved_reports,
    second_factor,
    second_step,
    setup,
    signin,
    statuses,
    tags,
    wallboards,
    webhooks,
    workspace,
)


def register_pages(app: Flask) -> None:
    """Registers the page blueprints."""
    for module in PAGES:
        app.register_blueprint(module.bp)
    app.register_blueprint(form.bp)
    csrf.exempt(crm_hooks.bp)  # their servers post there: a key and a signature say who they are
    csrf.exempt(form.bp)  # nobody is signed in there, and in another site's frame no cookie comes along
    csrf.exempt(imports.create)  # it looks itself, once there is room for the file
    csrf.exempt(saved_reports.unsubscribe)  # mail programs post there; its token says who it is for
    app.context_processor(_who)
    app.jinja_env.filters["unhurried"] = green.unhurried


def _who() -> dict[str, Any]:
    """For templates: who looks at the page, if it is a member of staff, and what they may set."""
    actor = current_actor()
    me = actor if actor.kind == "user" else None
    return {"me": me, "settings_links": settings_links(me), "report_links": report_links(me)}
