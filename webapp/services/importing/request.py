"""Asking for an import: its file, what its columns are, trying it, doing it, taking it back."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa

from webapp import clock, database, green
from webapp.auth import Actor, current_actor, require
from webapp.config import settings
from webapp.errors import Conflict, Invalid, NotFound, TooLarge
from webapp.extensions import db
from webapp.models import Import, ImportProblem, Job
from webapp.services import job as jobs
from webapp.services.event import record
from webapp.services.importing.mapping import FIELDS, NEEDED, Wrong, flat, guess
from webapp.services.importing.reading import Row, Shape, Unreadable, find_shape, read_rows
from webapp.services.importing.rows import ZENDESK, Reader, kind_of
from webapp.services.job import enqueue
from webapp.tenancy import require_workspace_id
from webapp.validators import visible

KINDS = {
    ZENDESK: "Zendesk export (JSON)",
    "ticket": "Tickets",
    "comment": "Comments",
    "customer": "Customers",
    "organization": "Organizations",
}
CHECK, RUN, UNDO = TYPES = ("import.check", "import.run", "import.undo")
ATTEMPTS = 20
LOOKED_AT, BREATH = 1000, 50
KEPT_DAYS = 30
PIECE = 65_536


def create_import(
    stream: BinaryIO,
    file_name: str,
    subject: str,
    source: str = "",
    *,
    session: Any = None,
    actor: Actor | None = None,
) -> Import:
    """Keeps a file and guesses what its columns are. `subject`: one of `KINDS`. `source`: whose ids it has.

    Raises `Invalid` naming the field, `TooLarge`.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "import:manage")
    if subject not in KINDS:
        raise Invalid.field("subject", f"One of {', '.join(KINDS)}")
    made = Import(
        id=database.uuid7(),
        source=_source(source or (ZENDESK if subject == ZENDESK else "file")),
        subject=subject,
        file_name=visible(Path(file_name).name)[:200] or "file",
        created_by_id=actor.id if actor.kind == "user" else None,
        created_at=clock.now(),
    )
    path = import_path(made.id)
    made.size = _keep(stream, path)
    try:
        shape = find_shape(path)
        made.shape = shape.to_dict()
        made.mapping = _guessed(path, made)
    except Unreadable as error:
        path.unlink(missing_ok=True)
        raise Invalid.field("file", str(error)) from None
    if subject == ZENDESK and shape.kind == "csv":
        path.unlink(missing_ok=True)
        raise Invalid.field("subject", "Their exports are JSON, and this is CSV: say what its rows are")
    session.add(made)
    session.flush()
    changes = {"file_name": [None, made.file_name], "source": [None, made.source]}
    record("import.created", session=session, actor=actor, subject_id=made.id, changes=changes)
    return made


def _source(text: str) -> str:
    name = visible(text).casefold()
    if not 1 <= len(name) <= 60:
        raise Invalid.field("source", "A name of at most 60 characters, such as zendesk")
    return name


def import_path(import_id: uuid.UUID) -> Path:
    """Where an import's file lies."""
    return settings().instance_path / "imports" / import_id.hex


def _keep(stream: BinaryIO, path: Path) -> int:
    """Writes the file in pieces; how long it is."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    size, most = 0, settings().import_bytes
    try:
        with path.open("xb") as file:
            path.chmod(0o600)
            while piece := stream.read(PIECE):
                size += len(piece)
                if size > most:
                    raise TooLarge(f"Files may have at most {most // 1024 // 1024} MB")
                file.write(piece)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return size


def _guessed(path: Path, made: Import) -> dict[str, dict[str, str]]:
    columns: dict[str, dict[str, None]] = {}
    for row in _first_rows(path, Shape(**made.shape)):
        columns.setdefault(kind_of(row, made.subject), {}).update(dict.fromkeys(flat(row.fields)))
    if not columns:
        raise Unreadable("The file has no rows")
    return {kind: guess(kind, names) for kind, names in columns.items()}


def _first_rows(path: Path, shape: Shape) -> Iterator[Row]:
    for number, row in enumerate(read_rows(path, shape)):
        if number == LOOKED_AT:
            return
        if number % BREATH == 0:
            green.pause()
        yield row


# --- looking --------------------------------------------------------------------------------------


def find_import(import_id: uuid.UUID, *, session: Any = None, lock: bool = False) -> Import:
    """The import of this workspace. Raises `NotFound`."""
    query = sa.select(Import).where(Import.id == import_id)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found: Import | None = (session or db.session()).scalar(query)
    if found is None:
        raise NotFound("There is no such import")
    return found


def get_import(import_id: uuid.UUID, *, actor: Actor | None = None) -> tuple[Import, Job | None]:
    """An import and the last work on it. Raises `NotFound`."""
    require(actor or current_actor(), "import:manage")
    found = find_import(import_id)
    return found, db.session.get(Job, found.job_id) if found.job_id else None


def list_imports(*, limit: int = 50, actor: Actor | None = None) -> list[tuple[Import, Job | None]]:
    """The newest imports, each with the last work on it."""
    require(actor or current_actor(), "import:manage")
    query = sa.select(Import, Job).outerjoin(Job, Job.id == Import.job_id)
    newest = query.order_by(Import.created_at.desc(), Import.id.desc()).limit(limit)
    return [(row[0], row[1]) for row in db.session.execute(newest)]


def list_problems(
    import_id: uuid.UUID, *, after: uuid.UUID | None = None, limit: int = 20, actor: Actor | None = None
) -> list[ImportProblem]:
    """Why rows are not taken in, in the order in which they were found; behind one of them."""
    require(actor or current_actor(), "import:manage")
    query = sa.select(ImportProblem).where(ImportProblem.import_id == import_id)
    if after is not None:
        query = query.where(ImportProblem.id > after)
    return list(db.session.scalars(query.order_by(ImportProblem.id).limit(limit)))


def reader_of(found: Import) -> Reader:
    """The file, read as its import says. Raises `NotFound` once it was removed."""
    path = import_path(found.id)
    if not path.exists():
        raise NotFound("The file was removed; send it again")
    mapping = {kind: dict(columns) for kind, columns in found.mapping.items()}
    return Reader(path, Shape(**found.shape), found.subject, mapping)


def preview(found: Import, *, rows: int = 3) -> dict[str, dict[str, Any]]:
    """{kind of row: its `columns`, and of some rows our `values` or what is `wrong`}. Raises `NotFound`."""
    reader = reader_of(found)
    shown: dict[str, dict[str, Any]] = {}
    for row in _first_rows(reader.path, reader.shape):
        kind = kind_of(row, found.subject)
        part = shown.setdefault(kind, {"columns": {}, "rows": []})
        for name, value in flat(row.fields).items():
            part["columns"][name] = part["columns"].get(name) or _sample(value)
        if len(part["rows"]) < rows:
            part["rows"].append(_tried(reader, row))
    return shown


def _sample(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else str(value)
    return "".join(char for char in text[:200] if char.isprintable())[:60]


def _tried(reader: Reader, row: Row) -> dict[str, Any]:
    try:
        return {"number": row.number, "values": reader.item(row).values}
    except Wrong as wrong:
        return {"number": row.number, "wrong": {"field": wrong.field, "message": wrong.message}}


# --- asking ---------------------------------------------------------------------------------------


def set_mapping(
    import_id: uuid.UUID,
    mapping: dict[str, dict[str, str]],
    *,
    session: Any = None,
    actor: Actor | None = None,
) -> Import:
    """Says which column is which field, by kind of row; "" is none. What was tried is to be tried again.

    Raises `Invalid` naming the field, `Conflict` once rows have been taken in.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "import:manage")
    found = find_import(import_id, session=session, lock=True)
    if found.phase not in ("uploaded", "checked"):
        raise Conflict("It is under way; its columns stay as they are", current={"phase": found.phase})
    columns = {kind: set(part["columns"]) for kind, part in preview(found, rows=0).items()}
    found.mapping = {**found.mapping, **{kind: _checked(kind, one, columns) for kind, one in mapping.items()}}
    found.phase = "uploaded"
    return found


def _checked(kind: str, mapping: dict[str, str], columns: dict[str, set[str]]) -> dict[str, str]:
    if kind not in columns:
        raise Invalid.field("mapping", f"This file has no rows of the kind {kind[:20]}")
    chosen = {field: column for field, column in mapping.items() if column}
    for field, column in chosen.items():
        if field not in FIELDS[kind]:
            raise Invalid.field("mapping", f"{kind} has no field {field[:40]}")
        if column not in columns[kind]:
            raise Invalid.field(f"{kind}.{field}", "The file has no such column")
    for field in NEEDED[kind]:
        if field not in chosen and not (kind == "customer" and "id" in chosen):
            raise Invalid.field(f"{kind}.{field}", "Choose a column")
    return chosen


def request_work(
    import_id: uuid.UUID, type_: str, *, session: Any = None, actor: Actor | None = None
) -> Import:
    """Queues the dry run, the import or taking it back (`TYPES`); the import's `job_id` is that work.

    Raises `Conflict` where it is not its turn, or while another import of this workspace is under way.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "import:manage")
    found = find_import(import_id, session=session, lock=True)
    if found.phase not in _TURNS[type_]:
        raise Conflict(_NOT_NOW[type_], current={"phase": found.phase})
    params = {"import_id": str(import_id)}
    key = f"import:{require_workspace_id()}"
    job = enqueue(
        type_, params, session=session, unique_key=key, max_attempts=ATTEMPTS, requested_by_id=actor.id
    )
    if job is None:
        raise Conflict("Another import is under way; wait for it or stop it")
    found.job_id = job.id
    session.flush()
    if type_ != CHECK:
        name = "import.started" if type_ == RUN else "import.undone"
        record(name, session=session, actor=actor, subject_id=found.id)
    return found


_TURNS = {
    CHECK: ("uploaded", "checking", "checked"),
    RUN: ("checked", "running"),
    UNDO: ("running", "completed", "undoing"),
}
_NOT_NOW = {
    CHECK: "Its rows are being taken in already",
    RUN: "Try it first, without taking anything in",
    UNDO: "There is nothing to take back",
}


def stop(import_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> Import:
    """Stops the work on it; what was taken in stays, and it can go on. Raises `Conflict` if there is none."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "import:manage")
    found = find_import(import_id, session=session)
    if found.job_id is None:
        raise Conflict("Nothing is going on", current={"phase": found.phase})
    jobs.cancel_job(found.job_id, session=session, actor=actor)
    return found


def forget_files() -> None:
    """Removes files a month after they were sent; what came of them stays."""
    folder = settings().instance_path / "imports"
    oldest = (clock.now() - timedelta(days=KEPT_DAYS)).timestamp()
    for path in folder.glob("*") if folder.exists() else ():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
