"""Files on comments: checked by content, kept outside the web root, given out by signed addresses."""

import io
import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import puremagic
import sqlalchemy as sa
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from webapp import clock, database, green
from webapp.auth import Actor, current_actor, require
from webapp.config import settings
from webapp.errors import Invalid, NoSpace, NotFound, TooLarge
from webapp.extensions import db
from webapp.integrations.storage import DiskStorage
from webapp.models import Attachment, Comment, Ticket
from webapp.services.stored import check_room
from webapp.validators import visible

log = logging.getLogger(__name__)

PER_COMMENT = 10
NAME_CHARS = 200
MAX_PIXELS = 40_000_000
MAX_FRAMES = 1_000
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
IMAGE_FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}

# What may be sent, by extension, and what its content then must look like.
TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".log": "text/plain",
    ".csv": "text/csv",
    ".md": "text/plain",
    ".json": "application/json",
    ".zip": "application/zip",
    ".gz": "application/gzip",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".wav": "audio/wav",
    ".eml": "message/rfc822",
    ".svg": "image/svg+xml",
    ".heic": "image/heic",
}
_SIGNATURES = {
    ".pdf": (b"%PDF-",),
    ".zip": (b"PK\x03\x04", b"PK\x05\x06"),
    ".docx": (b"PK\x03\x04",),
    ".xlsx": (b"PK\x03\x04",),
    ".pptx": (b"PK\x03\x04",),
    ".odt": (b"PK\x03\x04",),
    ".ods": (b"PK\x03\x04",),
    ".gz": (b"\x1f\x8b",),
    ".doc": (b"\xd0\xcf\x11\xe0",),
    ".xls": (b"\xd0\xcf\x11\xe0",),
}
_TEXT = {".txt", ".log", ".csv", ".md", ".json", ".eml", ".svg"}
_ACTIVE = (b"<!doctype html", b"<html", b"<script", b"mz\x90", b"\x7felf", b"#!/")


@dataclass(frozen=True)
class Checked:
    """A file that may be stored."""

    name: str
    content_type: str
    data: bytes
    width: int | None = None
    height: int | None = None


def clean_name(name: str) -> str:
    """A file's own name: its last part, without control, zero-width and direction characters."""
    last = PurePosixPath(visible(name.replace("\\", "/"))).name.strip(". ")
    return last[-NAME_CHARS:] or "file"


def check_file(name: str, data: bytes) -> Checked:
    """The file as it will be stored: named safely, its type known by content, images re-encoded without EXIF.

    Touches nothing patched: runs in a real thread. Raises `Invalid`.
    """
    name = clean_name(name)  # first, then look at the extension: a hidden character must not slip it through
    extension = PurePosixPath(name).suffix.lower()
    content_type = TYPES.get(extension)
    if content_type is None:
        raise Invalid.field("file", f"Files of this type ({extension or 'no extension'}) cannot be sent")
    if not data:
        raise Invalid.field("file", "The file is empty")
    if content_type in IMAGE_FORMATS.values():
        return _check_image(name, data)
    if not _looks_like(extension, data):
        raise Invalid.field("file", f"The content is not what {extension} says")
    return Checked(name, content_type, data)


def _looks_like(extension: str, data: bytes) -> bool:
    head = data[:512].lstrip().lower()
    if extension in _TEXT:
        active = extension not in (".svg", ".eml") and head.startswith(_ACTIVE)
        return b"\x00" not in data[:8192] and not active
    if extension in _SIGNATURES:
        return data.startswith(_SIGNATURES[extension])
    try:
        guesses = {guess.extension.lower() for guess in puremagic.magic_string(data[:65536])}
    except puremagic.PureError:
        return False
    return not guesses.isdisjoint(
        {extension, ".mp4", ".mov", ".m4v", ".mp3", ".wav", ".webm", ".mkv", ".heic"}
    )


def _check_image(name: str, data: bytes) -> Checked:
    try:
        with Image.open(io.BytesIO(data), formats=list(IMAGE_FORMATS)) as image:
            if image.width * image.height > MAX_PIXELS:  # read from the header, before anything is decoded
                raise Invalid.field("file", "The picture has too many pixels")
            return _encode_again(name, image)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, *BOMBS):
        raise Invalid.field("file", "The picture cannot be read") from None


def _encode_again(name: str, image: Image.Image) -> Checked:
    form = image.format or "PNG"
    out = io.BytesIO()
    if form == "GIF" and getattr(image, "n_frames", 1) > 1:
        _save_frames(image, out)
        width, height = image.size
    else:
        width, height = _save_upright(image, form, out)
    extension = {"JPEG": "jpg"}.get(form, form.lower())
    stem = (PurePosixPath(name).stem or "picture")[: NAME_CHARS - len(extension) - 1]
    return Checked(f"{stem}.{extension}", IMAGE_FORMATS[form], out.getvalue(), width, height)


def _save_upright(image: Image.Image, form: str, out: io.BytesIO) -> tuple[int, int]:
    upright = ImageOps.exif_transpose(image)
    if form == "JPEG" and upright.mode not in ("RGB", "L"):
        upright = upright.convert("RGB")
    upright.info.pop("comment", None)
    upright.save(out, form, **({"quality": 90} if form in ("JPEG", "WEBP") else {}))
    return upright.size


def _save_frames(image: Image.Image, out: io.BytesIO) -> None:
    """An animation made again from its frames, without what else the file held."""
    if image.width * image.height * image.n_frames > MAX_PIXELS or image.n_frames > MAX_FRAMES:  # type: ignore[attr-defined]
        raise Invalid.field("file", "The picture has too many pixels")
    frames, durations = [], []
    for frame in ImageSequence.Iterator(image):
        durations.append(frame.info.get("duration", 100))
        frames.append(frame.convert("RGBA"))
        frames[-1].info.clear()
    loop = {"loop": image.info["loop"]} if "loop" in image.info else {}
    frames[0].save(
        out, "GIF", save_all=True, append_images=frames[1:], duration=durations, disposal=2, **loop
    )


@contextmanager
def stored_file(name: str, data: bytes) -> Iterator[tuple[Checked, str]]:
    """Checks and writes a file, off the loop; gives it and its storage key. No transaction may be open.

    Where that fails inside the `with`, it is removed again. Raises `NoSpace` where it cannot be written.
    """
    if len(data) > settings().attachment_bytes:
        raise TooLarge(f"Files may have at most {settings().attachment_bytes // 1024 // 1024} MB")
    checked: Checked = green.run_in_thread(check_file, name, data)
    check_room(len(checked.data))
    key = _storage().new_key()
    _write(key, checked.data)
    try:
        yield checked, key
    except Exception:
        if not _may_be_referred_to(key):
            drop_file(key)
        raise


def _may_be_referred_to(key: str) -> bool:
    """Whether a row may have been written for a file although it failed: a COMMIT's answer can be lost."""
    try:
        with database.read_only() as session:
            known = sa.select(Attachment.id).where(Attachment.storage_key == key)
            return session.scalar(known) is not None
    except database.AWAY:
        return True


def _write(key: str, data: bytes) -> None:
    try:
        green.run_in_thread(_storage().write, key, data)
    except OSError as error:
        log.error("a file cannot be written: %s", error.strerror)  # noqa: TRY400 - whoever sent it is told
        raise NoSpace("There is no room for files at the moment; please try again later") from error


def keep_file(data: bytes, key: str | None = None) -> str:
    """Writes bytes, off the loop; their storage key. No transaction may be open."""
    database.assert_no_transaction()
    key = key or _storage().new_key()
    _write(key, data)
    return key


def drop_file(key: str) -> None:
    """Removes stored bytes."""
    green.run_in_thread(_storage().delete, key)


def _storage() -> DiskStorage:
    return DiskStorage(settings().instance_path / "files")


def add_attachment(
    checked: Checked,
    storage_key: str,
    *,
    client_id: uuid.UUID | None = None,
    ticket: Ticket | None = None,
    session: Any = None,
    actor: Actor | None = None,
) -> Attachment:
    """The row of a stored file, not yet on a comment. The same `client_id` again returns the first."""
    session, actor = session or db.session(), actor or current_actor()
    row = Attachment(
        id=database.uuid7(),
        ticket_id=ticket.id if ticket else None,
        uploader_kind=actor.kind,
        uploader_id=actor.id,
        client_id=client_id,
        name=checked.name,
        content_type=checked.content_type,
        size_bytes=len(checked.data),
        width=checked.width,
        height=checked.height,
        storage_key=storage_key,
        created_at=clock.now(),
    )
    if client_id is None:
        return _add(row, session)
    query = sa.select(Attachment).where(Attachment.uploader_id == actor.id, Attachment.client_id == client_id)
    kept: Attachment = database.find_or_make(lambda: session.scalar(query), lambda: _add(row, session))
    if kept is not row:
        database.after_commit(session, lambda: _storage().delete(storage_key))
    return kept


def _add(row: Attachment, session: Any) -> Attachment:
    session.add(row)
    session.flush()
    return row


def claim(ids: Sequence[uuid.UUID], ticket: Ticket, *, session: Any, actor: Actor) -> list[Attachment]:
    """The actor's own, unused uploads with these ids, in their order. Raises `Invalid` for any other."""
    if len(ids) > PER_COMMENT:
        raise Invalid.field("attachment_ids", f"At most {PER_COMMENT} files a message")
    if not ids:
        return []
    query = sa.select(Attachment).where(
        Attachment.id.in_(ids),
        Attachment.uploader_id == actor.id,
        Attachment.comment_id.is_(None),
        sa.or_(Attachment.ticket_id.is_(None), Attachment.ticket_id == ticket.id),
    )
    found = {row.id: row for row in session.scalars(query.with_for_update(key_share=True))}
    if len(found) != len(set(ids)):
        raise Invalid.field("attachment_ids", "One of the files is not there (any more); add it again")
    return [found[wanted] for wanted in dict.fromkeys(ids)]


def bind(files: list[Attachment], ticket: Ticket, comment: Comment, *, session: Any) -> None:
    """Puts claimed uploads on a comment, which is written before them."""
    if files:
        session.flush()
    for position, row in enumerate(files):
        row.ticket_id, row.comment_id, row.position = ticket.id, comment.id, position
    if files:
        session.flush()


def remove_unused(before: datetime, *, limit: int = 200, session: Any = None) -> int:
    """Removes uploads from before that moment that are on no comment, their files with them; how many."""
    session = session or db.session()
    unused = (Attachment.comment_id.is_(None), Attachment.created_at < before)
    some = list(session.scalars(sa.select(Attachment.id).where(*unused).limit(limit)))
    taking = sa.delete(Attachment).where(Attachment.id.in_(some), *unused).returning(Attachment.storage_key)
    keys = list(session.scalars(taking.execution_options(synchronize_session=False)))
    for key in keys:
        database.after_commit(session, partial(_storage().delete, key))
    return len(keys)


def find_attachment(attachment_id: uuid.UUID, audience: str) -> Attachment:
    """A file for an audience (staff or customer) whose signed address was checked; inside its workspace.

    Raises `NotFound`; a customer never gets a note's file.
    """
    found = db.session.scalar(sa.select(Attachment).where(Attachment.id == attachment_id))
    if found is None or (audience == "customer" and not _is_public(found)):
        raise NotFound("There is no such file")
    return found  # type: ignore[no-any-return]


def list_attachments(ticket: Ticket) -> list[Attachment]:
    """The files on a ticket's comments, by their ids."""
    on_it = Attachment.ticket_id == ticket.id, Attachment.comment_id.is_not(None)
    return list(db.session.scalars(sa.select(Attachment).where(*on_it).order_by(Attachment.id)))


def attachment_for(attachment_id: uuid.UUID, *, actor: Actor | None = None) -> Attachment:
    """A file for staff: of a ticket that is not in the trash, or their own upload. Raises `NotFound`."""
    actor = actor or current_actor()
    require(actor, "ticket:read")
    found: Attachment | None = db.session.scalar(sa.select(Attachment).where(Attachment.id == attachment_id))
    if found is None or not (_is_in_sight(found) or found.uploader_id == actor.id):
        raise NotFound("There is no such file")
    return found


def _is_in_sight(attachment: Attachment) -> bool:
    here = sa.select(Ticket.id).where(Ticket.id == attachment.ticket_id, Ticket.deleted_at.is_(None))
    return attachment.comment_id is not None and db.session.scalar(here) is not None


def _is_public(attachment: Attachment) -> bool:
    if attachment.comment_id is None:
        return attachment.uploader_kind == "customer"
    comment = db.session.scalar(sa.select(Comment).where(Comment.id == attachment.comment_id))
    return comment is not None and comment.kind == "reply"


def read_file(storage_key: str) -> bytes:
    """The bytes of a stored file. Raises `NotFound` if they are gone."""
    try:
        data: bytes = green.run_in_thread(_storage().read, storage_key)
    except FileNotFoundError:
        raise NotFound("There is no such file") from None
    return data
