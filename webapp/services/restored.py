"""After a backup was restored or a database moved: what must begin anew, and whether all holds that should.

Both work on a connection of the tables' owner, past workspaces, before anybody is served.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.models import AccountToken, Attachment, InboundMail, Installation, UserSession
from webapp.words import vector

REASON = "restored"

RULES = {
    "tickets do not have the events 1 to their last": """
        SELECT count(*) FROM tickets t LEFT JOIN (
          SELECT ticket_id, count(*) AS n, max(ticket_seq) AS last, count(public_seq) AS shown,
                 max(public_seq) AS last_shown FROM events WHERE ticket_id IS NOT NULL GROUP BY ticket_id
        ) e ON e.ticket_id = t.id
        WHERE coalesce(e.n, 0) <> t.last_seq OR coalesce(e.last, 0) <> t.last_seq
           OR coalesce(e.shown, 0) <> t.last_public_seq OR coalesce(e.last_shown, 0) <> t.last_public_seq""",
    "tickets count other comments than they have": """
        SELECT count(*) FROM tickets t LEFT JOIN (
          SELECT ticket_id, count(*) AS n FROM comments GROUP BY ticket_id) c ON c.ticket_id = t.id
        WHERE coalesce(c.n, 0) <> t.comment_count""",
    "comments do not have the event that tells of them": """
        SELECT count(*) FROM comments c LEFT JOIN events e
          ON e.comment_id = c.id AND e.name = 'comment.created' AND e.ticket_seq = c.seq
        WHERE e.id IS NULL""",
    "workspaces have a feed with other events than 1 to its last": """
        SELECT count(*) FROM workspace_feeds f LEFT JOIN (
          SELECT workspace_id, count(workspace_seq) AS n, max(workspace_seq) AS last FROM events
          GROUP BY workspace_id) e ON e.workspace_id = f.workspace_id
        WHERE coalesce(e.n, 0) <> f.seq OR coalesce(e.last, 0) <> f.seq""",
    "workspaces would give out a ticket's number again": """
        SELECT count(*) FROM (
          SELECT workspace_id, max(number) AS last FROM tickets GROUP BY workspace_id) t
        LEFT JOIN ticket_numbers n ON n.workspace_id = t.workspace_id
        WHERE n.number IS NULL OR n.number < t.last""",
    "tickets cannot be searched for": """
        SELECT count(*) FROM tickets t LEFT JOIN search_document d
          ON d.kind = 'ticket' AND d.subject_id = t.id WHERE d.id IS NULL""",
}
"""What must hold in any database, each with how to count what breaks it."""


def begin_anew(connection: sa.Connection) -> None:
    """Gives sequences a new epoch, and ends what may have been ended since: sign-ins and mailed links."""
    new_epoch(connection)
    now = clock.now()
    live = sa.update(UserSession).where(UserSession.revoked_at.is_(None))
    connection.execute(live.values(revoked_at=now, ended_for=REASON))
    connection.execute(sa.update(AccountToken).where(AccountToken.used_at.is_(None)).values(used_at=now))


def new_epoch(connection: sa.Connection) -> None:
    """Tells every client to take everything anew, whatever it knows already."""
    connection.execute(sa.update(Installation).values(epoch=int(clock.now().timestamp())))


def _vector(row: Mapping[str, Any]) -> str:
    return vector(row["title"].split(), row["body"].split())


POSTGRESQL_ALONE = {"search_document": ("vector", _vector)}
"""What SQLite keeps beside its tables and PostgreSQL in a column."""


def problems(connection: sa.Connection, files: Path) -> list[str]:
    """One sentence for each rule that a database and its folder of files break."""
    return [*_broken_rules(connection), *_missing_files(connection, files)]


def _broken_rules(connection: sa.Connection) -> Iterator[str]:
    for sentence, query in RULES.items():
        if count := connection.execute(sa.text(query)).scalar_one():
            yield f"{count:,} {sentence}"


def _missing_files(connection: sa.Connection, files: Path) -> Iterator[str]:
    """Each attachment and each mail that came has its file, as long as it is said to be."""
    for model in (Attachment, InboundMail):
        sized = sa.select(model.storage_key, model.size_bytes)
        found = connection.execute(sized, execution_options={"yield_per": 1000})
        wrong = sum(not _is_whole(files / key, size) for key, size in found)
        if wrong:
            yield f"{wrong:,} rows of {model.__tablename__} have no file, or one of another size"


def _is_whole(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False
