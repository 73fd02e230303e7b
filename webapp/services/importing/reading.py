"""From a file's bytes to its rows, one at a time: CSV, a JSON list, lines of JSON, or pages of Zendesk's API.

No more than one row is held, and no row is longer than `LONGEST`. Whatever is not a table of rows raises
`Unreadable`, with what to tell whoever sent it. Nothing is unpacked: an archive is refused.
"""

import csv
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

LONGEST = 2_000_000
"""Characters of one row; a ticket with all its comments is one."""
CELL = 131_072
PIECE = 65_536
HEAD_BYTES = 65_536
DELIMITERS = ",;\t|"
MOST_COLUMNS = 500
BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")
SUBJECTS = {
    "organizations": "organization",
    "users": "customer",
    "customers": "customer",
    "end_users": "customer",
    "tickets": "ticket",
    "comments": "comment",
    "ticket_comments": "comment",
}
"""What a list under such a name holds."""

Record = dict[str, Any]


class Unreadable(Exception):
    """The file is no table of rows; says why, and where."""


@dataclass(frozen=True)
class Shape:
    """How a file is written: `kind` csv or json, its encoding, and what stands between a CSV's cells."""

    kind: str
    encoding: str
    delimiter: str = ","

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(frozen=True)
class Row:
    """The `number`th row (from 1), what it is if the file says so, and its fields as they are written."""

    number: int
    subject: str | None
    fields: Record


def find_shape(path: Path) -> Shape:
    """How the file is written. Raises `Unreadable` for an empty one, an archive, or what is no text."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(ARCHIVES):
        raise Unreadable("This is an archive. Unpack it and choose a file out of it")
    encoding = _encoding(path, head)
    with _opened(path, encoding) as text:
        start = text.read(4096)
    if not start.strip():
        raise Unreadable("The file is empty")
    if start.lstrip()[0] in "[{":
        return Shape("json", encoding)
    return Shape("csv", encoding, _delimiter(start))


def read_rows(path: Path, shape: Shape) -> Iterator[Row]:
    """The file's rows in order. Raises `Unreadable` where it cannot go on."""
    with _opened(path, shape.encoding) as text:
        yield from _csv_rows(text, shape.delimiter) if shape.kind == "csv" else _json_rows(text)


def _encoding(path: Path, head: bytes) -> str:
    """By its mark, else UTF-8, if all of it is; else what Windows writes in the West."""
    for mark, name in BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return name
    try:
        with path.open(encoding="utf-8") as text:
            while text.read(PIECE):
                pass
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


@contextmanager
def _opened(path: Path, encoding: str) -> Iterator[TextIO]:
    with path.open(encoding=encoding, newline="") as text:
        try:
            yield text
        except UnicodeError:
            raise Unreadable("The file is not text in one encoding; save it as UTF-8") from None


# --- CSV ------------------------------------------------------------------------------------------


def _delimiter(start: str) -> str:
    """What there is most of in the first line, outside of quotes."""
    line = re.sub(r'"[^"]*"', "", start).splitlines()[0] if start else ""
    return max(DELIMITERS, key=line.count)


def _csv_rows(text: TextIO, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(_lines(text), delimiter=delimiter, strict=True)
    try:
        headings = _headings(next(reader, []))
        number = 0
        for cells in reader:
            if not any(cells):
                continue
            number += 1
            yield Row(number, None, _record(headings, cells, number))
    except csv.Error as error:
        raise Unreadable(f"Line {reader.line_num}: {_said(error)}") from None


def _said(error: csv.Error) -> str:
    text = str(error)
    if "field larger" in text:
        return f"a cell has more than {CELL:,} characters, or a quote is not closed"
    if "unexpected end" in text:
        return "the last quote is not closed"
    return "the quotes do not fit; a quote inside a cell is written twice"


def _lines(text: TextIO) -> Iterator[str]:
    """Lines of a bounded length: a cell of a gigabyte is refused after a few pieces of it."""
    while line := text.readline(LONGEST):
        if len(line) == LONGEST:
            raise Unreadable(f"A line has more than {LONGEST:,} characters")
        yield line


def _headings(cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names or len(names) > MOST_COLUMNS:
        raise Unreadable(f"The first line must name the columns, at most {MOST_COLUMNS} of them")
    double = {name for name in names if name and names.count(name) > 1}
    if double:
        raise Unreadable(f"Two columns are called {min(double)[:60]}")
    return names


def _record(headings: list[str], cells: list[str], number: int) -> Record:
    if len(cells) > len(headings) and any(cells[len(headings) :]):
        raise Unreadable(f"Row {number} has {len(cells)} cells, but there are {len(headings)} columns")
    return {name: cell for name, cell in zip(headings, cells, strict=False) if name}


# --- JSON -----------------------------------------------------------------------------------------

_decoder = json.JSONDecoder()
_BLANK = re.compile(r"[\s,\ufeff]*")
_LIST = rf'"({"|".join(SUBJECTS)})"\s*:\s*\['
_PAGE = re.compile(r"\{\s*" + _LIST)
_NEXT_LIST = re.compile(_LIST)
_KEY = re.compile(r'"(?:[^"\\]|\\.){0,200}"\s*:')


class _Text:
    """A window on a stream of JSON: takes values off its front, reading on as they need."""

    def __init__(self, text: TextIO) -> None:
        self.text, self.buffer, self.at, self.is_over = text, "", 0, False

    def fill(self) -> bool:
        """Reads on; whether there was more. The window doubles, so that a long row is not tried too often."""
        if self.is_over:
            return False
        self.buffer, self.at = self.buffer[self.at :], 0
        piece = self.text.read(max(PIECE, len(self.buffer)))
        self.is_over = not piece
        self.buffer += piece
        return bool(piece)

    def peek(self) -> str:
        """The next character that is neither blank nor a comma; "" at the end."""
        while True:
            found = _BLANK.match(self.buffer, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self.buffer):
                return self.buffer[self.at]
            if not self.fill():
                return ""

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Takes what the pattern finds here off the front."""
        if len(self.buffer) - self.at < 1000:
            self.fill()
        found = pattern.match(self.buffer, self.at)
        if found:
            self.at = found.end()
        return found

    def value(self) -> Any:
        """Takes one whole value off the front. Raises `Unreadable`."""
        while True:
            try:
                value, end = _decoder.raw_decode(self.buffer, self.at)
            except (ValueError, RecursionError) as error:
                if isinstance(error, RecursionError) or len(self.buffer) - self.at > LONGEST:
                    raise Unreadable("A row is too long or too deep, or this is no JSON") from None
                if not self.fill():
                    raise Unreadable("This is no JSON, or the end of the file is missing") from None
                continue
            if end == len(self.buffer) and self.fill():  # a number could go on
                continue
            self.at = end
            return value


def _json_rows(text: TextIO) -> Iterator[Row]:
    """A list, lines, or pages one after the other; what a page's list is called says what is in it."""
    stream = _Text(text)
    for number, (subject, record) in enumerate(_values(stream), start=1):
        if not isinstance(record, dict):
            raise Unreadable(f"Row {number} is no object")
        yield Row(number, subject, record)


def _values(stream: _Text) -> Iterator[tuple[str | None, Any]]:
    while mark := stream.peek():
        if mark == "[":
            stream.at += 1
            yield from ((None, value) for value in _elements(stream))
        elif page := stream.match(_PAGE):
            yield from _page(stream, SUBJECTS[page[1]])
        else:
            yield from _spread(stream.value())


def _elements(stream: _Text) -> Iterator[Any]:
    while (mark := stream.peek()) != "]":
        if not mark:
            raise Unreadable("The end of the file is missing")
        yield stream.value()
    stream.at += 1


def _page(stream: _Text, subject: str) -> Iterator[tuple[str | None, Any]]:
    """The rest of a page, whose first list was just opened."""
    yield from ((subject, value) for value in _elements(stream))
    while (mark := stream.peek()) != "}":
        if found := stream.match(_NEXT_LIST):
            yield from ((SUBJECTS[found[1]], value) for value in _elements(stream))
        elif mark and stream.match(_KEY):
            stream.peek()
            stream.value()
        else:
            raise Unreadable("The end of the file is missing, or this is no JSON")
    stream.at += 1


def _spread(value: Any) -> Iterator[tuple[str | None, Any]]:
    """A row of its own, or a small page that does not begin with its list."""
    lists = {name: value[name] for name in SUBJECTS if isinstance(value, dict) and name in value}
    rows = {name: rows for name, rows in lists.items() if _holds_rows(rows)}
    if not rows or "id" in value or "subject" in value:
        yield None, value
        return
    for name, found in rows.items():
        yield from ((SUBJECTS[name], row) for row in found)


def _holds_rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)
