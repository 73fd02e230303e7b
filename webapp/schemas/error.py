"""The one shape of every refusal, as a schema; `errors.AppError.to_dict` makes it."""

from typing import Any

from webapp.schemas.text import Strict


class DetailOut(Strict):
    """One finding; `loc` begins with body, query, path or header, and names the field."""

    loc: list[str | int]
    msg: str
    type: str


class ErrorOut(Strict):
    """What went wrong: `code` for machines, `message` for people; `current`: what it is now."""

    code: str
    message: str
    detail: list[DetailOut]
    current: Any = None
