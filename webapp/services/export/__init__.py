"""Exports of tickets: asked for by a member of staff, written by a job, fetched by a signed address."""

from webapp.services.export.request import export_path, find_export, request_export
from webapp.services.export.rows import COLUMNS, count_rows, iter_rows
from webapp.services.export.writers import write_file

__all__ = [
    "COLUMNS",
    "count_rows",
    "export_path",
    "find_export",
    "iter_rows",
    "request_export",
    "write_file",
]
