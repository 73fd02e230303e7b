"""The wording of mails: a fixed replacer of `{{placeholders}}`, and the HTML made of a text.

Never a template engine: what people write is put in as text, once, and not read again. A line of its own
such as `[Open the conversation]({{link}})` is a button in HTML, and the label with the address below it in
text.
"""

import html
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from webapp.validators import visible

SUBJECT_CHARS = 200
PLACEHOLDER = re.compile(r"\{\{\s*([a-z][a-z_]*(?:\.[a-z_]+)*)\s*\}\}")
_BUTTON = re.compile(r"\[([^\]\n]+)\]\(([^)\n]+)\)")
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
_BLANK = re.compile(r"\n\s*\n")
RIGHT_TO_LEFT = ("ar",)

FONT = "font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif"
BUTTON = (
    "display:inline-block;padding:10px 16px;background:#1d60bc;color:#ffffff;"
    "text-decoration:none;border-radius:6px;font-weight:600"
)
LAYOUT = """<!doctype html>
<html lang="{lang}" dir="{dir}">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{title}</title></head>
<body style="margin:0;padding:24px;background:#f2f4f5;color:#1b2025;{font}">
  <div style="max-width:560px;margin:0 auto;padding:24px;background:#ffffff;color:#1b2025;\
border:1px solid #dde0e3;border-radius:10px">
{body}
  </div>
</body>
</html>
"""


class Wording(NamedTuple):
    """A template: its subject and text, and HTML of its own or None."""

    subject: str
    text: str
    html: str | None = None


class Rendered(NamedTuple):
    """A mail's words, ready to send."""

    subject: str
    text: str
    html: str


def placeholders(wording: Wording) -> set[str]:
    """The names that a template asks for."""
    return {name for part in wording if part for name in PLACEHOLDER.findall(part)}


def render(wording: Wording, data: Mapping[str, Any], language: str = "en") -> Rendered:
    """The mail that a template makes of its data. A placeholder without a value leaves nothing."""
    flat = flatten(data)
    subject = flat.get("subject") or fill(wording.subject, flat)
    subject = " ".join(visible(" ".join(subject.split())).split())[:SUBJECT_CHARS]
    text = fill(_BUTTON.sub(r"\1:\n\2", wording.text), flat).strip() + "\n"
    escaped = {name: _shown(value) for name, value in flat.items()}
    if wording.html:
        body = fill(wording.html, escaped)
    else:
        body = "\n".join(_paragraph(part, escaped) for part in _BLANK.split(wording.text.strip()))
    return Rendered(subject, text, _laid_out(body, subject, language))


def fill(text: str, flat: Mapping[str, str]) -> str:
    """The text with each placeholder replaced, in one pass: a value that looks like one stays as it is."""
    return PLACEHOLDER.sub(lambda found: flat.get(found[1], ""), text)


def flatten(data: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """`{"ticket": {"number": 7}}` as `{"ticket.number": "7"}`; None is an empty text."""
    flat: dict[str, str] = {}
    for name, value in data.items():
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = "" if value is None else str(value)
    return flat


def _shown(value: str) -> str:
    return html.escape(value).replace("\r\n", "\n").replace("\n", "<br>\n")


def _paragraph(part: str, escaped: Mapping[str, str]) -> str:
    """A paragraph of the text as HTML: a button, or words in which addresses can be clicked."""
    if button := _BUTTON.fullmatch(part.strip()):
        address = fill(html.escape(button[2]), escaped)
        label = fill(html.escape(button[1]), escaped)
        href = address if address.startswith(("https://", "http://")) else "#"
        return f'<p style="margin:16px 0"><a href="{href}" style="{BUTTON}">{label}</a></p>'
    words = fill(html.escape(part.strip()).replace("\n", "<br>\n"), escaped)
    return f'<p dir="auto" style="margin:16px 0">{_LINK.sub(_anchor, words)}</p>'


def _anchor(found: re.Match[str]) -> str:
    return f'<a href="{found[0]}" style="color:#1d60bc">{found[0]}</a>'


def _laid_out(body: str, subject: str, language: str) -> str:
    return LAYOUT.format(
        lang=html.escape(language),
        dir="rtl" if language in RIGHT_TO_LEFT else "ltr",
        title=html.escape(subject),
        font=FONT,
        body=body,
    )


def parse_texts(whole: str) -> dict[str, Wording]:
    """Templates from a file: `=== name`, the subject on the next line, then the text."""
    found = {}
    for part in re.split(r"^=== ", whole, flags=re.MULTILINE)[1:]:
        name, subject, text = part.split("\n", 2)
        found[name.strip()] = Wording(subject.strip(), text.strip())
    return found


__all__ = ["Rendered", "Wording", "fill", "flatten", "parse_texts", "placeholders", "render"]
