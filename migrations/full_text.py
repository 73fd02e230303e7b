"""The full-text index: FTS5 beside `search_document` on SQLite, a function that may use GIN on PostgreSQL.

Under row-level security PostgreSQL uses no index for `@@` (it isn't leakproof), so the function runs as the
tables' owner and reads the workspace by itself.
"""

from typing import Any

import sqlalchemy as sa
from row_security import POLICY, app_role

BATCH = 500
SQLITE = (
    """CREATE VIRTUAL TABLE IF NOT EXISTS search_index USING fts5(title, body, content='search_document',
         content_rowid='id', tokenize="unicode61 remove_diacritics 2", prefix='2 3')""",
    """CREATE TRIGGER IF NOT EXISTS search_document_added AFTER INSERT ON search_document BEGIN
         INSERT INTO search_index(rowid, title, body) VALUES (new.id, new.title, new.body); END""",
    """CREATE TRIGGER IF NOT EXISTS search_document_removed AFTER DELETE ON search_document BEGIN
         INSERT INTO search_index(search_index, rowid, title, body)
         VALUES ('delete', old.id, old.title, old.body); END""",
    """CREATE TRIGGER IF NOT EXISTS search_document_changed AFTER UPDATE OF title, body
         ON search_document BEGIN
         INSERT INTO search_index(search_index, rowid, title, body)
         VALUES ('delete', old.id, old.title, old.body);
         INSERT INTO search_index(rowid, title, body) VALUES (new.id, new.title, new.body); END""",
)
FEW = 5000
"""So many documents are gathered by the words alone; where there are more, the newest ones are enough."""
HERE = f"d.{POLICY}".replace("'", "''")
POSTGRESQL = f"""
CREATE FUNCTION search_matches(wanted tsquery, kinds text[], before bigint, newest integer)
RETURNS TABLE (id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE few bigint[];
BEGIN
  -- Left to itself the planner reads a million rows backwards for a word that one of them holds.
  EXECUTE 'SELECT array_agg(found.id) FROM
    (SELECT d.id FROM search_document d WHERE {HERE} AND d.vector @@ $1 LIMIT {FEW + 1}) found'
  INTO few USING wanted;
  IF coalesce(cardinality(few), 0) <= {FEW} THEN
    RETURN QUERY SELECT d.id FROM search_document d
      WHERE d.id = ANY (few) AND d.kind = ANY (kinds) AND d.id < before ORDER BY d.id DESC LIMIT newest;
  ELSE
    RETURN QUERY EXECUTE
      'SELECT d.id FROM search_document d
        WHERE {HERE} AND d.vector @@ $1 AND d.kind = ANY ($2) AND d.id < $3
        ORDER BY d.id DESC LIMIT $4'
    USING wanted, kinds, before, newest;
  END IF;
END $$
"""


def make(connection: sa.Connection) -> None:
    """Makes the index."""
    if connection.dialect.name == "sqlite":
        for statement in SQLITE:
            connection.exec_driver_sql(statement)
        return
    connection.exec_driver_sql(POSTGRESQL.replace("%", "%%"))
    signature = "search_matches(tsquery, text[], bigint, integer)"
    connection.exec_driver_sql(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    connection.exec_driver_sql(f'GRANT EXECUTE ON FUNCTION {signature} TO "{app_role()}"')


def drop(connection: sa.Connection) -> None:
    """Drops it."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("DROP TABLE IF EXISTS search_index")
        return
    connection.exec_driver_sql("DROP FUNCTION search_matches(tsquery, text[], bigint, integer)")


def virtual_tables(sqlite: Any) -> frozenset[str]:
    """The virtual tables of a raw SQLite connection, and what they keep their data in."""
    query = "SELECT name FROM pragma_table_list WHERE type IN ('virtual', 'shadow')"
    return frozenset(name for (name,) in sqlite.execute(query))


def check(connection: sa.Connection) -> None:
    """After migrations: triggers that a batch took along are made again, and the index is compared."""
    raw = connection.connection.dbapi_connection
    if connection.dialect.name != "sqlite" or "search_index" not in virtual_tables(raw):
        return
    make(connection)
    connection.exec_driver_sql("INSERT INTO search_index(search_index, rank) VALUES ('integrity-check', 1)")


def index_what_is_there(connection: sa.Connection) -> None:
    """A document for each ticket, comment and customer."""
    from webapp.words import vector, words

    postgresql = connection.dialect.name == "postgresql"
    insert = sa.text(
        "INSERT INTO search_document"
        " (workspace_id, kind, subject_id, ticket_id, customer_id, title, body, vector)"
        " VALUES (:workspace_id, :kind, :subject_id, :ticket_id, :customer_id, :title, :body, "
        + ("CAST(:vector AS tsvector))" if postgresql else ":vector)")
    )
    for kind, query in _EXISTING.items():
        rows = connection.exec_driver_sql(query, execution_options={"yield_per": BATCH})
        for part in rows.mappings().partitions():
            connection.execute(insert, [_document(kind, row, vector, words, postgresql) for row in part])


_EXISTING = {
    "ticket": "SELECT workspace_id, id AS subject_id, id AS ticket_id, title, description AS body "
    "FROM tickets ORDER BY id",
    "comment": "SELECT workspace_id, id AS subject_id, ticket_id, '' AS title, content AS body "
    "FROM comments ORDER BY id",
    "customer": "SELECT workspace_id, id AS subject_id, id AS customer_id, coalesce(name, '') AS title, "
    "coalesce(email, '') || ' ' || coalesce(claimed_email, '') || ' ' || coalesce(company, '') AS body "
    "FROM customers ORDER BY id",
}


def _document(kind: str, row: Any, vector: Any, words: Any, postgresql: bool) -> dict[str, Any]:
    title, body = words(row["title"]), words(row["body"])
    return {
        "workspace_id": row["workspace_id"],
        "kind": kind,
        "subject_id": row["subject_id"],
        "ticket_id": row.get("ticket_id"),
        "customer_id": row.get("customer_id"),
        "title": " ".join(title),
        "body": " ".join(body),
        "vector": vector(title, body) if postgresql else None,
    }
