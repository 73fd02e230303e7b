"""Long reads that stop nobody: on SQLite, finished SQL runs in a real thread, and the loop goes on."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from webapp import green


class TookTooLong(Exception):
    """A read was given up."""


def fetch_aside(
    session: Any,
    query: Any,
    *,
    seconds: float,
    digest: Callable[[list[Any]], list[Any]] = list,
    each: Sequence[Mapping[str, Any]] = ({},),
) -> list[Any]:
    """The rows of a query, as tuples of Python's values; `digest` makes others of them first.

    `each`, on SQLite only: the query is asked once with each of these values of its parameters, and all rows
    come back together.

    On SQLite both happen in a real thread, on the session's own connection and past the session's events: the
    workspace must be in the query, and `digest` must touch nothing patched; it may add columns at the end.
    Raises `TookTooLong` after so many seconds there; PostgreSQL has its own limit.
    """
    if session.get_bind().dialect.name != "sqlite":
        return digest([tuple(row) for row in session.execute(query)])
    session.flush()
    connection = session.connection()
    dialect, raw = connection.dialect, connection.connection.dbapi_connection
    compiled = query.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    sql, values = str(compiled), list(_values(compiled, each))
    readers = [column.type._cached_result_processor(dialect, None) for column in query.selected_columns]  # noqa: SLF001

    def fetch() -> list[Any] | None:
        rows = _fetch(raw, sql, values, seconds)
        return None if rows is None else digest([_read(row, readers) for row in rows])

    found: list[Any] | None = green.run_in_thread(fetch)
    if found is None:
        raise TookTooLong
    return found


def _read(row: Any, readers: list[Any]) -> tuple[Any, ...]:
    return tuple(read(value) if read else value for read, value in zip(readers, row, strict=True))


def _values(compiled: Any, each: Sequence[Mapping[str, Any]]) -> Iterator[list[Any]]:
    """What is sent, once for each of the values that differ."""
    # What SQLAlchemy itself would send the values through; a list's values have theirs apart.
    expanded = compiled._post_compile_expanded_state  # noqa: SLF001
    processors = {**compiled._bind_processors, **(expanded.processors if expanded else {})}  # noqa: SLF001

    def sent(name: str, value: Any) -> Any:
        return processors[name](value) if name in processors else value

    names, given = compiled.positiontup, compiled.construct_params()
    shared = {name: sent(name, given[name]) for name in names}
    for one in each:
        different = {name: sent(name, value) for name, value in one.items()}
        yield [different[name] if name in different else shared[name] for name in names]


def _fetch(raw: Any, sql: str, asked: list[list[Any]], seconds: float) -> list[Any] | None:
    give_up_at = time.perf_counter() + seconds
    raw.set_progress_handler(lambda: time.perf_counter() > give_up_at, 50_000)
    try:
        return [row for values in asked for row in raw.execute(sql, values)]
    except Exception as error:
        if "interrupted" in str(error):
            return None
        raise
    finally:
        raw.set_progress_handler(None, 0)
