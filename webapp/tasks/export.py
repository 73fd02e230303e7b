"""Writing exports, where they hold up nobody: in a child process if this one's loop serves people.

The child only reads the database. It writes the file and, beside it, how far it is.
"""

import json
import os
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from webapp import clock, green
from webapp.auth import SYSTEM, acting_as
from webapp.config import ROOT, Settings, settings
from webapp.database import read_only, transaction
from webapp.errors import NotFound
from webapp.models import Job
from webapp.schemas.export import ExportIn
from webapp.services import export
from webapp.services.export.request import TYPE
from webapp.services.export.rows import BATCH
from webapp.signing import export_url
from webapp.tasks.worker import job, report_progress
from webapp.tenancy import current_workspace_id, use_workspace

KEPT_DAYS = 7
Progress = Callable[[int, int], None]


@job(TYPE)
def run_export(_params: dict[str, Any], job_id: uuid.UUID) -> dict[str, Any]:
    """Writes an export's file; its result says where it is and how many rows it has."""
    return _write(job_id)


def export_tickets_job(job_id: uuid.UUID) -> None:
    """Does an export's job here and now, to its end: `completed`, with `file_url` and `row_count`."""
    with acting_as(SYSTEM):
        result = _write(job_id)
        ending = {"status": "completed", "progress": 100, "result": result, "finished_at": clock.now()}
        with transaction() as session:
            session.execute(sa.update(Job).where(Job.id == job_id).values(**ending))


def _write(job_id: uuid.UUID) -> dict[str, Any]:
    workspace_id, spec = _wanted(job_id)
    final = export.export_path(job_id, spec.format)
    final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = final.with_suffix(f".{uuid.uuid4().hex}.part")
    try:
        if green.is_green():
            count = _in_child(job_id, partial)
        else:
            count = write_rows(job_id, partial, lambda done, total: _tell(job_id, done, total))
        partial.chmod(0o600)
        size = partial.stat().st_size
        partial.replace(final)
    finally:
        partial.unlink(missing_ok=True)
    name = f"tickets-{clock.now():%Y-%m-%d}.{spec.format}"
    url = export_url(workspace_id, job_id, name)
    return {"file_url": url, "file_name": name, "row_count": count, "bytes": size}


def _wanted(job_id: uuid.UUID) -> tuple[uuid.UUID, ExportIn]:
    with read_only() as session:
        found = session.get(Job, job_id, populate_existing=True)
        if found is None or found.type != TYPE or found.workspace_id is None:
            raise NotFound("There is no such export")
        return found.workspace_id, ExportIn.model_validate_json(json.dumps(found.params))


def write_rows(job_id: uuid.UUID, path: Path, progress: Progress) -> int:
    """Writes an export's rows to a path; `progress(done, total)` is called once a batch."""
    workspace_id, spec = _wanted(job_id)
    inside = nullcontext() if current_workspace_id() == workspace_id else use_workspace(workspace_id)
    with inside:
        total = export.count_rows(spec)
        keys = export.field_keys()
        rows = _watched(export.iter_rows(spec, keys), lambda done: progress(done, total))
        return export.write_file(path, spec.format, export.headings(keys), rows)


def _watched(rows: Iterable[list[Any]], tell: Callable[[int], None]) -> Iterator[list[Any]]:
    for done, row in enumerate(rows):
        if done % BATCH == 0:
            tell(done)
        yield row


def _tell(job_id: uuid.UUID, done: int, total: int) -> None:
    report_progress(job_id, 100 * done / max(total, 1), f"{done:,} of {total:,} tickets")


# --- the child ------------------------------------------------------------------------------------


def _in_child(job_id: uuid.UUID, path: Path) -> int:
    """Lets a child process write the file, and passes on how far it is. Ends it if the job is called off."""
    notes = path.with_suffix(".json")
    told = [0]

    def look() -> None:
        state = _read(notes)
        if state["done"] > told[0]:
            told[0] = state["done"]
            _tell(job_id, state["done"], state["total"])

    arguments = [sys.executable, str(ROOT / "wsgi.py"), "write-export", str(job_id), str(path)]
    try:
        code = green.run_process(arguments, env={**os.environ, **_environment(settings())}, meanwhile=look)
        if code != 0:
            raise RuntimeError(f"the export's process ended with {code}")
        return int(_read(notes)["count"])
    finally:
        notes.unlink(missing_ok=True)


def _environment(held: Settings) -> dict[str, str]:
    """What the child needs to read the same database."""
    return {
        "DATABASE_URL": held.database_url,
        "SECRET_KEY": held.secret_key,
        "PREVIOUS_SECRET_KEYS": " ".join(held.previous_secret_keys),
        "INSTANCE_PATH": str(held.instance_path),
        "DATABASE_ROLE": held.database_role,
        "REDIS_URL": "",
        "DEMO": "0",
    }


def write_in_child(job_id: uuid.UUID, path: Path) -> None:
    """The child's whole life: writes the rows, and beside them how far it is. Ends with its parent."""
    parent, notes = os.getppid(), path.with_suffix(".json")

    def note(done: int, total: int) -> None:
        if os.getppid() != parent:
            sys.exit("the worker has gone")
        _put(notes, {"done": done, "total": total, "count": 0})

    count = write_rows(job_id, path, note)
    _put(notes, {"done": count, "total": count, "count": count})


def _put(notes: Path, state: dict[str, int]) -> None:
    fresh = notes.with_suffix(".new")
    fresh.write_text(json.dumps(state))
    fresh.replace(notes)


def _read(notes: Path) -> dict[str, int]:
    try:
        found: dict[str, int] = json.loads(notes.read_text())
    except FileNotFoundError:
        return {"done": 0, "total": 0, "count": 0}
    return found


# --- afterwards -----------------------------------------------------------------------------------


def forget_exports() -> None:
    """Removes exports a week after they were written."""
    folder = settings().instance_path / "exports"
    oldest = (clock.now() - timedelta(days=KEPT_DAYS)).timestamp()
    for path in folder.glob("*") if folder.exists() else ():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


__all__ = ["export_tickets_job", "forget_exports", "run_export", "write_in_child", "write_rows"]
