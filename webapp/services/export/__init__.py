"""Exports of tickets: asked for by a member of staff, written by a job, fetched by a signed address."""

from webapp.services.export.request import (
    export_job,
    export_path,
    find_export,
    list_exports,
    request_export,
    take_export,
)
from webapp.services.export.rows import count_rows, field_keys, headings, iter_rows
from webapp.services.export.writers import write_file

__all__ = [
    "count_rows",
    "export_job",
    "export_path",
    "field_keys",
    "find_export",
    "headings",
    "iter_rows",
    "list_exports",
    "request_export",
    "take_export",
    "write_file",
]
