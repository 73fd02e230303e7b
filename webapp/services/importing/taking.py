"""Taking rows in: what is new is made, what is the same is passed over, what has changed is changed.

What people here have worked on since is left as it is. Tickets, comments and customers come in silently; the
few organizations and tags through their own services, as if an admin had typed them.
"""

from collections.abc import Callable, Sequence
from typing import Any

from webapp.errors import Invalid
from webapp.models import ImportedRow
from webapp.services.importing.batch import Batch, Item, Values
from webapp.services.importing.known import Known, external_id
from webapp.services.importing.mapping import AGENTS, Wrong
from webapp.services.importing.people import take_agent, take_customer, take_organization
from webapp.services.importing.threads import take_comment, take_ticket

Fail = Callable[[Item, str, str], None]
_TAKE: dict[str, Callable[[Batch, Item, ImportedRow | None], str]] = {
    "organization": take_organization,
    "agent": take_agent,
    "customer": take_customer,
    "ticket": take_ticket,
    "comment": take_comment,
}


def subject_of(subject: str, values: Values) -> str:
    """What a row is in the end: a user with a role of theirs is no customer."""
    if subject == "customer" and (values.get("role") or "").casefold() in AGENTS:
        return "agent"
    return subject


def standing(item: Item, known: Known) -> ImportedRow | None:
    """What is known of the row from before."""
    return known.rows.get((item.subject, external_id(item.subject, item.values)))


def take(batch: Batch, items: Sequence[Item], fail: Fail, *, pause: Callable[[], Any]) -> None:
    """Takes them into the batch, which is to be finished then; `fail` hears of those that cannot be."""
    batch.known.read((item.subject, item.values) for item in items)
    batch.read_tags({name for item in items for name in item.values.get("tags") or ()})
    for item in items:
        batch.counts[item.subject, _outcome(batch, item, fail)] += 1
        pause()


def _outcome(batch: Batch, item: Item, fail: Fail) -> str:
    row = standing(item, batch.known)
    if row is not None and row.digest == item.digest:
        return "same"
    try:
        with batch.session.no_autoflush:
            return _TAKE[item.subject](batch, item, row)
    except Wrong as wrong:
        fail(item, wrong.field, wrong.message)
    except Invalid as error:
        fail(item, str(error.detail[0]["loc"][-1]), error.detail[0]["msg"])
    return "failed"
