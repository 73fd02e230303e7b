"""What is asked of the search."""

from typing import Literal

from webapp.schemas.text import Line, PageSize, Strict


class FindQuery(Strict):
    q: Line = ""
    scope: Literal["tickets", "customers"] = "tickets"
    cursor: Line | None = None
    limit: PageSize = 20
