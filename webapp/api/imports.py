"""Bringing tickets, comments, customers and organizations along from another desk.

Send a file, look at what its columns were taken for, try it, take it in. The same file again changes nothing,
a newer one what has changed.
"""

from typing import Any

from flask import request

from webapp.api.doors import access, answers, created, staff_views, takes_import
from webapp.database import read_only, transaction
from webapp.errors import Invalid
from webapp.schemas.importing import (
    ImportOut,
    ImportPath,
    MappingIn,
    ProblemOut,
    ProblemQuery,
    WorkIn,
    import_out,
    problem_out,
)
from webapp.services import importing

bp = staff_views("imports", __name__)
WORK = {"check": importing.CHECK, "run": importing.RUN, "undo": importing.UNDO}


@bp.get("/imports")
@access("import:manage")
@answers(200, imports=list[ImportOut])
def list_imports() -> Any:
    """The newest 50 imports."""
    with read_only():
        return {"imports": [import_out(*pair) for pair in importing.list_imports()]}


@bp.post("/imports")
@access("import:manage")
@answers(201, **{"import": ImportOut})
@takes_import
def create_import() -> Any:
    """Takes a file and guesses what its columns are.

    Beside the `file`: `subject` (zendesk, ticket, comment, customer or organization) and `source`, a name for
    whose ids the rows carry; files of one source know each other's rows.
    """
    file = request.files.get("file")
    if file is None:
        raise Invalid.field("file", "Choose a file")
    subject, source = request.form.get("subject", ""), request.form.get("source", "")
    with transaction():
        made = importing.create_import(file.stream, file.filename or "", subject, source)
        return created({"import": import_out(made, None)})


@bp.get("/imports/<import_id>")
@access("import:manage")
@answers(200, **{"import": ImportOut})
def read_import(path: ImportPath) -> Any:
    """An import, how far it is, and what became of its rows."""
    with read_only():
        return {"import": import_out(*importing.get_import(path.import_id))}


@bp.patch("/imports/<import_id>")
@access("import:manage")
@answers(200, **{"import": ImportOut}, may=(409,))
def update_import(path: ImportPath, body: MappingIn) -> Any:
    """Says which column is which field; then it is to be tried again."""
    with transaction():
        importing.set_mapping(path.import_id, body.mapping)
        return {"import": import_out(*importing.get_import(path.import_id))}


@bp.post("/imports/<import_id>/work")
@access("import:manage")
@answers(202, **{"import": ImportOut}, may=(409,))
def work_on_import(path: ImportPath, body: WorkIn) -> Any:
    """Tries it, takes it in, takes it back, or stops either; its `job` says how far that is."""
    with transaction():
        if body.work == "stop":
            importing.stop(path.import_id)
        else:
            importing.request_work(path.import_id, WORK[body.work])
        return {"import": import_out(*importing.get_import(path.import_id))}, 202


@bp.get("/imports/<import_id>/problems")
@access("import:manage")
@answers(200, problems=list[ProblemOut])
def list_problems(path: ImportPath, query: ProblemQuery) -> Any:
    """Why rows are not taken in, the first 10,000; behind one of them."""
    with read_only():
        importing.find_import(path.import_id)
        found = importing.list_problems(path.import_id, after=query.after, limit=query.limit)
        return {"problems": [problem_out(problem) for problem in found]}
