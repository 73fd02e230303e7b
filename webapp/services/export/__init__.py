"""Exports of tickets: asked for by a member of staff, written by a job, fetched by a signed address."""

from webapp.services.export.request import export_path, find_export, request_export
from webapp.services.export.rows import count_rows, field_keys, headings, iter_rows
from webapp.services.export.writers import write_file

__all__ = [
    "count_rows",
    "export_path",
    "field_keys",
    "find_export",
    "headings",
    "iter_rows",
    "request_export",
    "write_file",
]
