"""The feed: everything that happens in the workspace, in the order in which it was committed.

Begin with `after=0`, or with where you are, and go on with `next`. With `wait` an empty page comes only after
so many seconds without an event. What each event says is in docs/events.md; webhooks carry the same bodies.
"""

from typing import Any

from webapp.api.doors import access, answers, staff_views
from webapp.auth import current_actor
from webapp.database import read_only
from webapp.schemas.event import event_for_staff
from webapp.schemas.feed import FeedQuery, split_names
from webapp.schemas.pushed import EventOut
from webapp.services import feed, installation

bp = staff_views("events", __name__)


@bp.get("/events")
@access("event:read")
@answers(200, events=list[EventOut], next=int, has_more=bool, reset=bool, epoch=int)
def list_workspace_events(query: FeedQuery) -> Any:
    """The workspace's events after a place, oldest first; it can wait for the next one.

    `types` narrows it to some events. `next` is the place to go on from: also past what `types` left out.
    `wait`: up to 25 seconds, for as long as there is nothing to answer. `reset`, or another `epoch` than
    before: a backup was restored; what was kept of the feed may never have happened, so begin at 0 again.
    """
    workspace_id = current_actor().workspace_id
    assert workspace_id is not None
    names = split_names(query.types)
    last: dict[str, Any] = {}

    def read() -> dict[str, Any] | None:
        with read_only():
            page = feed.read_feed(last.get("next", query.after), names=names, limit=query.limit)
            last.update(
                events=[event_for_staff(event) for event in page.events],
                next=page.next,
                has_more=page.has_more,
                reset=page.reset,
                epoch=installation.epoch(),
            )
        return last if page.events or page.reset else None

    feed.wait_for_feed(read, workspace_id, query.wait)
    return last
