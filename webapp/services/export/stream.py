"""A table as it is written: CSV or JSON in pieces, nothing held."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from webapp.services.export.cells import guard

BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""How spreadsheets know UTF-8."""


def stream_csv(rows: Iterable[list[Any]]) -> Iterator[str]:
    """The rows as CSV, each cell such that no spreadsheet takes it for a formula."""
    yield BYTE_ORDER_MARK
    for row in rows:
        line = io.StringIO()
        writer = csv.writer(line, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(["" if cell is None else guard(cell) for cell in row])
        yield line.getvalue()


def stream_json(head: dict[str, Any], name: str, rows: Iterable[Any]) -> Iterator[str]:
    """One JSON object: the head's fields, and the rows as a list under `name`."""
    opening = json.dumps(head, ensure_ascii=False)[:-1]
    yield f"{opening}, {json.dumps(name)}: ["
    for number, row in enumerate(rows):
        yield f"{',' if number else ''}\n{json.dumps(row, ensure_ascii=False)}"
    yield "\n]}\n"
