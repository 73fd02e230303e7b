"""Imports as they are asked for and shown."""

import uuid
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from webapp import clock
from webapp.models import Import, ImportProblem, Job
from webapp.schemas.text import Line, Strict

LABELS = {
    "id": "Their number or id",
    "title": "Title",
    "description": "Description",
    "status": "Status",
    "priority": "Priority",
    "category": "Category",
    "tags": "Tags",
    "channel": "Channel",
    "customer_id": "Customer's id",
    "customer_email": "Customer's e-mail",
    "customer_name": "Customer's name",
    "agent_id": "Agent's id",
    "agent": "Agent's e-mail or name",
    "created_at": "Created",
    "updated_at": "Last changed",
    "resolved_at": "Resolved",
    "comments": "Comments",
    "ticket_id": "Ticket's id",
    "content": "Text",
    "author_id": "Author's id",
    "author_email": "Author's e-mail",
    "author_name": "Author's name",
    "public": "Public or internal",
    "email": "E-mail",
    "name": "Name",
    "company": "Company",
    "tier": "Tier",
    "organization_id": "Organization's id",
    "organization": "Organization",
    "role": "Role there",
    "domains": "Domains",
    "notes": "Notes",
}
"""Our fields in words."""
SUBJECTS = {
    "ticket": "Tickets",
    "comment": "Comments",
    "customer": "Customers",
    "agent": "Agents",
    "organization": "Organizations",
    "zendesk": "Rows",
}
OUTCOMES = {
    "created": "New",
    "updated": "Changed",
    "same": "Same as before",
    "left": "Left as they are",
    "failed": "Not taken in",
}

Subject = Literal["zendesk", "ticket", "comment", "customer", "organization"]


class ImportPath(Strict):
    import_id: uuid.UUID


class MappingIn(Strict):
    """{kind of row: {our field: their column}}; "" leaves a field out."""

    mapping: dict[Line, dict[Line, Line]] = Field(max_length=10)


class WorkIn(Strict):
    """What is to be done: `check` tries it, `run` takes it in, `undo` takes it back, `stop` stops either."""

    work: Literal["check", "run", "undo", "stop"]


class ProblemQuery(Strict):
    after: uuid.UUID | None = None
    limit: int = Field(default=100, ge=1, le=1000)


class WorkOut(Strict):
    """The last work on an import."""

    id: str
    type: str
    status: str
    progress: int
    note: str | None
    error: str | None


class ImportOut(Strict):
    """An import: its file, how far it is, and what became of its rows by kind and outcome."""

    id: str
    source: str
    subject: Subject
    file_name: str
    size: int
    phase: str
    position: int
    total: int
    counts: dict[str, dict[str, int]]
    problems: int
    mapping: dict[str, dict[str, str]]
    job: WorkOut | None
    created_at: str
    finished_at: str | None


class ProblemOut(Strict):
    """Why a row is not taken in."""

    id: str
    row: int
    external_id: str
    field: str
    message: str


def import_out(found: Import, job: Job | None) -> dict[str, Any]:
    """An import and the last work on it."""
    names = ("source", "subject", "file_name", "size", "phase", "position", "total", "counts", "problems")
    return {
        "id": str(found.id),
        **{name: getattr(found, name) for name in names},
        "mapping": found.mapping,
        "job": _work_out(job) if job else None,
        "created_at": clock.iso(found.created_at),
        "finished_at": clock.iso(found.finished_at),
    }


def _work_out(job: Job) -> dict[str, Any]:
    names = ("type", "status", "progress", "note")
    return {"id": str(job.id), **{name: getattr(job, name) for name in names}, "error": job.last_error}


def problem_out(problem: ImportProblem) -> dict[str, Any]:
    """A problem of a row."""
    names = ("row", "external_id", "field", "message")
    return {"id": str(problem.id), **{name: getattr(problem, name) for name in names}}


def state_of(found: Import, job: Job | None) -> tuple[str, str]:
    """(how it stands in words, the kind of mark beside them)."""
    if job is not None and job.status in ("pending", "running"):
        return {"import.check": "Being tried", "import.undo": "Being taken back"}.get(
            job.type, "Being taken in"
        ), "info"
    if job is not None and job.status == "failed":
        return "Failed", "bad"
    return {
        "uploaded": ("Not tried yet", ""),
        "checking": ("Stopped", "warn"),
        "checked": ("Tried", "info"),
        "running": ("Stopped on the way", "warn"),
        "completed": ("Taken in", "good"),
        "undoing": ("Stopped while taking back", "warn"),
        "undone": ("Taken back", ""),
    }[found.phase]


def shown_value(value: Any) -> str:
    """One of our values in a preview's cell."""
    if isinstance(value, datetime):
        return clock.iso(value) or ""
    if isinstance(value, list):
        inner = [one for one in value if isinstance(one, str)]
        return ", ".join(inner) if inner or not value else f"{len(value)} of them"
    return "" if value is None else {True: "public", False: "internal"}.get(value, str(value))[:80]
