"""What the settings hold, on one page: the list beside every settings page, and where "Settings" leads."""

from typing import NamedTuple

from webapp.auth import Actor


class Entry(NamedTuple):
    """A page of settings and the permission that opens it."""

    path: str
    label: str
    permission: str


SETTINGS: dict[str, tuple[Entry, ...]] = {
    "Workspace": (
        Entry("/settings/workspace", "Workspace", "settings:manage"),
        Entry("/settings/start", "First steps", "settings:manage"),
    ),
    "Channels": (
        Entry("/settings/inboxes", "Inboxes", "inbox:manage"),
        Entry("/settings/mail", "Mail", "settings:manage"),
        Entry("/settings/held-mail", "Held mail", "ticket:spam"),
        Entry("/settings/connections", "CRM and billing", "settings:manage"),
    ),
    "People": (
        Entry("/settings/people", "People", "user:manage"),
        Entry("/settings/roles", "Roles", "user:manage"),
        Entry("/settings/teams", "Teams", "user:manage"),
        Entry("/settings/skills", "Skills and capacity", "settings:manage"),
        Entry("/settings/availability", "Availability", "settings:manage"),
        Entry("/settings/routing", "Routing", "settings:manage"),
        Entry("/settings/safety", "Safety", "settings:manage"),
    ),
    "Tickets": (
        Entry("/settings/tags", "Tags", "tag:edit"),
        Entry("/settings/fields", "Fields", "settings:manage"),
        Entry("/settings/statuses", "Statuses", "settings:manage"),
        Entry("/settings/lifecycle", "Lifecycle", "settings:manage"),
    ),
    "Service levels": (
        Entry("/settings/policies", "SLA policies", "settings:manage"),
        Entry("/settings/calendars", "Calendars", "settings:manage"),
    ),
    "System": (
        Entry("/settings/import", "Import", "import:manage"),
        Entry("/settings/exports", "Exports", "ticket:export"),
        Entry("/settings/wallboards", "Wallboards", "settings:manage"),
        Entry("/settings/keys", "API keys", "key:manage"),
        Entry("/settings/webhooks", "Webhooks", "webhook:manage"),
        Entry("/settings/jobs", "Background work", "job:manage"),
        Entry("/settings/audit", "Audit log", "audit:read"),
    ),
}

REPORTS = (
    Entry("/admin/live", "Now", "report:read"),
    Entry("/admin/reports/sla", "SLA", "report:read"),
    Entry("/admin/reports/volume", "Volume", "report:read"),
    Entry("/admin/reports/speed", "Speed", "report:read"),
    Entry("/admin/reports/team", "Team", "report:read"),
    Entry("/admin/reports/health", "Health", "report:read"),
    Entry("/admin/reports/saved", "Saved", "report:read"),
)


def report_links(actor: Actor | None) -> list[Entry]:
    """The pages of reports that this person may open."""
    return [entry for entry in REPORTS if actor is not None and actor.may(entry.permission)]


def settings_links(actor: Actor | None) -> dict[str, list[Entry]]:
    """The groups of settings pages that this person may open."""
    if actor is None:
        return {}
    allowed = {
        group: [entry for entry in entries if actor.may(entry.permission)]
        for group, entries in SETTINGS.items()
    }
    return {group: entries for group, entries in allowed.items() if entries}
