"""The audit log: who did what, filtered, exported, and whether it is whole."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, flash, redirect, request, stream_with_context
from pydantic import ValidationError

from webapp import clock
from webapp.auth import acting_as, current_actor
from webapp.database import read_only, transaction
from webapp.errors import AppError, Invalid, NotFound, from_pydantic
from webapp.pages.auth import staff_page
from webapp.pages.forms import form_page
from webapp.schemas.audit import AREAS, DOORS, AuditQuery, entry_out, entry_row, names, says
from webapp.services import audit
from webapp.services.export.stream import stream_csv, stream_json
from webapp.services.workspace import get_workspace
from webapp.tenancy import require_workspace_id, use_workspace

bp = Blueprint("audit_pages", __name__, url_prefix="/settings/audit")

HERE = "/settings/audit"
COLUMNS = (
    "seq",
    "at",
    "name",
    "actor",
    "door",
    "address",
    "browser",
    "subject_id",
    "subject",
    "changes",
    "previous_hash",
    "hash",
)
NOTHING = AuditQuery()


@bp.get("")
@staff_page("audit:read")
def show() -> Any:
    """The log, newest first, as the address filters it."""
    try:
        query = _query()
    except Invalid as error:
        return _page(NOTHING, error)
    return _page(query)


def _query() -> AuditQuery:
    given = {name: value for name, value in request.args.items() if value}  # what was left empty says nothing
    try:
        return AuditQuery.model_validate(given)
    except ValidationError as error:
        found = from_pydantic(error)
        found.detail = [{**item, "loc": ["query", *item["loc"][1:]]} for item in found.detail]
        raise found from None


def _page(query: AuditQuery, error: AppError | None = None) -> Response:
    with read_only():
        rows, cursor = [], None
        if error is None:
            try:
                found, cursor = audit.list_entries(query)
                rows = [entry_row(entry) for entry in found]
            except Invalid as refused:
                error = refused
        head, people = audit.find_head(), audit.who_acted()
        state = {name: getattr(head, name) for name in STATE} if head else None
    filters = query.arguments()
    context = {
        "entries": rows,
        "state": state,
        "filters": filters,
        "typed": request.args if error else filters,
        "next": {**filters, "cursor": cursor} if cursor else None,
        "people": [("", "Anybody"), *((str(key), name) for key, name in people)],
        "areas": [("", "Everything"), *((key, title) for key, (title, _) in AREAS.items())],
        "names": [("", "Anything"), *((name, says(name).rstrip(".")) for name in names())],
        "doors": [("", "Any"), *DOORS.items()],
    }
    return form_page("audit.html", error, **context)


STATE = ("seq", "hash", "checked_at", "checked_seq", "broken_seq", "broken_how")


@bp.post("/verify")
@staff_page("audit:read")
def verify() -> Response:
    """Asks for a check of the chain."""
    with transaction():
        audit.request_check()
    flash("The chain is being checked. Load this page again in a moment.")
    return redirect(HERE)  # type: ignore[return-value]


@bp.get("/export.<extension>")
@staff_page("audit:read")
def export(extension: str) -> Response:
    """What the filters leave, as a file that says where the chain ends."""
    if extension not in ("csv", "json"):
        raise NotFound("There is no such file")
    query = _query()
    with transaction():
        audit.count_entries(query)  # refuses a filter before the first byte is sent
        audit.note_access("audit.exported", subject=extension, once=False, changes=query.arguments())
    with read_only():
        head = audit.find_head()
        about = {
            "workspace_id": str(require_workspace_id()),
            "workspace": get_workspace().name,
            "exported_at": clock.now().isoformat(),
            "filters": query.arguments(),
            "head": {"seq": head.seq, "hash": head.hash} if head else None,
        }
    rows = _entries(query)
    body = stream_json(about, "entries", rows) if extension == "json" else stream_csv(_cells(about, rows))
    response = Response(body, mimetype="application/json" if extension == "json" else "text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="audit-log.{extension}"'
    return response


def _entries(query: AuditQuery) -> Iterator[dict[str, Any]]:
    """The entries, read while they are sent: the request's own workspace and actor are gone by then."""
    workspace_id, actor = require_workspace_id(), current_actor()

    def read() -> Iterator[dict[str, Any]]:
        with use_workspace(workspace_id), acting_as(actor):
            for entry in audit.stream_entries(query):
                yield entry_out(entry)

    return stream_with_context(read())


def _cells(about: dict[str, Any], rows: Iterator[dict[str, Any]]) -> Iterator[list[Any]]:
    head = about["head"]
    yield ["Audit log of", about["workspace"], "exported at", about["exported_at"], "head", _said(head)]
    yield list(COLUMNS)
    for row in rows:
        named = {**row, "actor": row["actor"]["name"], "changes": audit.canonical(row["changes"])}
        yield [named[column] for column in COLUMNS]


def _said(head: dict[str, Any] | None) -> str:
    return f"{head['seq']}:{head['hash']}" if head else ""
