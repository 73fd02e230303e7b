"""The formats: each writes row after row and keeps none."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import xlsxwriter

from webapp.services.export.cells import guard

SHEET_ROWS = 1_000_000
"""How many rows go on a sheet before the next begins; the format ends at 1,048,576."""


def write_file(path: Path, format: str, headings: list[str], rows: Iterable[list[Any]]) -> int:  # noqa: A002
    """Writes a file in a format (csv, xlsx, json); returns how many rows it has."""
    return {"csv": _write_csv, "xlsx": _write_xlsx, "json": _write_json}[format](path, headings, rows)


def _write_csv(path: Path, headings: list[str], rows: Iterable[list[Any]]) -> int:
    count = 0
    # The byte order mark is how spreadsheets know UTF-8; texts are quoted, so that no separator splits them.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow([guard(heading) for heading in headings])
        for row in rows:
            writer.writerow(["" if value is None else guard(value) for value in row])
            count += 1
    return count


def _write_xlsx(path: Path, headings: list[str], rows: Iterable[list[Any]]) -> int:
    count = 0
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        bold = book.add_format({"bold": True})
        sheet: Any = None
        for row in rows:
            at = count % SHEET_ROWS
            if at == 0:
                sheet = _new_sheet(book, headings, bold)
            sheet.write_row(at + 1, 0, [guard(value) for value in row])
            count += 1
        if sheet is None:
            _new_sheet(book, headings, bold)
    return count


def _new_sheet(book: Any, headings: list[str], bold: Any) -> Any:
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, [guard(heading) for heading in headings], bold)
    return sheet


def _write_json(path: Path, headings: list[str], rows: Iterable[list[Any]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for row in rows:
            file.write(",\n" if count else "\n")
            file.write(json.dumps(dict(zip(headings, row, strict=True)), ensure_ascii=False))
            count += 1
        file.write("\n]\n")
    return count
