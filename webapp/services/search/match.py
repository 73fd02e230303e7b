"""Asking the index: FTS5 in a thread on SQLite, a function over GIN on PostgreSQL. Newest documents first.

Every word is quoted, so nothing of either engine's own language comes through.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from webapp.errors import Unavailable
from webapp.extensions import db
from webapp.models import SearchDocument
from webapp.reading import TookTooLong, fetch_aside
from webapp.services.search.grammar import Term
from webapp.tenancy import require_workspace_id

WINDOW = 500
"""So many of the newest documents that match are weighed against each other."""
FILTERED = 5000
"""So many are looked through where conditions pick among them."""
LONGEST_SECONDS = 2.0
NO_END = 2**62


@dataclass(frozen=True)
class Match:
    """A document that matches: what it is about, its title's words and how long its text is."""

    id: int
    subject_id: uuid.UUID
    kind: str
    ticket_id: uuid.UUID | None
    title: str
    length: int

    @property
    def written_at(self) -> float:
        """When its subject was made, in seconds; a UUIDv7 begins with that."""
        return (self.subject_id.int >> 80) / 1000


def matches(
    terms: list[Term],
    kinds: tuple[str, ...],
    *,
    before: int = NO_END,
    newest: int = WINDOW,
    session: Any = None,
) -> list[Match]:
    """The newest documents of these kinds that match all terms; `before`: of those below this id.

    Raises `Unavailable` when it takes too long.
    """
    session = session or db.session()
    if session.get_bind().dialect.name == "sqlite":
        query = _sqlite(terms, kinds, before, newest)
    else:
        query = _postgresql(terms, kinds, before, newest)
    try:
        rows = fetch_aside(session, query, seconds=LONGEST_SECONDS)
    except TookTooLong:
        raise Unavailable("The search took too long; say more exactly what you look for") from None
    return [Match(*row) for row in rows]


def by_ids(selected: Any, model: Any, ids: Collection[uuid.UUID | None], *, session: Any = None) -> Any:
    """A query for rows of this workspace by their ids, which SQLite too begins with the ids.

    Without statistics its planner takes any equality for rarer than a list of ids, and would read the whole
    workspace; the plus takes the equality away from its indexes, not from the rows.
    """
    query = sa.select(selected).where(model.id.in_(ids))
    if (session or db.session()).get_bind().dialect.name != "sqlite":
        return query
    here = sa.bindparam(None, require_workspace_id(), type_=model.workspace_id.type)
    confined = query.where(sa.literal_column(f"+{model.__tablename__}.workspace_id") == here)
    return confined.execution_options(unscoped=True)


COLUMNS = (
    SearchDocument.id,
    SearchDocument.subject_id,
    SearchDocument.kind,
    SearchDocument.ticket_id,
    SearchDocument.title,
    sa.func.length(SearchDocument.body),
)


# --- PostgreSQL -----------------------------------------------------------------------------------


def _postgresql(terms: list[Term], kinds: tuple[str, ...], before: int, newest: int) -> Any:
    wanted = sa.cast(_tsquery(terms), postgresql.TSQUERY)
    listed = sa.cast(list(kinds), postgresql.ARRAY(sa.Text))
    found = sa.func.search_matches(wanted, listed, sa.cast(before, sa.BigInteger), newest).table_valued(
        sa.column("id", sa.BigInteger), name="found"
    )
    query = sa.select(*COLUMNS).join(found, found.c.id == SearchDocument.id)
    return query.order_by(SearchDocument.id.desc())


def _tsquery(terms: list[Term]) -> str:
    """The terms in PostgreSQL's language; words are letters and digits alone, and quoted all the same."""
    return " & ".join(("!" if term.without else "") + f"({_phrase(term)})" for term in terms)


def _phrase(term: Term) -> str:
    return " <-> ".join(f"'{word}'" for word in term.words) + (":*" if term.goes_on else "")


# --- SQLite ---------------------------------------------------------------------------------------


def _sqlite(terms: list[Term], kinds: tuple[str, ...], before: int, newest: int) -> Any:
    index = sa.table("search_index", sa.column("rowid", sa.Integer))
    here = sa.bindparam(None, require_workspace_id(), type_=SearchDocument.workspace_id.type)
    query = (
        sa.select(*COLUMNS)
        .select_from(index)
        .join(SearchDocument, SearchDocument.id == index.c.rowid)
        .where(
            sa.literal_column("search_index").op("MATCH")(_fts5(terms)),
            index.c.rowid < before,
            # The plus keeps the planner from beginning with the workspace's documents instead of the words.
            sa.literal_column("+search_document.workspace_id") == here,
            sa.literal_column("+search_document.kind").in_(kinds),
        )
    )
    return query.order_by(index.c.rowid.desc()).limit(newest)


def _fts5(terms: list[Term]) -> str:
    """The terms in FTS5's language, each phrase quoted."""

    def phrase(term: Term) -> str:
        return f'"{" ".join(term.words)}"' + (" *" if term.goes_on else "")

    wanted = " AND ".join(phrase(term) for term in terms if not term.without)
    unwanted = "".join(f" NOT {phrase(term)}" for term in terms if term.without)
    return f"({wanted}){unwanted}"
