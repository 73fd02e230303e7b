"""A file's rows as we understand them, in batches."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webapp.services.importing.batch import Item
from webapp.services.importing.mapping import Wrong, clean, digest_of, flat, guess
from webapp.services.importing.reading import Row, Shape, read_rows
from webapp.services.importing.taking import subject_of

ZENDESK = "zendesk"
"""The subject of a file whose rows say themselves what they are, or show it."""
ROWS, WEIGHT = 25, 30
"""A batch: so many rows, or so much in them; on SQLite writing it holds the loop."""


@dataclass(frozen=True)
class Failure:
    """A row that could not be understood."""

    number: int
    subject: str
    external_id: str
    field: str
    message: str


@dataclass
class Chunk:
    """The next rows; `end`: the number of the last one."""

    end: int = 0
    items: list[Item] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    weight: int = 0

    def is_full(self, most: int = ROWS) -> bool:
        """Whether it is enough for one transaction."""
        return len(self.items) + len(self.failures) >= most or self.weight >= WEIGHT


def look_of(fields: Mapping[str, Any]) -> str:
    """What a row is, by the fields that only one kind has."""
    if "domain_names" in fields:
        return "organization"
    if "ticket_id" in fields and ("body" in fields or "plain_body" in fields):
        return "comment"
    if "role" in fields or ("email" in fields and "subject" not in fields):
        return "customer"
    return "ticket"


def kind_of(row: Row, subject: str) -> str:
    """What a row is: as the file says, as whoever sent it said, as it looks."""
    if row.subject:
        return row.subject
    return look_of(row.fields) if subject == ZENDESK else subject


@dataclass
class Reader:
    """A file, read by a mapping; where that says nothing of a kind of row, by the names of the first one.

    `last`: the number of the row that was read last.
    """

    path: Path
    shape: Shape
    subject: str
    mapping: dict[str, dict[str, str]]
    last: int = 0

    def chunks(self, *, after: int = 0) -> Iterator[Chunk]:
        """The rows behind the `after`th. Raises `Unreadable`."""
        chunk = Chunk(after)
        for row in read_rows(self.path, self.shape):
            self._learn(row)
            self.last = row.number
            if row.number <= after:
                continue
            self._add(chunk, row)
            if chunk.is_full():
                yield chunk
                chunk = Chunk(chunk.end)
        if chunk.end > after:
            yield chunk

    def _learn(self, row: Row) -> None:
        kind = kind_of(row, self.subject)
        if kind not in self.mapping:
            self.mapping[kind] = guess(kind, flat(row.fields))

    def _add(self, chunk: Chunk, row: Row) -> None:
        chunk.end, kind = row.number, kind_of(row, self.subject)
        try:
            item = self.item(row)
        except Wrong as wrong:
            chunk.failures.append(Failure(row.number, kind, self._id_of(row), wrong.field, wrong.message))
            return
        chunk.items.append(item)
        chunk.weight += 1 + len(item.values.get("comments") or ())

    def item(self, row: Row) -> Item:
        """A row as we understand it. Raises `Wrong`."""
        kind = kind_of(row, self.subject)
        values = clean(kind, row.fields, self.mapping[kind], is_csv=self.shape.kind == "csv")
        kind = subject_of(kind, values)
        return Item(row.number, kind, values, digest_of(values))

    def _id_of(self, row: Row) -> str:
        column = self.mapping[kind_of(row, self.subject)].get("id")
        value = flat(row.fields).get(column) if column else None
        text = str(value) if isinstance(value, str | int) else ""
        return "".join(char for char in text if char.isprintable())[:60]
