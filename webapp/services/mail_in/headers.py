"""A mail's headers as texts, people and ids: encoded words read, what cannot be stored taken out. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from webapp.validators import fold_email, is_valid_email, visible

MAX_ADDRESSES = 50
HEADER_CHARS = 20_000
NAME_CHARS = 100
ID_CHARS = 250
MAX_REFERENCES = 50

_ID = re.compile(r"<[^<>\s]{1,248}>")
_PREFIX = re.compile(
    r"^\s*(re|aw|sv|antw|rif|r|fwd?|wg|tr|vs|rv)\s*(\[\d{1,3}\])?\s*[:\uff1a]\s*", re.IGNORECASE
)
NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Person:
    """An address of a header, as it is compared, and the name beside it."""

    address: str
    name: str = ""


def header(message: Message, name: str) -> str:
    """A header's text in one line, encoded words read; "" if there is none."""
    return next(iter(all_of(message, name)), "")


def all_of(message: Message, name: str) -> list[str]:
    """The texts of every header of that name, topmost first."""
    return [words(str(value)) for value in message.get_all(name, [])[:MAX_ADDRESSES]]


def words(value: str) -> str:
    """A header's value in one line, its encoded words read."""
    value = value[:HEADER_CHARS]
    try:
        parts = [_decoded(part, charset) for part, charset in decode_header(value)]
    except (MessageError, ValueError, LookupError):
        parts = [value]
    # Bytes outside ASCII that were not encoded come as lone surrogates: most are UTF-8, the rest Latin.
    joined = "".join(parts)
    if any("\udc80" <= char <= "\udcff" for char in joined):
        joined = _decoded(joined.encode("utf-8", "surrogateescape"), None)
    return " ".join(NOT_TEXT.sub(" ", joined).split())


def _decoded(part: str | bytes, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    return text_of(part, charset or "utf-8")


def text_of(data: bytes, charset: str) -> str:
    """The text, by the charset it names if there is one and it fits, else as people most likely meant it."""
    wanted = charset.strip("\"' ").lower()
    tried = [] if wanted in _DANGEROUS else [{"us-ascii": "utf-8", "gb2312": "gb18030"}.get(wanted, wanted)]
    for name in [*tried, "utf-8", "cp1252"]:
        try:
            return data.decode(name)
        except (LookupError, ValueError):
            continue
    return data.decode("latin-1")


_DANGEROUS = {
    "utf-7",
    "utf7",
    "unicode-1-1-utf-7",
    "idna",
    "punycode",
    "unicode_escape",
    "raw_unicode_escape",
}
"""Names under which text could turn into something else than whoever filtered it had seen."""


def addresses(message: Message, name: str) -> tuple[Person, ...]:
    """The people whom a header names, each once; what is no address is left out."""
    values = [str(value)[:HEADER_CHARS] for value in message.get_all(name, [])[:MAX_ADDRESSES]]
    found: dict[str, Person] = {}
    try:
        named = getaddresses(values)[:MAX_ADDRESSES]
    except RecursionError:  # brackets within brackets
        return ()
    for shown, address in named:
        if is_valid_email(address) and len(address) <= 254:
            folded = fold_email(address)
            found.setdefault(folded, Person(folded, visible(words(shown))[:NAME_CHARS]))
    return tuple(found.values())


def recipients_of(message: Message) -> tuple[str, ...]:
    """Every address at which it may have been delivered, in the order of how sure that is."""
    names = ("Delivered-To", "X-Original-To", "X-Forwarded-To", "Envelope-To", "To", "Cc")
    return tuple(dict.fromkeys(person.address for name in names for person in addresses(message, name)))


def ids_of(message: Message, name: str) -> list[str]:
    """The message ids that a header holds, with their angle brackets, at most the last fifty."""
    text = " ".join(str(value)[:HEADER_CHARS] for value in message.get_all(name, [])[:5])
    return [one[:ID_CHARS] for one in _ID.findall(NOT_TEXT.sub("", text))][-MAX_REFERENCES:]


def date_of(message: Message) -> datetime | None:
    """When it says that it was sent, in UTC."""
    try:
        found = parsedate_to_datetime(str(message.get("Date", "")))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def without_prefixes(subject: str) -> str:
    """The subject as its writer meant it: without what programs put before it."""
    for _ in range(10):
        shorter = _PREFIX.sub("", subject)
        if shorter == subject:
            break
        subject = shorter
    return subject.strip()
