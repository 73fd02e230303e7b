"""Background work."""

from flask import Flask


def register_tasks(app: Flask) -> None:  # noqa: ARG001 - every register function takes the app
    """Registers the kinds of job: importing their modules does it."""
    from webapp.tasks import (  # noqa: F401
        audit,
        crm,
        email,
        export,
        importing,
        lifecycle,
        mail_poll,
        mail_timers,
        notification,
        people,
        report_figures,
        report_plan,
        routing,
        sla,
        sla_review,
        tag,
        webhook,
    )
