"""The language of the search box: words, "phrases", `field:value`, `-field:value`, `#1042`, `sort:`.

One pass over the text, no backtracking; what cannot be understood is said with its place.
"""

import re
import unicodedata
from dataclasses import dataclass, field

from webapp.errors import Detail, Invalid
from webapp.words import words

MAX_CHARS = 500
MAX_TERMS = 12
OPERATORS = (":", ">=", "<=", ">", "<")
SORTS = ("relevance", "newest", "oldest", "updated", "priority", "sla")
FIELDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("status", "assignee", "team", "tag", "inbox", "channel", "category"), (":",)),
    **dict.fromkeys(("customer", "organization", "tier", "is", "has", "sort"), (":",)),
    **dict.fromkeys(("priority", "created", "updated"), OPERATORS),
}
"""What can be asked for, and by which operators; beside these, a name in what `JSON_FIELDS` begin with."""
JSON_FIELDS = ("metadata.", "field.")
_TOKEN = re.compile(r'-?(?:[A-Za-z_][A-Za-z0-9_.]{0,60}(?:[<>]=?|:))?(?:"[^"]*"?|[^\s"]+)|"')
_FIELD = re.compile(r"(-?)([A-Za-z_][A-Za-z0-9_.]{0,60})([<>]=?|:)(.*)", re.DOTALL)
_NUMBER = re.compile(r"#([0-9]{1,9})")
_PLAIN = str.maketrans({"\x00": " ", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"'})


@dataclass(frozen=True)
class Term:
    """Words that stand together; the last may go on (`refu` finds refund) unless `exact`."""

    words: tuple[str, ...]
    exact: bool = False
    without: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether longer words are meant too; a single letter would mean half of all words."""
        return not self.exact and len(self.words[-1]) > 1


@dataclass(frozen=True)
class Condition:
    """`name operator value`, perhaps denied; `at` is where in the text it stands."""

    name: str
    operator: str
    value: str
    denied: bool
    at: tuple[int, int]


@dataclass
class Query:
    """What somebody looks for."""

    terms: list[Term] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    number: int | None = None
    sort: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for at all."""
        return not self.terms and not self.conditions and self.number is None

    @property
    def marked(self) -> list[Term]:
        """The terms to be marked in what was found."""
        return [term for term in self.terms if not term.without]


def parse(text: str) -> Query:
    """The query that a text says. Raises `Invalid` whose `loc` is `["query", "q", begin, end]`."""
    if len(text) > MAX_CHARS:
        raise Invalid.field("q", f"At most {MAX_CHARS} characters", where="query")
    text = unicodedata.normalize("NFC", text.translate(_PLAIN))
    query = Query()
    wrong = [
        problem(fault, found.span())
        for found in _TOKEN.finditer(text)
        if (fault := _take(query, found[0], found.span())) is not None
    ]
    if not wrong and query.terms and not query.marked:
        wrong.append(problem("Say also what to find, not only what to leave out", (0, len(text))))
    if wrong:
        raise Invalid(str(wrong[0]["msg"]), detail=wrong)
    del query.terms[MAX_TERMS:]
    return query


def problem(message: str, at: tuple[int, int]) -> Detail:
    """What is wrong with a part of the text."""
    return {"loc": ["query", "q", *at], "msg": message, "type": "value_error"}


def _take(query: Query, token: str, at: tuple[int, int]) -> str | None:
    """Adds a token to the query; returns what is wrong with it, if anything is."""
    found = _FIELD.fullmatch(token)
    if found and _is_field(found[2], found[4]):
        return _take_field(query, found, at)
    if number := _NUMBER.fullmatch(token):
        query.number = int(number[1])
        return None
    without = token.startswith("-")
    bare = token.lstrip("-")
    if (said := tuple(words(bare)))[:1]:
        query.terms.append(Term(said, exact=bare.startswith('"'), without=without))
    return None


def _is_field(name: str, value: str) -> bool:
    """`error:` of an error message, `https://…` and 10:30 are words; `stauts:open` is a slip."""
    known = name.lower() in FIELDS or name.lower().startswith(JSON_FIELDS)
    return known or (name.isalpha() and len(name) > 2 and value[:1].isalnum())


def _take_field(query: Query, found: "re.Match[str]", at: tuple[int, int]) -> str | None:
    denied, name, operator = found[1] == "-", found[2].lower(), found[3]
    value = found[4].strip('"').strip()
    allowed = (":",) if name.startswith(JSON_FIELDS) else FIELDS.get(name)
    if allowed is None:
        return f'There is no field "{name}"; in quotes it is searched as words'
    if operator not in allowed:
        return f"{name} takes {' '.join(allowed)}"
    if not value:
        return f"{name}{operator} what?"
    if name == "sort":
        if value not in SORTS:
            return f"sort is one of {', '.join(SORTS)}"
        query.sort = value
        return None
    query.conditions.append(Condition(name, operator, value, denied, at))
    return None
