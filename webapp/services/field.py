"""Custom fields: typed definitions of the workspace, and their values on tickets and customers."""

import re
import unicodedata
import uuid
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor, require
from webapp.errors import AppError, Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.models import Customer, Field, Ticket
from webapp.models.field import KINDS, TARGETS
from webapp.services.event import record
from webapp.validators import fits_mask, has_unstorable, mask_places, visible

VALUE_CHARS = 500
MOST_FIELDS = 50
MOST_CHOICES = 100
CHOICE_CHARS = 80
LARGEST = 10**15
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
SETTABLE = ("label", "hint", "choices", "pattern", "required_on_resolve", "position")

Values = dict[str, Any]


def list_fields(
    target: str | None = None, *, archived: bool = False, session: Any = None, actor: Actor | None = None
) -> list[Field]:
    """The definitions in their order, of tickets or customers alone if `target` says so."""
    require(actor or current_actor(), "directory:read")
    query = sa.select(Field).order_by(Field.target.desc(), Field.position, Field.created_at)
    if target is not None:
        query = query.where(Field.target == target)
    if not archived:
        query = query.where(Field.archived_at.is_(None))
    return list((session or db.session()).scalars(query))


# --- definitions ----------------------------------------------------------------------------------


def create_field(
    label: str,
    kind: str,
    *,
    target: str = "ticket",
    key: str | None = None,
    session: Any = None,
    actor: Actor | None = None,
    **settings: Any,
) -> Field:
    """Defines a field. `key` (made of the label if not given), `kind` and `target` stay as they are.

    Raises `Invalid` naming what is wrong, `Conflict` for a key that is taken.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    if kind not in KINDS or target not in TARGETS:
        raise Invalid.field("kind" if kind not in KINDS else "target", "This is not one of the choices")
    present = list_fields(target, archived=True, session=session, actor=actor)
    if sum(field.archived_at is None for field in present) >= MOST_FIELDS:
        raise Conflict(f"There are {MOST_FIELDS} fields already; archive one first")
    taken = {field.key for field in present}
    made = Field(
        id=database.uuid7(),
        target=target,
        kind=kind,
        key=_checked_key(key, taken) if key else _free_key(label, taken),
        position=max((field.position for field in present), default=0) + 1,
        created_at=clock.now(),
    )
    changes = _apply(made, {"label": label, "hint": "", "choices": [], "pattern": "", **settings})
    session.add(made)
    session.flush()
    fixed = {name: [None, getattr(made, name)] for name in ("target", "kind", "key")}
    record("field.created", session=session, actor=actor, subject_id=made.id, changes={**fixed, **changes})
    return made


def update_field(
    field_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None, **settings: Any
) -> Field:
    """Changes a definition. Values that no longer fit stay until somebody sets them again."""
    session, actor = session or db.session(), actor or current_actor()
    field = field_for(field_id, session=session, actor=actor)
    changes = _apply(field, settings)
    if changes:
        session.flush()
        record("field.updated", session=session, actor=actor, subject_id=field.id, changes=changes)
    return field


def archive_field(
    field_id: uuid.UUID, archived: bool = True, *, session: Any = None, actor: Actor | None = None
) -> Field:
    """Takes a field out of every form, or brings it back; values stay where they are."""
    session, actor = session or db.session(), actor or current_actor()
    field = field_for(field_id, session=session, actor=actor)
    if (field.archived_at is not None) != archived:
        field.archived_at = clock.now() if archived else None
        session.flush()
        changes = {"archived": [not archived, archived]}
        record("field.updated", session=session, actor=actor, subject_id=field.id, changes=changes)
    return field


def move_up(field_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """Puts a field before the one above it."""
    session, actor = session or db.session(), actor or current_actor()
    field = field_for(field_id, session=session, actor=actor)
    row = list_fields(field.target, archived=True, session=session, actor=actor)
    at = row.index(field)
    if at:
        row[at - 1], row[at] = row[at], row[at - 1]
    for position, each in enumerate(row, 1):
        each.position = position
    session.flush()
    changes = {"place": [at + 1, max(at, 1)]}
    record("field.updated", session=session, actor=actor, subject_id=field.id, changes=changes)


def field_for(
    field_id: uuid.UUID,
    *,
    permission: str = "settings:manage",
    session: Any = None,
    actor: Actor | None = None,
) -> Field:
    """A definition, archived or not. Raises `NotFound`."""
    require(actor or current_actor(), permission)
    found: Field | None = (session or db.session()).scalar(sa.select(Field).where(Field.id == field_id))
    if found is None:
        raise NotFound("There is no such field")
    return found


def _checked_key(key: str, taken: set[str]) -> str:
    if not KEY.fullmatch(key):
        raise Invalid.field("key", "Small letters, digits and _, at most 40, beginning with a letter")
    if key in taken:
        detail = [{"loc": ["body", "key"], "msg": "Another field has this key", "type": "taken"}]
        raise Conflict("Another field has this key", detail=detail)
    return key


def _free_key(label: str, taken: set[str]) -> str:
    plain = unicodedata.normalize("NFKD", label.casefold()).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:36] or "field"
    stem = stem if KEY.fullmatch(stem) else f"f_{stem}"[:36]
    numbered = (stem if number == 1 else f"{stem}_{number}" for number in range(1, 1000))
    return next(key for key in numbered if key not in taken)


def _apply(field: Field, settings: Values) -> dict[str, list[Any]]:
    """Sets what is given, checked; returns what moved."""
    changes = {}
    for name, value in settings.items():
        if name not in SETTABLE:
            raise Invalid.field(name, "This cannot be set")
        new = _CHECKS.get(name, lambda _field, given: given)(field, value)
        old = getattr(field, name)
        if old != new:
            setattr(field, name, new)
            changes[name] = [old, new]
    return changes


def _checked_text(name: str, chars: int, *, least: int = 0) -> Callable[[Field, Any], str]:
    def check(_field: Field, value: Any) -> str:
        shown = "" if has_unstorable(value) else visible(value)
        if not least <= len(shown) <= chars:
            raise Invalid.field(name, f"Between {least} and {chars} characters")
        return shown

    return check


def _checked_choices(field: Field, value: Any) -> list[str]:
    choices = list(dict.fromkeys(visible(choice) for choice in value if visible(choice)))
    if field.kind != "choice":
        return []
    if not 1 <= len(choices) <= MOST_CHOICES or any(len(choice) > CHOICE_CHARS for choice in choices):
        raise Invalid.field(
            "choices", f"Between 1 and {MOST_CHOICES} choices of at most {CHOICE_CHARS} characters"
        )
    return choices


def _checked_pattern(field: Field, value: Any) -> str:
    mask = "" if has_unstorable(value) else visible(value)
    if len(mask) > 100 or (mask and not mask_places(mask)):
        raise Invalid.field("pattern", "At most 100 characters; # is a digit, @ a letter, * either")
    return mask if field.kind == "text" else ""


_CHECKS: dict[str, Callable[[Field, Any], Any]] = {
    "label": _checked_text("label", 80, least=1),
    "hint": _checked_text("hint", 200),
    "choices": _checked_choices,
    "pattern": _checked_pattern,
}


# --- values ---------------------------------------------------------------------------------------


def set_values(
    target: Ticket | Customer,
    values: Mapping[str, Any],
    *,
    session: Any = None,
    actor: Actor | None = None,
) -> dict[str, list[Any]]:
    """Sets values by key on a locked ticket or customer (None or "" clears); the others stay.

    Records `ticket.updated` or `customer.updated`; returns what moved, `{"fields.<key>": [old, new]}`.
    Raises `Invalid` whose `loc` is `["body", "fields", key]`, for every value at fault at once.
    """
    session, actor = session or db.session(), actor or current_actor()
    noun = "ticket" if isinstance(target, Ticket) else "customer"
    clean = check_values(noun, values, session=session, actor=actor)
    held = dict(target.fields or {})
    changes = {f"fields.{key}": [held.get(key), new] for key, new in clean.items() if held.get(key) != new}
    if not changes:
        return {}
    target.fields = {key: value for key, value in {**held, **clean}.items() if value is not None}
    subject = {"ticket": target} if noun == "ticket" else {"subject_id": target.id}
    record(f"{noun}.updated", session=session, actor=actor, changes=changes, **subject)
    session.flush()
    return changes


def check_values(
    target: str, values: Mapping[str, Any], *, session: Any = None, actor: Actor | None = None
) -> Values:
    """The values as they are stored, by that target's definitions. Raises `Invalid` naming each at fault."""
    fields = {field.key: field for field in list_fields(target, session=session, actor=actor)}
    clean, wrong = {}, []
    for key, value in values.items():
        try:
            if key not in fields:
                raise ValueError("There is no such field")
            clean[key] = None if value is None or value == "" else _READ[fields[key].kind](fields[key], value)
        except ValueError as error:
            wrong.append(_fault(key, str(error), "value_error"))
    if wrong:
        raise Invalid("Please check the marked fields", detail=wrong)
    return clean


def _fault(key: str, msg: str, type_: str) -> dict[str, Any]:
    return {"loc": ["body", "fields", key[:40]], "msg": msg, "type": type_}


def missing_fields(ticket: Ticket, *, session: Any = None) -> list[Field]:
    """The fields that resolving wants and that this ticket, or its customer, does not have."""
    query = sa.select(Field).where(Field.required_on_resolve.is_(True), Field.archived_at.is_(None))
    wanted = (session or db.session()).scalars(query.order_by(Field.target.desc(), Field.position)).all()
    held = {"ticket": ticket.fields or {}, "customer": ticket.customer.fields or {} if wanted else {}}
    # A box that must be ticked isn't answered by "no".
    return [field for field in wanted if held[field.target].get(field.key) in (None, False)]


def refuse_incomplete(ticket: Ticket, *, session: Any = None) -> None:
    """Raises `Invalid` "fields_required", naming each field that resolving this ticket wants."""
    missing = missing_fields(ticket, session=session)
    if missing:
        raise IncompleteFields(missing)


class IncompleteFields(Invalid):
    """Resolving wants values that are not there."""

    def __init__(self, missing: list[Field]) -> None:
        names = ", ".join(field.label for field in missing)
        detail = [
            {
                "loc": ["body", "fields" if field.target == "ticket" else "customer_fields", field.key],
                "msg": f"“{field.label}” is needed to resolve this ticket",
                "type": "required",
            }
            for field in missing
        ]
        AppError.__init__(
            self, f"Before this ticket is resolved: {names}", code="fields_required", detail=detail
        )


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("This must be a text")  # noqa: TRY004 - told as a value at fault
    shown = "" if has_unstorable(value) else visible(value)
    if not 1 <= len(shown) <= VALUE_CHARS:
        raise ValueError(f"At most {VALUE_CHARS} characters")
    if field.pattern and not fits_mask(field.pattern, shown):
        raise ValueError(f"This should look like {field.pattern} (# is a digit, @ a letter, * either)")
    return shown


def _number(_field: Field, value: Any) -> int | float:
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,16}(\.\d{1,6})?\s*", value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -LARGEST <= value <= LARGEST:
        raise ValueError("This must be a number")
    return int(value) if value == int(value) else value


def _date(_field: Field, value: Any) -> str:
    try:
        return date.fromisoformat(value if isinstance(value, str) and len(value) == 10 else "").isoformat()
    except ValueError:
        raise ValueError("This must be a date, such as 2026-11-30") from None


def _choice(field: Field, value: Any) -> str:
    if value not in field.choices:
        raise ValueError("This is not one of the choices")
    return str(value)


def _checkbox(_field: Field, value: Any) -> bool:
    known = {"1": True, "true": True, "on": True, "0": False, "false": False}
    if isinstance(value, str) and value in known:
        return known[value]
    if not isinstance(value, bool):
        raise ValueError("This must be yes or no")  # noqa: TRY004 - told as a value at fault
    return value


def _url(_field: Field, value: Any) -> str:
    try:
        shown = visible(value) if isinstance(value, str) and not has_unstorable(value) else ""
        parts = urlsplit(shown)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in shown
    except ValueError:
        fits = False
    if not fits or len(shown) > VALUE_CHARS:
        raise ValueError("This must be an address that begins with https:// or http://")
    return shown


_READ: dict[str, Callable[[Field, Any], Any]] = {
    "text": _text,
    "number": _number,
    "date": _date,
    "choice": _choice,
    "checkbox": _checkbox,
    "url": _url,
}
