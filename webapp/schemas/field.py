"""Custom fields' definitions: what comes in, what goes out."""

import uuid
from typing import Annotated, Any, Literal

from pydantic import Field as Limits

from webapp.models import Field
from webapp.schemas.paging import PageQuery
from webapp.schemas.text import Content, Line, Place, Strict

Choices = Annotated[list[Line], Limits(max_length=100)]


class FieldPatch(Strict):
    label: Line | None = None
    hint: Line | None = None
    choices: Choices | None = None
    pattern: Line | None = None
    required_on_resolve: bool | None = None
    position: Place | None = None
    archived: bool | None = None


class FieldIn(Strict):
    label: Line
    kind: Literal["text", "number", "date", "choice", "checkbox", "url"]
    target: Literal["ticket", "customer"] = "ticket"
    key: Line | None = None
    hint: Line = ""
    choices: Choices = []
    pattern: Line = ""
    required_on_resolve: bool = False


class FieldForm(Strict):
    """As a form sends it: choices one a line, a switch that is there or not."""

    label: Line
    hint: Line = ""
    choices: Content = ""
    pattern: Line = ""
    required_on_resolve: bool = False

    def settings(self) -> dict[str, Any]:
        """What a definition is set to, beside its name."""
        return {
            "hint": self.hint,
            "choices": self.choices.splitlines(),
            "pattern": self.pattern,
            "required_on_resolve": self.required_on_resolve,
        }


class NewFieldForm(FieldForm):
    kind: Literal["text", "number", "date", "choice", "checkbox", "url"]
    target: Literal["ticket", "customer"] = "ticket"


class FieldsQuery(PageQuery):
    target: Literal["ticket", "customer"] | None = None
    archived: bool = False


class FieldOut(Strict):
    id: uuid.UUID
    target: Literal["ticket", "customer"]
    key: str
    label: str
    hint: str
    kind: Literal["text", "number", "date", "choice", "checkbox", "url"]
    choices: list[str]
    pattern: str
    required_on_resolve: bool
    archived: bool


def field_out(field: Field) -> dict[str, Any]:
    """A definition as pages and programs see it."""
    return {
        "id": str(field.id),
        "target": field.target,
        "key": field.key,
        "label": field.label,
        "hint": field.hint,
        "kind": field.kind,
        "choices": field.choices,
        "pattern": field.pattern,
        "required_on_resolve": field.required_on_resolve,
        "archived": field.archived_at is not None,
    }
