"""Bodies that break a schema's rules, one rule each, made from the schema itself."""

import copy
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

SURROGATE = "\ud800"
CANARY = "kan4rienvogel"
"""Stands in what is sent; no answer may repeat it."""
WRONG = (None, 7, 1.5, True, CANARY, [CANARY], {CANARY: CANARY}, -1, 10**30)
FOREIGN_COLUMNS = (
    "id",
    "workspace_id",
    "role",
    "is_admin",
    "email_verified",
    "created_at",
    "updated_at",
    "password_hash",
    "number",
    "seq",
    "public_seq",
    "author_id",
    "author_kind",
    "author_name",
    "customer",
    "uploader_id",
    "token_hash",
    "tier",
    "is_spam",
    "escalated",
    "unread",
    "waiting_since",
    "external_id",
    "metadata",
    "metadata_",
    "sla_due_at",
    "comment_count",
    "last_seq",
    "blocked_until",
    "is_public",
    "door",
    "__class__",
    "_sa_instance_state",
)


@dataclass(frozen=True)
class Bad:
    """A body, what is wrong with it, and the field at fault; `must_fail` where no schema may take it."""

    label: str
    body: Any
    field: str
    must_fail: bool = True


def bad_bodies(schema: type[BaseModel], good: dict[str, Any]) -> Iterator[Bad]:
    """Every way of breaking one field of a good body."""
    described = schema.model_json_schema()
    for name in described.get("required", []):
        yield Bad(f"without {name}", {key: value for key, value in good.items() if key != name}, name)
    for name in FOREIGN_COLUMNS:
        if name not in described.get("properties", {}):
            yield Bad(f"unknown {name}", {**good, name: CANARY}, name)
    for name, field in described.get("properties", {}).items():
        yield from _broken(name, field, good, described)


def _broken(
    name: str, field: dict[str, Any], good: dict[str, Any], described: dict[str, Any]
) -> Iterator[Bad]:
    options = field.get("anyOf", [field])
    kinds = {option.get("type", "object") for option in options}
    for value in WRONG:
        fits = _kind(value) in kinds or (value is True and "boolean" in kinds)
        yield Bad(
            f"{name} = {value!r:.20}",
            {**good, name: value},
            name,
            must_fail=not fits and not _lax(value, kinds),
        )
    if "string" in kinds:
        for text in (f"{CANARY}\x00", f"{CANARY}{SURROGATE}", f"{CANARY}\udfff\ud800"):
            yield Bad(f"{name} unstorable", {**good, name: text}, name)
        longest = max(option.get("maxLength", 0) for option in options)
        yield Bad(
            f"{name} far too long",
            {**good, name: "y" * 20_001},
            name,
            must_fail=bool(longest) or _is_id(options),
        )
        if longest:
            yield Bad(f"{name} as long as allowed", {**good, name: "y" * longest}, name, must_fail=False)
            yield Bad(f"{name} wide", {**good, name: "\U0001f600" * longest}, name, must_fail=False)
        if _is_id(options):
            yield Bad(f"{name} of nothing", {**good, name: str(uuid.uuid4())}, name, must_fail=False)
    if "array" in kinds:
        yield Bad(f"{name} of wrong things", {**good, name: [CANARY, None, {}]}, name)
        yield Bad(f"{name} of too many", {**good, name: [str(uuid.uuid4()) for _ in range(500)]}, name)
    if "object" in kinds:
        for inner in (
            {CANARY + SURROGATE: "x"},
            {"theme": f"x{SURROGATE}"},
            {"theme": "x\x00"},
            {"a\x00": "b"},
        ):
            yield Bad(f"{name} with unstorable", {**good, name: inner}, name)
        deep: Any = {}
        for _ in range(300):
            deep = {"a": deep}
        yield Bad(f"{name} deep", {**good, name: deep}, name)


def _kind(value: Any) -> str:
    names = {
        type(None): "null",
        bool: "boolean",
        int: "integer",
        float: "number",
        str: "string",
        list: "array",
    }
    return names.get(type(value), "object")


def _lax(value: Any, kinds: set[str]) -> bool:
    """What pydantic takes for another type on purpose: 1 for true, "7" for 7."""
    return isinstance(value, int | float) and bool(kinds & {"boolean", "integer", "number"})


def _is_id(options: list[dict[str, Any]]) -> bool:
    return any(option.get("format") == "uuid" for option in options)


def with_field(good: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """A copy of a body with one field set."""
    return {**copy.deepcopy(good), name: value}


def check_shape(body: Any, *, loc_first: tuple[str, ...] = ("body", "query", "path", "header")) -> None:
    """The one error shape, which repeats nothing of the input and tells nothing of the inside."""
    assert isinstance(body, dict), body
    assert set(body) <= {"code", "message", "detail", "current"}, body
    assert body["code"].replace("_", "").isalpha(), body
    assert isinstance(body["message"], str), body
    assert body["message"], body
    assert isinstance(body["detail"], list), body
    for item in body["detail"]:
        assert set(item) == {"loc", "msg", "type"}, item
        assert item["loc"][0] in loc_first, item
        assert CANARY not in item["msg"], item
    assert CANARY not in body["message"], body
    for inside in (
        "Traceback",
        "sqlalchemy",
        "psycopg",
        "webapp.",
        "object at 0x",
        "<class",
        "pydantic",
        "site-packages",
    ):
        assert inside.lower() not in str(body).lower(), body
