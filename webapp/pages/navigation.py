"""What the settings hold, on one page: the list beside every settings page, and where "Settings" leads."""

from typing import NamedTuple

from webapp.auth import Actor


class Entry(NamedTuple):
    """A page of settings and the permission that opens it."""

    path: str
    label: str
    permission: str


SETTINGS: dict[str, tuple[Entry, ...]] = {
    "Channels": (
        Entry("/settings/inboxes", "Inboxes", "inbox:manage"),
        Entry("/settings/mail", "Mail", "settings:manage"),
    ),
    "People": (
        Entry("/settings/people", "People", "user:manage"),
        Entry("/settings/teams", "Teams", "user:manage"),
        Entry("/settings/skills", "Skills and capacity", "settings:manage"),
        Entry("/settings/routing", "Routing", "settings:manage"),
    ),
    "Tickets": (
        Entry("/settings/tags", "Tags", "tag:edit"),
        Entry("/settings/fields", "Fields", "settings:manage"),
        Entry("/settings/statuses", "Statuses", "settings:manage"),
        Entry("/settings/lifecycle", "Lifecycle", "settings:manage"),
    ),
    "Service levels": (
        Entry("/settings/policies", "Policies", "settings:manage"),
        Entry("/settings/calendars", "Calendars", "settings:manage"),
    ),
    "System": (
        Entry("/settings/exports", "Exports", "ticket:export"),
        Entry("/settings/jobs", "Background work", "job:manage"),
    ),
}


def settings_links(actor: Actor | None) -> dict[str, list[Entry]]:
    """The groups of settings pages that this person may open."""
    if actor is None:
        return {}
    allowed = {
        group: [entry for entry in entries if actor.may(entry.permission)]
        for group, entries in SETTINGS.items()
    }
    return {group: entries for group, entries in allowed.items() if entries}
