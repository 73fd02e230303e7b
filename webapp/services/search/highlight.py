"""Marking what was found: texts in parts, never markup."""

import unicodedata
from collections.abc import Callable
from typing import TypedDict

from webapp.services.search.grammar import Term
from webapp.words import spans

LOOKED_AT_CHARS = 20_000
"""No comment is longer; what stands further down in a longer text is found, but not marked."""
SNIPPET_CHARS = 180
LEAD_CHARS = 50


class Part(TypedDict):
    """A piece of text, and whether it is what was looked for."""

    text: str
    hit: bool


def marked(text: str, terms: list[Term]) -> list[Part]:
    """The text in parts, as far as it is looked at."""
    text = unicodedata.normalize("NFC", text[:LOOKED_AT_CHARS])
    return _parts(text, _hits(text, terms), 0, len(text))


def snippet(text: str, terms: list[Term]) -> list[Part]:
    """The piece of a text around the first thing found, in one line; its beginning if nothing is."""
    text = " ".join(unicodedata.normalize("NFC", text[:LOOKED_AT_CHARS]).split())
    hits = _hits(text, terms)
    first = hits[0][0] if hits else 0
    begin = max(0, first - LEAD_CHARS)
    if begin:
        begin = text.find(" ", begin, first) + 1 or begin
    end = min(len(text), begin + SNIPPET_CHARS)
    parts = _parts(text, hits, begin, end)
    if begin:
        parts.insert(0, {"text": "…", "hit": False})
    if end < len(text):
        parts.append({"text": "…", "hit": False})
    return parts


def _hits(text: str, terms: list[Term]) -> list[tuple[int, int]]:
    """Where words of the terms stand, in order and apart."""
    is_hit = _matcher(terms)
    found: list[tuple[int, int]] = []
    for begin, end, word in spans(text):
        if is_hit(word) and (not found or found[-1][1] <= begin):
            found.append((begin, end))
    return found


def _matcher(terms: list[Term]) -> Callable[[str], bool]:
    exact = {word for term in terms for word in term.words}
    prefixes = tuple(term.words[-1] for term in terms if term.goes_on)
    return lambda word: word in exact or word.startswith(prefixes)


def _parts(text: str, hits: list[tuple[int, int]], begin: int, end: int) -> list[Part]:
    parts: list[Part] = []
    at = begin
    for first, last in hits:
        if last <= begin or first >= end:
            continue
        if first > at:
            parts.append({"text": text[at:first], "hit": False})
        parts.append({"text": text[max(first, begin) : min(last, end)], "hit": True})
        at = last
    if at < end:
        parts.append({"text": text[at:end], "hit": False})
    return parts
