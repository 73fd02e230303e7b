"""What somebody wrote now, apart from what they quote and sign with; HTML as text. Pure.

The words of many languages come from mail-parser-reply. Its own expressions over a whole text take a time
that grows with its square or worse: they are asked about a few short lines at once, never about a mail.
"""

import re
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from typing import Any

import nh3
from mailparser_reply.constants import MAIL_LANGUAGES

MAX_LINES = 5_000
LINE_CHARS = 300
HTML_CHARS = 256_000
HTML_TAGS = 10_000
WINDOW = 3
"""Over so many lines a program may break its "On … wrote:"."""
TAIL = 4
MAX_ASKED = 20
"""So many lines that end with a colon are held against the words of all languages."""


@dataclass(frozen=True)
class Split:
    """`text`: written now; `folded`: quoted, or a signature."""

    text: str
    folded: str = ""


def split_text(text: str, *, keep: bool = False) -> Split:
    """Cuts a mail's text. `keep`: nothing of it is a quotation, because it was forwarded.

    What would leave nothing at all is not cut.
    """
    lines = [line.rstrip() for line in text.strip("\n").split("\n")]
    end = min(len(lines), MAX_LINES)
    if not keep:
        end = _first_quote(lines[:end])
        end = _without_quoted_tail(lines, end)
    end = _without_signature(lines, end)
    shown = "\n".join(lines[:end]).strip()
    if not shown:
        return Split(_squeezed("\n".join(lines[:MAX_LINES])))
    return Split(_squeezed(shown), "\n".join(lines[end:]).strip())


def _squeezed(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _first_quote(lines: list[str]) -> int:
    """The line at which a program began to quote the mail before; the number of lines if none did."""
    asked = 0
    for at, line in enumerate(lines):
        if _SEPARATOR.match(_bare(line)) and at + 1 < len(lines):
            return at
        window = _window(lines, at) if asked < MAX_ASKED else ""
        asked += bool(window)
        if window and _wrote().search(window) and not _goes_on_after_quote(lines, at):
            return at
        if _names_header(line) and _header_lines(lines[at : at + 6]) >= 2:
            return _above_rule(lines, at)
    return len(lines)


_SEPARATOR = re.compile(
    r"-{2,}\s?(original message|forwarded message|urspr.{1,3}ngliche nachricht|original-nachricht"
    r"|weitergeleitete nachricht|message d'origine|mensaje original|messaggio originale"
    r"|oorspronkelijk bericht|reply above this line|please type your reply above this line)\s?-{0,}",
    re.IGNORECASE,
)


def _bare(line: str) -> str:
    """A line's beginning, without marks of quotation and of stress."""
    return line[:LINE_CHARS].lstrip("> *\t")


_RULE = re.compile(r"^\s*[_-]{5,}\s*$")


def _above_rule(lines: list[str], at: int) -> int:
    """Outlook draws a line above its block of headers; the block goes with it."""
    above = at - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    return above if above >= 0 and _RULE.match(lines[above]) else at


def _window(lines: list[str], at: int) -> str:
    """The lines from here to the next that ends with a colon, if "On … wrote:" could be broken into them."""
    for count in range(1, WINDOW + 1):
        window = lines[at : at + count]
        if len(window) < count or any(len(line) > LINE_CHARS or not line.strip() for line in window):
            return ""
        if window[-1].rstrip().endswith((":", "\uff1a")):
            return " ".join(line.strip("> ") for line in window)
    return ""


@cache
def _wrote() -> re.Pattern[str]:
    by_language = [words["wrote_header"] for words in MAIL_LANGUAGES.values() if "wrote_header" in words]
    words = r"wrote|schrieb|a \u00e9crit|escribi\u00f3|ha scritto|schreef|escreveu|skrev|napisa\u0142(\(a\))?"
    plain = rf"^.{{0,250}}\b({words}).{{0,120}}:$"
    return re.compile("|".join(f"(?:{one})" for one in [*by_language, plain]), re.IGNORECASE | re.MULTILINE)


def _goes_on_after_quote(lines: list[str], at: int) -> bool:
    """Whether somebody answered between the lines: what they quote is then part of what they say."""
    after = [line for line in lines[at + 1 :] if line.strip()]
    quoted = [index for index, line in enumerate(after) if line.lstrip().startswith(">")]
    if not quoted:
        return False
    own = [line for line in after[quoted[0] :] if not line.lstrip().startswith(">")]
    return any(not _is_signature_line(line) for line in own[:1])


_HEADERS = (
    "from|sent|to|subject|date|cc|reply-to|von|gesendet|an|betreff|datum|de|envoy\u00e9|\u00e0|objet|enviado|para|asunto|da"
    "|inviato|a|oggetto|van|verzonden|aan|onderwerp|fr\u00e5n|skickat|till|\u00e4mne|od|komu|\u53d1\u4ef6\u4eba|\u53d1\u9001\u65f6\u95f4"
    "|\u6536\u4ef6\u4eba|\u4e3b\u9898"
)
_HEADER_LINE = re.compile(rf"({_HEADERS})\*?\s?[:\uff1a]\*?\s?\S", re.IGNORECASE)
_FIRST_HEADER = re.compile(
    r"(from|von|de|da|van|fr\u00e5n|od|\u53d1\u4ef6\u4eba)\*?\s?[:\uff1a]\*?\s?\S", re.IGNORECASE
)


def _names_header(line: str) -> bool:
    return _FIRST_HEADER.match(_bare(line)) is not None


def _header_lines(lines: list[str]) -> int:
    """How many of the lines after the first are headers, too."""
    return sum(_HEADER_LINE.match(_bare(line)) is not None for line in lines[1:])


def _without_quoted_tail(lines: list[str], end: int) -> int:
    """Leaves out the quoted lines that it ends with."""
    cut = end
    while cut > 0 and (not lines[cut - 1].strip() or lines[cut - 1].lstrip().startswith(">")):
        cut -= 1
    return cut if any(line.lstrip().startswith(">") for line in lines[cut:end]) else end


# --- signatures -----------------------------------------------------------------------------------


def _without_signature(lines: list[str], end: int) -> int:
    """Leaves out what stands below the line of two hyphens, and what telephones put at the end."""
    for at in range(end - 1, max(-1, end - 30), -1):
        if lines[at] in ("--", "-- ", "\u2014"):
            end = at
            break
    tail = [at for at in range(end) if lines[at].strip()][-TAIL:]
    for at in tail:
        if _sent_from().match(lines[at].strip()[:LINE_CHARS]):
            return at
    return end


def _is_signature_line(line: str) -> bool:
    return line.strip() == "--" or _sent_from().match(line.strip()[:LINE_CHARS]) is not None


@cache
def _sent_from() -> re.Pattern[str]:
    words = [words["sent_from"] for words in MAIL_LANGUAGES.values() if words.get("sent_from")]
    return re.compile(rf"^(?:{'|'.join(words)})\b.{{0,80}}$", re.IGNORECASE)


# --- HTML -----------------------------------------------------------------------------------------

_BLOCKS = {
    "p",
    "div",
    "br",
    "tr",
    "li",
    "ul",
    "ol",
    "table",
    "blockquote",
    "h1",
    "h2",
    "h3",
    "h4",
    "pre",
    "hr",
}
_KEPT = _BLOCKS | {"a", "img", "td", "th"}
_SPACED = {"p", "h1", "h2", "h3", "h4", "table", "ul", "ol", "pre"}


def from_html(html: str) -> str:
    """The text of a page of HTML: links with their address, quotations with `>`, nothing that could run."""
    cut = html[:HTML_CHARS].replace("\xa0", " ").replace("&nbsp;", " ")
    if cut.count("<") > HTML_TAGS:
        cut = "<".join(cut.split("<", HTML_TAGS)[:HTML_TAGS])
    clean = nh3.clean(
        cut,
        tags=_KEPT,
        attributes={"a": {"href"}, "img": {"alt"}},
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )
    reader = _Reader()
    reader.feed(clean)
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    """Reads clean HTML, as text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self.depth = 0
        self.link: tuple[str, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self._break(tag)
        if tag == "blockquote":
            self.depth += 1
            self.lines[-1] = self._start()
        elif tag == "li":
            self.lines[-1] += "* "
        elif tag == "hr":
            self.lines[-1] += "_" * 32
        elif tag == "a":
            self.link = (dict(attrs).get("href") or "", len(self.lines[-1]))
        elif tag == "img" and (alt := dict(attrs).get("alt")):
            self.lines[-1] += f"[{alt.strip()[:80]}]"
        elif tag in ("td", "th") and self.lines[-1].strip(" >"):
            self.lines[-1] += " "

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.link:
            self._end_link(*self.link)
            self.link = None
        if tag == "blockquote" and self.depth:
            self.depth -= 1
        if tag in _BLOCKS and tag != "br":
            self._break(tag)

    def handle_data(self, data: str) -> None:
        text = re.sub(r"\s+", " ", data)
        line = self.lines[-1]
        self.lines[-1] += text.lstrip() if not line.strip(" >") else text

    def _end_link(self, address: str, start: int) -> None:
        said = self.lines[-1][start:].strip()
        plain = address.removeprefix("mailto:")
        if address and said and said not in (address, plain) and plain.rstrip("/") != said.rstrip("/"):
            self.lines[-1] += f" <{plain}>"

    def _break(self, tag: str) -> None:
        if self.lines[-1].strip(" >") or tag == "br":
            self.lines.append(self._start())
        if tag in _SPACED and len(self.lines) > 1 and self.lines[-2].strip(" >"):
            self.lines.append(self._start())
        self.lines[-1] = self._start() if not self.lines[-1].strip(" >") else self.lines[-1]

    def _start(self) -> str:
        return "> " * min(self.depth, 5)

    def text(self) -> str:
        """What was read."""
        lines = [line.rstrip() for line in self.lines]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()

    def error(self, message: str) -> Any:
        """Nothing is worth stopping for."""
