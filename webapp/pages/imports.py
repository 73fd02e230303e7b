"""Imports: send a file, say what its columns are, try it, take it in, take it back."""

import uuid
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, flash, redirect, request, stream_with_context

from webapp.auth import acting_as, current_actor
from webapp.config import settings
from webapp.database import read_only, transaction
from webapp.errors import AppError, Invalid, NotFound, TooLarge
from webapp.extensions import csrf
from webapp.pages.auth import staff_page
from webapp.pages.forms import confirmed, form_page, form_values, handled
from webapp.schemas.importing import (
    LABELS,
    OUTCOMES,
    SUBJECTS,
    import_out,
    problem_out,
    shown_value,
    state_of,
)
from webapp.services import importing
from webapp.services.export.stream import stream_csv
from webapp.tenancy import require_workspace_id, use_workspace

bp = Blueprint("import_pages", __name__)
HERE = "/settings/import"
OVERHEAD_BYTES = 64 * 1024
SHOWN_PROBLEMS = 20
AT_ONCE = 500


@bp.get("/settings/import")
@staff_page("import:manage")
def show() -> Any:
    """The form for a new file, and the imports so far."""
    return _list()


def _list(error: AppError | None = None) -> Response:
    with read_only():
        found = [_row(made, job) for made, job in importing.list_imports()]
    most = settings().import_bytes // 1024 // 1024
    typed = request.form.to_dict() if error and not isinstance(error, TooLarge) else {}
    return form_page(
        "imports/list.html", error, imports=found, kinds=importing.KINDS, values=typed, most=most
    )


def _row(made: Any, job: Any) -> dict[str, Any]:
    words, mark = state_of(made, job)
    return {**import_out(made, job), "state": words, "mark": mark, "kind": importing.KINDS[made.subject]}


@bp.post("/settings/import")
@staff_page("import:manage")
def create() -> Response:
    """Takes a file."""
    request.max_content_length = settings().import_bytes + OVERHEAD_BYTES
    if (request.content_length or 0) > request.max_content_length:
        most = settings().import_bytes // 1024 // 1024
        return _list(TooLarge("", detail=[_about_file(f"Files may have at most {most} MB")]))
    csrf.protect()  # not before: it reads the form, and a file comes with it

    def act() -> Response:
        file = request.files.get("file")
        if file is None or not file.filename:
            raise Invalid.field("file", "Choose a file")
        given = request.form
        with transaction():
            made = importing.create_import(
                file.stream, file.filename, given.get("subject", ""), given.get("source", "")
            )
            return redirect(f"{HERE}/{made.id}")  # type: ignore[return-value]

    return handled(act, _list)


def _about_file(msg: str) -> dict[str, Any]:
    return {"loc": ["body", "file"], "msg": msg, "type": "too_large"}


@bp.get("/settings/import/<uuid:import_id>")
@staff_page("import:manage")
def read(import_id: uuid.UUID) -> Any:
    """One import: its columns, what a dry run says, how far it is."""
    return _page(import_id)


def _page(import_id: uuid.UUID, error: AppError | None = None) -> Response:
    with read_only():
        found, job = importing.get_import(import_id)
        try:
            parts = importing.preview(found)
        except NotFound:
            parts = {}
        problems = [problem_out(one) for one in importing.list_problems(import_id, limit=SHOWN_PROBLEMS)]
        shown = _row(found, job)
    typed = form_values() if error else {}
    return form_page(
        "imports/show.html",
        error,
        found=shown,
        parts={kind: _part(kind, part, shown["mapping"], typed) for kind, part in parts.items()},
        problems=problems,
        counts=_counts(shown["counts"]),
        names=SUBJECTS,
        outcomes=list(OUTCOMES.values()),
        labels=LABELS,
    )


def _part(kind: str, part: dict[str, Any], mapping: dict[str, Any], typed: dict[str, Any]) -> dict[str, Any]:
    """One kind of row: which column each field is, and what its first rows say then."""
    chosen = typed.get(kind) if isinstance(typed.get(kind), dict) else mapping.get(kind, {})
    columns = [
        ("", "None"),
        *((name, f"{name}: {text}" if text else name) for name, text in part["columns"].items()),
    ]
    fields = [
        {
            "name": name,
            "label": LABELS[name],
            "value": chosen.get(name, ""),
            "needed": name in importing.NEEDED[kind],
        }
        for name in importing.FIELDS[kind]
    ]
    used = [name for name in importing.FIELDS[kind] if mapping.get(kind, {}).get(name)]
    rows = [
        {
            "number": row["number"],
            "wrong": row.get("wrong"),
            "cells": [shown_value(row.get("values", {}).get(name)) for name in used],
        }
        for row in part["rows"]
    ]
    return {"columns": columns, "fields": fields, "heads": [LABELS[name] for name in used], "rows": rows}


def _counts(counts: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """By kind: how many of what became of them, in a fixed order."""
    return [
        {"name": SUBJECTS[kind], "of": [of.get(key, 0) for key in OUTCOMES]}
        for kind, of in sorted(counts.items())
    ]


@bp.post("/settings/import/<uuid:import_id>/mapping")
@staff_page("import:manage")
def update(import_id: uuid.UUID) -> Response:
    """Says which column is which field, and tries it."""

    def act() -> Response:
        given = form_values()
        mapping = {
            kind: of for kind, of in given.items() if kind in importing.FIELDS and isinstance(of, dict)
        }
        with transaction():
            importing.set_mapping(import_id, mapping)
            importing.request_work(import_id, importing.CHECK)
        return redirect(f"{HERE}/{import_id}")  # type: ignore[return-value]

    return handled(act, lambda error: _page(import_id, error))


@bp.post("/settings/import/<uuid:import_id>/run")
@staff_page("import:manage")
def run(import_id: uuid.UUID) -> Response:
    """Takes its rows in, or goes on with it."""

    def act() -> Response:
        with transaction():
            importing.request_work(import_id, importing.RUN)
        flash("The rows are being taken in. You can leave this page.")
        return redirect(f"{HERE}/{import_id}")  # type: ignore[return-value]

    return handled(act, lambda error: _page(import_id, error))


@bp.post("/settings/import/<uuid:import_id>/stop")
@staff_page("import:manage")
def stop(import_id: uuid.UUID) -> Response:
    """Stops the work on it."""

    def act() -> Response:
        with transaction():
            importing.stop(import_id)
        return redirect(f"{HERE}/{import_id}")  # type: ignore[return-value]

    return handled(act, lambda error: _page(import_id, error))


@bp.post("/settings/import/<uuid:import_id>/undo")
@staff_page("import:manage")
def undo(import_id: uuid.UUID) -> Response:
    """Takes it back, once the file's name was typed."""
    with read_only():
        name = importing.find_import(import_id).file_name

    def act() -> Response:
        with transaction():
            importing.request_work(import_id, importing.UNDO)
        return redirect(f"{HERE}/{import_id}")  # type: ignore[return-value]

    question = "The tickets that it made go to the trash, except those that somebody has worked on since."
    return handled(
        lambda: confirmed(name, act, question=question, verb="Take it back", back=f"{HERE}/{import_id}"),
        lambda error: _page(import_id, error),
    )


@bp.get("/settings/import/<uuid:import_id>/problems.csv")
@staff_page("import:manage")
def problems(import_id: uuid.UUID) -> Response:
    """Why rows are not taken in, as a file."""
    with read_only():
        name = importing.find_import(import_id).file_name

    response = Response(stream_csv(_problem_rows(import_id)), mimetype="text/csv")
    stem = "".join(char for char in name.rpartition(".")[0] or name if char.isalnum() or char in "-_")
    response.headers["Content-Disposition"] = f'attachment; filename="problems-{stem[:60] or "import"}.csv"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _problem_rows(import_id: uuid.UUID) -> Iterator[list[Any]]:
    """Read while they are sent: the request's own workspace and actor are gone by then."""
    workspace_id, actor = require_workspace_id(), current_actor()

    def read() -> Iterator[list[Any]]:
        yield ["row", "id", "field", "problem"]
        after = None
        while True:
            with use_workspace(workspace_id), acting_as(actor), read_only():
                page = importing.list_problems(import_id, after=after, limit=AT_ONCE)
                cells = [[one.row, one.external_id, one.field, one.message] for one in page]
                after = page[-1].id if page else None
            yield from cells
            if len(cells) < AT_ONCE:
                return

    return stream_with_context(read())
