"""What must hold in any database, whatever has happened to it: `check(url)` lists what does not.

It reads the tables as their owner, past the services and row-level security, to share no mistake with them.
"""

import itertools
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from webapp.database import Base
from webapp.models import Job, User, Workspace
from webapp.tenancy import tenant_tables

FOLDED = ("title", "status", "priority", "category", "assigned_agent_id", "team_id", "spam", "customer_id")
"""A ticket's fields whose every change is in the ledger."""


def check(url: str, files: Path | None = None) -> None:
    """Fails with every rule that a database (and its folder of files, if there is one) breaks."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection, _as_of_now(connection):
            broken = list(Ledger.read(connection).broken(files))
    finally:
        engine.dispose()
    assert not broken, "\n".join(broken[:50])


@contextmanager
def _as_of_now(connection: sa.Connection) -> Iterator[None]:
    """All tables as of one moment: a server may go on writing meanwhile."""
    is_sqlite = connection.dialect.name == "sqlite"
    begin = "BEGIN" if is_sqlite else "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
    connection.exec_driver_sql(begin)
    yield
    connection.rollback()


@dataclass
class Ledger:
    """All rows that the rules are about."""

    rows: dict[str, list[Any]]

    @classmethod
    def read(cls, connection: sa.Connection) -> "Ledger":
        """Everything that belongs to a workspace."""
        tables = {Job.__table__, User.__table__, Workspace.__table__, *tenant_tables()}
        return cls({table.name: list(connection.execute(sa.select(table)).mappings()) for table in tables})

    @cached_property
    def events_of(self) -> dict[uuid.UUID, list[Any]]:
        """Each ticket's events in order."""
        found = defaultdict(list)
        for event in self.rows["events"]:
            if event["ticket_id"]:
                found[event["ticket_id"]].append(event)
        return {ticket: sorted(rows, key=lambda row: row["ticket_seq"]) for ticket, rows in found.items()}

    @cached_property
    def comments_of(self) -> dict[uuid.UUID, list[Any]]:
        """Each ticket's comments in order."""
        found = defaultdict(list)
        for comment in self.rows["comments"]:
            found[comment["ticket_id"]].append(comment)
        return {ticket: sorted(rows, key=lambda row: row["seq"]) for ticket, rows in found.items()}

    def broken(self, files: Path | None) -> Iterator[str]:
        """One line for each rule that does not hold somewhere."""
        for ticket in self.rows["tickets"]:
            for problem in (*self._counts(ticket), *self._history(ticket), *self._standing(ticket)):
                yield f"ticket {ticket['number']}: {problem}"
        yield from self._comments()
        for workspace in self.rows["workspaces"]:
            yield from self._feed(workspace["id"])
        yield from self._work()
        yield from self._borders()
        yield from self._files(files) if files else ()

    # --- one ticket ---------------------------------------------------------------------------

    def _counts(self, ticket: Any) -> Iterator[str]:
        events = self.events_of.get(ticket["id"], [])
        seqs = [event["ticket_seq"] for event in events]
        if seqs != list(range(1, ticket["last_seq"] + 1)):
            yield f"seq is not 1 to {ticket['last_seq']}: {seqs}"
        public = [event["public_seq"] for event in events if event["public_seq"] is not None]
        if public != list(range(1, ticket["last_public_seq"] + 1)):
            yield f"public_seq is not 1 to {ticket['last_public_seq']}: {public}"

    def _history(self, ticket: Any) -> Iterator[str]:
        """The ledger's changes, one after the other, lead without a gap to what the row says."""
        known: dict[str, Any] = {}
        for event in self.events_of.get(ticket["id"], []):
            for field, (old, new) in event["changes"].items():
                if field in FOLDED and known.get(field, old) != old:
                    yield f"event {event['ticket_seq']} changes {field} from {old}, it was {known[field]}"
                known[field] = new
        for field in FOLDED:
            stored = ticket["is_spam" if field == "spam" else field]
            stored = str(stored) if isinstance(stored, uuid.UUID) else stored
            if field in known and known[field] != stored:
                yield f"{field} is {stored}, by its events {known[field]}"

    def _standing(self, ticket: Any) -> Iterator[str]:
        """What the row sums up agrees with the rows that it sums up."""
        comments = self.comments_of.get(ticket["id"], [])
        marks = {row["side"]: row for row in self.rows["read_marks"] if row["ticket_id"] == ticket["id"]}
        if ticket["comment_count"] != len(comments):
            yield f"comment_count is {ticket['comment_count']}, there are {len(comments)}"
        last, shown = comments[-1] if comments else None, ticket["last_comment"]
        if bool(last) != bool(shown) or (last and not _sums_up(last, shown)):
            yield f"last_comment is {shown}"
        theirs = [row["public_seq"] for row in comments if row["author_kind"] == "customer"]
        seen = marks["staff"]["seen"] if "staff" in marks else 0
        unread = sum(seq > seen for seq in theirs)
        if ticket["unread"] != unread:
            yield f"unread is {ticket['unread']}, there are {unread} after {seen}"
        if ticket["last_customer_seq"] != max(theirs, default=0):
            yield f"last_customer_seq is {ticket['last_customer_seq']}"
        for side, mark in marks.items():
            if not mark["seen"] <= mark["delivered"] <= ticket["last_public_seq"]:
                yield f"the {side} has read {mark['seen']} and got {mark['delivered']} of what there is"

    # --- across tickets -----------------------------------------------------------------------

    def _comments(self) -> Iterator[str]:
        """Each comment has one event, with its sequences; a note has no public one."""
        events = defaultdict(list)
        for event in self.rows["events"]:
            if event["comment_id"] and event["name"] == "comment.created":
                events[event["comment_id"]].append(event)
        for comment in self.rows["comments"]:
            found = [
                (event["name"], event["ticket_id"], event["ticket_seq"], event["public_seq"])
                for event in events[comment["id"]]
            ]
            if found != [("comment.created", comment["ticket_id"], comment["seq"], comment["public_seq"])]:
                yield f"comment {comment['id']} has the events {found}"
            if (comment["kind"] == "note") != (comment["public_seq"] is None):
                yield f"{comment['kind']} {comment['id']} has public_seq {comment['public_seq']}"
        sent = Counter((row["author_id"], row["client_id"]) for row in self.rows["comments"])
        for (_, client_id), times in sent.items():
            if client_id and times > 1:
                yield f"client_id {client_id} is there {times} times"

    def _feed(self, workspace_id: uuid.UUID) -> Iterator[str]:
        """The feed has no hole, and tickets stand in it in the order of their numbers, none left out."""
        mine = [event for event in self.rows["events"] if event["workspace_id"] == workspace_id]
        if any(event["workspace_seq"] is None for event in mine):
            yield "an event is not in the feed"
            return
        mine.sort(key=lambda event: event["workspace_seq"])
        last = [row["seq"] for row in self.rows["workspace_feeds"] if row["workspace_id"] == workspace_id]
        if [event["workspace_seq"] for event in mine] != list(range(1, len(mine) + 1)) or last != [len(mine)]:
            yield f"workspace_seq is not 1 to {last}: {[event['workspace_seq'] for event in mine]}"
        numbers = [event["changes"]["number"][1] for event in mine if event["name"] == "ticket.created"]
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"tickets were numbered {numbers}"
        stored = sorted(row["number"] for row in self.rows["tickets"] if row["workspace_id"] == workspace_id)
        given = [row["number"] for row in self.rows["ticket_numbers"] if row["workspace_id"] == workspace_id]
        if stored != numbers or given != [len(numbers)]:
            yield f"tickets have the numbers {stored} of {given}, their events say {numbers}"

    def _work(self) -> Iterator[str]:
        """A job that runs is somebody's; of what is promised in a ticket no clock runs twice."""
        for job in self.rows["jobs"]:
            if job["status"] == "running" and not (job["lease_token"] and job["lease_until"]):
                yield f"job {job['id']} runs and is nobody's"
        open_clocks = Counter(
            (clock["ticket_id"], clock["metric"])
            for clock in self.rows["sla_clocks"]
            if not clock["ended_at"]
        )
        for (ticket_id, metric), times in open_clocks.items():
            if times > 1:
                yield f"ticket {ticket_id} has {times} open clocks for {metric}"

    def _borders(self) -> Iterator[str]:
        """No row refers to one of another workspace."""
        home = {
            row["id"]: row["workspace_id"] for rows in self.rows.values() for row in rows if _is_ours(row)
        }
        for name, rows in self.rows.items():
            links = [
                column.name for column in Base.metadata.tables[name].columns if column.name.endswith("_id")
            ]
            for row, link in itertools.product(filter(_is_ours, rows), links):
                if home.get(row[link], row["workspace_id"]) != row["workspace_id"]:
                    yield f"{name}.{link} {row[link]} leads into another workspace"

    def _files(self, folder: Path) -> Iterator[str]:
        """Each attachment has its file, whole, and each file its attachment."""
        there = {f"{path.parent.name}/{path.name}": path.stat().st_size for path in folder.glob("*/*")}
        known = {row["storage_key"]: row["size_bytes"] for row in self.rows["attachments"]}
        for key in there.keys() | known.keys():
            if there.get(key) != known.get(key):
                yield f"file {key} has {there.get(key)} bytes, its attachment says {known.get(key)}"


def _sums_up(comment: Any, shown: dict[str, Any]) -> bool:
    preview = comment["content"][:140] or shown["preview"]  # without a text it is the names of the files
    return (shown["kind"], shown["preview"]) == (comment["kind"], preview)


def _is_ours(row: Any) -> bool:
    return "workspace_id" in row and "id" in row
