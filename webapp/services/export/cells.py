"""Cells that no spreadsheet takes for a formula.

A text that begins with a sign by which formulas begin (also full-width, also behind quotes, separators or
blanks, which some programs skip) gets an apostrophe in front: OWASP, "CSV Injection".
"""

from typing import Any

SIGNS = frozenset("=+-@\t\r\n|%\uff1d\uff0b\uff0d\uff20")
SKIPPED = "\"'`,; \u00a0\u3000\ufeff\u200b"
LONGEST = 32_767
"""What a spreadsheet's cell can hold."""


def guard(value: Any) -> Any:
    """The value as it may stand in a cell: texts are made harmless, our own numbers stay numbers."""
    if not isinstance(value, str):
        return value
    text = value[: LONGEST - 1]
    return f"'{text}" if _is_risky(text) else text


def unguard(text: str) -> str:
    """What `guard` was given: takes its apostrophe away again, for reading an export back."""
    return text[1:] if text.startswith("'") and _is_risky(text[1:]) else text


def _is_risky(text: str) -> bool:
    bare = text.lstrip(SKIPPED)
    return bool(bare) and bare[0] in SIGNS
