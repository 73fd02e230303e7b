"""What one transaction takes in, and how it is written: silently, the feed's row last."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from webapp import database, green
from webapp.auth import Actor
from webapp.models import Event, ImportedRow, ReadMark, Tag, Ticket, TicketTag
from webapp.services import tag as tags
from webapp.services.event import append_history
from webapp.services.importing.known import Known
from webapp.services.importing.past import Past
from webapp.validators import fold_name

Values = dict[str, Any]
AT_ONCE = 20


@dataclass(frozen=True)
class Item:
    """A cleaned row: its place in the file, what it is, our fields, and their digest."""

    number: int
    subject: str
    values: Values
    digest: str


@dataclass
class Batch:
    """`counts`: how many of what became of which. `tags`: by their folded names."""

    session: Any
    source: str
    import_id: uuid.UUID
    actor: Actor
    known: Known
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    pasts: dict[uuid.UUID, Past] = field(default_factory=dict)
    tickets: list[Ticket] = field(default_factory=list)
    rows: list[ImportedRow] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    tags: dict[str, Tag] = field(default_factory=dict)
    tagged: dict[uuid.UUID, list[Tag]] = field(default_factory=dict)

    def remember(
        self,
        subject: str,
        external_id: str,
        record_id: uuid.UUID | None,
        digest: str,
        *,
        is_new: bool,
        label: str = "",
    ) -> None:
        """Whose id that is here, from now on. `is_new`: this import made it, and may unmake it."""
        row = self.known.rows.get((subject, external_id))
        if row is not None:
            row.digest, row.record_id = digest, record_id
            return
        row = ImportedRow(
            id=database.uuid7(),
            source=self.source,
            subject=subject,
            external_id=external_id,
            record_id=record_id,
            label=label[:254] or None,
            digest=digest,
            import_id=self.import_id if is_new else None,
        )
        self.known.rows[subject, external_id] = row
        self.rows.append(row)

    def read_tags(self, names: set[str]) -> None:
        """Looks these tags up; makes those that there are none of."""
        wanted = {fold_name(name): name for name in sorted(names)}
        here = sa.select(Tag).where(Tag.folded.in_(list(wanted)), Tag.removed_at.is_(None))
        self.tags = {tag.folded: tag for tag in self.session.scalars(here)}
        for folded, name in wanted.items():
            if folded not in self.tags:
                self.tags[folded] = tags.create_tag(name, session=self.session, actor=self.actor)

    def put_tags(self, ticket: Ticket, names: list[str]) -> list[str]:
        """Ties these tags to a ticket; their names as they are shown."""
        found = {fold_name(name): self.tags[fold_name(name)] for name in names}
        self.tagged[ticket.id] = list(found.values())
        return [found[folded].name for folded in sorted(found)]

    def finish(self) -> None:
        """Writes all of it, in the order in which one needs the other."""
        pasts = [past for past in self.pasts.values() if past.events]
        for past in pasts:
            past.close()
        self.session.add_all(self.tickets)  # together: they hang together by their customers
        self.session.flush()
        self._add([comment for past in pasts for comment in past.comments])
        self._add(self.rows)
        self._tie_tags()
        self._mark_read([past.ticket for past in pasts])
        history = [*self.events, *(event for past in pasts for event in past.events)]
        self._add(history)
        append_history(history, session=self.session)

    def _add(self, rows: Sequence[Any]) -> None:
        """Writes rows a few at a time, so that nobody waits for all of them."""
        for start in range(0, len(rows), AT_ONCE):
            self.session.add_all(rows[start : start + AT_ONCE])
            self.session.flush()
            green.pause()

    def _tie_tags(self) -> None:
        wanted = {(ticket_id, tag.id) for ticket_id, found in self.tagged.items() for tag in found}
        query = sa.select(TicketTag).where(TicketTag.ticket_id.in_(list(self.tagged)))
        for tie in self.session.scalars(query):
            if (tie.ticket_id, tie.tag_id) in wanted:
                wanted.remove((tie.ticket_id, tie.tag_id))
            else:
                self.session.delete(tie)
        self.session.add_all(TicketTag(ticket_id=ticket, tag_id=tag) for ticket, tag in sorted(wanted))

    def _mark_read(self, touched: list[Ticket]) -> None:
        """Everybody has read everything."""
        query = sa.select(ReadMark).where(ReadMark.ticket_id.in_([ticket.id for ticket in touched]))
        marks: dict[Any, dict[str, ReadMark]] = defaultdict(dict)
        for mark in self.session.scalars(query):
            marks[mark.ticket_id][mark.side] = mark
        for ticket in touched:
            for side in ("customer", "staff"):
                mark = marks[ticket.id].get(side) or ReadMark(ticket_id=ticket.id, side=side)
                mark.delivered = mark.seen = ticket.last_public_seq
                self.session.add(mark)
