"""Connections to a CRM and to billing: made with a token, what is shared, and how it goes."""

from typing import Any

from webapp.api.doors import access, answers, nothing, staff_views
from webapp.api.matching import matching
from webapp.auth import current_actor
from webapp.database import read_only, transaction
from webapp.errors import NotFound
from webapp.models import Connection
from webapp.models.connection import CRMS, KINDS
from webapp.schemas.connection import (
    ConnectForm,
    ConnectIn,
    ConnectionOut,
    EntriesQuery,
    KindPath,
    Mapping,
    SharedIn,
    SyncEntryOut,
    connection_out,
    entry_out,
)
from webapp.schemas.export import JobOut, job_out
from webapp.schemas.paging import PageQuery, cut, page_out
from webapp.services import connection, crm
from webapp.services.crm import setup
from webapp.services.crm.vendors import mapping_of
from webapp.services.job import enqueue

bp = staff_views("connections_api", __name__)


@bp.get("/connections")
@access("settings:manage")
@answers(data=list[ConnectionOut], next_cursor=str | None)
def list_connections(query: PageQuery) -> Any:
    """Who the workspace is connected to."""
    with read_only():
        page, cursor = cut(connection.list_connections(), query, lambda row: (row.kind,), str)
        return page_out(page, cursor, connection_out)


@bp.get("/connections/<kind>")
@access("settings:manage")
@answers(connection=ConnectionOut)
def read_connection(path: KindPath) -> Any:
    """One of them, and how it goes."""
    with read_only():
        return {"connection": connection_out(connection.connection_for(_known(path)))}


def _known(path: KindPath, among: tuple[str, ...] = KINDS) -> str:
    if path.kind not in among:
        raise NotFound("There is no such connection")
    return path.kind


@bp.put("/connections/<kind>")
@access("settings:manage")
@answers(connection=ConnectionOut, may=(409,))
def put_connection(path: KindPath, body: ConnectIn) -> Any:
    """Tries what is given, and connects with it, or again: what is shared and the log stay.

    Where they send the browser of a person to be let in (OAuth), only the page connects.
    """
    form = ConnectForm(method="token", **body.model_dump())
    checked = setup.check(setup.read_token_form(_known(path), form), "token")
    with transaction():
        return {"connection": connection_out(setup.save_checked(checked))}


@bp.delete("/connections/<kind>")
@access("settings:manage")
@answers(204)
def delete_connection(path: KindPath) -> Any:
    """Cuts it, and forgets all that came of it here; nothing is deleted there."""
    with transaction():
        connection.delete_connection(_known(path))
    return nothing()


@bp.post("/connections/<kind>/test")
@access("settings:manage")
@answers(202, job=JobOut)
def test_connection(path: KindPath) -> Any:
    """Asks them whether we are let in; what they say is the job's result."""
    with transaction():
        connection.connection_for(_known(path))
        actor = current_actor()
        asker = actor.id if actor.kind == "user" else None
        job = enqueue(setup.TEST, {"kind": path.kind}, max_attempts=1, requested_by_id=asker)
        assert job is not None, "without a unique key a job is always made"
        return {"job": job_out(job)}, 202


@bp.get("/connections/<kind>/log")
@access("settings:manage")
@answers(data=list[SyncEntryOut], next_cursor=str | None)
def list_entries(path: KindPath, query: EntriesQuery) -> Any:
    """What was told and heard, newest first."""
    with read_only():
        found = connection.connection_for(_known(path))
        asked = {"only": query.only, "before": query.cursor, "limit": query.limit}
        entries, has_more = connection.list_entries(found.id, **asked)
        names = connection.customer_names(entries)
        cursor = str(entries[-1].id) if has_more else None
        return page_out(entries, cursor, lambda entry: entry_out(entry, names))


# --- what is shared with a CRM --------------------------------------------------------------------


@bp.get("/connections/<kind>/fields")
@access("settings:manage")
@answers(fields=Mapping)
def read_fields(path: KindPath) -> Any:
    """Which field is which there, and who tells whom."""
    with read_only():
        return {"fields": _shared(connection.connection_for(_known(path, CRMS)))}


def _shared(found: Connection) -> dict[str, Any]:
    return mapping_of(found.kind, found.mapping).model_dump(mode="json")


@bp.put("/connections/<kind>/fields")
@access("settings:manage")
@matching(read_fields)
@answers(fields=Mapping)
def put_fields(path: KindPath, body: SharedIn) -> Any:
    """Says what is shared, as a whole; it goes out with each customer's next change."""
    with transaction():
        return {"fields": _shared(setup.save_mapping(_known(path, CRMS), body))}


@bp.post("/connections/<kind>/retry")
@access("settings:manage")
@answers(count=int)
def retry_customers(path: KindPath) -> Any:
    """Tells a CRM anew of the customers that failed or wait; how many."""
    with transaction() as session:
        connection.connection_for(_known(path, CRMS))
        return {"count": crm.retry_waiting(failed=True, session=session)}


@bp.post("/connections/<kind>/everybody")
@access("settings:manage")
@answers(count=int)
def tell_everybody(path: KindPath) -> Any:
    """Tells a CRM of everybody of whom it has not heard yet; how many, up to a thousand a time."""
    with transaction() as session:
        connection.connection_for(_known(path, CRMS))
        return {"count": crm.want_everybody(session=session)}
