"""The desk that the first version left behind: rows as it wrote them, in the tables of migration 0001.

It shares nothing with today's models, which know more columns.
"""

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from webapp.database import uuid7

BEGAN = datetime(2024, 2, 28, 22, 30, tzinfo=UTC)
PEOPLE = (
    ("Łukasz Żółć", "łukasz@zolc.example", "Przesyłka nie dotarła"),
    ("José Ñandú", "jose@nandu.example", "El niño perdió su contraseña"),
    ("Zoë Müller-Lüdenscheidt", "zoe@mueller.example", "Rechnung über 1.000 € fürs Käsefondue"),
    ("李小龍", "li@example.com", "訂單在哪裡"),
    ("O'Brien; DROP TABLE", "obrien@example.com", 'The "50 %" discount\\ is _gone_'),
)
ANSWERS = (
    "Crème brûlée is on its way",
    "Ça marche, à bientôt 🙂",
    "Tab\there,\nnew line there",
    "Grüße aus Zürich",
)
NOTE = "Called them back"
EVENTS = len(ANSWERS) + 2
WORDS = (
    "zolc",
    "lukasz",
    "nino",
    "contrasena",
    "kasefondue",
    "creme",
    "zurich",
    "bientot",
    "discount",
    "obrien",
)
"""What somebody looks for, folded as the index folds it."""


@dataclass
class FirstDesk:
    """`files`: the folder of stored files. `tickets`: the ids by workspace."""

    engine: sa.Engine
    files: Path
    workspaces: list[uuid.UUID] = field(default_factory=list)
    tickets: dict[uuid.UUID, list[uuid.UUID]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.metadata = sa.MetaData()
        self.metadata.reflect(self.engine)

    def fill(self, workspaces: int = 3) -> None:
        """Workspaces of two agents and a ticket of each customer, with answers, a note and a file."""
        for number in range(workspaces):
            with self.engine.begin() as connection:
                self._workspace(connection, number)

    def write(self, connection: sa.Connection, here: uuid.UUID, ticket: uuid.UUID, text: str) -> None:
        """What the first version did for a note: the ticket locked and counted up, comment, event, feed."""
        last = json.dumps({"kind": "note", "preview": text})
        seq = connection.execute(
            sa.text(COUNT_UP), {"here": here, "ticket": ticket, "last": last}
        ).scalar_one()
        one = _One(self, connection, here, ticket)
        comment = one.comment(text, "note", seq)
        feed = connection.execute(sa.text(FEED), {"here": here}).scalar_one()
        one.event("comment.created", seq, feed, comment_id=comment)

    def _workspace(self, connection: sa.Connection, number: int) -> None:
        here = uuid7()
        self.workspaces.append(here)
        add = _One(self, connection, here).add
        named = {"name": f"Bücher {number}", "slug": f"buecher-{number}", "settings": {}, "created_at": BEGAN}
        add("workspaces", id=here, **named)
        for role in ("admin", "agent"):
            email = f"{role}{number}@example.com"
            common = {"availability": "online", "settings": {}, "created_at": BEGAN}
            add("users", id=uuid7(), email=email, name=f"Søren, {role}", role=role, **common)
        add("inboxes", id=uuid7(), name="Café", key=f"first{number}", **INBOX)
        self.tickets[here] = [self._ticket(connection, here, place) for place in range(len(PEOPLE))]
        add("ticket_numbers", number=len(PEOPLE))
        add("workspace_feeds", seq=len(PEOPLE) * EVENTS)

    def _ticket(self, connection: sa.Connection, here: uuid.UUID, place: int) -> uuid.UUID:
        name, email, title = PEOPLE[place]
        one = _One(self, connection, here, uuid7())
        customer = {"id": uuid7(), "name": name, "email": email, "company": "Żubr & Söhne", "tier": "premium"}
        one.add("customers", **customer, answers={"größe": "XL"}, created_at=BEGAN)
        theirs = {
            "customer_id": customer["id"],
            "created_at": one.at,
            "updated_at": one.at,
            "waiting_since": one.at,
        }
        one.add(
            "tickets", id=one.ticket, number=place + 1, title=title, description=title, **TICKET, **theirs
        )
        feed = place * EVENTS + 1
        born = {"number": [None, place + 1], "title": [None, title]}
        one.event("ticket.created", 1, feed, public_seq=1, changes=born)
        for seq, text in enumerate((*ANSWERS, NOTE), 2):
            shown = {} if text == NOTE else {"public_seq": seq}
            comment = one.comment(text, "reply" if shown else "note", seq, **shown)
            one.event("comment.created", seq, feed + seq - 1, comment_id=comment, **shown)
        for side in ("customer", "staff"):
            one.add("read_marks", ticket_id=one.ticket, side=side, delivered=EVENTS - 1, seen=EVENTS - 1)
        one.file("Übersicht.txt", "naïve", comment_id=comment)
        return one.ticket


@dataclass
class _One:
    """One ticket of one workspace."""

    desk: FirstDesk
    connection: sa.Connection
    here: uuid.UUID
    ticket: uuid.UUID | None = None

    @property
    def at(self) -> datetime:
        return BEGAN + timedelta(hours=1)

    def add(self, table: str, **values: Any) -> None:
        """A row as it went in then; SQLite keeps ids as hex digits and times without a zone."""
        known = self.desk.metadata.tables[table]
        values |= {"workspace_id": self.here} if "workspace_id" in known.columns else {}
        if self.connection.dialect.name == "sqlite":
            values = {name: _plain(value) for name, value in values.items()}
        self.connection.execute(known.insert().values(values))

    def comment(self, text: str, kind: str, seq: int, **more: Any) -> uuid.UUID:
        made = uuid7()
        by = {"author_kind": "system", "author_name": "Søren", "created_at": self.at, "client_id": uuid7()}
        self.add("comments", id=made, ticket_id=self.ticket, kind=kind, content=text, seq=seq, **by, **more)
        return made

    def event(self, name: str, seq: int, feed: int, **more: Any) -> None:
        by = {"actor_kind": "system", "actor_name": "Søren", "door": "rest", "at": self.at}
        told = {"changes": {}, "ticket_seq": seq, "workspace_seq": feed, **by, **more}
        self.add("events", id=uuid7(), name=name, ticket_id=self.ticket, **told)

    def file(self, name: str, text: str, **more: Any) -> None:
        assert self.ticket
        key = f"{self.ticket.hex[-2:]}/{self.ticket.hex}00000000"
        path = self.desk.files / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        kept = {"storage_key": key, "size_bytes": path.stat().st_size, "content_type": "text/plain"}
        by = {"uploader_kind": "system", "uploader_id": uuid7(), "position": 0, "created_at": self.at}
        self.add("attachments", id=uuid7(), ticket_id=self.ticket, name=name, **kept, **by, **more)


INBOX = {
    "channel": "chat",
    "secret_box": "",
    "allowed_sites": [],
    "greeting": "Grüezi",
    "colour": "#123456",
    "timezone": "Europe/Zurich",
    "hours": {},
    "prechat": {},
    "identified_only": False,
    "is_active": True,
    "version": 1,
    "created_at": BEGAN,
}
TICKET = {
    "channel": "chat",
    "priority": "high",
    "status": "open",
    "is_spam": False,
    "escalated": False,
    "metadata": {},
    "client": {},
    "comment_count": EVENTS - 1,
    "last_seq": EVENTS,
    "last_public_seq": EVENTS - 1,
    "last_customer_seq": 0,
    "unread": 0,
    "last_comment": {"kind": "note", "preview": NOTE},
}
COUNT_UP = """
UPDATE tickets SET last_seq = last_seq + 1, comment_count = comment_count + 1, last_comment = :last
WHERE id = :ticket AND workspace_id = :here RETURNING last_seq"""
FEED = "UPDATE workspace_feeds SET seq = seq + 1 WHERE workspace_id = :here RETURNING seq"


def _plain(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return value.hex
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def found(connection: sa.Connection) -> dict[str, list[str]]:
    """What the index finds for each of the words, past the services and past row-level security."""
    query = sa.text(FIND[connection.dialect.name])
    return {
        word: sorted(f"{kind} {uuid.UUID(str(subject))}" for kind, subject in hits)
        for word in WORDS
        for hits in (connection.execute(query, {"word": f'"{word}"'}).all(),)
    }


FIND = {
    "sqlite": "SELECT kind, subject_id FROM search_index JOIN search_document d ON d.id = search_index.rowid "
    "WHERE search_index MATCH :word",
    "postgresql": "SELECT kind, subject_id FROM search_document "
    "WHERE vector @@ phraseto_tsquery('simple', :word)",
}


def counts(connection: sa.Connection) -> dict[str, int]:
    """The rows of every table; whoever asks must own them, or sees what a policy shows."""
    names = sa.inspect(connection).get_table_names()
    return {name: connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one() for name in names}
