"""Workspaces are isolated, by three locks.

1. Every ORM query and flush is confined to the current workspace.
2. Core and raw SQL on tenant tables is refused unless marked `execution_options(unscoped=True)`.
3. On PostgreSQL, row-level security reads `app.workspace_id`, which this module keeps set.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlalchemy.orm import Mapped, ORMExecuteState, mapped_column, with_loader_criteria
from sqlalchemy.sql import visitors

from webapp.database import Base, Session

_workspace: ContextVar[uuid.UUID | None] = ContextVar("workspace", default=None)


class NoWorkspace(RuntimeError):
    """A tenant model was touched outside `use_workspace`."""


class TenantError(RuntimeError):
    """A statement or row that would cross the border between workspaces."""


class TenantMixin:
    """A model whose rows belong to one workspace and are seen only from inside it."""

    workspace_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("workspaces.id"), index=True)


def belongs_to(table: str, column: str | None = None, **options: Any) -> sa.ForeignKeyConstraint:
    """A foreign key to another tenant table, composite: plain ones pass row-level security.

    `column` defaults to the singular of the table's name + `_id`.
    """
    column = column or f"{table.removesuffix('s')}_id"
    return sa.ForeignKeyConstraint(
        ["workspace_id", column], [f"{table}.workspace_id", f"{table}.id"], **options
    )


@cache
def tenant_tables() -> frozenset[Any]:
    """The tables whose rows belong to a workspace and are guarded."""
    mappers = Base.registry.mappers
    return frozenset(mapper.local_table for mapper in mappers if issubclass(mapper.class_, TenantMixin))


def current_workspace_id() -> uuid.UUID | None:
    """The workspace of the innermost `use_workspace`, if any."""
    return _workspace.get()


def require_workspace_id() -> uuid.UUID:
    """As `current_workspace_id`, but raises `NoWorkspace` where there is none."""
    found = _workspace.get()
    if found is None:
        raise NoWorkspace("open use_workspace(…) before touching a workspace's data")
    return found


@contextmanager
def use_workspace(workspace: Any) -> Iterator[uuid.UUID]:
    """Inside, new rows take this workspace (a `Workspace` or its id) and queries see only it.

    Switching to another one with unflushed changes raises `TenantError`; a switch forgets loaded objects,
    because `session.get()` would answer from the identity map.
    """
    workspace_id = (
        workspace if isinstance(workspace, uuid.UUID) else uuid.UUID(str(getattr(workspace, "id", workspace)))
    )
    session = _app_session()
    _enter(session, workspace_id)
    token = _workspace.set(workspace_id)
    _tell_postgresql(session)
    try:
        yield workspace_id
    finally:
        before = token.old_value if token.old_value is not token.MISSING else None
        _workspace.reset(token)
        if before is not None and before != workspace_id and session is not None:
            _forget(session, before)
        _tell_postgresql(session)


def _app_session() -> Any:
    from flask import has_app_context

    from webapp.extensions import db

    return db.session() if has_app_context() else None


def _enter(session: Any, workspace_id: uuid.UUID) -> None:
    if session is None:
        return
    if session.info.get("workspace") not in (None, workspace_id):
        if any(isinstance(row, TenantMixin) for row in (*session.new, *session.dirty, *session.deleted)):
            raise TenantError("switching the workspace with unflushed changes")
        _forget(session, workspace_id)
    session.info["workspace"] = workspace_id


def _forget(session: Any, workspace_id: uuid.UUID) -> None:
    for row in list(session):
        if isinstance(row, TenantMixin):
            session.expunge(row)
    session.info["workspace"] = workspace_id


def _tell_postgresql(session: Any) -> None:
    if session is not None and session.in_transaction():
        for connection in {id(c): c for c in _open_connections(session)}.values():
            set_workspace(connection)


def _open_connections(session: Any) -> Iterator[sa.Connection]:
    transaction = session.get_nested_transaction() or session.get_transaction()
    for entry in getattr(transaction, "_connections", {}).values():
        yield entry[0]


def set_workspace(connection: sa.Connection) -> None:
    """Tells PostgreSQL's row-level security which workspace this transaction is in."""
    if connection.dialect.name == "postgresql":
        value = _workspace.get()
        connection.exec_driver_sql(
            "SELECT set_config('app.workspace_id', %s, true)", (str(value) if value else "",)
        )


def take_turns(what: str, session: Any) -> None:
    """Lets nobody else of this workspace pass here with the same `what` until this transaction has ended.

    SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = sa.text("SELECT pg_advisory_xact_lock(hashtext(:what), hashtext(:workspace))")
        given = {"what": what, "workspace": str(require_workspace_id())}
        session.execute(lock, given, execution_options={"unscoped": True})


@event.listens_for(Session, "after_begin")
def _after_begin(_session: Session, transaction: Any, connection: sa.Connection) -> None:
    if transaction.nested:
        return  # a savepoint has what its transaction was told
    if _workspace.get() is not None or connection.in_nested_transaction():  # else nothing is set yet
        set_workspace(connection)


@event.listens_for(Session, "do_orm_execute")
def _confine(state: ORMExecuteState) -> None:
    if state.execution_options.get("unscoped"):
        return
    if state.is_orm_statement and not (state.is_insert or _is_core(state.statement)):
        if state.is_column_load or state.is_relationship_load:
            return
        workspace_id = _workspace.get()
        if workspace_id is None:
            if _touches_tenant(state):
                require_workspace_id()
            return
        if state.is_update and any(
            c.name == "workspace_id" for c in getattr(state.statement, "_values", None) or ()
        ):
            raise TenantError("workspace_id is never updated")
        state.statement = state.statement.options(_criteria(workspace_id))
        return
    _guard(state.statement)


@lru_cache(maxsize=1000)
def _criteria(workspace_id: uuid.UUID) -> Any:
    return with_loader_criteria(
        TenantMixin, lambda cls: cls.workspace_id == workspace_id, include_aliases=True
    )


def _is_core(statement: Any) -> bool:
    return isinstance(statement, sa.TextClause)


def _touches_tenant(state: ORMExecuteState) -> bool:
    tables = tenant_tables()
    return any(_table_of(element) in tables for element in visitors.iterate(state.statement))


def _table_of(element: Any) -> Any:
    if isinstance(element, sa.Table):
        return element
    return getattr(element, "table", None)


def _guard(statement: Any) -> None:
    if isinstance(statement, sa.TextClause):
        raise TenantError("raw SQL needs execution_options(unscoped=True)")
    tables = tenant_tables()
    for element in (statement, *visitors.iterate(statement)):
        if _table_of(element) in tables:
            raise TenantError("a Core statement on a tenant table needs execution_options(unscoped=True)")


@event.listens_for(Session, "before_flush")
def _check_rows(session: Session, _context: Any, _instances: Any) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        if not isinstance(row, TenantMixin):
            continue
        workspace_id = require_workspace_id()
        if row.workspace_id is None:
            row.workspace_id = workspace_id
        elif row.workspace_id != workspace_id:
            raise TenantError(f"{type(row).__name__} of another workspace")


def _get_needs_workspace(self: Session, entity: Any, ident: Any, **options: Any) -> Any:
    mapper = sa.inspect(entity)
    if issubclass(mapper.class_, TenantMixin):
        workspace_id = require_workspace_id()
        found = orm.Session.get(self, entity, ident, **options)
        return found if found is None or found.workspace_id == workspace_id else None
    return orm.Session.get(self, entity, ident, **options)


Session.get = _get_needs_workspace  # type: ignore[method-assign]


def _refuse_bulk(_session: Session, *_arguments: Any, **_options: Any) -> None:
    raise TenantError("the legacy bulk methods pass the flush check; add rows instead")


for _name in ("bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"):
    setattr(Session, _name, _refuse_bulk)
