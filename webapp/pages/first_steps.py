"""What to do first at a new desk, one page that ticks itself off."""

from typing import Any, NamedTuple

from flask import Blueprint, render_template

from webapp.auth import current_actor
from webapp.database import read_only
from webapp.pages.auth import staff_page
from webapp.services import first_steps
from webapp.services import inbox as inboxes

bp = Blueprint("first_steps", __name__, url_prefix="/settings/start")


class Step(NamedTuple):
    """What is to be done, why, where, and the permission that it takes."""

    title: str
    why: str
    path: str
    verb: str
    permission: str


STEPS = {
    "website": Step(
        "Put the chat on your website",
        "Name the site in the inbox, and copy one line of code into its pages.",
        "/settings/inboxes",
        "Open the inboxes",
        "inbox:manage",
    ),
    "conversation": Step(
        "Write to yourself",
        "The inbox has a page of its own: write there as a customer, and answer under Conversations.",
        "",
        "Open the chat",
        "inbox:manage",
    ),
    "mail": Step(
        "Let mail leave the house",
        "Until a provider is set up, invitations and replies by mail only lie in a folder on the server.",
        "/settings/mail/providers",
        "Set up mail",
        "settings:manage",
    ),
    "people": Step(
        "Invite a colleague",
        "They get a link by mail and choose their own password.",
        "/settings/people#invite",
        "Invite",
        "user:manage",
    ),
    "calendar": Step(
        "Say when you work",
        "A calendar has your office hours and your holidays.",
        "/settings/calendars/new",
        "Make a calendar",
        "settings:manage",
    ),
    "policy": Step(
        "Promise an answer in time",
        "A service level policy (SLA) says how soon, to whom, and who hears when it gets late.",
        "/settings/policies/new",
        "Make a policy",
        "settings:manage",
    ),
}


@bp.get("")
@staff_page("settings:manage")
def show() -> Any:
    """The steps, and which of them have been taken."""
    actor = current_actor()
    with read_only():
        done = first_steps.steps_done()
        chat = _chat_path() if actor.may("inbox:manage") else ""
    steps = [
        {"step": step, "path": step.path or chat, "is_done": done[key]}
        for key, step in STEPS.items()
        if actor.may(step.permission)
    ]
    return render_template("first_steps.html", steps=steps, left=sum(not one["is_done"] for one in steps))


def _chat_path() -> str:
    chats = [row for row in inboxes.list_inboxes() if row.channel == "chat" and row.is_active]
    return f"/chat/{chats[0].key}" if chats else "/settings/inboxes/new"
