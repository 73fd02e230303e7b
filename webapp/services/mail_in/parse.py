"""A mail's bytes as plain values. Pure: no row, no network, no file; whatever comes in, something comes out.

Its work is bounded: so many parts, so deep, so many characters. What lies beyond is left to the original.
"""

import email
import email.policy
import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.errors import MessageError
from email.message import Message
from email.parser import BytesHeaderParser

from webapp.services.mail_in.bounce import Bounce, read_bounce
from webapp.services.mail_in.headers import (
    NOT_TEXT,
    Person,
    addresses,
    all_of,
    date_of,
    header,
    ids_of,
    recipients_of,
    text_of,
    without_prefixes,
    words,
)
from webapp.services.mail_in.marks import is_automatic, is_mute, is_spam_marked, lists_of
from webapp.services.mail_in.text import Split, from_html, split_text
from webapp.validators import visible

MAX_MAIL_BYTES = 64 * 1024 * 1024
MAX_PARTS = 1_100
MAX_DEPTH = 50
MAX_BOUNDARIES = 100
MAX_DASHES = 20_000
MAX_LOOKS = 500_000_000
MAX_HEAD_BYTES = 200_000
MAX_TEXT_BYTES = 1_000_000
MAX_FILE_BYTES = 50_000_000
SUBJECT_CHARS = 200
TINY_IMAGE_BYTES = 700
"""An inline picture of fewer bytes is a dot that counts readers, or a line."""

_FORWARD = re.compile(r"^\s*(fwd?|wg|tr|rv)\s*[:\uff1a]", re.IGNORECASE)


@dataclass(frozen=True)
class File:
    """A file of a mail; `is_inline`: shown in its text."""

    name: str
    data: bytes
    content_type: str
    is_inline: bool = False


@dataclass(frozen=True)
class ParsedMail:
    """Everything that we read from a mail.

    `text`: what was written now; `folded`: what it quotes, and its signature. `unread`: why some of it is
    missing here, in our words. `results`: the `Authentication-Results`, topmost first. `is_automatic`: a
    machine wrote it; `is_mute`: nobody reads what is sent back; `lists`: what names the lists it went to.
    """

    fingerprint: str
    sender: Person | None = None
    reply_to: Person | None = None
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    subject: str = ""
    title: str = ""
    message_id: str | None = None
    references: tuple[str, ...] = ()
    sent_at: datetime | None = None
    text: str = ""
    folded: str = ""
    files: tuple[File, ...] = ()
    is_automatic: bool = False
    is_mute: bool = False
    lists: tuple[str, ...] = ()
    is_spam: bool = False
    is_forward: bool = False
    bounce: Bounce | None = None
    results: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def author(self) -> Person | None:
        """Whom an answer is for: the sender, or where a website sent it for somebody, that one."""
        return self.reply_to if self.is_mute and self.reply_to else self.sender


@dataclass
class _Body:
    texts: list[str] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    room: int = MAX_FILE_BYTES


def parse(raw: bytes) -> ParsedMail:
    """Reads a mail. Never raises: of what cannot be read there are at least the headers, and `unread`."""
    if not _is_bomb(raw):
        with suppress(Exception):  # strangers write mails, and the parser below is not ours
            return _read(email.message_from_bytes(raw, policy=_POLICY), raw)
    try:
        head = BytesHeaderParser(policy=_POLICY).parsebytes(raw[:MAX_HEAD_BYTES])
        bare = Message(policy=_POLICY)
        for name, value in head.items()[:MAX_PARTS]:
            if not name.lower().startswith("content-"):
                bare[name] = value
        return replace(_read(bare, raw), unread=(_UNREAD,))
    except Exception:  # noqa: BLE001
        return unread(raw)


def unread(raw: bytes) -> ParsedMail:
    """A mail of which nothing was read."""
    return ParsedMail(_hash(raw), unread=(_UNREAD,))


_POLICY = email.policy.compat32
_UNREAD = "Its content could not be read; see the original."


def _is_bomb(raw: bytes) -> bool:
    """Whether taking it apart would take too long: each line is held against each boundary that is open."""
    boundaries = raw.count(b"oundary=") + raw.count(b"OUNDARY=")
    parts = raw.count(b"\n--") if boundaries else 0
    return boundaries > MAX_BOUNDARIES or parts > MAX_DASHES or boundaries * len(raw) > MAX_LOOKS


def _read(message: Message, raw: bytes) -> ParsedMail:
    subject = visible(header(message, "Subject"))[: SUBJECT_CHARS * 2]
    senders = addresses(message, "From")
    body = _body(message)
    is_forward = bool(_FORWARD.match(subject))
    split = _text(body, is_forward)
    found = ParsedMail(
        fingerprint="",
        sender=senders[0] if senders else None,
        reply_to=next(iter(addresses(message, "Reply-To")), None),
        to=addresses(message, "To"),
        cc=addresses(message, "Cc"),
        subject=subject[:SUBJECT_CHARS],
        title=without_prefixes(subject)[:SUBJECT_CHARS],
        message_id=next(iter(ids_of(message, "Message-ID")), None),
        references=tuple(
            dict.fromkeys([*ids_of(message, "In-Reply-To"), *reversed(ids_of(message, "References"))])
        ),
        sent_at=date_of(message),
        text=split.text,
        folded=split.folded,
        files=tuple(body.files),
        is_automatic=is_automatic(message, subject),
        is_mute=is_mute(message, senders[0].address if senders else ""),
        lists=lists_of(message),
        is_spam=is_spam_marked(message),
        is_forward=is_forward,
        bounce=read_bounce(message),
        # Who names two senders is proved to be neither.
        results=tuple(all_of(message, "Authentication-Results")) if len(senders) == 1 else (),
        recipients=recipients_of(message),
        unread=tuple(dict.fromkeys(body.unread)),
    )
    return replace(found, fingerprint=_fingerprint(found, message, raw))


def _fingerprint(found: ParsedMail, message: Message, raw: bytes) -> str:
    """By which the same mail, come through another door or once more, is known."""
    if found.message_id is None or found.sender is None:
        return _hash(raw)
    marks = (found.message_id, found.sender.address, header(message, "Date"))
    return _hash("\n".join(marks).encode(errors="replace"))


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# --- the body -------------------------------------------------------------------------------------


def _text(body: _Body, is_forward: bool) -> Split:
    text = "\n\n".join(part for part in body.texts if part.strip())
    return split_text(NOT_TEXT.sub("", text.replace("\r\n", "\n").replace("\r", "\n")), keep=is_forward)


def _body(message: Message) -> _Body:
    body = _Body()
    for part, is_said in _leaves(message, body):
        kind = part.get_content_type()
        name = _file_name(part)
        is_attached = part.get_content_disposition() == "attachment" or bool(name)
        if kind in ("text/plain", "text/html") and not is_attached:
            if kind == "text/plain" or not is_said:
                _take_text(part, kind, body)
        elif kind not in _REPORTS:
            _take_file(part, name, body)
    return body


_REPORTS = {"message/delivery-status", "message/disposition-notification", "text/rfc822-headers"}


def _leaves(message: Message, body: _Body) -> Iterator[tuple[Message, bool]]:
    """The parts that hold something, in order, each with whether a plain one says the same."""
    waiting = [(message, 0, False)]
    for _ in range(MAX_PARTS):
        if not waiting:
            return
        part, depth, is_said = waiting.pop()
        if (part.get_content_type() == "message/rfc822" and depth) or not part.is_multipart():
            yield part, is_said
        elif depth < MAX_DEPTH:
            inner = [each for each in part.get_payload() if isinstance(each, Message)][:MAX_PARTS]
            if part.get_content_type() == "multipart/alternative":
                is_said = is_said or any(_is_plain(each) for each in inner)
            waiting += [(each, depth + 1, is_said) for each in reversed(inner)]
        else:
            body.unread.append("It is nested too deep to show all of it.")
    if waiting:
        body.unread.append("It has too many parts to show all of it.")


def _is_plain(part: Message) -> bool:
    """Whether it says something in plain text; some put an empty one beside their HTML."""
    return part.get_content_type() == "text/plain" and bool(_payload(part).strip())


def _take_text(part: Message, kind: str, body: _Body) -> None:
    data = _payload(part)
    if len(data) > MAX_TEXT_BYTES:
        body.unread.append("Its text is too long to show all of it.")
    text = text_of(data[:MAX_TEXT_BYTES], str(part.get_content_charset() or "utf-8"))
    body.texts.append(text if kind == "text/plain" else from_html(text))


def _take_file(part: Message, name: str, body: _Body) -> None:
    kind = part.get_content_type()
    if kind == "message/rfc822":
        name, data = name or f"{_subject_of(part)}.eml", _attached_mail(part)
    else:
        data = _payload(part)
    is_inline = kind.startswith("image/") and (
        part.get_content_disposition() == "inline" or part.get("Content-ID") is not None
    )
    if not data or (is_inline and len(data) < TINY_IMAGE_BYTES):
        return
    body.room -= len(data)
    if body.room < 0:
        body.unread.append("Its files are too big to take all of them.")
        return
    body.files.append(File(name or _default_name(kind), data, kind, is_inline))


def _subject_of(part: Message) -> str:
    inner = part.get_payload()
    subject = header(inner[0], "Subject") if isinstance(inner, list) and inner else ""  # type: ignore[arg-type]
    return visible(subject).replace("/", "-")[:80] or "message"


def _attached_mail(part: Message) -> bytes:
    inner = part.get_payload()
    if isinstance(inner, list) and inner and isinstance(inner[0], Message):
        try:
            return inner[0].as_bytes()
        except (MessageError, ValueError, LookupError, RecursionError, TypeError):
            return b""
    return _payload(part)


_EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "application/pdf": "pdf",
    "text/calendar": "ics",
    "text/plain": "txt",
}


def _default_name(kind: str) -> str:
    return f"file.{_EXTENSIONS.get(kind, 'bin')}"


def _payload(part: Message) -> bytes:
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, MessageError):
        return b""
    return data if isinstance(data, bytes) else b""


def _file_name(part: Message) -> str:
    try:
        return visible(words(str(part.get_filename() or "")))
    except (ValueError, LookupError, MessageError, TypeError):
        return ""
