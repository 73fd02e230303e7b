"""What a view answers, declared beside it: the API's document is made of it, and the tests hold it to it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import BaseModel, create_model

from webapp.schemas.text import Strict

View = Callable[..., Any]


@dataclass(frozen=True)
class Answer:
    """What a view answers with one status: a JSON `model`, a file of a media type, or nothing."""

    status: int
    model: type[BaseModel] | None = None
    file: str | None = None


@dataclass
class Operation:
    """All that a view declares of itself, beyond the models of its path, query and body."""

    answers: list[Answer] = field(default_factory=list)
    may: set[int] = field(default_factory=set)
    takes_file: bool = False
    file_limit: str = "attachment_bytes"
    takes_match: bool = False
    has_tag: bool = False
    untagged: frozenset[str] = frozenset()

    @cached_property
    def models(self) -> dict[int, type[BaseModel]]:
        """The JSON models by status."""
        return {answer.status: answer.model for answer in self.answers if answer.model is not None}


def operation_of(view: View) -> Operation:
    """What a view has declared so far; empty for one that declared nothing."""
    if not hasattr(view, "operation"):
        view.operation = Operation()  # type: ignore[attr-defined]
    found: Operation = view.operation  # type: ignore[attr-defined]
    return found


def answers(
    status: int = 200,
    model: type[BaseModel] | None = None,
    /,
    *,
    file: str | None = None,
    may: tuple[int, ...] = (),
    **fields: Any,
) -> Callable[[View], View]:
    """Declares an answer: a `model`, or an object of `fields` (name=type), or a `file` of a media type.

    None of these: an empty body (204). `may`: statuses of refusals beyond the usual ones (401, 403, 404, 413,
    415, 422, 429, 503, which follow from the route), such as 409. Use it twice for a view with two answers.
    """

    def mark(view: View) -> View:
        found = operation_of(view)
        body = model or (_object(view, status, fields) if fields else None)
        found.answers.append(Answer(status, body, file))
        found.may.update(may)
        return view

    return mark


def takes_file(view: View) -> View:
    """Marks a view whose body is one file, as multipart/form-data; see `doors.uploaded`."""
    operation_of(view).takes_file = True
    return view


def takes_import(view: View) -> View:
    """As `takes_file`, for a file as large as one to import may be."""
    operation_of(view).file_limit = "import_bytes"
    return takes_file(view)


def _object(view: View, status: int, fields: dict[str, Any]) -> type[BaseModel]:
    area = view.__module__.rpartition(".")[2]
    words = f"{area}_{view.__name__}".split("_")
    name = "".join(word.title() for word in words) + (str(status) if status not in (200, 201) else "")
    required: dict[str, Any] = {key: (kind, ...) for key, kind in fields.items()}
    return create_model(name, __base__=Strict, __module__=view.__module__, **required)
