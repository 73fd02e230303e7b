"""HTML pages."""

from typing import Any

from flask import Flask

from webapp.auth import current_actor
from webapp.extensions import csrf
from webapp.pages import (
    agent,
    calendars,
    chat,
    customers,
    exports,
    fields,
    files,
    form,
    health,
    inboxes,
    jobs,
    lifecycle,
    mail,
    notifications,
    organizations,
    people,
    policies,
    policy_reviews,
    profile,
    reset,
    routing,
    setup,
    signin,
    statuses,
    tags,
)
from webapp.pages.navigation import settings_links

PAGES = (
    agent,
    calendars,
    chat,
    customers,
    exports,
    fields,
    files,
    health,
    inboxes,
    jobs,
    lifecycle,
    mail,
    notifications,
    organizations,
    people,
    policies,
    policy_reviews,
    profile,
    reset,
    routing,
    setup,
    signin,
    statuses,
    tags,
)


def register_pages(app: Flask) -> None:
    """Registers the page blueprints."""
    for module in PAGES:
        app.register_blueprint(module.bp)
    app.register_blueprint(form.bp)
    csrf.exempt(form.bp)  # nobody is signed in there, and in another site's frame no cookie comes along
    app.context_processor(_who)


def _who() -> dict[str, Any]:
    """For templates: who looks at the page, if it is a member of staff, and what they may set."""
    actor = current_actor()
    me = actor if actor.kind == "user" else None
    return {"me": me, "settings_links": settings_links(me)}
