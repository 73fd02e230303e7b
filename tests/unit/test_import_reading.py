"""From bytes to rows: every way in which tables are written, and what is no table."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.services.importing.mapping import Wrong, clean, flat, guess
from webapp.services.importing.reading import Shape, Unreadable, find_shape, read_rows

pytestmark = pytest.mark.unit


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def rows(data: str | bytes) -> list[Any]:
        path = tmp_path / "file"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return list(read_rows(path, find_shape(path)))

    return rows


TABLE = [["id", "title"], ["1", "Grüße, Anna"], ["2", 'He said "no"\nand left']]
EXPECTED = [{"id": "1", "title": "Grüße, Anna"}, {"id": "2", "title": 'He said "no"\nand left'}]


def as_csv(delimiter: str = ",", end: str = "\n") -> str:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if any(c in text for c in f'{delimiter}"\n,;') else text

    return end.join(delimiter.join(cell(text) for text in row) for row in TABLE) + end


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_table_reads_the_same_however_it_is_written(
    read: Any, delimiter: str, end: str, encoding: str
) -> None:
    assert [row.fields for row in read(as_csv(delimiter, end).encode(encoding))] == EXPECTED


def test_empty_lines_and_empty_columns_are_passed_over(read: Any) -> None:
    found = read("id,title,,\n\n1,A,,\n,,,\n2,B,,\n")
    assert [(row.number, row.fields) for row in found] == [
        (1, {"id": "1", "title": "A"}),
        (2, {"id": "2", "title": "B"}),
    ]


JSONS = {
    "a list": '[{"id": 1}, {"id": 2}]',
    "lines": '{"id": 1}\n{"id": 2}\n',
    "lines with a mark": '\ufeff{"id": 1}\r\n\r\n{"id": 2}',
    "one after the other": '{"id": 1}{"id": 2}',
}


@pytest.mark.parametrize("text", JSONS.values(), ids=JSONS)
def test_json_reads_the_same_however_it_is_written(read: Any, text: str) -> None:
    assert [(row.subject, row.fields) for row in read(text)] == [(None, {"id": 1}), (None, {"id": 2})]


PAGES = {
    "the list first": '{"tickets": [{"id": 1}, {"id": 2}], "next_page": null, "count": 2}',
    "the list last": '{"count": 2, "next_page": null, "tickets": [{"id": 1}, {"id": 2}]}',
    "two pages": '{"tickets": [{"id": 1}]}\n{"tickets": [{"id": 2}], "end_of_stream": true}',
    "in a list": '[{"count": 2, "tickets": [{"id": 1}, {"id": 2}]}]'[1:-1],
}


@pytest.mark.parametrize("text", PAGES.values(), ids=PAGES)
def test_a_page_of_an_api_says_what_is_in_it(read: Any, text: str) -> None:
    assert [(row.subject, row.fields) for row in read(text)] == [("ticket", {"id": 1}), ("ticket", {"id": 2})]


def test_a_page_may_hold_several_lists(read: Any) -> None:
    found = read('{"users": [{"id": 1}], "count": 7, "tickets": [{"id": 2, "comments": [{"id": 3}]}]}')
    assert [row.subject for row in found] == ["customer", "ticket"]
    assert found[1].fields["comments"] == [{"id": 3}]


def test_rows_across_pieces_of_the_stream_come_whole(read: Any) -> None:
    rows = [{"id": number, "text": "ü" * (number * 37 % 5000)} for number in range(200)]
    assert [row.fields for row in read(json.dumps(rows))] == rows
    assert [row.fields for row in read("\n".join(map(json.dumps, rows)))] == rows
    assert [row.fields for row in read(json.dumps({"tickets": rows, "count": 200}))] == rows


BROKEN = {
    "nothing": ("", "empty"),
    "blanks": (" \n\n", "empty"),
    "a zip": (b"PK\x03\x04...", "archive"),
    "gzip": (b"\x1f\x8b...", "archive"),
    "a quote that is not closed": ('id,title\n1,"open', "quote"),
    "a quote in the middle": ('id,title\n1,"a"b', "quotes"),
    "too many cells": ("id,title\n1,a,b", "cells"),
    "two columns of one name": ("id,id\n1,2", "Two columns"),
    "no names": (",,\n1,2,3", "name the columns"),
    "too many columns": (",".join(f"c{n}" for n in range(501)) + "\n1", "name the columns"),
    "a huge cell": ("id,title\n1," + '"' + "x\n" * 100_000 + '"', "characters"),
    "a huge line": ("id,title\n1," + "x" * 2_100_000, "characters"),
    "half a list": ('[{"id": 1}, {"id": 2}', "missing"),
    "half a page": ('{"tickets": [{"id": 1}]', "missing"),
    "half an object": ('{"id": 1', "missing"),
    "a list of numbers": ("[1, 2]", "no object"),
    "nested without end": ("[" * 100_000, "JSON"),
    "a huge row": ('[{"id": "' + "x" * 4_500_000 + '"}]', "too long"),
    "a number without end": ('[{"id": ' + "9" * 10_000 + "}]", "JSON"),
    "no JSON": ('{"id": nothing}', "JSON"),
    "half UTF-16": (b"\xff\xfei\x00d\x00\n", "encoding"),
}


@pytest.mark.parametrize("data, says", BROKEN.values(), ids=BROKEN)
def test_what_is_no_table_is_refused_in_plain_words(read: Any, data: Any, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        read(data)


@given(st.binary(max_size=300))
def test_whatever_the_bytes_are_it_is_rows_or_a_refusal(tmp_path_factory: Any, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(data)
    try:
        rows = list(read_rows(path, find_shape(path)))
    except Unreadable:
        return
    assert all(isinstance(row.fields, dict) for row in rows)


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        path = tmp_path / "file"
        path.write_text("\n".join(json.dumps({"id": n, "text": "x" * 200}) for n in range(rows)))
        tracemalloc.start()
        try:
            for _ in read_rows(path, Shape("json", "utf-8")):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(20_000) < 2 * peak(2000)


# --- columns and values ---------------------------------------------------------------------------


def test_columns_are_known_by_their_likely_names() -> None:
    columns = ("Ticket ID", "Subject", "Requester Email", "Assignee", "Created At", "Whatever")
    assert guess("ticket", columns) == {
        "id": "Ticket ID",
        "title": "Subject",
        "customer_email": "Requester Email",
        "agent": "Assignee",
        "created_at": "Created At",
    }


def test_what_is_inside_an_object_is_a_column_of_its_own() -> None:
    found = flat({"via": {"channel": "email"}, "requester": {"email": "a@example.com"}})
    assert guess("ticket", found) == {
        "channel": "via.channel",
        "customer_email": "requester.email",
        "customer_name": "requester",
    }


def ticket(**fields: Any) -> dict[str, Any]:
    row = {"id": "1", "title": "A", **fields}
    return clean("ticket", row, {name: name for name in row}, is_csv=True)


TIMES = {
    "iso": "2024-03-01T09:30:00Z",
    "offset": "2024-03-01T10:30:00+01:00",
    "space": "2024-03-01 09:30",
    "utc": "2024-03-01 09:30:00 UTC",
    "seconds": "1709285400",
    "milliseconds": 1709285400000,
    "mail": "Fri, 01 Mar 2024 09:30:00 +0000",
}


@pytest.mark.parametrize("text", TIMES.values(), ids=TIMES)
def test_a_time_is_understood_however_it_is_written(text: Any) -> None:
    assert ticket(created_at=text)["created_at"].isoformat() == "2024-03-01T09:30:00+00:00"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no title": ({"title": " "}, "title"),
    "no id": ({"id": ""}, "id"),
    "an unknown status": ({"status": "lost"}, "status"),
    "an unknown priority": ({"priority": "soon"}, "priority"),
    "no time": ({"created_at": "yesterday"}, "created_at"),
    "a day that may be two": ({"created_at": "03/04/2024"}, "created_at"),
    "a time to come": ({"created_at": "2999-01-01"}, "created_at"),
    "a time long ago": ({"created_at": "1970-01-01"}, "created_at"),
    "a time without end": ({"created_at": "9" * 13}, "created_at"),
    "no address": ({"customer_email": "ann at example"}, "customer_email"),
    "a huge address": ({"customer_email": "a" * 300 + "@example.com"}, "customer_email"),
    "NUL": ({"title": "a\x00b"}, "title"),
    "half a pair": ({"title": "a\ud800b"}, "title"),
    "half a pair in a list": ({"tags": ["a\ud800"]}, "tags"),
    "an object": ({"title": {"a": 1}}, "title"),
    "a huge id": ({"id": "x" * 201}, "id"),
    "a huge text": ({"description": "x" * 100_001}, "description"),
    "many tags": ({"tags": ",".join(map(str, range(31)))}, "tags"),
    "a long tag": ({"tags": "x" * 41}, "tags"),
    "no list of comments": ({"comments": "[1]"}, "comments"),
    "comments that are none": ({"comments": [1]}, "comments"),
    "a comment without a text": ({"comments": [{"body": ["x"]}]}, "comments.content"),
    "a comment by nobody": ({"comments": [{"body": "x", "public": "maybe"}]}, "comments.public"),
    "a comment with NUL": ({"comments": [{"body": "\x00"}]}, "body"),
    "very many comments": ({"comments": [{}] * 2001}, "comments"),
}


@pytest.mark.parametrize("fields, field", WRONG.values(), ids=WRONG)
def test_a_value_that_will_not_do_is_named(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Wrong) as wrong:
        ticket(**fields)
    assert wrong.value.field == field


def test_a_formula_comes_in_as_it_was_before_an_export_made_it_harmless() -> None:
    assert ticket(title="'=1+1")["title"] == "=1+1"
    assert ticket(title="'tis")["title"] == "'tis"


def test_a_customer_needs_an_address_or_an_id() -> None:
    mapping = {name: name for name in ("id", "email", "tier")}
    assert clean("customer", {"id": 7}, mapping, is_csv=False)["id"] == "7"
    with pytest.raises(Wrong):
        clean("customer", {}, mapping, is_csv=False)
    with pytest.raises(Wrong, match="Tier"):
        clean("customer", {"id": 7, "tier": "gold"}, mapping, is_csv=False)
