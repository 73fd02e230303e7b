"""A mail at the door: read, its bytes and its files stored, before a transaction opens."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from webapp import green
from webapp.config import settings
from webapp.database import read_only
from webapp.errors import AppError
from webapp.models import Inbox
from webapp.services.attachment import PER_COMMENT, Checked, check_file, drop_file, keep_file
from webapp.services.mail_in.parse import ParsedMail, parse, unread
from webapp.services.mail_in.sorting import find_known, find_route
from webapp.tenancy import require_workspace_id


@dataclass(frozen=True)
class Arrival:
    """How a mail came. `verdict`: what its carrier found of the sender: proved, refuted, or None: nothing.

    `recipients`: the addresses of the envelope.
    """

    door: str
    verdict: bool | None = None
    is_spam: bool = False
    recipients: tuple[str, ...] = ()


@dataclass
class Prepared:
    """A mail that may be taken. `left`: the names of files that were not; `is_taken`: the others have a
    place.
    """

    parsed: ParsedMail
    arrival: Arrival
    size_bytes: int
    storage_key: str
    files: list[tuple[Checked, str]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    is_taken: bool = False


@contextmanager
def prepared(raw: bytes, inbox: Inbox, arrival: Arrival, *, accepted: bool = False) -> Iterator[Prepared]:
    """Reads and stores a mail for `receive`; inside its workspace, with no transaction open.

    `accepted`: a person wants it, wherever it would be sorted to. What nobody took is removed at the end.
    """
    parsed: ParsedMail = green.run_in_thread(parse, raw)
    mail = Prepared(parsed, arrival, len(raw), _storage_key(raw))
    with read_only() as session:
        known = find_known(parsed.fingerprint, session=session)
        shows = known is None and find_route(parsed, arrival, inbox, session=session).shows
    if known is None:
        keep_file(raw, mail.storage_key)
    try:
        if shows or accepted:
            _keep_files(mail)
        yield mail
    finally:
        if not mail.is_taken:
            for _, key in mail.files:
                drop_file(key)


def prepared_unread(raw: bytes, arrival: Arrival) -> Prepared:
    """Stores a mail for `set_aside`; with no transaction open. Nothing in it is looked at."""
    key = keep_file(raw, _storage_key(raw))
    return Prepared(unread(raw), arrival, len(raw), key)


def _storage_key(raw: bytes) -> str:
    """Of the same bytes the same one, so that a mail that comes again after a crash takes no second place."""
    name = hashlib.sha256(require_workspace_id().bytes + raw).hexdigest()[:40]
    return f"{name[:2]}/{name}"


def _keep_files(mail: Prepared) -> None:
    for file in mail.parsed.files:
        if len(mail.files) == PER_COMMENT or len(file.data) > settings().attachment_bytes:
            mail.left.append(file.name)
            continue
        try:
            checked: Checked = green.run_in_thread(check_file, file.name, file.data)
        except AppError:
            mail.left.append(file.name)
            continue
        mail.files.append((checked, keep_file(checked.data)))
