"""Pages of a list: which one is asked for, and where the next begins."""

import base64
import json
import uuid
from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeVar

from pydantic import StringConstraints

from webapp.errors import Invalid
from webapp.schemas.text import Line, PageSize, Strict, Text

Row = TypeVar("Row")
Key = tuple[int | str, ...]
Cursor = Annotated[Text, StringConstraints(max_length=2000)]


class PageQuery(Strict):
    cursor: Cursor | None = None
    limit: PageSize = 50


class NamedQuery(PageQuery):
    """A page of what has these letters in its name; all, where nothing is asked."""

    q: Line = ""


class NewestQuery(Strict):
    """A page of what is listed newest first; `cursor` is the id of the page's last one."""

    cursor: uuid.UUID | None = None
    limit: PageSize = 50


def write_cursor(key: Key) -> str:
    """The place behind the row with this key, in letters that an address can hold."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def read_cursor(cursor: str, *kinds: type) -> Any:
    """The key that `write_cursor` was given, of these kinds. Raises `Invalid` naming the parameter."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
            raise ValueError
        if any(isinstance(part, int) and not 0 <= part < 2**31 for part in key):
            raise ValueError
    except (ValueError, RecursionError):
        raise Invalid.field("cursor", "This is no cursor of ours", where="query") from None
    return tuple(key)


def cut(
    rows: Iterable[Row], asked: PageQuery, key: Callable[[Row], Key], *kinds: type
) -> tuple[list[Row], str | None]:
    """A page of a short list that is at hand as a whole, and the cursor of the next.

    It is ordered by `key`, whose parts are of `kinds`. A row that comes or goes between two pages moves no
    other one.
    """
    found = sorted(rows, key=key)
    if asked.cursor:
        place = read_cursor(asked.cursor, *kinds)
        found = [row for row in found if key(row) > place]
    page = found[: asked.limit]
    return page, write_cursor(key(page[-1])) if len(found) > asked.limit else None


def page_out(rows: Iterable[Row], cursor: str | None, out: Callable[[Row], Any]) -> dict[str, Any]:
    """A page as every list answers it; `next_cursor` is null on the last one."""
    return {"data": [out(row) for row in rows], "next_cursor": cursor}
