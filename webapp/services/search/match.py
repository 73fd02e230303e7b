"""Asking the index: FTS5 in a thread on SQLite, a function over GIN on PostgreSQL. Newest documents first.

Every word is quoted, so nothing of either engine's own language comes through.
"""

import time
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from webapp import green
from webapp.errors import Unavailable
from webapp.extensions import db
from webapp.models import SearchDocument, Ticket
from webapp.services.search.grammar import Term
from webapp.tenancy import require_workspace_id

WINDOW = 500
"""So many of the newest documents that match are weighed against each other."""
FILTERED = 5000
"""So many are looked through where conditions pick among them."""
LONGEST_SECONDS = 2.0
TITLE_WEIGHT = 5.0
NO_END = 2**62


@dataclass(frozen=True)
class Match:
    """A document that matches: what it is about, and how well it fits (higher is better)."""

    id: int
    subject_id: uuid.UUID
    kind: str
    ticket_id: uuid.UUID | None
    rank: float

    @property
    def written_at(self) -> float:
        """When its subject was made, in seconds; a UUIDv7 begins with that."""
        return (self.subject_id.int >> 80) / 1000


def matches(
    terms: list[Term],
    kinds: tuple[str, ...],
    *,
    where: list[sa.ColumnElement[bool]],
    picky: bool = False,
    before: int = NO_END,
    session: Any = None,
) -> list[Match]:
    """The newest documents of these kinds that match all terms.

    `where`: conditions on `Ticket`; `picky`: whether they leave out much. `before`: the id of the last
    document already seen. Raises `Unavailable` when it takes too long.
    """
    session = session or db.session()
    if session.get_bind().dialect.name == "sqlite":
        rows = _run_in_thread(session, _sqlite(terms, kinds, where, before))
    else:
        newest = FILTERED if picky else WINDOW
        rows = session.execute(_postgresql(terms, kinds, where, before, newest)).all()
    return [
        Match(id_, _uuid(subject), kind, _uuid(ticket) if ticket else None, float(rank))
        for id_, subject, kind, ticket, rank in rows
    ]


def _uuid(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


COLUMNS = (
    SearchDocument.id,
    SearchDocument.subject_id,
    SearchDocument.kind,
    SearchDocument.ticket_id,
)


def _on_tickets(query: Any, where: list[sa.ColumnElement[bool]]) -> Any:
    joined = query.join(Ticket, Ticket.id == SearchDocument.ticket_id)
    return joined.where(Ticket.workspace_id == require_workspace_id(), *where)


# --- PostgreSQL -----------------------------------------------------------------------------------


def _postgresql(terms: list[Term], kinds: tuple[str, ...], where: Any, before: int, newest: int) -> Any:
    wanted = sa.cast(_tsquery(terms), postgresql.TSQUERY)
    listed = sa.cast(list(kinds), postgresql.ARRAY(sa.Text))
    found = sa.func.search_matches(wanted, listed, sa.cast(before, sa.BigInteger), newest).table_valued(
        sa.column("id", sa.BigInteger), sa.column("rank", sa.Float), name="found"
    )
    query = sa.select(*COLUMNS, found.c.rank).join(found, found.c.id == SearchDocument.id)
    query = _on_tickets(query, where) if "ticket" in kinds else query
    return query.order_by(SearchDocument.id.desc()).limit(WINDOW)


def _tsquery(terms: list[Term]) -> str:
    """The terms in PostgreSQL's language; words are letters and digits alone, and quoted all the same."""
    return " & ".join(("!" if term.without else "") + f"({_phrase(term)})" for term in terms)


def _phrase(term: Term) -> str:
    return " <-> ".join(f"'{word}'" for word in term.words) + (":*" if term.goes_on else "")


# --- SQLite ---------------------------------------------------------------------------------------


def _sqlite(terms: list[Term], kinds: tuple[str, ...], where: Any, before: int) -> Any:
    index = sa.table("search_index", sa.column("rowid", sa.Integer))
    whole = sa.literal_column("search_index")
    rank = -sa.func.bm25(whole, TITLE_WEIGHT, 1.0)
    query = (
        sa.select(*COLUMNS, rank)
        .select_from(index)
        .join(SearchDocument, SearchDocument.id == index.c.rowid)
        .where(
            whole.op("MATCH")(_fts5(terms)),
            index.c.rowid < before,
            SearchDocument.workspace_id == require_workspace_id(),
            SearchDocument.kind.in_(kinds),
        )
    )
    query = _on_tickets(query, where) if "ticket" in kinds else query
    return query.order_by(index.c.rowid.desc()).limit(WINDOW)


def _fts5(terms: list[Term]) -> str:
    """The terms in FTS5's language, each phrase quoted."""

    def phrase(term: Term) -> str:
        return f'"{" ".join(term.words)}"' + (" *" if term.goes_on else "")

    wanted = " AND ".join(phrase(term) for term in terms if not term.without)
    unwanted = "".join(f" NOT {phrase(term)}" for term in terms if term.without)
    return f"({wanted}){unwanted}"


def _run_in_thread(session: Any, query: Any) -> list[Any]:
    """Runs finished SQL on the session's own connection in a real thread: the loop goes on meanwhile."""
    session.flush()
    connection = session.connection()
    compiled = query.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    # What SQLAlchemy itself would send the values through; a list's values have theirs apart.
    expanded = compiled._post_compile_expanded_state  # noqa: SLF001
    processors = {**compiled._bind_processors, **(expanded.processors if expanded else {})}  # noqa: SLF001
    given = compiled.construct_params()
    values = [
        processors[name](given[name]) if name in processors else given[name] for name in compiled.positiontup
    ]
    rows = green.run_in_thread(_fetch, connection.connection.dbapi_connection, str(compiled), values)
    if rows is None:
        raise Unavailable("The search took too long; say more exactly what you look for")
    return list(rows)


def _fetch(raw: Any, sql: str, values: list[Any]) -> list[Any] | None:
    give_up_at = time.perf_counter() + LONGEST_SECONDS
    raw.set_progress_handler(lambda: time.perf_counter() > give_up_at, 50_000)
    try:
        return list(raw.execute(sql, values))
    except Exception as error:
        if "interrupted" in str(error):
            return None
        raise
    finally:
        raw.set_progress_handler(None, 0)
