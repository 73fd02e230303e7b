"""Words as the full-text search knows them: folded, without accents, the same on both databases.

PostgreSQL's `unaccent` needs an administrator and its parser differs from SQLite's; so the words are
made here, and each database is given words alone.
"""

import re
import unicodedata
from collections.abc import Iterator

WORD_CHARS = 64
WORDS_PER_TEXT = 10_000
TEXT_CHARS = 200_000
# Scripts without spaces: each character is a word, and a run of them is searched as a phrase.
_SINGLE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"


def _marks() -> str:
    """The marks that stand within words of many scripts, as ranges of a regular expression's set."""
    found: list[list[int]] = []
    for code in range(0x300, 0xFFFF):
        if unicodedata.category(chr(code)) in ("Mn", "Mc"):
            if found and found[-1][1] == code - 1:
                found[-1][1] = code
            else:
                found.append([code, code])
    return "".join(f"\\u{first:04x}-\\u{last:04x}" for first, last in found)


_WORD = re.compile(rf"[{_SINGLE}]|(?:[^\W_{_SINGLE}][{_marks()}]*)+")
_STROKES = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i", "ħ": "h"}
)
_GAP = 10


def fold(word: str) -> str:
    """The word in lower case without diacritics: `Café` and `CAFE` are `cafe`."""
    if word.isascii():
        return word.lower()
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in apart if not unicodedata.combining(char)).translate(_STROKES)


def spans(text: str) -> Iterator[tuple[int, int, str]]:
    """Each word of a text in NFC: where it begins and ends, and the word folded."""
    for found in _WORD.finditer(text):
        if (whole := found[0]).isascii():
            yield found.start(), found.end(), whole.lower()[:WORD_CHARS]
            continue
        for word in _WORD.findall(fold(found[0])):
            yield found.start(), found.end(), word[:WORD_CHARS]


def words(text: str) -> list[str]:
    """The folded words of a text, at most `WORDS_PER_TEXT`."""
    composed = unicodedata.normalize("NFC", text[:TEXT_CHARS])
    return [word for _, _, word in spans(composed)][:WORDS_PER_TEXT]


def vector(title: list[str], body: list[str]) -> str:
    """Words as the text of a PostgreSQL `tsvector`: the title's weigh more, no phrase crosses over."""
    places: dict[str, list[str]] = {}
    for at, word in enumerate(title, 1):
        places.setdefault(word, []).append(f"{min(at, 16383)}A")
    for at, word in enumerate(body, len(title) + _GAP):
        places.setdefault(word, []).append(f"{min(at, 16383)}")
    return " ".join(f"'{word}':{','.join(found[:250])}" for word, found in places.items())
