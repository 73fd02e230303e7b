"""What changed from what to what, in words: for the audit log and for a form that came too late."""

from typing import Any, NamedTuple

SECRET = "\N{BULLET}" * 8
HIDDEN = ("password", "secret", "token", "api_key", "private_key", "access_key", "recovery", "key_hash")
LONGEST = 300


class Change(NamedTuple):
    """One field's change as people read it."""

    field: str
    label: str
    old: str
    new: str


def changes_out(changes: dict[str, Any]) -> list[Change]:
    """An event's `changes` ({field: [old, new]}) in words; what is secret stays so."""
    return [_change(field, pair) for field, pair in changes.items()]


def _change(field: str, pair: Any) -> Change:
    old, new = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
    hide = is_secret(field)
    return Change(field, label_of(field), said(old, hide=hide), said(new, hide=hide))


def is_secret(field: str) -> bool:
    """Whether the values of a field are never shown."""
    last = field.rpartition(".")[2].lower()
    return any(word in last for word in HIDDEN)


def without_secrets(changes: dict[str, Any]) -> dict[str, Any]:
    """The changes with every value of a secret field, however deep, replaced by dots."""
    return {name: SECRET if is_secret(name) and value else _cleaned(value) for name, value in changes.items()}


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return without_secrets(value)
    return [_cleaned(one) for one in value] if isinstance(value, list) else value


def label_of(field: str) -> str:
    """`lifecycle.reopen_days` as `Reopen days`."""
    words = field.rpartition(".")[2].removesuffix("_id").removesuffix("_ids").replace("_", " ")
    return words[:1].upper() + words[1:]


def said(value: Any, *, hide: bool = False) -> str:
    """A JSON value as a short text; empty where there is none."""
    if value is None or value in ("", [], {}):
        return ""
    if hide:
        return SECRET
    text = _text(_cleaned(value))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{label_of(name)}: {_text(one)}" for name, one in value.items() if one is not None)
    if isinstance(value, list):
        is_plain = not any(isinstance(one, dict | list) for one in value)
        return (", " if is_plain else "; ").join(map(_text, value))
    return str(value)
