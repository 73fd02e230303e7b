"""Checks of what people type, shared by forms and schemas."""

import re
import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

_ADDRESS_SPECIAL_USE = {"localhost"}
_UNSEEN = re.compile(r"[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True)
class EmailCheck:
    """The outcome for one address; `error_code` is None when it is valid."""

    is_valid: bool
    error_code: str | None = None


def validate_email_detailed(text: str) -> EmailCheck:
    """Checks an address's form. Codes: missing-at, no-user, missing-domain, invalid-domain, invalid-user."""
    local, at, domain = text.rpartition("@")
    if not at:
        return EmailCheck(False, "missing-at")
    if not local:
        return EmailCheck(False, "no-user")
    if not domain:
        return EmailCheck(False, "missing-domain")
    try:
        checked = f"{local}@{domain}.example" if domain.lower() in _ADDRESS_SPECIAL_USE else text
        validate_email(checked, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        domain_ok = _is_valid(f"x@{domain}")
        return EmailCheck(False, "invalid-user" if domain_ok else "invalid-domain")
    return EmailCheck(True)


def _is_valid(text: str) -> bool:
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


def is_valid_email(text: str) -> bool:
    """Whether the text is an e-mail address (`user@localhost` and plus-addresses are)."""
    return validate_email_detailed(text).is_valid


def fold_email(text: str) -> str:
    """The form an address is stored and compared in: NFC, case-folded, without outer space."""
    return unicodedata.normalize("NFC", text.strip()).casefold()


def fold_name(text: str) -> str:
    """The form in which two names are the same: NFKC, case-folded, single spaces."""
    folded = unicodedata.normalize("NFKC", visible(text)).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


_MASK = {"#": str.isdecimal, "@": str.isalpha, "*": str.isalnum}


def fits_mask(mask: str, text: str) -> bool:
    """Whether a text has a mask's shape: `#` a digit, `@` a letter, `*` either, `\\` the next one as it is.

    Every other character stands for itself. One step per character, whatever they are.
    """
    places = mask_places(mask)
    if len(places) != len(text):
        return False
    return all(
        char == want if literal else _MASK[want](char)
        for (want, literal), char in zip(places, text, strict=True)
    )


def mask_places(mask: str) -> list[tuple[str, bool]]:
    """A mask's places, each `(character, whether it stands for itself)`."""
    places, escaped = [], False
    for char in mask:
        if char == "\\" and not escaped:
            escaped = True
            continue
        places.append((char, escaped or char not in _MASK))
        escaped = False
    return places


def visible(text: str) -> str:
    """A one-line text without control, zero-width and direction-changing characters."""
    return _UNSEEN.sub("", unicodedata.normalize("NFC", text)).strip()


def has_unstorable(text: str) -> bool:
    """Whether a text holds NUL or a lone surrogate, which PostgreSQL or UTF-8 cannot store."""
    return "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text)
