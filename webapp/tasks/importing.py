"""Imports, in steps: what is done stays done, whoever is killed in between."""

import uuid
from typing import Any

from webapp.database import read_only, transaction
from webapp.services import importing
from webapp.services.importing import Unreadable
from webapp.tasks.worker import GiveUp, job, report_progress


@job(importing.CHECK)
def check_import(params: dict[str, Any], job_id: uuid.UUID) -> dict[str, Any]:
    """Says of each row what would become of it; takes nothing in."""
    import_id = uuid.UUID(params["import_id"])
    with transaction() as session:
        if not importing.begin_check(import_id, job_id, session=session):
            return {}
        reader = importing.reader_of(importing.find_import(import_id, session=session))
    with importing.Seen() as seen:
        try:
            for chunk in reader.chunks():
                with transaction() as session:
                    importing.check_chunk(import_id, chunk, seen, session=session)
                report_progress(job_id, min(99, chunk.end // 1000), f"{chunk.end:,} rows read")
        except Unreadable as error:
            with transaction() as session:
                importing.fail_check(import_id, reader.last + 1, str(error), session=session)
            raise GiveUp(str(error)) from None
    with transaction() as session:
        return {"row_count": importing.end_check(import_id, session=session).total}


@job(importing.RUN)
def run_import(params: dict[str, Any], job_id: uuid.UUID) -> dict[str, Any]:
    """Takes the rows in, from where it was left."""
    import_id = uuid.UUID(params["import_id"])
    with transaction() as session:
        after = importing.begin_run(import_id, job_id, session=session)
        if after is None:
            return {}
        found = importing.find_import(import_id, session=session)
        reader, total = importing.reader_of(found), max(found.total, 1)
    try:
        for chunk in reader.chunks(after=after):
            with transaction() as session:
                importing.take_chunk(import_id, chunk, after, session=session)
            after = chunk.end
            report_progress(job_id, min(99, 100 * after / total), f"{after:,} of {total:,} rows")
    except (Unreadable, importing.Moved) as error:
        raise GiveUp(str(error) or "Another worker has gone on with it") from None
    with transaction() as session:
        return {"row_count": importing.end_run(import_id, session=session).position}


@job(importing.UNDO)
def undo_import(params: dict[str, Any], job_id: uuid.UUID) -> dict[str, Any]:
    """Puts the tickets that it made in the trash, a hundred at a time."""
    import_id = uuid.UUID(params["import_id"])
    looked = 0
    with read_only() as session:
        total = max(importing.find_import(import_id, session=session).position, 1)
    while True:
        with transaction() as session:
            some = importing.undo_some(import_id, session=session)
        looked += some
        report_progress(job_id, min(99, 100 * looked / total), f"{looked:,} tickets")
        if not some:
            break
    with transaction() as session:
        importing.end_undo(import_id, session=session)
    return {"row_count": looked}


def forget_import_files() -> None:
    """Removes the files of imports a month after they were sent."""
    importing.forget_files()
