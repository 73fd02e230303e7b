"""INSERT … ON CONFLICT: for rows that somebody else may be writing at the same moment.

Each statement is built once, which takes ten times as long as running it. It goes past the ORM: rows name
their columns as the table does, and their workspace.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import orm
from sqlalchemy.dialects import postgresql, sqlite

from webapp.tenancy import TenantError, TenantMixin, require_workspace_id

Row = dict[str, Any]


def put(
    model: Any,
    rows: Sequence[Row],
    *,
    keys: tuple[str, ...],
    moved: tuple[str, ...],
    session: Any,
    flushes: bool = True,
) -> None:
    """Writes rows; where one with the same `keys` is there, its columns `moved` are overwritten.

    `flushes`: first, as the ORM does before a statement. Raises `TenantError` for a row of another workspace.
    """
    if flushes:
        session.flush()
    _run(_putting(model, _dialect(session), keys, moved), model, rows, session)


def add_unless_there(model: Any, row: Row, *, session: Any) -> Any:
    """The row as an object of the session, with the model's defaults; None where one like it is there.

    Raises `TenantError` for a row of another workspace.
    """
    session.flush()
    whole = {**_defaults(model), **row}
    if not _run(_adding(model, _dialect(session)), model, [whole], session).rowcount:
        return None
    made = model(**whole)
    orm.make_transient_to_detached(made)
    session.add(made)
    return made


def _run(statement: Any, model: Any, rows: Sequence[Row], session: Any) -> Any:
    if issubclass(model, TenantMixin):
        here = require_workspace_id()
        if any(row["workspace_id"] != here for row in rows):
            raise TenantError(f"{model.__name__} of another workspace")
    given: Any = rows[0] if len(rows) == 1 else rows
    return session.execute(statement, given, execution_options={"unscoped": True})


def _dialect(session: Any) -> Any:
    return postgresql if session.get_bind().dialect.name == "postgresql" else sqlite


@cache
def _adding(model: Any, dialect: Any) -> Any:
    return dialect.insert(model.__table__).on_conflict_do_nothing()


@cache
def _putting(model: Any, dialect: Any, keys: tuple[str, ...], moved: tuple[str, ...]) -> Any:
    adding = dialect.insert(model.__table__)
    new = {name: adding.excluded[name] for name in moved}
    return adding.on_conflict_do_update(index_elements=keys, set_=new)


def _defaults(model: Any) -> Row:
    return {name: _value_of(default) for name, default in _columns(model)}


def _value_of(default: Any) -> Any:
    if default is None:
        return None
    return default.arg(None) if default.is_callable else default.arg


@cache
def _columns(model: Any) -> list[tuple[str, Any]]:
    return [(column.key, column.default) for column in model.__table__.columns]
